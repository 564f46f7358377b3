//! M-JPEG over RTP: from a publisher, from a camera, and to players.

use anyhow::{Result, ensure};
use e2e::{Process, Server, tool};

use super::{ffmpeg, wait_fed};

fn publisher(url: &str, pixels: &str, log: &std::path::Path) -> Result<Process> {
    let mut ffmpeg = tool("ffmpeg")?;
    ffmpeg.args(["-v", "error", "-re", "-f", "lavfi", "-i", "testsrc=s=648x360:r=15"]);
    // RTP knows the standard Huffman tables only.
    ffmpeg.args(["-c:v", "mjpeg", "-huffman", "default", "-pix_fmt", pixels]);
    ffmpeg.args(["-f", "rtsp", "-rtsp_transport", "tcp", url]);
    Process::start(&mut ffmpeg, log)
}

#[test]
fn pictures_of_m_jpeg_are_published_read_and_pulled_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("publisher");
    let mut first = Server::new("live: { paths: { all_others: { publish: true } } }")?;
    first.start()?;
    let url = format!("rtsp://{}/x", first.listener("rtsp")?);
    let mut publisher = publisher(&url, "yuvj420p", &log)?;
    ensure!(wait_fed(&url)? == "mjpeg", "{}", std::fs::read_to_string(&log)?);
    let mut second = Server::new(&format!(
        "cameras:\n  - {{ id: cam1, url: \"{url}\", record: {{ mode: off }} }}\n"
    ))?;
    second.start()?;
    let pulled = format!("rtsp://{}/cam1", second.listener("rtsp")?);
    ensure!(wait_fed(&pulled)? == "mjpeg", "{}", second.log());
    for (url, transport) in [(&url, "tcp"), (&url, "udp"), (&pulled, "tcp")] {
        let said = ffmpeg(url, transport, "3")?;
        ensure!(said.trim().is_empty(), "{url} over {transport}: {said}");
    }
    ensure!(publisher.ended()?.is_none(), "{}", std::fs::read_to_string(&log)?);
    second.stop()?;
    first.stop()
}
