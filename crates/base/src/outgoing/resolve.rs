//! A name's addresses, looked up once and checked: connect to these, not to the name again.

use std::net::{IpAddr, SocketAddr};

use super::{Denied, Outgoing};
use crate::ErrorKind;

/// A name with more addresses than this is served by the first ones.
const ADDRESSES_MAX: usize = 16;

/// Why there is no address to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name means nothing, or the name server is away.
    #[error("the name is not known")]
    Unknown,
    /// It means only addresses that must not be connected to.
    #[error(transparent)]
    Denied(#[from] Denied),
}

impl ResolveError {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown => ErrorKind::Unavailable,
            Self::Denied(_) => ErrorKind::Forbidden,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "name_unknown",
            Self::Denied(_) => "address_denied",
        }
    }
}

/// The addresses of `host` (a name, or an address with or without brackets) that may be connected to,
/// in the resolver's order, at least one. Those that may not are left out.
///
/// A lookup has the resolver's own patience: put a timeout around it. Dropping it is safe.
///
/// # Errors
/// [`ResolveError`]; after [`ResolveError::Unknown`] a retry may help.
pub async fn resolve_checked(
    host: &str,
    port: u16,
    outgoing: &Outgoing,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let found: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => tokio::net::lookup_host((bare, port))
            .await
            .map_err(|_| ResolveError::Unknown)?
            .take(ADDRESSES_MAX)
            .collect(),
    };
    let (mut allowed, mut denied) = (Vec::new(), None);
    for address in found {
        match outgoing.check(address.ip()) {
            Ok(()) if allowed.contains(&address) => {}
            Ok(()) => allowed.push(address),
            Err(error) => denied = Some(error),
        }
    }
    match denied {
        _ if !allowed.is_empty() => Ok(allowed),
        Some(denied) => Err(denied.into()),
        None => Err(ResolveError::Unknown),
    }
}
