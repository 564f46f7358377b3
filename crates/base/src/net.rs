//! Networks in CIDR form, as keys of the configuration write them. Pure.

use std::fmt;
use std::net::IpAddr;

/// A network in CIDR form: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads a network.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, prefix.parse().ok()?),
            None => {
                let address: IpAddr = text.parse().ok()?;
                (address, if address.is_ipv4() { 32 } else { 128 })
            }
        };
        let most = if IpAddr::is_ipv4(&address) { 32 } else { 128 };
        (prefix <= most).then_some(Self { address, prefix })
    }

    /// How many of the first bits its addresses have in common.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// True when the address lies in it. An IPv4-mapped address is the IPv4 address that it holds.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let shift = |bits: u32| bits.saturating_sub(u32::from(self.prefix));
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let difference = net.to_bits() ^ address.to_bits();
                difference.checked_shr(shift(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let difference = net.to_bits() ^ address.to_bits();
                difference.checked_shr(shift(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_matched_by_their_prefix() {
        let network = Network::parse("10.1.0.0/16").expect("a network");
        assert!(network.contains([10, 1, 2, 3].into()) && !network.contains([10, 2, 0, 0].into()));
        assert!(Network::parse("0.0.0.0/0").expect("all").contains([1, 2, 3, 4].into()));
        assert!(Network::parse("10.0.0.0/33").is_none() && Network::parse("x").is_none());
    }
}
