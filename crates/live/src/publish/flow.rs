//! From a publisher's access units to the hub: when it begins, under which description, at which times.

use base::{Mono, Wall};
use media::rtp::depacket::Frame;
use media::timeline::Placed;
use media::{AccessUnit, Ticks, Tracks};

use super::error::PublishError;
use super::lane::Lane;
use super::sink::Sink;

impl Sink {
    /// Publishes a unit of the medium `track` whose last packet came at `now`.
    pub(super) fn frame(
        &mut self,
        (now, wall): (Mono, Wall),
        track: usize,
        frame: Frame,
    ) -> Result<(), PublishError> {
        if self.is_replaced() {
            return Err(PublishError::Taken);
        }
        self.place(track, frame.timestamp, now);
        let is_lead = track == self.lead;
        let Some(Some(lane)) = self.lanes.get_mut(track) else { return Ok(()) };
        let key = lane.coding.is_key(&frame.data);
        lane.is_torn = !key && (lane.is_torn || frame.lost > 0);
        let is_new = key && lane.follow(&frame.data);
        let Some(parameters) = &lane.parameters else { return Ok(()) };
        let (id, is_video) = (lane.id, parameters.is_video());
        let is_described = self.tracks.as_ref().is_some_and(|tracks| tracks.get(id).is_some());
        let may_begin = key && (is_lead || self.publisher.is_some());
        if (is_new || !is_described) && may_begin {
            self.describe()?;
        }
        if self.publisher.is_none() || !(is_described || may_begin) {
            return Ok(());
        }
        let (pts, dts) = self.times(track, key, (frame.timestamp, now));
        let Some(publisher) = &self.publisher else { return Ok(()) };
        publisher.push(AccessUnit {
            lost_packets: frame.lost,
            arrived: now,
            arrived_wall: wall,
            // Only pictures are shown in another order than they are decoded.
            ..AccessUnit::at_rest(id, (dts, if is_video { pts } else { dts }), key, frame.data)
        });
        Ok(())
    }

    /// Publishes the path, or says that its description has changed.
    fn describe(&mut self) -> Result<(), PublishError> {
        let tracks: Vec<_> = self.lanes.iter().flatten().filter_map(Lane::track).collect();
        let tracks = Tracks::new(tracks);
        if let Some(publisher) = &self.publisher {
            tracing::info!(stream = %self.path, "codec parameters changed");
            publisher.describe(tracks.clone());
        } else {
            let reservation = self.reservation.take().ok_or(PublishError::Taken)?;
            let opened = reservation.begin(tracks.clone());
            self.publisher = Some(opened.map_err(|_| PublishError::Taken)?);
            tracing::info!(stream = %self.path, codecs = tracks.rfc6381(), "publisher began");
        }
        for lane in self.lanes.iter_mut().flatten() {
            lane.track().iter().for_each(|track| lane.timeline.expect_track(track));
        }
        self.tracks = Some(tracks);
        Ok(())
    }

    /// When a unit is shown and decoded. Where the track's clock jumped, all tracks begin anew, under a
    /// description of their own.
    fn times(&mut self, track: usize, key: bool, (timestamp, now): (u32, Mono)) -> (Ticks, Ticks) {
        let pts = self.place(track, timestamp, now);
        if let Some(dts) = self.decoded(track, pts, key) {
            return (pts, dts);
        }
        tracing::warn!(stream = %self.path, "publisher clock jumped");
        if let (Some(publisher), Some(tracks)) = (&self.publisher, &self.tracks) {
            publisher.describe(tracks.clone());
        }
        for lane in self.lanes.iter_mut().flatten() {
            lane.clock.restart();
            lane.timeline.restart();
        }
        let pts = self.place(track, timestamp, now);
        (pts, self.decoded(track, pts, key).unwrap_or(pts))
    }

    /// `None`: the clock jumped.
    fn decoded(&mut self, track: usize, pts: Ticks, key: bool) -> Option<Ticks> {
        let lane = self.lanes.get_mut(track)?.as_mut()?;
        let placed = match lane.coding.is_video() {
            true => lane.timeline.place(pts, key, lane.scale),
            false => lane.timeline.place_decoded(pts, lane.scale),
        };
        match placed {
            Placed::At(dts) => Some(dts),
            Placed::Jumped => None,
        }
    }

    /// The time of a unit on the clock of all tracks, which begins with the first of them.
    fn place(&mut self, track: usize, timestamp: u32, now: Mono) -> Ticks {
        let epoch = *self.epoch.get_or_insert(now);
        let Some(Some(lane)) = self.lanes.get_mut(track) else { return Ticks::default() };
        let is_first = !lane.clock.is_placed();
        let time = lane.clock.place(timestamp, now, epoch);
        if !is_first {
            return time;
        }
        // What was reported before tells where it stands only now.
        self.align();
        let lane = self.lanes.get_mut(track).and_then(Option::as_mut);
        lane.map_or(time, |lane| lane.clock.place(timestamp, now, epoch))
    }

    /// Moves the other tracks to where reports say that they stand to the leading one.
    pub(super) fn align(&mut self) {
        let zero = self.lanes.get(self.lead).and_then(|lane| lane.as_ref()?.clock.zero());
        let Some(zero) = zero else { return };
        let others = self.lanes.iter_mut().enumerate().filter(|(index, _)| *index != self.lead);
        others.for_each(|(_, lane)| lane.iter_mut().for_each(|lane| lane.clock.align(zero)));
    }
}
