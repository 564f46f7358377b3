//! What a recorder of MPEG-TS leaves for players that follow it: the rolling playlist of the newest
//! segments, and their files. Blocks on the disk.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use base::CameraId;
use bytes::Bytes;

const NAME: &str = "live.m3u8";
const PLAYLIST_LEN_MAX: u64 = 64 << 10;
/// A segment of a minute at 30 Mbit/s fits.
const SEGMENT_LEN_MAX: u64 = 256 << 20;
/// A playlist that has not changed for so many of its longest segments belongs to a recording that
/// has stopped.
const STALE_AFTER_SEGMENTS: u64 = 4;

/// The playlist of a camera that is being recorded as MPEG-TS; `None` where it is not.
#[must_use]
pub fn playlist(root: &Path, camera: &CameraId) -> Option<String> {
    let file = File::open(root.join(camera.as_str()).join(NAME)).ok()?;
    let age = file.metadata().ok()?.modified().ok()?.elapsed().unwrap_or_default();
    let mut text = String::new();
    file.take(PLAYLIST_LEN_MAX).read_to_string(&mut text).ok()?;
    let target = text.lines().find_map(|line| line.strip_prefix("#EXT-X-TARGETDURATION:"))?;
    let target: u64 = target.parse().ok()?;
    let fresh = age <= Duration::from_secs(target.saturating_mul(STALE_AFTER_SEGMENTS));
    fresh.then_some(text)
}

/// A segment's bytes. The caller has found `path`, relative to the root, in the catalogue.
///
/// # Errors
/// When the file cannot be read, or is larger than any segment that is followed live.
pub fn segment(root: &Path, path: &str) -> std::io::Result<Bytes> {
    let path = root.join(path);
    if fs::metadata(&path)?.len() > SEGMENT_LEN_MAX {
        return Err(std::io::Error::other("larger than a segment that is followed live"));
    }
    fs::read(path).map(Bytes::from)
}
