//! How an ffmpeg child reaches its source: the address that it is given, and what of ours stands
//! between the two where the child would go elsewhere by itself (redirects, playlists, names in TLS).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::Secret;
use base::outgoing::Outgoing;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::address;
use crate::failure::{Failure, Kind};
use crate::guard::Guard;
use crate::proxy::Proxy;
use crate::source::{SourceSpec, Transport};

/// An address among several is given up after this long.
const TRY: Duration = Duration::from_secs(3);

/// The way of one child. Dropping it ends what stands between.
pub(crate) struct Way {
    /// The address to give to the child, without credentials.
    pub url: Url,
    between: Between,
}

enum Between {
    Nothing,
    Proxy(Proxy),
    Guard(Guard),
}

/// How a way ends before its child.
pub(crate) enum End {
    /// The child can have no more.
    Failed(Failure),
    /// The camera says that the stream is there.
    Moved(Url),
}

impl Way {
    /// Looks up where `url`, the spec's or one that it has moved to, leads, and checks it. Sends
    /// nothing to what is denied.
    pub(crate) async fn to(
        spec: &SourceSpec,
        url: &Url,
        outgoing: &Arc<Outgoing>,
    ) -> Result<Self, Failure> {
        let as_it_is = |between| Ok(Self { url: url.clone(), between });
        if spec.derived.is_some() {
            return as_it_is(Between::Nothing);
        }
        let addresses = address::checked(url, outgoing).await?;
        let broken = |error| Failure::new(Kind::ProtocolError).with("detail", error);
        match (url.scheme(), addresses.as_slice()) {
            (_, []) => as_it_is(Between::Nothing),
            // The name stays: it stands in the Host header and in the certificate.
            ("http" | "https" | "rtsps", _) => {
                let proxy = Proxy::start(Arc::clone(outgoing)).await.map_err(broken)?;
                as_it_is(Between::Proxy(proxy))
            }
            ("rtsp", _) if spec.transport == Transport::Tcp => {
                let camera = address::connect(&addresses).await?;
                let guard = Guard::start(camera).await.map_err(broken)?;
                Ok(Self { url: guard.url(url), between: Between::Guard(guard) })
            }
            (scheme, [first, ..]) => {
                let over_tcp = matches!(scheme, "rtsp" | "rtmp") && addresses.len() > 1;
                let answers = if over_tcp { first_that_answers(&addresses).await } else { None };
                let url = address::with_host(url, answers.unwrap_or(*first));
                Ok(Self { url, between: Between::Nothing })
            }
        }
    }

    /// The proxy to give to the child.
    pub(crate) fn proxy(&self) -> Option<&Secret> {
        match &self.between {
            Between::Proxy(proxy) => Some(proxy.url()),
            _ => None,
        }
    }

    /// Why the last connection through the proxy could not be made.
    pub(crate) fn failure(&self) -> Option<Failure> {
        match &self.between {
            Between::Proxy(proxy) => proxy.failure(),
            _ => None,
        }
    }

    /// Serves the child until it asks for what it may not have. Cancel-safe.
    pub(crate) async fn serve(&mut self) -> End {
        match &mut self.between {
            Between::Proxy(proxy) => End::Failed(proxy.serve().await),
            Between::Guard(guard) => End::Moved(guard.serve().await),
            Between::Nothing => std::future::pending().await,
        }
    }
}

/// A client that is given a name tries all its addresses; one that is given an address cannot.
async fn first_that_answers(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    for address in addresses {
        if matches!(timeout(TRY, TcpStream::connect(address)).await, Ok(Ok(_))) {
            return Some(*address);
        }
    }
    None
}
