//! Passwords: Argon2id, computed by two at once at most, so that guessing costs the guesser and not
//! the cameras.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base::{ErrorKind, Secret};
use tokio::sync::Semaphore;

use crate::random::{self, NoRandom};

/// 19 MiB, two passes, one lane: the first choice of OWASP's Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
/// Computed at once.
const AT_ONCE: usize = 2;
/// Waiting for their turn.
const WAITING_MAX: usize = 64;
/// A longer one is no password.
const LEN_MAX: usize = 1_024;
/// A shorter one is too easily guessed.
pub const LEN_MIN: usize = 8;

/// Why a password was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many are being looked at.
    #[error("too many passwords are being checked at once")]
    Busy,
    /// Too short or too long.
    #[error("a password has {LEN_MIN} to {LEN_MAX} characters")]
    Weak,
    /// Our own fault.
    #[error("the password could not be hashed")]
    Internal,
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::Busy => ErrorKind::Unavailable,
            Self::Weak => ErrorKind::Invalid,
            Self::Internal => ErrorKind::Internal,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy => "logins_busy",
            Self::Weak => "password_weak",
            Self::Internal => "internal",
        }
    }
}

impl From<NoRandom> for Error {
    fn from(_: NoRandom) -> Self {
        Self::Internal
    }
}

/// Hashes and verifies. Cloning shares its bounds.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// What is verified against where there is no user, so that both take as long.
    nobody: Arc<str>,
}

impl Hasher {
    /// A hasher; computes one hash.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn new() -> Result<Self, Error> {
        let nobody = compute(&random::token()?)?.into();
        Ok(Self { turns: Arc::new(Semaphore::new(AT_ONCE)), waiting: Arc::default(), nobody })
    }

    /// The hash of a new password in PHC form.
    ///
    /// # Errors
    /// [`Error::Weak`], [`Error::Busy`]; a retry helps against the last.
    pub async fn hash(&self, password: &Secret) -> Result<String, Error> {
        let len = password.reveal().chars().count();
        if !(LEN_MIN..=LEN_MAX).contains(&len) {
            return Err(Error::Weak);
        }
        let password = password.clone();
        self.in_turn(move || compute(password.reveal())).await?
    }

    /// True when `password` is that of `hash`. Without a hash it takes as long and is false.
    ///
    /// # Errors
    /// [`Error::Busy`]; a retry helps.
    pub async fn verify(&self, hash: Option<String>, password: &Secret) -> Result<bool, Error> {
        if password.reveal().len() > LEN_MAX * 4 {
            return Ok(false);
        }
        let (nobody, password) = (Arc::clone(&self.nobody), password.clone());
        self.in_turn(move || {
            let known = hash.is_some();
            known & is_of(hash.as_deref().unwrap_or(&nobody), password.reveal())
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        // Counted without holding a lock: one or two too many are refused, none too many waits.
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= WAITING_MAX + AT_ONCE {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Error::Busy);
        }
        let _waiting = Waiting(&self.waiting);
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Error::Internal)?;
        let done = tokio::task::spawn_blocking(move || {
            // Kept to the end even when who asked has gone: the bound is on the work.
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Error::Internal)
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| Error::Internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes at once, in this thread: for commands.
///
/// # Errors
/// [`Error::Weak`].
pub fn hash_now(password: &Secret) -> Result<String, Error> {
    if !(LEN_MIN..=LEN_MAX).contains(&password.reveal().chars().count()) {
        return Err(Error::Weak);
    }
    compute(password.reveal())
}

fn compute(password: &str) -> Result<String, Error> {
    let salt: [u8; 16] = random::bytes()?;
    let hash: PasswordHash = argon2()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|_| Error::Internal)?;
    Ok(hash.to_string())
}

fn is_of(hash: &str, password: &str) -> bool {
    // The hash's own cost is taken, from our own database: no more than a few times ours.
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    let is_bounded = Params::try_from(&parsed)
        .is_ok_and(|params| params.m_cost() <= MEMORY_KIB * 8 && params.t_cost() <= PASSES * 8);
    let Ok(argon2) = argon2() else { return false };
    is_bounded && argon2.verify_password(password.as_bytes(), &parsed).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn the_right_password_passes_and_no_other() {
        let hasher = Hasher::new().unwrap();
        let hash = hasher.hash(&secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify(Some(hash.clone()), &secret("correct horse")).await.unwrap());
        assert!(!hasher.verify(Some(hash), &secret("correct hors")).await.unwrap());
        assert!(!hasher.verify(None, &secret("correct horse")).await.unwrap());
        assert!(!hasher.verify(Some("junk".to_owned()), &secret("junk")).await.unwrap());
        assert_eq!(hasher.hash(&secret("short")).await, Err(Error::Weak));
    }

    #[tokio::test]
    async fn too_many_at_once_are_told_to_come_back() {
        let hasher = Hasher::new().unwrap();
        let _turns = hasher.turns.clone().acquire_many_owned(2).await.unwrap();
        let waiting: Vec<_> = (0..WAITING_MAX + AT_ONCE)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.verify(None, &secret("x")).await })
            })
            .collect();
        while hasher.waiting.load(Ordering::Acquire) < WAITING_MAX + AT_ONCE {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.verify(None, &secret("x")).await, Err(Error::Busy));
        for task in &waiting {
            task.abort();
        }
        for task in waiting {
            assert!(task.await.unwrap_err().is_cancelled());
        }
        assert_eq!(hasher.waiting.load(Ordering::Acquire), 0);
    }
}
