//! Opus packets in PES packets: each behind a control header (the registration of its authors, which
//! ffmpeg and GStreamer follow).

/// Opus packets longer than this are none (RFC 6716 section 3.2 allows 48 frames of 1275 bytes at most
/// in theory; 120 ms need far less).
const LEN_MAX: usize = 8 << 10;

/// Appends the header of a packet of `len` bytes; `None` when it is too long.
pub(super) fn put_header(len: usize, out: &mut Vec<u8>) -> Option<()> {
    if len > LEN_MAX {
        return None;
    }
    out.extend_from_slice(&[0x7f, 0xe0]);
    out.extend(std::iter::repeat_n(0xff, len / 255));
    out.push(u8::try_from(len % 255).ok()?);
    Some(())
}

/// Takes a packet off the front of a PES packet's content.
pub(super) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, mut rest) = bytes.split_first_chunk::<2>()?;
    let [first, flags] = *head;
    if first != 0x7f || flags & 0xe0 != 0xe0 {
        return None;
    }
    let mut len = 0_usize;
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        len += usize::from(*byte);
        if *byte != 0xff {
            break;
        }
        if len > LEN_MAX {
            return None;
        }
    }
    // Samples to drop at the start and at the end, and extensions.
    for trim in [0x10, 0x08] {
        rest = if flags & trim == 0 { rest } else { rest.get(2..)? };
    }
    if flags & 0x04 != 0 {
        let (extension, after) = rest.split_first()?;
        rest = after.get(usize::from(*extension)..)?;
    }
    rest.split_at_checked(len)
}

/// Samples at 48 kHz of a packet, by its first byte (RFC 6716 section 3.1) and number of frames.
pub(super) fn samples(packet: &[u8]) -> i64 {
    let Some(first) = packet.first() else { return 0 };
    let config = first >> 3;
    let frame = match config {
        0..12 => [480, 960, 1_920, 2_880].get(usize::from(config & 3)),
        12..16 => [480, 960].get(usize::from(config & 1)),
        _ => [120, 240, 480, 960].get(usize::from(config & 3)),
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => i64::from(packet.get(1).copied().unwrap_or(0) & 63),
    };
    frame.copied().unwrap_or(0) * frames
}
