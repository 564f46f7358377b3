//! Boxes written by nesting, and the track boxes that both kinds of file share.

use bytes::{BufMut, BytesMut};

use crate::Track;

/// Writes a box: its size is filled in when `content` has been written.
pub(super) fn boxed(out: &mut BytesMut, kind: &[u8; 4], content: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u32(0);
    out.put_slice(kind);
    content(out);
    let size = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(start..start + 4) {
        field.copy_from_slice(&size.to_be_bytes());
    }
}

/// A box with version and flags.
pub(super) fn full(
    out: &mut BytesMut,
    kind: &[u8; 4],
    version: u8,
    flags: u32,
    content: impl FnOnce(&mut BytesMut),
) {
    boxed(out, kind, |out| {
        out.put_u32(u32::from(version) << 24 | flags & 0x00ff_ffff);
        content(out);
    });
}

const UNITY_MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
/// `und` in ISO 639-2/T as packed by `mdhd`.
const LANGUAGE_UNDETERMINED: u16 = 0x55c4;

pub(super) fn ftyp(out: &mut BytesMut, major: &[u8; 4], compatible: &[&[u8; 4]]) {
    boxed(out, b"ftyp", |out| {
        out.put_slice(major);
        out.put_u32(0x200);
        for brand in compatible {
            out.put_slice(*brand);
        }
    });
}

pub(super) fn mvhd(out: &mut BytesMut, timescale: u32, duration: u64, next_track: u32) {
    full(out, b"mvhd", 1, 0, |out| {
        out.put_u64(0);
        out.put_u64(0);
        out.put_u32(timescale);
        out.put_u64(duration);
        out.put_u32(0x1_0000);
        out.put_u16(0x100);
        out.put_slice(&[0; 10]);
        UNITY_MATRIX.iter().for_each(|value| out.put_u32(*value));
        out.put_slice(&[0; 24]);
        out.put_u32(next_track);
    });
}

/// The boxes of a track around its sample table, which `stbl` writes the content of. `entry` gives
/// codec and size; `duration` is in the track's timescale, `movie_duration` in the movie's; `edit`
/// writes an edit list where there is one.
pub(super) fn trak(
    out: &mut BytesMut,
    entry: &Track,
    (duration, movie_duration): (u64, u64),
    edit: impl FnOnce(&mut BytesMut),
    stbl: impl FnOnce(&mut BytesMut),
) {
    let video = entry.parameters.size();
    boxed(out, b"trak", |out| {
        full(out, b"tkhd", 1, 3, |out| {
            out.put_u64(0);
            out.put_u64(0);
            out.put_u32(track_number(entry));
            out.put_u32(0);
            out.put_u64(movie_duration);
            out.put_u64(0);
            out.put_u32(0);
            out.put_u16(if video.is_some() { 0 } else { 0x100 });
            out.put_u16(0);
            UNITY_MATRIX.iter().for_each(|value| out.put_u32(*value));
            let (width, height) = video.unwrap_or_default();
            out.put_u32(u32::from(width) << 16);
            out.put_u32(u32::from(height) << 16);
        });
        edit(out);
        boxed(out, b"mdia", |out| {
            full(out, b"mdhd", 1, 0, |out| {
                out.put_u64(0);
                out.put_u64(0);
                out.put_u32(entry.timescale.hz());
                out.put_u64(duration);
                out.put_u16(LANGUAGE_UNDETERMINED);
                out.put_u16(0);
            });
            full(out, b"hdlr", 0, 0, |out| {
                out.put_u32(0);
                out.put_slice(if video.is_some() { b"vide" } else { b"soun" });
                out.put_slice(&[0; 12]);
                out.put_slice(if video.is_some() { b"video\0" } else { b"audio\0" });
            });
            boxed(out, b"minf", |out| {
                if video.is_some() {
                    full(out, b"vmhd", 0, 1, |out| out.put_slice(&[0; 8]));
                } else {
                    full(out, b"smhd", 0, 0, |out| out.put_slice(&[0; 4]));
                }
                boxed(out, b"dinf", |out| {
                    full(out, b"dref", 0, 0, |out| {
                        out.put_u32(1);
                        full(out, b"url ", 0, 1, |_| {});
                    });
                });
                boxed(out, b"stbl", stbl);
            });
        });
    });
}

/// The number of a track in a file: 1 for the first.
pub(super) fn track_number(track: &Track) -> u32 {
    u32::from(track.id.0) + 1
}
