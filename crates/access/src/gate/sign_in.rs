//! Sessions begin here: by a password, or by what an OpenID provider says.

use std::time::Duration;

use base::{Clock, Secret, SystemClock, Wall};
use catalog::{Entry, Holder, People, Session, Trail, User};

use super::{Gate, Origin, Refused, hash, micros};
use crate::random::{self, NoRandom};

/// How long a session lasts.
const SESSION_LASTS: Duration = Duration::from_secs(30 * 86_400);
/// A provider's claims are believed for this long.
const EXTERNAL_LASTS: Duration = Duration::from_secs(12 * 3_600);

impl Gate {
    /// Signs a person in by name and password, with a row of the audit trail: the session, and the token
    /// that opens it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn login(
        &self,
        name: &str,
        password: &Secret,
        from: &Origin,
        note: impl FnOnce(&User, &Session) -> Entry,
    ) -> Result<(User, Session, Secret), Refused> {
        let user = self.password(name, password, from.address).await?;
        let (now, holder) = (SystemClock.wall(), Holder::User(user.id.clone()));
        let (session, token) = new_session(holder, from, SESSION_LASTS, now)?;
        let noting = self.inner.database.noting(note(&user, &session));
        noting.add_session(&session).await?;
        self.inner.database.user_signed_in(&user.id, now).await?;
        Ok((user, session, token))
    }

    /// Signs in a person whom an OpenID provider vouches for. `holder` is [`Holder::External`].
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn login_external(
        &self,
        holder: Holder,
        from: &Origin,
        note: Entry,
    ) -> Result<(Session, Secret), Refused> {
        let (session, token) = new_session(holder, from, EXTERNAL_LASTS, SystemClock.wall())?;
        self.inner.database.noting(note).add_session(&session).await?;
        Ok((session, token))
    }
}

fn new_session(
    holder: Holder,
    from: &Origin,
    lasts: Duration,
    now: Wall,
) -> Result<(Session, Secret), NoRandom> {
    let token = Secret::new(random::token()?);
    let session = Session {
        id: uuid::Uuid::now_v7().to_string(),
        hash: hash(&token),
        holder,
        created_at: now,
        seen_at: now,
        expires_at: now.plus_micros(micros(lasts)),
        ended_at: None,
        address: from.address.to_string(),
        agent: from.agent.chars().take(200).collect(),
    };
    Ok((session, token))
}
