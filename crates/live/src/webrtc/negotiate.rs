//! What an offer asks for, and which of a stream's tracks answer it. Pure.
//!
//! Reads of an offer only what the choice needs; the conversation itself is the library's.

use media::{Parameters, Track, TrackId, Tracks};
use str0m::format::CodecConfig;

/// A longer offer is none.
pub const OFFER_LEN_MAX: usize = 64 << 10;
const SECTIONS_MAX: usize = 32;

/// What every browser takes, as the media of an offer.
pub const USUAL_OFFER: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=recvonly\r\na=rtpmap:96 H264/90000\r\n\
    a=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r\na=mid:1\r\n\
    a=recvonly\r\na=rtpmap:111 opus/48000/2\r\n";

/// A media section of an offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its `a=mid`.
    pub mid: String,
    /// True for pictures, false for sound.
    pub is_video: bool,
    /// The offerer would receive.
    pub receives: bool,
    /// The offerer would send.
    pub sends: bool,
    /// Payload types.
    pub formats: Vec<Format>,
}

/// A payload type of an offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Format {
    payload_type: u8,
    /// In capitals: `H264`.
    codec: String,
    clock: u32,
    /// `a=fmtp`, as it stands there.
    parameters: String,
}

impl Format {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// Of H.264: the profile and level as `profile-level-id` writes them.
    fn profile_level(&self) -> Option<u32> {
        u32::from_str_radix(self.parameter("profile-level-id")?, 16).ok()
    }

    fn is_fragmenting(&self) -> bool {
        self.parameter("packetization-mode") == Some("1")
    }
}

/// The media sections of an offer; empty for what is none.
#[must_use]
pub fn sections(offer: &str) -> Vec<Section> {
    let mut all: Vec<Section> = Vec::new();
    for line in offer.lines().map(str::trim_end) {
        if let Some(media) = line.strip_prefix("m=") {
            if all.len() >= SECTIONS_MAX {
                break;
            }
            all.push(open_section(media));
            continue;
        }
        let Some(section) = all.last_mut() else { continue };
        match line.strip_prefix("a=") {
            Some("recvonly") => (section.receives, section.sends) = (true, false),
            Some("sendonly") => (section.receives, section.sends) = (false, true),
            Some("sendrecv") => (section.receives, section.sends) = (true, true),
            Some("inactive") => (section.receives, section.sends) = (false, false),
            Some(attribute) => read_attribute(section, attribute),
            None => {}
        }
    }
    all
}

fn open_section(media: &str) -> Section {
    let mut words = media.split_ascii_whitespace();
    let is_video = words.next() == Some("video");
    // Port and protocol.
    let formats = words.skip(2).filter_map(|word| word.parse().ok()).take(128);
    let format = |payload_type: u8| {
        let (codec, clock) = match payload_type {
            0 => ("PCMU", 8_000),
            8 => ("PCMA", 8_000),
            _ => ("", 0),
        };
        Format { payload_type, codec: codec.to_owned(), clock, parameters: String::new() }
    };
    let formats = formats.map(format).collect();
    Section { mid: String::new(), is_video, receives: true, sends: true, formats }
}

fn read_attribute(section: &mut Section, attribute: &str) {
    let Some((name, value)) = attribute.split_once(':') else { return };
    if name == "mid" {
        section.mid = value.trim().chars().take(16).collect();
        return;
    }
    let Some((payload_type, rest)) = value.split_once(' ') else { return };
    let wanted = payload_type.parse().ok();
    let found = section.formats.iter_mut().find(|format| Some(format.payload_type) == wanted);
    let Some(format) = found else { return };
    match name {
        "rtpmap" => {
            let mut parts = rest.trim().split('/');
            format.codec = parts.next().unwrap_or_default().to_ascii_uppercase();
            format.clock = parts.next().and_then(|clock| clock.parse().ok()).unwrap_or(0);
        }
        "fmtp" => rest.trim().clone_into(&mut format.parameters),
        _ => {}
    }
}

/// A track that will be sent, and in which section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The stream's.
    pub track: TrackId,
    /// The offer's.
    pub mid: String,
    /// True for pictures.
    pub is_video: bool,
    format: Format,
}

/// What of a stream an offer gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// At most one track of pictures and one of sound.
    pub carried: Vec<Carried>,
    /// Codecs that are left out, by their short names.
    pub omitted: Vec<&'static str>,
}

/// Chooses the first track of each kind that WebRTC carries and the offer takes.
#[must_use]
pub fn choose(tracks: &Tracks, offered: &[Section]) -> Choice {
    let mut choice = Choice::default();
    for track in tracks.all() {
        let is_video = track.parameters.is_video();
        let wanted =
            offered.iter().filter(|section| section.is_video == is_video && section.receives);
        let mut wanted = wanted.peekable();
        if wanted.peek().is_none() || choice.carried.iter().any(|one| one.is_video == is_video) {
            continue;
        }
        let found = wanted.find_map(|section| {
            let format = carrying(&track.parameters, &section.formats)?.clone();
            Some(Carried { track: track.id, mid: section.mid.clone(), is_video, format })
        });
        match found {
            Some(found) => choice.carried.push(found),
            None => choice.omitted.push(track.parameters.name()),
        }
    }
    choice
}

/// The payload type by which these parameters can be sent.
fn carrying<'a>(parameters: &Parameters, formats: &'a [Format]) -> Option<&'a Format> {
    let (codec, clock) = wire_name(parameters)?;
    let fits = |format: &&Format| format.codec == codec && format.clock == clock;
    let mut all = formats.iter().filter(fits);
    match parameters {
        Parameters::H264(h264) => {
            // Browsers decode more than they offer: the same profile first, then any.
            let wanted = profile_of(&h264.rfc6381());
            let fragmenting: Vec<_> = all.filter(|format| format.is_fragmenting()).collect();
            let profile = |format: &Format| format.profile_level().map(|id| id >> 16);
            let same = fragmenting.iter().find(|format| profile(format) == wanted);
            same.or(fragmenting.first()).copied()
        }
        _ => all.next(),
    }
}

/// The profile in `avc1.PPCCLL`.
fn profile_of(rfc6381: &str) -> Option<u32> {
    u32::from_str_radix(rfc6381.strip_prefix("avc1.")?.get(..2)?, 16).ok()
}

/// Name and clock of what WebRTC carries; with B-frames it carries no pictures.
fn wire_name(parameters: &Parameters) -> Option<(&'static str, u32)> {
    if parameters.b_frames() {
        return None;
    }
    match parameters {
        Parameters::H264(_) => Some(("H264", 90_000)),
        Parameters::H265(_) => Some(("H265", 90_000)),
        Parameters::Opus(_) => Some(("OPUS", 48_000)),
        Parameters::G711(g711) if g711.sample_rate == 8_000 && g711.channels == 1 => {
            match parameters.name() {
                "pcma" => Some(("PCMA", 8_000)),
                _ => Some(("PCMU", 8_000)),
            }
        }
        Parameters::Mjpeg(_) | Parameters::Aac(_) | Parameters::G711(_) => None,
    }
}

/// True when another track may follow in the same section.
#[must_use]
pub fn continues(old: &Parameters, new: &Track) -> bool {
    let name = wire_name(&new.parameters);
    name.is_some() && name == wire_name(old)
}

/// Clock of a track's RTP times.
#[must_use]
pub fn clock(parameters: &Parameters) -> u32 {
    wire_name(parameters).map_or(90_000, |(_, clock)| clock)
}

/// The codecs that an answer names: what was chosen, and for each section that stays silent one that it
/// takes, since some players do not bear a section without codecs.
#[must_use]
pub fn codecs(choice: &[Carried], offered: &[Section]) -> CodecConfig {
    let mut codecs = CodecConfig::empty();
    for carried in choice {
        add(&mut codecs, &carried.format);
    }
    for section in offered {
        if !choice.iter().any(|carried| carried.is_video == section.is_video)
            && let Some(format) = section.formats.iter().find(|format| is_publishable(format))
        {
            add(&mut codecs, format);
        }
    }
    codecs
}

/// The offer with all sections but those of `mids` inactive.
#[must_use]
pub fn with_only(offer: &str, mids: &[&str]) -> String {
    let silent: Vec<bool> =
        sections(offer).iter().map(|section| !mids.contains(&section.mid.as_str())).collect();
    let (mut out, mut index) = (String::with_capacity(offer.len()), 0);
    for line in offer.lines().map(str::trim_end) {
        index += usize::from(line.starts_with("m="));
        let is_silent = index.checked_sub(1).and_then(|n| silent.get(n)).copied().unwrap_or(false);
        let is_direction = matches!(line, "a=recvonly" | "a=sendonly" | "a=sendrecv");
        out.push_str(if is_silent && is_direction { "a=inactive" } else { line });
        out.push_str("\r\n");
    }
    out
}

fn is_publishable(format: &Format) -> bool {
    match format.codec.as_str() {
        "H264" => format.is_fragmenting(),
        "OPUS" | "PCMA" | "PCMU" | "H265" => true,
        _ => false,
    }
}

/// The codecs that a publisher may send, of those that it offers.
#[must_use]
pub fn publishable(offered: &[Section]) -> CodecConfig {
    let mut codecs = CodecConfig::empty();
    for kind in [true, false] {
        let section = offered.iter().find(|section| section.is_video == kind && section.sends);
        let formats = section.map(|section| section.formats.as_slice()).unwrap_or_default();
        let known = formats.iter().filter(|format| is_publishable(format));
        // H.264 before H.265: it goes to every protocol.
        let mut known: Vec<_> = known.collect();
        known.sort_by_key(|format| format.codec == "H265");
        // One for each kind: so it is known what will come.
        known.into_iter().take(1).for_each(|format| add(&mut codecs, format));
    }
    codecs
}

/// Local numbers are free to choose: answers use the offer's.
fn add(codecs: &mut CodecConfig, format: &Format) {
    let used = codecs.params().len();
    let number = u8::try_from(used).unwrap_or(0).min(14) * 2;
    let (own, resend) = ((96 + number).into(), (97 + number).into());
    match format.codec.as_str() {
        "H264" => {
            codecs.add_h264(own, Some(resend), true, format.profile_level().unwrap_or(0x42_e0_1f));
        }
        "H265" => {
            let number = |name, otherwise| {
                format.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
            };
            let (profile, tier) = (number("profile-id", 1), number("tier-flag", 0));
            codecs.add_h265(own, Some(resend), profile, tier, number("level-id", 93));
        }
        "OPUS" => codecs.enable_opus(true, false),
        "PCMA" => codecs.enable_pcma(true, false),
        "PCMU" => codecs.enable_pcmu(true, false),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
