//! JPEG pictures (ITU-T T.81) as far as a stream needs them: their size, read from the frame header.

/// Bytes that are no JPEG picture, or one without a size.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a JPEG picture: {0}")]
pub struct Error(&'static str);

/// What a decoder must know of an M-JPEG track; the rest is in each picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JpegParameters {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

/// Segments before the frame header: application data, tables, comments.
const SEGMENTS_MAX: usize = 256;

impl JpegParameters {
    /// Reads a picture's size from its frame header (section B.2.2).
    ///
    /// # Errors
    /// When it does not begin as a JPEG picture, or has no frame header with a size.
    pub fn from_picture(picture: &[u8]) -> Result<Self, Error> {
        let mut rest = picture.strip_prefix(&[0xff, 0xd8]).ok_or(Error("no start of image"))?;
        for _ in 0..SEGMENTS_MAX {
            let [0xff, marker, after @ ..] = rest else { return Err(Error("no marker")) };
            rest = match marker {
                // Fill bytes and markers without content.
                0xff => rest.get(1..).unwrap_or_default(),
                0x01 | 0xd0..=0xd7 => after,
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return size(after),
                0xd9 | 0xda => return Err(Error("no frame header")),
                _ => {
                    let len = after.first_chunk().map(|len| usize::from(u16::from_be_bytes(*len)));
                    len.filter(|len| *len >= 2)
                        .and_then(|len| after.get(len..))
                        .ok_or(Error("cut short"))?
                }
            };
        }
        Err(Error("no frame header"))
    }
}

fn size(header: &[u8]) -> Result<JpegParameters, Error> {
    let [_, _, _, h1, h0, w1, w0, ..] = *header else { return Err(Error("cut short")) };
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    if width == 0 || height == 0 {
        return Err(Error("no size"));
    }
    Ok(JpegParameters { width, height })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_size_is_found_behind_application_data_and_fill_bytes() {
        let head =
            [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc0, 0, 17, 8, 1, 0xe0, 2, 0x80, 3];
        assert_eq!(
            JpegParameters::from_picture(&head),
            Ok(JpegParameters { width: 640, height: 480 })
        );
        assert!(JpegParameters::from_picture(&head[..12]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_size_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = JpegParameters::from_picture(&[&[0xff, 0xd8][..], &bytes].concat());
        }
    }
}
