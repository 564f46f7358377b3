//! The addresses that a packet to an address may end at: itself, and the IPv4 address that a form of
//! transition carries in it. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address, IPv4-mapped ones unwrapped, and what it carries.
pub(super) fn of(address: IpAddr) -> Vec<IpAddr> {
    let address = address.to_canonical();
    let mut out = vec![address];
    if let IpAddr::V6(address) = address {
        out.extend(carried(address).into_iter().map(IpAddr::V4));
    }
    out
}

fn carried(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bits = address.to_bits();
    // The 32 bits that end `below` bits before the address's end.
    let at = |below: u32| Ipv4Addr::from_bits(low(bits >> below));
    match address.segments() {
        // IPv4-compatible (RFC 4291, 2.5.5.1), without `::` and `::1`.
        [0, 0, 0, 0, 0, 0, ..] if bits > 1 => vec![at(0)],
        // IPv4-translated (RFC 2765).
        [0, 0, 0, 0, 0xffff, 0, ..] => vec![at(0)],
        // NAT64 (RFC 6052), and its prefix for local use (RFC 8215), whole or as the /48 that it is.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![at(0)],
        [0x64, 0xff9b, 1, ..] => {
            let split = ((bits >> 64 & 0xffff) << 16) | (bits >> 40 & 0xffff);
            vec![at(0), Ipv4Addr::from_bits(low(split))]
        }
        // 6to4 (RFC 3056).
        [0x2002, ..] => vec![at(80)],
        // Teredo (RFC 4380): the server, and the client with its bits inverted.
        [0x2001, 0, ..] => vec![at(64), Ipv4Addr::from_bits(!low(bits))],
        // ISATAP (RFC 5214).
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => vec![at(0)],
        _ => Vec::new(),
    }
}

fn low(bits: u128) -> u32 {
    u32::try_from(bits & u128::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_transition_gives_the_address_that_it_carries() {
        let metadata: IpAddr = [169, 254, 169, 254].into();
        for text in [
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe:a9fe::1",
            "2001::5601:5601",
            "2001:db8::5efe:169.254.169.254",
        ] {
            let address = text.parse().expect("an address");
            assert!(of(address).contains(&metadata), "{text}: {:?}", of(address));
        }
        let plain: IpAddr = "2001:db8::1".parse().expect("an address");
        assert_eq!(of(plain), [plain]);
        let own: IpAddr = "::1".parse().expect("an address");
        assert_eq!(of(own), [own]);
    }
}
