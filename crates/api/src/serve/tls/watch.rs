//! Follows the certificate's files, and tells the health board how it is.
//!
//! The rule is [`Watch`], without a clock of its own; the task only waits and looks.

use std::time::Duration;

use base::health::{Board, Health};
use base::task::Scope;
use base::{Clock, SystemClock, Wall};

use super::pair::{Digest, digest_now};
use super::{Certificate, DAY_MICROS, RENEW_MICROS, Source};

/// Files are compared by content: modification times lie, and not every file system tells of changes.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A certificate that ends sooner is on the health board.
const SOON_MICROS: i64 = 14 * DAY_MICROS;
const PART: &str = "certificate";

impl Certificate {
    /// Takes over what changes in the files, makes ours anew in time, and keeps the line `certificate`
    /// of the board. The task belongs to `scope`.
    pub fn follow(&self, scope: &Scope, board: Board) {
        let token = scope.token();
        let mut watch = Watch { certificate: self.clone(), board, refused: None };
        watch.tell(SystemClock.wall());
        scope.spawn("certificate", async move {
            loop {
                tokio::select! {
                    () = token.cancelled() => return,
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
                // Files may lie on a disk that hangs: not on a thread of the API.
                let looked = tokio::task::spawn_blocking(move || {
                    watch.look(SystemClock.wall());
                    watch
                });
                match looked.await {
                    Ok(back) => watch = back,
                    Err(_) => return,
                }
            }
        });
    }
}

pub(super) struct Watch {
    pub(super) certificate: Certificate,
    pub(super) board: Board,
    /// A content that does not work, and whether that was said.
    pub(super) refused: Option<(Digest, bool)>,
}

impl Watch {
    /// One look at the files.
    pub(super) fn look(&mut self, now: Wall) {
        let source = &self.certificate.source;
        let facts = **self.certificate.current.facts.load();
        let digest = digest_now(&source.cert(), &source.key());
        let is_ours = matches!(source, Source::SelfSigned { .. });
        if is_ours && facts.ends.micros_since(now) <= RENEW_MICROS {
            self.take(digest, source.clone().read_or_make(now));
        } else if digest != facts.digest {
            self.take(digest, source.clone().read());
        } else {
            self.refused = None;
        }
        self.tell(now);
    }

    fn take(&mut self, digest: Digest, read: Result<super::Pair, super::Error>) {
        match read {
            Ok(pair) => {
                self.certificate.replace(pair);
                self.refused = None;
                tracing::info!("took over a changed certificate");
            }
            Err(error) => {
                // Of two files one is written first: a fault is one when it is still there at the
                // next look.
                let is_known = self.refused.filter(|(refused, _)| *refused == digest);
                if is_known == Some((digest, false)) {
                    tracing::warn!(err = %error, "the changed certificate does not work, the old one stays");
                }
                self.refused = Some((digest, is_known.is_some()));
            }
        }
    }

    fn tell(&self, now: Wall) {
        let left = self.certificate.current.facts.load().ends.micros_since(now);
        let (code, detail) = if self.refused.is_some_and(|(_, is_said)| is_said) {
            (
                "certificate_refused",
                "the changed files do not work, the old certificate is in use".to_owned(),
            )
        } else if left <= 0 {
            ("certificate_expired", "the certificate has ended".to_owned())
        } else if left <= SOON_MICROS {
            ("certificate_expiring", format!("the certificate ends in {} days", left / DAY_MICROS))
        } else {
            return self.board.set(PART, Health::Healthy, "");
        };
        self.board.explain(PART, Health::Degraded, code, detail);
    }
}
