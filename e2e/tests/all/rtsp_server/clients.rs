//! Players of every kind.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Simulator, output, tool, wait_for};

use super::{SOON, ffmpeg, server, wait_fed};

/// What ffmpeg and mpv say of every RTSP server: ffmpeg's demuxer gives the first picture no time.
const USUAL: [&str; 4] =
    ["deprecated pixel format", "max_analyze_duration", "No video PTS!", "Invalid video timestamp"];

fn complaints(said: &str) -> Vec<&str> {
    let is_usual = |line: &&str| USUAL.iter().any(|usual| line.contains(usual));
    said.lines().filter(|line| !line.trim().is_empty() && !is_usual(line)).collect()
}

/// What GStreamer complains of while it plays.
fn gstreamer(url: &str, protocols: &str) -> Result<String> {
    let mut player = tool("timeout")?;
    let protocols = format!("protocols={protocols}");
    let location = format!("location={url}");
    player.args(["60", "gst-launch-1.0", "-q", "rtspsrc", &location, &protocols, "latency=100"]);
    player.args(["!", "decodebin", "!", "fakesink", "num-buffers=40"]);
    Ok(output(&mut player).map_or_else(|error| error.to_string(), |(_, said)| said))
}

fn mpv(url: &str, transport: &str) -> Result<String> {
    let mut player = tool("mpv")?;
    let transport = format!("--rtsp-transport={transport}");
    player.args(["--no-config", "--vo=null", "--ao=null", "--frames=40", "--msg-level=all=warn"]);
    Ok(output(player.args([&transport, url]))
        .map_or_else(|error| error.to_string(), |(out, err)| out + &err))
}

#[test]
fn every_player_plays_pictures_and_sound_over_tcp_and_udp() -> Result<()> {
    let _alone = e2e::alone();
    let cameras = Simulator::start(&["--cameras", "1", "--audio", "aac", "--loop"])?;
    let mut server = server(&cameras, 1, "")?;
    server.start()?;
    let url = format!("rtsp://{}/cam1", server.listener("rtsp")?);
    ensure!(wait_fed(&url)? == "h264 aac", "{}", wait_fed(&url)?);
    for transport in ["tcp", "udp"] {
        let said = ffmpeg(&url, transport, "3")?;
        ensure!(complaints(&said).is_empty(), "ffmpeg {transport}: {said}");
        let said = gstreamer(&url, transport)?;
        ensure!(
            !said.contains("ERROR") && !said.contains("WARN"),
            "gst {transport}: {said}\n{}",
            server.log()
        );
        let said = mpv(&url, transport)?;
        ensure!(complaints(&said).is_empty(), "mpv {transport}: {said}");
    }
    server.stop()
}

#[test]
fn every_codec_that_rtp_carries_is_described_and_played() -> Result<()> {
    let kinds = [
        (&["--codec", "h265", "--audio", "g711"][..], "hevc pcm_mulaw"),
        (&["--b-frames", "2", "--audio", "opus"][..], "h264 opus"),
    ];
    for (options, names) in kinds {
        let cameras = Simulator::start(&[&["--loop"], options].concat())?;
        // Our own client of cameras does not take all of them, ffmpeg does.
        let mut server = server(&cameras, 1, "")?.permit(&["source failed"]);
        server.start()?;
        let url = format!("rtsp://{}/cam1", server.listener("rtsp")?);
        ensure!(wait_fed(&url)? == names, "{names}: {}", wait_fed(&url)?);
        for transport in ["tcp", "udp"] {
            let said = ffmpeg(&url, transport, "3")?;
            ensure!(complaints(&said).is_empty(), "{names} over {transport}: {said}");
        }
        server.stop()?;
    }
    Ok(())
}

/// Seconds until ffmpeg has decoded the first picture of a stream with a key frame every eight seconds.
#[test]
fn the_first_picture_of_a_held_stream_does_not_wait_for_a_key_frame() -> Result<()> {
    let cameras = Simulator::start(&["--gop", "8", "--loop"])?;
    let mut server = server(&cameras, 1, "")?;
    server.start()?;
    let url = format!("rtsp://{}/cam1", server.listener("rtsp")?);
    wait_fed(&url)?;
    std::thread::sleep(Duration::from_secs(3));
    let began = std::time::Instant::now();
    let mut player = tool("ffmpeg")?;
    player.args(["-v", "error", "-rtsp_transport", "tcp", "-i", &url]);
    output(player.args(["-frames:v", "1", "-f", "null", "-"]))?;
    ensure!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    server.stop()
}

#[test]
fn players_stay_while_the_source_restarts() -> Result<()> {
    let _alone = e2e::alone();
    let options = ["--cameras", "1", "--gop", "1", "--loop"];
    let cameras = Simulator::start(&options)?;
    let address = cameras.address().to_owned();
    let mut server = server(&cameras, 1, "")?.permit(&["source failed"]);
    server.start()?;
    let url = format!("rtsp://{}/cam1", server.listener("rtsp")?);
    wait_fed(&url)?;
    let folder = tempfile::tempdir()?;
    let mut player = tool("ffmpeg")?;
    player.args(["-v", "error", "-stats_period", "0.2", "-progress", "-", "-nostats"]);
    player.args(["-rtsp_transport", "tcp", "-i", &url, "-t", "20", "-f", "null", "-"]);
    let log = folder.path().join("ffmpeg.log");
    let mut player = e2e::Process::start(&mut player, &log)?;
    let frames = || -> Result<u64> {
        let text = std::fs::read_to_string(&log)?;
        let last = text.lines().rev().find_map(|line| line.strip_prefix("frame="));
        Ok(last.and_then(|count| count.trim().parse().ok()).unwrap_or(0))
    };
    wait_for("pictures", SOON, || Ok((frames()? > 20).then_some(())))?;
    drop(cameras);
    std::thread::sleep(Duration::from_secs(2));
    let before = frames()?;
    let _cameras = Simulator::start_at(&address, &options)?;
    wait_for("pictures of the new source", SOON, || Ok((frames()? > before + 20).then_some(())))?;
    ensure!(player.ended()?.is_none(), "{}", std::fs::read_to_string(&log)?);
    drop(player);
    server.stop()
}
