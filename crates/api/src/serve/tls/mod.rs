//! The certificate of the front door: read from the user's files or made by us, checked, and followed
//! while the server runs. A pair that is broken never replaces one that works.

mod pair;
mod self_signed;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base::Wall;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use pair::{Digest, Pair};
pub use self_signed::names;

const DAY_MICROS: i64 = 86_400_000_000;
/// Ours is made anew when less is left.
const RENEW_MICROS: i64 = 30 * DAY_MICROS;

/// Why there is no certificate. Texts name the key of the configuration that is to blame.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate's file.
    #[error("server.tls.cert: {path}: {reason}")]
    Cert {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key's file.
    #[error("server.tls.key: {path}: {reason}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// None of ours could be made.
    #[error("no self-signed certificate can be made: {0}")]
    Make(String),
}

/// Where a certificate comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Files of the user's, PEM.
    Given {
        /// The chain, the server's own certificate first.
        cert: PathBuf,
        /// Its key: PKCS#8, PKCS#1 or SEC1.
        key: PathBuf,
    },
    /// Ours: `cert.pem` and `key.pem` in `folder`, made when they are not there.
    SelfSigned {
        /// The folder, for its owner only.
        folder: PathBuf,
        /// Names and addresses that it is for.
        names: Vec<String>,
    },
}

impl Source {
    /// The certificate's file.
    #[must_use]
    pub fn cert(&self) -> PathBuf {
        match self {
            Self::Given { cert, .. } => cert.clone(),
            Self::SelfSigned { folder, .. } => folder.join("cert.pem"),
        }
    }

    fn key(&self) -> PathBuf {
        match self {
            Self::Given { key, .. } => key.clone(),
            Self::SelfSigned { folder, .. } => folder.join("key.pem"),
        }
    }

    fn read(&self) -> Result<Pair, Error> {
        Pair::read(&self.cert(), &self.key())
    }

    /// The pair as it lies there; ours is made when it is missing, does not fit together (a crash came
    /// between its two files) or ends soon.
    fn read_or_make(&self, now: Wall) -> Result<Pair, Error> {
        let read = self.read();
        let Self::SelfSigned { names, .. } = self else { return read };
        if let Ok(pair) = &read
            && pair.ends.micros_since(now) > RENEW_MICROS
        {
            return read;
        }
        self_signed::make(&self.cert(), &self.key(), names, now)?;
        tracing::info!(path = %self.cert().display(), "made a self-signed certificate");
        self.read()
    }
}

/// A certificate in use. Clones are the same one: what one replaces, all have.
#[derive(Clone)]
pub struct Certificate {
    source: Source,
    current: Arc<Current>,
}

#[derive(Debug)]
struct Current {
    key: ArcSwap<CertifiedKey>,
    facts: ArcSwap<Facts>,
}

/// What is known of the certificate in use.
#[derive(Clone, Copy, Debug)]
struct Facts {
    ends: Wall,
    digest: Digest,
}

impl Certificate {
    /// Reads a certificate, or makes it where that is ours to do.
    ///
    /// # Errors
    /// Names the key of the configuration, the file, and what is wrong.
    pub fn open(source: Source, now: Wall) -> Result<Self, Error> {
        let pair = source.read_or_make(now)?;
        let facts = Facts { ends: pair.ends, digest: pair.digest };
        let current =
            Current { key: ArcSwap::from_pointee(pair.key), facts: ArcSwap::from_pointee(facts) };
        Ok(Self { source, current: Arc::new(current) })
    }

    /// TLS 1.2 and 1.3 with this certificate, as it is at each handshake, for protocols by their ALPN
    /// names, the best first.
    ///
    /// # Panics
    /// Never: aws-lc has suites for both versions.
    #[must_use]
    pub fn server_config(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Current>::clone(&self.current));
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// Its fingerprint: SHA-256, as browsers show it (`AB:CD:...`).
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.current
            .key
            .load()
            .end_entity_cert()
            .map(|der| pair::fingerprint(der))
            .unwrap_or_default()
    }

    fn replace(&self, pair: Pair) {
        let facts = Facts { ends: pair.ends, digest: pair.digest };
        self.current.key.store(Arc::new(pair.key));
        self.current.facts.store(Arc::new(facts));
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.load_full())
    }
}

/// Makes a self-signed certificate in `folder`, also where there is one.
///
/// # Errors
/// When it cannot be written.
pub fn make_self_signed(folder: &Path, names: &[String], now: Wall) -> Result<(), Error> {
    self_signed::make(&folder.join("cert.pem"), &folder.join("key.pem"), names, now)
}

#[cfg(test)]
mod tests;
