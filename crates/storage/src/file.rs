//! What a segment's file holds and where it is torn, whatever its container. Blocks on the disk.

use std::fs::File;
use std::path::Path;

use media::{Tracks, mp4, ts};

/// A file that can be played up to `valid_len`.
#[derive(Clone, Debug)]
pub struct Playable {
    /// What it holds.
    pub tracks: Tracks,
    /// The end of what is whole: it may be cut here.
    pub valid_len: u64,
    /// True when there is more, which is not whole.
    pub torn: bool,
    /// Of the leading track, in microseconds.
    pub duration_us: i64,
}

/// What was found.
#[derive(Clone, Debug)]
pub enum Found {
    /// Something to play.
    Playable(Playable),
    /// No picture, but nothing wrong either.
    Nothing,
    /// Bytes that cannot be played.
    Unplayable,
}

/// Reads `file`, whose container is known by the name's ending.
///
/// # Errors
/// When the bytes cannot be had.
pub fn look(path: &Path, file: &File) -> std::io::Result<Found> {
    let len = file.metadata()?.len();
    if len == 0 {
        return Ok(Found::Nothing);
    }
    if path.extension().is_some_and(|extension| extension == "ts") {
        let Some(index) = ts::scan(file, len)? else {
            return Ok(if len < TS_HEAD { Found::Nothing } else { Found::Unplayable });
        };
        return Ok(Found::Playable(Playable {
            valid_len: index.valid_len,
            torn: index.tail != ts::Tail::Clean,
            duration_us: index.duration_micros(),
            tracks: index.tracks,
        }));
    }
    let index = match mp4::Index::scan(file, len) {
        Ok(index) => index,
        Err(mp4::Error::Io(error)) => return Err(error),
        Err(_) => return Ok(Found::Unplayable),
    };
    // A header alone: nothing was recorded.
    if index.fragments.is_empty() {
        return Ok(Found::Nothing);
    }
    Ok(Found::Playable(Playable {
        valid_len: index.valid_len,
        torn: index.tail != mp4::Tail::Clean,
        duration_us: index.duration_micros(),
        tracks: index.init.tracks,
    }))
}

/// Tables and the beginning of one picture: what a crash leaves of a file that had just been begun.
const TS_HEAD: u64 = 64 << 10;
