//! A source's address with its name looked up and checked: clients are given the address that was
//! checked, so that a second answer of the name server changes nothing.

use std::net::SocketAddr;

use base::outgoing::{Denied, Outgoing, ResolveError, resolve_checked};
use tokio::net::TcpStream;
use url::Url;

use crate::failure::{Failure, Kind, well_known};

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        Self::new(Kind::AddressDenied).with("address", denied.0)
    }
}

impl From<ResolveError> for Failure {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Unknown => Self::new(Kind::NameUnknown),
            ResolveError::Denied(denied) => denied.into(),
        }
    }
}

/// The host's addresses that may be used, at least one; none where the address has no host. Dropping
/// it is safe.
pub(crate) async fn checked(url: &Url, outgoing: &Outgoing) -> Result<Vec<SocketAddr>, Failure> {
    let port = url.port().or_else(|| well_known(url.scheme())).unwrap_or(0);
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { return Ok(Vec::new()) };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if is_receiver(url)
        && let Ok(address) = bare.parse()
    {
        outgoing.check_receiver(address)?;
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    Ok(resolve_checked(host, port, outgoing).await?)
}

/// The address with this one in the place of its host; as it is where it has none.
pub(crate) fn with_host(url: &Url, address: SocketAddr) -> Url {
    let mut url = url.clone();
    // Only an address without a host refuses one.
    let _ = url.set_ip_host(address.ip());
    url
}

/// True when the address says where to listen, and not where to connect to.
fn is_receiver(url: &Url) -> bool {
    let listens = |(key, value): (_, _)| key == "mode" && value == "listener";
    match url.scheme() {
        "udp" => true,
        "srt" => url.query_pairs().any(listens),
        _ => false,
    }
}

/// Connects to the first address that takes it.
pub(crate) async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    let mut failure = Failure::new(Kind::NameUnknown);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Failure::new(Failure::kind_of_io(error.kind())),
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use base::net::Network;

    use super::*;

    fn without_loopback() -> Outgoing {
        let network = |text| Network::parse(text).unwrap();
        Outgoing { allow: vec![], deny: vec![network("127.0.0.0/8"), network("::1")] }
    }

    async fn kind(url: &str, outgoing: &Outgoing) -> Option<Kind> {
        let checked = checked(&Url::parse(url).unwrap(), outgoing).await;
        checked.err().map(|failure| failure.kind)
    }

    #[tokio::test]
    async fn a_name_gives_way_to_the_address_that_was_checked() {
        let url = Url::parse("rtsp://localhost:8554/a?b=c").unwrap();
        let known = ["rtsp://127.0.0.1:8554/a?b=c", "rtsp://[::1]:8554/a?b=c"];
        for address in checked(&url, &Outgoing::default()).await.unwrap() {
            let url = with_host(&url, address);
            assert!(known.contains(&url.as_str()), "{url}");
        }
        let file = Url::parse("file:///a.mp4").unwrap();
        assert_eq!(checked(&file, &Outgoing::default()).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_denied_host_is_denied_in_every_scheme_and_form() {
        let strict = without_loopback();
        for scheme in ["rtsp", "rtsps", "http", "https", "rtmp", "srt", "udp"] {
            for host in ["localhost", "127.0.0.1", "[::1]", "0x7f.1", "[::ffff:127.0.0.1]"] {
                let url = format!("{scheme}://{host}:9/a");
                assert_eq!(kind(&url, &strict).await, Some(Kind::AddressDenied), "{url}");
            }
            let metadata = format!("{scheme}://169.254.169.254/latest");
            let denied = kind(&metadata, &Outgoing::default()).await;
            assert_eq!(denied, Some(Kind::AddressDenied), "{metadata}");
        }
    }

    #[tokio::test]
    async fn a_receiver_may_name_a_group_or_all_of_this_host() {
        let none = Outgoing::default();
        for url in ["udp://239.1.1.1:5000", "udp://0.0.0.0:5000", "srt://0.0.0.0:9?mode=listener"] {
            assert_eq!(kind(url, &none).await, None, "{url}");
        }
        for url in ["srt://0.0.0.0:9", "rtsp://0.0.0.0/a", "http://224.0.0.1/a"] {
            assert_eq!(kind(url, &none).await, Some(Kind::AddressDenied), "{url}");
        }
    }
}
