//! The writer thread, and the handle by which a recorder gives it a segment's bytes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use bytes::Bytes;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::volume::Shared;
use crate::Error;

/// Slices in one vectored write: the kernel takes 1024 at most.
const SLICES_MAX: usize = 1_024;

/// A file that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedFile {
    /// Its length.
    pub bytes: u64,
    /// Of all its bytes.
    pub sha256: [u8; 32],
}

/// What the thread is told.
pub(super) enum Command {
    Append { file: Arc<OpenFile>, parts: Vec<Bytes>, len: u64 },
    Seal { file: Arc<OpenFile>, done: oneshot::Sender<Result<SealedFile, Error>> },
}

/// A file between its creation and its seal. Only the writer thread locks `state`.
pub(super) struct OpenFile {
    path: String,
    queued: AtomicU64,
    failed: Mutex<Option<Error>>,
    state: Mutex<FileState>,
}

#[derive(Default)]
struct FileState {
    file: Option<File>,
    len: u64,
    hash: Sha256,
}

/// The recorder's handle of a segment's file. Dropping it leaves the file as it is.
pub struct SegmentWriter {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    file: Arc<OpenFile>,
}

impl SegmentWriter {
    pub(super) fn create(shared: Arc<Shared>, commands: mpsc::Sender<Command>, path: &str) -> Self {
        let file = OpenFile {
            path: path.to_owned(),
            queued: AtomicU64::new(0),
            failed: Mutex::new(None),
            state: Mutex::default(),
        };
        Self { shared, commands, file: Arc::new(file) }
    }

    /// Hands over bytes to be appended: all of `parts` in one write, or none. Never waits.
    ///
    /// # Errors
    /// [`Error::Overloaded`] past the bounds (nothing was taken; what was taken before is still
    /// written), or the disk's failure at an earlier append: the file then ends with a whole append.
    pub fn append(&self, parts: Vec<Bytes>) -> Result<(), Error> {
        if let Some(error) = self.file.failed.lock().clone() {
            return Err(error);
        }
        let len: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let options = &self.shared.options;
        let of_file = self.file.queued.load(Ordering::Relaxed) + len;
        let of_all = self.shared.queued.load(Ordering::Relaxed) + len;
        if of_file > options.file_queue_max_bytes || of_all > options.queue_max_bytes {
            return Err(Error::Overloaded { queued: of_all });
        }
        self.file.queued.fetch_add(len, Ordering::Relaxed);
        self.shared.queued.fetch_add(len, Ordering::Relaxed);
        self.shared.metrics.queued.add(i64::try_from(len).unwrap_or(i64::MAX));
        let command = Command::Append { file: Arc::clone(&self.file), parts, len };
        self.commands.send(command).map_err(|_| Error::Closed)
    }

    /// Ends the file once all that was handed over is written. Dropping the future does not undo it.
    ///
    /// # Errors
    /// The disk's failure at any append; the file then ends with a whole append.
    pub async fn seal(self) -> Result<SealedFile, Error> {
        let (done, sealed) = oneshot::channel();
        let command = Command::Seal { file: Arc::clone(&self.file), done };
        self.commands.send(command).map_err(|_| Error::Closed)?;
        sealed.await.map_err(|_| Error::Closed)?
    }
}

/// The writer thread's loop; it ends when the last handle has gone and all is written.
pub(super) fn run(shared: &Shared, inbox: &mpsc::Receiver<Command>) {
    while let Ok(command) = inbox.recv() {
        match command {
            Command::Append { file, parts, len } => {
                if !shared.options.write_delay.is_zero() {
                    std::thread::sleep(shared.options.write_delay);
                }
                if file.failed.lock().is_none() {
                    append(shared, &file, parts, len);
                }
                file.queued.fetch_sub(len, Ordering::Relaxed);
                shared.queued.fetch_sub(len, Ordering::Relaxed);
                shared.metrics.queued.sub(i64::try_from(len).unwrap_or(i64::MAX));
            }
            Command::Seal { file, done } => {
                let result = match file.failed.lock().clone() {
                    Some(error) => Err(error),
                    None => Ok(file.state.lock().seal()),
                };
                // Nobody waits any more when the recorder was cancelled: repair finds the file whole.
                let _ = done.send(result);
            }
        }
    }
}

fn append(shared: &Shared, file: &OpenFile, parts: Vec<Bytes>, len: u64) {
    let mut state = file.state.lock();
    match state.append(shared, &file.path, parts, len) {
        Ok(()) => {
            shared.metrics.written.inc_by(len);
            shared.dirty.store(true, Ordering::Release);
            shared.report(Ok(()));
        }
        Err(error) => {
            tracing::error!(path = %file.path, err = %error, "segment cannot be written");
            // Back to the last whole append; where even that fails, repair does it at the next start.
            if let Some(open) = &state.file {
                let _ = open.set_len(state.len);
            }
            *file.failed.lock() = Some(error.clone());
            shared.report(Err(&error));
        }
    }
}

impl FileState {
    fn append(
        &mut self,
        shared: &Shared,
        path: &str,
        parts: Vec<Bytes>,
        len: u64,
    ) -> Result<(), Error> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                // A disk that is not mounted must not fill the system's.
                shared.check()?;
                let path = shared.root.join(path);
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                none.insert(OpenOptions::new().write(true).create_new(true).open(path)?)
            }
        };
        write_all(file, &parts)?;
        parts.iter().for_each(|part| self.hash.update(part));
        self.len += len;
        Ok(())
    }

    fn seal(&mut self) -> SealedFile {
        self.file = None;
        let hash = std::mem::take(&mut self.hash);
        SealedFile { bytes: self.len, sha256: hash.finalize().into() }
    }
}

fn write_all(file: &mut File, parts: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        let now = rest.len().min(SLICES_MAX);
        let written = match file.write_vectored(rest.get(..now).unwrap_or_default()) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        IoSlice::advance_slices(&mut rest, written);
    }
    Ok(())
}
