//! Who publishes: ffmpeg and GStreamer, over TCP and UDP.

use anyhow::{Result, ensure};
use e2e::{Process, Server, tool};

use super::{ffmpeg, wait_fed};

fn publisher(url: &str, transport: &str, log: &std::path::Path) -> Result<Process> {
    let mut ffmpeg = tool("ffmpeg")?;
    ffmpeg.args(["-v", "error", "-re", "-f", "lavfi", "-i", "testsrc=s=320x240:r=15"]);
    ffmpeg.args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-c:v", "libx264"]);
    ffmpeg.args(["-preset", "ultrafast", "-g", "15", "-pix_fmt", "yuv420p", "-c:a", "aac"]);
    ffmpeg.args(["-f", "rtsp", "-rtsp_transport", transport, url]);
    Process::start(&mut ffmpeg, log)
}

#[test]
fn what_ffmpeg_publishes_is_read_like_any_other_stream() -> Result<()> {
    let mut server = Server::new("live: { paths: { all_others: { publish: true } } }")?;
    server.start()?;
    let folder = tempfile::tempdir()?;
    for transport in ["tcp", "udp"] {
        let url = format!("rtsp://{}/metro_{transport}", server.listener("rtsp")?);
        let log = folder.path().join(transport);
        let mut publisher = publisher(&url, transport, &log)?;
        ensure!(wait_fed(&url)? == "h264 aac", "{}", std::fs::read_to_string(&log)?);
        for reader in ["tcp", "udp"] {
            let said = ffmpeg(&url, reader, "3")?;
            ensure!(
                said.trim().is_empty(),
                "published over {transport}, read over {reader}: {said}"
            );
        }
        ensure!(publisher.ended()?.is_none(), "{}", std::fs::read_to_string(&log)?);
    }
    server.stop()
}
