//! Files and messages of others that are broken in ways that somebody met: each is read to an end or
//! refused, without a panic and within bounds.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use media::audio::AacParameters;
use media::h264::{self, H264Parameters};
use media::h265::{self, H265Parameters};
use media::jpeg::JpegParameters;
use media::mp4::{Index, StreamReader, samples};
use media::rtp;
use media::rtp::depacket::{Coding, Depacketizer};
use media::rtp::packet::Packet;

/// All files below the folders of the shared data; empty, said loudly, where they are not here.
fn files(folders: &[&str]) -> Vec<PathBuf> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let root = root.join("../../../shared/data");
    if !root.is_dir() {
        eprintln!("SKIPPED: the malformed files are not here");
        return Vec::new();
    }
    let (mut left, mut out) =
        (folders.iter().map(|name| root.join(name)).collect::<Vec<_>>(), Vec::new());
    while let Some(path) = left.pop() {
        match std::fs::read_dir(&path) {
            Ok(entries) => left.extend(entries.flatten().map(|entry| entry.path())),
            Err(_) => out.push(path),
        }
    }
    assert!(!out.is_empty(), "nothing in {folders:?}");
    out
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn mp4_files_are_indexed_or_refused() {
    for path in
        files(&["malformed/mp4", "malformed/mp4_fuzz", "malformed/container_fuzz", "bitstreams"])
    {
        let bytes = read(&path);
        if let Ok(index) = Index::scan(&bytes[..], bytes.len() as u64) {
            assert!(index.valid_len <= bytes.len() as u64, "{}", path.display());
            for fragment in &index.fragments {
                let _ = samples(&bytes[..], fragment);
            }
        }
        for piece in [17, 1_000, usize::MAX] {
            let (mut reader, mut events) = (StreamReader::default(), Vec::new());
            // The first error ends a stream.
            let _ = bytes
                .chunks(piece.min(bytes.len().max(1)))
                .try_for_each(|piece| reader.push(piece, &mut events));
        }
    }
}

#[test]
fn nal_units_and_pictures_are_read_or_refused() {
    for path in files(&[
        "malformed/h26x_fuzz",
        "malformed/jpeg",
        "malformed/jpeg_odd_but_valid",
        "bitstreams",
    ]) {
        let bytes = read(&path);
        let _ = (H264Parameters::from_avcc(&bytes), H265Parameters::from_hvcc(&bytes));
        let _ = (AacParameters::from_config(&bytes), JpegParameters::from_picture(&bytes));
        carried_as_it_is(&Bytes::copy_from_slice(&bytes));
        let _ = (h264::recovery::is_point(&bytes), h265::nal::is_irap(&bytes));
        for unit in h264::nal::annex_b(&bytes).take(1_000) {
            let _ = H264Parameters::from_sets(unit, &[0x68, 1]);
            let _ = H265Parameters::from_sets(unit, unit, unit);
            let _ = h264::sei::find_clock(&h264::nal::join([unit]));
        }
    }
}

/// A picture that is carried over RTP arrives with its size and its scan, and is carried the same again.
fn carried_as_it_is(picture: &Bytes) {
    let arrived = |picture: &Bytes| {
        let (mut depacketizer, mut out) = (Depacketizer::new(Coding::Jpeg), Vec::new());
        for (sequence, payload) in (0..).zip(rtp::jpeg(picture)) {
            let (payload_type, timestamp, ssrc) = (26, 0, 0);
            let (marker, payload) = (payload.marker, payload.data);
            let packet = Packet { payload_type, marker, sequence, timestamp, ssrc, payload };
            depacketizer.push(&packet, &mut out).unwrap();
        }
        out.pop().map(|frame| frame.data)
    };
    let Some(back) = arrived(picture) else { return };
    assert_eq!(JpegParameters::from_picture(&back), JpegParameters::from_picture(picture));
    assert_eq!(arrived(&back).as_ref(), Some(&back));
}
