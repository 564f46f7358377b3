//! Pictures there and back, and packets of others.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Coding, Depacketizer};
use super::*;
use crate::jpeg::JpegParameters;
use crate::rtp::{PAYLOAD_LEN_MAX, Payload, jpeg};

/// What a picture is made of.
#[derive(Clone, Debug)]
struct Made {
    sampling: [u8; 3],
    size: (u16, u16),
    frame: u8,
    tables: [Vec<u8>; 2],
    restart: u16,
    huffman: bool,
    scan: Vec<u8>,
    trailer: Vec<u8>,
}

fn plain() -> Made {
    Made {
        sampling: [0x22, 0x11, 0x11],
        size: (640, 360),
        frame: 0xc0,
        tables: [vec![3; 64], vec![7; 64]],
        restart: 0,
        huffman: true,
        scan: (0..5_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect(),
        trailer: vec![0xff, 0xd9],
    }
}

impl Made {
    fn picture(&self) -> Bytes {
        let mut out = vec![0xff, 0xd8, 0xff, 0xfe, 0, 3, 0xd9];
        for (number, table) in (0..).zip(&self.tables) {
            out.put_slice(&[0xff, 0xdb]);
            out.put_u16(u16::try_from(table.len()).unwrap() + 3);
            out.put_u8(number | if table.len() > 64 { 0x10 } else { 0 });
            out.put_slice(table);
        }
        out.put_slice(&[0xff, 0xff, self.frame, 0, 17, 8]);
        out.put_u16(self.size.1);
        out.put_u16(self.size.0);
        let [y, cb, cr] = self.sampling;
        out.put_slice(&[3, 0, y, 0, 1, cb, 1, 2, cr, 1]);
        if self.huffman {
            let tables = huffman::STANDARD.map(|(id, table)| [&[id], table].concat()).concat();
            out.put_slice(&[0xff, 0xc4]);
            out.put_u16(u16::try_from(tables.len()).unwrap() + 2);
            out.put_slice(&tables);
        }
        out.put_slice(&[0xff, 0xdd, 0, 4]);
        out.put_u16(self.restart);
        out.put_slice(&[0xff, 0xda, 0, 12, 3, 0, 0, 1, 0x11, 2, 0x11, 0, 63, 0]);
        out.put_slice(&self.scan);
        out.put_slice(&self.trailer);
        out.into()
    }
}

fn packet(sequence: u16, timestamp: u32, payload: &Payload) -> Packet {
    let (marker, payload) = (payload.marker, payload.data.clone());
    Packet { payload_type: 26, marker, sequence, timestamp, ssrc: 1, payload }
}

/// The pictures of these packets, and what was refused.
fn read(packets: &[Packet]) -> (Vec<Frame>, Vec<Refused>) {
    let (mut depacketizer, mut out) = (Depacketizer::new(Coding::Jpeg), Vec::new());
    let refused: Vec<Refused> =
        packets.iter().filter_map(|packet| depacketizer.push(packet, &mut out).err()).collect();
    (out, refused)
}

fn packets(first: u16, timestamp: u32, picture: &Bytes) -> Vec<Packet> {
    let numbers = (0..).map(|n: u16| first.wrapping_add(n));
    numbers.zip(&jpeg(picture)).map(|(n, payload)| packet(n, timestamp, payload)).collect()
}

fn there_and_back(picture: &Bytes) -> Bytes {
    let (frames, refused) = read(&packets(65_534, 9, picture));
    assert_eq!((frames.len(), refused.len()), (1, 0));
    frames[0].data.clone()
}

/// A scan as coders write it: 0xff only with a stuffed 0 behind it, or as a restart marker.
fn scan() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        20 => any::<u8>().prop_map(|byte| if byte == 0xff { vec![0xff, 0] } else { vec![byte] }),
        1 => (0xd0_u8..0xd8).prop_map(|marker| vec![0xff, marker]),
    ];
    vec(piece, 1..6_000).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    fn made()(
        wide: bool,
        size in (1_u16..=255, 1_u16..=255),
        first in vec(any::<u8>(), 128),
        second in vec(any::<u8>(), 128),
        restart in prop_oneof![Just(0), any::<u16>()],
        upright: bool,
        huffman: bool,
        ended: bool,
        scan in scan(),
    ) -> Made {
        let tables = [first[..if wide { 128 } else { 64 }].to_vec(), second[..64].to_vec()];
        let sampling = [if upright { 0x22 } else { 0x21 }, 0x11, 0x11];
        let trailer = if ended { vec![0xff, 0xd9, 0, 0] } else { Vec::new() };
        Made { sampling, size: (size.0 * 8, size.1 * 8), tables, restart, huffman, scan, trailer, ..plain() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_picture_comes_back_with_its_size_its_tables_and_its_scan(made in made()) {
        let payloads = jpeg(&made.picture());
        prop_assert!(payloads.iter().all(|payload| payload.data.len() <= PAYLOAD_LEN_MAX));
        prop_assert_eq!(payloads.iter().filter(|payload| payload.marker).count(), 1);
        let back = there_and_back(&made.picture());
        let (width, height) = made.size;
        prop_assert_eq!(JpegParameters::from_picture(&back), Ok(JpegParameters { width, height }));
        prop_assert!(back.ends_with(&[&made.scan[..], &[0xff, 0xd9]].concat()));
        for table in &made.tables {
            prop_assert!(back.windows(table.len()).any(|bytes| bytes == &table[..]));
        }
        prop_assert_eq!(there_and_back(&back), back, "nothing more changes");
    }

    #[test]
    fn any_packets_are_pictures_or_refused(packets in vec((0_u16..3, 0_u32..2, any::<bool>(), (0_u32..3, 0_u8..3, 0_u8..4), vec(any::<u8>(), 0..300)), 0..30)) {
        let (mut depacketizer, mut out, mut sequence) = (Depacketizer::new(Coding::Jpeg), Vec::new(), 0_u16);
        for (step, timestamp, marker, (offset, kind, quality), rest) in packets {
            sequence = sequence.wrapping_add(step);
            let kind = [0, 1, 65][usize::from(kind)];
            let head = [&(offset * 100).to_be_bytes()[..], &[kind, [1, 77, 128, 255][usize::from(quality)], 2, 2]].concat();
            let payload = Payload { data: [&head[..], &rest].concat().into(), marker, later: 0 };
            let _ = depacketizer.push(&packet(sequence, timestamp, &payload), &mut out);
        }
        for frame in out {
            prop_assert!(Coding::Jpeg.parameters_in(&frame.data).is_some());
        }
    }

    #[test]
    fn any_bytes_behind_the_start_of_a_picture_are_payloads_or_none(at in 0_usize..700, with: u8, cut in 0_usize..800) {
        let mut bytes = plain().picture().to_vec();
        bytes[at] = with;
        let _ = (jpeg(&Bytes::from(bytes.clone())), jpeg(&Bytes::from(bytes[..cut].to_vec())));
    }
}

#[test]
fn the_headers_of_packets_are_those_of_the_standard() {
    let made = jpeg(&Made { restart: 40, ..plain() }.picture());
    assert_eq!(made[0].data[..12], [0, 0, 0, 0, 65, 255, 80, 45, 0, 40, 0xff, 0xff]);
    assert_eq!(made[0].data[12..18], [0, 0, 0, 128, 3, 3]);
    let at = u8::try_from((PAYLOAD_LEN_MAX - 12 - 132) >> 8).unwrap();
    let low = u8::try_from((PAYLOAD_LEN_MAX - 12 - 132) & 0xff).unwrap();
    assert_eq!(made[1].data[..8], [0, 0, at, low, 65, 255, 80, 45]);
    let wide = Made { tables: [vec![1; 128], vec![2; 64]], frame: 0xc1, ..plain() };
    assert_eq!(jpeg(&wide.picture())[0].data[..12], [0, 0, 0, 0, 1, 255, 80, 45, 0, 1, 0, 192]);
}

#[test]
fn what_the_packets_cannot_say_gives_none() {
    let others = [
        Made { frame: 0xc2, ..plain() },
        Made { frame: 0xc9, ..plain() },
        Made { sampling: [0x11, 0x11, 0x11], ..plain() },
        Made { sampling: [0x22, 0x12, 0x12], ..plain() },
        Made { size: (2_048, 64), ..plain() },
        Made { size: (64, 2_048), ..plain() },
        Made { size: (100, 64), ..plain() },
        Made { scan: Vec::new(), ..plain() },
        // Lines that are counted at the end, and a second scan.
        Made { trailer: vec![0xff, 0xdc, 0, 4, 0, 8, 0xff, 0xd9], ..plain() },
        Made { trailer: vec![0xff, 0xda, 0, 12, 0xff, 0xd9], ..plain() },
    ];
    for other in others {
        assert!(jpeg(&other.picture()).is_empty(), "{other:?}");
    }
    let mut own = plain().picture().to_vec();
    let at = own.windows(2).position(|bytes| bytes == [0xff, 0xc4]).unwrap();
    own[at + 10] ^= 1;
    assert!(jpeg(&own.into()).is_empty(), "a Huffman table of its own");
    let mut other_tables = plain().picture().to_vec();
    let at = other_tables.windows(2).position(|bytes| bytes == [0xff, 0xc0]).unwrap();
    other_tables[at + 18] = 0;
    assert!(jpeg(&other_tables.into()).is_empty(), "each chrominance has a table of its own");
}

#[test]
fn tables_by_quality_are_the_scaled_ones_of_the_standard() {
    let Tables([luminance, chrominance]) = Tables::of_quality(50);
    assert_eq!((&luminance[..], &chrominance[..]), (&LUMINANCE[..], &CHROMINANCE[..]));
    let Tables([luminance, _]) = Tables::of_quality(75);
    assert_eq!(luminance[..4], [8, 6, 6, 7]);
    let Tables([luminance, chrominance]) = Tables::of_quality(1);
    assert!(luminance.iter().chain(&chrominance).all(|value| *value == 255));
    let Tables([luminance, _]) = Tables::of_quality(99);
    assert_eq!((luminance[0], luminance[36]), (1, 2));
}

fn whole(quality: u8, tables: &[u8]) -> Payload {
    let head = [&[0, 0, 0, 0, 1, quality, 2, 2][..], tables, &[1, 2, 3]].concat();
    Payload { data: head.into(), marker: true, later: 0 }
}

#[test]
fn tables_that_were_sent_once_are_kept_by_their_number() {
    let sent = [&[0, 0, 0, 128][..], &[9; 64], &[8; 64]].concat();
    let one = [&[0, 0, 0, 64][..], &[5; 64]].concat();
    let payloads = [
        whole(200, &[0; 4]),
        whole(200, &sent),
        whole(200, &[0; 4]),
        whole(201, &one),
        whole(255, &sent),
        whole(255, &[0; 4]),
        whole(0, &[]),
        whole(100, &[]),
        whole(20, &[]),
        whole(202, &[0, 1, 0, 64]),
    ];
    let all: Vec<_> = (0..).zip(&payloads).map(|(n, p)| packet(n, u32::from(n), p)).collect();
    let (frames, refused) = read(&all);
    assert_eq!(frames.iter().map(|f| f.timestamp).collect::<Vec<_>>(), [1, 2, 3, 4, 8]);
    assert_eq!(refused.len(), 5);
    assert_eq!(frames[0].data, frames[1].data);
    assert_eq!(frames[2].data.windows(64).filter(|bytes| *bytes == [5; 64]).count(), 2);
}

#[test]
fn a_picture_with_a_lost_packet_is_left_out_and_the_next_one_comes() {
    let picture = plain().picture();
    for lost in 0..5 {
        let mut all = packets(0, 1, &picture);
        let count = u16::try_from(all.len()).unwrap();
        assert_eq!(count, 5);
        all.extend(packets(count, 2, &picture));
        all.remove(lost);
        let (frames, refused) = read(&all);
        let read: Vec<_> = frames.iter().map(|frame| (frame.timestamp, frame.lost)).collect();
        // Nobody knows that one was lost before the first that was seen.
        assert_eq!((read, refused.len()), (vec![(2, u16::from(lost > 0))], 0));
    }
}

#[test]
fn a_picture_without_its_marker_ends_with_the_next_time() {
    let picture = plain().picture();
    let mut all = packets(0, 1, &picture);
    all[4].marker = false;
    all.extend(packets(5, 2, &picture));
    assert_eq!(read(&all).0.len(), 2);
}
