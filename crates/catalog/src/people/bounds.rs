//! How long what people, keys and sessions carry may be: checked by every engine before it writes.

use super::{Agencies, Holder, Key, Session, User};
use crate::Error;

/// Longest name, id or subject in bytes. (In hexadecimal it still fits a cursor.)
const NAME_BYTES_MAX: usize = 250;
/// Longest password hash, scope, agency, or text about a browser, in bytes.
const TEXT_BYTES_MAX: usize = 512;
/// Largest sealed value in bytes.
const SEALED_BYTES_MAX: usize = 64 * 1024;
/// Most agencies, or scopes, of one.
const LIST_LEN_MAX: usize = 1_000;

/// A user's name as it is compared: in lower case.
#[must_use]
pub fn name_key(name: &str) -> String {
    name.to_lowercase()
}

impl User {
    /// Says what is too long, empty or no text.
    pub(crate) fn check(&self) -> Result<(), Error> {
        label("id", &self.id)?;
        label("name", &self.name)?;
        label("name", &name_key(&self.name))?;
        text("password hash", &self.password)?;
        agencies(&self.agencies)?;
        sealed(self.digest.as_deref().unwrap_or_default())
    }
}

impl Key {
    /// Says what is too long, empty or no text.
    pub(crate) fn check(&self) -> Result<(), Error> {
        label("id", &self.id)?;
        label("name", &self.name)?;
        label("creator's name", &self.created_by)?;
        agencies(&self.agencies)?;
        list("scopes", self.scopes.iter())
    }
}

impl Session {
    /// Says what is too long, empty or no text.
    pub(crate) fn check(&self) -> Result<(), Error> {
        label("id", &self.id)?;
        text("address", &self.address)?;
        text("agent", &self.agent)?;
        match &self.holder {
            Holder::User(id) => label("user's id", id),
            Holder::External { subject, name, agencies: of, .. } => {
                label("subject", subject)?;
                label("name", name)?;
                agencies(of)
            }
        }
    }
}

/// A sealed value's name.
pub(crate) fn label(what: &str, value: &str) -> Result<(), Error> {
    let wrong = if value.is_empty() {
        "is empty"
    } else if value.len() > NAME_BYTES_MAX {
        "is too long"
    } else if value.trim() != value {
        "begins or ends with a space"
    } else if value.chars().any(char::is_control) {
        "holds a control character"
    } else {
        return Ok(());
    };
    Err(Error::Invalid(format!("the {what} {wrong}")))
}

/// A sealed value.
pub(crate) fn sealed(bytes: &[u8]) -> Result<(), Error> {
    let fits = bytes.len() <= SEALED_BYTES_MAX;
    fits.then_some(()).ok_or_else(|| Error::Invalid("the sealed value is too long".to_owned()))
}

fn text(what: &str, value: &str) -> Result<(), Error> {
    let fits = value.len() <= TEXT_BYTES_MAX;
    fits.then_some(()).ok_or_else(|| Error::Invalid(format!("the {what} is too long")))
}

fn agencies(agencies: &Agencies) -> Result<(), Error> {
    match agencies {
        Agencies::All => Ok(()),
        Agencies::Only(names) => list("agencies", names.iter()),
    }
}

fn list<'a>(what: &str, values: impl ExactSizeIterator<Item = &'a String>) -> Result<(), Error> {
    if values.len() > LIST_LEN_MAX {
        return Err(Error::Invalid(format!("there are too many {what}")));
    }
    values.into_iter().try_for_each(|value| text(what, value))
}
