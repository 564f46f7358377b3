//! A stream made of another one that already is what is asked for: passed on in the hub, without a child.
//!
//! Runs inside the source's task.

use hub::paths::Derivation;
use hub::{Event, Subscriber};
use media::{Parameters, Tracks};

use crate::failure::{Failure, Kind};
use crate::outlet::{Incoming, Outlet, Step};

/// True when `tracks` are what `codec` would make of them.
pub(crate) fn fits(tracks: &Tracks, codec: Derivation) -> bool {
    let is_audio = |name: &str| {
        let mut sound = tracks.all().iter().filter(|track| !track.parameters.is_video());
        sound.all(|track| track.parameters.name() == name)
    };
    match codec {
        Derivation::H264 => tracks.video().is_some_and(|track| {
            matches!(track.parameters, Parameters::H264(_)) && !track.parameters.b_frames()
        }),
        Derivation::Opus => is_audio("opus"),
        Derivation::Aac => is_audio("aac"),
    }
}

/// A session that passes on.
pub(crate) struct Session {
    from: Subscriber,
    codec: Derivation,
    outlet: Outlet,
}

impl Session {
    /// A session over a reader that has been told `tracks`.
    pub(crate) fn new(
        from: Subscriber,
        tracks: Tracks,
        codec: Derivation,
        mut outlet: Outlet,
    ) -> Result<Self, Failure> {
        outlet.describe(tracks)?;
        Ok(Self { from, codec, outlet })
    }

    pub(crate) const fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// Takes the next unit and publishes it. Cancel-safe.
    pub(crate) async fn step(&mut self) -> Result<Step, Failure> {
        let ended = |what: &str| Failure::new(Kind::StreamEnded).with("detail", what);
        match self.from.next().await {
            Event::Tracks(tracks) if fits(&tracks, self.codec) => {
                self.outlet.describe(tracks)?;
                Ok(Step::Other)
            }
            Event::Tracks(_) => Err(ended("parameters changed")),
            Event::Unit(unit) => Ok(self.outlet.push(Incoming {
                track: unit.track,
                pts: unit.pts,
                dts: Some(unit.dts),
                key: unit.key,
                lost: unit.lost_packets,
                data: unit.data,
            })),
            Event::Skipped(_) => Ok(Step::Other),
            Event::Ended => Err(ended("its stream")),
        }
    }
}
