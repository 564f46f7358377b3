//! Somebody who asks a server: as nobody, by cookie, by key, from an address.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::server::Server;

const DEADLINE: Duration = Duration::from_secs(30);
const BODY_LEN_MAX: u64 = 1 << 30;

/// Somebody who asks. Cloning gives one more, over the same connections.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    headers: Vec<(String, String)>,
}

impl Client {
    /// Nobody in particular, at a server's address: `http://127.0.0.1:40000`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let config = config.max_redirects(0).max_redirects_will_error(false).proxy(None);
        let agent = config.timeout_global(Some(DEADLINE)).build().into();
        Self { agent, base: base.to_owned(), headers: Vec::new() }
    }

    /// Who also sends a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Who shows a key or a token.
    #[must_use]
    pub fn bearer(self, key: &str) -> Self {
        self.with("authorization", &format!("Bearer {key}"))
    }

    /// The same, over connections of its own.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { headers: self.headers.clone(), ..Self::new(&self.base) }
    }

    /// What it sends with each request.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Signs in by name and password; the answer shows the cookie from now on.
    ///
    /// # Errors
    /// When that is refused.
    pub fn sign_in(&self, name: &str, password: &str) -> Result<Self> {
        let body = json!({ "username": name, "password": password });
        let answer = self.post("/api/login", &body)?;
        ensure!(answer.status == 200, "{name}: {} {}", answer.status, answer.text());
        let cookie = answer.headers.get("set-cookie").context("no cookie")?.to_str()?;
        let pair = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(self.clone().with("cookie", &pair))
    }

    /// Asks for `path`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, None)
    }

    /// Posts a body.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send("POST", path, Some(body))
    }

    /// Changes something.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send("PATCH", path, Some(body))
    }

    /// Removes something.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        self.send("DELETE", path, None)
    }

    /// Sends a request with or without a body.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let sent = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string())?)
            }
            None => self.agent.run(request.body(())?),
        };
        let mut response = sent?;
        let body = response.body_mut().with_config().limit(BODY_LEN_MAX).read_to_vec()?;
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
    }
}

impl Server {
    /// Nobody in particular.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.base())
    }
}
