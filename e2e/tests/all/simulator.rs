//! The simulator, judged by players that we did not write.

use std::time::Duration;

use anyhow::Result;
use e2e::{Simulator, output, tool, wait_for};

/// Codecs that ffmpeg finds at an address, `hevc,640`; pictures first.
fn codecs(url: &str) -> Result<Vec<String>> {
    let mut ffprobe = tool("ffprobe")?;
    let options = ["-v", "error", "-rtsp_transport", "tcp", "-of", "csv=p=0"];
    let entries = ["-show_entries", "stream=codec_name,width"];
    let (text, _) = output(ffprobe.args(options).args(entries).arg(url))?;
    Ok(text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect())
}

/// ffmpeg decodes some seconds of pictures and sound and has nothing to complain of.
fn ffmpeg_plays(url: &str, transport: &str) -> Result<()> {
    let mut ffmpeg = tool("ffmpeg")?;
    let input = ["-v", "warning", "-xerror", "-rtsp_transport", transport, "-i", url];
    let (_, complaints) = output(ffmpeg.args(input).args(["-t", "4", "-f", "null", "-"]))?;
    anyhow::ensure!(complaints.trim().is_empty(), "{transport}: {complaints}");
    Ok(())
}

/// GStreamer decodes some pictures and some sound; it ends when it has both. Its player joins the
/// elements by itself: written out as a pipeline, they are now and then not joined on a busy machine.
fn gstreamer_plays(url: &str, transport: &str) -> Result<()> {
    // rtspt is TCP, rtspu UDP.
    let location = url.replace("rtsp://", &format!("rtsp{}://", transport.get(..1).unwrap_or("t")));
    let sinks = ["video-sink=fakesink num-buffers=30", "audio-sink=fakesink num-buffers=20"];
    let mut player = tool("timeout")?;
    player.args(["60", "gst-launch-1.0", "-q", "playbin", &format!("uri={location}")]).args(sinks);
    let (_, complaints) = output(&mut player)?;
    anyhow::ensure!(!complaints.contains("ERROR"), "{transport}: {complaints}");
    Ok(())
}

fn both_play(options: &[&str], expected: [&str; 2]) -> Result<()> {
    let simulator = Simulator::start(options)?;
    let url = simulator.url(1);
    let found = codecs(&url)?;
    anyhow::ensure!(found == expected, "{found:?}");
    for transport in ["tcp", "udp"] {
        ffmpeg_plays(&url, transport)?;
        gstreamer_plays(&url, transport)?;
    }
    Ok(())
}

#[test]
fn ffmpeg_and_gstreamer_play_h265_with_aac() -> Result<()> {
    both_play(&["--codec", "h265", "--audio", "aac"], ["hevc,640", "aac"])
}

#[test]
fn ffmpeg_and_gstreamer_play_h264_with_g711() -> Result<()> {
    both_play(&["--audio", "g711"], ["h264,640", "pcm_mulaw"])
}

#[test]
fn ffmpeg_and_gstreamer_play_a_loop_with_b_frames_and_opus() -> Result<()> {
    let options = ["--audio", "opus", "--b-frames", "2", "--loop", "--gop", "0.5"];
    both_play(&options, ["h264,640", "opus"])
}

#[test]
fn a_clip_is_sent_as_it_is_again_and_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let clip = folder.path().join("a clip.mp4");
    let source = "-f lavfi -i testsrc=s=320x240:r=10:d=2 -f lavfi -i sine=r=16000:d=2 -c:v libx264 -g 10 -bf 2 -c:a aac";
    let mut ffmpeg = tool("ffmpeg")?;
    output(ffmpeg.args(["-v", "error"]).args(source.split(' ')).arg(&clip))?;
    let simulator = Simulator::start(&["--file", &clip.display().to_string(), "--copy"])?;
    assert_eq!(codecs(&simulator.url(1))?, ["h264,320", "aac"]);
    // Longer than the clip, so that it begins again.
    ffmpeg_plays(&simulator.url(1), "tcp")?;
    Ok(())
}

#[test]
fn a_camera_changes_its_picture_and_refuses_now_and_then() -> Result<()> {
    let faults = ["--fault", "codec-change:every=2", "--fault", "auth:every=8"];
    let simulator = Simulator::start(&[&faults[..], &["--loop", "--gop", "0.5"]].concat())?;
    let url = simulator.url(1);
    for sign in ["h264,640", "h264,320", "401"] {
        wait_for(sign, Duration::from_secs(60), || {
            let said = codecs(&url).map_or_else(|error| error.to_string(), |found| found.join(" "));
            Ok(said.contains(sign).then_some(()))
        })?;
    }
    Ok(())
}
