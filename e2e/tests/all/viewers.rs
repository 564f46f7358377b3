//! The simulator's viewers: what they count is what was sent.

use anyhow::{Context, Result, ensure};
use e2e::{Server, Simulator, binary, command, output, wait_for};
use serde_json::Value;

/// Lets viewers look and returns what they counted.
fn look(options: &[&str]) -> Result<Value> {
    let mut viewers = command(binary()?);
    let (text, complaints) = output(viewers.args(["simulate", "--json"]).args(options))?;
    serde_json::from_str(&text).with_context(|| format!("{text}{complaints}"))
}

/// Cameras that send: a loop is encoded first.
fn cameras(options: &[&str]) -> Result<Simulator> {
    let cameras = Simulator::start(options)?;
    let url = cameras.url(1);
    wait_for("the first picture", std::time::Duration::from_secs(60), || {
        Ok(look(&["--viewers", "1", "--rtsp", &url, "--duration", "3"]).ok().map(|_| ()))
    })?;
    Ok(cameras)
}

/// All see pictures, none is missing, and the clock in them is not far from ours.
fn saw_all(tally: &Value, viewers: u64, latency_ms: f64) -> Result<()> {
    ensure!(tally["showing"] == viewers && tally["without_picture"] == 0, "{tally}");
    ensure!(tally["lost"] == 0 && tally["again"] == 0 && tally["reconnects"] == 0, "{tally}");
    ensure!(tally["frames"].as_u64() > Some(viewers * 30), "{tally}");
    let latency = tally["latency_ms"]["p50"].as_f64();
    ensure!(latency > Some(0.0) && latency < Some(latency_ms), "{tally}");
    Ok(())
}

#[test]
fn rtsp_viewers_count_every_picture_of_either_codec() -> Result<()> {
    for codec in ["h264", "h265"] {
        let cameras = Simulator::start(&[
            "--cameras",
            "2",
            "--pattern",
            "sine",
            "--loop",
            "--codec",
            codec,
            "--audio",
            "aac",
        ])?;
        let url = cameras.url(1).replace("cam1", "cam{n:2}");
        let tally = look(&["--viewers", "4", "--rtsp", &url, "--duration", "8"])?;
        saw_all(&tally, 4, 100.0).with_context(|| codec)?;
    }
    Ok(())
}

#[test]
fn pictures_encoded_as_they_are_drawn_carry_the_clock_too() -> Result<()> {
    let cameras = cameras(&[])?;
    let tally = look(&["--viewers", "1", "--rtsp", &cameras.url(1), "--duration", "8"])?;
    saw_all(&tally, 1, 100.0)
}

#[test]
fn viewers_that_leave_or_vanish_do_not_come_again() -> Result<()> {
    let cameras = cameras(&["--loop", "--gop", "0.5"])?;
    for (behaviour, viewers) in [("good", "5"), ("vanish", "5")] {
        let tally = look(&[
            "--viewers",
            viewers,
            "--rtsp",
            &cameras.url(1),
            "--spread",
            "1",
            "--stay",
            "2",
            "--behave",
            behaviour,
        ])?;
        ensure!(tally["viewers"] == 5 && tally["showing"] == 0, "{behaviour}: {tally}");
        ensure!(tally["reconnects"] == 0 && tally["without_picture"] == 0, "{behaviour}: {tally}");
    }
    Ok(())
}

#[test]
fn viewers_that_stop_reading_count_no_more() -> Result<()> {
    let cameras = cameras(&["--loop", "--gop", "0.5"])?;
    let url = cameras.url(1);
    let tally = look(&["--viewers", "1", "--rtsp", &url, "--duration", "5", "--behave", "stall"])?;
    // A group and what one read held.
    ensure!((10..40).contains(&tally["frames"].as_u64().unwrap_or(0)), "{tally}");
    Ok(())
}

#[test]
fn hls_viewers_follow_the_parts() -> Result<()> {
    let cameras = cameras(&["--loop"])?;
    let yaml = format!("cameras:\n  - {{ id: cam1, url: \"{}\" }}\n", cameras.url(1));
    let mut server = Server::new(&yaml)?;
    server.start()?;
    wait_for("a playlist", std::time::Duration::from_secs(30), || {
        Ok((server.get("/live/cam1/index.m3u8")?.status == 200).then_some(()))
    })?;
    let url = format!("{}/live/cam1/index.m3u8", server.base());
    let tally = look(&["--viewers", "2", "--hls", &url, "--duration", "10", "--settle", "3"])?;
    saw_all(&tally, 2, 2_000.0)?;
    server.stop()
}
