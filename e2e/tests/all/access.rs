//! Who gets in, tried from outside: a server that asks for a login, two agencies with a camera each.

mod audit;
mod commands;
mod ended;
mod foreign;
mod guesses;
mod links;
mod schema;
mod secrets;
mod table;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{ADMIN_PASSWORD, Answer, Client, Server, Simulator, wait_for};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
/// Of everybody whom [`Stage::user`] adds.
const PASSWORD: &str = "a password of the trial";

/// Variables of a server that limits nobody.
const UNLIMITED: [(&str, &str); 2] = [
    ("VEDETTE__SERVER__RATE_LIMIT__PER_TOKEN", "0"),
    ("VEDETTE__SERVER__RATE_LIMIT__PER_ADDRESS", "0"),
];

/// The server, its cameras `metro` and `bus`, and its administrator. Everybody asks from another address,
/// as behind a proxy.
struct Stage {
    server: Server,
    admin: Client,
    /// Held, so that they run.
    #[allow(dead_code, reason = "ends the simulator when it goes")]
    cameras: Option<Simulator>,
    addresses: AtomicU32,
}

impl Stage {
    /// Starts it with more configuration, and waits until both cameras are recorded.
    fn start(yaml: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let options = ["--cameras", "2", "--gop", "1", "--loop", "--width", "320"];
        Self::over(Simulator::start(&options)?, yaml, variables)
    }

    fn over(cameras: Simulator, yaml: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let camera = |id: &str, agency: &str, number| {
            let url = cameras.url(number);
            format!("  - {{ id: {id}, url: \"{url}\", source: {agency}, role: {id} }}\n")
        };
        let (metro, bus) = (camera("metro", "METRO", 1), camera("bus", "BUS", 2));
        let mut stage = Self::bare(&format!("{yaml}\ncameras:\n{metro}{bus}"), variables)?;
        stage.cameras = Some(cameras);
        stage.wait_recorded("metro")?;
        stage.wait_recorded("bus")?;
        Ok(stage)
    }

    /// Starts it without cameras.
    fn bare(yaml: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let mut server =
            Server::with_login(yaml)?.variable("VEDETTE__SERVER__TRUSTED_PROXIES", "127.0.0.0/8");
        for (name, value) in variables {
            server = server.variable(name, value);
        }
        server.start()?;
        let stranger = server.client().with("x-forwarded-for", "10.0.0.1");
        let admin = stranger.sign_in("admin", ADMIN_PASSWORD)?;
        Ok(Self { server, admin, cameras: None, addresses: AtomicU32::new(1) })
    }

    fn wait_recorded(&self, id: &str) -> Result<()> {
        wait_for(&format!("{id} to be recorded"), SOON, || {
            let media = self.admin.get(&media(id))?;
            let live = self.admin.get(&format!("/live/{id}/live.m3u8"))?;
            let picture = self.admin.get(&format!("/api/cameras/{id}/snapshot.jpg"))?;
            Ok((media.status == 200 && live.status == 200 && picture.status == 200).then_some(()))
        })
    }

    /// An address that nobody had.
    fn address(&self) -> String {
        let number = self.addresses.fetch_add(1, Ordering::Relaxed);
        format!("10.1.{}.{}", number / 250, number % 250 + 1)
    }

    /// Nobody, from an address of its own.
    fn stranger(&self) -> Client {
        self.server.client().with("x-forwarded-for", &self.address())
    }

    /// Adds somebody; returns the id.
    fn add_user(&self, name: &str, role: &str, agencies: &[&str]) -> Result<String> {
        let body =
            json!({ "name": name, "role": role, "agencies": agencies, "password": PASSWORD });
        let answer = self.admin.post("/api/users", &body)?.expect(201)?;
        field(&answer, "id")
    }

    /// Adds somebody and signs it in; returns the id beside.
    fn user(&self, name: &str, role: &str, agencies: &[&str]) -> Result<(String, Client)> {
        let id = self.add_user(name, role, agencies)?;
        Ok((id, self.stranger().sign_in(name, PASSWORD)?))
    }

    /// Makes a key: id, and the key itself.
    fn key(&self, body: &Value) -> Result<(String, String)> {
        let answer = self.admin.post("/api/keys", body)?.expect(201)?;
        Ok((field(&answer, "id")?, field(&answer, "key")?))
    }

    /// A key for reading one agency's cameras.
    fn viewer_key(&self, agency: &str) -> Result<(String, String)> {
        self.key(&json!({ "name": "reader", "role": "viewer", "agencies": [agency] }))
    }
}

/// A camera's last day as one MP4.
fn media(id: &str) -> String {
    format!("/api/playback/{id}/media.mp4")
}

/// The token of an address that `who` signs.
fn link(who: &Client, camera: &str, purpose: &str, seconds: u32) -> Result<String> {
    let body = json!({ "purpose": purpose, "expires_in": seconds });
    field(&who.post(&format!("/api/cameras/{camera}/links"), &body)?.expect(201)?, "token")
}

fn field(answer: &Answer, name: &str) -> Result<String> {
    let json = answer.json()?;
    let text = json.get(name).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no {name} in {json}"))?.to_owned())
}

/// Every message of a problem is there in both languages.
fn is_problem(answer: &Answer) -> Result<()> {
    let json = answer.json()?;
    for name in ["code", "message_en", "message_ar", "request_id"] {
        let text = json.get(name).and_then(Value::as_str).unwrap_or_default();
        ensure!(!text.is_empty(), "no {name} in {json}");
    }
    Ok(())
}
