//! Writes the audit trail: what must be on record before it is answered, and what is noted in passing.
//!
//! One task adds rows in batches. Repeated views and refusals of the same asker become one row a minute.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::task::Scope;
use base::{Clock, ErrorKind, Mono, SystemClock};
use catalog::{Database, Entry, Head, Trail};
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use prometheus::{IntCounter, Registry};
use sha2::Sha256;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::principal::Principal;
use crate::seal::write_private;

/// Rows that wait.
const WAITING_MAX: usize = 4_096;
/// Rows of one transaction.
const BATCH_MAX: usize = 256;
/// After a failure of the database.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Between two times at which the end of the chain is remembered outside the database.
const MARK_EVERY: Duration = Duration::from_secs(1);
/// Within it the same again is no row of its own.
const REPEATED_WITHIN: Duration = Duration::from_secs(60);
const REPEATED_MAX: usize = 10_000;

/// The trail does not take rows now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail cannot be written now")]
pub struct Unavailable;

impl Unavailable {
    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        ErrorKind::Unavailable
    }

    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "audit_unavailable"
    }
}

/// Where a request comes from, for its row.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The address.
    pub address: Option<IpAddr>,
    /// The request's id.
    pub request: String,
}

/// A row in the making.
#[must_use]
pub fn entry(who: &Principal, place: &Place, action: &str, result: &str) -> Entry {
    Entry {
        at: SystemClock.wall(),
        kind: who.kind().to_owned(),
        id: who.id().to_owned(),
        name: who.name().to_owned(),
        action: action.to_owned(),
        object: String::new(),
        agency: String::new(),
        address: place
            .address
            .map(|address| address.to_canonical().to_string())
            .unwrap_or_default(),
        request: place.request.clone(),
        result: result.to_owned(),
        detail: BTreeMap::new(),
    }
}

struct Item {
    entry: Entry,
    done: Option<oneshot::Sender<bool>>,
}

/// A handle to the trail. Cloning gives another.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Item>,
    repeated: Arc<Mutex<Repeated>>,
    lost: IntCounter,
}

impl Recorder {
    /// Starts the task that writes; it belongs to `scope` and writes what waits before it leaves.
    /// `mark` is where the end of the chain is remembered outside the database.
    ///
    /// # Errors
    /// When the registry has this room's numbers already.
    pub fn start(
        database: Database,
        mark: HeadMark,
        scope: &Scope,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let lost = IntCounter::new(
            "vedette_audit_lost_total",
            "Rows of the audit trail that could not be written",
        )?;
        let rows = IntCounter::new("vedette_audit_rows_total", "Rows written to the audit trail")?;
        registry.register(Box::new(lost.clone()))?;
        registry.register(Box::new(rows.clone()))?;
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let writer =
            Writer { database, mark, rows, lost: lost.clone(), stop: scope.token(), marked: None };
        scope.spawn("audit", writer.run(waiting));
        Ok(Self { queue, repeated: Arc::default(), lost })
    }

    /// Writes a row and waits until it is in the database.
    ///
    /// # Errors
    /// [`Unavailable`]; what was to be done should not be done then.
    pub async fn record(&self, entry: Entry) -> Result<(), Unavailable> {
        let (done, written) = oneshot::channel();
        let item = Item { entry, done: Some(done) };
        self.queue.try_send(item).map_err(|_| Unavailable)?;
        match written.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Unavailable),
        }
    }

    /// Notes a row without waiting; one that finds no room is counted as lost.
    pub fn note(&self, entry: Entry) {
        if self.queue.try_send(Item { entry, done: None }).is_err() {
            self.lost.inc();
        }
    }

    /// Notes what may come again at once, such as a refusal or the next piece of a stream: one row when
    /// it begins, and one a minute with how often it came meanwhile.
    pub fn note_repeated(&self, mut entry: Entry) {
        let repeated = self.repeated.lock().seen(&entry, SystemClock.mono());
        let Some(times) = repeated else { return };
        if times > 0 {
            entry.detail.insert("repeated".to_owned(), times.to_string());
        }
        self.note(entry);
    }

    /// Notes that somebody goes on seeing a picture: one row when it begins.
    pub fn note_view(&self, entry: Entry) {
        if self.repeated.lock().began(&entry, SystemClock.mono()) {
            self.note(entry);
        }
    }
}

/// What came a moment ago.
#[derive(Default)]
struct Repeated {
    last: HashMap<Box<[u8]>, (Mono, u64)>,
    /// The key that is looked up, here so that the same again allocates nothing.
    key: Vec<u8>,
}

impl Repeated {
    /// The last time of the same as `entry` and how often it came since its row; (`now`, 0): never before.
    fn last(&mut self, entry: &Entry, now: Mono) -> &mut (Mono, u64) {
        self.forget(now);
        self.key.clear();
        for part in
            [&entry.kind, &entry.id, &entry.action, &entry.object, &entry.address, &entry.result]
        {
            self.key.extend_from_slice(&part.len().to_be_bytes());
            self.key.extend_from_slice(part.as_bytes());
        }
        if !self.last.contains_key(self.key.as_slice()) {
            self.last.insert(self.key.as_slice().into(), (now, 0));
        }
        self.last.get_mut(self.key.as_slice()).expect("it was there, or was put there")
    }

    /// How often it came without a row; `None`: it comes again too soon.
    fn seen(&mut self, entry: &Entry, now: Mono) -> Option<u64> {
        let last = self.last(entry, now);
        if last.1 == 0 {
            last.1 = 1;
            return Some(0);
        }
        if now.since(last.0) < REPEATED_WITHIN {
            last.1 += 1;
            return None;
        }
        let times = last.1.saturating_sub(1);
        *last = (now, 1);
        Some(times)
    }

    /// True when it did not come within the last minute; each time moves that minute.
    fn began(&mut self, entry: &Entry, now: Mono) -> bool {
        let last = self.last(entry, now);
        let (at, times) = std::mem::replace(last, (now, 1));
        times == 0 || now.since(at) >= REPEATED_WITHIN
    }

    fn forget(&mut self, now: Mono) {
        if self.last.len() >= REPEATED_MAX {
            self.last.retain(|_, (at, times)| now.since(*at) < REPEATED_WITHIN || *times > 1);
        }
        if self.last.len() >= REPEATED_MAX {
            self.last.clear();
        }
    }
}

struct Writer {
    database: Database,
    mark: HeadMark,
    rows: IntCounter,
    lost: IntCounter,
    stop: CancellationToken,
    /// The end of the chain that is remembered outside.
    marked: Option<Head>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Item>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut mark_tick = tokio::time::interval(MARK_EVERY);
        loop {
            let room = BATCH_MAX.saturating_sub(batch.len()).max(1);
            tokio::select! {
                biased;
                count = queue.recv_many(&mut batch, room) => {
                    if count == 0 {
                        break;
                    }
                    self.write(&mut batch).await;
                }
                () = self.stop.cancelled() => break,
                _ = mark_tick.tick() => self.remember_end().await,
            }
        }
        queue.close();
        while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.write(&mut batch).await;
        }
        self.remember_end().await;
        self.lost.inc_by(count_of(batch.len()));
    }

    /// Writes a batch; what is only noted and cannot be written stays in it.
    async fn write(&mut self, batch: &mut Vec<Item>) {
        let entries: Vec<Entry> = batch.iter().map(|item| item.entry.clone()).collect();
        let written = self.database.append(&entries).await;
        for item in batch.iter_mut() {
            if let Some(done) = item.done.take() {
                // Who asked may have gone.
                let _ = done.send(written.is_ok());
                item.entry.detail.insert("not_done".to_owned(), "audit_unavailable".to_owned());
            }
        }
        match written {
            Ok(_) => {
                self.rows.inc_by(count_of(entries.len()));
                batch.clear();
            }
            Err(error) => {
                tracing::error!(err = %error, "the audit trail cannot be written");
                // The newest are lost first: how it began matters most.
                let kept = BATCH_MAX / 2;
                self.lost.inc_by(count_of(batch.len().saturating_sub(kept)));
                batch.truncate(kept);
                if !self.stop.is_cancelled() {
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    async fn remember_end(&mut self) {
        // Others write to the chain too: changes of rights with their rows, commands.
        let newest = self.database.head().await.ok().flatten();
        let Some(head) = newest.filter(|head| Some(*head) != self.marked) else { return };
        self.marked = Some(head);
        let mark = self.mark.clone();
        // A disk that hangs holds a thread for such work, not the trail's callers.
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || mark.write(head)).await {
            tracing::warn!(err = %error, "the end of the audit trail is not remembered");
        }
    }
}

fn count_of(rows: usize) -> u64 {
    rows.try_into().unwrap_or(u64::MAX)
}

/// Where the end of the chain is remembered outside the database, so that a tail cut off is found.
#[derive(Clone, Debug)]
pub struct HeadMark {
    path: PathBuf,
    key: [u8; 32],
}

impl HeadMark {
    /// `key` is one that only this server has.
    #[must_use]
    pub const fn new(path: PathBuf, key: [u8; 32]) -> Self {
        Self { path, key }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Remembers the end of the chain, unless a later one is remembered: a chain does not grow shorter.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, head: Head) -> std::io::Result<()> {
        if self.read()?.is_some_and(|known| known.seq >= head.seq) {
            return Ok(());
        }
        let said = Self::said(head);
        let mac = hex(&self.mac(&said).finalize().into_bytes());
        write_private(&self.path, &format!("{said} {mac}"))
    }

    /// The end that is remembered; `None`: none is, or it was written by another key.
    ///
    /// # Errors
    /// The system's.
    pub fn read(&self) -> std::io::Result<Option<Head>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(self.parse(&text))
    }

    fn parse(&self, text: &str) -> Option<Head> {
        let (said, mac) = text.trim().rsplit_once(' ')?;
        self.mac(said).verify_slice(&unhex(mac)?).ok()?;
        let (seq, hash) = said.split_once(' ')?;
        Some(Head { seq: seq.parse().ok()?, hash: unhex(hash)?.try_into().ok()? })
    }

    fn said(head: Head) -> String {
        format!("{} {}", head.seq, hex(&head.hash))
    }

    fn mac(&self, said: &str) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(said.as_bytes());
        mac
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(pair).collect())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_nanos(seconds * 1_000_000_000)
    }

    fn refusal(object: &str) -> Entry {
        let mut refusal = entry(&Principal::nobody(), &Place::default(), "watch_live", "forbidden");
        refusal.object = object.to_owned();
        refusal
    }

    #[test]
    fn the_same_again_is_counted_and_told_with_the_next_row() {
        let mut repeated = Repeated::default();
        assert_eq!(repeated.seen(&refusal("a"), at(1)), Some(0));
        assert_eq!(repeated.seen(&refusal("b"), at(1)), Some(0));
        assert_eq!(repeated.seen(&refusal("a"), at(2)), None);
        assert_eq!(repeated.seen(&refusal("a"), at(60)), None);
        assert_eq!(repeated.seen(&refusal("a"), at(61)), Some(2));
        assert_eq!(repeated.seen(&refusal("a"), at(62)), None);
    }

    #[test]
    fn a_view_begins_anew_after_a_minute_without_one() {
        let mut repeated = Repeated::default();
        let mut began = |seconds| repeated.began(&refusal("a"), at(seconds));
        assert_eq!([began(0), began(50), began(100), began(161)], [true, false, false, true]);
    }

    #[test]
    fn what_is_spelt_the_same_only_when_put_together_is_not_the_same() {
        let mut repeated = Repeated::default();
        let of = |id: &str, action: &str| Entry {
            id: id.to_owned(),
            action: action.to_owned(),
            ..refusal("a")
        };
        assert_eq!(repeated.seen(&of("ab", "c"), at(1)), Some(0));
        assert_eq!(repeated.seen(&of("a", "bc"), at(1)), Some(0));
        assert_eq!(repeated.seen(&of("ab", "c"), at(2)), None);
    }

    #[test]
    fn a_remembered_end_that_was_edited_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let mark = HeadMark::new(dir.path().join("secrets/audit-head"), [1; 32]);
        assert_eq!(mark.read().unwrap(), None);
        let head = Head { seq: 7, hash: [9; 32] };
        mark.write(head).unwrap();
        assert_eq!(mark.read().unwrap(), Some(head));
        let other = HeadMark::new(mark.path().to_owned(), [2; 32]);
        assert_eq!(other.read().unwrap(), None);
        let text = std::fs::read_to_string(mark.path()).unwrap().replacen('7', "6", 1);
        std::fs::write(mark.path(), text).unwrap();
        assert_eq!(mark.read().unwrap(), None);
    }
}
