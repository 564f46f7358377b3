//! Packets (section 2.4.3): read one by one, and written so that their payload is filled.

use super::{PACKET_LEN, SYNC};

/// Behind the first four bytes.
const BODY_LEN: usize = PACKET_LEN - 4;
/// Flags of an adaptation field.
pub(super) const DISCONTINUITY: u8 = 0x80;
pub(super) const RANDOM_ACCESS: u8 = 0x40;
pub(super) const CLOCK: u8 = 0x10;

/// A packet as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) pid: u16,
    /// A PES packet or the first section begins in it.
    pub(super) starts: bool,
    /// Known to be damaged on its way.
    pub(super) damaged: bool,
    pub(super) scrambled: bool,
    pub(super) counter: u8,
    /// The counter and the clock do not continue what came before.
    pub(super) discontinuity: bool,
    /// It was filled up without any other need: what it carries ends with it.
    pub(super) stuffed: bool,
    pub(super) payload: Option<&'a [u8]>,
}

impl<'a> Packet<'a> {
    /// Reads a packet; `None` when it does not begin as one, or its adaptation field is too long.
    pub(super) fn read(bytes: &'a [u8; PACKET_LEN]) -> Option<Self> {
        let [SYNC, b1, b2, b3, body @ ..] = bytes else { return None };
        let (mut rest, mut flags, mut stuffed) = (&body[..], 0, false);
        if b3 & 0x20 != 0 {
            let (len, after) = rest.split_first()?;
            let (field, after) = after.split_at_checked(usize::from(*len))?;
            flags = field.first().copied().unwrap_or(0);
            stuffed = flags == 0;
            rest = after;
        }
        Some(Self {
            pid: u16::from_be_bytes([b1 & 0x1f, *b2]),
            starts: b1 & 0x40 != 0,
            damaged: b1 & 0x80 != 0,
            scrambled: b3 & 0xc0 != 0,
            counter: b3 & 0x0f,
            discontinuity: flags & DISCONTINUITY != 0,
            stuffed,
            payload: (b3 & 0x10 != 0).then_some(rest),
        })
    }
}

/// Appends a packet with a section.
pub(super) fn put_section(out: &mut Vec<u8>, pid: u16, counter: &mut u8, section: &[u8]) {
    let end = out.len() + PACKET_LEN;
    put_head(out, pid, true, 0x10 | next(counter));
    out.push(0);
    out.extend_from_slice(section);
    out.resize(end, 0xff);
}

/// Appends a packet with nothing but a clock; it does not count.
pub(super) fn put_clock(out: &mut Vec<u8>, pid: u16, counter: u8, clock: [u8; 6]) {
    let end = out.len() + PACKET_LEN;
    put_head(out, pid, false, 0x20 | counter.wrapping_sub(1) & 15);
    out.extend_from_slice(&[0xb7, CLOCK]);
    out.extend_from_slice(&clock);
    out.resize(end, 0xff);
}

fn put_head(out: &mut Vec<u8>, pid: u16, starts: bool, control: u8) {
    let [high, low] = pid.to_be_bytes();
    out.extend_from_slice(&[SYNC, high | if starts { 0x40 } else { 0 }, low, control]);
}

fn next(counter: &mut u8) -> u8 {
    let now = *counter & 15;
    *counter = (now + 1) & 15;
    now
}

/// Cuts one PES packet of a known length into packets.
pub(super) struct Cutter<'a> {
    out: &'a mut Vec<u8>,
    pid: u16,
    counter: &'a mut u8,
    /// Bytes that are still to come.
    left: usize,
    /// Of the packet that is being filled.
    room: usize,
}

impl<'a> Cutter<'a> {
    /// Begins the first packet of `len` bytes to come; `flags` and what they announce stand first.
    pub(super) fn begin(
        out: &'a mut Vec<u8>,
        (pid, counter): (u16, &'a mut u8),
        len: usize,
        (flags, clock): (u8, Option<[u8; 6]>),
    ) -> Self {
        out.reserve((len / (BODY_LEN - 8) + 2) * PACKET_LEN);
        let mut cutter = Self { out, pid, counter, left: len, room: 0 };
        let flags = flags | if clock.is_some() { CLOCK } else { 0 };
        let clock = clock.as_ref().map_or(&[][..], |clock| &clock[..]);
        let needed = if flags == 0 { 0 } else { 2 + clock.len() };
        cutter.packet(true, needed, flags, clock);
        cutter
    }

    /// Appends a piece. All pieces together have the length that was announced.
    pub(super) fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.room == 0 {
                self.packet(false, 0, 0, &[]);
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.room));
            self.out.extend_from_slice(now);
            self.room -= now.len();
            self.left = self.left.saturating_sub(now.len());
            bytes = later;
        }
    }

    /// A packet's head with an adaptation field of at least `needed` bytes, longer where the rest does
    /// not fill the packet.
    fn packet(&mut self, starts: bool, needed: usize, flags: u8, clock: &[u8]) {
        let field = needed.max(BODY_LEN.saturating_sub(self.left));
        let control = if field > 0 { 0x30 } else { 0x10 } | next(self.counter);
        put_head(self.out, self.pid, starts, control);
        let body = self.out.len();
        if let Some(len) = field.checked_sub(1) {
            self.out.push(u8::try_from(len).unwrap_or(0));
            if len > 0 {
                self.out.push(flags);
                self.out.extend_from_slice(clock);
            }
            self.out.resize(body + field, 0xff);
        }
        self.room = BODY_LEN - field;
    }
}
