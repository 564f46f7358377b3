//! The shell: one provider, what it publishes kept in memory, and the three ways to ask.
//!
//! What it publishes is fetched when it is first needed, again after an hour, and when a token names a
//! key that is not known; never twice within ten seconds. One task does all fetching, so that a caller
//! who leaves does not end what others wait for. What is known stays in use while the provider is away.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use base::task::Scope;
use base::{Clock, Mono};
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::fetch::{Answer, Fetch};
use super::flow::Exchange;
use super::metadata::{self, Metadata};
use super::token::{Claims, Expected, Purpose, Token};
use super::{Begin, Config, Error, Identity, Keys, Pending, claims};

/// Between two looks at what the provider publishes, at least.
const PAUSE: Duration = Duration::from_secs(10);
/// What is older is looked at again.
const FRESH: Duration = Duration::from_secs(3_600);
/// Callers that may wait for the task's attention.
const ASKS_MAX: usize = 64;
const CODE_MAX: usize = 4_096;

/// A provider that people and programs come from. Clones are handles to the same one.
#[derive(Clone)]
pub struct Provider {
    shared: Arc<Shared>,
    asks: mpsc::Sender<Ask>,
}

/// Look at what the provider publishes, and tell whoever waits.
type Ask = Option<oneshot::Sender<Result<(), Error>>>;

struct Shared {
    config: Config,
    allowed: Vec<Algorithm>,
    audience: Vec<String>,
    address: Url,
    fetch: Fetch,
    clock: Arc<dyn Clock>,
    known: ArcSwapOption<Known>,
}

/// What the provider published.
struct Known {
    metadata: Metadata,
    keys: Keys,
    at: Mono,
}

impl Provider {
    /// A provider as configured. Asks nothing of it yet; its task ends with `scope` or with the last
    /// handle.
    ///
    /// # Errors
    /// [`Error::Configuration`] with all faults; [`Error::Unavailable`] when this machine has no
    /// certificates to trust.
    pub fn start(config: Config, clock: Arc<dyn Clock>, scope: &Scope) -> Result<Self, Error> {
        let faults: Vec<String> = config
            .validate()
            .iter()
            .map(|fault| format!("{}: {}; {}", fault.key, fault.problem, fault.remedy))
            .collect();
        if !faults.is_empty() {
            return Err(Error::Configuration(faults.join(" | ")));
        }
        let shared = Arc::new(Shared {
            allowed: config.allowed(),
            audience: config.audience(),
            address: metadata::address(&config.issuer)?,
            fetch: Fetch::new()?,
            config,
            clock,
            known: ArcSwapOption::empty(),
        });
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        let (token, task) = (scope.token(), run(Arc::clone(&shared), asked));
        scope.spawn("oidc", async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = task => {}
            }
        });
        Ok(Self { shared, asks })
    }

    /// What the button says.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.config.name
    }

    /// Begins a sign-in that comes back to `redirect_uri`, an address of ours that the provider knows.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; a later try may pass.
    pub async fn begin(&self, redirect_uri: &str) -> Result<Begin, Error> {
        let known = self.known().await?;
        Begin::new(&self.shared.config, known.metadata.authorization.clone(), redirect_uri)
    }

    /// Ends a sign-in with what its person brought back.
    ///
    /// `pending` is used up: a code counts once. Not cancellation-safe: when dropped half-way, the
    /// person begins again.
    ///
    /// # Errors
    /// Any; only [`Error::Unavailable`] may pass later, with a new sign-in.
    pub async fn finish(
        &self,
        pending: Pending,
        state: &str,
        code: &str,
    ) -> Result<Identity, Error> {
        if pending.state != state || code.is_empty() || code.len() > CODE_MAX {
            return Err(Error::State);
        }
        let config = &self.shared.config;
        let known = self.known().await?;
        let Exchange { form, authorization } =
            Exchange::new(config, &known.metadata, &pending, code)?;
        let answer = self.shared.fetch.post(&known.metadata.token, form, authorization).await?;
        let id_token = id_token(&answer)?;
        let expected = Expected {
            issuer: &config.issuer,
            audience: std::slice::from_ref(&config.client_id),
            sign_in: Some((&config.client_id, &pending.nonce)),
        };
        let claims = self.verified(&id_token, Purpose::SignIn, &expected).await?;
        claims::identity(&claims, config)
    }

    /// Who shows this token in a request's header.
    ///
    /// # Errors
    /// Any; only [`Error::Unavailable`] may pass later.
    pub async fn bearer(&self, token: &str) -> Result<Identity, Error> {
        let (config, audience) = (&self.shared.config, &self.shared.audience);
        let expected = Expected { issuer: &config.issuer, audience, sign_in: None };
        let claims = self.verified(token, Purpose::Bearer, &expected).await?;
        claims::identity(&claims, config)
    }

    /// The claims of a token. An unknown key is asked for once.
    async fn verified(
        &self,
        text: &str,
        purpose: Purpose,
        expected: &Expected<'_>,
    ) -> Result<Claims, Error> {
        let token = Token::read(text, purpose, &self.shared.allowed)?;
        let mut known = self.known().await?;
        if token.key(&known.keys).is_none() {
            known = self.looked_at().await?;
        }
        token.verify(&known.keys, expected, self.shared.clock.wall())
    }

    /// What is known, however old; an old one is looked at again behind the caller's back.
    async fn known(&self) -> Result<Arc<Known>, Error> {
        let Some(known) = self.shared.known.load_full() else { return self.looked_at().await };
        if self.shared.clock.mono().since(known.at) >= FRESH {
            // A full queue means that a look is under way.
            let _ = self.asks.try_send(None);
        }
        Ok(known)
    }

    /// What is known after a look that began at most [`PAUSE`] ago.
    async fn looked_at(&self) -> Result<Arc<Known>, Error> {
        let stopping = || Error::Unavailable("this server is stopping".to_owned());
        let (reply, outcome) = oneshot::channel();
        self.asks.send(Some(reply)).await.map_err(|_| stopping())?;
        outcome.await.map_err(|_| stopping())??;
        self.shared.known.load_full().ok_or_else(stopping)
    }
}

/// The task: looks when asked, and not again within [`PAUSE`].
async fn run(shared: Arc<Shared>, mut asked: mpsc::Receiver<Ask>) {
    let mut last: Option<(Mono, Result<(), Error>)> = None;
    while let Some(reply) = asked.recv().await {
        let outcome = match &last {
            Some((at, outcome)) if shared.clock.mono().since(*at) < PAUSE => outcome.clone(),
            _ => {
                let outcome = shared.look().await;
                tell(last.as_ref().map(|(_, outcome)| outcome), &outcome);
                last = Some((shared.clock.mono(), outcome.clone()));
                outcome
            }
        };
        if let Some(reply) = reply {
            // Whoever asked may have left.
            let _ = reply.send(outcome);
        }
    }
}

/// Logs a change of state, once.
fn tell(before: Option<&Result<(), Error>>, now: &Result<(), Error>) {
    match (before, now) {
        (None | Some(Err(_)), Ok(())) => tracing::info!("identity provider answers"),
        (None | Some(Ok(())), Err(err)) => {
            tracing::warn!(%err, "identity provider cannot be used, what is known of it stays in use");
        }
        _ => {}
    }
}

impl Shared {
    /// Fetches what the provider publishes. A failure leaves what is known.
    async fn look(&self) -> Result<(), Error> {
        let metadata = Metadata::read(&self.config.issuer, &self.fetch.get(&self.address).await?)?;
        let keys = Keys::read(&self.fetch.get(&metadata.keys).await?)?;
        let known = Known { metadata, keys, at: self.clock.mono() };
        self.known.store(Some(Arc::new(known)));
        Ok(())
    }
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// The ID token of a token endpoint's answer, or its refusal (RFC 6749, section 5.2).
fn id_token(answer: &Answer) -> Result<String, Error> {
    if answer.is_success {
        let tokens: Result<Tokens, _> = serde_json::from_slice(&answer.body);
        let no_token = |_| Error::Unavailable("its token endpoint gave no ID token".to_owned());
        return tokens.map(|tokens| tokens.id_token).map_err(no_token);
    }
    match serde_json::from_slice::<Refusal>(&answer.body) {
        Ok(refusal) => Err(Error::refused(&refusal.error, &refusal.error_description)),
        Err(_) => Err(Error::Unavailable(format!("its token endpoint answered {}", answer.status))),
    }
}
