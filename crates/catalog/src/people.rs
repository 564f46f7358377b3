//! People, programs and their sessions: who is known here, and by which secret.
//!
//! Holds hashes only. What a role may do is decided elsewhere.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::str::FromStr;

use base::Wall;
use serde::{Deserialize, Serialize};

use crate::{Error, Page};

pub(crate) mod bounds;

pub use bounds::name_key;

/// What somebody may do, from least to most: each may what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Watches live and recordings.
    Viewer,
    /// Also moves cameras, makes clips, annotations and exports.
    Operator,
    /// Also quotas, requeueing, holds, and the audit of its agencies.
    Supervisor,
    /// Everything, of all agencies.
    Admin,
}

impl Role {
    /// All of them, from least to most.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Supervisor, Self::Admin];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = Error;
    fn from_str(word: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == word);
        known.ok_or_else(|| Error::Invalid(format!("`{}` is not a role", shorten(word))))
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Whose cameras. Written as a list of names, `["*"]` for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub enum Agencies {
    /// Everybody's.
    All,
    /// Those of these.
    Only(BTreeSet<String>),
}

impl Agencies {
    /// Nobody's.
    #[must_use]
    pub const fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// True when cameras of `agency` are among them.
    #[must_use]
    pub fn contains(&self, agency: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(agency),
        }
    }
}

impl From<Vec<String>> for Agencies {
    fn from(names: Vec<String>) -> Self {
        if names.iter().any(|name| name == "*") {
            return Self::All;
        }
        Self::Only(names.into_iter().collect())
    }
}

impl From<Agencies> for Vec<String> {
    fn from(agencies: Agencies) -> Self {
        match agencies {
            Agencies::All => vec!["*".to_owned()],
            Agencies::Only(names) => names.into_iter().collect(),
        }
    }
}

/// A person of the embedded store.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// A UUID.
    pub id: String,
    /// By which the person signs in; unique without regard to case.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// On whose cameras.
    pub agencies: Agencies,
    /// Argon2id in PHC form.
    pub password: String,
    /// Sealed hashes for RTSP Digest, where they are kept.
    pub digest: Option<Vec<u8>>,
    /// True while the password is one that somebody else knows.
    pub must_change: bool,
    /// False: may not sign in.
    pub enabled: bool,
    /// When it was added.
    pub created_at: Wall,
    /// When it was changed last.
    pub updated_at: Wall,
    /// The last time somebody signed in by it.
    pub login_at: Option<Wall>,
}

/// A program's key; the key itself is not kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// A UUID.
    pub id: String,
    /// For people.
    pub name: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// What its holder may do beside its scopes.
    pub role: Option<Role>,
    /// On whose cameras.
    pub agencies: Agencies,
    /// `publish:<pattern>`.
    pub scopes: Vec<String>,
    /// The name of who made it.
    pub created_by: String,
    /// When.
    pub created_at: Wall,
    /// When it ends by itself.
    pub expires_at: Option<Wall>,
    /// When it was ended.
    pub revoked_at: Option<Wall>,
    /// When it was used last, to the minute.
    pub used_at: Option<Wall>,
}

/// Somebody who has signed in, by the token of a browser; the token itself is not kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// A UUID.
    pub id: String,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Who.
    pub holder: Holder,
    /// When it began.
    pub created_at: Wall,
    /// When it was used last, to the minute.
    pub seen_at: Wall,
    /// When it ends by itself.
    pub expires_at: Wall,
    /// When it was ended.
    pub ended_at: Option<Wall>,
    /// From which address it began.
    pub address: String,
    /// By which program: the `User-Agent`, shortened.
    pub agent: String,
}

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A person of the embedded store, by id: its rights are those of its row.
    User(String),
    /// A person of an OpenID provider, with the rights that its claims gave at sign-in.
    External {
        /// The provider's `sub`.
        subject: String,
        /// For people.
        name: String,
        /// What the person may do.
        role: Role,
        /// On whose cameras.
        agencies: Agencies,
    },
}

macro_rules! shown_without_secrets {
    ($($type:ident: $($field:ident),+;)+) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type))$(.field(stringify!($field), &self.$field))+.finish_non_exhaustive()
            }
        }
    )+};
}

shown_without_secrets! {
    User: id, name, role, agencies, must_change, enabled;
    Key: id, name, role, agencies, scopes, expires_at, revoked_at;
    Session: id, holder, expires_at, ended_at;
}

/// A value that only the master key opens, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// `users.digest`, `kept_paths.source`, or `secrets`.
    pub place: String,
    /// The row's id or name.
    pub id: String,
    /// Nonce and ciphertext.
    pub bytes: Vec<u8>,
}

/// People, keys and sessions of the catalogue.
///
/// Every change of rights (a user changed or removed, a key revoked, a session ended) makes
/// [`People::revision`] another number, in the same transaction. Lists have at most
/// [`crate::LIST_MAX`] rows a page; what is too long to keep is [`Error::Invalid`].
pub trait People: Send + Sync {
    /// A page of users in the order of their names (in lower case), with the total; `q`: a part of the
    /// name, in any case.
    fn users(
        &self,
        q: Option<&str>,
        limit: u32,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page<User>, Error>> + Send;

    /// One user.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    fn user(&self, id: &str) -> impl Future<Output = Result<User, Error>> + Send;

    /// The user of a name, written in any case.
    fn user_by_name(&self, name: &str) -> impl Future<Output = Result<Option<User>, Error>> + Send;

    /// Adds a user.
    ///
    /// # Errors
    /// [`Error::Exists`] when the name or id is taken.
    fn add_user(&self, user: &User) -> impl Future<Output = Result<(), Error>> + Send;

    /// Replaces a user's row (but for `created_at` and `login_at`). Refuses to leave no enabled admin:
    /// checked in the same transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Exists`] for a taken name; [`Error::LastAdmin`].
    fn change_user(&self, user: &User) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes a user and ends its sessions at `now`.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::LastAdmin`].
    fn remove_user(&self, id: &str, now: Wall) -> impl Future<Output = Result<(), Error>> + Send;

    /// Notes that somebody signed in; no change of rights.
    fn user_signed_in(&self, id: &str, now: Wall)
    -> impl Future<Output = Result<(), Error>> + Send;

    /// A page of keys, newest first, revoked ones too, with the total.
    fn keys(
        &self,
        limit: u32,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page<Key>, Error>> + Send;

    /// One key.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    fn key(&self, id: &str) -> impl Future<Output = Result<Key, Error>> + Send;

    /// The key of a hash, whatever its state.
    fn key_by_hash(
        &self,
        hash: &[u8; 32],
    ) -> impl Future<Output = Result<Option<Key>, Error>> + Send;

    /// Adds a key.
    ///
    /// # Errors
    /// [`Error::Exists`] when the id or hash is taken.
    fn add_key(&self, key: &Key) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends a key; ended ones stay as they are.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    fn revoke_key(&self, id: &str, now: Wall) -> impl Future<Output = Result<(), Error>> + Send;

    /// A page of sessions that last at `now`, newest first; `user`: only those of one user (an id or,
    /// for people of a provider, the subject).
    fn sessions(
        &self,
        user: Option<&str>,
        now: Wall,
        limit: u32,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page<Session>, Error>> + Send;

    /// One session.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    fn session(&self, id: &str) -> impl Future<Output = Result<Session, Error>> + Send;

    /// The session of a hash, whatever its state.
    fn session_by_hash(
        &self,
        hash: &[u8; 32],
    ) -> impl Future<Output = Result<Option<Session>, Error>> + Send;

    /// Adds a session; those that ended more than 30 days before it began are forgotten.
    ///
    /// # Errors
    /// [`Error::Exists`] when the id or hash is taken.
    fn add_session(&self, session: &Session) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends a session; ended ones stay as they are.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    fn end_session(&self, id: &str, now: Wall) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends all sessions of a user (an id or a subject) but one; returns how many lasted.
    fn end_sessions(
        &self,
        user: &str,
        but: Option<&str>,
        now: Wall,
    ) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Notes that these sessions and keys (by id) were used at `now`; no change of rights.
    fn seen(
        &self,
        sessions: &[String],
        keys: &[String],
        now: Wall,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// A number that every change of rights makes another.
    fn revision(&self) -> impl Future<Output = Result<i64, Error>> + Send;

    /// A sealed value by its name.
    fn sealed(&self, name: &str) -> impl Future<Output = Result<Option<Vec<u8>>, Error>> + Send;

    /// Keeps a sealed value under a name.
    fn put_sealed(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Every sealed value of the database, wherever it lies.
    fn all_sealed(&self) -> impl Future<Output = Result<Vec<Sealed>, Error>> + Send;

    /// Replaces every sealed value by what `seal` makes of it, all or none, and returns how many. Nobody
    /// else writes meanwhile, so that no value that changed since it was read is put back.
    ///
    /// # Errors
    /// That of `seal`, which leaves all as they were.
    fn reseal(
        &self,
        seal: impl FnMut(&Sealed) -> Result<Vec<u8>, Error> + Send,
    ) -> impl Future<Output = Result<u64, Error>> + Send;
}
