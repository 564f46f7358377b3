//! Signatures that others can check: Ed25519 (RFC 8032) by a key of this server.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// Signs. Cloning is not possible: hand it around behind an `Arc`.
pub struct Signer(Ed25519KeyPair);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(***)")
    }
}

impl Signer {
    /// The signer of a seed of 32 secret bytes.
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    /// Signature and public key, both in base64.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> (String, String) {
        let encode = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
        (encode(self.0.sign(message).as_ref()), encode(self.0.public_key().as_ref()))
    }
}

/// True when `signature` over `message` was made by the holder of `public_key`; both in base64.
#[must_use]
pub fn is_signed(message: &[u8], signature: &str, public_key: &str) -> bool {
    let decode = |text: &str| base64_simd::STANDARD.decode_to_vec(text).ok();
    decode(signature).zip(decode(public_key)).is_some_and(|(signature, public_key)| {
        UnparsedPublicKey::new(&ED25519, public_key).verify(message, &signature).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let (signer, other) =
            (Signer::new(&[1; 32]).expect("a seed"), Signer::new(&[2; 32]).expect("a seed"));
        let (signature, key) = signer.sign(b"head 7");
        assert!(is_signed(b"head 7", &signature, &key));
        assert!(!is_signed(b"head 8", &signature, &key));
        assert!(!is_signed(b"head 7", &signature, &other.sign(b"").1));
        assert!(!is_signed(b"head 7", "junk", &key) && !is_signed(b"head 7", &signature, "%"));
    }
}
