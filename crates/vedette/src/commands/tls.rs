//! `vedette tls self-signed`: the certificate of a server that was given none.

use std::process::ExitCode;

use api::serve::tls::{Certificate, Source, make_self_signed};
use base::{Clock, SystemClock};

use crate::cli::{complain, say};
use crate::config::Config;
use crate::listen;

/// Makes it when it is missing, or anew with `force`; prints where it lies and its fingerprint. A
/// running server takes it over by itself.
pub fn self_signed(config: &Config, force: bool) -> anyhow::Result<ExitCode> {
    let now = SystemClock.wall();
    let source = match listen::certificate_source(config) {
        source @ Source::SelfSigned { .. } => source,
        Source::Given { .. } => {
            complain("server.tls.cert is given: the server uses that, not the one made here");
            listen::own_certificate(config)
        }
    };
    if let (Source::SelfSigned { folder, names }, true) = (&source, force) {
        make_self_signed(folder, names, now)?;
    }
    let path = source.cert();
    let certificate = Certificate::open(source, now)?;
    say(&format!("{}\nSHA-256 {}", path.display(), certificate.fingerprint()));
    Ok(ExitCode::SUCCESS)
}
