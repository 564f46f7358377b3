//! The rolling playlist next to MPEG-TS segments: `<camera>/live.m3u8`, the newest few. Its state is
//! the file itself, so that numbers go on after a restart.

use std::collections::VecDeque;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::Wall;
use media::m3u8::{Media, Segment};

/// Its name.
pub const NAME: &str = "live.m3u8";
const FILE_LEN_MAX: u64 = 64 << 10;
/// Segments that end and begin within this touch.
const TOUCHING_MICROS: i64 = 500_000;

/// A sealed segment as the playlist needs it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sealed {
    /// Relative to the camera's folder.
    pub(crate) uri: String,
    pub(crate) start: Wall,
    pub(crate) duration_us: i64,
    pub(crate) codecs: String,
}

/// One camera's playlist.
#[derive(Debug)]
pub(crate) struct Rolling {
    folder: PathBuf,
    keep: usize,
    target: Duration,
    sequence: u64,
    discontinuities_gone: u64,
    entries: VecDeque<Segment>,
    /// Of the newest entry; `None` at the beginning: the next one does not continue it.
    last: Option<(Wall, String)>,
}

impl Rolling {
    /// The playlist in a camera's folder, which is read when the first segment is added.
    pub(crate) fn new(folder: PathBuf, keep: usize, target: Duration) -> Self {
        Self {
            folder,
            keep: keep.max(3),
            target,
            sequence: 0,
            discontinuities_gone: 0,
            entries: VecDeque::new(),
            last: None,
        }
    }

    /// Goes on where the file ends.
    fn read(&mut self) {
        let mut text = String::new();
        if let Ok(file) = fs::File::open(self.folder.join(NAME)) {
            // One that cannot be read is begun anew.
            let _ = file.take(FILE_LEN_MAX).read_to_string(&mut text);
        }
        (self.sequence, self.discontinuities_gone, self.entries) = parse(&text);
    }

    /// Adds a segment and writes the file anew, whole or not at all. Blocks on the disk.
    pub(crate) fn add(&mut self, sealed: Sealed) -> std::io::Result<()> {
        if self.last.is_none() {
            self.read();
        }
        let continues = self.last.as_ref().is_some_and(|(end, codecs)| {
            sealed.start.micros_since(*end).abs() <= TOUCHING_MICROS && *codecs == sealed.codecs
        });
        let end = sealed.start.plus_micros(sealed.duration_us);
        self.last = Some((end, sealed.codecs));
        self.entries.push_back(Segment {
            uri: sealed.uri,
            duration: Duration::from_micros(sealed.duration_us.unsigned_abs()),
            start: sealed.start,
            init: None,
            discontinuity: !continues && !self.entries.is_empty(),
            parts: Vec::new(),
        });
        while self.entries.len() > self.keep {
            let gone = self.entries.pop_front();
            self.sequence += 1;
            self.discontinuities_gone += u64::from(gone.is_some_and(|gone| gone.discontinuity));
        }
        let text = Media {
            sequence: self.sequence,
            discontinuity_sequence: self.discontinuities_gone,
            target: self.target,
            segments: self.entries.make_contiguous(),
            ended: false,
            low_latency: None,
        }
        .write();
        write_whole(&self.folder, &text)
    }
}

/// Removes the playlist of a camera that is no longer recorded as MPEG-TS. Blocks on the disk.
pub(crate) fn remove(folder: &Path) {
    // There may be none.
    let _ = fs::remove_file(folder.join(NAME));
}

fn write_whole(folder: &Path, text: &str) -> std::io::Result<()> {
    let new = folder.join(format!(".{NAME}"));
    fs::write(&new, text)?;
    fs::rename(new, folder.join(NAME))
}

/// Reads a playlist of ours: the number of its first segment, discontinuities gone, segments. What is
/// not understood is left out.
fn parse(text: &str) -> (u64, u64, VecDeque<Segment>) {
    let (mut sequence, mut gone, mut entries) = (0, 0, VecDeque::new());
    let (mut duration, mut start, mut discontinuity) = (None, None, false);
    for line in text.lines() {
        if let Some(number) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
            sequence = number.parse().unwrap_or(0);
        } else if let Some(number) = line.strip_prefix("#EXT-X-DISCONTINUITY-SEQUENCE:") {
            gone = number.parse().unwrap_or(0);
        } else if line == "#EXT-X-DISCONTINUITY" {
            discontinuity = true;
        } else if let Some(time) = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:") {
            start = Wall::parse(time).ok();
        } else if let Some(seconds) = line.strip_prefix("#EXTINF:") {
            let seconds = seconds.trim_end_matches(',').parse::<f64>().ok();
            duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        } else if !line.starts_with('#')
            && let (Some(duration), Some(start)) = (duration.take(), start.take())
        {
            let (uri, discontinuity) = (line.to_owned(), std::mem::take(&mut discontinuity));
            let (init, parts) = (None, Vec::new());
            entries.push_back(Segment { uri, duration, start, init, discontinuity, parts });
        }
    }
    (sequence, gone, entries)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn sealed(number: i64) -> Sealed {
        Sealed {
            uri: format!("2025/01/15/14/segment_{number}.ts"),
            start: Wall::from_micros(1_736_949_600_000_000 + number * 10_000_000),
            duration_us: 10_000_000,
            codecs: "avc1.42c016".to_owned(),
        }
    }

    fn lines(folder: &Path, of: &str) -> Vec<String> {
        let text = fs::read_to_string(folder.join(NAME)).unwrap();
        text.lines().filter(|line| line.contains(of)).map(str::to_owned).collect()
    }

    #[test]
    fn numbers_go_on_after_a_restart_and_the_break_is_marked() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Rolling::new(dir.path().to_owned(), 3, Duration::from_secs(10));
        let mut rolling = open();
        (0..5).for_each(|number| rolling.add(sealed(number)).unwrap());
        assert_eq!(lines(dir.path(), "MEDIA-SEQUENCE"), ["#EXT-X-MEDIA-SEQUENCE:2"]);
        assert_eq!(lines(dir.path(), ".ts").len(), 3);
        assert!(lines(dir.path(), "DISCONTINUITY").is_empty());
        open().add(sealed(5)).unwrap();
        assert_eq!(lines(dir.path(), "MEDIA-SEQUENCE"), ["#EXT-X-MEDIA-SEQUENCE:3"]);
        assert_eq!(lines(dir.path(), "DISCONTINUITY"), ["#EXT-X-DISCONTINUITY"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[ -~\n]{0,300}") {
            let _ = parse(&text);
            let _ = parse(&format!("#EXT-X-MEDIA-SEQUENCE:{text}\n#EXTINF:{text}\n"));
        }
    }
}
