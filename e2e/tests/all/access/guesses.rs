//! Guessing: it is slowed down, it locks, and it disturbs nobody else.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{ADMIN_PASSWORD, Answer, Client, is_soak};
use serde_json::json;

use super::{PASSWORD, Stage, is_problem};

/// Nobody waits longer for a playlist or a segment.
const LATENCY_MAX: Duration = Duration::from_secs(2);

/// What viewers saw in a phase.
#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    segments: AtomicU64,
    slowest: Mutex<Duration>,
    errors: Mutex<Vec<String>>,
}

impl Seen {
    fn get(&self, who: &Client, path: &str) -> Option<Answer> {
        let began = Instant::now();
        let answer = who.get(path);
        let took = began.elapsed();
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = took.max(*slowest);
        match answer {
            Ok(answer) if answer.status == 200 => Some(answer),
            Ok(answer) => self.error(format!("{path}: {} {}", answer.status, answer.text())),
            Err(error) => self.error(format!("{path}: {error:#}")),
        }
    }

    fn error(&self, text: String) -> Option<Answer> {
        self.errors.lock().unwrap().push(text);
        None
    }

    /// Polls the playlist twice a second and takes each new segment, as players do.
    fn watch(&self, who: &Client, id: &str, until: Instant) {
        let mut last = String::new();
        while Instant::now() < until {
            let playlist = self.get(who, &format!("/live/{id}/live.m3u8"));
            let text = playlist.map(|playlist| playlist.text()).unwrap_or_default();
            let newest = text.lines().rfind(|line| !line.starts_with('#')).unwrap_or_default();
            if newest != last && self.get(who, &format!("/live/{id}/{newest}")).is_some() {
                self.segments.fetch_add(1, Ordering::Relaxed);
                newest.clone_into(&mut last);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn check(&self, phase: &str, viewers: usize) -> Result<Duration> {
        let (slowest, errors) = (*self.slowest.lock().unwrap(), self.errors.lock().unwrap());
        let (requests, segments) =
            (self.requests.load(Ordering::Relaxed), self.segments.load(Ordering::Relaxed));
        println!("{phase}: {requests} requests, {segments} segments, slowest {slowest:?}");
        ensure!(errors.is_empty(), "{phase}: {errors:?}");
        ensure!(segments >= 2 * viewers as u64, "{phase}: {segments} segments");
        Ok(slowest)
    }
}

/// Guesses in turn a password, one by Basic, a key, a session, and a signed address.
fn guess(who: &Client, number: u64) -> Result<u16> {
    let word = format!("guess{number:04}");
    let live = "/live/metro/live.m3u8";
    let answer = match number % 5 {
        0 => who.post("/api/login", &json!({ "username": "admin", "password": word }))?,
        1 => who.clone().with("authorization", "Basic YWRtaW46d3Jvbmc=").get(live)?,
        2 => who.clone().bearer(&format!("vk_{word}")).get("/api/cameras")?,
        3 => who.clone().with("cookie", &format!("vedette_session={word}")).get(live)?,
        _ => who.get(&format!("{live}?token=vl_{word}"))?,
    };
    Ok(answer.status)
}

/// Guesses at a rate until told to stop; counts how often.
fn guess_on(who: &Client, a_second: f64, stop: &AtomicBool, count: &AtomicU64) -> Result<()> {
    let began = Instant::now();
    for number in 0_u32.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let due = began + Duration::from_secs_f64(f64::from(number) / a_second);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let status = guess(who, u64::from(number))?;
        ensure!(matches!(status, 401 | 429 | 503), "a guess was answered {status}");
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

#[test]
fn viewers_do_not_notice_guesses() -> Result<()> {
    let (viewers, a_second, seconds) = if is_soak() { (50, 1_000.0, 10) } else { (10, 200.0, 4) };
    let stage = Stage::start("", &[])?;
    let (_, key) = stage.viewer_key("METRO")?;
    let watchers: Vec<Client> =
        (0..viewers).map(|_| stage.stranger().bearer(&key).apart()).collect();
    let phase = |seen: &Seen| {
        let until = Instant::now() + Duration::from_secs(seconds);
        std::thread::scope(|scope| {
            for who in &watchers {
                scope.spawn(move || seen.watch(who, "metro", until));
            }
        });
    };
    let (calm, stormy) = (Seen::default(), Seen::default());
    phase(&calm);
    let (stop, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let threads = 8;
    let guessers: Vec<Client> = (0..threads).map(|_| stage.stranger().apart()).collect();
    std::thread::scope(|scope| -> Result<()> {
        let (stop, count) = (&stop, &count);
        let each =
            |who| scope.spawn(move || guess_on(who, a_second / f64::from(threads), stop, count));
        let running: Vec<_> = guessers.iter().map(each).collect();
        phase(&stormy);
        let signed_in = stage.stranger().sign_in("admin", ADMIN_PASSWORD);
        stop.store(true, Ordering::Relaxed);
        for thread in running {
            thread.join().map_err(|_| anyhow::anyhow!("a guesser panicked"))??;
        }
        signed_in.context("the right one, from another address").map(|_| ())
    })?;
    let guesses = count.load(Ordering::Relaxed);
    println!("{guesses} guesses in {seconds} s and a little");
    let before = calm.check("calm", viewers)?;
    let during = stormy.check("stormy", viewers)?;
    ensure!(during < LATENCY_MAX, "{during:?}, without guesses {before:?}");
    // Unoptimised, the hashes of the first ones take seconds: the rate is a claim of the long trial only.
    let wanted = if is_soak() { 5_000 } else { 40 };
    ensure!(guesses >= wanted, "{guesses} guesses of {wanted}");
    Ok(())
}

/// Asks again when it was too early, as the answer says.
fn patient(ask: impl Fn() -> Result<Answer>) -> Result<Answer> {
    let answer = ask()?;
    if answer.code() != "too_many_requests" {
        return Ok(answer);
    }
    std::thread::sleep(Duration::from_secs(retry_after(&answer)?));
    ask()
}

fn retry_after(answer: &Answer) -> Result<u64> {
    let value = answer.headers.get("retry-after").context("no Retry-After")?;
    Ok(value.to_str()?.parse()?)
}

#[test]
fn ten_wrong_passwords_lock_one_account_for_one_address() -> Result<()> {
    let stage = Stage::bare("", &[])?;
    stage.add_user("anna", "viewer", &["METRO"])?;
    stage.add_user("omar", "viewer", &["METRO"])?;
    let (here, elsewhere) = (stage.stranger(), stage.stranger());
    let login = |who: &Client, name: &str, password: &str| {
        who.post("/api/login", &json!({ "username": name, "password": password }))
    };
    for _ in 0..10 {
        let wrong = login(&here, "anna", "wrong")?;
        ensure!((wrong.status, wrong.code().as_str()) == (401, "login_failed"), "{}", wrong.text());
        is_problem(&wrong)?;
    }
    let locked = patient(|| login(&here, "ANNA", PASSWORD))?;
    ensure!((locked.status, locked.code().as_str()) == (429, "login_locked"), "{}", locked.text());
    is_problem(&locked)?;
    let left = retry_after(&locked)?;
    ensure!((500..=600).contains(&left), "Retry-After: {left}");
    elsewhere.sign_in("anna", PASSWORD)?;
    patient(|| login(&here, "omar", PASSWORD))?.expect(200)?;
    Ok(())
}
