//! What is recorded, as one file: any range of a camera's segments as a progressive MP4.
//!
//! Takes files, knows no database. Sample data is never copied into a new file: the header is made of
//! the segments' indexes, the rest are slices of them, so that any range of bytes can be given at any
//! time. Reads files on blocking threads.

mod assemble;
pub mod rolling;
mod source;
mod transport;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use base::{ErrorKind, Wall};
use bytes::Bytes;
use media::mp4;
use source::{Source, Unpacked};

/// A segment to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentFile {
    /// Its file.
    pub path: PathBuf,
    /// Wall time of its first picture.
    pub start: Wall,
}

/// Why a range cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was recorded in the range.
    #[error("nothing was recorded then")]
    Empty,
    /// A range of more segments than one file should have.
    #[error("the range is too long for one file; ask for at most {0} segments")]
    TooLong(usize),
    /// A file is damaged or gone.
    #[error("a segment cannot be read: {0}")]
    Unreadable(String),
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Empty => ErrorKind::NotFound,
            Self::TooLong(_) => ErrorKind::Invalid,
            Self::Unreadable(_) => ErrorKind::Corrupt,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "nothing_recorded",
            Self::TooLong(_) => "range_too_long",
            Self::Unreadable(_) => "recording_unreadable",
        }
    }
}

/// Segments in one file, at most: a day of quarters of an hour, and of ten-second ones two hours.
pub const SEGMENTS_MAX: usize = 720;
/// Bytes that are read at once.
const READ_LEN: u64 = 256 << 10;

/// An MP4 that is put together while it is read. Cloning is cheap.
#[derive(Clone)]
pub struct Mp4 {
    shared: Arc<Shared>,
}

struct Shared {
    header: Bytes,
    len: u64,
    etag: String,
    files: Vec<Source>,
    /// What was last made of a file that is not read as it is.
    unpacked: Unpacked,
    /// In the order of the file: where each begins in it, and where its bytes lie.
    slices: Vec<Slice>,
}

#[derive(Clone, Copy)]
struct Slice {
    at: u64,
    file: usize,
    offset: u64,
    len: u64,
}

impl Mp4 {
    /// Puts together what `segments` (in order of time) hold of `start..end`. Pictures before `start`
    /// that are needed to show it are in the file and not shown; gaps are left out. Blocks on the disk.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn assemble(segments: &[SegmentFile], start: Wall, end: Wall) -> Result<Self, Error> {
        if segments.len() > SEGMENTS_MAX {
            return Err(Error::TooLong(SEGMENTS_MAX));
        }
        let assembled = assemble::assemble(segments, start, end)?;
        let unreadable = |error: mp4::Error| Error::Unreadable(error.to_string());
        let (header, len) = mp4::progressive::header(&assembled.layout).map_err(unreadable)?;
        let mut at = header.len() as u64;
        let mut slices: Vec<Slice> = Vec::with_capacity(assembled.slices.len());
        for (file, range) in assembled.slices {
            let slice = Slice { at, file, offset: range.start, len: range.end - range.start };
            at += slice.len;
            slices.push(slice);
        }
        // The header holds every size and time: the same header is the same file.
        let hash = header.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let etag = format!("\"{hash:016x}-{len:x}-{:x}\"", start.as_micros());
        Ok(Self {
            shared: Arc::new(Shared {
                header,
                len,
                etag,
                files: assembled.files,
                unpacked: assembled.unpacked,
                slices,
            }),
        })
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shared.len
    }

    /// Never: a file has at least its header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.len == 0
    }

    /// An HTTP entity tag: equal for equal bytes.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.shared.etag
    }

    /// The bytes from `range.start` on, at most a quarter of a mebibyte and never past `range.end`;
    /// empty at the end. Call it again from where it ended.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when a file has gone meanwhile.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes, Error> {
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || shared.read(range));
        read.await.map_err(|_| Error::Unreadable("the read was interrupted".to_owned()))?
    }
}

impl Shared {
    fn read(&self, range: Range<u64>) -> Result<Bytes, Error> {
        let end = range.end.min(self.len).min(range.start.saturating_add(READ_LEN));
        let Some(wanted) = end.checked_sub(range.start).filter(|len| *len > 0) else {
            return Ok(Bytes::new());
        };
        let mut out = vec![0; usize::try_from(wanted).unwrap_or(0)];
        let mut rest = out.as_mut_slice();
        let mut at = range.start;
        if let Some(header) = usize::try_from(at).ok().and_then(|at| self.header.get(at..)) {
            let count = header.len().min(rest.len());
            let (head, tail) = rest.split_at_mut(count);
            head.copy_from_slice(header.get(..count).unwrap_or_default());
            (rest, at) = (tail, at + count as u64);
        }
        let first = self.slices.partition_point(|slice| slice.at + slice.len <= at);
        for slice in self.slices.iter().skip(first) {
            if rest.is_empty() {
                break;
            }
            let skip = at - slice.at;
            let count = usize::try_from(slice.len - skip).unwrap_or(usize::MAX).min(rest.len());
            let (part, tail) = rest.split_at_mut(count);
            let file = self.files.get(slice.file).ok_or(Error::Empty)?;
            file.read(slice.file, &self.unpacked, slice.offset + skip, part)?;
            (rest, at) = (tail, at + count as u64);
        }
        Ok(out.into())
    }
}

#[cfg(test)]
mod tests;
