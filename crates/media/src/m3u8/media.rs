//! A media playlist, with parts where it is one of low latency.
//!
//! Sections are those of draft-pantos-hls-rfc8216bis.

use std::fmt::Write;
use std::time::Duration;

use base::Wall;

/// A part of a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its address, relative to the playlist.
    pub uri: String,
    /// Its duration.
    pub duration: Duration,
    /// True when a decoder may start with it.
    pub independent: bool,
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
    /// Its parts, where the playlist still names them.
    pub parts: Vec<Part>,
}

/// What a playlist of low latency says beside.
#[derive(Clone, Debug, PartialEq)]
pub struct LowLatency {
    /// No part lasts longer.
    pub part_target: Duration,
    /// The segment that has not ended, once it has a part; its address and duration are not written.
    pub open: Option<Segment>,
    /// Address of the part that comes next.
    pub next: String,
    /// True for a playlist that leaves out what its reader knows from before (section 6.2.5.1).
    pub is_delta: bool,
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
    /// The segments that have ended.
    pub segments: &'a [Segment],
    /// True when no more will come.
    pub ended: bool,
    /// Its parts; `None` for a playlist of segments alone.
    pub low_latency: Option<LowLatency>,
}

/// A skip boundary is at least this many target durations before the end (section 4.4.3.8).
const SKIP_TARGETS: u64 = 6;
/// A player stays this many parts behind the end (section 4.4.3.8).
const HOLD_BACK_PARTS: u32 = 3;

impl Media<'_> {
    /// The playlist's text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::with_capacity(512 + self.segments.len() * 160);
        let skipped = self.head(&mut out);
        let mut init = None;
        for segment in self.segments.iter().skip(skipped) {
            segment.head(&mut out, &mut init);
            let _ =
                writeln!(out, "#EXTINF:{:.5},\n{}", segment.duration.as_secs_f64(), segment.uri);
        }
        if let Some(low_latency) = &self.low_latency {
            if let Some(open) = &low_latency.open {
                open.head(&mut out, &mut init);
            }
            let _ = writeln!(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}\"", low_latency.next);
        }
        if self.ended {
            out.push_str("#EXT-X-ENDLIST\n");
        }
        out
    }

    /// EXTINF rounded to the nearest second must not exceed it (section 4.4.3.1).
    fn target_secs(&self) -> u64 {
        let longest =
            self.segments.iter().map(|segment| segment.duration).max().unwrap_or_default();
        let millis = self.target.max(longest).as_millis();
        u64::try_from((millis + 500) / 1_000).unwrap_or(u64::MAX).max(1)
    }

    /// What stands before the segments; how many of them are left out.
    fn head(&self, out: &mut String) -> usize {
        // Without a map players of version 3 are enough (section 8); skipping needs version 9.
        let has_map = self.segments.iter().any(|segment| segment.init.is_some());
        let version = match &self.low_latency {
            Some(_) => 9,
            None if has_map => 7,
            None => 3,
        };
        let target = self.target_secs();
        let _ = writeln!(
            out,
            "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{}",
            self.sequence
        );
        if self.discontinuity_sequence > 0 {
            let _ = writeln!(out, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence);
        }
        out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
        let Some(low_latency) = &self.low_latency else { return 0 };
        let part = low_latency.part_target.as_secs_f64();
        let _ = writeln!(
            out,
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={:.3},CAN-SKIP-UNTIL={:.1}\n#EXT-X-PART-INF:PART-TARGET={part:.3}",
            part * f64::from(HOLD_BACK_PARTS),
            Duration::from_secs(target * SKIP_TARGETS).as_secs_f64()
        );
        let skipped = if low_latency.is_delta { self.skipped(low_latency, target) } else { 0 };
        if skipped > 0 {
            let _ = writeln!(out, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}");
        }
        skipped
    }

    /// How many of the first segments end before the skip boundary.
    fn skipped(&self, low_latency: &LowLatency, target: u64) -> usize {
        let boundary = Duration::from_secs(target * SKIP_TARGETS);
        let parts = low_latency.open.iter().flat_map(|open| &open.parts);
        let mut behind: Duration = parts.map(|part| part.duration).sum();
        let mut kept = 0;
        for segment in self.segments.iter().rev() {
            if behind > boundary {
                break;
            }
            behind += segment.duration;
            kept += 1;
        }
        self.segments.len() - kept
    }
}

impl Segment {
    /// All of it but its address.
    fn head<'a>(&'a self, out: &mut String, init: &mut Option<&'a str>) {
        if self.discontinuity {
            out.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if let Some(uri) = self.init.as_deref().filter(|uri| *init != Some(*uri)) {
            *init = Some(uri);
            let _ = writeln!(out, "#EXT-X-MAP:URI=\"{uri}\"");
        }
        let _ = writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:{}", self.start);
        for part in &self.parts {
            let independent = if part.independent { ",INDEPENDENT=YES" } else { "" };
            let duration = part.duration.as_secs_f64();
            let _ = writeln!(
                out,
                "#EXT-X-PART:DURATION={duration:.5},URI=\"{}\"{independent}",
                part.uri
            );
        }
    }
}
