//! Bytes in, access units out: whatever the bytes are, with bounded memory and without an end before
//! theirs. What is damaged is skipped and counted.

use super::lane::{Lane, Pes};
use super::packet::Packet;
use super::pes::{self, Unwrap};
use super::psi::{self, Assembly, Codec, PAT_PID, Table};
use super::sink::{Event, Sink};
use super::{PACKET_LEN, SYNC};
use crate::TrackId;

/// Elementary streams that are followed; the others are counted.
const LANES_MAX: usize = 8;
/// A picture over this is none.
const PICTURE_LEN_MAX: usize = 16 << 20;
/// PES packets of sound have 16 bits for their length.
const SOUND_LEN_MAX: usize = (64 << 10) + 6;
/// All PES packets that are being put together.
const OPEN_LEN_MAX: usize = 32 << 20;

/// What a demuxer has met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets.
    pub packets: u64,
    /// Packets that are missing by the continuity counters.
    pub lost_packets: u64,
    /// Bytes between packets, skipped to find the next one.
    pub skipped_bytes: u64,
    /// Sections of tables with a wrong checksum, or of no use.
    pub refused_sections: u64,
    /// PES packets without a unit: damaged, too long, before the parameters are known.
    pub refused_pes: u64,
    /// Packets of which the content is scrambled.
    pub scrambled_packets: u64,
    /// Elementary streams of the program that are not understood.
    pub ignored_streams: usize,
}

/// Reads the first program of a transport stream.
#[derive(Debug, Default)]
pub struct Demuxer {
    buffer: Vec<u8>,
    /// Where in the stream `buffer` begins.
    at: u64,
    packets_end: u64,
    /// The next packet is expected right here.
    in_row: bool,
    pat: Assembly,
    program: u16,
    pmt: Option<(u16, Assembly)>,
    streams: Vec<Stream>,
    map: Vec<(u16, Codec)>,
    clock: Unwrap,
    sink: Sink,
    stats: Stats,
    open_len: usize,
}

#[derive(Debug)]
struct Stream {
    pid: u16,
    codec: Codec,
    counter: Option<u8>,
    open: Option<Open>,
    lost_packets: u16,
    lane: Lane,
}

/// A PES packet that is being put together.
#[derive(Debug)]
struct Open {
    bytes: Vec<u8>,
    offset: u64,
    /// Its whole length, where it is told.
    len: Option<usize>,
    lost_packets: u16,
    stuffed: bool,
}

impl Demuxer {
    /// A demuxer that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and adds what became whole to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        let mut joined = std::mem::take(&mut self.buffer);
        if joined.is_empty() {
            let used = self.packets(bytes, false, out);
            self.buffer.extend_from_slice(bytes.get(used..).unwrap_or_default());
            return;
        }
        joined.extend_from_slice(bytes);
        let used = self.packets(&joined, false, out);
        joined.drain(..used);
        self.buffer = joined;
    }

    /// Reads the packets at the beginning of `bytes`; returns the length of what is dealt with. The first
    /// packet of a row is taken for one only with another behind it, unless these are the last bytes.
    fn packets(&mut self, bytes: &[u8], last: bool, out: &mut Vec<Event>) -> usize {
        let (mut rest, start) = (bytes, self.at);
        while let Some((first, after)) = rest.split_first_chunk::<PACKET_LEN>() {
            if !self.in_row && after.is_empty() && !last {
                break;
            }
            let follows = self.in_row || after.first().is_none_or(|next| *next == SYNC);
            match Packet::read(first).filter(|_| follows) {
                Some(packet) => {
                    self.stats.packets += 1;
                    self.packet(&packet, out);
                    rest = after;
                    self.packets_end = self.at + PACKET_LEN as u64;
                }
                None => rest = self.skip(rest),
            }
            self.in_row = rest.len() == after.len();
            self.at = start + (bytes.len() - rest.len()) as u64;
        }
        bytes.len() - rest.len()
    }

    /// The bytes have ended: gives what still waits. Further bytes may follow as another stream's.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        let last = std::mem::take(&mut self.buffer);
        let used = self.packets(&last, true, out);
        for at in 0..self.streams.len() {
            self.end_pes(at, out);
        }
        self.sink.describe(out);
        let left = (last.len() - used) as u64;
        self.stats.skipped_bytes += left;
        self.at += left;
        self.in_row = false;
    }

    /// What it has met until now.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// Where the first PES packet begins that has not ended; packets that nothing tells the end of are
    /// taken for ended when their last packet was filled up.
    pub(super) fn open_offset(&self) -> Option<u64> {
        let open = self.streams.iter().filter_map(|stream| stream.open.as_ref());
        open.filter(|open| open.len.is_some() || !open.stuffed).map(|open| open.offset).min()
    }

    /// Where the last packet ended.
    pub(super) const fn packets_end(&self) -> u64 {
        self.packets_end
    }

    /// Skips to the next byte that may begin a packet.
    fn skip<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let later = bytes.get(1..).unwrap_or_default();
        let at = later.iter().position(|byte| *byte == SYNC).unwrap_or(later.len());
        self.stats.skipped_bytes += at as u64 + 1;
        later.get(at..).unwrap_or_default()
    }

    fn packet(&mut self, packet: &Packet<'_>, out: &mut Vec<Event>) {
        // A damaged packet is missed by its counter.
        let Some(payload) = packet.payload.filter(|_| !packet.damaged) else { return };
        if packet.scrambled {
            self.stats.scrambled_packets += 1;
            return;
        }
        if packet.pid == PAT_PID {
            let mut tables = Vec::new();
            self.pat
                .push(payload, packet.starts, |section| tables.push(psi::read(section, LANES_MAX)));
            self.tables(tables, out);
            return;
        }
        if let Some((pid, assembly)) = &mut self.pmt
            && *pid == packet.pid
        {
            let mut tables = Vec::new();
            assembly
                .push(payload, packet.starts, |section| tables.push(psi::read(section, LANES_MAX)));
            self.tables(tables, out);
            return;
        }
        if let Some(at) = self.streams.iter().position(|stream| stream.pid == packet.pid) {
            self.media(at, packet, payload, out);
        }
    }

    fn tables(&mut self, tables: Vec<Option<Table>>, out: &mut Vec<Event>) {
        for table in tables {
            match table {
                None => self.stats.refused_sections += 1,
                Some(Table::Association { program, pmt }) => {
                    self.program = program;
                    if self.pmt.as_ref().is_none_or(|(pid, _)| *pid != pmt) {
                        self.pmt = Some((pmt, Assembly::default()));
                    }
                }
                // Maps of several programs may come in the same packets.
                Some(Table::Map { program, .. }) if program != self.program => {}
                Some(Table::Map { streams, ignored, .. }) => {
                    self.stats.ignored_streams = ignored;
                    if self.map != streams {
                        self.follow(streams, out);
                    }
                }
            }
        }
    }

    /// Another map: what was begun is ended.
    fn follow(&mut self, map: Vec<(u16, Codec)>, out: &mut Vec<Event>) {
        for at in 0..self.streams.len() {
            self.end_pes(at, out);
        }
        self.sink.restart(map.len(), out);
        let stream = |(id, (pid, codec)): (u8, &(u16, Codec))| Stream {
            pid: *pid,
            codec: *codec,
            counter: None,
            open: None,
            lost_packets: 0,
            lane: Lane::new(TrackId(id), *codec),
        };
        self.streams = (0..).zip(&map).map(stream).collect();
        self.map = map;
        self.open_len = 0;
    }

    fn media(&mut self, at: usize, packet: &Packet<'_>, payload: &[u8], out: &mut Vec<Event>) {
        let Some(stream) = self.streams.get_mut(at) else { return };
        // The same packet once more (section 2.4.3.3).
        let same = |open: &Open| open.bytes.ends_with(payload);
        if stream.counter == Some(packet.counter) && stream.open.as_ref().is_some_and(same) {
            return;
        }
        self.stats.lost_packets += u64::from(stream.follow(packet));
        if packet.starts {
            self.end_pes(at, out);
            if let Some(stream) = self.streams.get_mut(at) {
                stream.open = Some(Open {
                    bytes: Vec::new(),
                    offset: self.at,
                    len: None,
                    lost_packets: std::mem::take(&mut stream.lost_packets),
                    stuffed: false,
                });
            }
        }
        if self.add(at, packet.stuffed, payload) {
            self.end_pes(at, out);
        }
    }

    /// Adds to the PES packet that is open. True when it is whole.
    fn add(&mut self, at: usize, stuffed: bool, payload: &[u8]) -> bool {
        let Some(stream) = self.streams.get_mut(at) else { return false };
        let Some(open) = &mut stream.open else { return false };
        open.lost_packets =
            open.lost_packets.saturating_add(std::mem::take(&mut stream.lost_packets));
        let max = if stream.codec.is_video() { PICTURE_LEN_MAX } else { SOUND_LEN_MAX };
        let len = open.bytes.len() + payload.len();
        if len > max || self.open_len + payload.len() > OPEN_LEN_MAX {
            self.open_len = self.open_len.saturating_sub(open.bytes.len());
            stream.open = None;
            self.stats.refused_pes += 1;
            return false;
        }
        self.open_len += payload.len();
        open.bytes.extend_from_slice(payload);
        open.stuffed = stuffed;
        if open.len.is_none() {
            open.len = pes::read(&open.bytes).and_then(|start| start.len);
        }
        open.len.is_some_and(|whole| open.bytes.len() >= whole)
    }

    fn end_pes(&mut self, at: usize, out: &mut Vec<Event>) {
        let Some(stream) = self.streams.get_mut(at) else { return };
        let Some(Open { bytes, offset, lost_packets, .. }) = stream.open.take() else { return };
        self.open_len = self.open_len.saturating_sub(bytes.len());
        let pes = Pes { bytes, offset, lost_packets };
        if !stream.lane.take(&pes, &mut self.clock, (&mut self.sink, out)) {
            self.stats.refused_pes += 1;
        }
    }
}

impl Stream {
    /// How many packets are missing before this one.
    fn follow(&mut self, packet: &Packet<'_>) -> u16 {
        let last = self.counter.replace(packet.counter).filter(|_| !packet.discontinuity);
        let lost = last.map_or(0, |last| packet.counter.wrapping_sub(last).wrapping_sub(1) & 15);
        self.lost_packets = self.lost_packets.saturating_add(u16::from(lost));
        u16::from(lost)
    }
}
