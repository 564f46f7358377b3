//! What our own packetisers make, with and without loss, and packets of others that are wrong.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::h264::nal::join;
use crate::rtp::reorder::Reorder;
use crate::rtp::{self, Payload};
use base::Mono;
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::Duration;

/// A picture: its time and its NAL units.
type Picture = (u32, Vec<Vec<u8>>);

/// Slices of some lengths, the first of which begins a picture, and the others do not.
fn slices(coding: Coding, lens: &[usize]) -> Vec<Vec<u8>> {
    let head = if coding == Coding::H265 { vec![0x26, 0x01] } else { vec![0x65] };
    let slice = |(index, len): (usize, &usize)| {
        let mut unit = head.clone();
        unit.push(if index == 0 { 0x88 } else { 0x41 });
        unit.resize(head.len() + 1 + len, u8::try_from(len % 251).unwrap());
        unit
    };
    lens.iter().enumerate().map(slice).collect()
}

fn pictures(coding: Coding, lens: &[Vec<usize>]) -> Vec<Picture> {
    (0..).zip(lens).map(|(n, lens)| (n * 3_600, slices(coding, lens))).collect()
}

fn payloads(coding: Coding, units: &[Vec<u8>]) -> Vec<Payload> {
    let data = join(units.iter().map(Vec::as_slice));
    if coding == Coding::H265 { rtp::h265(&data, &[]) } else { rtp::h264(&data, &[]) }
}

/// Payloads with numbers from `sequence` on.
fn packets(sequence: &mut u16, timestamp: u32, payloads: Vec<Payload>) -> Vec<Packet> {
    let number = |payload: Payload| {
        let (marker, payload_type, ssrc) = (payload.marker, 96, 1);
        let timestamp = timestamp.wrapping_add(payload.later);
        let made = Packet {
            payload_type,
            marker,
            sequence: *sequence,
            timestamp,
            ssrc,
            payload: payload.data,
        };
        *sequence = sequence.wrapping_add(1);
        made
    };
    payloads.into_iter().map(number).collect()
}

fn all(coding: Coding, first: u16, pictures: &[Picture]) -> Vec<Packet> {
    let mut sequence = first;
    let packed = |(time, units): &Picture| packets(&mut sequence, *time, payloads(coding, units));
    pictures.iter().flat_map(packed).collect()
}

fn taken(coding: Coding, packets: &[Packet]) -> Vec<Frame> {
    let (mut depacketizer, mut out) = (Depacketizer::new(coding), Vec::new());
    packets.iter().for_each(|packet| depacketizer.push(packet, &mut out).unwrap());
    out
}

fn units(frame: &Frame) -> (u32, Vec<Vec<u8>>) {
    (frame.timestamp, crate::h264::nal::units(&frame.data).map(<[u8]>::to_vec).collect())
}

fn lens() -> impl Strategy<Value = Vec<Vec<usize>>> {
    vec(vec(1_usize..4_000, 1..4), 1..12)
}

fn coding() -> impl Strategy<Value = Coding> {
    any::<bool>().prop_map(|is_h265| if is_h265 { Coding::H265 } else { Coding::H264 })
}

proptest! {
    #[test]
    fn pictures_come_back_as_they_were_packed(coding in coding(), lens in lens(), first: u16) {
        let sent = pictures(coding, &lens);
        let got = taken(coding, &all(coding, first, &sent));
        prop_assert!(got.iter().all(|frame| frame.lost == 0));
        prop_assert_eq!(got.iter().map(units).collect::<Vec<_>>(), sent);
    }

    #[test]
    fn without_markers_another_time_ends_a_picture(coding in coding(), lens in lens()) {
        let sent = pictures(coding, &lens);
        let mut packets = all(coding, 7, &sent);
        packets.iter_mut().for_each(|packet| packet.marker = false);
        let got = taken(coding, &packets);
        prop_assert_eq!(got.iter().map(units).collect::<Vec<_>>(), &sent[..sent.len() - 1]);
    }

    #[test]
    fn a_picture_is_whole_or_it_is_not_there(coding in coding(), lens in lens(), gone in vec(any::<prop::sample::Index>(), 1..4)) {
        let sent = pictures(coding, &lens);
        let packets = all(coding, 65_530, &sent);
        let gone: Vec<usize> = gone.iter().map(|index| index.index(packets.len())).collect();
        let kept: Vec<Packet> = packets.iter().enumerate()
            .filter(|(index, _)| !gone.contains(index)).map(|(_, packet)| packet.clone()).collect();
        let got = taken(coding, &kept);
        let untouched = |(time, _): &&Picture| !gone.iter().any(|index| packets[*index].timestamp == *time);
        // Who was lost before a whole picture does not take it along.
        prop_assert_eq!(got.iter().map(units).collect::<Vec<_>>(), sent.iter().filter(untouched).cloned().collect::<Vec<_>>());
    }

    #[test]
    fn packets_that_are_moved_a_little_make_the_same_pictures(coding in coding(), lens in lens(), moves in vec(0_usize..8, 200)) {
        let sent = pictures(coding, &lens);
        let mut packets: Vec<(usize, Packet)> = all(coding, 65_500, &sent).into_iter().enumerate()
            .map(|(at, packet)| (if at == 0 { 0 } else { at + moves[at % moves.len()] }, packet)).collect();
        packets.sort_by_key(|(place, _)| *place);
        let (mut reorder, mut in_order) = (Reorder::new(Duration::from_millis(100)), Vec::new());
        packets.into_iter().for_each(|(_, packet)| reorder.push(Mono::default(), packet, &mut in_order));
        prop_assert_eq!(taken(coding, &in_order).iter().map(units).collect::<Vec<_>>(), sent);
    }

    #[test]
    fn sound_comes_back_as_it_was_packed(which in 0_usize..3, lens in vec(1_usize..8_000, 1..20), first: u16) {
        let codings = [Coding::Aac(AuHeader::HIGH_RATE), Coding::Opus, Coding::G711];
        let coding = codings[which];
        let mut sequence = first;
        let (mut sent, mut all) = (Vec::new(), Vec::new());
        for (time, len) in (0..).step_by(8_192).zip(lens) {
            let data = Bytes::from(vec![u8::try_from(len % 256).unwrap(); len]);
            let payloads = match coding {
                Coding::Aac(_) => rtp::aac(&data),
                Coding::Opus => rtp::opus(&data),
                _ => rtp::g711(&data, 1),
            };
            match coding {
                Coding::G711 => sent.extend(payloads.iter().map(|p| (time + p.later, p.data.clone()))),
                _ => sent.push((time, data)),
            }
            all.extend(packets(&mut sequence, time, payloads));
        }
        let got: Vec<_> = taken(coding, &all).into_iter().map(|frame| (frame.timestamp, frame.data)).collect();
        prop_assert_eq!(got, sent);
    }

    #[test]
    fn whatever_comes_gives_units_within_bounds(which in 0_usize..5, packets in vec((any::<bool>(), 0_u16..40, 0_u32..4, vec(any::<u8>(), 0..60)), 0..60)) {
        let codings = [Coding::H264, Coding::H265, Coding::Aac(AuHeader::HIGH_RATE), Coding::Opus, Coding::G711];
        let (mut depacketizer, mut out) = (Depacketizer::new(codings[which]), Vec::new());
        for (marker, sequence, timestamp, payload) in packets {
            let payload = Bytes::from(payload);
            let _ = depacketizer.push(&Packet { payload_type: 96, marker, sequence, timestamp, ssrc: 1, payload }, &mut out);
        }
        prop_assert!(out.iter().all(|frame| frame.data.len() <= UNIT_LEN_MAX));
    }
}

fn one(sequence: u16, timestamp: u32, marker: bool, payload: &[u8]) -> Packet {
    let payload = Bytes::copy_from_slice(payload);
    Packet { payload_type: 96, marker, sequence, timestamp, ssrc: 1, payload }
}

#[test]
fn sets_that_are_marked_as_units_belong_to_the_picture_behind_them() {
    let packets = [
        one(1, 0, true, &[0x67, 1]),
        one(2, 0, true, &[0x68, 2]),
        one(3, 9, true, &[0x65, 0x88]),
        one(4, 18, false, &[0x41, 0x9a]),
        one(5, 18, true, &[0x41, 0x1a]),
    ];
    let got = taken(Coding::H264, &packets);
    let expected = vec![
        (9, vec![vec![0x67, 1], vec![0x68, 2], vec![0x65, 0x88]]),
        (18, vec![vec![0x41, 0x9a], vec![0x41, 0x1a]]),
    ];
    assert_eq!(got.iter().map(units).collect::<Vec<_>>(), expected);
}

#[test]
fn loss_is_told_with_the_next_unit_and_late_packets_change_nothing() {
    let picture = [0x41, 0x9a];
    let packets = [
        one(1, 0, true, &picture),
        one(4, 6, true, &picture),
        one(3, 3, true, &picture),
        one(4, 6, true, &picture),
        one(5, 9, true, &picture),
    ];
    let got = taken(Coding::H264, &packets);
    assert_eq!(
        got.iter().map(|f| (f.timestamp, f.lost)).collect::<Vec<_>>(),
        [(0, 0), (6, 2), (9, 0)]
    );
}

#[test]
fn a_stream_that_is_joined_within_a_picture_begins_with_the_next() {
    let packets = [one(1, 0, true, &[0x41, 0x1a]), one(2, 3, true, &[0x41, 0x9a])];
    assert_eq!(taken(Coding::H264, &packets).iter().map(|f| f.timestamp).collect::<Vec<_>>(), [3]);
}

#[test]
fn what_is_not_as_its_format_says_takes_its_unit_with_it_and_no_other() {
    // A fragment without a start, one cut into by another unit, an aggregate within an aggregate, one that is
    // cut short, an interleaved packet, the forbidden bit, nothing.
    let wrong: [&[&[u8]]; 7] = [
        &[&[0x41, 0x9a], &[0x7c, 0x05, 1]],
        &[&[0x7c, 0x85, 0x88], &[0x65, 0x88]],
        &[&[0x78, 0, 2, 0x78, 0]],
        &[&[0x78, 0, 9, 0x65]],
        &[&[0x79, 0, 0]],
        &[&[0xe5, 0x88]],
        &[&[]],
    ];
    for payloads in wrong {
        let (mut depacketizer, mut out) = (Depacketizer::new(Coding::H264), Vec::new());
        let (mut sequence, mut refused) = (0, 0);
        for payload in payloads {
            refused += usize::from(
                depacketizer.push(&one(sequence, 0, false, payload), &mut out).is_err(),
            );
            sequence += 1;
        }
        depacketizer.push(&one(sequence, 3, true, &[0x41, 0x9a]), &mut out).unwrap();
        assert_eq!(refused, 1, "{payloads:?}");
        assert_eq!(out.iter().map(|f| f.timestamp).collect::<Vec<_>>(), [3], "{payloads:?}");
    }
}

#[test]
fn an_access_unit_has_a_largest_size() {
    let mut depacketizer = Depacketizer::new(Coding::H264);
    let (mut out, mut refused) = (Vec::new(), None);
    let start = [&[0x7c, 0x85, 0x88][..], &[1; 60_000]].concat();
    let part = [&[0x7c, 0x05][..], &[1; 60_000]].concat();
    for sequence in 0..200 {
        let payload = if sequence == 0 { &start } else { &part };
        let result = depacketizer.push(&one(sequence, 0, false, payload), &mut out);
        refused = refused.or(result.err());
    }
    assert_eq!(refused, Some(Refused::TooLarge));
    depacketizer.push(&one(200, 3, true, &[0x41, 0x9a]), &mut out).unwrap();
    assert_eq!(out.len(), 1);
}

#[test]
fn known_sets_are_left_out_unless_another_comes_with_them() {
    let sps = "6742c016da0280f6c0440000030004000003007a3c58ba80";
    let sps: Vec<u8> = (0..sps.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&sps[at..at + 2], 16).unwrap())
        .collect();
    let pps = [0x68, 0xce, 0x0f, 0xc8];
    let first = Depacketizer::new(Coding::H264);
    let mut depacketizer = first;
    let mut out = Vec::new();
    let mut key = |depacketizer: &mut Depacketizer, at: u16, sets: &[&[u8]]| {
        for (n, set) in (0..).zip(sets) {
            depacketizer.push(&one(at + n, u32::from(at), false, set), &mut out).unwrap();
        }
        let last = u16::try_from(sets.len()).unwrap();
        depacketizer.push(&one(at + last, u32::from(at), true, &[0x65, 0x88]), &mut out).unwrap();
        out.pop().unwrap()
    };
    let frame = key(&mut depacketizer, 0, &[&sps, &pps]);
    let parameters = Coding::H264.parameters_in(&frame.data).unwrap();
    depacketizer.know(&parameters);
    // The importance in the header is not what makes a set another.
    let same = [&[0x27][..], &sps[1..]].concat();
    assert_eq!(units(&key(&mut depacketizer, 3, &[&same, &pps])).1, [[0x65, 0x88]]);
    let both = key(&mut depacketizer, 6, &[&pps, &[0x68, 1]]);
    assert_eq!(units(&both).1.len(), 3);
    assert_eq!(parameters.changed_by(&both.data), None);
}

#[test]
fn several_frames_of_a_packet_have_times_of_their_own() {
    let payload = [0, 32, 0, 16, 0, 24, 1, 2, 3, 4, 5];
    let got = taken(Coding::Aac(AuHeader::HIGH_RATE), &[one(1, 100, true, &payload)]);
    let made: Vec<_> = got.iter().map(|frame| (frame.timestamp, frame.data.to_vec())).collect();
    assert_eq!(made, [(100, vec![1, 2]), (1_124, vec![3, 4, 5])]);
    let mut depacketizer = Depacketizer::new(Coding::Aac(AuHeader::HIGH_RATE));
    for wrong in
        [&[0, 32, 0, 16, 0, 25, 1, 2][..], &[0, 32, 0, 16, 0, 99, 1, 2, 3, 4], &[0], &[0, 16]]
    {
        assert!(depacketizer.push(&one(1, 0, true, wrong), &mut Vec::new()).is_err());
        depacketizer = Depacketizer::new(Coding::Aac(AuHeader::HIGH_RATE));
    }
}
