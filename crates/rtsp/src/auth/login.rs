//! What one connection has said of itself: checks all that needs no knowledge of users.

use base::Mono;
use rtsp_types::Url;

use super::{Authorization, DigestAnswer, Nonces, Offer, REALM, names};

/// So many wrong answers end a connection.
const FAILURES_MAX: u8 = 3;

/// A connection's login, before the shell has decided.
pub(crate) struct Login {
    offer: Offer,
    nonces: Nonces,
    /// The newest nonce that was answered with a count, and the highest count.
    last: Option<(Mono, u32)>,
    failures: u8,
}

/// Why a header is not worth asking about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Another answer is needed.
    Wrong,
    /// The nonce is too old, foreign, or was used: the same password with a new one may be right.
    Stale,
}

impl Login {
    pub(crate) const fn new(offer: Offer, nonces: Nonces) -> Self {
        Self { offer, nonces, last: None, failures: 0 }
    }

    pub(crate) const fn offer_basic_only(&mut self) {
        self.offer = Offer { basic: true, md5: false, sha256: false };
    }

    /// Reads a request's header, if it has one.
    pub(crate) fn read(
        &mut self,
        now: Mono,
        header: Option<&str>,
        url: &Url,
        is_setup: bool,
    ) -> Result<Option<Authorization>, Refusal> {
        let Some(header) = header else { return Ok(None) };
        let authorization = Authorization::parse(header)
            .filter(|authorization| self.offer.includes(authorization))
            .ok_or(Refusal::Wrong)?;
        if let Authorization::Digest(answer) = &authorization {
            if answer.realm != REALM || !names(&answer.uri, url, is_setup) {
                return Err(Refusal::Wrong);
            }
            self.check_nonce(now, answer)?;
        }
        Ok(Some(authorization))
    }

    fn check_nonce(&mut self, now: Mono, answer: &DigestAnswer) -> Result<(), Refusal> {
        let minted = self.nonces.minted(&answer.nonce, now).ok_or(Refusal::Stale)?;
        if let Some(counted) = &answer.counted {
            let next = Some((minted, counted.count));
            if next <= self.last {
                return Err(Refusal::Stale);
            }
            self.last = next;
        }
        Ok(())
    }

    /// The headers that ask for credentials.
    pub(crate) fn challenges(&self, now: Mono, is_stale: bool) -> String {
        self.offer.challenges(&self.nonces.mint(now), is_stale)
    }

    /// Counts credentials that were refused; true when there were too many.
    pub(crate) fn fail(&mut self) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.failures >= FAILURES_MAX
    }

    /// The credentials were right.
    pub(crate) fn pass(&mut self) {
        self.failures = 0;
    }
}
