//! Pictures of M-JPEG (RFC 2435): the pieces of a scan joined behind headers made from what the packets
//! say. Fields of interlaced pictures become a picture each.

use std::collections::BTreeMap;

use bytes::{BufMut, Bytes};

use super::{Frame, Refused, UNIT_LEN_MAX};
use crate::jpeg::huffman;
use crate::rtp::packet::Packet;

/// A buffer that once held a large picture is given back.
const KEPT_MAX: usize = 256 << 10;
/// Bytes of a quantisation table of 8 bits.
const TABLE_LEN: usize = 64;

pub(super) struct JpegPictures {
    /// The picture so far, with its headers; kept, so that a picture costs one allocation of its size.
    unit: Vec<u8>,
    /// The time of the picture that is being read, and how long its headers are.
    open: Option<(u32, usize)>,
    /// Something was lost or unreadable: what goes on is passed over until a picture begins.
    waits: bool,
    /// Tables that stay the same for a number of the sender's choice: sent once, or now and then.
    tables: BTreeMap<u8, Tables>,
}

/// The quantisation tables of luminance and chrominance, of 64 or 128 bytes each.
#[derive(Clone)]
struct Tables([Bytes; 2]);

/// What the header of a packet says (section 3.1).
struct Part<'a> {
    offset: usize,
    /// 0 for 4:2:2, 1 for 4:2:0.
    kind: u8,
    quality: u8,
    width: u16,
    height: u16,
    restart: Option<u16>,
    rest: &'a [u8],
}

impl JpegPictures {
    pub(super) const fn new() -> Self {
        Self { unit: Vec::new(), open: None, waits: true, tables: BTreeMap::new() }
    }

    pub(super) fn push(
        &mut self,
        packet: &Packet,
        lost: bool,
        out: &mut Vec<Frame>,
    ) -> Result<(), Refused> {
        if lost {
            self.open = None;
            self.waits = true;
        }
        // Some senders forget the marker.
        if self.open.is_some_and(|(time, _)| time != packet.timestamp) {
            self.finish(out);
        }
        let result = self.take(packet, out);
        if result.is_err() {
            self.open = None;
            self.waits = true;
        }
        if packet.marker {
            self.finish(out);
        }
        result
    }

    fn take(&mut self, packet: &Packet, out: &mut Vec<Frame>) -> Result<(), Refused> {
        let part = Part::read(&packet.payload)?;
        let mut data = part.rest;
        if part.offset == 0 {
            self.finish(out);
            data = self.begin(&part)?;
            self.open = Some((packet.timestamp, self.unit.len()));
            self.waits = false;
        }
        let Some((_, head_len)) = self.open else {
            return if self.waits { Ok(()) } else { Err(malformed("a picture without its start")) };
        };
        if self.unit.len() - head_len != part.offset {
            return Err(malformed("a picture with a gap"));
        }
        if self.unit.len() + data.len() + 2 > UNIT_LEN_MAX {
            return Err(Refused::TooLarge);
        }
        self.unit.extend_from_slice(data);
        Ok(())
    }

    /// Writes the headers of a picture; returns the beginning of its scan.
    fn begin<'a>(&mut self, part: &Part<'a>) -> Result<&'a [u8], Refused> {
        let (tables, rest) = match part.quality {
            1..=99 => (Tables::of_quality(part.quality), part.rest),
            128.. => self.tables_in(part)?,
            _ => return Err(malformed("a reserved quality")),
        };
        self.unit.clear();
        part.write_head(&tables, &mut self.unit);
        Ok(rest)
    }

    /// The tables that a first packet brings, or that are known by its number (section 3.1.8).
    fn tables_in<'a>(&mut self, part: &Part<'a>) -> Result<(Tables, &'a [u8]), Refused> {
        let [_, precision, l1, l0, rest @ ..] = part.rest else {
            return Err(malformed("no quantisation tables"));
        };
        let len = usize::from(u16::from_be_bytes([*l1, *l0]));
        let cut = malformed("quantisation tables that are cut short");
        let (sent, rest) = rest.split_at_checked(len).ok_or(cut)?;
        if len == 0 {
            let known = self.tables.get(&part.quality).cloned();
            return known
                .map(|known| (known, rest))
                .ok_or(malformed("unknown quantisation tables"));
        }
        let tables = Tables::read(*precision, sent).ok_or(cut)?;
        // The last number stands for tables that differ from picture to picture.
        if part.quality < u8::MAX {
            self.tables.insert(part.quality, tables.clone());
        }
        Ok((tables, rest))
    }

    fn finish(&mut self, out: &mut Vec<Frame>) {
        let Some((timestamp, head_len)) = self.open.take() else { return };
        if self.unit.len() > head_len {
            if !self.unit.ends_with(&[0xff, 0xd9]) {
                self.unit.put_slice(&[0xff, 0xd9]);
            }
            out.push(Frame { timestamp, data: Bytes::copy_from_slice(&self.unit), lost: 0 });
        }
        if self.unit.capacity() > KEPT_MAX {
            self.unit = Vec::new();
        }
    }
}

const fn malformed(what: &'static str) -> Refused {
    Refused::Malformed(what)
}

impl<'a> Part<'a> {
    fn read(payload: &'a [u8]) -> Result<Self, Refused> {
        let short = malformed("cut short");
        let Some(([_, o2, o1, o0, kind, quality, width, height], rest)) =
            payload.split_first_chunk()
        else {
            return Err(short);
        };
        let (restart, rest) = match (kind, rest) {
            (0 | 1, _) => (None, rest),
            (64 | 65, [high, low, _, _, rest @ ..]) => {
                (Some(u16::from_be_bytes([*high, *low])), rest)
            }
            (64 | 65, _) => return Err(short),
            _ => return Err(malformed("an unknown type of picture")),
        };
        if *width == 0 || *height == 0 {
            return Err(malformed("a picture without a size"));
        }
        let offset = u32::from_be_bytes([0, *o2, *o1, *o0]);
        Ok(Self {
            offset: usize::try_from(offset).unwrap_or(usize::MAX),
            kind: kind & 1,
            quality: *quality,
            width: u16::from(*width) * 8,
            height: u16::from(*height) * 8,
            restart,
            rest,
        })
    }

    /// The headers of the picture (appendix B; T.81 annex B, JFIF 1.02).
    fn write_head(&self, Tables(tables): &Tables, out: &mut Vec<u8>) {
        out.put_slice(&[0xff, 0xd8, 0xff, 0xe0, 0, 16]);
        out.put_slice(b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
        let mut is_wide = false;
        for (number, table) in (0_u8..).zip(tables) {
            let wide = table.len() > TABLE_LEN;
            out.put_slice(&[0xff, 0xdb, 0, if wide { 131 } else { 67 }]);
            out.put_u8(number | u8::from(wide) << 4);
            out.put_slice(table);
            is_wide |= wide;
        }
        if let Some(restart) = self.restart.filter(|units| *units > 0) {
            out.put_slice(&[0xff, 0xdd, 0, 4]);
            out.put_u16(restart);
        }
        // Tables of 16 bits are beyond the baseline.
        out.put_slice(&[0xff, if is_wide { 0xc1 } else { 0xc0 }, 0, 17, 8]);
        out.put_u16(self.height);
        out.put_u16(self.width);
        let luminance = if self.kind == 0 { 0x21 } else { 0x22 };
        out.put_slice(&[3, 1, luminance, 0, 2, 0x11, 1, 3, 0x11, 1]);
        for (id, table) in huffman::STANDARD {
            out.put_slice(&[0xff, 0xc4]);
            out.put_u16(u16::try_from(table.len() + 3).unwrap_or(0));
            out.put_u8(id);
            out.put_slice(table);
        }
        out.put_slice(&[0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
    }
}

impl Tables {
    /// Tables as they are sent: a bit of `precision` for each, 1 for one of 16 bits. One alone serves for
    /// all components; what follows the second is of no use.
    fn read(mut precision: u8, mut sent: &[u8]) -> Option<Self> {
        let mut next = || {
            let len = if precision & 1 == 0 { TABLE_LEN } else { 2 * TABLE_LEN };
            precision >>= 1;
            let (table, rest) = sent.split_at_checked(len)?;
            sent = rest;
            Some(Bytes::copy_from_slice(table))
        };
        let luminance = next()?;
        let chrominance = next().unwrap_or_else(|| luminance.clone());
        Some(Self([luminance, chrominance]))
    }

    /// The tables of T.81 annex K.1 scaled as section 4.2 and appendix A have it.
    fn of_quality(quality: u8) -> Self {
        let quality = u16::from(quality.clamp(1, 99));
        let factor = if quality < 50 { 5_000 / quality } else { 200 - 2 * quality };
        let scaled = |value: &u8| {
            let value = (u32::from(*value) * u32::from(factor) + 50) / 100;
            u8::try_from(value.clamp(1, 255)).unwrap_or(u8::MAX)
        };
        Self([&LUMINANCE, &CHROMINANCE].map(|table| table.iter().map(scaled).collect()))
    }
}

/// In zigzag order, as in a picture.
#[rustfmt::skip]
const LUMINANCE: [u8; TABLE_LEN] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
    26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
    56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

#[rustfmt::skip]
const CHROMINANCE: [u8; TABLE_LEN] = [
    17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

#[cfg(test)]
mod tests;
