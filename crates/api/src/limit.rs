//! How many requests an address, a token and a guesser of passwords may make.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use base::ErrorKind;
use base::task::Scope;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::problem::Problem;

/// Passwords that an address may try in a minute.
const LOGINS_A_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// Who has not been seen for long is forgotten this often.
const FORGET_EVERY: Duration = Duration::from_secs(60);

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// Requests a second, and how many at once; 0 a second: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Of one address.
    pub per_address: u32,
    /// Of one token, session or user.
    pub per_token: u32,
    /// At once, of either.
    pub burst: u32,
}

/// The limits of the front door. Its users: every request.
pub(crate) struct Limits {
    addresses: Option<Limiter<IpAddr>>,
    tokens: Option<Limiter<String>>,
    logins: Limiter<IpAddr>,
}

/// What is left of a limit, for the headers of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    limit: u32,
    remaining: u32,
    /// Seconds until all of it is there again.
    reset: u64,
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        let quota = |a_second: u32| {
            let burst = NonZeroU32::new(rates.burst.max(a_second))?;
            Some(Quota::per_second(NonZeroU32::new(a_second)?).allow_burst(burst))
        };
        Self {
            addresses: quota(rates.per_address).map(limiter),
            tokens: quota(rates.per_token).map(limiter),
            logins: limiter(Quota::per_minute(LOGINS_A_MINUTE)),
        }
    }

    /// Takes one request of an address; `None`: there is no limit.
    pub(crate) fn address(&self, address: IpAddr) -> Result<Option<Left>, Problem> {
        take(self.addresses.as_ref(), &network(address))
    }

    /// Takes one request of somebody known.
    pub(crate) fn token(&self, token: &String) -> Result<Option<Left>, Problem> {
        take(self.tokens.as_ref(), token)
    }

    /// Takes one try of a password.
    pub(crate) fn login(&self, address: IpAddr) -> Result<(), Problem> {
        take(Some(&self.logins), &network(address)).map(|_| ())
    }

    fn forget(&self) {
        if let Some(addresses) = &self.addresses {
            addresses.retain_recent();
        }
        if let Some(tokens) = &self.tokens {
            tokens.retain_recent();
        }
        self.logins.retain_recent();
    }
}

/// Forgets, now and then, who has not been seen for long. The task belongs to `scope`.
pub(crate) fn keep_small(app: crate::App, scope: &Scope) {
    let stop = scope.token();
    scope.spawn("limits", async move {
        let mut tick = tokio::time::interval(FORGET_EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => app.limits.forget(),
            }
        }
    });
}

fn limiter<K: std::hash::Hash + Eq + Clone>(quota: Quota) -> Limiter<K> {
    Limiter::new(quota, DashMapStateStore::default(), DefaultClock::default())
}

fn take<K: std::hash::Hash + Eq + Clone>(
    limiter: Option<&Limiter<K>>,
    key: &K,
) -> Result<Option<Left>, Problem> {
    let Some(limiter) = limiter else { return Ok(None) };
    match limiter.check_key(key) {
        Ok(state) => {
            let (limit, remaining) =
                (state.quota().burst_size().get(), state.remaining_burst_capacity());
            let missing = limit.saturating_sub(remaining);
            let reset = state.quota().replenish_interval().saturating_mul(missing);
            Ok(Some(Left {
                limit,
                remaining,
                reset: reset.as_secs() + u64::from(reset.subsec_nanos() > 0),
            }))
        }
        Err(until) => {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let limit = until.quota().burst_size().get();
            let reset = until.quota().replenish_interval().saturating_mul(limit).as_secs();
            let problem = Problem::new(ErrorKind::Exhausted, "too_many_requests")
                .with("seconds", wait.as_secs() + 1)
                .header(header::RETRY_AFTER, wait.as_secs() + 1);
            Err(Left { limit, remaining: 0, reset }
                .names()
                .into_iter()
                .fold(problem, |problem, (name, value)| {
                    problem.header(HeaderName::from_static(name), value)
                }))
        }
    }
}

impl Left {
    fn names(self) -> [(&'static str, u64); 3] {
        [
            ("x-ratelimit-limit", u64::from(self.limit)),
            ("x-ratelimit-remaining", u64::from(self.remaining)),
            ("x-ratelimit-reset", self.reset),
        ]
    }

    /// The tighter of two.
    pub(crate) fn tighter(self, other: Self) -> Self {
        if other.remaining < self.remaining { other } else { self }
    }

    pub(crate) fn add_to(self, headers: &mut HeaderMap) {
        for (name, value) in self.names() {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

/// An IPv6 host has a whole /64 of addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}
