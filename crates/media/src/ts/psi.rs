//! Tables: which program there is, and of which elementary streams it is made (section 2.4.4).

use crate::Parameters;

/// Packets of the program association table.
pub(super) const PAT_PID: u16 = 0;
const PAT_ID: u8 = 0;
const PMT_ID: u8 = 2;
/// Of a section with its first three bytes (section 2.4.4.11).
const SECTION_LEN_MAX: usize = 1_024;
/// Before a section's body, and the checksum behind it.
const HEAD_LEN: usize = 8;
const CRC_LEN: usize = 4;

/// What an elementary stream holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    H264,
    H265,
    Aac,
    /// With its number of channels.
    Opus(u8),
}

impl Codec {
    pub(super) fn of(parameters: &Parameters) -> Option<Self> {
        match parameters {
            Parameters::H264(_) => Some(Self::H264),
            Parameters::H265(_) => Some(Self::H265),
            Parameters::Aac(aac) => super::adts::is_carried(aac).then_some(Self::Aac),
            Parameters::Opus(opus) => {
                matches!(opus.channels, 1 | 2).then_some(Self::Opus(opus.channels))
            }
            Parameters::Mjpeg(_) | Parameters::G711(_) => None,
        }
    }

    pub(super) const fn is_video(self) -> bool {
        matches!(self, Self::H264 | Self::H265)
    }

    /// `stream_id` of its PES packets.
    pub(super) const fn stream_id(self) -> u8 {
        match self {
            Self::H264 | Self::H265 => 0xe0,
            Self::Aac => 0xc0,
            // Private stream 1.
            Self::Opus(_) => 0xbd,
        }
    }

    /// `stream_type` and descriptors. Opus is private data with a registration, as its authors agreed.
    fn entry(self) -> (u8, Vec<u8>) {
        match self {
            Self::H264 => (0x1b, Vec::new()),
            Self::H265 => (0x24, b"\x05\x04HEVC".to_vec()),
            Self::Aac => (0x0f, Vec::new()),
            Self::Opus(channels) => {
                (0x06, [&b"\x05\x04Opus\x7f\x02\x80"[..], &[channels]].concat())
            }
        }
    }

    fn read(stream_type: u8, descriptors: &[u8]) -> Option<Self> {
        match stream_type {
            0x1b => Some(Self::H264),
            0x24 => Some(Self::H265),
            0x0f => Some(Self::Aac),
            0x06 => {
                let registered = each_descriptor(descriptors).any(|d| d == (5, b"Opus"));
                let channels = each_descriptor(descriptors).find_map(|d| match d {
                    (0x7f, [0x80, channels @ (1 | 2), ..]) => Some(*channels),
                    _ => None,
                })?;
                registered.then_some(Self::Opus(channels))
            }
            _ => None,
        }
    }
}

fn each_descriptor(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let [tag, len, after @ ..] = rest else { return None };
        let (content, after) = after.split_at_checked(usize::from(*len))?;
        rest = after;
        Some((*tag, content))
    })
}

/// The section that names program 1, whose map has packets of `pmt`.
pub(super) fn pat(pmt: u16) -> Vec<u8> {
    let [high, low] = pmt.to_be_bytes();
    section(PAT_ID, 0, &[0, 1, 0xe0 | high, low])
}

/// The map of program 1.
pub(super) fn pmt(version: u8, clock: u16, streams: impl Iterator<Item = (u16, Codec)>) -> Vec<u8> {
    let [high, low] = clock.to_be_bytes();
    let mut body = vec![0xe0 | high, low, 0xf0, 0];
    for (pid, codec) in streams {
        let ([high, low], (kind, descriptors)) = (pid.to_be_bytes(), codec.entry());
        let len = u8::try_from(descriptors.len()).unwrap_or(0);
        body.extend_from_slice(&[kind, 0xe0 | high, low, 0xf0, len]);
        body.extend_from_slice(&descriptors);
    }
    section(PMT_ID, version, &body)
}

pub(super) fn section(table: u8, version: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(HEAD_LEN - 3 + body.len() + CRC_LEN).unwrap_or(0);
    let [high, low] = len.to_be_bytes();
    let mut out = vec![table, 0xb0 | high, low, 0, 1, 0xc1 | (version & 31) << 1, 0, 0];
    out.extend_from_slice(body);
    let sum = crc(&out);
    out.extend_from_slice(&sum.to_be_bytes());
    out
}

/// CRC-32 of annex A; 0 over a section with its own checksum.
fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| if sum >> 31 == 1 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 };
    bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte) << 24, step))
}

/// A table as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// The first program's number, and where its map is.
    Association { program: u16, pmt: u16 },
    /// A program's elementary streams that are understood, and how many are not.
    Map { program: u16, streams: Vec<(u16, Codec)>, ignored: usize },
}

/// Reads a whole section; `None` when it is damaged, not in force yet, or of no use here.
pub(super) fn read(section: &[u8], streams_max: usize) -> Option<Table> {
    if crc(section) != 0 {
        return None;
    }
    let (head, rest) = section.split_first_chunk::<HEAD_LEN>()?;
    let body = rest.get(..rest.len().checked_sub(CRC_LEN)?)?;
    let [table, _, _, high, low, flags, _, _] = *head;
    if flags & 1 == 0 {
        return None;
    }
    match table {
        PAT_ID => read_association(body),
        PMT_ID => read_map(u16::from_be_bytes([high, low]), body, streams_max),
        _ => None,
    }
}

fn read_association(body: &[u8]) -> Option<Table> {
    let (entries, _) = body.as_chunks::<4>();
    let mut programs = entries.iter().map(|[n1, n0, high, low]| Table::Association {
        program: u16::from_be_bytes([*n1, *n0]),
        pmt: pid(*high, *low),
    });
    // Program 0 is the network's own.
    programs.find(|table| !matches!(table, Table::Association { program: 0, .. }))
}

fn read_map(program: u16, body: &[u8], streams_max: usize) -> Option<Table> {
    let [_, _, high, low, rest @ ..] = body else { return None };
    let mut rest = rest.get(length(*high, *low)..)?;
    let (mut streams, mut ignored) = (Vec::new(), 0);
    while let [kind, pid_high, pid_low, high, low, after @ ..] = rest {
        let (descriptors, after) = after.split_at_checked(length(*high, *low))?;
        rest = after;
        let pid = pid(*pid_high, *pid_low);
        let known = streams.iter().any(|(other, _)| *other == pid);
        match Codec::read(*kind, descriptors).filter(|_| !known && streams.len() < streams_max) {
            Some(codec) => streams.push((pid, codec)),
            None => ignored += 1,
        }
    }
    Some(Table::Map { program, streams, ignored })
}

fn pid(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high & 0x1f, low])
}

fn length(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high & 0x0f, low]))
}

/// Puts sections together from the payloads of packets.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    bytes: Vec<u8>,
    open: bool,
}

impl Assembly {
    /// What came is not continued.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.open = false;
    }

    /// Takes a packet's payload and gives `whole` each section that it ends.
    pub(super) fn push(&mut self, payload: &[u8], starts: bool, mut whole: impl FnMut(&[u8])) {
        if !starts {
            self.add(payload, &mut whole);
            return;
        }
        let Some((pointer, rest)) = payload.split_first() else { return };
        let Some((before, after)) = rest.split_at_checked(usize::from(*pointer)) else { return };
        self.add(before, &mut whole);
        self.clear();
        self.open = true;
        self.add(after, &mut whole);
    }

    fn add(&mut self, bytes: &[u8], whole: &mut impl FnMut(&[u8])) {
        if !self.open {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        while let Some([table, high, low]) = self.bytes.first_chunk::<3>().copied() {
            let len = 3 + length(high, low);
            // Stuffing follows the last section of a packet.
            if table == 0xff || len > SECTION_LEN_MAX {
                self.clear();
                return;
            }
            let Some(section) = self.bytes.get(..len) else { return };
            whole(section);
            self.bytes.drain(..len);
        }
    }
}
