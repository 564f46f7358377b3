//! HLS playlists (RFC 8216, and its second edition where parts are concerned), written.

mod media;

use std::fmt::Write;

pub use media::{LowLatency, Media, Part, Segment};

/// A multivariant playlist of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Multivariant<'a> {
    /// Address of the media playlist, relative to this one.
    pub uri: &'a str,
    /// Codecs as RFC 6381 lists them.
    pub codecs: &'a str,
    /// Bits a second at the peak.
    pub bandwidth: u64,
    /// Width and height in pixels, of video.
    pub resolution: Option<(u16, u16)>,
    /// Frames a second, where known.
    pub frame_rate: Option<f64>,
}

impl Multivariant<'_> {
    /// The playlist's text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        let bandwidth = self.bandwidth.max(1);
        let _ = write!(out, "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},CODECS=\"{}\"", self.codecs);
        if let Some((width, height)) = self.resolution {
            let _ = write!(out, ",RESOLUTION={width}x{height}");
        }
        if let Some(rate) = self.frame_rate {
            let _ = write!(out, ",FRAME-RATE={rate:.3}");
        }
        let _ = writeln!(out, "\n{}", self.uri);
        out
    }
}

#[cfg(test)]
mod tests;
