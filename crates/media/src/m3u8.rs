//! HLS playlists (RFC 8216), written.

use std::fmt::Write;
use std::time::Duration;

use base::Wall;

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

/// A segment of a media playlist.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its address, relative to the playlist.
    pub uri: String,
    /// Its duration.
    pub duration: Duration,
    /// Wall time of its first picture.
    pub start: Wall,
    /// The initialisation segment it needs; `None` for MPEG-TS, which needs none.
    pub init: Option<String>,
    /// True when it does not continue the one before.
    pub discontinuity: bool,
}

/// A media playlist of fMP4 or MPEG-TS segments.
#[derive(Clone, Debug, PartialEq)]
pub struct Media<'a> {
    /// Number of the first segment.
    pub sequence: u64,
    /// Discontinuities that have left the playlist.
    pub discontinuity_sequence: u64,
    /// At least the longest duration of any segment; it should not change in a live playlist.
    pub target: Duration,
    /// The segments.
    pub segments: &'a [Segment],
    /// True when no more will come.
    pub ended: bool,
}

impl Media<'_> {
    /// The playlist's text.
    #[must_use]
    pub fn write(&self) -> String {
        let longest =
            self.segments.iter().map(|segment| segment.duration).max().unwrap_or_default();
        // EXTINF rounded to the nearest second must not exceed it (section 4.3.3.1).
        let target = self.target.max(longest).as_secs_f64().round().max(1.0);
        // Without a map players of version 3 are enough (section 7).
        let version =
            if self.segments.iter().any(|segment| segment.init.is_some()) { 7 } else { 3 };
        let mut out = format!(
            "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{target:.0}\n#EXT-X-MEDIA-SEQUENCE:{}\n",
            self.sequence
        );
        if self.discontinuity_sequence > 0 {
            let _ = writeln!(out, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence);
        }
        out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
        let mut init = None;
        for segment in self.segments {
            if segment.discontinuity {
                out.push_str("#EXT-X-DISCONTINUITY\n");
            }
            if let Some(uri) = segment.init.as_deref().filter(|uri| init != Some(*uri)) {
                init = Some(uri);
                let _ = writeln!(out, "#EXT-X-MAP:URI=\"{uri}\"");
            }
            let _ = writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:{}", segment.start);
            let _ =
                writeln!(out, "#EXTINF:{:.5},\n{}", segment.duration.as_secs_f64(), segment.uri);
        }
        if self.ended {
            out.push_str("#EXT-X-ENDLIST\n");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_media_playlist_says_what_it_was_given() {
        let segment = |number: i64, discontinuity| Segment {
            uri: format!("seg{number}.m4s"),
            duration: Duration::from_millis(2_000),
            start: Wall::from_micros(1_736_949_600_000_000 + number * 2_000_000),
            init: Some(if number < 2 { "init1.mp4".into() } else { "init2.mp4".into() }),
            discontinuity,
        };
        let segments = [segment(0, false), segment(1, false), segment(2, true)];
        let target = Duration::from_secs(1);
        let media = Media {
            sequence: 7,
            discontinuity_sequence: 0,
            target,
            segments: &segments,
            ended: false,
        };
        let text = media.write();
        let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
        assert_eq!((read.media_sequence, read.target_duration), (7, 2));
        assert_eq!(read.segments.len(), 3);
        assert!(read.segments[2].discontinuity && read.segments[2].map.is_some());
        assert!(read.segments[1].map.is_none() && !read.end_list);
        assert!(text.contains("#EXT-X-PROGRAM-DATE-TIME:2025-01-15T14:00:02.000Z"), "{text}");
    }

    #[test]
    fn a_playlist_of_transport_streams_has_no_map_and_marks_where_it_breaks() {
        let segment = |epoch: i64, discontinuity| Segment {
            uri: format!("segment_{epoch}.ts"),
            duration: Duration::from_millis(10_040),
            start: Wall::from_micros(epoch * 1_000_000),
            init: None,
            discontinuity,
        };
        let segments = [segment(1_736_949_600, false), segment(1_736_949_620, true)];
        let media = Media {
            sequence: 3,
            discontinuity_sequence: 2,
            target: Duration::from_secs(10),
            segments: &segments,
            ended: true,
        };
        let text = media.write();
        let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
        assert_eq!((read.version, read.target_duration, read.end_list), (Some(3), 10, true));
        assert!(read.segments.iter().all(|segment| segment.map.is_none()));
        assert!(!read.segments[0].discontinuity && read.segments[1].discontinuity);
        assert!(read.segments[1].program_date_time.is_some(), "{text}");
    }

    #[test]
    fn a_multivariant_playlist_names_codecs_and_size() {
        let playlist = Multivariant {
            uri: "main_stream.m3u8",
            codecs: "avc1.42c01e",
            bandwidth: 600_000,
            resolution: Some((640, 480)),
            frame_rate: Some(15.0),
        };
        let (_, read) = m3u8_rs::parse_master_playlist(playlist.write().as_bytes()).unwrap();
        let variant = &read.variants[0];
        assert_eq!(variant.codecs.as_deref(), Some("avc1.42c01e"));
        assert_eq!(variant.resolution.unwrap().width, 640);
    }
}
