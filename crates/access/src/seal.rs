//! Secrets at rest: XChaCha20-Poly1305 under the master key, bound to the place where they lie.

use std::io::{ErrorKind as Io, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base::{ErrorKind, Secret};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::random::{self, NoRandom};

const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 24;
/// The form of what is sealed.
const VERSION: u8 = 1;

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key's text is no key.
    #[error(
        "{0} is not a master key: write 64 hexadecimal digits, as `openssl rand -hex 32` prints"
    )]
    NotAKey(String),
    /// The file can be read by others.
    #[error("{0} can be read by other users; chmod 600 it, and think of what it protects as known")]
    Open(PathBuf),
    /// The file cannot be read or made.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Sealed under another key, for another place, or damaged.
    #[error("a sealed value cannot be opened: another master key sealed it, or it is damaged")]
    Sealed,
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] NoRandom),
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NotAKey(_) | Self::Open(_) => ErrorKind::Invalid,
            Self::File { .. } => ErrorKind::Unavailable,
            Self::Sealed => ErrorKind::Corrupt,
            Self::Random(_) => ErrorKind::Internal,
        }
    }
}

/// The key that opens all others.
#[derive(Clone)]
pub struct MasterKey([u8; KEY_LEN]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

impl MasterKey {
    /// A new one.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn generate() -> Result<Self, Error> {
        Ok(Self(random::bytes()?))
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::NotAKey`]; it does not hold the text.
    pub fn parse(text: &Secret, from: &str) -> Result<Self, Error> {
        let wrong = || Error::NotAKey(from.to_owned());
        let text = text.reveal().trim();
        if text.len() != KEY_LEN * 2 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut key = [0; KEY_LEN];
        for (slot, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *slot = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(key))
    }

    /// The key as 64 hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> Secret {
        Secret::new(self.0.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Reads the key's file; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Open`] when others may read it; [`Error::NotAKey`]; [`Error::File`].
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        let failed = |error| Error::File { path: path.to_owned(), error };
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == Io::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(Error::Open(path.to_owned()));
        }
        let mut text = String::new();
        file.take(1_024).read_to_string(&mut text).map_err(failed)?;
        Self::parse(&Secret::new(text), &path.display().to_string()).map(Some)
    }

    /// Writes the key's file, mode 0600, whole or not at all.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        write_private(path, self.text().reveal())
            .map_err(|error| Error::File { path: path.to_owned(), error })
    }

    /// A key of its own for one use, so that no two uses share one.
    #[must_use]
    pub fn derive(&self, for_what: &str) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.0)
            .expect("HMAC takes keys of any length");
        mac.update(for_what.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Seals a value for one place, such as `users.digest/<id>`.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn seal(&self, place: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_LEN] = random::bytes()?;
        let payload = Payload { msg: value, aad: place.as_bytes() };
        let sealed =
            self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::Sealed)?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// [`Error::Sealed`].
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (version, rest) = sealed.split_first().ok_or(Error::Sealed)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Error::Sealed)?;
        if *version != VERSION {
            return Err(Error::Sealed);
        }
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| Error::Sealed)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.derive("seal").into())
    }
}

/// Writes a file that only its owner reads, whole or not at all, in a folder of the same kind.
///
/// # Errors
/// The system's.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let new = path.with_extension("new");
    // One that a crash left may have other rights.
    if let Err(error) = std::fs::remove_file(&new)
        && error.kind() != Io::NotFound
    {
        return Err(error);
    }
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_is_kept_in_a_file_that_only_its_owner_reads() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets/master-key");
        assert!(MasterKey::read(&path).unwrap().is_none());
        let key = MasterKey::generate().unwrap();
        key.write(&path).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(MasterKey::read(&path).unwrap().unwrap().0, key.0);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(MasterKey::read(&path), Err(Error::Open(_))));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for text in ["", "hunter2", &"g".repeat(64), &"é".repeat(32), &"a".repeat(63)] {
            let error = MasterKey::parse(&Secret::new(text.to_owned()), "KEY").unwrap_err();
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
        assert_eq!(format!("{:?}", MasterKey::generate().unwrap()), "MasterKey(***)");
    }

    #[test]
    fn a_sealed_value_opens_only_where_it_was_sealed_for() {
        let key = MasterKey::generate().unwrap();
        let sealed = key.seal("users.digest/1", b"planted").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"planted"));
        assert_eq!(key.open("users.digest/1", &sealed).unwrap(), b"planted");
        assert!(key.open("users.digest/2", &sealed).is_err());
        assert!(MasterKey::generate().unwrap().open("users.digest/1", &sealed).is_err());
    }

    proptest! {
        #[test]
        fn any_other_bytes_do_not_open(at in 0_usize..60, bit in 0_u8..8, junk: Vec<u8>) {
            let key = MasterKey([7; 32]);
            let mut sealed = key.seal("p", b"some secret value").unwrap();
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert!(key.open("p", &sealed).is_err());
            prop_assert!(key.open("p", &junk).is_err());
        }
    }
}
