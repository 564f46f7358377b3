//! Parameter sets in key frames. Players that read the segments of a playlist as one file, such as ffmpeg's,
//! skip every initialisation segment but the first: after a change of parameters they need them here.

use bytes::Bytes;
use media::{AccessUnit, Parameters, h264, h265};

/// The bytes of a unit; a key frame that does not bring all its parameter sets has them.
pub(super) fn with_sets(parameters: &Parameters, unit: &AccessUnit) -> Bytes {
    let (kind, delimiter): (fn(&[u8]) -> u8, u8) = match parameters {
        Parameters::H264(_) => (h264::nal::kind, h264::nal::AUD),
        Parameters::H265(_) => (h265::nal::kind, h265::nal::AUD),
        _ => return unit.data.clone(),
    };
    let units = || h264::nal::units(&unit.data);
    let sets = parameters.sets().into_iter();
    let is_absent = |set: &&Bytes| !units().any(|nal| kind(nal) == kind(set));
    let absent: Vec<&[u8]> = sets.filter(is_absent).map(|set| &set[..]).collect();
    if !unit.key || absent.is_empty() {
        return unit.data.clone();
    }
    // A delimiter comes first where there is one (ITU-T H.264 section 7.4.1.2.3).
    let (first, rest): (Vec<&[u8]>, Vec<&[u8]>) = units().partition(|nal| kind(nal) == delimiter);
    h264::nal::join(first.into_iter().chain(absent).chain(rest))
}

#[cfg(test)]
mod tests {
    use media::h264::H264Parameters;
    use media::{Ticks, TrackId};

    use super::*;

    const SPS: [u8; 24] = [
        0x67, 0x42, 0xc0, 0x16, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0,
        0x7a, 0x3c, 0x58, 0xba, 0x80,
    ];
    const PPS: [u8; 4] = [0x68, 0xce, 0x0f, 0xc8];

    fn kinds(key: bool, nals: &[&[u8]]) -> Vec<u8> {
        let h264 = H264Parameters::from_sets(&SPS, &PPS).expect("they are right");
        let data = h264::nal::join(nals.iter().copied());
        let unit = AccessUnit::at_rest(TrackId(0), (Ticks(0), Ticks(0)), key, data);
        let with = with_sets(&Parameters::H264(h264), &unit);
        h264::nal::units(&with).map(h264::nal::kind).collect()
    }

    #[test]
    fn a_key_frame_has_its_sets_once_behind_the_delimiter() {
        assert_eq!(kinds(true, &[&[0x65, 1]]), [7, 8, 5]);
        assert_eq!(kinds(true, &[&[9, 0xf0], &[0x65, 1]]), [9, 7, 8, 5]);
        assert_eq!(kinds(true, &[&SPS, &PPS, &[0x65, 1]]), [7, 8, 5]);
        assert_eq!(kinds(true, &[&SPS, &[0x65, 1]]), [8, 7, 5]);
        assert_eq!(kinds(false, &[&[0x41, 1]]), [1]);
    }
}
