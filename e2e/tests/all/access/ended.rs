//! Who loses a right loses what runs by it: downloads and players, within five seconds.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Client, Process, Server, Simulator, output, tool, wait_for};
use serde_json::json;

use super::{SOON, Stage, link, media};

const WITHIN: Duration = Duration::from_secs(5);
/// At 4 MB/s for much longer than a trial; the system's buffers alone hold up to ten on the way.
const DOWNLOAD_LEN: u64 = 48_000_000;

/// Two cameras of noise, which no codec makes small: 4 MB/s each.
fn noisy(folder: &Path) -> Result<Simulator> {
    let clip = folder.join("noise.mp4");
    let mut ffmpeg = tool("ffmpeg")?;
    ffmpeg.args(["-v", "error", "-f", "lavfi", "-i"]);
    ffmpeg.args(["testsrc2=s=640x360:r=15,noise=alls=90:allf=t", "-t", "2", "-c:v", "libx264"]);
    ffmpeg.args(["-preset", "ultrafast", "-b:v", "32M", "-maxrate", "32M", "-bufsize", "8M"]);
    output(ffmpeg.args(["-g", "15", "-bf", "0", "-pix_fmt", "yuv420p"]).arg(&clip))?;
    let clip = clip.display().to_string();
    Simulator::start(&["--cameras", "2", "--file", &clip, "--copy"])
}

/// A download that takes its time.
struct Download {
    what: &'static str,
    process: Process,
    file: PathBuf,
    who: Client,
    path: String,
}

impl Download {
    fn start(server: &Server, what: &'static str, who: &Client, path: &str) -> Result<Self> {
        let file = server.folder().join(format!("{what}.mp4"));
        let mut curl = tool("curl")?;
        curl.args(["-sS", "--limit-rate", "4M"]).arg("-o").arg(&file);
        for (name, value) in who.headers() {
            curl.args(["-H", &format!("{name}: {value}")]);
        }
        let log = server.folder().join(format!("{what}.log"));
        let url = format!("{}{path}", server.base());
        let process = Process::start(curl.arg(url), &log)?;
        Ok(Self { what, process, file, who: who.clone(), path: path.to_owned() })
    }

    fn len(&self) -> u64 {
        std::fs::metadata(&self.file).map_or(0, |data| data.len())
    }

    /// It runs, then `change` is made; it is cut off in time, and not begun again.
    fn ends_by(mut self, change: impl FnOnce() -> Result<()>) -> Result<()> {
        wait_for(self.what, SOON, || Ok((self.len() > 1_000_000).then_some(())))?;
        ensure!(self.process.ended()?.is_none(), "{}: ended before", self.what);
        let began = Instant::now();
        change()?;
        let status = self.process.wait(WITHIN.saturating_sub(began.elapsed()))?;
        println!("{}: {status} after {:?}, {} bytes", self.what, began.elapsed(), self.len());
        let code = status.code().context("no exit code")?;
        ensure!([18, 56].contains(&code), "{}: looks whole to curl: {code}", self.what);
        ensure!(self.len() < DOWNLOAD_LEN, "{}: {} bytes", self.what, self.len());
        let again = self.who.get(&self.path)?.status;
        ensure!(matches!(again, 401 | 404), "{}: begins again: {again}", self.what);
        Ok(())
    }
}

fn wait_len(stage: &Stage) -> Result<()> {
    wait_for("a long recording", SOON, || {
        let list = stage.admin.send("HEAD", &media("metro"), None)?.headers;
        let len = list.get("content-length").and_then(|len| len.to_str().ok()?.parse::<u64>().ok());
        Ok(len.filter(|len| *len >= DOWNLOAD_LEN))
    })
    .map(|_| ())
}

#[test]
fn downloads_and_players_are_cut_off_with_the_right_to_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let stage = Stage::over(noisy(folder.path())?, "", &[])?;
    let admin = &stage.admin;
    let (key_id, key) = stage.viewer_key("METRO")?;
    let by_key = stage.stranger().bearer(&key);
    let (disabled_id, disabled) = stage.user("disabled", "viewer", &["METRO"])?;
    let (_, signed_out) = stage.user("signed-out", "viewer", &["METRO"])?;
    let (moved_id, moved) = stage.user("moved", "viewer", &["METRO"])?;
    let (signer_id, signer) = stage.user("signer", "viewer", &["METRO"])?;
    let token = link(&signer, "metro", "playback", 600)?;
    wait_len(&stage)?;

    let start = |what, who: &Client, path: &str| Download::start(&stage.server, what, who, path);
    let user = |id: &str| format!("/api/users/{id}");
    let path = media("metro");
    let player = player(&stage, &by_key)?;
    start("key revoked", &by_key, &path)?
        .ends_by(|| admin.delete(&format!("/api/keys/{key_id}"))?.expect(204).map(|_| ()))?;
    player_ends(player)?;
    start("user disabled", &disabled, &path)?.ends_by(|| {
        admin.patch(&user(&disabled_id), &json!({ "enabled": false }))?.expect(200).map(|_| ())
    })?;
    let me = signed_out.get("/api/me")?.json()?;
    let session = me["session"].as_str().context("a session")?.to_owned();
    start("session ended", &signed_out, &path)?
        .ends_by(|| admin.delete(&format!("/api/sessions/{session}"))?.expect(204).map(|_| ()))?;
    start("agency changed", &moved, &path)?.ends_by(|| {
        admin.patch(&user(&moved_id), &json!({ "agencies": ["BUS"] }))?.expect(200).map(|_| ())
    })?;
    let signed = format!("{path}?token={token}");
    start("signer removed", &stage.stranger(), &signed)?
        .ends_by(|| admin.delete(&user(&signer_id))?.expect(204).map(|_| ()))
}

/// Plays live by a key.
fn player(stage: &Stage, who: &Client) -> Result<Process> {
    let mut ffmpeg = tool("ffmpeg")?;
    let headers: String =
        who.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let url = format!("{}/live/metro/live.m3u8", stage.server.base());
    ffmpeg.args(["-v", "error", "-headers", &headers, "-i", &url, "-t", "120"]);
    let progress = stage.server.folder().join("progress");
    ffmpeg.args(["-c", "copy", "-f", "mpegts", "-y"]).arg(&progress);
    let player = Process::start(&mut ffmpeg, &stage.server.folder().join("ffmpeg.log"))?;
    wait_for("the player", SOON, || {
        Ok(std::fs::metadata(&progress).is_ok_and(|data| data.len() > 1_000_000).then_some(()))
    })?;
    Ok(player)
}

fn player_ends(mut player: Process) -> Result<()> {
    player.wait(SOON).map(|_| ())
}
