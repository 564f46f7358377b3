//! People, keys, sessions and sealed values in SQLite.

mod keys;
mod sealed;
mod sessions;
mod users;

use base::Wall;
use serde::de::DeserializeOwned;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::{Database, begin};
use crate::people::Sealed;
use crate::{Error, Key, LIST_MAX, Page, People, Session, User};

impl People for Database {
    async fn users(
        &self,
        q: Option<&str>,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<User>, Error> {
        users::list(&self.readers, q, limit.min(LIST_MAX), cursor).await
    }

    async fn user(&self, id: &str) -> Result<User, Error> {
        users::by_id(&self.readers, id).await
    }

    async fn user_by_name(&self, name: &str) -> Result<Option<User>, Error> {
        users::by_name(&self.readers, name).await
    }

    async fn add_user(&self, user: &User) -> Result<(), Error> {
        user.check()?;
        let mut tx = begin(&self.writer).await?;
        users::add(&mut tx, user).await?;
        self.commit(tx).await
    }

    async fn change_user(&self, user: &User) -> Result<(), Error> {
        user.check()?;
        let mut tx = begin(&self.writer).await?;
        users::change(&mut tx, user).await?;
        bump(&mut tx).await?;
        self.commit(tx).await
    }

    async fn remove_user(&self, id: &str, now: Wall) -> Result<(), Error> {
        let mut tx = begin(&self.writer).await?;
        users::remove(&mut tx, id).await?;
        sessions::end_all(&mut tx, id, None, now).await?;
        bump(&mut tx).await?;
        self.commit(tx).await
    }

    async fn user_signed_in(&self, id: &str, now: Wall) -> Result<(), Error> {
        users::signed_in(&self.writer, id, now).await
    }

    async fn keys(&self, limit: u32, cursor: Option<&str>) -> Result<Page<Key>, Error> {
        keys::list(&self.readers, limit.min(LIST_MAX), cursor).await
    }

    async fn key(&self, id: &str) -> Result<Key, Error> {
        keys::by_id(&self.readers, id).await
    }

    async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Key>, Error> {
        keys::by_hash(&self.readers, hash).await
    }

    async fn add_key(&self, key: &Key) -> Result<(), Error> {
        key.check()?;
        let mut tx = begin(&self.writer).await?;
        keys::add(&mut tx, key).await?;
        self.commit(tx).await
    }

    async fn revoke_key(&self, id: &str, now: Wall) -> Result<(), Error> {
        let mut tx = begin(&self.writer).await?;
        if keys::revoke(&mut tx, id, now).await? {
            bump(&mut tx).await?;
        }
        self.commit(tx).await
    }

    async fn sessions(
        &self,
        user: Option<&str>,
        now: Wall,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Session>, Error> {
        sessions::list(&self.readers, user, now, limit.min(LIST_MAX), cursor).await
    }

    async fn session(&self, id: &str) -> Result<Session, Error> {
        sessions::by_id(&self.readers, id).await
    }

    async fn session_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Session>, Error> {
        sessions::by_hash(&self.readers, hash).await
    }

    async fn add_session(&self, session: &Session) -> Result<(), Error> {
        session.check()?;
        let mut tx = begin(&self.writer).await?;
        sessions::forget_ended(&mut tx, session.created_at).await?;
        sessions::add(&mut tx, session).await?;
        self.commit(tx).await
    }

    async fn end_session(&self, id: &str, now: Wall) -> Result<(), Error> {
        let mut tx = begin(&self.writer).await?;
        if sessions::end(&mut tx, id, now).await? {
            bump(&mut tx).await?;
        }
        self.commit(tx).await
    }

    async fn end_sessions(&self, user: &str, but: Option<&str>, now: Wall) -> Result<u64, Error> {
        let mut tx = begin(&self.writer).await?;
        let ended = sessions::end_all(&mut tx, user, but, now).await?;
        if ended > 0 {
            bump(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    async fn seen(&self, sessions: &[String], keys: &[String], now: Wall) -> Result<(), Error> {
        let minute = Wall::from_micros(now.as_secs().div_euclid(60) * 60_000_000);
        let mut tx = begin(&self.writer).await?;
        sessions::seen(&mut tx, sessions, minute).await?;
        keys::used(&mut tx, keys, minute).await?;
        Ok(tx.commit().await?)
    }

    async fn revision(&self) -> Result<i64, Error> {
        let query = sqlx::query_scalar("SELECT revision FROM access_revision WHERE id = 1");
        Ok(query.fetch_one(&self.readers).await?)
    }

    async fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        sealed::one(&self.readers, name).await
    }

    async fn put_sealed(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        sealed::put(&self.writer, name, bytes).await
    }

    async fn all_sealed(&self) -> Result<Vec<Sealed>, Error> {
        let mut connection = self.readers.acquire().await?;
        sealed::all(&mut connection).await
    }

    async fn reseal(
        &self,
        mut seal: impl FnMut(&Sealed) -> Result<Vec<u8>, Error> + Send,
    ) -> Result<u64, Error> {
        let mut tx = begin(&self.writer).await?;
        let old = sealed::all(&mut tx).await?;
        let mut resealed = 0;
        for value in &old {
            sealed::replace(&mut tx, value, &seal(value)?).await?;
            resealed += 1;
        }
        tx.commit().await?;
        Ok(resealed)
    }
}

impl Database {
    /// Ends a change of rights, with the rows of the audit trail that tell of it.
    pub(super) async fn commit(&self, mut tx: Transaction<'_, Sqlite>) -> Result<(), Error> {
        if !self.notes.is_empty() {
            super::audit::add(&mut tx, &self.notes).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Makes the revision another number.
async fn bump(tx: &mut SqliteConnection) -> Result<(), Error> {
    sqlx::query("UPDATE access_revision SET revision = revision + 1 WHERE id = 1")
        .execute(tx)
        .await?;
    Ok(())
}

/// A list as it lies in a column.
fn json<T: serde::Serialize>(list: &T) -> String {
    serde_json::to_string(list).expect("lists of texts are always JSON")
}

/// A list of a column.
fn list_of<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Engine(error.to_string()))
}

fn hash_of(bytes: Vec<u8>) -> Result<[u8; 32], Error> {
    <[u8; 32]>::try_from(bytes)
        .map_err(|_| Error::Engine("a hash that is not of 32 bytes".to_owned()))
}

/// [`Error::Exists`] when the engine says that a value is there already.
fn taken(error: sqlx::Error, what: &'static str, id: &str) -> Error {
    let unique = error.as_database_error().is_some_and(|error| error.is_unique_violation());
    if unique { Error::Exists { what, id: id.to_owned() } } else { error.into() }
}

fn found(there: bool, what: &'static str, id: &str) -> Result<(), Error> {
    there.then_some(()).ok_or_else(|| missing(what, id))
}

fn missing(what: &'static str, id: &str) -> Error {
    Error::NotFound { what, id: id.chars().take(80).collect() }
}
