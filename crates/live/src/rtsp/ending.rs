//! Why connections end, and how slow readers come to it.

use std::sync::atomic::Ordering;

use super::connection::Connection;
use super::reader::{Ended, Taken};
use crate::sessions::Counters;

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The peer closed it, or the network did.
    Left,
    /// It does not speak RTSP, or guessed wrong too often.
    Fatal,
    /// It said nothing for too long.
    Silent,
    /// It takes nothing.
    Stalled,
    /// It skipped again and again.
    TooSlow,
    /// The stream's codecs are others now.
    Changed,
    /// The source did not come back.
    SourceLost,
    /// Another source was first.
    Taken,
    /// By hand.
    Kicked,
    /// The right to it ended.
    RightEnded,
    /// The server stops.
    Stopping,
}

impl End {
    const fn reason(self) -> &'static str {
        match self {
            Self::Left => "it left",
            Self::Fatal => "it does not speak RTSP, or guessed wrong too often",
            Self::Silent => "it said nothing for too long",
            Self::Stalled => "it takes nothing",
            Self::TooSlow => "it is too slow: it skipped again and again",
            Self::Changed => "the stream has other codecs now",
            Self::SourceLost => "the source is lost",
            Self::Taken => "another source has taken the path",
            Self::Kicked => "ended by hand",
            Self::RightEnded => "its right ended",
            Self::Stopping => "the server stops",
        }
    }
}

impl Connection {
    /// Notes what came of an event of the stream.
    pub(super) fn note(&mut self, taken: Taken) -> Result<(), End> {
        let metrics = &self.shared.metrics;
        if taken.skips {
            metrics.skips.inc();
            if let Some(session) = &self.session {
                tracing::debug!(stream = %session.path, peer = %self.peer, "slow reader skips to a key frame");
            }
        }
        if taken.skipped > 0 {
            metrics.skipped_units.inc_by(taken.skipped);
            if let Some(session) = &self.session {
                let counter = &session.entry.counters.outbound_frames_discarded;
                Counters::add(counter, taken.skipped);
            }
        }
        if taken.unsendable > 0 {
            metrics.unsendable_pictures.inc_by(taken.unsendable);
            self.tell_unsendable(taken.unsendable);
        }
        match taken.end {
            None => Ok(()),
            Some(Ended::TooSlow) => Err(End::TooSlow),
            Some(Ended::Changed) => Err(End::Changed),
        }
    }

    fn tell_unsendable(&self, pictures: u64) {
        let Some(session) = &self.session else { return };
        let counter = &session.entry.counters.outbound_frames_discarded;
        if counter.load(Ordering::Relaxed) == 0 {
            tracing::warn!(stream = %session.path, peer = %self.peer, "pictures that RTP cannot carry are left out");
        }
        Counters::add(counter, pictures);
    }

    /// Says why somebody is gone, if anybody was there.
    pub(super) fn tell_end(&self, end: End) {
        let peer = self.peer;
        if matches!(end, End::Stalled | End::TooSlow) {
            self.shared.metrics.ended_slow.inc();
        }
        let Some(session) = &self.session else {
            tracing::debug!(%peer, reason = end.reason(), "connection ended");
            return;
        };
        let (stream, id) = (&session.path, &session.entry.id);
        let reason = end.reason();
        match session.publisher {
            Some(_) => tracing::info!(%stream, %peer, session = id, reason, "publisher ended"),
            None => tracing::info!(%stream, %peer, session = id, reason, "reader ended"),
        }
    }
}
