//! What a request's address is worth. Pure.
//!
//! An address counts only when nothing suggests that somebody else speaks through it: no page of
//! another site (`Origin`), no proxy (`Forwarded`), no name that merely resolves here (DNS
//! rebinding).

use std::net::IpAddr;

pub use base::net::Network;

/// What a request says of where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// The peer's address.
    pub peer: Option<IpAddr>,
    /// The `Host` header or authority, with its port.
    pub host: Option<&'a str>,
    /// The `Origin` header.
    pub origin: Option<&'a str>,
    /// True when there is a `Forwarded` or `X-Forwarded-*` header.
    pub forwarded: bool,
}

/// True when the request's address may be taken for who asks: it is on loopback or in `networks`, and
/// nothing speaks through it. `hosts` are the names by which browsers may call this server.
#[must_use]
pub fn by_address(request: &Request<'_>, hosts: &[String], networks: &[Network]) -> bool {
    let is_here = request.peer.is_some_and(|peer| peer.to_canonical().is_loopback());
    (is_here && is_direct(request, hosts)) || from_networks(request, hosts, networks)
}

/// True when the request's address lies in `networks`, and nothing speaks through it.
#[must_use]
pub fn from_networks(request: &Request<'_>, hosts: &[String], networks: &[Network]) -> bool {
    let is_near = |peer| networks.iter().any(|network: &Network| network.contains(peer));
    request.peer.is_some_and(is_near) && is_direct(request, hosts)
}

fn is_direct(request: &Request<'_>, hosts: &[String]) -> bool {
    let Some(host) = request.host else { return false };
    let origin_is_ours = request.origin.is_none_or(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    });
    !request.forwarded && is_known_host(host, hosts) && origin_is_ours
}

fn is_known_host(host: &str, hosts: &[String]) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Request<'static> {
        Request {
            peer: Some([127, 0, 0, 1].into()),
            host: Some("localhost:8080"),
            origin: None,
            forwarded: false,
        }
    }

    #[test]
    fn loopback_is_trusted_unless_somebody_speaks_through_it() {
        let trusted = |request: &Request<'_>| by_address(request, &["cctv.example".into()], &[]);
        assert!(trusted(&local()));
        assert!(trusted(&Request { host: Some("[::1]:8080"), ..local() }));
        assert!(trusted(&Request { host: Some("cctv.example:8080"), ..local() }));
        assert!(trusted(&Request { origin: Some("http://localhost:8080"), ..local() }));
        assert!(!trusted(&Request { host: Some("evil.example:8080"), ..local() }));
        assert!(!trusted(&Request { origin: Some("http://evil.example"), ..local() }));
        assert!(!trusted(&Request { origin: Some("null"), ..local() }));
        assert!(!trusted(&Request { forwarded: true, ..local() }));
        assert!(!trusted(&Request { peer: Some([10, 0, 0, 1].into()), ..local() }));
        assert!(!trusted(&Request { host: None, ..local() }));
    }
}
