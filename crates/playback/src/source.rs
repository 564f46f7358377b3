//! A segment's file as bytes of fragmented MP4: as it is, or made of another container when it is read.

use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use media::mp4::ReadAt;
use parking_lot::Mutex;

use crate::{Error, transport};

/// What was last made of a file, by the file's number: readers go from front to back.
pub(crate) type Unpacked = Mutex<Option<(usize, Bytes)>>;

/// An open segment.
pub(crate) enum Source {
    /// Fragmented MP4.
    Mp4(File),
    /// MPEG-TS, which becomes fragmented MP4 as a whole.
    Ts(File),
}

impl Source {
    pub(crate) fn new(path: &Path, file: File) -> Self {
        if path.extension().is_some_and(|extension| extension == "ts") {
            Self::Ts(file)
        } else {
            Self::Mp4(file)
        }
    }

    /// Fills `part` from `offset` on. `number` is this file's among those that share `unpacked`.
    pub(crate) fn read(
        &self,
        number: usize,
        unpacked: &Unpacked,
        offset: u64,
        part: &mut [u8],
    ) -> Result<(), Error> {
        let unreadable = |error: std::io::Error| Error::Unreadable(error.to_string());
        match self {
            Self::Mp4(file) => file.read_exact_at(offset, part).map_err(unreadable),
            Self::Ts(file) => {
                let bytes = unpack(file, number, unpacked)?;
                bytes[..].read_exact_at(offset, part).map_err(unreadable)
            }
        }
    }
}

/// A file as fragmented MP4, made once while it is the one that is read.
pub(crate) fn unpack(file: &File, number: usize, unpacked: &Unpacked) -> Result<Bytes, Error> {
    let mut last = unpacked.lock();
    if let Some((known, bytes)) = &*last
        && *known == number
    {
        return Ok(bytes.clone());
    }
    let bytes = transport::to_fmp4(file)?;
    *last = Some((number, bytes.clone()));
    Ok(bytes)
}
