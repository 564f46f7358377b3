//! Guessing: ten wrong passwords in ten minutes lock the pair of account and address. Pure.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use base::Mono;

/// Wrong ones that are forgiven.
const FAILURES_MAX: usize = 10;
/// Within this time; and for what is left of it the pair is locked.
const WINDOW: Duration = Duration::from_secs(600);
/// Pairs that are remembered.
const PAIRS_MAX: usize = 50_000;

type Pair = (String, IpAddr);

/// Who guessed wrong, and when.
#[derive(Debug, Default)]
pub struct Lockout {
    failures: HashMap<Pair, VecDeque<Mono>>,
    /// In the order of their last failure, to forget the oldest.
    order: VecDeque<(Mono, Pair)>,
}

impl Lockout {
    /// How long the pair is still locked; `None`: it is not.
    #[must_use]
    pub fn locked(&self, account: &str, address: IpAddr, now: Mono) -> Option<Duration> {
        let failures = self.failures.get(&pair(account, address))?;
        let recent = failures.iter().filter(|at| now.since(**at) < WINDOW).count();
        let first = failures.len().checked_sub(FAILURES_MAX).and_then(|at| failures.get(at))?;
        (recent >= FAILURES_MAX).then(|| WINDOW.saturating_sub(now.since(*first)))
    }

    /// Notes a wrong password.
    pub fn failed(&mut self, account: &str, address: IpAddr, now: Mono) {
        let pair = pair(account, address);
        self.order.push_back((now, pair.clone()));
        let failures = self.failures.entry(pair).or_default();
        failures.push_back(now);
        if failures.len() > FAILURES_MAX {
            failures.pop_front();
        }
        self.forget(now);
    }

    /// Notes a right one: the pair begins anew.
    pub fn passed(&mut self, account: &str, address: IpAddr) {
        self.failures.remove(&pair(account, address));
    }

    fn forget(&mut self, now: Mono) {
        while let Some((at, pair)) = self.order.front() {
            let is_old = now.since(*at) >= WINDOW;
            if !is_old && self.order.len() <= PAIRS_MAX {
                return;
            }
            if self
                .failures
                .get(pair)
                .and_then(|failures| failures.back())
                .is_some_and(|last| last <= at)
            {
                self.failures.remove(pair);
            }
            self.order.pop_front();
        }
    }
}

fn pair(account: &str, address: IpAddr) -> Pair {
    (account.to_lowercase().chars().take(200).collect(), network(address))
}

/// An IPv6 host has a whole /64 to guess from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            std::net::Ipv6Addr::from_bits(address.to_bits() & !(u128::from(u64::MAX))).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn ten_wrong_passwords_lock_one_account_at_one_address_for_the_rest_of_the_window() {
        let mut lockout = Lockout::default();
        let (here, there) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        for second in 0..10 {
            assert_eq!(lockout.locked("Anna", here, at(second)), None);
            lockout.failed("anna", here, at(second));
        }
        assert_eq!(lockout.locked("ANNA", here, at(10)), Some(Duration::from_secs(590)));
        assert_eq!(lockout.locked("anna", there, at(10)), None);
        assert_eq!(lockout.locked("omar", here, at(10)), None);
        assert_eq!(lockout.locked("anna", here, at(600)), None);
        lockout.failed("anna", here, at(600));
        assert_eq!(lockout.locked("anna", here, at(600)), Some(Duration::from_secs(1)));
        lockout.passed("anna", here);
        assert_eq!(lockout.locked("anna", here, at(600)), None);
    }

    #[test]
    fn a_guesser_of_many_names_does_not_fill_the_memory() {
        let mut lockout = Lockout::default();
        let address = IpAddr::from([10, 0, 0, 1]);
        for name in 0..PAIRS_MAX + 100 {
            lockout.failed(&name.to_string(), address, at(1));
        }
        assert!(lockout.failures.len() <= PAIRS_MAX && lockout.order.len() <= PAIRS_MAX);
        lockout.failed("last", address, at(700));
        assert_eq!((lockout.failures.len(), lockout.order.len()), (1, 1));
    }

    #[test]
    fn a_whole_ipv6_network_is_one_guesser() {
        let mut lockout = Lockout::default();
        for host in 0..10_u16 {
            lockout.failed("anna", [0x2001, 0xdb8, 0, 1, 0, 0, 0, host].into(), at(1));
        }
        let other = [0x2001, 0xdb8, 0, 1, 9, 9, 9, 9].into();
        assert!(lockout.locked("anna", other, at(2)).is_some());
    }
}
