//! Paths and settings that were made through the control API, as they were given.
//!
//! What they mean is the callers' business; here they are texts with bounds.

use std::future::Future;

use base::Wall;

use crate::Error;
use crate::people::bounds;

/// Most paths that are kept.
pub const PATHS_MAX: u32 = 10_000;
/// Longest settings in bytes.
const SETTINGS_BYTES_MAX: usize = 64 << 10;

/// A path as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptPath {
    /// Its name, or the rule that names match.
    pub name: String,
    /// JSON, without its source.
    pub settings: String,
    /// Where it is pulled from, sealed for `kept_paths.source/<name>`.
    pub source: Option<Vec<u8>>,
}

impl std::fmt::Debug for KeptPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptPath").field("name", &self.name).finish_non_exhaustive()
    }
}

impl KeptPath {
    /// Where its source is sealed for.
    #[must_use]
    pub fn place(name: &str) -> String {
        format!("kept_paths.source/{name}")
    }

    /// Says what is too long or empty.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.name.is_empty() || self.name.len() > 255 {
            return Err(Error::Invalid("path name: 1 to 255 bytes".to_owned()));
        }
        bounds::sealed(self.source.as_deref().unwrap_or_default())?;
        check_settings(&self.settings)
    }
}

pub(crate) fn check_settings(settings: &str) -> Result<(), Error> {
    match settings.len() <= SETTINGS_BYTES_MAX {
        true => Ok(()),
        false => Err(Error::Invalid(format!("settings: at most {SETTINGS_BYTES_MAX} bytes"))),
    }
}

/// What the control API keeps.
pub trait KeptPaths: Send + Sync {
    /// All paths in the order of their names.
    fn kept_paths(&self) -> impl Future<Output = Result<Vec<KeptPath>, Error>> + Send;

    /// Adds a path.
    ///
    /// # Errors
    /// [`Error::Exists`] when the name is taken; [`Error::Invalid`] when there are [`PATHS_MAX`].
    fn add_path(
        &self,
        path: &KeptPath,
        now: Wall,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Replaces a path that is there.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    fn change_path(
        &self,
        path: &KeptPath,
        now: Wall,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes a path.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    fn remove_path(&self, name: &str) -> impl Future<Output = Result<(), Error>> + Send;

    /// Settings of a name, where there are some.
    fn kept_settings(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<String>, Error>> + Send;

    /// Keeps settings under a name.
    fn keep_settings(
        &self,
        name: &str,
        settings: &str,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}
