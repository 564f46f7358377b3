//! A small issuer on loopback whose every answer a test can change.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64_simd::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::form_urlencoded;

use super::signer::{Signer, key_set};

/// A request as it came: path, `Authorization`, body.
pub(super) type Request = (String, String, String);

#[derive(Clone)]
pub(super) enum Reply {
    Json(u16, Value),
    /// Another place.
    Elsewhere(String),
    /// As many bytes.
    Huge(usize),
    /// Nothing, ever.
    Silence,
    /// The connection is closed.
    Gone,
}

pub(super) struct Issuer {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    metadata: Reply,
    keys: Reply,
    token: Reply,
    requests: Vec<Request>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Issuer {
    pub(super) async fn start(signers: &[&Signer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            metadata: Reply::Json(200, Self::metadata(&url)),
            keys: Reply::Json(200, key_set(signers)),
            token: Reply::Json(400, json!({ "error": "invalid_grant" })),
            requests: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, Arc::clone(&shared)));
            }
        });
        Self { url, state, task }
    }

    pub(super) fn metadata(url: &str) -> Value {
        json!({
            "issuer": url, "authorization_endpoint": format!("{url}/auth"),
            "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        })
    }

    pub(super) fn set_metadata(&self, reply: Reply) {
        self.state.lock().unwrap().metadata = reply;
    }

    pub(super) fn set_keys(&self, reply: Reply) {
        self.state.lock().unwrap().keys = reply;
    }

    pub(super) fn set_token(&self, reply: Reply) {
        self.state.lock().unwrap().token = reply;
    }

    /// What was asked since the last time.
    pub(super) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    /// How many looks at the key set since the last time.
    pub(super) fn looks(&self) -> usize {
        self.requests().iter().filter(|(path, ..)| path == "/keys").count()
    }
}

/// A form's fields in order, for comparison.
pub(super) fn fields(form: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// A Basic header's user and password.
pub(super) fn basic(header: &str) -> String {
    let text = header.strip_prefix("Basic ").unwrap();
    String::from_utf8(STANDARD.decode_to_vec(text).unwrap()).unwrap()
}

/// Reads one request. Tests run on one machine: what is not whole is not answered.
async fn read(socket: &mut TcpStream) -> Option<Request> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let len = socket.read(&mut chunk).await.ok().filter(|len| *len > 0)?;
        bytes.extend_from_slice(&chunk[..len]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        if body.len() >= header("content-length").parse().unwrap_or(0) {
            let path = head.split(' ').nth(1)?.to_owned();
            return Some((path, header("authorization"), body.to_owned()));
        }
    }
}

async fn answer(mut socket: TcpStream, state: Arc<Mutex<State>>) {
    let Some(request) = read(&mut socket).await else { return };
    let reply = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        match request.0.as_str() {
            "/.well-known/openid-configuration" => state.metadata.clone(),
            "/keys" => state.keys.clone(),
            "/token" => state.token.clone(),
            _ => Reply::Json(404, json!({})),
        }
    };
    let (status, extra, body) = match reply {
        Reply::Json(status, value) => (status, String::new(), value.to_string()),
        Reply::Elsewhere(url) => (302, format!("location: {url}\r\n"), String::new()),
        Reply::Huge(len) => (200, String::new(), " ".repeat(len)),
        Reply::Silence => return tokio::time::sleep(Duration::from_secs(86_400)).await,
        Reply::Gone => return,
    };
    let len = body.len();
    let text = format!(
        "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {len}\r\n{extra}\r\n{body}"
    );
    let _ = socket.write_all(text.as_bytes()).await;
    let _ = socket.shutdown().await;
}
