//! Where this server may connect to. Rules are pure; [`resolve_checked`] (feature `tasks`) looks a
//! name up first, so that what is checked is what is connected to.
//!
//! The most specific network that holds an address decides; what is allowed wins a tie. Built in are
//! denials of what is no camera: metadata services of clouds, link-local, multicast and the like.
//! Everything else, private networks and loopback too, is allowed unless denied: cameras live there.

mod forms;
#[cfg(feature = "tasks")]
mod resolve;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::LazyLock;

use crate::net::Network;
#[cfg(feature = "tasks")]
pub use resolve::{ResolveError, resolve_checked};

/// Denied to connections and to receivers.
const NEVER: [&str; 8] = [
    "169.254.0.0/16",
    "fe80::/10",
    // Metadata services by address: the usual one, and those that are not link-local.
    "169.254.169.254",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
];

/// Denied to connections. A receiver of datagrams may name them: a group, or all of this host.
const NO_PEER: [&str; 5] = ["0.0.0.0/8", "::/128", "224.0.0.0/4", "ff00::/8", "255.255.255.255"];

static BUILT_IN: LazyLock<(Vec<Network>, Vec<Network>)> =
    LazyLock::new(|| (networks(&NEVER), networks(&NO_PEER)));

fn networks(texts: &[&str]) -> Vec<Network> {
    texts.iter().filter_map(|text| Network::parse(text)).collect()
}

/// The rules of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// `access.outgoing.allow`: lifts denials.
    pub allow: Vec<Network>,
    /// `access.outgoing.deny`.
    pub deny: Vec<Network>,
}

/// An address that must not be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} must not be connected to (access.outgoing)")]
pub struct Denied(pub IpAddr);

impl Outgoing {
    /// Whether a connection to this address, or a datagram to it, may leave.
    ///
    /// # Errors
    /// [`Denied`]: the same address is denied until the configuration changes.
    pub fn check(&self, address: IpAddr) -> Result<(), Denied> {
        let (never, no_peer) = &*BUILT_IN;
        self.decide(address, never.iter().chain(no_peer))
    }

    /// Whether datagrams may be received at this address, which may be a group or `0.0.0.0`.
    ///
    /// # Errors
    /// As [`Outgoing::check`].
    pub fn check_receiver(&self, address: IpAddr) -> Result<(), Denied> {
        self.decide(address, BUILT_IN.0.iter())
    }

    fn decide<'a>(
        &'a self,
        address: IpAddr,
        built_in: impl Iterator<Item = &'a Network> + Clone,
    ) -> Result<(), Denied> {
        let denied = forms::of(address).into_iter().any(|form| {
            let denied = longest(self.deny.iter().chain(built_in.clone()), form);
            denied > longest(self.allow.iter(), form)
        });
        if denied { Err(Denied(address)) } else { Ok(()) }
    }
}

/// The prefix of the most specific network that holds the address; `None`, the least, when none does.
fn longest<'a>(networks: impl Iterator<Item = &'a Network>, address: IpAddr) -> Option<u8> {
    networks.filter(|network| network.contains(address)).map(Network::prefix).max()
}
