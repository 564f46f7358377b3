//! One elementary stream: PES packets in, access units out.

use std::num::NonZeroU32;

use bytes::Bytes;

use super::pes::{self, Unwrap};
use super::psi::Codec;
use super::sink::{Event, Sink, Unit};
use super::{adts, opus};
use crate::audio::{OPUS_RATE, OpusParameters};
use crate::h264::{H264Parameters, nal};
use crate::h265::{self, H265Parameters};
use crate::{Parameters, Ticks, Timescale, TrackId};

/// NAL units of a picture; what is beyond is left out.
const NALS_MAX: usize = 16_384;
/// Samples of an AAC frame.
const AAC_SAMPLES: i64 = 1_024;
/// A frame begun in one PES packet and ended in the next.
const REST_LEN_MAX: usize = 1 << 13;
/// The time between pictures, at 90 kHz, until it is known.
const PICTURE_TICKS: i64 = 3_600;

/// A whole PES packet.
pub(super) struct Pes {
    pub(super) bytes: Vec<u8>,
    pub(super) offset: u64,
    pub(super) lost_packets: u16,
}

#[derive(Debug)]
pub(super) struct Lane {
    id: TrackId,
    codec: Codec,
    parameters: Option<Parameters>,
    timescale: Timescale,
    /// When the next unit is due if its own packet does not say, in the track's timescale.
    due: Option<i64>,
    last_dts: Option<i64>,
    /// The beginning of a frame of sound that goes on in the next PES packet.
    rest: Vec<u8>,
}

/// The sets of parameters that a picture brings, the first of each kind.
#[derive(Default)]
struct Sets<'a> {
    vps: Option<&'a [u8]>,
    sps: Option<&'a [u8]>,
    pps: Option<&'a [u8]>,
}

impl Lane {
    pub(super) const fn new(id: TrackId, codec: Codec) -> Self {
        let timescale = Timescale::VIDEO;
        Self { id, codec, parameters: None, timescale, due: None, last_dts: None, rest: Vec::new() }
    }

    /// Adds the units of a PES packet. False when it is damaged or of no use.
    pub(super) fn take(
        &mut self,
        pes: &Pes,
        clock: &mut Unwrap,
        (sink, out): (&mut Sink, &mut Vec<Event>),
    ) -> bool {
        let Some(start) = pes::read(&pes.bytes) else { return false };
        let end = start.len.unwrap_or(usize::MAX).min(pes.bytes.len());
        let Some(content) = pes.bytes.get(start.content..end) else { return false };
        let dts = start.dts.map(|dts| clock.next(dts));
        let pts = start.pts.zip(dts).map(|(pts, dts)| pes::near(dts, pts));
        let times = dts.zip(pts);
        let mut to = To { pes, sink, out };
        match self.codec {
            Codec::H264 | Codec::H265 => self.pictures(content, times, &mut to),
            Codec::Aac => self.aac(content, times, &mut to),
            Codec::Opus(channels) => self.opus(content, channels, times, &mut to),
        }
    }

    fn pictures(&mut self, content: &[u8], times: Option<(i64, i64)>, to: &mut To<'_>) -> bool {
        let delimiter = if self.codec == Codec::H264 { nal::AUD } else { h265::nal::AUD };
        let (mut nals, mut times, mut any) = (Vec::new(), times, false);
        for nal in nal::annex_b(content) {
            if self.kind(nal) == delimiter {
                any |= self.picture(&nals, &mut times, to);
                nals.clear();
            } else if nals.len() < NALS_MAX {
                nals.push(nal);
            }
        }
        any | self.picture(&nals, &mut times, to)
    }

    /// One picture; takes the times if they are there, else goes on from the one before.
    fn picture(&mut self, nals: &[&[u8]], times: &mut Option<(i64, i64)>, to: &mut To<'_>) -> bool {
        self.learn(nals, to);
        let codec = self.codec;
        let is_slice = |nal: &&[u8]| match codec {
            Codec::H264 => (1..=nal::IDR).contains(&nal::kind(nal)),
            _ => h265::nal::is_slice(nal),
        };
        let Some(parameters) = self.parameters.as_ref().filter(|_| nals.iter().any(is_slice))
        else {
            return false;
        };
        let data = self.joined(nals, parameters);
        let key = parameters.is_key(&data);
        let Some((dts, pts)) = times.take().or_else(|| self.due.map(|due| (due, due))) else {
            return false;
        };
        let step = self.last_dts.map_or(0, |last| dts.saturating_sub(last));
        self.due = Some(dts.saturating_add(if step > 0 { step } else { PICTURE_TICKS }));
        self.last_dts = Some(dts);
        to.unit(self.id, (dts, pts), key, data);
        true
    }

    /// A unit without the parameter sets that all know; with all of its own when one is none of those: who
    /// sends the unit on replaces the known sets by those within.
    fn joined(&self, nals: &[&[u8]], parameters: &Parameters) -> Bytes {
        let known = parameters.sets();
        let is_known = |nal: &[u8]| known.iter().any(|set| **set == *nal);
        let is_set = |nal: &[u8]| match self.codec {
            Codec::H264 => matches!(nal::kind(nal), nal::SPS | nal::PPS),
            _ => matches!(h265::nal::kind(nal), h265::nal::VPS..=h265::nal::PPS),
        };
        let has_new_set = nals.iter().any(|nal| is_set(nal) && !is_known(nal));
        nal::join(nals.iter().copied().filter(|nal| has_new_set || !is_known(nal)))
    }

    fn kind(&self, nal: &[u8]) -> u8 {
        if self.codec == Codec::H264 { nal::kind(nal) } else { h265::nal::kind(nal) }
    }

    /// Looks for parameter sets that are new.
    fn learn(&mut self, nals: &[&[u8]], to: &mut To<'_>) {
        let first = |kind| nals.iter().copied().find(|nal| self.kind(nal) == kind);
        let found = if self.codec == Codec::H264 {
            Sets { vps: None, sps: first(nal::SPS), pps: first(nal::PPS) }
        } else {
            use h265::nal::{PPS, SPS, VPS};
            Sets { vps: first(VPS), sps: first(SPS), pps: first(PPS) }
        };
        if let Some(parameters) = found.read(self.codec, self.parameters.as_ref()) {
            self.know(parameters, Timescale::VIDEO, to);
        }
    }

    fn know(&mut self, parameters: Parameters, timescale: Timescale, to: &mut To<'_>) {
        if self.parameters.as_ref() != Some(&parameters) {
            self.timescale = timescale;
            self.parameters = Some(parameters.clone());
            to.sink.parameters(self.id, timescale, parameters, to.out);
        }
    }

    fn aac(&mut self, content: &[u8], times: Option<(i64, i64)>, to: &mut To<'_>) -> bool {
        // What was begun before does not go on over a loss.
        let mut bytes = std::mem::take(&mut self.rest);
        if to.pes.lost_packets > 0 {
            bytes.clear();
        }
        // The times are those of the first frame that begins in this packet.
        let times_from = bytes.len();
        let mut times = times.map(|(dts, _)| dts);
        bytes.extend_from_slice(content);
        let (mut at, mut any) = (0, false);
        while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= adts::HEADER_LEN) {
            let Some(header) = adts::Header::read(rest) else {
                at += 1;
                continue;
            };
            let Some(frame) = rest.get(header.head_len..header.len) else { break };
            if let Some(aac) = header.parameters() {
                let rate =
                    NonZeroU32::new(aac.sample_rate).map_or(Timescale::VIDEO, Timescale::new);
                self.know(Parameters::Aac(aac), rate, to);
                let told = if at >= times_from { times.take() } else { None };
                any |= self.sound(told, AAC_SAMPLES, frame, to);
            }
            at += header.len;
        }
        self.rest =
            bytes.get(at..).filter(|r| r.len() <= REST_LEN_MAX).unwrap_or_default().to_vec();
        any || !self.rest.is_empty()
    }

    fn opus(
        &mut self,
        content: &[u8],
        channels: u8,
        times: Option<(i64, i64)>,
        to: &mut To<'_>,
    ) -> bool {
        let rate = NonZeroU32::new(OPUS_RATE).map_or(Timescale::VIDEO, Timescale::new);
        self.know(Parameters::Opus(OpusParameters { channels, pre_skip: 0 }), rate, to);
        let (mut rest, mut any) = (content, false);
        let mut told = times.map(|(dts, _)| dts);
        while let Some((packet, after)) = opus::split(rest) {
            any |= self.sound(told.take(), opus::samples(packet), packet, to);
            rest = after;
        }
        any
    }

    /// One frame of sound, at the time that is told (at 90 kHz), else behind the one before.
    fn sound(&mut self, told: Option<i64>, samples: i64, frame: &[u8], to: &mut To<'_>) -> bool {
        let told = told.map(|told| Timescale::VIDEO.rescale(Ticks(told), self.timescale).0);
        let Some(at) = told.or(self.due).filter(|_| !frame.is_empty()) else { return false };
        self.due = Some(at.saturating_add(samples));
        to.unit(self.id, (at, at), true, Bytes::copy_from_slice(frame));
        true
    }
}

impl Sets<'_> {
    /// The parameters, what is not brought anew being as before; `None` when nothing is new or usable.
    fn read(&self, codec: Codec, before: Option<&Parameters>) -> Option<Parameters> {
        if self.vps.is_none() && self.sps.is_none() && self.pps.is_none() {
            return None;
        }
        let sets = before.map(Parameters::sets).unwrap_or_default();
        let old = |at: usize| sets.get(at).map(|set| &set[..]);
        if codec == Codec::H264 {
            let (sps, pps) = (self.sps.or(old(0))?, self.pps.or(old(1))?);
            if (Some(sps), Some(pps)) == (old(0), old(1)) {
                return None;
            }
            return H264Parameters::from_sets(sps, pps).ok().map(Parameters::H264);
        }
        let (vps, sps) = (self.vps.or(old(0))?, self.sps.or(old(1))?);
        let pps = self.pps.or(old(2))?;
        if (Some(vps), Some(sps), Some(pps)) == (old(0), old(1), old(2)) {
            return None;
        }
        H265Parameters::from_sets(vps, sps, pps).ok().map(Parameters::H265)
    }
}

/// Where units go, and the packet that they come from.
struct To<'a> {
    pes: &'a Pes,
    sink: &'a mut Sink,
    out: &'a mut Vec<Event>,
}

impl To<'_> {
    fn unit(&mut self, track: TrackId, (dts, pts): (i64, i64), key: bool, data: Bytes) {
        let (lost_packets, offset) = (self.pes.lost_packets, self.pes.offset);
        let (dts, pts) = (Ticks(dts), Ticks(pts));
        let unit = Unit { track, dts, pts, key, data, lost_packets, offset };
        self.sink.unit(unit, self.out);
    }
}
