//! What access costs: the binary where one signs in, beside itself in open mode in the same run.
//!
//! Costs are the kernel's accounting of the server over a second of requests by four connections; each
//! ratio is of two such seconds in a row, and the median of the rounds is printed, never asserted.
//! Limits of requests are off. Guesses come by a proxy, each for another address, so that neither the
//! limit of an address nor the lock-out keeps them from the price of a password.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::http::{Connection, get, post};
use crate::process::{Running, cpu, say, serve, simulate, wait_for};

const ROUNDS: usize = 7;
const WINDOW: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 4;
const LOGINS: u32 = 20;
const VIEWERS: usize = 50;
const VIEWED: Duration = Duration::from_secs(20);
/// Between two requests of a viewer for the playlist.
const VIEWER_EVERY: Duration = Duration::from_millis(250);
const GUESSERS: usize = 32;
const PASSWORD: &str = "correct horse of a bench";
const CAMERA: &str = "/api/cameras/cam1";
const PLAYLIST: &str = "/live/cam1/main_stream.m3u8";

/// Measures requests by each credential, sign-ins, and viewers while somebody guesses.
pub fn run(binary: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_simulator, cameras) = simulate(binary, 1, folder.path())?;
    let open = Server::start(binary, &cameras, "open")?;
    let login = Server::start(binary, &cameras, "login")?;
    let shown = Shown::new(&login)?;
    for server in [&open, &login] {
        let request = get(&server.address, PLAYLIST, &shown.cookie);
        wait_for("a playlist", || {
            Ok((Connection::open(&server.address)?.ask(&request)? == 200).then_some(()))
        })?;
    }
    say("access     request   by              requests/s  (of open)  us CPU/request  (of open)");
    requests(&open, &login, &shown)?;
    logins(&login)?;
    say(
        "access     viewers   while                    p50 ms    p95 ms    p99 ms  requests  guesses/s",
    );
    viewers(&login, &shown, 0)?;
    viewers(&login, &shown, GUESSERS)
}

/// A server of one camera.
struct Server {
    running: Running,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(binary: &Path, cameras: &str, mode: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let yaml = format!(
            "data_dir: ./data\naccess: {{ mode: {mode} }}\nserver:\n  port: 0\n  tls: {{ port: 0 }}\n  trusted_proxies: [\"::1\", 127.0.0.1]\n  \
             rate_limit: {{ per_token: 0, per_address: 0 }}\ncameras:\n  - {{ id: cam1, url: \"{cameras}/cam1\" }}\n"
        );
        std::fs::write(folder.path().join("vedette.yaml"), yaml)?;
        let (running, address) =
            serve(binary, folder.path(), &[("VEDETTE_ADMIN_PASSWORD", PASSWORD)])?;
        Ok(Self { running, address, _folder: folder })
    }

    fn cpu(&self) -> Result<f64> {
        cpu(self.running.id())
    }
}

/// What somebody shows, as header lines; of a signed address, as its query.
struct Shown {
    cookie: String,
    key: String,
    link: String,
}

impl Shown {
    fn new(server: &Server) -> Result<Self> {
        let mut connection = Connection::open(&server.address)?;
        ensure!(connection.ask(&guess(server, PASSWORD, 0))? == 200, "{}", connection.text());
        let cookie = connection.header("set-cookie").context("a session")?;
        let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap_or_default());
        let mut made = |path: &str, body: Value, field: &str| -> Result<String> {
            let status = connection.ask(&post(&server.address, path, &cookie, &body))?;
            ensure!(status == 201, "{path}: {}", connection.text());
            let answer: Value = serde_json::from_str(connection.text())?;
            let text = answer.get(field).and_then(Value::as_str).context("a text")?;
            Ok(text.to_owned())
        };
        let key = json!({ "name": "bench", "role": "viewer", "agencies": ["*"] });
        let key = made("/api/keys", key, "key")?;
        let link = made("/api/cameras/cam1/links", json!({ "purpose": "live" }), "token")?;
        let key = format!("Authorization: Bearer {key}");
        Ok(Self { cookie, key, link: format!("?token={link}") })
    }
}

/// A sign-in by a password, for one of many addresses.
fn guess(server: &Server, password: &str, number: u32) -> String {
    let [_, a, b, c] = number.to_be_bytes();
    let body = json!({ "username": "admin", "password": password });
    post(&server.address, "/api/login", &format!("X-Forwarded-For: 10.{a}.{b}.{c}"), &body)
}

/// Requests a second, and CPU microseconds of the server for each.
type Price = (f64, f64);

fn requests(open: &Server, login: &Server, shown: &Shown) -> Result<()> {
    let wrong = format!("Authorization: Bearer vk_{}", "x".repeat(43));
    for (name, path) in [("camera", CAMERA), ("playlist", PLAYLIST)] {
        let linked = format!("{path}{}", shown.link);
        let mut cases = vec![
            ("session", path, shown.cookie.as_str(), 200),
            ("key", path, &shown.key, 200),
            ("nobody (401)", path, "", 401),
            ("wrong key (401)", path, &wrong, 401),
        ];
        if name == "playlist" {
            cases.push(("signed address", &linked, "", 200));
        }
        let mut prices = Vec::new();
        for _ in 0..ROUNDS {
            let base = price(open, &get(&open.address, path, ""), 200)?;
            let mut round = vec![base];
            for (_, path, header, status) in &cases {
                round.push(price(login, &get(&login.address, path, header), *status)?);
            }
            prices.push(round);
        }
        let names = std::iter::once("open mode").chain(cases.iter().map(|case| case.0));
        for (column, by) in names.enumerate() {
            line(name, by, &prices, column);
        }
    }
    Ok(())
}

fn line(name: &str, by: &str, rounds: &[Vec<Price>], column: usize) {
    let middle = |of: &dyn Fn(Price, Price) -> f64| {
        let pairs = rounds.iter().filter_map(|round| Some((*round.get(column)?, *round.first()?)));
        median(pairs.map(|(own, base)| of(own, base)).collect())
    };
    say(&format!(
        "           {name:<9} {by:<15} {:>10.0}  {:>9.2}  {:>14.1}  {:>9.2}",
        middle(&|own, _| own.0),
        middle(&|own, base| own.0 / base.0),
        middle(&|own, _| own.1),
        middle(&|own, base| own.1 / base.1),
    ));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Asks for a second what is to be answered with `status`.
fn price(server: &Server, request: &str, status: u16) -> Result<Price> {
    let (began, before) = (Instant::now(), server.cpu()?);
    let ask = || -> Result<u32> {
        let mut connection = Connection::open(&server.address)?;
        let mut asked = 0;
        while began.elapsed() < WINDOW {
            let got = connection.ask(request)?;
            ensure!(got == status, "{got} instead of {status}: {}", connection.text());
            asked += 1;
        }
        Ok(asked)
    };
    let asked: u32 = std::thread::scope(|scope| {
        let all: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        all.into_iter().map(|one| one.join().unwrap_or(Ok(0))).sum::<Result<u32>>()
    })?;
    let (seconds, spent) = (began.elapsed().as_secs_f64(), server.cpu()? - before);
    Ok((f64::from(asked) / seconds, spent * 1e6 / f64::from(asked.max(1))))
}

fn logins(server: &Server) -> Result<()> {
    let mut connection = Connection::open(&server.address)?;
    for (by, password, status) in [("right", PASSWORD, 200), ("wrong", "incorrect horse", 401)] {
        let (began, before) = (Instant::now(), server.cpu()?);
        for number in 0..LOGINS {
            let got = connection.ask(&guess(server, password, 0x10_0000 + number))?;
            ensure!(got == status, "{got} instead of {status}: {}", connection.text());
        }
        let (millis, spent) = (began.elapsed().as_secs_f64() * 1e3, (server.cpu()? - before) * 1e3);
        let each = |all: f64| all / f64::from(LOGINS);
        say(&format!(
            "           login     {by} password   {:>8.1} ms, {:.1} ms CPU",
            each(millis),
            each(spent)
        ));
    }
    Ok(())
}

/// Viewers who follow the stream, while so many guess passwords.
fn viewers(server: &Server, shown: &Shown, guessers: usize) -> Result<()> {
    let (stop, guesses) = (AtomicBool::new(false), AtomicU32::new(0));
    let mut took = std::thread::scope(|scope| -> Result<Vec<f64>> {
        for _ in 0..guessers {
            scope.spawn(|| flood(server, &stop, &guesses));
        }
        let all: Vec<_> =
            (0..VIEWERS).map(|number| scope.spawn(move || view(server, shown, number))).collect();
        let took = all.into_iter().map(|one| one.join().unwrap_or_else(|_| Ok(Vec::new())));
        let took = took.collect::<Result<Vec<_>>>();
        stop.store(true, Ordering::Relaxed);
        Ok(took?.concat())
    })?;
    took.sort_by(f64::total_cmp);
    let part = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or(f64::NAN);
    let word = if guessers == 0 { "nobody guesses" } else { "passwords are guessed" };
    let rate = f64::from(guesses.load(Ordering::Relaxed)) / VIEWED.as_secs_f64();
    say(&format!(
        "           {VIEWERS:<9} {word:<22} {:>8.2}  {:>8.2}  {:>8.2}  {:>8}  {rate:>9.1}",
        part(50),
        part(95),
        part(99),
        took.len()
    ));
    Ok(())
}

fn flood(server: &Server, stop: &AtomicBool, guesses: &AtomicU32) -> Result<()> {
    let mut connection = Connection::open(&server.address)?;
    while !stop.load(Ordering::Relaxed) {
        let number = guesses.fetch_add(1, Ordering::Relaxed);
        let status = connection.ask(&guess(server, "incorrect horse", number))?;
        ensure!(status == 401, "a guess is answered with {status}");
    }
    Ok(())
}

/// Follows the stream; how many milliseconds each answer took.
fn view(server: &Server, shown: &Shown, number: usize) -> Result<Vec<f64>> {
    let viewers = u32::try_from(VIEWERS)?;
    let offset = VIEWER_EVERY * u32::try_from(number)? / viewers;
    let (mut connection, began) = (Connection::open(&server.address)?, Instant::now());
    let (mut took, mut newest, mut next) = (Vec::new(), String::new(), offset);
    let ask = |connection: &mut Connection, path: &str| -> Result<f64> {
        let (asked, request) = (Instant::now(), get(&server.address, path, &shown.cookie));
        let status = connection.ask(&request)?;
        ensure!(status == 200, "{path}: {status}");
        Ok(asked.elapsed().as_secs_f64() * 1e3)
    };
    while next < VIEWED {
        std::thread::sleep(next.saturating_sub(began.elapsed()));
        took.push(ask(&mut connection, PLAYLIST)?);
        let mut names = connection.text().lines().filter(|line| !line.starts_with('#'));
        let last = names.next_back().unwrap_or_default().to_owned();
        if last != newest && !last.is_empty() {
            took.push(ask(&mut connection, &format!("/live/cam1/{last}"))?);
            newest = last;
        }
        next += VIEWER_EVERY;
    }
    Ok(took)
}
