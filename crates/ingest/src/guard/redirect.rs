//! Finds a redirect in what an RTSP camera says, as ffmpeg's reader would. Pure.
//!
//! That reader takes a line as a status line wherever it believes that one begins, which a camera can
//! bring about by wrong lengths of what stands before. So every place counts: a redirect in the
//! middle of media is cut too, and comes there by chance in one of 10^20 bytes.

use url::Url;

const PREFIX: &[u8] = b"RTSP/";

/// Follows the bytes of a connection.
#[derive(Debug, Default)]
pub(super) struct Scanner(State);

#[derive(Clone, Copy, Debug)]
enum State {
    /// So many bytes of the prefix have come.
    Prefix(usize),
    /// In the protocol's version.
    Version,
    /// Between version and status.
    Space,
    /// So many digits of a status have come, the first of them this one.
    Status { first: u8, len: u8 },
}

impl Default for State {
    fn default() -> Self {
        Self::Prefix(0)
    }
}

impl Scanner {
    /// The place in `bytes` at which it is sure that a redirect stands before it. Its head goes on there.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|byte| self.is_redirect_before(*byte))
    }

    fn is_redirect_before(&mut self, byte: u8) -> bool {
        let is_space = matches!(byte, b' ' | b'\t');
        self.0 = match self.0 {
            // The reader drops them wherever they stand.
            _ if byte == b'\r' => return false,
            State::Prefix(len) => match PREFIX.get(len) {
                Some(wanted) if *wanted == byte && len + 1 == PREFIX.len() => State::Version,
                Some(wanted) if *wanted == byte => State::Prefix(len + 1),
                _ => State::Prefix(usize::from(byte == b'R')),
            },
            State::Version if byte == b'\n' => State::default(),
            State::Version if is_space => State::Space,
            State::Version => State::Version,
            State::Space if is_space => State::Space,
            State::Space if byte.is_ascii_digit() => State::Status { first: byte, len: 1 },
            // What the reader of a number skips or takes before it, and no camera sends.
            State::Space if matches!(byte, b'+' | b'-' | 0x0b | 0x0c) => return true,
            State::Status { first, len } if byte.is_ascii_digit() && len < 3 => {
                State::Status { first, len: len + 1 }
            }
            // Longer ones may be cut to what they are not.
            State::Status { len: 3, .. } if byte.is_ascii_digit() => return true,
            State::Status { first: b'0' | b'3', len: 3 } => return true,
            State::Space | State::Status { .. } => State::Prefix(usize::from(byte == b'R')),
        };
        false
    }
}

/// The place that a head names, once the line that names it is whole.
pub(super) fn location(head: &[u8]) -> Option<Url> {
    let whole = head.get(..head.iter().rposition(|byte| *byte == b'\n')?)?;
    let text = String::from_utf8_lossy(whole);
    let mut headers = text.split('\n').filter_map(|line| line.split_once(':'));
    let (_, place) = headers.find(|(name, _)| name.trim().eq_ignore_ascii_case("Location"))?;
    let url = Url::parse(place.trim()).ok()?;
    (matches!(url.scheme(), "rtsp" | "rtsps") && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn is_cut(text: &[u8]) -> bool {
        Scanner::default().find(text).is_some()
    }

    #[test]
    fn redirects_are_found_in_every_form_that_is_read_as_one() {
        for text in [
            "RTSP/1.0 302 Found\r\n",
            "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\nRTSP/1.0 301 Moved\r\n",
            "$\0\0\x04abcdRTSP/1.0 305\n",
            "RTSP/2.0\t \t303 x\r\n",
            "RT\rSP/1.0 3\r0\r2\r\n",
            "RTSP/1.0 0302 x\n",
            "RTSP/1.0 4294967598 x\n",
            "RTSP/1.0 +302 x\n",
            "RTSP/1.0 \x0b302 x\n",
            "RRTSP/RTSP/1.0 RTSP/1.0 302 x\n",
        ] {
            assert!(is_cut(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn what_cameras_say_else_passes() {
        for text in [
            "RTSP/1.0 200 OK\r\nServer: ACME RTSP/1.0 server 3.1\r\n\r\n",
            "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"RTSP/ 30\"\r\n",
            "OPTIONS rtsp://a/ RTSP/1.0\r\nCSeq: 300\r\n\r\n",
            "a=tool:RTSP/3 RTSP/1.0 5 302\r\n",
        ] {
            assert!(!is_cut(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn the_place_is_read_from_a_whole_line() {
        let head = b" Moved\r\nCSeq: 2\r\nlocation: rtsp://b:99/x?y=1\r\n\r\n";
        assert_eq!(location(head).unwrap().as_str(), "rtsp://b:99/x?y=1");
        assert_eq!(location(head.get(..40).unwrap()), None);
        assert_eq!(location(b" Moved\r\nLocation: http://b/x\r\n\r\n"), None);
        assert_eq!(location(b" Moved\r\nLocation: \r\n\r\n"), None);
    }

    proptest! {
        #[test]
        fn a_redirect_is_found_however_it_comes_in(
            before: Vec<u8>, status in 300..400_u16, cut in 0..30_usize, after: Vec<u8>,
        ) {
            // What stands before may begin a status line of its own; a line's end ends it.
            let text = [&before, format!("\nRTSP/1.0 {status} \n").as_bytes(), &after].concat();
            let (first, second) = text.split_at(cut.min(text.len()));
            let mut scanner = Scanner::default();
            prop_assert!(scanner.find(first).is_some() || scanner.find(second).is_some());
        }

        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>) {
            let _ = Scanner::default().find(&bytes);
            let _ = location(&bytes);
        }
    }
}
