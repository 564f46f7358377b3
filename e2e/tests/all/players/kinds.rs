//! The players and publishers, and what each says of every server.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use e2e::{Server, command, repository, tool};

use super::player::Player;

/// ffmpeg of a picture in full range, as JPEG has, and of a stream whose size changes: it says how its own filters are.
const FFMPEG: &[&str] =
    &["deprecated pixel format", "Changing video frame properties on the fly is not supported"];
/// ffmpeg reads the initialisation segment again whenever it has read the playlist again.
const FFMPEG_HLS: &[&str] = &[
    "Found duplicated MOOV Atom. Skipped it",
    "Last message repeated",
    "deprecated pixel format",
    "Changing video frame properties on the fly is not supported",
];
/// mpv takes ffmpeg's RTSP, whose first picture has no time. At the live edge it has no sound in reserve, so that on a
/// busy machine its device runs dry.
const MPV: &[&str] =
    &["No video PTS!", "Invalid video timestamp", "Audio device underrun detected."];
const NONE: &[&str] = &[];
const ONE: &[&str] = &[""];

/// Where `make players` or `make aiortc` installs aiortc.
pub(super) fn python(environment: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let program = cache.or_else(home)?.join("vedette").join(environment).join("bin/python");
    program.is_file().then_some(program)
}

/// A peer of aiortc, where it is installed.
pub(super) fn aiortc(action: &str, url: &str) -> Option<Command> {
    let Some(python) = python("aiortc").or_else(|| python("players")) else {
        println!("SKIPPED: aiortc is not installed; `make aiortc` does it");
        return None;
    };
    let mut peer = command(python);
    peer.arg(repository().join("e2e/tools/aiortc_peer.py")).args([action, url]);
    Some(peer)
}

/// Chromium with these players: `NAME=KIND=URL`.
pub(super) fn chromium(server: &Server, players: &[String]) -> Result<Command> {
    tool("chromium")?;
    let mut node = tool("node")?;
    node.arg(repository().join("e2e/web/players.mjs")).args(players);
    node.env("VEDETTE_URL", server.base());
    Ok(node)
}

fn push(url: &str, transport: &str) -> Result<Command> {
    let mut ffmpeg = tool("ffmpeg")?;
    ffmpeg.args(["-v", "warning", "-nostats", "-progress", "-", "-stats_period", "0.25", "-re"]);
    ffmpeg.args(["-f", "lavfi", "-i", "testsrc=s=320x240:r=15"]);
    ffmpeg.args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-c:v", "libx264"]);
    ffmpeg.args(["-preset", "ultrafast", "-g", "15", "-pix_fmt", "yuv420p", "-c:a", "aac"]);
    ffmpeg.args(["-f", "rtsp", "-rtsp_transport", transport, url]);
    Ok(ffmpeg)
}

/// ffmpeg that decodes; `options` stand before the input.
fn ffmpeg(url: &str, options: &[&str]) -> Result<Command> {
    let mut ffmpeg = tool("ffmpeg")?;
    ffmpeg.args(["-v", "warning", "-nostats", "-progress", "-", "-stats_period", "0.25"]);
    ffmpeg.args(options).args(["-i", url]);
    // In the time base of the stream: the first group lies in a tenth of a second.
    ffmpeg.args(["-enc_time_base", "-1", "-fps_mode", "passthrough", "-f", "null", "-"]);
    Ok(ffmpeg)
}

fn mpv(url: &str, transport: &str) -> Result<Command> {
    let mut mpv = tool("mpv")?;
    mpv.args(["--no-config", "--vo=null", "--ao=null", "--msg-level=all=warn,statusline=status"]);
    mpv.arg("--term-status-msg=frame=${estimated-frame-number}");
    mpv.args([&format!("--rtsp-transport={transport}"), url]);
    Ok(mpv)
}

fn gstreamer(url: &str, protocols: Option<&str>) -> Command {
    // Debian's Python has GStreamer's bindings, another in PATH may not.
    let system = Path::new("/usr/bin/python3");
    let mut player = command(if system.is_file() { system } else { Path::new("python3") });
    player.arg(repository().join("e2e/tools/gst_player.py")).arg(url).args(protocols);
    player
}

/// Starts all that publish: by RTSP over TCP and UDP, and by WHIP.
pub(super) fn publishers(server: &Server, folder: &Path) -> Result<Vec<Player>> {
    let rtsp = server.listener("rtsp")?;
    let mut all = Vec::new();
    for transport in ["tcp", "udp"] {
        let mut command = push(&format!("rtsp://{rtsp}/pushed_{transport}"), transport)?;
        let name = format!("ffmpeg pushes {transport}");
        all.push(Player::start(&name, &mut command, folder, FFMPEG, ONE)?);
    }
    let whip = format!("http://{}/whip/whip", server.listener("webrtc")?);
    if let Some(mut command) = aiortc("publish", &whip) {
        all.push(Player::start("aiortc publishes", &mut command, folder, NONE, ONE)?);
    }
    Ok(all)
}

/// Starts all that play.
pub(super) fn readers(server: &Server, folder: &Path) -> Result<Vec<Player>> {
    let mut all = of_rtsp(server, folder)?;
    all.extend(of_hls(server, folder)?);
    let webrtc = format!("http://{}", server.listener("webrtc")?);
    for path in ["g711", "opus"] {
        if let Some(mut command) = aiortc("watch", &format!("{webrtc}/{path}/whep")) {
            let name = format!("aiortc watches {path}");
            all.push(Player::start(&name, &mut command, folder, NONE, ONE)?);
        }
    }
    let live = |name: &str, kind: &str, path: &str| format!("{name}={kind}=/live/{path}");
    let players = [
        live("hlsjs-aac", "hlsjs", "aac/index.m3u8"),
        live("hlsjs-bframes", "hlsjs", "bframes/index.m3u8"),
        live("own", "own", "aac/index.m3u8"),
        live("whep-g711", "whep", "g711/whep"),
        live("whep-opus", "whep", "opus/whep"),
        live("whep-pushed", "whep", "pushed_udp/whep"),
    ];
    let screens: Vec<&str> = players.iter().filter_map(|player| player.split('=').next()).collect();
    let mut command = chromium(server, &players)?;
    all.push(Player::start("chromium", &mut command, folder, NONE, &screens)?);
    Ok(all)
}

fn of_rtsp(server: &Server, folder: &Path) -> Result<Vec<Player>> {
    let rtsp = server.listener("rtsp")?;
    let url = |path: &str| format!("rtsp://{rtsp}/{path}");
    let mut all = Vec::new();
    for (path, transport) in [
        ("aac", "tcp"),
        ("g711", "udp"),
        ("opus", "tcp"),
        ("hevc", "udp"),
        ("bframes", "tcp"),
        ("pushed_tcp", "udp"),
    ] {
        let mut command = ffmpeg(&url(path), &["-rtsp_transport", transport])?;
        let name = format!("ffmpeg {path} {transport}");
        all.push(Player::start(&name, &mut command, folder, FFMPEG, ONE)?);
    }
    for (path, transport) in [
        ("aac", "udp"),
        ("opus", "tcp"),
        ("hevc", "tcp"),
        ("bframes", "udp"),
        ("pushed_udp", "tcp"),
    ] {
        let mut command = gstreamer(&url(path), Some(transport));
        let name = format!("gstreamer {path} {transport}");
        all.push(Player::start(&name, &mut command, folder, NONE, ONE)?);
    }
    for (path, transport) in [("g711", "tcp"), ("aac", "udp"), ("hevc", "tcp")] {
        let mut command = mpv(&url(path), transport)?;
        let name = format!("mpv {path} {transport}");
        all.push(Player::start(&name, &mut command, folder, MPV, ONE)?);
    }
    if aiortc("watch", "").is_some() {
        let mut command = ffmpeg(&url("whip"), &["-rtsp_transport", "tcp"])?;
        all.push(Player::start("ffmpeg whip", &mut command, folder, FFMPEG, ONE)?);
    }
    Ok(all)
}

fn of_hls(server: &Server, folder: &Path) -> Result<Vec<Player>> {
    let hls = format!("http://{}", server.listener("hls")?);
    let mut all = Vec::new();
    for (name, file) in [
        ("aac fmp4", "aac/index.m3u8"),
        ("hevc fmp4", "hevc/index.m3u8"),
        ("bframes ts", "bframes/index.m3u8?variant=ts"),
        ("opus fmp4", "opus/index.m3u8"),
    ] {
        let mut command = ffmpeg(&format!("{hls}/{file}"), &[])?;
        all.push(Player::start(
            &format!("ffmpeg hls {name}"),
            &mut command,
            folder,
            FFMPEG_HLS,
            ONE,
        )?);
    }
    for (name, file) in [("fmp4", "g711/index.m3u8"), ("ts", "aac/index.m3u8?variant=ts")] {
        let mut command = gstreamer(&format!("{hls}/{file}"), None);
        all.push(Player::start(&format!("gstreamer hls {name}"), &mut command, folder, NONE, ONE)?);
    }
    Ok(all)
}
