//! How many connections there may be. Counts and refuses; closes nothing by itself.
//!
//! Only strangers are counted by address: a recorder that may have its five hundred cameras has five
//! hundred connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::config::Bounds;

/// Counts connections. Clones count together: the accept loops, and each connection's [`Pass`].
#[derive(Clone)]
pub(super) struct Limits(Arc<Shared>);

struct Shared {
    bounds: Bounds,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    in_all: usize,
    // Only addresses with a connection: at most `in_all` entries.
    strangers: HashMap<IpAddr, usize>,
}

impl Limits {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared { bounds, open: Mutex::default() }))
    }

    /// Lets a connection in, or `None` when a bound is reached.
    pub(super) fn enter(&self, peer: IpAddr) -> Option<Pass> {
        let bounds = &self.0.bounds;
        let is_local = peer.to_canonical().is_loopback();
        let most = if is_local { bounds.local_strangers } else { bounds.strangers };
        let key = network(peer);
        let mut open = self.0.open.lock();
        let from_there = open.strangers.get(&key).copied().unwrap_or(0);
        if open.in_all >= bounds.in_all || from_there >= most {
            return None;
        }
        open.in_all += 1;
        open.strangers.insert(key, from_there + 1);
        Some(Pass { limits: self.clone(), stranger: Some(key) })
    }
}

impl Open {
    fn leave(&mut self, stranger: IpAddr) {
        let Some(count) = self.strangers.get_mut(&stranger) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.strangers.remove(&stranger);
        }
    }
}

/// A connection's place; dropping it frees the place.
pub(super) struct Pass {
    limits: Limits,
    stranger: Option<IpAddr>,
}

impl Pass {
    /// Whoever is there may have a stream.
    pub(super) fn known(&mut self) {
        if let Some(stranger) = self.stranger.take() {
            self.limits.0.open.lock().leave(stranger);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.known();
        let mut open = self.limits.0.open.lock();
        open.in_all = open.in_all.saturating_sub(1);
    }
}

/// Whoever has an IPv6 address has all of its /64.
pub(super) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into())
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_of_one_address_are_few_and_those_who_are_known_are_not_counted() {
        let limits = Limits::new(Bounds { in_all: 4, strangers: 1, local_strangers: 2 });
        let far = IpAddr::from([10, 0, 0, 1]);
        let mut first = limits.enter(far).expect("the first");
        assert!(limits.enter(far).is_none());
        first.known();
        let second = limits.enter(far).expect("the one before is known");
        let local = [limits.enter([127, 0, 0, 1].into()), limits.enter([127, 0, 0, 1].into())];
        assert!(local.iter().all(Option::is_some));
        assert!(limits.enter([10, 0, 0, 2].into()).is_none(), "four are all");
        drop((first, second, local));
        let open = limits.0.open.lock();
        assert!(open.in_all == 0 && open.strangers.is_empty());
    }
}
