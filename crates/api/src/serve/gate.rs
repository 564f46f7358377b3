//! How many connections there may be: in all, and from one address. Counts and refuses; closes
//! nothing by itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use access::trust::Network;
use parking_lot::Mutex;

/// Bounds of the front door, all listeners together.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) in_all: usize,
    pub(crate) per_peer: usize,
    /// Through loopback and trusted proxies come many people.
    pub(crate) per_proxy: usize,
    pub(crate) proxies: Vec<Network>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { in_all: 4_096, per_peer: 256, per_proxy: 1_024, proxies: Vec::new() }
    }
}

/// Counts connections. Clones count together: the accept loops, and each connection's [`Pass`].
#[derive(Clone)]
pub(crate) struct Gate(Arc<Shared>);

struct Shared {
    bounds: Bounds,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    in_all: usize,
    // Only peers with a connection: at most `in_all` entries.
    by_peer: HashMap<IpAddr, usize>,
}

impl Gate {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared { bounds, open: Mutex::default() }))
    }

    /// Lets a connection in, or `None` when a bound is reached.
    pub(crate) fn enter(&self, peer: IpAddr) -> Option<Pass> {
        let (bounds, key) = (&self.0.bounds, counted_as(peer));
        let peer = peer.to_canonical();
        let is_shared = peer.is_loopback() || bounds.proxies.iter().any(|net| net.contains(peer));
        let most = if is_shared { bounds.per_proxy } else { bounds.per_peer };
        let mut open = self.0.open.lock();
        let from_peer = open.by_peer.get(&key).copied().unwrap_or(0);
        if open.in_all >= bounds.in_all || from_peer >= most {
            return None;
        }
        open.in_all += 1;
        open.by_peer.insert(key, from_peer + 1);
        Some(Pass { gate: self.clone(), key })
    }
}

/// Whoever has an IPv6 address has all of its /64.
fn counted_as(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into())
        }
        address => address,
    }
}

/// A connection's place; dropping it frees the place.
pub(crate) struct Pass {
    gate: Gate,
    key: IpAddr,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut open = self.gate.0.open.lock();
        open.in_all = open.in_all.saturating_sub(1);
        if let Some(count) = open.by_peer.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.by_peer.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn gate() -> Gate {
        let proxies = vec![Network::parse("10.0.0.9").unwrap()];
        Gate::new(Bounds { in_all: 8, per_peer: 2, per_proxy: 4, proxies })
    }

    fn let_in(gate: &Gate, peers: &[&str]) -> Vec<Option<Pass>> {
        peers.iter().map(|peer| gate.enter(peer.parse().unwrap())).collect()
    }

    #[test]
    fn one_address_takes_no_more_than_its_share_and_gets_it_back() {
        let gate = gate();
        let mut passes = let_in(&gate, &["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"]);
        let entered: Vec<bool> = passes.iter().map(Option::is_some).collect();
        assert_eq!(entered, [true, true, false, true]);
        passes.remove(0);
        assert!(gate.enter([10, 0, 0, 1].into()).is_some());
        drop(passes);
        assert!(gate.0.open.lock().by_peer.is_empty());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let passes = let_in(&gate(), &["2001:db8::1", "2001:db8::2", "2001:db8::3"]);
        assert!(passes[2].is_none());
    }

    #[test]
    fn loopback_and_proxies_have_room_for_many_and_the_whole_is_bounded() {
        let gate = gate();
        let passes = let_in(&gate, &["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"]);
        assert!(passes.iter().all(Option::is_some));
        assert!(gate.enter([127, 0, 0, 1].into()).is_none());
        let more = let_in(&gate, &["10.0.0.9", "10.0.0.9", "10.0.0.9", "10.0.0.9"]);
        assert!(more.iter().all(Option::is_some));
        assert!(gate.enter([10, 0, 0, 3].into()).is_none());
    }
}
