//! The gate: makes a [`Principal`] of what somebody shows, for every protocol.
//!
//! Holds what was verified for a moment and the running sessions that end when rights end; both are
//! looked at again as soon as the catalogue's revision has changed.

mod prove;
mod sign_in;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Secret, SystemClock, Wall};
use catalog::{Database, Holder, Key, People, Session, User};
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::lockout::Lockout;
use crate::oidc::{self, Provider};
use crate::password::Hasher;
use crate::policy::{Object, authorize};
use crate::principal::{Identity, Link, Principal};
use crate::random::{self, NoRandom};
use crate::remembered::{Mark, Remembered};
use crate::running::{Running, Standing};
use crate::seal::{self, MasterKey};
use crate::signed::{self, Signed, Signer};
use crate::streams::Streams;

pub use crate::shown::{Credential, Origin, Refused};

/// How an API key begins.
pub const KEY_PREFIX: &str = "vk_";
/// A longer credential is none.
const CREDENTIAL_LEN_MAX: usize = 16 << 10;
/// A session that is not used for this long has ended.
const SESSION_IDLE: Duration = Duration::from_secs(86_400);
/// Somebody, and when what was shown ends by itself.
type Found = (Principal, Option<Wall>);

/// The gate. Cloning gives another handle.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    streams: Streams,
    hasher: Hasher,
    link_key: [u8; 32],
    /// Keys the marks of what is remembered: of this process only.
    mark_key: [u8; 32],
    provider: Option<Provider>,
    is_open: bool,
    lockout: Mutex<Lockout>,
    remembered: Mutex<Remembered>,
    running: Running,
    used: Mutex<Used>,
}

/// Ids that were used since the catalogue was told last.
#[derive(Default)]
struct Used {
    sessions: std::collections::BTreeSet<String>,
    keys: std::collections::BTreeSet<String>,
}

impl Gate {
    /// A gate over the catalogue. `is_open`: whether addresses signed in open mode are good; `provider`:
    /// who else vouches for people and programs.
    ///
    /// # Errors
    /// The catalogue's; [`seal::Error::Sealed`] when another master key sealed its secrets.
    pub async fn new(
        database: Database,
        hasher: Hasher,
        master: &MasterKey,
        is_open: bool,
        provider: Option<Provider>,
    ) -> Result<Self, Error> {
        let link_key = secret(&database, master, "link-key").await?;
        let inner = Inner {
            streams: Streams::new(database.clone()),
            database,
            hasher,
            link_key,
            mark_key: random::bytes().map_err(seal::Error::from)?,
            provider,
            is_open,
            lockout: Mutex::default(),
            remembered: Mutex::default(),
            running: Running::default(),
            used: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whose streams are.
    #[must_use]
    pub fn streams(&self) -> &Streams {
        &self.inner.streams
    }

    /// Who shows this credential.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn identify(
        &self,
        credential: &Credential,
        address: IpAddr,
    ) -> Result<Principal, Refused> {
        if let Some(principal) = self.recall(credential) {
            return Ok(principal);
        }
        let mark = self.mark(credential).ok_or(Refused::Wrong)?;
        let age = self.inner.remembered.lock().age();
        let (principal, ends_at) = self.verify(credential, address).await?;
        let left = ends_at.map(|end| end.micros_since(SystemClock.wall()));
        let left = left.map(|left| Duration::from_micros(u64::try_from(left).unwrap_or(0)));
        let now = SystemClock.mono();
        self.inner.remembered.lock().put(mark, principal.clone(), (now, left), age);
        Ok(principal)
    }

    /// Who showed this credential rightly a moment ago.
    #[must_use]
    pub fn recall(&self, credential: &Credential) -> Option<Principal> {
        self.inner.remembered.lock().get(&self.mark(credential)?, SystemClock.mono())
    }

    async fn verify(&self, credential: &Credential, address: IpAddr) -> Result<Found, Refused> {
        match credential {
            Credential::Session(token) => self.session(token).await,
            Credential::Bearer(token) => self.bearer(token).await,
            Credential::Basic { user, password } if user == "key" => self.key(password).await,
            Credential::Basic { user, password } => {
                let user = self.password(user, password, address).await?;
                Ok((of_user(&user, None), None))
            }
            Credential::Proven { user, mark } => {
                let user = self.user(user).await?;
                match prove::mark(&user).reveal() == mark.reveal() {
                    true => Ok((of_user(&user, None), None)),
                    false => Err(Refused::Wrong),
                }
            }
        }
    }

    async fn session(&self, token: &Secret) -> Result<Found, Refused> {
        let found = self.inner.database.session_by_hash(&hash(token)).await?;
        let session = found.ok_or(Refused::Wrong)?;
        self.of_session(session).await
    }

    async fn of_session(&self, session: Session) -> Result<Found, Refused> {
        let now = SystemClock.wall();
        let idle = now.micros_since(session.seen_at) >= micros(SESSION_IDLE);
        if session.ended_at.is_some() || now >= session.expires_at || idle {
            return Err(Refused::Wrong);
        }
        self.inner.used.lock().sessions.insert(session.id.clone());
        match session.holder {
            Holder::User(id) => {
                let user = self.user(&id).await?;
                Ok((of_user(&user, Some(session.id)), Some(session.expires_at)))
            }
            Holder::External { subject, name, role, agencies } => {
                let identity = Identity::External { subject, name, session: Some(session.id) };
                Ok((Principal::known(identity, Some(role), agencies), Some(session.expires_at)))
            }
        }
    }

    async fn user(&self, id: &str) -> Result<User, Refused> {
        match self.inner.database.user(id).await {
            Ok(user) if user.enabled => Ok(user),
            Ok(_) | Err(catalog::Error::NotFound { .. }) => Err(Refused::Wrong),
            Err(error) => Err(error.into()),
        }
    }

    async fn bearer(&self, token: &Secret) -> Result<Found, Refused> {
        let text = token.reveal();
        if text.starts_with(KEY_PREFIX) {
            return self.key(token).await;
        }
        if text.starts_with(signed::PREFIX) {
            return self.link(text).await;
        }
        match &self.inner.provider {
            Some(provider) => {
                let identity = provider.bearer(text).await?;
                let oidc::Identity { subject, name, role, agencies, expires_at } = identity;
                let identity = Identity::External { subject, name, session: None };
                Ok((Principal::known(identity, Some(role), agencies), Some(expires_at)))
            }
            None => Err(Refused::Wrong),
        }
    }

    /// Who else vouches for people, if somebody does.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.inner.provider.as_ref()
    }

    async fn key(&self, token: &Secret) -> Result<Found, Refused> {
        let key = self.inner.database.key_by_hash(&hash(token)).await?;
        self.of_key(&key.ok_or(Refused::Wrong)?)
    }

    fn of_key(&self, key: &Key) -> Result<Found, Refused> {
        let ended = key.expires_at.is_some_and(|end| SystemClock.wall() >= end);
        if ended || key.revoked_at.is_some() {
            return Err(Refused::Wrong);
        }
        self.inner.used.lock().keys.insert(key.id.clone());
        let identity = Identity::Key { id: key.id.clone(), name: key.name.clone() };
        let principal = Principal::known(identity, key.role, key.agencies.clone());
        Ok((principal.with_scopes(key.scopes.clone()), key.expires_at))
    }

    async fn link(&self, token: &str) -> Result<Found, Refused> {
        let now = SystemClock.wall();
        let signed = Signed::verify(token, &self.inner.link_key, now).ok_or(Refused::Wrong)?;
        let (signer, ends_at) = match &signed.signer {
            Signer::User(id) => (of_user(&self.user(id).await?, None), None),
            Signer::Key(id) => self.of_key(&self.key_by_id(id).await?)?,
            Signer::Session(id) => match self.inner.database.session(id).await {
                Ok(session) => self.of_session(session).await?,
                Err(catalog::Error::NotFound { .. }) => return Err(Refused::Wrong),
                Err(error) => return Err(error.into()),
            },
            Signer::Open if self.inner.is_open => (Principal::open(), None),
            Signer::Open => return Err(Refused::Wrong),
        };
        let ends_at = ends_at.map_or(signed.expires_at, |end| end.min(signed.expires_at));
        Ok((signer.narrowed(signed.link), Some(ends_at)))
    }

    async fn key_by_id(&self, id: &str) -> Result<Key, Refused> {
        match self.inner.database.key(id).await {
            Ok(key) => Ok(key),
            Err(catalog::Error::NotFound { .. }) => Err(Refused::Wrong),
            Err(error) => Err(error.into()),
        }
    }

    /// The user of a name and password; counts wrong ones.
    async fn password(
        &self,
        name: &str,
        password: &Secret,
        address: IpAddr,
    ) -> Result<User, Refused> {
        let now = SystemClock.mono();
        if let Some(left) = self.inner.lockout.lock().locked(name, address, now) {
            return Err(Refused::Locked(left));
        }
        let user = self.inner.database.user_by_name(name).await?.filter(|user| user.enabled);
        let hash = user.as_ref().map(|user| user.password.clone());
        let is_right = self.inner.hasher.verify(hash, password).await?;
        let mut lockout = self.inner.lockout.lock();
        match user.filter(|_| is_right) {
            Some(user) => {
                lockout.passed(name, address);
                Ok(user)
            }
            None => {
                lockout.failed(name, address, now);
                Err(Refused::Wrong)
            }
        }
    }

    /// True when `password` is that of the user: before it changes it.
    ///
    /// # Errors
    /// [`Refused`]; wrong ones count as those of sign-ins do.
    pub async fn confirm(
        &self,
        name: &str,
        password: &Secret,
        address: IpAddr,
    ) -> Result<User, Refused> {
        self.password(name, password, address).await
    }

    /// An address token for `link` with the rights of `who`, until `expires_at`. `None`: nobody whose
    /// rights can be looked up later.
    #[must_use]
    pub fn sign(&self, who: &Principal, link: Link, expires_at: Wall) -> Option<String> {
        let signer = match who.identity() {
            Identity::User { id, .. } => Signer::User(id.clone()),
            Identity::Key { id, .. } => Signer::Key(id.clone()),
            Identity::External { session, .. } => Signer::Session(session.clone()?),
            Identity::Open => Signer::Open,
            Identity::Nobody | Identity::Monitor => return None,
        };
        Some(Signed { signer, link, expires_at }.sign(&self.inner.link_key))
    }

    /// Keeps watch over something that runs longer than a request.
    #[must_use]
    pub fn watch_over(&self, standing: Standing) -> Arc<Standing> {
        self.inner.running.add(standing)
    }

    /// Rights, or whose a camera is, have changed: forgets what was verified, and ends what is no longer permitted.
    pub async fn rights_changed(&self) {
        self.inner.remembered.lock().forget();
        self.inner.streams.forget();
        for standing in self.inner.running.all() {
            let who = match standing.credential() {
                // By address or as nobody: no right of these changes while the server runs.
                None => continue,
                Some(credential) => self.identify(credential, standing.address()).await,
            };
            match who {
                Ok(who) => self.decide(&who, &standing).await,
                // What cannot be looked up now is decided at the next look.
                Err(Refused::Unavailable(_) | Refused::Busy) => {}
                Err(_) => standing.end(),
            }
        }
    }

    /// Ends it when `who` may no longer do what was permitted, on the cameras and rules as they are now.
    async fn decide(&self, who: &Principal, standing: &Standing) {
        for (action, object) in standing.permitted() {
            let now = match object {
                Object::Camera(camera) => {
                    self.inner.streams.object_now(&camera.id.main_path()).await
                }
                Object::Stream(path) | Object::AgencyStream { path, .. } => {
                    self.inner.streams.object_now(path).await
                }
                other => Ok(other.clone()),
            };
            // What cannot be looked up now is decided as it was.
            if authorize(who, *action, now.as_ref().unwrap_or(object)).is_err() {
                return standing.end();
            }
        }
    }

    /// Tells the catalogue which sessions and keys were used since the last time.
    ///
    /// # Errors
    /// The catalogue's; what was to be told is told the next time.
    pub async fn tell_used(&self) -> Result<(), catalog::Error> {
        let used = std::mem::take(&mut *self.inner.used.lock());
        if used.sessions.is_empty() && used.keys.is_empty() {
            return Ok(());
        }
        let sessions: Vec<String> = used.sessions.into_iter().collect();
        let keys: Vec<String> = used.keys.into_iter().collect();
        let told = self.inner.database.seen(&sessions, &keys, SystemClock.wall()).await;
        if told.is_err() {
            let mut again = self.inner.used.lock();
            again.sessions.extend(sessions);
            again.keys.extend(keys);
        }
        told
    }

    fn mark(&self, credential: &Credential) -> Option<Mark> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.inner.mark_key)
            .expect("HMAC takes keys of any length");
        let (kind, user, secret) = match credential {
            Credential::Session(token) => (0, "", token),
            Credential::Bearer(token) => (1, "", token),
            Credential::Basic { user, password } => (2, user.as_str(), password),
            Credential::Proven { user, mark } => (3, user.as_str(), mark),
        };
        if user.len() + secret.reveal().len() > CREDENTIAL_LEN_MAX {
            return None;
        }
        mac.update(&[kind]);
        mac.update(&u64::try_from(user.len()).ok()?.to_be_bytes());
        mac.update(user.as_bytes());
        mac.update(secret.reveal().as_bytes());
        Some(mac.finalize().into_bytes().into())
    }
}

/// Why the gate does not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The master key.
    #[error(transparent)]
    Seal(#[from] seal::Error),
}

/// A secret of the catalogue, made when there is none.
///
/// # Errors
/// The catalogue's; [`seal::Error::Sealed`] when another master key sealed it.
pub async fn secret(
    database: &Database,
    master: &MasterKey,
    name: &str,
) -> Result<[u8; 32], Error> {
    let place = format!("secrets/{name}");
    if let Some(sealed) = database.sealed(name).await? {
        let opened = master.open(&place, &sealed)?;
        return Ok(opened.try_into().map_err(|_| seal::Error::Sealed)?);
    }
    let made: [u8; 32] = random::bytes().map_err(seal::Error::from)?;
    database.put_sealed(name, &master.seal(&place, &made)?).await?;
    Ok(made)
}

/// A key for a program, and what is kept of it.
///
/// # Errors
/// [`NoRandom`].
pub fn new_key() -> Result<(Secret, [u8; 32]), NoRandom> {
    let key = Secret::new(format!("{KEY_PREFIX}{}", random::token()?));
    let kept = hash(&key);
    Ok((key, kept))
}

fn hash(token: &Secret) -> [u8; 32] {
    Sha256::digest(token.reveal().as_bytes()).into()
}

fn of_user(user: &User, session: Option<String>) -> Principal {
    let identity = Identity::User { id: user.id.clone(), name: user.name.clone(), session };
    Principal::known(identity, Some(user.role), user.agencies.clone())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
