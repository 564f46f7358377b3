//! What the conversation asks of its shell.

use bytes::Bytes;

use crate::Transport;

/// What the shell must answer or do. Answers come in the order of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
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
