//! The RTSP server, judged by players and publishers that we did not write.

mod clients;
mod doors;
mod jpeg;
mod publishers;
mod slow;

use std::time::Duration;

use anyhow::Result;
use e2e::{Server, Simulator, output, tool, wait_for};

pub(crate) const SOON: Duration = Duration::from_secs(40);

/// A server with the cameras `cam1` and so on of a simulator, held.
pub(crate) fn server(cameras: &Simulator, count: usize, yaml: &str) -> Result<Server> {
    let camera = |number| {
        let url = cameras.url(number);
        format!("  - {{ id: cam{number}, url: \"{url}\", record: {{ mode: off }} }}\n")
    };
    let list: String = (1..=count).map(camera).collect();
    Server::new(&format!("{yaml}\ncameras:\n{list}"))
}

/// Waits until a path is fed: a player gets its description.
pub(crate) fn wait_fed(url: &str) -> Result<String> {
    wait_for(url, SOON, || {
        let mut ffprobe = tool("ffprobe")?;
        ffprobe.args(["-v", "error", "-rtsp_transport", "tcp", "-show_entries"]);
        let (names, _) = output(ffprobe.args(["stream=codec_name", "-of", "csv=p=0", url]))?;
        let names: Vec<&str> =
            names.split_whitespace().map(|name| name.trim_end_matches(',')).collect();
        Ok(Some(names.join(" ")))
    })
}

/// What ffmpeg complains of while it decodes so many seconds.
pub(crate) fn ffmpeg(url: &str, transport: &str, seconds: &str) -> Result<String> {
    let mut ffmpeg = tool("ffmpeg")?;
    ffmpeg.args(["-v", "warning", "-rtsp_transport", transport, "-i", url]);
    // In the time base of the stream: the first group lies in a tenth of a second.
    ffmpeg.args(["-t", seconds, "-enc_time_base", "-1", "-fps_mode", "passthrough"]);
    let read = output(ffmpeg.args(["-f", "null", "-"]));
    Ok(read.map_or_else(|error| error.to_string(), |(_, complaints)| complaints))
}
