//! Wrong credentials: ten a minute from an address, whoever they are for. Pure.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use base::Mono;

use super::limits::network;

const A_MINUTE: Duration = Duration::from_secs(60);
/// Wrong ones in a minute.
const WRONG_MAX: u32 = 10;
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 50_000;

/// Who guessed how often since when.
#[derive(Debug, Default)]
pub(super) struct Guesses(HashMap<IpAddr, (Mono, u32)>);

impl Guesses {
    /// Begins to look at credentials, which count as wrong until [`Guesses::right`]; false: there were
    /// too many wrong ones, these are not looked at.
    pub(super) fn begin(&mut self, address: IpAddr, now: Mono) -> bool {
        if self.0.len() >= ADDRESSES_MAX {
            self.0.retain(|_, (since, _)| now.since(*since) < A_MINUTE);
        }
        if self.0.len() >= ADDRESSES_MAX {
            self.0.clear();
        }
        let (since, count) = self.0.entry(network(address)).or_insert((now, 0));
        if now.since(*since) >= A_MINUTE {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= WRONG_MAX
    }

    /// Those that were looked at were right.
    pub(super) fn right(&mut self, address: IpAddr) {
        if let Some((_, count)) = self.0.get_mut(&network(address)) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_wrong_guess_of_a_minute_is_not_looked_at_and_right_ones_do_not_count() {
        let mut guesses = Guesses::default();
        let at = |seconds: u64| Mono::from_nanos(seconds * 1_000_000_000);
        let (here, there) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        for _ in 0..100 {
            assert!(guesses.begin(here, at(0)));
            guesses.right(here);
        }
        assert!((0..10).all(|second| guesses.begin(here, at(second))));
        assert!(!guesses.begin(here, at(59)));
        assert!(guesses.begin(there, at(59)));
        assert!(guesses.begin(here, at(60)));
    }
}
