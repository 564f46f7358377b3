//! The volume: identity, handles, and the sync thread.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base::health::{Board, Health};
use parking_lot::{Condvar, Mutex};

use super::writer::{self, Command, SegmentWriter};
use crate::{Error, Metrics};

const ID_FILE: &str = ".vedette-volume";

/// What a volume is told.
#[derive(Clone, Debug)]
pub struct VolumeOptions {
    /// Written data reaches the disk at least this often.
    pub durability: Duration,
    /// Bytes of all files that may wait to be written.
    pub queue_max_bytes: u64,
    /// Bytes of one file that may wait to be written.
    pub file_queue_max_bytes: u64,
    /// A delay before each write, by which tests make a slow disk.
    #[doc(hidden)]
    pub write_delay: Duration,
}

impl Default for VolumeOptions {
    fn default() -> Self {
        Self {
            durability: Duration::from_secs(1),
            queue_max_bytes: 256 << 20,
            file_queue_max_bytes: 16 << 20,
            write_delay: Duration::ZERO,
        }
    }
}

/// A volume. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Volume {
    pub(super) shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
}

/// What the handles, the writer thread and the sync thread share.
pub(super) struct Shared {
    pub(super) root: PathBuf,
    /// What its `.vedette-volume` must say.
    id: String,
    pub(super) options: VolumeOptions,
    pub(super) metrics: Metrics,
    pub(super) queued: AtomicU64,
    pub(super) dirty: AtomicBool,
    board: Board,
    closed: Mutex<bool>,
    wake: Condvar,
}

/// Makes the root where it is missing and reads the volume's id; writes a new one where there is none
/// and `known` is none either.
///
/// # Errors
/// [`Error::WrongVolume`] when the id differs from `known` or is missing although one is known: the
/// disk that was here is not mounted. Else the disk's own failure.
pub fn probe(root: &Path, known: Option<&str>) -> Result<String, Error> {
    let wrong = || Error::WrongVolume { root: root.display().to_string() };
    let id_file = root.join(ID_FILE);
    match (fs::read_to_string(&id_file), known) {
        (Ok(found), None) if !found.trim().is_empty() => Ok(found.trim().to_owned()),
        (Ok(found), Some(known)) if found.trim() == known => Ok(found.trim().to_owned()),
        (Ok(_), Some(_)) => Err(wrong()),
        (Err(error), _) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        (Err(_), Some(_)) => Err(wrong()),
        (_, None) => {
            fs::create_dir_all(root)?;
            let id = base::id::random_hex();
            fs::write(&id_file, format!("{id}\n"))?;
            Ok(id)
        }
    }
}

impl Volume {
    /// Opens the volume `id` at `root` and starts its two threads. It may be away now, and come back:
    /// each new file asks for it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn open(
        root: &Path,
        id: String,
        options: VolumeOptions,
        metrics: Metrics,
        board: Board,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            id,
            options,
            metrics,
            queued: AtomicU64::new(0),
            dirty: AtomicBool::new(false),
            board,
            closed: Mutex::new(false),
            wake: Condvar::new(),
        });
        let (commands, inbox) = mpsc::channel();
        let writing = Arc::clone(&shared);
        let spawn = |name: &str| std::thread::Builder::new().name(name.to_owned());
        spawn("disk-write").spawn(move || {
            writer::run(&writing, &inbox);
            writing.close();
        })?;
        let syncing = Arc::clone(&shared);
        spawn("disk-sync").spawn(move || syncing.sync_loop())?;
        match shared.check() {
            Ok(()) => shared.report(Ok(())),
            Err(error) => shared.report(Err(&error)),
        }
        Ok(Self { shared, commands })
    }

    /// Begins a segment's file at `path`, relative to the root. Never waits: a failure shows at the
    /// next append or at the seal.
    #[must_use]
    pub fn create(&self, path: &str) -> SegmentWriter {
        SegmentWriter::create(Arc::clone(&self.shared), self.commands.clone(), path)
    }

    /// Brings all that is written to the disk now; for an orderly stop. Blocks on the disk.
    ///
    /// # Errors
    /// The disk's failure.
    pub fn sync(&self) -> Result<(), Error> {
        let directory = File::open(&self.shared.root)?;
        rustix::fs::syncfs(directory).map_err(|error| Error::from(std::io::Error::from(error)))
    }

    /// Asks whether the volume is there. Blocks on the disk.
    ///
    /// # Errors
    /// [`Error::WrongVolume`] while it is away, or another one is in its place.
    pub fn check(&self) -> Result<(), Error> {
        self.shared.check()
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.shared.root
    }
}

impl Shared {
    pub(super) fn check(&self) -> Result<(), Error> {
        probe(&self.root, Some(&self.id)).map(|_| ())
    }

    /// Shows the disk's state to whoever reads the board.
    pub(super) fn report(&self, result: Result<(), &Error>) {
        match result {
            Ok(()) => self.board.set("disk", Health::Healthy, ""),
            Err(error) => {
                self.metrics.errors.inc();
                self.board.set("disk", Health::Degraded, error.code());
            }
        }
    }

    fn close(&self) {
        *self.closed.lock() = true;
        self.wake.notify_all();
    }

    /// One call for the whole volume, each `durability` in which something was written.
    fn sync_loop(&self) {
        loop {
            let mut closed = self.closed.lock();
            if !*closed {
                self.wake.wait_for(&mut closed, self.options.durability);
            }
            let last = *closed;
            drop(closed);
            if self.dirty.swap(false, Ordering::AcqRel) {
                self.sync();
            }
            if last {
                return;
            }
        }
    }

    fn sync(&self) {
        let began = Instant::now();
        // Opened anew each time: what is held open cannot be unmounted.
        let synced = File::open(&self.root).and_then(|directory| {
            rustix::fs::syncfs(&directory)?;
            Ok(rustix::fs::fstatvfs(&directory)?)
        });
        self.metrics.sync_seconds.observe(began.elapsed().as_secs_f64());
        match synced {
            Ok(stat) => {
                let bytes = |blocks: u64| {
                    i64::try_from(blocks.saturating_mul(stat.f_frsize)).unwrap_or(i64::MAX)
                };
                self.metrics.free.set(bytes(stat.f_bavail));
                self.metrics.used.set(bytes(stat.f_blocks.saturating_sub(stat.f_bfree)));
            }
            Err(error) => {
                let error = Error::from(error);
                tracing::error!(err = %error, "volume cannot be synced");
                self.report(Err(&error));
            }
        }
    }
}
