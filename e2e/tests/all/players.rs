//! Players and publishers that we did not write, all at once, across restarts of their cameras and changes of the
//! pictures' size: each goes on to the end and has nothing to complain of. First pictures and freezes are printed.

mod kinds;
mod lossy;
mod player;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Server, Simulator, is_soak};

use player::Player;

pub(crate) const SOON: Duration = Duration::from_secs(60);

/// What each camera sends.
const CAMERAS: [(&str, &[&str]); 5] = [
    ("aac", &["--audio", "aac"]),
    ("g711", &["--audio", "g711"]),
    ("opus", &["--audio", "opus"]),
    ("hevc", &["--codec", "h265", "--audio", "g711"]),
    ("bframes", &["--b-frames", "2", "--audio", "aac"]),
];
const SIZES: [[&str; 4]; 2] =
    [["--width", "320", "--height", "240"], ["--width", "480", "--height", "272"]];

/// What players say of a source that was away, whatever the server: hls.js gives up a playlist after 0.8 s without a new
/// part, and stalls when nothing is left to show; mpv notes that sound goes on later than it ended, and that pictures
/// came back at another moment than sound did.
const GAPS: &[&str] = &[
    "networkError levelLoadTimeOut A network timeout",
    "mediaError bufferStalledError",
    "mediaError bufferNudgeOnStall",
    "Invalid audio PTS",
    "Audio/Video desynchronisation detected!",
    "hardware, temporary CPU spikes, broken drivers, and broken files. Audio",
    "position will not match to the video (see A-V status field).",
];

struct Camera {
    id: &'static str,
    options: &'static [&'static str],
    running: Option<Simulator>,
    address: String,
}

impl Camera {
    fn start((id, options): (&'static str, &'static [&'static str])) -> Result<Self> {
        let mut camera = Self { id, options, running: None, address: "127.0.0.1:0".to_owned() };
        camera.run(0)?;
        Ok(camera)
    }

    /// Starts it where it was before, with this size.
    fn run(&mut self, size: usize) -> Result<()> {
        let options = [self.options, &SIZES[size % SIZES.len()], &["--gop", "1"]].concat();
        let running = Simulator::start_at(&self.address, &options)?;
        running.address().clone_into(&mut self.address);
        self.running = Some(running);
        Ok(())
    }

    fn line(&self) -> String {
        format!("  - {{ id: {}, url: \"rtsp://{}/cam1\" }}\n", self.id, self.address)
    }
}

fn server(cameras: &[Camera]) -> Result<Server> {
    let list: String = cameras.iter().map(Camera::line).collect();
    // On a busy machine a camera that needs ffmpeg to be pulled is not back within the usual ten seconds.
    let rules = "record: { mode: off }\n\
        live: { reader_grace: 40s, paths: { all_others: { publish: true } } }";
    let mut server = Server::new(&format!("{rules}\ncameras:\n{list}"))?.permit(&["source failed"]);
    server.start()?;
    for camera in cameras {
        server.wait_status(camera.id, "online", SOON)?;
    }
    Ok(server)
}

#[test]
fn all_players_go_on_across_restarts_and_changes_of_size_without_a_word() -> Result<()> {
    // More than twenty players at once take all of two cores: on a busy machine they complain of that.
    if !is_soak() {
        println!("SKIPPED: one of the long trials; `make soak` runs it");
        return Ok(());
    }
    let mut cameras = CAMERAS.into_iter().map(Camera::start).collect::<Result<Vec<_>>>()?;
    let mut server = server(&cameras)?;
    let folder = tempfile::tempdir()?;
    let mut players = kinds::publishers(&server, folder.path())?;
    player::wait_first(&mut players)?;
    let mut readers = kinds::readers(&server, folder.path())?;
    player::wait_first(&mut readers)?;
    players.extend(readers);
    play(&mut players, Duration::from_secs(if is_soak() { 60 } else { 6 }));
    let said: Vec<String> = players.iter_mut().flat_map(|player| player.complaints(&[])).collect();
    ensure!(said.is_empty(), "{} before any restart:\n{}", said.len(), said.join("\n"));

    let (count, every) = if is_soak() { (9, 50) } else { (2, 5) };
    for event in 0..count {
        // First the same pictures again, then those of another size.
        restart(&mut cameras, usize::div_ceil(event, 2))?;
        player::wait_more(&mut players, 35.0).with_context(|| format!("after restart {event}"))?;
        play(&mut players, Duration::from_secs(every));
    }
    player::wait_more(&mut players, 10.0)?;
    let said: Vec<String> = players.iter_mut().flat_map(|player| player.complaints(GAPS)).collect();
    players.iter().for_each(Player::tell);
    ensure!(said.is_empty(), "{} complaints:\n{}", said.len(), said.join("\n"));
    drop(players);
    server.stop()
}

/// Lets them play and looks on.
fn play(players: &mut [Player], time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(250));
        players.iter_mut().for_each(Player::look);
    }
}

/// Cameras that lose their power for a second.
fn restart(cameras: &mut [Camera], size: usize) -> Result<()> {
    cameras.iter_mut().for_each(|camera| camera.running = None);
    std::thread::sleep(Duration::from_secs(1));
    cameras.iter_mut().try_for_each(|camera| camera.run(size))
}
