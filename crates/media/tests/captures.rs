//! Sessions and packets of other makers, recorded: they are read as what they are. Where the shared data
//! is not here, these tests say that they were skipped.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::path::PathBuf;

use bytes::Bytes;
use media::h264::nal;
use media::rtp::depacket::{AuHeader, Coding, Depacketizer, Frame};
use media::rtp::packet::Packet;
use media::rtp::rtcp::{self, Report};
use media::{Parameters, sdp};

/// The folder of recorded sessions.
fn folder() -> Option<PathBuf> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let root = root.join("../../../shared/data/rtsp");
    if !root.is_dir() {
        eprintln!("SKIPPED: the recorded sessions are not here");
        return None;
    }
    Some(root)
}

/// The datagrams of a capture (pcap, in the machine's order) with whatever stands before each.
fn datagrams(capture: &[u8], before: usize) -> Vec<Bytes> {
    let (mut rest, mut out) = (&capture[24..], Vec::new());
    while let Some(header) = rest.first_chunk::<16>() {
        let len = usize::try_from(u32::from_le_bytes(*header[8..].first_chunk().unwrap())).unwrap();
        out.push(Bytes::copy_from_slice(&rest[16 + before..16 + len]));
        rest = &rest[16 + len..];
    }
    out
}

/// The packets of an interleaved session by channel (RFC 2326 section 10.12).
fn interleaved(mut rest: &[u8], channel: u8) -> Vec<Bytes> {
    let mut out = Vec::new();
    while let [b'$', of, high, low, after @ ..] = rest {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((packet, after)) = after.split_at_checked(len) else { break };
        if *of == channel {
            out.push(Bytes::copy_from_slice(packet));
        }
        rest = after;
    }
    out
}

/// Access units of all packets, and how many packets were refused.
fn units(coding: Coding, packets: &[Bytes]) -> (Vec<Frame>, usize) {
    let (mut depacketizer, mut out) = (Depacketizer::new(coding), Vec::new());
    let mut push = |bytes: &&Bytes| {
        let packet = Packet::parse(bytes).unwrap();
        depacketizer.push(&packet, &mut out).is_err()
    };
    let refused = packets.iter().filter(|bytes| push(bytes)).count();
    (out, refused)
}

#[test]
fn cameras_descriptions_are_read() {
    let Some(folder) = folder() else { return };
    let mut read = 0;
    for entry in std::fs::read_dir(folder.join("real_camera_messages")).unwrap() {
        let path = entry.unwrap().path();
        let message = std::fs::read(&path).unwrap();
        let Some(at) = message.windows(4).position(|end| end == b"v=0\r" || end == b"v=0\n") else {
            continue;
        };
        let announced = sdp::parse(&message[at..]).unwrap();
        let video = announced.media.iter().filter_map(|medium| medium.format.as_ref());
        let video = video.filter(|format| format.coding.is_video());
        let sizes: Vec<_> =
            video.map(|f| f.parameters.as_ref().and_then(Parameters::size)).collect();
        let omitted: Vec<_> = announced.omitted().collect();
        eprintln!("{}: {sizes:?}, left out {omitted:?}", path.file_name().unwrap().display());
        assert!(!sizes.is_empty(), "{}", path.display());
        assert!(announced.media.iter().all(|medium| !medium.control.is_empty()));
        read += 1;
    }
    assert!(read > 5, "{read}");
}

#[test]
fn a_session_of_a_server_is_read_without_a_loss() {
    let Some(folder) = folder() else { return };
    let session = std::fs::read(folder.join("bunny.rtsp")).unwrap();
    let (sound, refused) = units(Coding::Aac(AuHeader::HIGH_RATE), &interleaved(&session, 0));
    let (pictures, refused_too) = units(Coding::H264, &interleaved(&session, 2));
    eprintln!("{} units of sound, {} pictures", sound.len(), pictures.len());
    assert!((refused, refused_too) == (0, 0));
    assert!(sound.len() > 20 && pictures.len() > 20);
    assert!(sound.iter().chain(&pictures).all(|frame| frame.lost == 0));
    assert!(Coding::H264.is_key(&pictures[0].data));
    for frame in &pictures {
        let lens: usize = nal::units(&frame.data).map(|unit| unit.len() + 4).sum();
        assert_eq!(lens, frame.data.len());
    }
}

#[test]
fn a_browsers_packets_are_read() {
    let Some(folder) = folder() else { return };
    let capture = std::fs::read(folder.join("webrtc_rtp/h264.pcap")).unwrap();
    // Ethernet, IPv4 and UDP.
    let datagrams = datagrams(&capture, 14 + 20 + 8);
    let of = |kind: u8| {
        let mut packets: Vec<Bytes> =
            datagrams.iter().filter(|d| d[1] & 0x7f == kind).cloned().collect();
        packets.sort_by_key(|d| u16::from_be_bytes([d[2], d[3]]));
        packets
    };
    let (pictures, refused) = units(Coding::H264, &of(126));
    eprintln!("{} pictures of {} packets", pictures.len(), of(126).len());
    // One aggregate says more than it holds, and three packets are missing.
    assert_eq!(refused, 1);
    assert!(pictures.iter().map(|frame| frame.lost).sum::<u16>() == 3);
    assert!(pictures.len() > 20, "{}", pictures.len());
    let parameters = Coding::H264.parameters_in(&pictures[0].data).unwrap();
    assert!(parameters.size().is_some() && Coding::H264.is_key(&pictures[0].data));
}

#[test]
fn reports_in_one_datagram_are_all_read() {
    let Some(folder) = folder() else { return };
    let capture =
        std::fs::read(folder.join("rtcp_multiple_pkts_in_the_same_datagram.pcap")).unwrap();
    // Linux's cooked capture, IPv4 and UDP.
    for datagram in datagrams(&capture, 16 + 20 + 8) {
        let reports = rtcp::parse(&datagram).unwrap();
        assert!(reports.iter().any(|report| matches!(report, Report::Reception(_))), "{reports:?}");
    }
}

#[test]
fn what_broke_others_is_read_or_refused() {
    let Some(folder) = folder() else { return };
    let pictures = [Coding::H264, Coding::H265, Coding::Jpeg];
    let codings = pictures.into_iter().chain([Coding::Aac(AuHeader::HIGH_RATE), Coding::Opus]);
    for entry in std::fs::read_dir(folder.join("fuzz")).unwrap() {
        for file in std::fs::read_dir(entry.unwrap().path()).unwrap() {
            let bytes = Bytes::from(std::fs::read(file.unwrap().path()).unwrap());
            let _ = (sdp::parse(&bytes), rtcp::parse(&bytes), Packet::parse(&bytes));
            for coding in codings.clone() {
                let (mut depacketizer, mut out) = (Depacketizer::new(coding), Vec::new());
                for (sequence, start) in (0..4).zip([0, 1, 2, 3]) {
                    let payload = bytes.slice(start.min(bytes.len())..);
                    let (payload_type, marker, timestamp, ssrc) = (96, sequence == 3, 0, 0);
                    let packet =
                        Packet { payload_type, marker, sequence, timestamp, ssrc, payload };
                    let _ = depacketizer.push(&packet, &mut out);
                }
            }
        }
    }
}
