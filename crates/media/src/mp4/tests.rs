//! What is written is read back; what is torn is cut to whole fragments; what is hostile ends.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

use bytes::Bytes;
use proptest::prelude::*;

use super::progressive::{self, Chunk, Entry, Layout, LayoutTrack};
use super::*;
use crate::audio::{AacParameters, G711Parameters, Law, OpusParameters};
use crate::h264::H264Parameters;
use crate::h265::H265Parameters;
use crate::jpeg::JpegParameters;
use crate::{Parameters, Ticks, Timescale, Track, TrackId, Tracks};

pub(crate) fn tracks() -> Tracks {
    let aac = AacParameters::from_config(&[0x12, 0x10]).unwrap();
    let rate = std::num::NonZeroU32::new(44_100).unwrap();
    Tracks::new(vec![
        Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters: Parameters::H264(h264()) },
        Track { id: TrackId(1), timescale: Timescale::new(rate), parameters: Parameters::Aac(aac) },
    ])
}

fn h264() -> H264Parameters {
    let sps = [
        0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0,
        0x78, 0x3c, 0x58, 0xba, 0x80,
    ];
    H264Parameters::from_sets(&sps, &[0x68, 0xce, 0x0f, 0x2c, 0x80]).unwrap()
}

fn sample(len: usize, key: bool) -> Sample {
    Sample { data: Bytes::from(vec![7; len]), duration: 6_000, composition_offset: -3, key }
}

fn file(fragments: &[Vec<usize>]) -> (Vec<u8>, Vec<u64>) {
    let mut out = init_segment(&tracks()).unwrap().to_vec();
    let (mut ends, mut dts) = (vec![out.len() as u64], 0);
    for (number, sizes) in fragments.iter().enumerate() {
        let samples: Vec<Sample> =
            sizes.iter().enumerate().map(|(i, len)| sample(*len, i == 0)).collect();
        let count = samples.len() as i64;
        let video = Run { track: TrackId(0), base_dts: Ticks(dts), samples };
        let audio =
            Run { track: TrackId(1), base_dts: Ticks(dts / 2), samples: vec![sample(9, true)] };
        let made = fragment(number as u32 + 1, &[video, audio]).unwrap();
        dts += count * 6_000;
        out.extend_from_slice(&made.header);
        made.payload.iter().for_each(|data| out.extend_from_slice(data));
        ends.push(out.len() as u64);
        assert_eq!(made.len, ends[number + 1] - ends[number]);
    }
    (out, ends)
}

#[test]
fn parameters_of_every_codec_are_read_back() {
    let sets =
        |text: &str| crate::h264::nal::annex_b(&hex(text)).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let h265 = sets(
        "00000140010c01ffff01600000030090000003000003003f95900900000142010101600000030090000003000003003fa00\
         5120171c926595924932bc05a0200000300020000030032100000014401c172b46240",
    );
    let all = [
        Parameters::H264(h264()),
        Parameters::H265(H265Parameters::from_sets(&h265[0], &h265[1], &h265[2]).unwrap()),
        Parameters::Mjpeg(JpegParameters { width: 640, height: 480 }),
        Parameters::Aac(AacParameters::from_config(&[0x12, 0x10]).unwrap()),
        Parameters::Opus(OpusParameters { channels: 2, pre_skip: 312 }),
        Parameters::G711(G711Parameters { law: Law::A, sample_rate: 8_000, channels: 1 }),
        Parameters::G711(G711Parameters { law: Law::Mu, sample_rate: 16_000, channels: 2 }),
    ];
    let track = |(number, parameters): (u8, Parameters)| Track {
        id: TrackId(number),
        timescale: Timescale::VIDEO,
        parameters,
    };
    let tracks = Tracks::new((0..).zip(all).map(track).collect());
    let init = init_segment(&tracks).unwrap();
    assert_eq!(Index::scan(&init[..], init.len() as u64).unwrap().init.tracks, tracks);
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn a_written_file_is_read_back_with_its_tracks_and_samples() {
    let (bytes, ends) = file(&[vec![100, 20], vec![50, 1, 2]]);
    let index = Index::scan(&bytes[..], bytes.len() as u64).unwrap();
    assert_eq!(index.init.tracks, tracks());
    assert_eq!(index.tail, Tail::Clean);
    assert_eq!(index.fragments.len(), 2);
    assert_eq!(index.valid_len, *ends.last().unwrap());
    assert_eq!(index.duration(TrackId(0)), Ticks(5 * 6_000));
    assert_eq!(index.duration_micros(), 333_333);
    let read = samples(&bytes[..], &index.fragments[1]).unwrap();
    let video: Vec<_> = read.iter().filter(|s| s.track == TrackId(0)).collect();
    assert_eq!(
        video.iter().map(|s| (s.len, s.dts, s.key)).collect::<Vec<_>>(),
        [(50, Ticks(12_000), true), (1, Ticks(18_000), false), (2, Ticks(24_000), false),]
    );
    let first = &read[0];
    assert_eq!(bytes[first.offset as usize], 7);
    assert_eq!(first.composition_offset, -3);
}

#[test]
fn a_progressive_header_tells_the_length_of_the_whole_file() {
    let track = tracks().all()[0].clone();
    let entry =
        |key| Entry { len: 10, duration: 6_000, composition_offset: 0, key, description: 0 };
    let layout = Layout {
        tracks: vec![LayoutTrack {
            descriptions: vec![track.parameters.clone()],
            track,
            skip: Ticks(3_000),
        }],
        chunks: vec![Chunk { track: 0, entries: vec![entry(true), entry(false)] }],
    };
    let (header, len) = progressive::header(&layout).unwrap();
    assert_eq!(len, header.len() as u64 + 20);
    assert!(header.windows(4).any(|w| w == b"stss"));
}

proptest! {
    #[test]
    fn a_file_cut_anywhere_keeps_its_whole_fragments(
        sizes in proptest::collection::vec(proptest::collection::vec(1_usize..60, 1..5), 1..5),
        cut in 0.0_f64..1.0,
    ) {
        let (bytes, ends) = file(&sizes);
        let cut = (bytes.len() as f64 * cut) as usize;
        let whole = ends.iter().filter(|end| **end <= cut as u64).count();
        match Index::scan(&bytes[..cut], cut as u64) {
            Err(Error::Damaged { .. }) => prop_assert_eq!(whole, 0),
            Err(other) => prop_assert!(false, "{}", other),
            Ok(index) => {
                prop_assert_eq!(index.fragments.len() + 1, whole);
                prop_assert_eq!(index.valid_len, ends[whole - 1]);
                prop_assert_eq!(index.tail == Tail::Clean, index.valid_len == cut as u64);
            }
        }
    }

    #[test]
    fn changed_bytes_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let (mut bytes, _) = file(&[vec![30, 4], vec![5]]);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(index) = Index::scan(&bytes[..], bytes.len() as u64) {
            for fragment in &index.fragments {
                let _ = samples(&bytes[..], fragment);
            }
        }
    }

    #[test]
    fn any_bytes_are_an_index_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Index::scan(&bytes[..], bytes.len() as u64);
    }
}
