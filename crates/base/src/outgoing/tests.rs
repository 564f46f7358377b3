//! The rules, by example and by property.

#[cfg(feature = "tasks")]
use std::net::SocketAddr;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn rules(allow: &[&str], deny: &[&str]) -> Outgoing {
    Outgoing { allow: networks(allow), deny: networks(deny) }
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn every_built_in_network_is_one() {
    assert_eq!(BUILT_IN.0.len(), NEVER.len());
    assert_eq!(BUILT_IN.1.len(), NO_PEER.len());
}

#[test]
fn what_is_no_camera_is_denied_and_where_cameras_live_is_not() {
    let none = Outgoing::default();
    for text in [
        "169.254.169.254",
        "169.254.7.7",
        "fe80::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "224.0.0.1",
        "239.1.1.1",
        "ff02::1",
        "255.255.255.255",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "::ffff:0.0.0.0",
        "64:ff9b::6464:64c8",
    ] {
        assert_eq!(none.check(address(text)), Err(Denied(address(text))), "{text}");
    }
    for text in ["127.0.0.1", "::1", "10.0.0.7", "192.168.1.2", "fd00::7", "8.8.8.8", "2001:db8::1"]
    {
        assert_eq!(none.check(address(text)), Ok(()), "{text}");
    }
}

#[test]
fn the_most_specific_network_decides_and_allow_wins_a_tie() {
    let only_lan = rules(&["10.0.0.0/8", "10.9.9.9/32"], &["0.0.0.0/0", "::/0", "10.9.0.0/16"]);
    assert!(only_lan.check(address("10.1.1.1")).is_ok());
    assert!(only_lan.check(address("10.9.1.1")).is_err());
    assert!(only_lan.check(address("10.9.9.9")).is_ok());
    assert!(only_lan.check(address("8.8.8.8")).is_err());
    assert!(only_lan.check(address("2001:db8::1")).is_err());
    let both = rules(&["10.0.0.0/8"], &["10.0.0.0/8"]);
    assert!(both.check(address("10.1.1.1")).is_ok());
}

#[test]
fn a_wide_allowance_does_not_open_the_metadata_service() {
    let link_local = rules(&["0.0.0.0/0", "169.254.0.0/16"], &[]);
    assert!(link_local.check(address("169.254.7.7")).is_ok());
    assert!(link_local.check(address("169.254.169.254")).is_err());
    let named = rules(&["169.254.169.254/32"], &[]);
    assert!(named.check(address("169.254.169.254")).is_ok());
}

#[test]
fn a_receiver_may_be_a_group_but_not_what_is_denied() {
    let some = rules(&[], &["239.0.0.0/8"]);
    assert!(some.check_receiver(address("224.1.1.1")).is_ok());
    assert!(some.check_receiver(address("0.0.0.0")).is_ok());
    assert!(some.check_receiver(address("239.1.1.1")).is_err());
    assert!(some.check_receiver(address("169.254.169.254")).is_err());
}

#[cfg(feature = "tasks")]
#[test]
fn a_name_is_checked_by_what_it_means() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let none = Outgoing::default();
        let own = resolve_checked("localhost", 80, &none).await.expect("localhost is known");
        assert!(own.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
        let strict = rules(&[], &["127.0.0.0/8", "::1"]);
        // The same address in forms that only a resolver reads.
        for host in ["localhost", "127.1", "0x7f000001", "2130706433", "[::1]", "::ffff:127.0.0.1"]
        {
            let resolved = resolve_checked(host, 80, &strict).await;
            assert!(matches!(resolved, Err(ResolveError::Denied(_))), "{host}: {resolved:?}");
        }
        let half = rules(&[], &["::1"]);
        let left = resolve_checked("127.0.0.1", 80, &half).await;
        assert_eq!(left, Ok(vec![SocketAddr::from(([127, 0, 0, 1], 80))]));
        assert_eq!(resolve_checked("", 80, &none).await, Err(ResolveError::Unknown));
    });
}

fn any_network() -> impl Strategy<Value = Network> {
    (any::<u32>(), 0_u8..=32).prop_filter_map("a network", |(bits, prefix)| {
        Network::parse(&format!("{}/{prefix}", Ipv4Addr::from_bits(bits)))
    })
}

proptest! {
    #[test]
    fn an_address_carried_in_another_is_denied_with_it(
        bits: u32,
        deny in proptest::collection::vec(any_network(), 0..8),
        allow in proptest::collection::vec(any_network(), 0..8),
    ) {
        let outgoing = Outgoing { allow, deny };
        let plain = Ipv4Addr::from_bits(bits);
        let carrying = |text: String| text.parse::<Ipv6Addr>().map(IpAddr::V6);
        let [a, b, c, d] = plain.octets();
        let forms = [
            Ok(IpAddr::V6(plain.to_ipv6_mapped())),
            carrying(format!("64:ff9b::{plain}")),
            carrying(format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1")),
        ];
        if outgoing.check(plain.into()).is_err() {
            for form in forms {
                prop_assert!(outgoing.check(form.expect("an address")).is_err());
            }
        }
    }

    #[test]
    fn one_address_that_is_allowed_by_name_always_is(
        bits: u32,
        deny in proptest::collection::vec(any_network(), 0..8),
    ) {
        let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
        let allow = vec![Network::parse(&address.to_string()).expect("a network")];
        let outgoing = Outgoing { allow, deny };
        prop_assert!(outgoing.check(address).is_ok());
    }

    #[test]
    fn more_denials_never_allow_more(
        bits: u32,
        deny in proptest::collection::vec(any_network(), 1..8),
        allow in proptest::collection::vec(any_network(), 0..8),
    ) {
        let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
        let fewer = Outgoing { allow: allow.clone(), deny: deny.iter().skip(1).copied().collect() };
        let more = Outgoing { allow, deny };
        if fewer.check(address).is_err() {
            prop_assert!(more.check(address).is_err());
        }
    }
}
