//! What the conversation asks of its shell.

use base::Secret;
use bytes::Bytes;

use crate::{Authorization, Transport};

/// What somebody wants of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To read it.
    Read,
    /// To publish it.
    Publish,
}

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
        /// What for.
        purpose: Purpose,
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
    /// Says what the peer wants to publish: answer with [`crate::Conversation::accept_announce`] or
    /// [`crate::Conversation::refuse`].
    Announce {
        /// The stream's path.
        path: String,
        /// The session description as it came: at most 64 KiB.
        sdp: Bytes,
    },
    /// Asks for a track, to read it or, after [`Event::Announce`], to publish it: answer with [`crate::Conversation::accept_setup`] or [`crate::Conversation::refuse`].
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
    /// Says that packets of the peer follow: answer with [`crate::Conversation::accept_record`].
    Record,
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
