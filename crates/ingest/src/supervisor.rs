//! When a source is tried again, and what its state is called meanwhile. Pure.

use std::time::Duration;

use base::{Backoff, Mono};

use crate::failure::{Kind, Outlook};
use crate::status::State;

const FIRST_RETRY: Duration = Duration::from_secs(1);
const SLOWEST_RETRY: Duration = Duration::from_secs(30);
/// How often something that needs a person is tried all the same.
const PERSON_RETRY: Duration = Duration::from_secs(30);
/// A source is online while its newest unit is younger than this.
const ONLINE_WITHIN: Duration = Duration::from_secs(5);
/// A connection that has held this long starts the back-off over.
const STEADY_AFTER: Duration = Duration::from_secs(10);

/// The rules of one source.
pub(crate) struct Supervisor {
    backoff: Backoff,
    grace: Duration,
    /// The newest unit of any session, while no failure has outlived the grace.
    last_unit: Option<Mono>,
    session_since: Option<Mono>,
    failure: Option<Kind>,
}

impl Supervisor {
    pub(crate) const fn new(grace: Duration) -> Self {
        Self {
            backoff: Backoff::new(FIRST_RETRY, SLOWEST_RETRY),
            grace,
            last_unit: None,
            session_since: None,
            failure: None,
        }
    }

    /// A unit came.
    pub(crate) fn on_unit(&mut self, now: Mono) {
        self.failure = None;
        self.last_unit = Some(now);
        let since = *self.session_since.get_or_insert(now);
        if now.since(since) >= STEADY_AFTER {
            self.backoff.reset();
        }
    }

    /// The session failed or ended: how long to wait before the next.
    pub(crate) fn on_failure(&mut self, kind: Kind) -> Duration {
        self.failure = Some(kind);
        self.session_since = None;
        match kind.outlook() {
            Outlook::Passing => self.backoff.next_delay(),
            Outlook::NeedsPerson => PERSON_RETRY,
        }
    }

    /// Nobody wants it any more: the next start is a first try.
    pub(crate) fn on_idle(&mut self) {
        *self = Self::new(self.grace);
    }

    /// What its state is called at `now`.
    pub(crate) fn state(&self, now: Mono) -> State {
        let age = self.last_unit.map(|at| now.since(at));
        match (self.failure, age) {
            (Some(kind), _) if kind.outlook() == Outlook::NeedsPerson => State::Error,
            (Some(_), Some(age)) if age <= self.grace => State::Connecting,
            (Some(_), _) => State::Offline,
            (None, None) => State::Connecting,
            (None, Some(age)) if age <= ONLINE_WITHIN => State::Online,
            (None, Some(_)) => State::Offline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_nanos(seconds * 1_000_000_000)
    }

    fn supervisor() -> Supervisor {
        Supervisor::new(Duration::from_secs(10))
    }

    #[test]
    fn the_first_try_is_connecting_and_its_failure_is_offline() {
        let mut s = supervisor();
        assert_eq!(s.state(at(0)), State::Connecting);
        s.on_failure(Kind::Refused);
        assert_eq!(s.state(at(1)), State::Offline);
    }

    #[test]
    fn a_loss_is_connecting_within_the_grace_and_offline_after() {
        let mut s = supervisor();
        s.on_unit(at(0));
        assert_eq!(s.state(at(4)), State::Online);
        s.on_failure(Kind::StreamEnded);
        assert_eq!(s.state(at(9)), State::Connecting);
        assert_eq!(s.state(at(11)), State::Offline);
        s.on_unit(at(12));
        assert_eq!(s.state(at(12)), State::Online);
    }

    #[test]
    fn silence_is_offline_although_the_connection_stands() {
        let mut s = supervisor();
        s.on_unit(at(0));
        assert_eq!(s.state(at(6)), State::Offline);
    }

    #[test]
    fn a_wrong_password_is_an_error_that_is_tried_every_half_minute() {
        let mut s = supervisor();
        assert_eq!(s.on_failure(Kind::Unauthorized), PERSON_RETRY);
        assert_eq!(s.on_failure(Kind::Unauthorized), PERSON_RETRY);
        assert_eq!(s.state(at(0)), State::Error);
    }

    #[test]
    fn delays_grow_until_a_connection_has_held() {
        let mut s = supervisor();
        let first = s.on_failure(Kind::Refused);
        for _ in 0..6 {
            s.on_failure(Kind::Refused);
        }
        assert!(s.on_failure(Kind::Refused) >= Duration::from_secs(15));
        s.on_unit(at(0));
        s.on_unit(at(11));
        assert!(s.on_failure(Kind::StreamEnded) <= FIRST_RETRY && first <= FIRST_RETRY);
    }
}
