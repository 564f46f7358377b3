//! Passwords that are proven and not shown: RTSP Digest.

use std::net::IpAddr;

use base::{Clock, Secret, SystemClock};
use catalog::User;
use sha2::{Digest, Sha256};

use super::{Credential, Gate, Refused, of_user};
use crate::accounts::{Accounts, DigestSecret};
use crate::principal::Principal;

impl Gate {
    /// The user `name`, if `proves` says so of what is kept of the password; wrong ones count as those
    /// of sign-ins do. The credential stands for the proof as long as the password is the same.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn prove(
        &self,
        accounts: &Accounts,
        (name, address): (&str, IpAddr),
        proves: impl FnOnce(&DigestSecret) -> bool,
    ) -> Result<(Principal, Credential), Refused> {
        let now = SystemClock.mono();
        if let Some(left) = self.inner.lockout.lock().locked(name, address, now) {
            return Err(Refused::Locked(left));
        }
        let kept = accounts.digest_secret(name).await;
        let kept = kept.map_err(|error| Refused::Unavailable(error.to_string()))?;
        let proven = kept.filter(|(_, secret)| proves(secret)).map(|(user, _)| user);
        let mut lockout = self.inner.lockout.lock();
        let Some(user) = proven else {
            lockout.failed(name, address, now);
            return Err(Refused::Wrong);
        };
        lockout.passed(name, address);
        let credential = Credential::Proven { user: user.id.clone(), mark: mark(&user) };
        Ok((of_user(&user, None), credential))
    }
}

/// What is the same as long as the password is.
pub(super) fn mark(user: &User) -> Secret {
    let hash = Sha256::digest(user.digest.as_deref().unwrap_or_default());
    Secret::new(base64_simd::STANDARD.encode_to_string(hash))
}
