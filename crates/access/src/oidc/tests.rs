//! The provider as a whole, against an issuer of the test's own and against a real one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod bearer;
mod forged;
mod issuer;
mod real;
mod sign_in;
mod signer;

use std::sync::Arc;

use base::task::Scope;
use base::{ManualClock, Wall};

use super::{Config, Provider};

/// What the tests' clock says, in seconds.
const NOW: i64 = 1_800_000_000;

fn clock() -> ManualClock {
    ManualClock::at(Wall::from_micros(NOW * 1_000_000))
}

fn config(issuer: &str) -> Config {
    Config { issuer: issuer.to_owned(), client_id: "vedette".to_owned(), ..Config::default() }
}

/// A provider whose task lives as long as the scope.
fn start(config: Config, clock: &ManualClock) -> (Provider, Scope) {
    let scope = Scope::new(tokio::runtime::Handle::current());
    let provider = Provider::start(config, Arc::new(clock.clone()), &scope).unwrap();
    (provider, scope)
}
