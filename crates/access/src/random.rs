//! Random bits that nobody can guess, from the operating system.

use base::ErrorKind;

/// The system gives none; nothing that needs a secret can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random numbers")]
pub struct NoRandom;

impl NoRandom {
    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        ErrorKind::Internal
    }
}

/// `N` random bytes.
///
/// # Errors
/// [`NoRandom`].
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|_| NoRandom)?;
    Ok(out)
}

/// 256 random bits as text that stands in URLs, headers and cookies as it is.
///
/// # Errors
/// [`NoRandom`].
pub fn token() -> Result<String, NoRandom> {
    Ok(base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes::<32>()?))
}

/// A password for once, of letters and digits that cannot be taken for each other: 80 bits.
///
/// # Errors
/// [`NoRandom`].
pub fn password() -> Result<String, NoRandom> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
    let random = bytes::<16>()?;
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map(char::from);
    let text: Vec<char> = random.iter().filter_map(letter).collect();
    Ok(text.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"))
}
