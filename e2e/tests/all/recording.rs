//! Recorded as it came: every frame once, every file silent, every time right.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{GstCamera, Server, Simulator, command, is_soak, output, repository, tool, wait_for};
use serde_json::Value;

/// Reads a file as a player would; it must have nothing to complain of.
pub fn plays_silently(file: &Path) -> Result<()> {
    let mut ffmpeg = tool("ffmpeg")?;
    let (_, complaints) = output(
        ffmpeg.args(["-v", "warning", "-xerror", "-i"]).arg(file).args(["-f", "null", "-"]),
    )?;
    // Said of every sound without a layout of its channels, such as G.711.
    let complaint = complaints.lines().find(|line| !line.starts_with("Guessed Channel Layout"));
    anyhow::ensure!(complaint.is_none(), "{}: {complaints}", file.display());
    Ok(())
}

/// What ffprobe takes the duration of a file's pictures for, in seconds; the container's own is counted
/// wrongly for fragmented files with sound.
pub fn duration(file: &Path) -> Result<f64> {
    let mut ffprobe = tool("ffprobe")?;
    let (text, _) = output(
        ffprobe
            .args([
                "-v",
                "error",
                "-select_streams",
                "v",
                "-show_entries",
                "stream=duration:format=duration",
                "-of",
                "default=nk=1:nw=1",
            ])
            .arg(file),
    )?;
    text.lines().find_map(|line| line.parse().ok()).with_context(|| text)
}

/// A checksum per decoded picture.
fn pictures(inputs: &[&str]) -> Result<Vec<String>> {
    let mut ffmpeg = tool("ffmpeg")?;
    let (text, _) = output(ffmpeg.args(["-v", "error"]).args(inputs).args([
        "-map",
        "0:v",
        "-fps_mode",
        "passthrough",
        "-f",
        "framemd5",
        "-",
    ]))?;
    let sums = text.lines().filter(|line| !line.starts_with('#'));
    Ok(sums.filter_map(|line| line.rsplit(',').next()).map(|sum| sum.trim().to_owned()).collect())
}

fn seconds(value: &Value) -> f64 {
    // "2025-01-15T14:00:00.123Z": within a day the time of day is enough.
    let text = value.as_str().unwrap();
    let parts: Vec<f64> = text[11..23].split(':').map(|part| part.parse().unwrap()).collect();
    parts[0] * 3_600.0 + parts[1] * 60.0 + parts[2]
}

/// Seconds between two moments of the same day, or across one midnight.
pub fn difference(end: &Value, start: &Value) -> f64 {
    let difference = seconds(end) - seconds(start);
    if difference < -40_000.0 { difference + 86_400.0 } else { difference }
}

/// Files play silently, and row, wall clock and media agree within 50 ms.
fn check_segments(server: &Server, id: &str) -> Result<Vec<Value>> {
    let segments = server.segments(id)?;
    for segment in segments.iter().filter(|segment| segment["state"] == "CREATED") {
        let file = server.file(segment);
        plays_silently(&file)?;
        let row = segment["duration"].as_f64().unwrap();
        let found = duration(&file)?;
        let wall = difference(&segment["end"], &segment["start"]);
        anyhow::ensure!((row - found).abs() < 0.05, "{id}: row {row} s, file {found} s");
        anyhow::ensure!((row - wall).abs() < 0.05, "{id}: row {row} s, wall clock {wall} s");
        let len = std::fs::metadata(&file)?.len();
        anyhow::ensure!(segment["bytes"].as_u64() == Some(len), "{id}: {segment}");
    }
    for pair in segments.windows(2).filter(|pair| pair[0]["end"].is_string()) {
        let apart = difference(&pair[1]["start"], &pair[0]["end"]);
        anyhow::ensure!(apart > -0.005, "{id}: segments overlap by {apart} s");
    }
    Ok(segments)
}

/// Four sizes of simulated cameras, over TCP and UDP, with login: live, recorded, playable.
#[test]
fn simulated_cameras_are_live_recorded_and_playable() -> Result<()> {
    let login = ["--cameras", "3", "--user", "admin", "--password", "p@ss:w/rd"];
    let small = Simulator::start(&login)?;
    let large = Simulator::start(&[
        "--width",
        "2560",
        "--height",
        "1440",
        "--bitrate",
        "4000",
        "--pattern",
        "circle",
        "--loop",
    ])?;
    let with_login =
        |number: usize| small.url(number).replace("rtsp://", "rtsp://admin:p%40ss%3Aw%2Frd@");
    let mut server = Server::new(&format!(
        "record: {{ segment_duration: 5s }}\ncameras:\n  - {{ id: tcp, url: \"{}\" }}\n  - {{ id: udp, url: \"{}\", transport: udp }}\n  - {{ id: big, url: \"{}\" }}\n",
        with_login(1),
        with_login(2),
        large.url(1)
    ))?;
    server.start()?;
    for id in ["tcp", "udp", "big"] {
        let camera = server.wait_status(id, "online", Duration::from_secs(20))?;
        anyhow::ensure!(!camera.to_string().contains("p@ss"), "a password in an answer");
    }
    for id in ["tcp", "udp", "big"] {
        let mut ffmpeg = tool("ffmpeg")?;
        let url = format!("{}/live/{id}/index.m3u8", server.base());
        output(ffmpeg.args(["-v", "error", "-xerror", "-i", &url, "-t", "3", "-f", "null", "-"]))?;
    }
    let wanted = if is_soak() { 24 } else { 3 };
    for id in ["tcp", "udp", "big"] {
        wait_for("segments", Duration::from_secs(180), || {
            let sealed =
                server.segments(id)?.iter().filter(|segment| segment["state"] == "CREATED").count();
            Ok((sealed >= wanted).then_some(()))
        })?;
    }
    let camera = server.camera("big")?;
    assert_eq!(
        (camera["streams"][0]["width"].as_u64(), camera["streams"][0]["height"].as_u64()),
        (Some(2560), Some(1440))
    );
    check_playback(&server, "tcp")?;
    server.stop()?;
    server.start()?;
    for id in ["tcp", "udp", "big"] {
        let segments = check_segments(&server, id)?;
        let sealed = segments.iter().filter(|segment| segment["state"] == "CREATED").count();
        assert!(sealed > wanted, "{id}: the last segment is sealed by a stop");
        let spans = server.spans(id)?;
        assert!(spans.iter().any(|span| span["reason"] == "node_stopped"), "{spans:?}");
    }
    check_numbers(&server)?;
    server.stop()
}

fn check_playback(server: &Server, id: &str) -> Result<()> {
    let segments = server.segments(id)?;
    let (start, end) =
        (segments[0]["start"].as_str().unwrap(), segments[1]["end"].as_str().unwrap());
    let path = format!("/api/playback/{id}/media.mp4?start={start}&end={end}");
    let whole = server.get(&path)?;
    assert_eq!(whole.headers["content-length"].to_str()?, whole.body.len().to_string());
    let file = server.folder().join("media.mp4");
    std::fs::write(&file, &whole.body)?;
    plays_silently(&file)?;
    let expected = difference(&segments[1]["end"], &segments[0]["start"]);
    let found = duration(&file)?;
    anyhow::ensure!((found - expected).abs() < 0.1, "{found} s instead of {expected} s");
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=100-5000", 100, 5_001),
        ("bytes=-77", whole.body.len() - 77, whole.body.len()),
    ] {
        let part = server.get_with(&path, &[("range", range)])?;
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[from..to]), "{range}");
    }
    assert_eq!(server.get_with(&path, &[("range", "bytes=999999999-")])?.status, 416);
    Ok(())
}

fn check_numbers(server: &Server) -> Result<()> {
    let numbers = server.get("/metrics")?.body;
    let mut promtool = tool("promtool")?;
    let mut child = promtool
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    std::io::Write::write_all(&mut child.stdin.take().context("an input")?, &numbers)?;
    let done = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    anyhow::ensure!(done.status.success() && said.trim().is_empty(), "promtool: {said}");
    Ok(())
}

/// Files played by GStreamer's camera, with Digest: every picture is recorded exactly once, reordered
/// ones and real footage too.
#[test]
fn every_frame_of_a_real_camera_is_recorded_exactly_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let length = if is_soak() { "120" } else { "12" };
    let source = format!("testsrc2=size=640x480:rate=15:duration={length}");
    let mut clips = Vec::new();
    for b_frames in ["0", "2"] {
        let clip = folder.path().join(format!("b{b_frames}.mp4"));
        let mut ffmpeg = tool("ffmpeg")?;
        ffmpeg.args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            &source,
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
        ]);
        output(ffmpeg.args(["-bf", b_frames, "-g", "30"]).arg(&clip))?;
        clips.push(clip);
    }
    let footage = repository().join("../shared/data/footage/vtest_480x360_10fps.mp4");
    if footage.is_file() && is_soak() {
        clips.push(footage);
    } else {
        println!("SKIPPED: real footage (it is not here, or these are not the long trials)");
    }
    let paths: Vec<&str> = clips.iter().map(|clip| clip.to_str().unwrap()).collect();
    let mut options = vec!["--digest"];
    options.extend(&paths);
    let camera = GstCamera::start(&options)?;
    let mut yaml = "record: { segment_duration: 4s }\ncameras:\n".to_owned();
    for number in 0..clips.len() {
        let url = camera.url(&format!("/file{number}")).replace("rtsp://", "rtsp://admin:secret@");
        yaml.push_str(&format!("  - {{ id: cam{number}, url: \"{url}\" }}\n"));
    }
    let mut server = Server::new(&yaml)?.permit(&["source failed"]);
    server.start()?;
    // A file ends, and the camera's session with it.
    let deadline = Duration::from_secs(if is_soak() { 200 } else { 60 });
    for number in 0..clips.len() {
        let ended = format!("source failed camera=cam{number} ");
        wait_for("a clip's end", deadline, || Ok(server.log().contains(&ended).then_some(())))?;
    }
    // The next session may have begun: the first pictures of the recording are those of the clip.
    server.stop()?;
    server.start()?;
    for (number, clip) in paths.iter().enumerate() {
        let segments = check_segments(&server, &format!("cam{number}"))?;
        let mut recorded = Vec::new();
        for segment in segments.iter().filter(|segment| segment["state"] == "CREATED") {
            recorded.extend(pictures(&["-i", server.file(segment).to_str().context("a path")?])?);
        }
        let sent = pictures(&["-i", clip])?;
        assert!(
            recorded.len() >= sent.len(),
            "{clip}: {} of {} pictures",
            recorded.len(),
            sent.len()
        );
        assert!(recorded[..sent.len()] == sent[..], "{clip}: other pictures than were sent");
    }
    server.stop()
}

/// Pictures with AAC from GStreamer's camera: both tracks are live and in the files.
#[test]
fn a_camera_with_sound_is_recorded_with_it() -> Result<()> {
    let camera = GstCamera::start(&[])?;
    let yaml = format!(
        "record: {{ segment_duration: 4s }}\ncameras:\n  - {{ id: av, url: \"{}\" }}\n",
        camera.url("/av")
    );
    let mut server = Server::new(&yaml)?;
    server.start()?;
    let camera = wait_for("sound", Duration::from_secs(20), || {
        let camera = server.camera("av")?;
        Ok((camera["streams"][0]["audio"] == "aac").then_some(camera))
    })?;
    assert_eq!(camera["status"], "online");
    wait_for("segments", Duration::from_secs(30), || {
        Ok((server.segments("av")?.len() >= 3).then_some(()))
    })?;
    let segment = check_segments(&server, "av")?.remove(1);
    assert!(segment["codecs"].as_str().unwrap().contains("mp4a.40.2"), "{segment}");
    let (kinds, _) = output(
        command("ffprobe")
            .args(["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"])
            .arg(server.file(&segment)),
    )?;
    assert!(kinds.contains("h264") && kinds.contains("aac"), "{kinds}");
    let url = format!("{}/live/av/index.m3u8", server.base());
    output(
        tool("ffmpeg")?.args(["-v", "error", "-xerror", "-i", &url, "-t", "3", "-f", "null", "-"]),
    )?;
    server.stop()
}
