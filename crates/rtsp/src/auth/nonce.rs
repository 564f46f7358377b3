//! Nonces that need no memory: each says when it was made, and proves that we made it.

use std::fmt;
use std::time::Duration;

use base::Mono;
use sha2::{Digest, Sha256};

use super::secret::{hex, same};

/// How long a nonce may be answered: long enough for a client that connects anew with an old one.
const AGE_MAX: Duration = Duration::from_secs(60);
/// Digits of the time.
const TIME_LEN: usize = 16;

/// Makes nonces and knows its own again, on any connection; after a restart they are foreign, and
/// clients get new ones.
#[derive(Clone)]
pub struct Nonces {
    key: [u8; 32],
}

impl Nonces {
    /// With a random key of the caller's, new in each run.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The nonce of a moment: its time, and the hash of key and time. All that is hashed has the same
    /// length, so that none can be made longer from another.
    pub(super) fn mint(&self, now: Mono) -> String {
        let time = format!("{:016x}", now.as_nanos());
        let proof = hex(&Sha256::new().chain_update(self.key).chain_update(&time).finalize());
        format!("{time}{}", proof.get(..32).unwrap_or_default())
    }

    /// When a nonce was made; nothing when it is too old or not ours.
    pub(super) fn minted(&self, nonce: &str, now: Mono) -> Option<Mono> {
        let time = u64::from_str_radix(nonce.get(..TIME_LEN)?, 16).ok()?;
        let minted = Mono::from_nanos(time);
        let is_fresh = minted <= now && now.since(minted) <= AGE_MAX;
        (is_fresh && same(self.mint(minted).as_bytes(), nonce.as_bytes())).then_some(minted)
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_nonce_is_known_again_until_it_is_old() {
        let nonces = Nonces::new([7; 32]);
        let at = |seconds: u64| Mono::from_nanos(seconds * 1_000_000_000);
        let nonce = nonces.mint(at(100));
        assert_eq!(nonces.minted(&nonce, at(100)), Some(at(100)));
        assert_eq!(nonces.minted(&nonce, at(160)), Some(at(100)));
        assert_eq!(nonces.minted(&nonce, at(161)), None);
        assert_eq!(nonces.minted(&nonce, at(99)), None, "from the future");
        assert_eq!(Nonces::new([8; 32]).minted(&nonce, at(100)), None, "another key");
    }

    proptest! {
        #[test]
        fn no_changed_nonce_is_ours(nanos: u64, place in 0_usize..48, letter in "[0-9a-fA-F+ é]") {
            let (nonces, now) = (Nonces::new([7; 32]), Mono::from_nanos(nanos));
            let nonce = nonces.mint(now);
            let mut changed = nonce.clone();
            changed.replace_range(place..=place, &letter);
            prop_assert_eq!(nonces.minted(&changed, now).is_some(), changed == nonce);
        }

        #[test]
        fn any_text_is_no_nonce(text in "\\PC{0,60}") {
            prop_assert_eq!(Nonces::new([7; 32]).minted(&text, Mono::from_nanos(u64::MAX)), None);
        }
    }
}
