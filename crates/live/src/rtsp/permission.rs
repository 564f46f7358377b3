//! What a connection may: the door is asked, and what it permits is noted.

use base::{Clock, StreamPath, SystemClock};
use rtsp::{Authorization, Purpose, Status};

use super::answers::Answered;
use super::connection::Connection;
use super::door::{self, Ask, Permit};

/// The user's name where the password is an API key.
const KEY_USER: &str = "key";

impl Connection {
    /// Asks the door; `None`: permitted.
    pub(super) async fn authorize(
        &mut self,
        (authorization, method, purpose, path, query): (
            Option<Authorization>,
            &'static str,
            Purpose,
            String,
            String,
        ),
    ) -> Option<Answered> {
        let now = SystemClock.mono();
        let Ok(path) = StreamPath::new(&path) else {
            return Some(self.talk.refuse(now, Status::NotFound));
        };
        let ask = Ask {
            peer: self.peer.ip(),
            authorization: authorization.as_ref(),
            method,
            purpose,
            path: &path,
            token: door::query_value(&query, "token"),
            id: &self.entry.id,
        };
        match self.shared.door.decide(&self.shared.config, &ask).await {
            Ok(permit) => {
                self.permitted(permit, path, &query);
                None
            }
            Err(status) => {
                if authorization.is_some() || ask.token.is_some() {
                    self.shared.metrics.refused.inc();
                }
                let is_key = matches!(&authorization, Some(given @ Authorization::Digest(_)) if given.user() == KEY_USER);
                if is_key {
                    // Of a key, no more than its hash is kept: only who shows it proves it.
                    self.talk.offer_basic_only();
                }
                Some(self.talk.refuse(SystemClock.mono(), status))
            }
        }
    }

    fn permitted(&mut self, permit: Permit, path: StreamPath, query: &str) {
        self.pass.known();
        // Another stream than before: its session is over.
        (self.session, self.held) = (None, None);
        let agent = self.talk.agent().to_owned();
        self.query = query.to_owned();
        self.entry.tell(|facts| {
            facts.path = Some(path.clone());
            facts.user.clone_from(&permit.user);
            facts.query = door::public_query(query);
            facts.agent = agent;
        });
        (self.permit, self.path) = (Some(permit), Some(path));
    }
}
