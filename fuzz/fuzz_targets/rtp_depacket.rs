#![no_main]
//! RTP packets of publishers, put in order and made access units: the codec by the first byte, then packets
//! with a length of two bytes each.
use base::Mono;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media::Timescale;
use media::rtp::depacket::{AuHeader, Coding, Depacketizer, UNIT_LEN_MAX};
use media::rtp::packet::Packet;
use media::rtp::reception::Arrival;
use media::rtp::reorder::Reorder;

fuzz_target!(|data: &[u8]| {
    let Some((first, mut rest)) = data.split_first() else { return };
    let coding = match first % 6 {
        0 => Coding::H264,
        1 => Coding::H265,
        2 => Coding::Aac(AuHeader { size: first >> 3, ..AuHeader::HIGH_RATE }),
        3 => Coding::Opus,
        5 => Coding::Jpeg,
        _ => Coding::G711,
    };
    let mut reorder = Reorder::new(std::time::Duration::from_millis(100));
    let mut arrival = Arrival::new(Timescale::VIDEO);
    let (mut depacketizer, mut packets, mut frames) = (Depacketizer::new(coding), Vec::new(), Vec::new());
    let mut now = 0;
    while let Some((len, after)) = rest.split_first_chunk::<2>() {
        let (one, after) = after.split_at(usize::from(u16::from_be_bytes(*len)).min(after.len()));
        rest = after;
        now += 10_000_000;
        if let Ok(packet) = Packet::parse(&Bytes::copy_from_slice(one)) {
            arrival.packet(Mono::from_nanos(now), &packet);
            if first & 0x80 == 0 {
                packets.push(packet);
            } else {
                reorder.push(Mono::from_nanos(now), packet, &mut packets);
            }
        }
        reorder.tick(Mono::from_nanos(now), &mut packets);
        for packet in packets.drain(..) {
            let _ = depacketizer.push(&packet, &mut frames);
        }
    }
    let _ = arrival.report(Mono::from_nanos(now), 1);
    for frame in frames {
        assert!(frame.data.len() <= UNIT_LEN_MAX && !frame.data.is_empty());
        if coding.is_key(&frame.data) {
            if let Some(parameters) = coding.parameters_in(&frame.data) {
                depacketizer.know(&parameters);
            }
        }
    }
});
