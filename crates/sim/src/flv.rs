//! FLV as ffmpeg writes it to a pipe: the only container whose packets say their length before they
//! come, so that an access unit is complete without waiting for the next. Pure.

use bytes::{Buf, Bytes, BytesMut};

/// What a tag holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// An AVC decoder configuration record.
    Parameters(Bytes),
    /// An access unit, length-prefixed, with its time in milliseconds.
    Unit { millis: u32, key: bool, data: Bytes },
}

/// Reads tags from a growing stream.
#[derive(Default)]
pub(crate) struct Reader {
    buffer: BytesMut,
    past_header: bool,
}

/// A video tag (Adobe FLV 10.1, annex E.4.3): frame type and codec, packet type, composition time.
const VIDEO_TAG: u8 = 9;
const HEADER_LEN: usize = 13;
const TAG_HEADER_LEN: usize = 11;

impl Reader {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next tag of interest.
    pub(crate) fn next(&mut self) -> Option<Tag> {
        if !self.past_header {
            if self.buffer.len() < HEADER_LEN {
                return None;
            }
            self.buffer.advance(HEADER_LEN);
            self.past_header = true;
        }
        loop {
            let head = self.buffer.first_chunk::<TAG_HEADER_LEN>()?;
            let [kind, l0, l1, l2, t0, t1, t2, t3, ..] = *head;
            let len = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).ok()?;
            let millis = u32::from_be_bytes([t3, t0, t1, t2]);
            if self.buffer.len() < TAG_HEADER_LEN + len + 4 {
                return None;
            }
            let mut tag = self.buffer.split_to(TAG_HEADER_LEN + len + 4).freeze();
            tag.advance(TAG_HEADER_LEN);
            tag.truncate(len);
            if kind == VIDEO_TAG
                && let Some(tag) = video(millis, &tag)
            {
                return Some(tag);
            }
        }
    }
}

fn video(millis: u32, body: &Bytes) -> Option<Tag> {
    let [first, packet_type, _, _, _] = *body.first_chunk::<5>()?;
    let data = body.slice(5..);
    match packet_type {
        0 => Some(Tag::Parameters(data)),
        1 => Some(Tag::Unit { millis, key: first >> 4 == 1, data }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_however_the_bytes_come() {
        let mut bytes = b"FLV\x01\x01\0\0\0\x09\0\0\0\0".to_vec();
        let mut tag = |kind: u8, body: &[u8]| {
            let len = u32::try_from(body.len()).expect("short").to_be_bytes();
            bytes.extend_from_slice(&[kind, len[1], len[2], len[3], 0, 1, 2, 3, 0, 0, 0]);
            bytes.extend_from_slice(body);
            bytes.extend_from_slice(&[0; 4]);
        };
        tag(18, b"script");
        tag(9, &[0x17, 0, 0, 0, 0, 1, 2]);
        tag(9, &[0x27, 1, 0, 0, 0, 9]);
        let mut reader = Reader::default();
        let mut tags = Vec::new();
        for byte in bytes {
            reader.push(&[byte]);
            tags.extend(reader.next());
        }
        let unit = Tag::Unit { millis: 0x0300_0102, key: false, data: Bytes::from_static(&[9]) };
        assert_eq!(tags, [Tag::Parameters(Bytes::from_static(&[1, 2])), unit]);
    }
}
