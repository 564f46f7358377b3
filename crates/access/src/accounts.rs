//! People of the embedded store: made, changed, and the first of them.

use std::path::{Path, PathBuf};

use base::{ErrorKind, Secret, Wall};
use catalog::{Agencies, Database, Entry, People, Role, Trail, User};
use md5::{Digest, Md5};
use sha2::Sha256;

use crate::password::{self, Hasher};
use crate::principal::Principal;
use crate::random;
use crate::seal::{self, MasterKey};
use crate::trail::{self, Place};

/// The realm of RTSP Digest.
pub const REALM: &str = "vedette";
/// Where a user's digest hashes are sealed for.
const PLACE: &str = "users.digest";
const NAME_LEN_MAX: usize = 100;
const AGENCIES_MAX: usize = 1_000;

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a name.
    #[error("a name has 1 to {NAME_LEN_MAX} letters, digits or ._@- and is not `key`")]
    Name,
    /// Not a list of agencies.
    #[error("agencies are 1 to 64 letters each, {AGENCIES_MAX} at most")]
    Agencies,
    /// The password.
    #[error(transparent)]
    Password(#[from] password::Error),
    /// The database.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The digest hashes.
    #[error(transparent)]
    Seal(#[from] seal::Error),
    /// The file of the first password.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Name | Self::Agencies => ErrorKind::Invalid,
            Self::Password(error) => error.kind(),
            Self::Catalog(error) => error.kind(),
            Self::Seal(error) => error.kind(),
            Self::File { .. } => ErrorKind::Unavailable,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name => "invalid_name",
            Self::Agencies => "invalid_agencies",
            Self::Password(error) => error.code(),
            Self::Catalog(catalog::Error::Exists { .. }) => "user_exists",
            Self::Catalog(catalog::Error::NotFound { .. }) => "user_not_found",
            Self::Catalog(error) => error.code(),
            Self::Seal(_) | Self::File { .. } => "internal",
        }
    }
}

impl From<random::NoRandom> for Error {
    fn from(error: random::NoRandom) -> Self {
        Self::Password(error.into())
    }
}

/// H(user:vedette:password): what a password's holder proves by RTSP Digest. As good as the password
/// itself, and kept as such.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestSecret {
    /// For MD5.
    pub md5: [u8; 16],
    /// For SHA-256.
    pub sha256: [u8; 32],
}

impl std::fmt::Debug for DigestSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DigestSecret(***)")
    }
}

impl DigestSecret {
    fn of(name: &str, password: &Secret) -> Self {
        let text = format!("{name}:{REALM}:{}", password.reveal());
        Self { md5: Md5::digest(&text).into(), sha256: Sha256::digest(&text).into() }
    }

    fn bytes(&self) -> Vec<u8> {
        [self.md5.as_slice(), &self.sha256].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (md5, sha256) = bytes.split_first_chunk::<16>()?;
        Some(Self { md5: *md5, sha256: sha256.try_into().ok()? })
    }
}

/// A person as it is to be.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// By which it signs in.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// On whose cameras.
    pub agencies: Agencies,
    /// `None`: one is made, to be changed.
    pub password: Option<Secret>,
}

/// What of a person is to change.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another role.
    pub role: Option<Role>,
    /// Other agencies.
    pub agencies: Option<Agencies>,
    /// Whether it may sign in.
    pub enabled: Option<bool>,
    /// Another password, and whether somebody else knows it.
    pub password: Option<(Secret, bool)>,
}

/// The people of the embedded store. Cloning gives another handle.
#[derive(Clone)]
pub struct Accounts {
    database: Database,
    hasher: Hasher,
    master: MasterKey,
    keeps_digests: bool,
}

impl Accounts {
    /// `keeps_digests`: whether hashes for RTSP Digest are kept beside each password.
    #[must_use]
    pub const fn new(
        database: Database,
        hasher: Hasher,
        master: MasterKey,
        keeps_digests: bool,
    ) -> Self {
        Self { database, hasher, master, keeps_digests }
    }

    /// Adds a person, with a row of the audit trail; returns it and the password that was made for it, if one was.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Agencies`], [`Error::Password`]; [`Error::Catalog`] when the name is taken.
    pub async fn add(
        &self,
        new: NewUser,
        note: Entry,
        now: Wall,
    ) -> Result<(User, Option<Secret>), Error> {
        check_name(&new.name)?;
        check_agencies(&new.agencies)?;
        let made = match new.password {
            Some(_) => None,
            None => Some(Secret::new(random::password()?)),
        };
        let Some(password) = new.password.as_ref().or(made.as_ref()) else {
            return Err(Error::Password(password::Error::Internal));
        };
        let id = uuid::Uuid::now_v7().to_string();
        let user = User {
            digest: self.digest(&id, &new.name, password)?,
            id,
            name: new.name,
            role: new.role,
            agencies: new.agencies,
            password: self.hasher.hash(password).await?,
            must_change: made.is_some(),
            enabled: true,
            created_at: now,
            updated_at: now,
            login_at: None,
        };
        self.database.noting(note).add_user(&user).await?;
        Ok((user, made))
    }

    /// Changes a person, with a row of the audit trail. Who gets another password is signed out everywhere
    /// but in `but`.
    ///
    /// # Errors
    /// As [`Accounts::add`], and [`catalog::Error::LastAdmin`].
    pub async fn change(
        &self,
        id: &str,
        change: Change,
        (but, note): (Option<&str>, Entry),
        now: Wall,
    ) -> Result<User, Error> {
        let mut user = self.database.user(id).await?;
        if let Some(agencies) = change.agencies {
            check_agencies(&agencies)?;
            user.agencies = agencies;
        }
        user.role = change.role.unwrap_or(user.role);
        user.enabled = change.enabled.unwrap_or(user.enabled);
        let has_new_password = change.password.is_some();
        if let Some((password, is_known)) = change.password {
            user.password = self.hasher.hash(&password).await?;
            user.digest = self.digest(&user.id, &user.name, &password)?;
            user.must_change = is_known;
        }
        user.updated_at = now;
        self.database.noting(note).change_user(&user).await?;
        if has_new_password || !user.enabled {
            self.database.end_sessions(id, but, now).await?;
        }
        Ok(user)
    }

    /// What a user proves by RTSP Digest; `None`: none is kept, or the user may not sign in.
    ///
    /// # Errors
    /// [`Error::Catalog`]; [`Error::Seal`] when another master key sealed it.
    pub async fn digest_secret(&self, name: &str) -> Result<Option<(User, DigestSecret)>, Error> {
        let user = self.database.user_by_name(name).await?.filter(|user| user.enabled);
        let Some(user) = user.filter(|_| self.keeps_digests) else { return Ok(None) };
        let Some(sealed) = &user.digest else { return Ok(None) };
        let bytes = self.master.open(&format!("{PLACE}/{}", user.id), sealed)?;
        Ok(DigestSecret::read(&bytes).map(|secret| (user, secret)))
    }

    fn digest(&self, id: &str, name: &str, password: &Secret) -> Result<Option<Vec<u8>>, Error> {
        if !self.keeps_digests {
            return Ok(None);
        }
        let secret = DigestSecret::of(name, password).bytes();
        Ok(Some(self.master.seal(&format!("{PLACE}/{id}"), &secret)?))
    }

    /// Sees to it that somebody can sign in: where nobody is known, makes an administrator named
    /// `admin`, with `password` or with one that is written to `file` (mode 0600).
    ///
    /// # Errors
    /// As [`Accounts::add`]; [`Error::File`].
    pub async fn first(
        &self,
        password: Option<Secret>,
        file: &Path,
        now: Wall,
    ) -> Result<First, Error> {
        if !self.database.users(None, 1, None).await?.items.is_empty() {
            return Ok(First::Known);
        }
        let given = password.is_some();
        let admin =
            NewUser { name: "admin".into(), role: Role::Admin, agencies: Agencies::All, password };
        if given {
            self.add(admin, first_note(), now).await?;
            return Ok(First::Given);
        }
        // The file first: a password that nobody can read must not be the only one.
        let password = Secret::new(random::password()?);
        let failed = |error| Error::File { path: file.to_owned(), error };
        seal::write_private(file, password.reveal()).map_err(failed)?;
        let (user, _) = self
            .add(NewUser { password: Some(password.clone()), ..admin }, first_note(), now)
            .await?;
        let known = Change { password: Some((password, true)), ..Change::default() };
        self.change(&user.id, known, (None, first_note()), now).await?;
        Ok(First::Written(file.to_owned()))
    }
}

/// What the audit trail says of the first administrator.
fn first_note() -> Entry {
    let mut note = trail::entry(&Principal::nobody(), &Place::default(), "user_add", "ok");
    (note.kind, note.object) = ("server".to_owned(), "user:admin".to_owned());
    note
}

/// How the first administrator came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    /// Somebody was known already.
    Known,
    /// By a password that was given.
    Given,
    /// By one that stands in this file.
    Written(PathBuf),
}

fn check_name(name: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '@' | '-' | ' ');
    let is_name = (1..=NAME_LEN_MAX).contains(&name.chars().count())
        && name.chars().all(fits)
        && name.trim() == name
        // The user whose password is an API key.
        && !name.eq_ignore_ascii_case("key");
    if is_name { Ok(()) } else { Err(Error::Name) }
}

/// Agencies as they may be given.
///
/// # Errors
/// [`Error::Agencies`].
pub fn check_agencies(agencies: &Agencies) -> Result<(), Error> {
    let Agencies::Only(names) = agencies else { return Ok(()) };
    let fits = |name: &String| {
        (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    let is_list = names.len() <= AGENCIES_MAX && names.iter().all(fits);
    if is_list { Ok(()) } else { Err(Error::Agencies) }
}
