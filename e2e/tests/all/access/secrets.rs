//! Planted secrets: whatever the server and its commands say and write, none of them is in it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use e2e::{ADMIN_PASSWORD, Client, Server, Simulator, command, output, wait_for};
use serde_json::json;

use super::{PASSWORD, SOON, field, link, media};

const IN_URL: &str = "planted-in-the-url";
const IN_KEY: &str = "planted-in-its-key";
const IN_VARIABLE: &str = "planted-in-a-variable";
const WRONG: &str = "planted-wrong-one";
const GUESS: &str = "planted-guess";
const MASTER_KEY: &str = "706c616e7465642d6d61737465722d6b65792d6f662d746869732d747269616c";

/// What was said and written, by where.
#[derive(Default)]
struct Said(Vec<(String, Vec<u8>)>);

impl Said {
    fn add(&mut self, place: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.to_owned(), bytes.into()));
    }

    fn asks(&mut self, who: &Client, path: &str) -> Result<()> {
        let answer = who.get(path)?;
        self.add(&format!("GET {path}"), format!("{:?}", answer.headers));
        self.add(&format!("GET {path}"), answer.body);
        Ok(())
    }

    fn runs(&mut self, server: &Server, arguments: &[&str]) -> Result<()> {
        let done = server.command(arguments)?.output()?;
        self.add(&arguments.join(" "), [done.stdout, done.stderr].concat());
        Ok(())
    }

    /// All files below a folder but those that are to hold a secret.
    fn files(&mut self, folder: &Path) -> Result<()> {
        let (list, _) = output(command("find").arg(folder).args(["-type", "f"]))?;
        let kept = ["secrets/admin-password", "secrets/master-key", "tls/key.pem", "vedette.yaml"];
        for path in list.lines().filter(|path| !kept.iter().any(|kept| path.ends_with(kept))) {
            // One that is being removed is none.
            self.add(path, std::fs::read(path).unwrap_or_default());
        }
        Ok(())
    }

    fn without(&self, secrets: &[String]) -> Result<()> {
        let holds = |bytes: &[u8], secret: &str| {
            bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
        };
        for place in ["/server.log", "/data/vedette.db", "/data/vedette.db-wal", "/log.txt"] {
            ensure!(self.0.iter().any(|(name, _)| name.ends_with(place)), "{place} was not read");
        }
        let found: Vec<_> = self
            .0
            .iter()
            .flat_map(|place| secrets.iter().map(move |secret| (place, secret)))
            .filter(|((_, bytes), secret)| holds(bytes, secret))
            .map(|((place, _), secret)| format!("{place} holds {secret}"))
            .collect();
        ensure!(found.is_empty(), "{found:#?}");
        Ok(())
    }
}

fn cameras(address: &str) -> String {
    let at = |credentials: &str, number| format!("rtsp://{credentials}{address}/cam{number}");
    format!(
        "logging: {{ level: trace }}
cameras:
  - {{ id: metro, url: \"{}\" }}
  - {{ id: keyed, url: \"{}\", username: admin, password: {IN_KEY} }}
  - {{ id: variable, url: \"{}\", username: admin, password: \"${{CAMERA_PASSWORD}}\" }}
  - {{ id: wrong, url: \"{}\" }}
  - {{ id: child, url: \"{}\", client: ffmpeg }}
  - {{ id: away, url: \"http://admin:{IN_URL}@127.0.0.1:1/live.m3u8?password={IN_KEY}\" }}
",
        at(&format!("admin:{IN_URL}@"), 1),
        at("", 2),
        at("", 3),
        at(&format!("admin:{WRONG}@"), 4),
        at(&format!("admin:{WRONG}@"), 5),
    )
}

/// Waits for what goes right and what goes wrong with the cameras.
fn wait_cameras(admin: &Client) -> Result<()> {
    wait_for(
        "a recording",
        SOON,
        || Ok((admin.get(&media("metro"))?.status == 200).then_some(())),
    )?;
    wait_for("refused cameras", SOON, || {
        let refused = |id: &str| -> Result<bool> {
            Ok(admin.get(&format!("/api/cameras/{id}"))?.json()?["status"] == "error")
        };
        Ok((refused("wrong")? && refused("keyed")? && refused("child")?).then_some(()))
    })
}

/// Credentials shown rightly and wrongly, on every way in; returns the secrets that were made.
fn show_credentials(nobody: &Client, admin: &Client, said: &mut Said) -> Result<Vec<String>> {
    let key = json!({ "name": "k", "role": "viewer", "agencies": ["*"] });
    let key = field(&admin.post("/api/keys", &key)?, "key")?;
    let user = json!({ "name": "anna", "role": "viewer", "password": PASSWORD });
    said.add("POST /api/users", admin.post("/api/users", &user)?.expect(201)?.body);
    for name in ["admin", "somebody"] {
        let body = json!({ "username": name, "password": GUESS });
        said.add("POST /api/login", nobody.post("/api/login", &body)?.expect(401)?.body);
    }
    let wrong = json!({ "current": GUESS, "new": PASSWORD });
    said.add("POST /api/me/password", admin.post("/api/me/password", &wrong)?.body);
    nobody.clone().bearer(&format!("vk_{GUESS}")).get("/api/cameras")?.expect(401)?;
    nobody.clone().bearer(&key).get(&media("metro"))?.expect(200)?;

    let token = link(admin, "metro", "live", 600)?;
    let live = nobody.get(&format!("/live/metro/live.m3u8?token={token}"))?.expect(200)?.text();
    let segment = live.lines().rfind(|line| !line.starts_with('#')).unwrap_or_default();
    nobody.get(&format!("/live/metro/{segment}"))?.expect(200)?;
    nobody.get(&format!("/live/none/live.m3u8?token={token}"))?.expect(404)?;
    said.asks(nobody, &format!("/api/cameras/metro?token={token}"))?;
    let cookie = admin.headers().iter().find_map(|(_, value)| value.split_once('='));
    let session = cookie.map(|(_, token)| token.to_owned()).context("no cookie")?;
    Ok(vec![key, token, session])
}

const ROUTES: [&str; 17] = [
    "/health",
    "/ready",
    "/metrics",
    "/api/cameras",
    "/api/cameras/wrong",
    "/api/cameras/away",
    "/api/me",
    "/api/audit?limit=1000",
    "/api/audit?format=csv",
    "/api/audit?format=jsonl",
    "/api/audit/head",
    "/api/keys",
    "/api/users",
    "/api/sessions?all=true",
    "/openapi.json",
    "/docs",
    "/",
];

fn run_commands(server: &Server, address: &str, said: &mut Said) -> Result<()> {
    let bundle = server.folder().join("bundle").display().to_string();
    let right = format!("rtsp://admin:{IN_URL}@{address}/cam1");
    let refused = format!("rtsp://admin:{WRONG}@{address}/cam1");
    for arguments in [
        &["doctor", "--bundle", &bundle][..],
        &["config", "show"],
        &["config", "check"],
        &["check", "rtsp", &right],
        &["check", "rtsp", &refused],
        &["check", "rtsp", "variable"],
        &["check", "recordings"],
        &["audit", "export"],
        &["user", "list"],
    ] {
        said.runs(server, arguments)?;
    }
    Ok(())
}

#[test]
fn no_planted_secret_is_said_or_written_in_the_clear() -> Result<()> {
    let options =
        ["--cameras", "5", "--gop", "1", "--loop", "--user", "admin", "--password", IN_URL];
    let simulator = Simulator::start(&options)?;
    let mut server = Server::with_login(&cameras(simulator.address()))?
        .variable("VEDETTE_MASTER_KEY", MASTER_KEY)
        .variable("CAMERA_PASSWORD", IN_VARIABLE)
        .permit(&[" WARN ", " ERROR "]);
    server.start()?;
    let nobody = server.client();
    let admin = nobody.sign_in("admin", ADMIN_PASSWORD)?;
    wait_cameras(&admin)?;

    let mut said = Said::default();
    let planted = [IN_URL, IN_KEY, IN_VARIABLE, WRONG, GUESS, MASTER_KEY, ADMIN_PASSWORD, PASSWORD];
    let mut secrets = planted.map(str::to_owned).to_vec();
    secrets.extend(show_credentials(&nobody, &admin, &mut said)?);
    for path in ROUTES {
        said.asks(&admin, path)?;
    }
    run_commands(&server, simulator.address(), &mut said)?;
    said.files(server.folder())?;
    server.stop()?;
    said.files(server.folder())?;
    said.without(&secrets)
}
