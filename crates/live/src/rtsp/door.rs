//! Who may have which stream: credentials of RTSP shown to the gate, the policy asked, and both put on
//! record.

use std::net::IpAddr;
use std::sync::Arc;

use access::accounts::Accounts;
use access::trail::{Place, Recorder, entry};
use access::{
    Action, Credential, Denied, Gate, Object, Principal, Refused, Standing, authorize, trust,
};
use base::{Clock, Secret, StreamPath, SystemClock};
use parking_lot::Mutex;
use rtsp::{Authorization, DigestSecret, Offer, Purpose, Status};

use super::config::Config;
use super::guesses::Guesses;

/// What is asked, and whether a path may be published.
pub struct Parts {
    /// Who asks.
    pub gate: Gate,
    /// What users prove by Digest.
    pub accounts: Accounts,
    /// Where refusals and views are noted.
    pub trail: Recorder,
    /// Whether a path that is no camera's may be published.
    pub publishable: Box<dyn Fn(&StreamPath) -> bool + Send + Sync>,
}

/// The door. Its users: all connections.
pub(super) struct Door {
    parts: Parts,
    guesses: Mutex<Guesses>,
}

/// What a connection asks for.
pub(super) struct Ask<'a> {
    pub(super) peer: IpAddr,
    pub(super) authorization: Option<&'a Authorization>,
    pub(super) method: &'static str,
    pub(super) purpose: Purpose,
    pub(super) path: &'a StreamPath,
    pub(super) token: Option<&'a str>,
    /// Of the connection, for the audit trail.
    pub(super) id: &'a str,
}

/// The right to a stream, watched over as long as it lives.
pub(super) struct Permit {
    pub(super) user: String,
    pub(super) standing: Arc<Standing>,
}

type Found = (Principal, Option<Credential>);

impl Door {
    pub(super) fn new(parts: Parts) -> Self {
        Self { parts, guesses: Mutex::default() }
    }

    /// The right that is asked for, or how to refuse it.
    pub(super) async fn decide(&self, config: &Config, ask: &Ask<'_>) -> Result<Permit, Status> {
        let shows_nothing = ask.authorization.is_none() && ask.token.is_none();
        let (who, credential) = match self.identify(config, ask).await {
            Ok(found) => found,
            Err(refused) => {
                let nobody = (Principal::nobody(), Object::Stream(ask.path.clone()));
                self.note(ask, &nobody, refused.code());
                return Err(match refused {
                    Refused::Wrong => Status::Unauthorized,
                    Refused::Locked(_) => Status::Forbidden,
                    Refused::Busy | Refused::Unavailable(_) => Status::ServiceUnavailable,
                });
            }
        };
        let object = self.parts.gate.streams().object(ask.path).await;
        let object = object.map_err(|_| Status::ServiceUnavailable)?;
        let action = action_of(ask.purpose);
        let asked = (who, object);
        if let Err(denied) = authorize(&asked.0, action, &asked.1) {
            // Players say who they are when they are asked.
            if shows_nothing && !asked.0.is_known() {
                return Err(Status::Unauthorized);
            }
            self.note(ask, &asked, denied.code());
            return Err(match denied {
                Denied::Unauthenticated => Status::Unauthorized,
                Denied::Forbidden => Status::Forbidden,
                Denied::Hidden => Status::NotFound,
            });
        }
        if ask.purpose == Purpose::Publish && !self.is_publishable(ask.path, &asked.1) {
            self.note(ask, &asked, "not_publishable");
            return Err(Status::Forbidden);
        }
        self.note(ask, &asked, "ok");
        let (who, object) = asked;
        let standing = Standing::new(credential, ask.peer, vec![(action, object)]);
        let standing = self.parts.gate.watch_over(standing);
        Ok(Permit { user: who.name().to_owned(), standing })
    }

    /// A camera's own stream has its source.
    fn is_publishable(&self, path: &StreamPath, object: &Object) -> bool {
        !matches!(object, Object::Camera(_)) && (self.parts.publishable)(path)
    }

    fn note(&self, ask: &Ask<'_>, (who, object): &(Principal, Object), result: &str) {
        let place = Place { address: Some(ask.peer), request: ask.id.to_owned() };
        let action = action_of(ask.purpose);
        let mut entry = entry(who, &place, action.as_str(), result);
        entry.object = object.name();
        entry.agency = object.agency().to_owned();
        let trail = &self.parts.trail;
        match result {
            "ok" if action.is_viewing() => trail.note_view(entry),
            "ok" => trail.note(entry),
            _ => trail.note_repeated(entry),
        }
    }

    /// Who asks, by address, by what is shown, or as nobody in particular.
    async fn identify(&self, config: &Config, ask: &Ask<'_>) -> Result<Found, Refused> {
        let from = trust::Request {
            peer: Some(ask.peer),
            // RTSP has no pages that speak for others, and no proxies.
            host: Some("localhost"),
            ..trust::Request::default()
        };
        let is_open = |networks: &Vec<_>| trust::by_address(&from, &[], networks);
        if config.open.as_ref().is_some_and(is_open) {
            return Ok((Principal::open(), None));
        }
        if ask.authorization.is_none() && ask.token.is_none() {
            let is_near = |networks: &Vec<_>| {
                networks.is_empty() || trust::from_networks(&from, &[], networks)
            };
            let public = config.anonymous.as_ref().filter(|(_, networks)| is_near(networks));
            return Ok((public.map_or_else(Principal::nobody, |(who, _)| who.clone()), None));
        }
        if let Some(found) = shown(ask).and_then(|credential| self.recall(credential)) {
            return Ok(found);
        }
        self.look(ask).await
    }

    fn recall(&self, credential: Credential) -> Option<Found> {
        Some((self.parts.gate.recall(&credential)?, Some(credential)))
    }

    /// Looks at what is shown; few wrong ones of an address are looked at in a minute.
    async fn look(&self, ask: &Ask<'_>) -> Result<Found, Refused> {
        if !self.guesses.lock().begin(ask.peer, SystemClock.mono()) {
            return Err(Refused::Locked(std::time::Duration::from_secs(60)));
        }
        let gate = &self.parts.gate;
        let found = match ask.authorization {
            Some(Authorization::Digest(answer)) if ask.token.is_none() => {
                let proves = |kept: &access::accounts::DigestSecret| {
                    let secret = DigestSecret { md5: kept.md5, sha256: kept.sha256 };
                    answer.proves(&secret, ask.method)
                };
                let (who, credential) =
                    gate.prove(&self.parts.accounts, (&answer.user, ask.peer), proves).await?;
                (who, Some(credential))
            }
            _ => {
                let credential = shown(ask).ok_or(Refused::Wrong)?;
                (gate.identify(&credential, ask.peer).await?, Some(credential))
            }
        };
        self.guesses.lock().right(ask.peer);
        Ok(found)
    }
}

/// What is shown in the clear; a token in the address before a password.
fn shown(ask: &Ask<'_>) -> Option<Credential> {
    if let Some(token) = ask.token {
        return Some(Credential::Bearer(Secret::new(token.to_owned())));
    }
    match ask.authorization {
        Some(Authorization::Basic { user, password }) => {
            Some(Credential::Basic { user: user.clone(), password: password.clone() })
        }
        _ => None,
    }
}

const fn action_of(purpose: Purpose) -> Action {
    match purpose {
        Purpose::Read => Action::WatchLive,
        Purpose::Publish => Action::Publish,
    }
}

/// The schemes that are offered.
pub(super) const fn offer(config: &Config) -> Offer {
    Offer { basic: true, md5: config.digest, sha256: config.digest }
}

/// The value of `name` in a query.
pub(super) fn query_value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// A query without what opens doors, for those who look at sessions.
pub(super) fn public_query(query: &str) -> String {
    let kept = query.split('&').filter(|pair| !pair.starts_with("token="));
    kept.collect::<Vec<_>>().join("&").chars().take(1_000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_and_not_told() {
        let query = "start=next&token=vl_1.2&x=y";
        assert_eq!(query_value(query, "token"), Some("vl_1.2"));
        assert_eq!(public_query(query), "start=next&x=y");
    }
}
