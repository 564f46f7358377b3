//! PES packets (section 2.4.3.6): their header, and times of 33 bits.

use super::TIME_BITS;

const HEAD_LEN: usize = 9;
const TIME_LEN: usize = 5;
const WRAP: i64 = 1 << TIME_BITS;

/// A header that is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    bytes: [u8; HEAD_LEN + 2 * TIME_LEN],
    len: usize,
}

impl Header {
    /// The header of `payload` bytes; times at 90 kHz. A packet over 64 KiB has no length: only pictures
    /// are that long.
    pub(super) fn new(stream_id: u8, payload: usize, pts: i64, dts: i64) -> Self {
        let times = if pts == dts { TIME_LEN } else { 2 * TIME_LEN };
        let [high, low] = u16::try_from(3 + times + payload).unwrap_or(0).to_be_bytes();
        let (flags, marker) = if pts == dts { (0x80, 0x20) } else { (0xc0, 0x30) };
        let [p0, p1, p2, p3, p4] = time(marker, pts);
        let [d0, d1, d2, d3, d4] = time(0x10, dts);
        let times_len = if pts == dts { 5 } else { 10 };
        let bytes = [
            // 0x84: the data is aligned, an access unit begins here.
            0, 0, 1, stream_id, high, low, 0x84, flags, times_len, p0, p1, p2, p3, p4, d0, d1, d2,
            d3, d4,
        ];
        Self { bytes, len: HEAD_LEN + times }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

fn time(marker: u8, time: i64) -> [u8; TIME_LEN] {
    let byte = |shift: u32, mask: i64| u8::try_from(time >> shift & mask).unwrap_or(0);
    [
        marker | byte(30, 7) << 1 | 1,
        byte(22, 255),
        byte(15, 127) << 1 | 1,
        byte(7, 255),
        byte(0, 127) << 1 | 1,
    ]
}

/// A program clock reference at 90 kHz.
pub(super) fn clock(time: i64) -> [u8; 6] {
    let byte = |shift: u32, mask: i64| u8::try_from(time >> shift & mask).unwrap_or(0);
    [byte(25, 255), byte(17, 255), byte(9, 255), byte(1, 255), byte(0, 1) << 7 | 0x7e, 0]
}

/// A header that is read: the length of the whole packet where it is told, the times where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// Of the packet with its header.
    pub(super) len: Option<usize>,
    /// Where the content begins.
    pub(super) content: usize,
    pub(super) pts: Option<i64>,
    pub(super) dts: Option<i64>,
}

/// Reads the header at the beginning of a PES packet; `None` when there is none with content.
pub(super) fn read(bytes: &[u8]) -> Option<Start> {
    let [0, 0, 1, _, l1, l0, b6, flags, head, rest @ ..] = bytes else { return None };
    if b6 & 0xc0 != 0x80 {
        return None;
    }
    let fields = rest.get(..usize::from(*head))?;
    let content = HEAD_LEN + usize::from(*head);
    let len = usize::from(u16::from_be_bytes([*l1, *l0]));
    let len = (len > 0).then_some(6 + len);
    let pts = fields.get(..TIME_LEN).filter(|_| flags & 0x80 != 0).and_then(read_time);
    let dts = fields.get(TIME_LEN..2 * TIME_LEN).filter(|_| flags & 0x40 != 0);
    let dts = dts.and_then(read_time).filter(|_| pts.is_some()).or(pts);
    Some(Start { len, content, pts, dts })
}

fn read_time(bytes: &[u8]) -> Option<i64> {
    let [b0, b1, b2, b3, b4] = *bytes else { return None };
    let part = |byte: u8, shift: u32| i64::from(byte >> 1) << shift;
    Some(
        i64::from(b0 >> 1 & 7) << 30
            | i64::from(b1) << 22
            | part(b2, 15)
            | i64::from(b3) << 7
            | part(b4, 0),
    )
}

/// Times of 33 bits as 64: each is taken for the one nearest to the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unwrap(Option<i64>);

impl Unwrap {
    /// The time in 64 bits, and remembers it.
    pub(super) fn next(&mut self, time: i64) -> i64 {
        let time = self.0.map_or(time, |last| near(last, time));
        self.0 = Some(time);
        time
    }
}

/// The time nearest to `last` whose lower 33 bits are `time`.
pub(super) fn near(last: i64, time: i64) -> i64 {
    let ahead = time.wrapping_sub(last).rem_euclid(WRAP);
    last.saturating_add(if ahead < WRAP / 2 { ahead } else { ahead - WRAP })
}
