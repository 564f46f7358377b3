//! Every codec, container and client: recorded, live, and accounted for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Server, Simulator, is_soak, output, repository, tool, wait_for};
use serde_json::Value;

use crate::recording::{difference, plays_silently};

const SOON: Duration = Duration::from_secs(40);

fn sealed(server: &Server, id: &str, count: usize) -> Result<Vec<Value>> {
    wait_for("sealed segments", Duration::from_secs(90), || {
        let segments = server.segments(id)?;
        let sealed: Vec<Value> =
            segments.into_iter().filter(|segment| segment["state"] == "CREATED").collect();
        Ok((sealed.len() >= count).then_some(sealed))
    })
}

fn codecs_of(file: &Path) -> Result<BTreeSet<String>> {
    let mut ffprobe = tool("ffprobe")?;
    ffprobe.args(["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"]);
    let (names, _) = output(ffprobe.arg(file))?;
    Ok(names.split_whitespace().map(|name| name.trim_end_matches(',').to_owned()).collect())
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Each camera by the client that speaks its codecs, as fMP4 and as MPEG-TS; snapshots of all.
#[test]
fn every_codec_is_recorded_with_its_sound_and_gives_a_snapshot() -> Result<()> {
    let simulators = [
        ("h265", "pcm_mulaw", &["--codec", "h265", "--audio", "g711", "--loop"][..]),
        ("h264", "aac", &["--audio", "aac", "--b-frames", "2", "--loop"][..]),
        ("h264", "opus", &["--audio", "opus", "--loop"][..]),
    ];
    let mut yaml = "record: { segment_duration: 3s }\ncameras:\n".to_owned();
    let mut running = Vec::new();
    for (number, (_, _, options)) in simulators.iter().enumerate() {
        let simulator = Simulator::start(options)?;
        let url = simulator.url(1);
        yaml.push_str(&format!("  - {{ id: mp4-{number}, url: \"{url}\" }}\n"));
        yaml.push_str(&format!(
            "  - {{ id: ts-{number}, url: \"{url}\", record: {{ format: ts }} }}\n"
        ));
        running.push(simulator);
    }
    let child = running[1].url(1);
    yaml.push_str(&format!(
        "  - {{ id: child, url: \"{child}\", client: ffmpeg, transcode: {{ resolution: 320x240, framerate: 5 }}, record: {{ stream: derived }} }}\n"
    ));
    let mut server = Server::new(&yaml)?.permit(&["source failed"]);
    server.start()?;
    for (number, (video, audio, _)) in simulators.iter().enumerate() {
        let video = if *video == "h265" { "hevc" } else { video };
        for (form, sound) in [("mp4", *audio), ("ts", *audio)] {
            let id = format!("{form}-{number}");
            let file = server.file(&sealed(&server, &id, 2)?[1]);
            plays_silently(&file)?;
            // MPEG-TS carries no G.711.
            let names = match (form, sound) {
                ("ts", "pcm_mulaw") => set(&[video]),
                _ => set(&[video, sound]),
            };
            ensure!(codecs_of(&file)? == names, "{id}: {:?}", codecs_of(&file)?);
            let picture = server.get(&format!("/api/cameras/{id}/snapshot.jpg?width=160"))?;
            ensure!(picture.status == 200 && picture.body.starts_with(&[0xff, 0xd8]), "{id}");
        }
    }
    let derived = server.file(&sealed(&server, "child", 2)?[1]);
    plays_silently(&derived)?;
    let streams = server.camera("child")?["streams"].clone();
    ensure!(streams[1]["path"] == "child/240p" && streams[1]["width"] == 320, "{streams}");
    follow_recording(&server, "ts-1")?;
    play_range(&server, "ts-1")?;
    server.stop()
}

/// A player follows the recorder's own segments; the playlist next to them says the same.
fn follow_recording(server: &Server, id: &str) -> Result<()> {
    let url = format!("{}/live/{id}/live.m3u8", server.base());
    let mut ffmpeg = tool("ffmpeg")?;
    output(ffmpeg.args(["-v", "error", "-xerror", "-i", &url, "-t", "4", "-f", "null", "-"]))?;
    let text = server.get(&format!("/live/{id}/live.m3u8"))?.text();
    let named = text.lines().find(|line| line.ends_with(".ts")).context("a segment")?;
    let segment = server.get(&format!("/live/{id}/{named}"))?;
    ensure!(segment.status == 200 && segment.headers["content-type"] == "video/mp2t");
    let camera = server.segments(id)?.remove(0);
    let folder = server.file(&camera);
    let root = folder.ancestors().nth(5).context("the camera's folder")?;
    ensure!(root.join("live.m3u8").is_file(), "no playlist in {}", root.display());
    ensure!(server.get(&format!("/live/{id}/../../vedette.db"))?.status == 404);
    Ok(())
}

/// A range of recorded MPEG-TS as one MP4, whole and in parts.
fn play_range(server: &Server, id: &str) -> Result<()> {
    let segments = sealed(server, id, 3)?;
    let (start, end) = (segments[0]["start"].as_str(), segments[2]["end"].as_str());
    let path = format!(
        "/api/playback/{id}/media.mp4?start={}&end={}",
        start.context("a start")?,
        end.context("an end")?
    );
    let whole = server.get(&path)?;
    ensure!(whole.status == 200, "{}", whole.text());
    let file = server.folder().join("range.mp4");
    std::fs::write(&file, &whole.body)?;
    plays_silently(&file)?;
    let mut recorded = Vec::new();
    for segment in &segments[..3] {
        recorded.extend(pictures(&server.file(segment))?);
    }
    ensure!(pictures(&file)? == recorded, "{id}: other pictures than were recorded");
    let middle = whole.body.len() / 2;
    let range = format!("bytes={middle}-{}", middle + 70_000);
    let part = server.get_with(&path, &[("range", &range)])?;
    ensure!(part.body == whole.body[middle..middle + part.body.len()], "another part");
    Ok(())
}

/// The pictures of a file as checksums of what a decoder makes of them.
fn pictures(file: &Path) -> Result<Vec<String>> {
    let mut ffmpeg = tool("ffmpeg")?;
    ffmpeg.args(["-v", "error", "-i"]).arg(file);
    let (text, _) = output(ffmpeg.args(["-map", "0:v", "-f", "framemd5", "-"]))?;
    let line = |line: &str| line.rsplit(',').next().map(|sum| sum.trim().to_owned());
    Ok(text.lines().filter(|text| !text.starts_with('#')).filter_map(line).collect())
}

/// Streams with odd features, played in a loop: every picture is in the recording, and ffmpeg has
/// nothing to say of it.
#[test]
fn odd_streams_are_recorded_whole() -> Result<()> {
    let folder = repository().join("../shared/data/bitstreams");
    if !folder.is_dir() {
        println!("SKIPPED: the odd streams are not here");
        return Ok(());
    }
    // Left out: a clip of one key frame in two minutes, which a simulated camera begins with only
    // once in a turn; two whose changing sets the simulator cannot announce; one of two sizes, of
    // which a decoder makes one (see below); three whose reordered pictures have no times in the file.
    let left_out = [
        "LS_SVA_D.264",
        "MPS_MW_A.264",
        "test_scalinglist_jm.264",
        "concat_sps_change_176x144_640x320.264",
        "Cisco_Men_whisper_640x320_CABAC_Bframe_9.264",
        "girlshy.h265",
        "hevc.265",
    ];
    let mut clips: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|clip| !left_out.iter().any(|name| clip.ends_with(name)))
        .collect();
    clips.sort();
    if !is_soak() {
        println!("SKIPPED: all but four of {} odd streams (not the long trials)", clips.len());
        let few = ["CVFC1_Sony_C.jsv", "SVA_FM1_E.264", "BA_MW_D.264", "SarVui.264"];
        clips.retain(|clip| few.iter().any(|name| clip.ends_with(name)));
    }
    let mut yaml = "record: { segment_duration: 5s }\ncameras:\n".to_owned();
    let mut running = Vec::new();
    for (number, clip) in clips.iter().enumerate() {
        let clip = clip.to_str().context("a path")?;
        let simulator = Simulator::start(&["--copy", "--file", clip])?;
        yaml.push_str(&format!("  - {{ id: odd{number}, url: \"{}\" }}\n", simulator.url(1)));
        running.push(simulator);
    }
    let mut server = Server::new(&yaml)?.permit(&["source failed"]);
    server.start()?;
    for (number, clip) in clips.iter().enumerate() {
        let sent: BTreeSet<String> = pictures(clip)?.into_iter().collect();
        let name = clip.file_name().context("a name")?.to_string_lossy().into_owned();
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        wait_for(&format!("all pictures of {name}"), Duration::from_secs(150), || {
            for segment in server.segments(&format!("odd{number}"))? {
                let file = server.file(&segment);
                if segment["state"] == "CREATED" && seen.insert(file.clone()) {
                    // A slice for each of 8,160 macroblocks: ffmpeg warns of the source as well.
                    if name != "jm_1080p_allslice.264" {
                        plays_silently(&file)?;
                    }
                    found.extend(pictures(&file)?);
                }
            }
            Ok(sent.is_subset(&found).then_some(()))
        })?;
        ensure!(found == sent, "{name}: {} pictures that were not sent", found.len() - sent.len());
    }
    server.stop()
}

/// A camera that changes its size midstream is recorded and watched on.
#[test]
fn a_stream_that_changes_its_size_plays_on() -> Result<()> {
    let simulator = Simulator::start(&["--fault", "codec-change:every=6"])?;
    let yaml = format!(
        "record: {{ segment_duration: 1m }}\ncameras:\n  - {{ id: cam, url: \"{}\" }}\n",
        simulator.url(1)
    );
    let mut server = Server::new(&yaml)?;
    server.start()?;
    server.wait_status("cam", "online", SOON)?;
    let segments = sealed(&server, "cam", 2)?;
    for segment in &segments {
        plays_silently(&server.file(segment))?;
    }
    for pair in segments.windows(2) {
        let apart = difference(&pair[1]["start"], &pair[0]["end"]);
        ensure!((0.0..0.05).contains(&apart), "{apart} s between {} and {}", pair[0], pair[1]);
    }
    let url = format!("{}/live/cam/index.m3u8", server.base());
    let mut ffmpeg = tool("ffmpeg")?;
    output(ffmpeg.args(["-v", "error", "-i", &url, "-t", "12", "-f", "null", "-"]))?;
    let coverage = server.get("/api/recordings/cam/coverage")?.json()?;
    ensure!(coverage["unexplained_seconds"].as_f64() == Some(0.0), "{coverage}");
    server.stop()
}
