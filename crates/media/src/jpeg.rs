//! JPEG pictures (ITU-T T.81) as far as a stream needs them: their segments, and the size that the frame
//! header says.

pub(crate) mod huffman;

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

/// Segments before the scan: application data, tables, comments.
pub(crate) const SEGMENTS_MAX: usize = 256;

/// A picture taken apart from its start (section B.1.1).
pub(crate) struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    pub(crate) fn new(picture: &'a [u8]) -> Result<Self, Error> {
        let rest = picture.strip_prefix(&[0xff, 0xd8]).ok_or(Error("no start of image"))?;
        Ok(Self { rest })
    }

    /// The next marker, behind any fill bytes.
    pub(crate) fn marker(&mut self) -> Result<u8, Error> {
        let after = self.rest.strip_prefix(&[0xff]).ok_or(Error("no marker"))?;
        let fill = after.iter().take_while(|byte| **byte == 0xff).count();
        let (_, after) = after.split_at(fill);
        let (marker, rest) = after.split_first().ok_or(Error("no marker"))?;
        self.rest = rest;
        Ok(*marker)
    }

    /// What the marker's segment holds.
    pub(crate) fn content(&mut self) -> Result<&'a [u8], Error> {
        let cut = Error("cut short");
        let Some((len, _)) = self.rest.split_first_chunk() else { return Err(cut) };
        let len = usize::from(u16::from_be_bytes(*len));
        let (segment, rest) = self.rest.split_at_checked(len).ok_or(Error("cut short"))?;
        self.rest = rest;
        segment.get(2..).ok_or(cut)
    }

    /// What follows.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl JpegParameters {
    /// Reads a picture's size from its frame header (section B.2.2).
    ///
    /// # Errors
    /// When it does not begin as a JPEG picture, or has no frame header with a size.
    pub fn from_picture(picture: &[u8]) -> Result<Self, Error> {
        let mut segments = Segments::new(picture)?;
        for _ in 0..SEGMENTS_MAX {
            match segments.marker()? {
                // Markers without content.
                0x01 | 0xd0..=0xd7 => {}
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                    return size(segments.rest());
                }
                0xd9 | 0xda => break,
                _ => {
                    segments.content()?;
                }
            }
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
