//! Payloads of M-JPEG (RFC 2435): the scan in pieces, and of its headers what a receiver cannot know.
//!
//! Carried are pictures of 8 bits, sequential, with three components in one scan, sampled 4:2:2 or
//! 4:2:0, coded with the standard Huffman tables, of sizes that are multiples of 8 up to 2,040. Of what
//! else there is nothing can be said in these packets; it is left out, not changed.

use bytes::{BufMut, Bytes, BytesMut};

use super::{PAYLOAD_LEN_MAX, Payload};
use crate::jpeg::{Error, JpegParameters, SEGMENTS_MAX, Segments, huffman};

/// Quantisation tables are sent along with each picture (section 4.2).
const TABLES_IN_BAND: u8 = 255;
/// Added to the type of pictures with restart markers (section 3.1.3).
const WITH_RESTARTS: u8 = 64;
/// A packet may hold any part of a picture: receivers wait for all of it (section 3.1.7).
const WHOLE_PICTURE: u16 = 0xffff;
/// Where a piece begins is said in 24 bits.
const SCAN_LEN_MAX: usize = 1 << 24;

/// A JPEG picture as payloads; empty when it cannot be carried.
#[must_use]
pub fn jpeg(picture: &Bytes) -> Vec<Payload> {
    read(picture).ok().flatten().map_or_else(Vec::new, |picture| picture.pack())
}

/// Width and height in blocks of 8 pixels; `None` where that cannot be said.
pub(super) fn blocks(size: &JpegParameters) -> Option<(u8, u8)> {
    let side = |pixels: u16| {
        u8::try_from(pixels / 8).ok().filter(|blocks| *blocks > 0 && pixels.is_multiple_of(8))
    };
    Some((side(size.width)?, side(size.height)?))
}

/// A quantisation table, in the order of its segment.
type Table<'a> = &'a [u8];

/// What the packets say of a picture.
struct Picture<'a> {
    frame: Frame,
    tables: [Table<'a>; 2],
    /// Units between restart markers; 0: there are none.
    restart: u16,
    scan: &'a [u8],
}

#[derive(Clone, Copy)]
struct Frame {
    /// 0 for 4:2:2, 1 for 4:2:0.
    kind: u8,
    blocks: (u8, u8),
    components: [u8; 3],
    /// Numbers of the tables of luminance and of both chrominances.
    tables: [u8; 2],
}

/// Reads the headers; `None` for a picture that cannot be carried.
fn read(picture: &[u8]) -> Result<Option<Picture<'_>>, Error> {
    let mut segments = Segments::new(picture)?;
    let (mut frame, mut tables, mut restart) = (None, [None; 4], 0);
    for _ in 0..SEGMENTS_MAX {
        let is_fit = match segments.marker()? {
            0x01 | 0xd0..=0xd7 => true,
            0xd9 => false,
            0xdb => quantisation(segments.content()?, &mut tables).is_some(),
            0xc4 => huffman::are_standard(segments.content()?),
            0xc0 | 0xc1 => {
                let first = frame.replace(Frame::read(segments.content()?));
                first.is_none()
            }
            // Other codings: progressive, lossless, arithmetic.
            0xc2..=0xcf => false,
            0xdd => match segments.content()? {
                [high, low] => {
                    restart = u16::from_be_bytes([*high, *low]);
                    true
                }
                _ => false,
            },
            0xda => {
                let head = segments.content()?;
                let scan = scan(segments.rest());
                let frame = frame.flatten().filter(|frame| frame.is_one_scan(head));
                return Ok(frame.zip(scan).and_then(|(frame, scan)| {
                    let [luminance, chrominance] = frame.tables;
                    let table = |number| tables.get(usize::from(number)).copied().flatten();
                    let tables = [table(luminance)?, table(chrominance)?];
                    Some(Picture { frame, tables, restart, scan })
                }));
            }
            _ => {
                segments.content()?;
                true
            }
        };
        if !is_fit {
            break;
        }
    }
    Ok(None)
}

/// Notes the tables of a segment (T.81 section B.2.4.1).
fn quantisation<'a>(mut segment: &'a [u8], tables: &mut [Option<Table<'a>>; 4]) -> Option<()> {
    while let Some((head, rest)) = segment.split_first() {
        let len = match head >> 4 {
            0 => 64,
            1 => 128,
            _ => return None,
        };
        let (table, rest) = rest.split_at_checked(len)?;
        *tables.get_mut(usize::from(head & 0x0f))? = Some(table);
        segment = rest;
    }
    Some(())
}

/// The coded picture, up to its end; `None` when something else follows, or there is nothing.
fn scan(data: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while let Some(step) = data.get(at..)?.iter().position(|byte| *byte == 0xff) {
        let found = at + step;
        at = match data.get(found + 1) {
            // A stuffed byte, restart markers, fill.
            Some(0 | 0xd0..=0xd7) => found + 2,
            Some(0xff) => found + 1,
            Some(0xd9) => return data.get(..found).filter(|scan| !scan.is_empty()),
            Some(_) => return None,
            None => break,
        };
    }
    // Some cameras leave out the end.
    Some(data).filter(|scan| !scan.is_empty())
}

impl Frame {
    /// Reads a frame header (T.81 section B.2.2).
    fn read(header: &[u8]) -> Option<Self> {
        let [8, h1, h0, w1, w0, 3, y, ys, yq, cb, cbs, cbq, cr, crs, crq] = *header else {
            return None;
        };
        let kind = match [ys, cbs, crs] {
            [0x21, 0x11, 0x11] => 0,
            [0x22, 0x11, 0x11] => 1,
            _ => return None,
        };
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        let blocks = blocks(&JpegParameters { width, height })?;
        let frame = Self { kind, blocks, components: [y, cb, cr], tables: [yq, cbq] };
        (cbq == crq).then_some(frame)
    }

    /// True for the header of a scan of all components with the Huffman tables in their usual places.
    fn is_one_scan(&self, head: &[u8]) -> bool {
        let [y, cb, cr] = self.components;
        head == [3, y, 0, cb, 0x11, cr, 0x11, 0, 63, 0]
    }
}

impl Picture<'_> {
    fn pack(&self) -> Vec<Payload> {
        if self.scan.len() >= SCAN_LEN_MAX {
            return Vec::new();
        }
        let first = self.first();
        let count = self.scan.len() / (PAYLOAD_LEN_MAX - first.len() - 12) + 2;
        let mut buffer = BytesMut::with_capacity(self.scan.len() + first.len() + 12 * count);
        let (mut payloads, mut rest, mut at) = (Vec::with_capacity(count), self.scan, 0);
        while !rest.is_empty() {
            self.put_header(at, &mut buffer);
            if at == 0 {
                buffer.put_slice(&first);
            }
            let len = rest.len().min(PAYLOAD_LEN_MAX - buffer.len());
            let (piece, after) = rest.split_at(len);
            buffer.put_slice(piece);
            payloads.push(Payload::new(buffer.split().freeze()));
            (rest, at) = (after, at + len);
        }
        if let Some(last) = payloads.last_mut() {
            last.marker = true;
        }
        payloads
    }

    /// What only the first packet has: the quantisation tables (section 3.1.8).
    fn first(&self) -> Vec<u8> {
        let [luminance, chrominance] = self.tables;
        let is_wide = |table: Table<'_>| u8::from(table.len() > 64);
        let precision = is_wide(luminance) | is_wide(chrominance) << 1;
        let len = u16::try_from(luminance.len() + chrominance.len()).unwrap_or(0);
        let mut head = vec![0, precision];
        head.put_u16(len);
        [&head, luminance, chrominance].concat()
    }

    /// What each packet has (sections 3.1 and 3.1.7).
    fn put_header(&self, at: usize, buffer: &mut BytesMut) {
        let (width, height) = self.frame.blocks;
        let restarts = if self.restart > 0 { WITH_RESTARTS } else { 0 };
        // The first byte says that the picture is no field of an interlaced one.
        buffer.put_u32(u32::try_from(at).unwrap_or(0));
        buffer.put_slice(&[self.frame.kind | restarts, TABLES_IN_BAND, width, height]);
        if self.restart > 0 {
            buffer.put_u16(self.restart);
            buffer.put_u16(WHOLE_PICTURE);
        }
    }
}
