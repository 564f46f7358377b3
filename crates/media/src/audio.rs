//! Audio parameters (AAC: ISO/IEC 14496-3; Opus: RFC 6716 and 7845; G.711: ITU-T G.711).

use bytes::Bytes;

/// Samples a second by `samplingFrequencyIndex`, ISO/IEC 14496-3 table 1.18.
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];
/// Channels by `channelConfiguration`, table 1.19; 0 is for streams that say it elsewhere.
const CHANNELS: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 8];

/// Opus always counts in 48 kHz (RFC 7845 section 4).
pub const OPUS_RATE: u32 = 48_000;

/// What a decoder must know of an Opus track. Access units are Opus packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusParameters {
    /// 1 or 2.
    pub channels: u8,
    /// Samples at 48 kHz that a decoder drops at the beginning.
    pub pre_skip: u16,
}

/// The two laws of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// PCMA, of Europe and most of the world.
    A,
    /// PCMU, of North America and Japan.
    Mu,
}

/// What a decoder must know of a G.711 track. Access units are samples of 8 bits, channels in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct G711Parameters {
    /// How samples are companded.
    pub law: Law,
    /// Samples a second; 8,000 unless a camera does better.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a usable AudioSpecificConfig")]
pub struct Error;

/// What a decoder must know of an AAC track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AacParameters {
    /// `AudioSpecificConfig`, ISO/IEC 14496-3 section 1.6.2.1.
    pub config: Bytes,
    /// Audio object type: 2 for AAC-LC.
    pub object_type: u8,
    /// Samples a second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
}

impl AacParameters {
    /// The parameters of frames with indices into tables 1.18 and 1.19, as ADTS headers have them.
    ///
    /// # Errors
    /// When an index names no rate or no channels, or the type is 0 or over 30.
    pub fn from_indices(object_type: u8, rate: u8, channels: u8) -> Result<Self, Error> {
        if object_type > 30 || rate > 12 || channels > 7 {
            return Err(Error);
        }
        Self::from_config(&[object_type << 3 | rate >> 1, (rate & 1) << 7 | channels << 3])
    }

    /// The indices of the rate and of the channels in tables 1.18 and 1.19, where they are there.
    #[must_use]
    pub fn indices(&self) -> Option<(u8, u8)> {
        let rate = RATES.iter().position(|rate| *rate == self.sample_rate)?;
        let channels = CHANNELS.iter().position(|count| *count == self.channels)?;
        Some((u8::try_from(rate).ok()?, u8::try_from(channels).ok()?))
    }

    /// Reads an `AudioSpecificConfig`.
    ///
    /// # Errors
    /// When it is cut short, over 64 bytes, or names no rate or channels.
    pub fn from_config(config: &[u8]) -> Result<Self, Error> {
        if config.len() > 64 {
            return Err(Error);
        }
        let mut bits = Bits { bytes: config, at: 0 };
        let mut object_type = bits.take(5)?;
        if object_type == 31 {
            object_type = 32 + bits.take(6)?;
        }
        let sample_rate = match bits.take(4)? {
            15 => bits.take(24)?,
            index => {
                *usize::try_from(index).ok().and_then(|index| RATES.get(index)).ok_or(Error)?
            }
        };
        let channels = usize::try_from(bits.take(4)?).map_err(|_| Error)?;
        let channels = *CHANNELS.get(channels).filter(|count| **count > 0).ok_or(Error)?;
        if sample_rate == 0 || object_type == 0 {
            return Err(Error);
        }
        Ok(Self {
            config: Bytes::copy_from_slice(config),
            object_type: u8::try_from(object_type).map_err(|_| Error)?,
            sample_rate,
            channels,
        })
    }

    /// The `codecs` parameter of RFC 6381.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        format!("mp4a.40.{}", self.object_type)
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Result<u32, Error> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8).ok_or(Error)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn aac_lc_of_44100_hz_in_stereo_is_read() {
        let read = AacParameters::from_config(&[0x12, 0x10]).expect("two bytes are enough");
        assert_eq!((read.object_type, read.sample_rate, read.channels), (2, 44_100, 2));
        assert_eq!(read.rfc6381(), "mp4a.40.2");
        assert_eq!(AacParameters::from_config(&[0x12]), Err(Error));
    }

    proptest! {
        #[test]
        fn any_bytes_give_parameters_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = AacParameters::from_config(&bytes);
        }
    }
}
