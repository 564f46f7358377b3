//! How far the latest sessions came, for whoever asks why one does not play.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use base::{StreamPath, Wall};
use parking_lot::Mutex;

/// Attempts that are remembered, of all peers together.
const KEPT: usize = 512;

/// How far a session came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// The offer was answered; nothing came to the port of media.
    Answered,
    /// The peer reached the port of media.
    Heard,
    /// Encryption was agreed on.
    Connected,
    /// The peer says that it gets media.
    Playing,
}

/// A session, running or over.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The session's.
    pub id: String,
    /// Who asked.
    pub from: IpAddr,
    /// For what.
    pub path: StreamPath,
    /// Since when.
    pub at: Wall,
    /// How far it came.
    pub reached: Reached,
    /// `udp` or `tcp`, once the peer was heard.
    pub transport: Option<&'static str>,
    /// What was left out.
    pub omitted: Vec<&'static str>,
    /// Why it ended, when it has.
    pub ended: Option<&'static str>,
}

/// The latest attempts. Cloning gives another handle. Its users: sessions, and whoever looks.
#[derive(Clone, Debug, Default)]
pub struct Attempts(Arc<Mutex<VecDeque<Attempt>>>);

impl Attempts {
    pub(super) fn add(&self, attempt: Attempt) {
        let mut all = self.0.lock();
        if all.len() >= KEPT {
            all.pop_front();
        }
        all.push_back(attempt);
    }

    /// Changes what is known of a session; one that is forgotten stays so.
    pub(super) fn tell(&self, id: &str, change: impl FnOnce(&mut Attempt)) {
        if let Some(found) = self.0.lock().iter_mut().rev().find(|attempt| attempt.id == id) {
            change(found);
        }
    }

    /// Those of one address for one path, the newest first, at most `most`.
    #[must_use]
    pub fn of(&self, from: IpAddr, path: &StreamPath, most: usize) -> Vec<Attempt> {
        let all = self.0.lock();
        let from = from.to_canonical();
        let found = all.iter().rev().filter(|one| one.from == from && one.path == *path);
        found.take(most).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_newest_are_kept_and_found_by_address_and_path() {
        let (attempts, path) = (Attempts::default(), StreamPath::new("cam").expect("a path"));
        for n in 0..KEPT + 3 {
            attempts.add(Attempt {
                id: n.to_string(),
                from: IpAddr::from([10, 0, 0, 1]),
                path: path.clone(),
                at: Wall::default(),
                reached: Reached::Answered,
                transport: None,
                omitted: Vec::new(),
                ended: None,
            });
        }
        attempts.tell("514", |attempt| attempt.reached = Reached::Playing);
        attempts.tell("0", |_| panic!("it is forgotten"));
        let found = attempts.of(IpAddr::from([10, 0, 0, 1]), &path, 2);
        assert_eq!((found.len(), found[0].reached), (2, Reached::Playing));
        assert!(attempts.of(IpAddr::from([10, 0, 0, 2]), &path, 2).is_empty());
    }
}
