//! Why a source gave nothing, as a stable code with its arguments.
//!
//! The words for people are in the `api` room's catalogues, one per code and language.

use std::collections::BTreeMap;
use std::io;

use url::Url;

/// What a failure means for the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It may pass by itself: tried again with back-off.
    Passing,
    /// Somebody must change something: tried again every 30 s.
    NeedsPerson,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal $outlook:ident;)*) => {
        /// The kinds of failure. Each has a text in every language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// All kinds, for the test that each has its words.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What it means for the next try.
            #[must_use]
            pub const fn outlook(self) -> Outlook {
                match self { $(Self::$variant => Outlook::$outlook,)* }
            }
        }
    };
}

codes! {
    /// No way to the host.
    Unreachable "unreachable" Passing;
    /// The host has nothing on that port.
    Refused "refused" Passing;
    /// The host's name means nothing.
    NameUnknown "name_unknown" Passing;
    /// No answer in time.
    Timeout "timeout" Passing;
    /// Connected, but no picture came.
    Silent "silent" Passing;
    /// The camera ended the stream.
    StreamEnded "stream_ended" Passing;
    /// Wrong user or password.
    Unauthorized "unauthorized" NeedsPerson;
    /// It asks for a user and none is configured.
    CredentialsMissing "credentials_missing" NeedsPerson;
    /// No such path on the camera.
    NotFound "not_found" NeedsPerson;
    /// The address cannot be used.
    BadUrl "bad_url" NeedsPerson;
    /// It is an address, or leads to one, that this server may not connect to.
    AddressDenied "address_denied" NeedsPerson;
    /// The camera offers no video.
    NoVideo "no_video" NeedsPerson;
    /// The camera's codec is not one we carry.
    CodecUnsupported "codec_unsupported" NeedsPerson;
    /// The stream has several parameter sets at once, of which the built-in client keeps one.
    ParameterSets "parameter_sets" Passing;
    /// The camera does not speak over TCP, or not over UDP, as configured.
    TransportRefused "transport_refused" NeedsPerson;
    /// The configured client does not speak the address's protocol.
    ClientUnsupported "client_unsupported" NeedsPerson;
    /// The address needs ffmpeg, and it is not installed.
    FfmpegMissing "ffmpeg_missing" NeedsPerson;
    /// Reading what it sent failed in a way that nobody foresaw: a defect, here or in a library.
    Panicked "panicked" Passing;
    /// The camera answered with an error or with nonsense.
    ProtocolError "protocol_error" Passing;
}

/// A failure with the values of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind.
    pub kind: Kind,
    /// Values by name: `host`, `port`, `status`, `path`, `seconds`, `codec`, `address`,
    /// `detail`. No secrets.
    pub args: BTreeMap<&'static str, String>,
}

impl Failure {
    /// A failure without values.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self { kind, args: BTreeMap::new() }
    }

    /// With one more value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.insert(name, value.to_string());
        self
    }

    /// With the values that name the place it was for, unless it names one.
    #[must_use]
    pub(crate) fn of(mut self, url: &Url) -> Self {
        let port = url.port().or_else(|| well_known(url.scheme())).unwrap_or(0);
        let host = url.host_str().unwrap_or_default().to_owned();
        for (name, value) in [("host", host), ("port", port.to_string())] {
            self.args.entry(name).or_insert(value);
        }
        self.with("path", url.path())
    }

    /// Reads what an ffmpeg that pulled a stream complained of.
    pub(crate) fn from_ffmpeg(words: &str, with_credentials: bool) -> Self {
        const SIGNS: [(&str, Kind); 12] = [
            ("404 Not Found", Kind::NotFound),
            ("Connection refused", Kind::Refused),
            ("timed out", Kind::Timeout),
            ("Failed to resolve", Kind::NameUnknown),
            ("Name or service not known", Kind::NameUnknown),
            ("No route to host", Kind::Unreachable),
            ("unreachable", Kind::Unreachable),
            ("No such file", Kind::NotFound),
            ("matches no streams", Kind::NoVideo),
            ("Protocol not found", Kind::BadUrl),
            ("not on whitelist", Kind::BadUrl),
            ("Unsupported Transport", Kind::TransportRefused),
        ];
        if words.contains("401 Unauthorized") || words.contains("403 Forbidden") {
            return Self::from_status(401, with_credentials).with("detail", words);
        }
        let sign = SIGNS.iter().find(|(sign, _)| words.contains(sign));
        let ended = if words.is_empty() { Kind::StreamEnded } else { Kind::ProtocolError };
        Self::new(sign.map_or(ended, |(_, kind)| *kind)).with("detail", words)
    }

    /// Reads what the RTSP client says. Its error type keeps only a status for callers, so the
    /// operating system's number is read from its text.
    pub(crate) fn from_rtsp(error: &retina::Error, with_credentials: bool) -> Self {
        let text = base::secret::redact_urls(&error.to_string());
        let first_line = text.lines().next().unwrap_or_default();
        // A status of success in an error is an answer that could not be understood.
        if let Some(status) = error.status_code().filter(|status| *status >= 300) {
            return Self::from_status(status, with_credentials).with("detail", first_line);
        }
        let kind = if first_line.contains("lookup address information") {
            Kind::NameUnknown
        } else if let Some(os) = os_error(first_line) {
            Self::kind_of_io(os)
        } else if first_line == "Timeout" {
            Kind::Timeout
        } else if first_line.contains("EOF") || first_line.contains("closed") {
            Kind::StreamEnded
        } else if first_line.contains("nvalid URL") || first_line.contains("nvalid argument") {
            Kind::BadUrl
        } else {
            Kind::ProtocolError
        };
        Self::new(kind).with("detail", first_line)
    }

    fn from_status(status: u16, with_credentials: bool) -> Self {
        let kind = match status {
            401 | 403 if with_credentials => Kind::Unauthorized,
            401 | 403 => Kind::CredentialsMissing,
            404 | 410 => Kind::NotFound,
            461 => Kind::TransportRefused,
            _ => Kind::ProtocolError,
        };
        Self::new(kind).with("status", status)
    }

    pub(crate) fn kind_of_io(kind: io::ErrorKind) -> Kind {
        match kind {
            io::ErrorKind::ConnectionRefused => Kind::Refused,
            io::ErrorKind::TimedOut => Kind::Timeout,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Kind::StreamEnded,
            _ => Kind::Unreachable,
        }
    }
}

pub(crate) fn well_known(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "rtsp" => 554,
        "rtsps" => 322,
        "rtmp" => 1935,
        "http" => 80,
        "https" => 443,
        _ => return None,
    })
}

fn os_error(text: &str) -> Option<io::ErrorKind> {
    let (_, tail) = text.rsplit_once("(os error ")?;
    let number = tail.split(')').next()?.parse().ok()?;
    Some(io::Error::from_raw_os_error(number).kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operating_systems_number_in_a_text_is_understood() {
        let text = "Unable to connect to RTSP server: Connection refused (os error 111)";
        assert_eq!(os_error(text).map(Failure::kind_of_io), Some(Kind::Refused));
        assert_eq!(
            os_error("no route (os error 113)").map(Failure::kind_of_io),
            Some(Kind::Unreachable)
        );
        assert_eq!(os_error("nothing"), None);
    }

    #[test]
    fn a_refused_login_tells_missing_credentials_from_wrong_ones() {
        assert_eq!(Failure::from_status(401, true).kind, Kind::Unauthorized);
        assert_eq!(Failure::from_status(401, false).kind, Kind::CredentialsMissing);
        assert_eq!(Failure::from_status(404, true).kind.outlook(), Outlook::NeedsPerson);
    }
}
