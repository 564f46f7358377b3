//! What was verified a moment ago, so that it need not be verified with every request. Pure.
//!
//! Credentials are kept as keyed hashes; wrong ones are never kept.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use base::Mono;

use crate::principal::Principal;

/// How long.
const KEPT: Duration = Duration::from_secs(60);
/// How many.
const LEN_MAX: usize = 10_000;

/// A credential by its keyed hash.
pub type Mark = [u8; 32];

/// Verified credentials.
#[derive(Debug, Default)]
pub struct Remembered {
    known: HashMap<Mark, (Principal, Mono, Duration)>,
    order: VecDeque<(Mono, Mark)>,
    /// What is verified while rights change must not be remembered after it.
    age: u64,
}

impl Remembered {
    /// Who showed this credential a moment ago.
    #[must_use]
    pub fn get(&self, mark: &Mark, now: Mono) -> Option<Principal> {
        let (principal, at, kept) = self.known.get(mark)?;
        (now.since(*at) < *kept).then(|| principal.clone())
    }

    /// The age of what is remembered, to be given back to [`Remembered::put`].
    #[must_use]
    pub const fn age(&self) -> u64 {
        self.age
    }

    /// Remembers a credential that was verified `now` and ends by itself after `left`, unless rights have
    /// changed since `age` was asked for.
    pub fn put(
        &mut self,
        mark: Mark,
        principal: Principal,
        (now, left): (Mono, Option<Duration>),
        age: u64,
    ) {
        if age != self.age {
            return;
        }
        let kept = left.map_or(KEPT, |left| left.min(KEPT));
        self.known.insert(mark, (principal, now, kept));
        self.order.push_back((now, mark));
        while let Some((at, mark)) = self.order.front() {
            if now.since(*at) < KEPT && self.order.len() <= LEN_MAX {
                return;
            }
            if self.known.get(mark).is_some_and(|(_, since, _)| since <= at) {
                self.known.remove(mark);
            }
            self.order.pop_front();
        }
    }

    /// Rights have changed: forgets all.
    pub fn forget(&mut self) {
        self.known.clear();
        self.order.clear();
        self.age += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_verified_credential_is_known_for_a_minute_and_until_rights_change() {
        let mut remembered = Remembered::default();
        remembered.put([1; 32], Principal::open(), (at(0), None), 0);
        assert_eq!(remembered.get(&[1; 32], at(59)), Some(Principal::open()));
        assert_eq!(remembered.get(&[1; 32], at(60)), None);
        assert_eq!(remembered.get(&[2; 32], at(1)), None);
        remembered.put([3; 32], Principal::open(), (at(0), Some(Duration::from_secs(5))), 0);
        assert!(
            remembered.get(&[3; 32], at(4)).is_some() && remembered.get(&[3; 32], at(5)).is_none()
        );
        let age = remembered.age();
        remembered.forget();
        assert_eq!(remembered.get(&[1; 32], at(1)), None);
        remembered.put([1; 32], Principal::open(), (at(1), None), age);
        assert_eq!(remembered.get(&[1; 32], at(1)), None);
    }

    #[test]
    fn no_more_is_remembered_than_fits() {
        let mut remembered = Remembered::default();
        for number in 0..u64::try_from(LEN_MAX).expect("small") + 10 {
            let mut mark = [0; 32];
            mark.iter_mut().zip(number.to_be_bytes()).for_each(|(slot, byte)| *slot = byte);
            remembered.put(mark, Principal::open(), (at(1), None), 0);
        }
        assert!(remembered.known.len() <= LEN_MAX && remembered.order.len() <= LEN_MAX);
    }
}
