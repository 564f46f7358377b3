//! A certificate and its key, read from two files and checked against each other.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use base::Wall;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Error;

const FILE_LEN_MAX: u64 = 1 << 20;

/// Tells one content of both files from another.
pub(super) type Digest = [u8; 32];

/// A pair that fits together.
pub(super) struct Pair {
    pub(super) key: CertifiedKey,
    /// When the server's own certificate ends.
    pub(super) ends: Wall,
    pub(super) digest: Digest,
}

impl Pair {
    pub(super) fn read(cert_path: &Path, key_path: &Path) -> Result<Self, Error> {
        let cert = |reason: String| Error::Cert { path: cert_path.into(), reason };
        let key = |reason: String| Error::Key { path: key_path.into(), reason };
        let (cert_pem, key_pem) =
            (content(cert_path).map_err(cert)?, content(key_path).map_err(key)?);
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&cert_pem)
            .collect::<Result<_, _>>()
            .map_err(|error| cert(format!("is not PEM: {error}")))?;
        let own = chain.first().ok_or_else(|| cert("holds no certificate".into()))?;
        let ends = ends(own).map_err(cert)?;
        let private = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|error| match error {
            pem::Error::NoItemsFound => {
                key("holds no key that can be used: unencrypted PKCS#8, PKCS#1 or SEC1".into())
            }
            error => key(format!("is not PEM: {error}")),
        })?;
        let certified = CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider())
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    key("does not belong to the certificate of server.tls.cert".into())
                }
                error => key(format!("cannot be used: {error}")),
            })?;
        Ok(Self { key: certified, ends, digest: digest(&cert_pem, &key_pem) })
    }
}

/// The digest of both files as they are now; of nothing where one cannot be read.
pub(super) fn digest_now(cert_path: &Path, key_path: &Path) -> Digest {
    let read = |path| content(path).unwrap_or_default();
    digest(&read(cert_path), &read(key_path))
}

fn digest(cert: &[u8], key: &[u8]) -> Digest {
    let mut both = Sha256::new();
    both.update(Sha256::digest(cert));
    both.update(Sha256::digest(key));
    both.finalize().into()
}

/// `AB:CD:...` of a certificate.
pub(super) fn fingerprint(der: &[u8]) -> String {
    let bytes: Vec<String> = Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

fn content(path: &Path) -> Result<Vec<u8>, String> {
    let read = || {
        let mut content = Vec::new();
        File::open(path)?.take(FILE_LEN_MAX + 1).read_to_end(&mut content)?;
        Ok(content)
    };
    let content = read().map_err(|error: std::io::Error| format!("cannot be read: {error}"))?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > FILE_LEN_MAX {
        return Err("is larger than a certificate can be".into());
    }
    Ok(content)
}

fn ends(der: &[u8]) -> Result<Wall, String> {
    let (_, parsed) =
        X509Certificate::from_der(der).map_err(|error| format!("cannot be understood: {error}"))?;
    let seconds = parsed.validity().not_after.timestamp();
    Ok(Wall::from_micros(seconds.saturating_mul(1_000_000)))
}
