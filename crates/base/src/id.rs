//! Names of things: cameras and stream paths, checked once where they enter.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name that may not be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum IdError {
    /// Not a slug.
    #[error("`{0}` is not an id; use 1 to 64 of a-z, 0-9, `-`, `_`, or a UUID")]
    NotASlug(String),
    /// A first word of our own addresses.
    #[error("`{0}` is reserved; choose another id")]
    Reserved(String),
    /// Not a path.
    #[error(
        "`{0}` is not a stream path; use parts of a-z, A-Z, 0-9, `-`, `_`, `.`, `~` separated by `/`, 255 characters at most"
    )]
    NotAPath(String),
}

const RESERVED: [&str; 4] = ["playback", "live", "api", "v3"];

/// A camera's id: a lower-case slug of 1 to 64 characters (a UUID is one).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CameraId(Arc<str>);

impl CameraId {
    /// Checks and takes an id.
    ///
    /// # Errors
    /// [`IdError::NotASlug`] or [`IdError::Reserved`]; a retry does not help.
    pub fn new(id: &str) -> Result<Self, IdError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if id.is_empty() || id.len() > 64 || !id.chars().all(fits) {
            return Err(IdError::NotASlug(id.chars().take(80).collect()));
        }
        if RESERVED.contains(&id) {
            return Err(IdError::Reserved(id.to_owned()));
        }
        Ok(Self(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of this camera's main stream.
    #[must_use]
    pub fn main_path(&self) -> StreamPath {
        StreamPath(Arc::clone(&self.0))
    }

    /// The path of a further stream of this camera: `sub`, or a derived one such as `720p`.
    #[must_use]
    pub fn stream_path(&self, name: &str) -> StreamPath {
        StreamPath(format!("{}/{name}", self.0).into())
    }
}

impl TryFrom<String> for CameraId {
    type Error = IdError;
    fn try_from(id: String) -> Result<Self, IdError> {
        Self::new(&id)
    }
}

impl From<CameraId> for String {
    fn from(id: CameraId) -> Self {
        id.0.as_ref().to_owned()
    }
}

/// A stream's name in URLs: a camera's id, or parts separated by `/`. Each part is safe in a URL
/// and in a file name; `.` and `..` are not parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamPath(Arc<str>);

impl StreamPath {
    /// Checks and takes a path; a leading or trailing `/` is not part of it.
    ///
    /// # Errors
    /// [`IdError::NotAPath`]; a retry does not help.
    pub fn new(path: &str) -> Result<Self, IdError> {
        let part_fits = |part: &str| {
            let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
            !part.is_empty() && part != "." && part != ".." && part.chars().all(safe)
        };
        if path.is_empty() || path.len() > 255 || !path.split('/').all(part_fits) {
            return Err(IdError::NotAPath(path.chars().take(80).collect()));
        }
        Ok(Self(path.into()))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for StreamPath {
    type Error = IdError;
    fn try_from(path: String) -> Result<Self, IdError> {
        Self::new(&path)
    }
}

impl From<StreamPath> for String {
    fn from(path: StreamPath) -> Self {
        path.0.as_ref().to_owned()
    }
}

/// 128 random bits as 32 hexadecimal digits: an id that nobody else has made. Not a secret.
#[must_use]
pub fn random_hex() -> String {
    format!("{:032x}", fastrand::u128(..))
}

macro_rules! printed_as_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{:?}", &self.0) }
        }
    )*};
}
printed_as_text!(CameraId, StreamPath);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_and_uuids_are_ids_and_nothing_else_is() {
        for good in ["a", "warehouse-cam-01", "cam_2", "01890a5d-ac96-774b-bcce-b302099a8057"] {
            assert!(CameraId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "Cam", "a/b", "..", "a b", "é", &"x".repeat(65)] {
            assert!(matches!(CameraId::new(bad), Err(IdError::NotASlug(_))), "{bad}");
        }
        assert!(matches!(CameraId::new("live"), Err(IdError::Reserved(_))));
    }

    #[test]
    fn paths_cannot_climb_out_of_a_folder() {
        assert!(StreamPath::new("metro_12/sub").is_ok());
        for bad in ["", "/a", "a/", "a//b", "../a", "a/./b", "a%2fb", "a\\b", "a?b"] {
            assert!(StreamPath::new(bad).is_err(), "{bad}");
        }
    }
}
