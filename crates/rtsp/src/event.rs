//! What the conversation asks of its shell.

use base::Secret;
use bytes::Bytes;

use crate::{Authorization, Transport};

/// What the shell must answer or do. Answers come in the order of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Asks whether somebody may have a stream, once per stream and connection: answer with
    /// [`crate::Conversation::permit`] or [`crate::Conversation::refuse`].
    Authorize {
        /// Who asks, as far as was said. The scheme was offered; nonce, realm and `uri` are right. Only
        /// whether [`Authorization::proves`] what is known of the user is open.
        authorization: Option<Authorization>,
        /// The request's method.
        method: &'static str,
        /// The stream's path.
        path: String,
        /// What follows `?` in the address: it may hold a token.
        query: Option<Secret>,
    },
    /// Asks for a stream's description: answer with [`crate::Conversation::describe`].
    Describe {
        /// The stream's path.
        path: String,
    },
    /// Asks for a track: answer with [`crate::Conversation::accept_setup`] or [`crate::Conversation::refuse`].
    Setup {
        /// The stream's path.
        path: String,
        /// What follows the path: the track's control name.
        control: String,
        /// How its packets are to travel.
        transport: Transport,
    },
    /// Asks that packets flow: answer with [`crate::Conversation::accept_play`].
    Play,
    /// Asks that they stop; answered already.
    Pause,
    /// The session ends; answered already.
    Teardown,
    /// A packet of the peer, RTP or RTCP.
    Data {
        /// On this channel.
        channel: u8,
        /// The packet.
        packet: Bytes,
    },
}
