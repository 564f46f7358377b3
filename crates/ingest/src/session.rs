//! A source's session, whichever client holds it, and which client is next.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use base::outgoing::Outgoing;
use futures::FutureExt;
use hub::{Event, Subscriber};
use media::Tracks;

use crate::failure::{Failure, Kind};
use crate::outlet::{Outlet, Step};
use crate::source::{Client, SourceSpec};
use crate::{copied, relay, rtsp};

/// What every session keeps to.
#[derive(Clone)]
pub(crate) struct Rules {
    /// Opening one takes at most this long.
    pub limit: Duration,
    /// Where it may connect to.
    pub outgoing: Arc<Outgoing>,
}

/// A session that plays.
pub(crate) enum Session {
    /// The built-in client's.
    Rtsp(Box<rtsp::Session>),
    /// An ffmpeg child's.
    Relay(Box<relay::Session>),
    /// Of a stream that is passed on as it is.
    Copied(Box<copied::Session>),
}

impl Session {
    /// Opens one with the client that `choice` names.
    pub(crate) async fn open(
        spec: &SourceSpec,
        outlet: Outlet,
        choice: &Choice,
        rules: &Rules,
    ) -> Result<Self, Failure> {
        caught(Self::begin(spec, outlet, choice, rules)).await
    }

    async fn begin(
        spec: &SourceSpec,
        outlet: Outlet,
        choice: &Choice,
        rules: &Rules,
    ) -> Result<Self, Failure> {
        if let Some((from, codec)) = spec.derived.as_ref().and_then(|d| Some((&d.from, d.codec?))) {
            let (reader, tracks) = described(outlet.follow(from), rules.limit).await?;
            if copied::fits(&tracks, codec) {
                let passed_on = copied::Session::new(reader, tracks, codec, outlet)?;
                return Ok(Self::Copied(Box::new(passed_on)));
            }
        }
        if choice.by_child {
            let opened = relay::open(spec, outlet, rules).await?;
            return Ok(Self::Relay(Box::new(opened)));
        }
        Ok(Self::Rtsp(Box::new(rtsp::open(spec, outlet, rules).await?)))
    }

    /// Takes the next item and publishes what it holds. May be dropped while it waits for one.
    pub(crate) async fn step(&mut self) -> Result<Step, Failure> {
        caught(async {
            match self {
                Self::Rtsp(session) => session.step().await,
                Self::Relay(session) => session.step().await,
                Self::Copied(session) => session.step().await,
            }
        })
        .await
    }

    pub(crate) fn outlet(&self) -> &Outlet {
        match self {
            Self::Rtsp(session) => session.outlet(),
            Self::Relay(session) => session.outlet(),
            Self::Copied(session) => session.outlet(),
        }
    }
}

/// A panic over what a camera sent is a failure of its session and of nothing else: the session is dropped.
/// `sdp-types` 0.1.8, for one, asserts that no line of a description is malformed before others.
async fn caught<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Failure::new(Kind::Panicked)))
}

/// Waits until a reader is told what it gets.
async fn described(
    mut reader: Subscriber,
    limit: Duration,
) -> Result<(Subscriber, Tracks), Failure> {
    let first = async {
        loop {
            if let Event::Tracks(tracks) = reader.next().await {
                return tracks;
            }
        }
    };
    let late = |_| Failure::new(Kind::Timeout).with("seconds", limit.as_secs());
    let tracks = tokio::time::timeout(limit, first).await.map_err(late)?;
    Ok((reader, tracks))
}

/// Which client is tried next. With `auto` that is the built-in one until it meets what it does not
/// speak; then the two take turns until one gives a picture.
pub(crate) struct Choice {
    client: Client,
    by_child: bool,
}

impl Choice {
    pub(crate) fn new(spec: &SourceSpec) -> Self {
        let foreign = spec.url.scheme() != "rtsp" || spec.derived.is_some();
        let by_child = match spec.client {
            Client::Ffmpeg => true,
            Client::Auto => foreign,
            Client::Native => spec.derived.is_some(),
        };
        // What only one of them can pull is not tried with the other.
        let client = if foreign { Client::Ffmpeg } else { spec.client };
        Self { client, by_child }
    }

    /// True when an ffmpeg child is next.
    pub(crate) const fn by_child(&self) -> bool {
        self.by_child
    }

    /// A session failed, `pictured` telling whether it had given a picture. True when what the built-in
    /// client did not understand is ffmpeg's turn now: there is nothing to wait for.
    pub(crate) fn on_failure(&mut self, kind: Kind, pictured: bool) -> bool {
        let not_understood = match kind {
            Kind::ParameterSets => true,
            Kind::CodecUnsupported | Kind::ProtocolError | Kind::Panicked | Kind::FfmpegMissing => {
                !pictured
            }
            _ => false,
        };
        let switches = self.client == Client::Auto && not_understood;
        self.by_child ^= switches;
        switches && self.by_child
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::spec;

    #[test]
    fn what_the_built_in_client_does_not_understand_goes_to_ffmpeg() {
        let mut choice = Choice::new(&spec("rtsp://camera/1", Client::Auto));
        assert!(!choice.on_failure(Kind::Refused, false) && !choice.by_child);
        assert!(choice.on_failure(Kind::CodecUnsupported, false) && choice.by_child);
        assert!(!choice.on_failure(Kind::StreamEnded, true) && choice.by_child);
        // What neither understands is waited with.
        assert!(!choice.on_failure(Kind::ProtocolError, false) && !choice.by_child);
    }

    #[test]
    fn other_protocols_are_ffmpegs_and_a_named_client_stays() {
        assert!(Choice::new(&spec("rtsps://camera/1", Client::Auto)).by_child);
        let mut choice = Choice::new(&spec("rtsp://camera/1", Client::Native));
        assert!(!choice.on_failure(Kind::CodecUnsupported, false) && !choice.by_child);
    }
}
