//! Signed addresses: a token that opens one camera for one purpose until a moment. Pure.
//!
//! It says who signed it: it never reaches further than that one does when it is used.

use base::{CameraId, Wall};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::principal::{Link, Purpose};

/// How a token begins.
pub const PREFIX: &str = "vl_";
/// A longer one is none of ours.
const LEN_MAX: usize = 512;
const MAC_LEN: usize = 32;
const VERSION: u8 = 1;

/// Whose rights a signed address has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A person of the embedded store, by id.
    User(String),
    /// A key, by id.
    Key(String),
    /// Somebody who is signed in by a session, by its id: it ends with the session.
    Session(String),
    /// Whoever connects in open mode.
    Open,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who signed it.
    pub signer: Signer,
    /// What it opens.
    pub link: Link,
    /// When it ends.
    pub expires_at: Wall,
}

impl Signed {
    /// The token.
    #[must_use]
    pub fn sign(&self, key: &[u8; 32]) -> String {
        let mut bytes = self.bytes();
        bytes.extend_from_slice(&mac(key, &bytes).finalize().into_bytes());
        format!("{PREFIX}{}", base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes))
    }

    /// What a token says, if it was signed with `key` and has not ended at `now`.
    #[must_use]
    pub fn verify(token: &str, key: &[u8; 32], now: Wall) -> Option<Self> {
        let text = token.strip_prefix(PREFIX).filter(|text| text.len() <= LEN_MAX)?;
        let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).ok()?;
        let (said, signature) = bytes.split_at_checked(bytes.len().checked_sub(MAC_LEN)?)?;
        // Compares in constant time.
        mac(key, said).verify_slice(signature).ok()?;
        Self::read(said).filter(|signed| now < signed.expires_at)
    }

    fn bytes(&self) -> Vec<u8> {
        let (kind, id) = match &self.signer {
            Signer::User(id) => (0, id.as_str()),
            Signer::Key(id) => (1, id.as_str()),
            Signer::Session(id) => (2, id.as_str()),
            Signer::Open => (3, ""),
        };
        let purpose = match self.link.purpose {
            Purpose::Live => 0,
            Purpose::Playback => 1,
        };
        let mut out = vec![VERSION, purpose, kind];
        out.extend_from_slice(&self.expires_at.as_micros().to_be_bytes());
        out.extend_from_slice(self.link.camera.as_str().as_bytes());
        // Neither a camera's id nor that of a signer holds one.
        out.push(0);
        out.extend_from_slice(id.as_bytes());
        out
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let ([version, purpose, kind], rest) = bytes.split_first_chunk::<3>()?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let (camera, id) = std::str::from_utf8(rest).ok()?.split_once('\0')?;
        let signer = match kind {
            0 => Signer::User(id.to_owned()),
            1 => Signer::Key(id.to_owned()),
            2 => Signer::Session(id.to_owned()),
            3 => Signer::Open,
            _ => return None,
        };
        let purpose = match purpose {
            0 => Purpose::Live,
            1 => Purpose::Playback,
            _ => return None,
        };
        let link = Link { camera: CameraId::new(camera).ok()?, purpose };
        let expires_at = Wall::from_micros(i64::from_be_bytes(*expires));
        (*version == VERSION).then_some(Self { signer, link, expires_at })
    }
}

fn mac(key: &[u8; 32], bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(b"vedette signed address\0");
    mac.update(bytes);
    mac
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [3; 32];

    fn at(seconds: i64) -> Wall {
        Wall::from_micros(seconds * 1_000_000)
    }

    fn signed(signer: Signer) -> Signed {
        let link = Link { camera: CameraId::new("gate-1").unwrap(), purpose: Purpose::Playback };
        Signed { signer, link, expires_at: at(100) }
    }

    #[test]
    fn a_token_says_what_was_signed_until_its_end() {
        for signer in [
            Signer::User("u".into()),
            Signer::Key("k".into()),
            Signer::Session("s".into()),
            Signer::Open,
        ] {
            let token = signed(signer.clone()).sign(&KEY);
            assert_eq!(Signed::verify(&token, &KEY, at(99)), Some(signed(signer)));
            assert_eq!(Signed::verify(&token, &KEY, at(100)), None);
            assert_eq!(Signed::verify(&token, &[4; 32], at(1)), None);
        }
    }

    proptest! {
        #[test]
        fn no_other_text_is_a_token(text in "\\PC{0,80}", at_ in 0_usize..400, with in "[A-Za-z0-9_-]") {
            let text = format!("{PREFIX}{text}");
            prop_assert_eq!(Signed::verify(&text, &KEY, at(1)), None);
            let token = signed(Signer::User("u".into())).sign(&KEY);
            let place = PREFIX.len() + at_ % (token.len() - PREFIX.len());
            let mut changed = token.clone();
            changed.replace_range(place..=place, &with);
            let verified = Signed::verify(&changed, &KEY, at(1));
            prop_assert!(changed == token || verified.is_none());
        }
    }
}
