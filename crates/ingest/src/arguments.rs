//! What an ffmpeg child is told: to pull an address as it is, or to make one stream of another. Pure.

use hub::paths::Derivation;
use url::Url;

use crate::source::{Derived, SourceSpec, Transport};

/// How the child packs what it pulls. No form takes every codec; the child says so when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Takes G.711, but no Opus.
    Mov,
    /// Takes Opus, but no G.711.
    Mp4,
    /// Takes any video that we carry, without sound.
    Silent,
}

impl Form {
    /// The next form to try, by what the child complained of; `None` when it was not the form.
    pub(crate) fn after(self, words: &str) -> Option<Self> {
        let refused = ["only supported in MP4", "Could not find tag", "Could not write header"];
        if !refused.iter().any(|sign| words.contains(sign)) {
            return None;
        }
        match self {
            Self::Mov => Some(Self::Mp4),
            Self::Mp4 => Some(Self::Silent),
            Self::Silent => None,
        }
    }
}

/// The protocols that the child may use for the address.
pub(crate) fn protocols(spec: &SourceSpec, url: &Url) -> &'static str {
    if spec.derived.is_some() {
        return "pipe";
    }
    match url.scheme() {
        "rtsp" if spec.transport == Transport::Udp => "pipe,rtsp,rtp,udp,tcp",
        "rtsp" => "pipe,rtsp,tcp",
        "rtsps" => "pipe,rtsp,httpproxy,tcp,tls,crypto",
        "http" | "https" => "pipe,http,https,httpproxy,tcp,tls,crypto,hls",
        "rtmp" => "pipe,rtmp,rtmpt,tcp",
        "srt" => "pipe,srt",
        "udp" => "pipe,udp,rtp",
        "file" => "pipe,file",
        _ => "pipe",
    }
}

/// All arguments but those that every child gets. `url` is the spec's with its host checked.
pub(crate) fn of(spec: &SourceSpec, url: &Url, form: Form) -> Vec<String> {
    let mut out = Vec::new();
    match &spec.derived {
        Some(Derived { codec: Some(codec), .. }) => convert(*codec, form, &mut out),
        Some(derived) => derive(derived, &mut out),
        None => pull(spec, url, form, &mut out),
    }
    // Each picture makes a fragment; the flag for that gives sound wrong times when it comes in bursts.
    let is_silent = spec.derived.as_ref().is_some_and(|derived| derived.codec.is_none());
    let container = if form == Form::Mov && !is_silent { "mov" } else { "mp4" };
    words(
        &mut out,
        &format!(
            "-f {container} -movflags +empty_moov+default_base_moof+delay_moov -frag_duration 1 -flush_packets 1 pipe:1"
        ),
    );
    out
}

fn words(out: &mut Vec<String>, text: &str) {
    out.extend(text.split_ascii_whitespace().map(str::to_owned));
}

fn pull(spec: &SourceSpec, url: &Url, form: Form, out: &mut Vec<String>) {
    let mut codec = "copy";
    words(out, "-fflags +nobuffer -analyzeduration 2000000");
    match url.scheme() {
        "rtsp" | "rtsps" => {
            let transport = if spec.transport == Transport::Udp { "udp" } else { "tcp" };
            words(out, &format!("-rtsp_transport {transport} -timeout 10000000 -i"));
            out.push(with_credentials(spec, url).to_string());
        }
        "file" => {
            words(out, "-re -stream_loop -1 -i");
            out.push(local_path(url));
        }
        "v4l2" => {
            codec = "libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 60";
            words(out, "-f v4l2 -i");
            out.push(local_path(url));
        }
        scheme => {
            if matches!(scheme, "http" | "https" | "rtmp") {
                words(out, "-rw_timeout 10000000");
            }
            out.push("-i".to_owned());
            out.push(with_credentials(spec, url).to_string());
        }
    }
    words(out, &format!("-map 0:v:0 -c:v {codec}"));
    words(out, if form == Form::Silent { "-an" } else { "-map 0:a:0? -c:a copy" });
}

fn derive(derived: &Derived, out: &mut Vec<String>) {
    words(out, "-fflags +nobuffer -f mp4 -i pipe:0 -an");
    let mut filters = Vec::new();
    if let Some((width, height)) = derived.size {
        filters.push(format!(
            "scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
        ));
    }
    if let Some(framerate) = derived.framerate {
        filters.push(format!("fps={framerate}"));
    }
    if !filters.is_empty() {
        words(out, &format!("-vf {}", filters.join(",")));
    }
    words(
        out,
        "-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -force_key_frames expr:gte(t,n_forced*2)",
    );
}

/// One codec made, the rest as it is.
fn convert(codec: Derivation, form: Form, out: &mut Vec<String>) {
    words(out, "-fflags +nobuffer -f mp4 -i pipe:0 -map 0:v:0");
    let (video, audio) = match codec {
        Derivation::H264 => (
            "libx264 -preset veryfast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -force_key_frames expr:gte(t,n_forced*2)",
            "copy",
        ),
        Derivation::Opus => ("copy", "libopus -b:a 64k -application lowdelay"),
        Derivation::Aac => ("copy", "aac -b:a 96k"),
    };
    words(out, &format!("-c:v {video}"));
    match form {
        Form::Silent => words(out, "-an"),
        Form::Mov | Form::Mp4 => words(out, &format!("-map 0:a:0? -c:a {audio}")),
    }
}

fn with_credentials(spec: &SourceSpec, url: &Url) -> Url {
    let mut url = url.clone();
    if !spec.username.is_empty() {
        // Only addresses without a host refuse credentials, and they have none.
        let _ = url.set_username(&spec.username);
        let _ = url.set_password(Some(spec.password.reveal()));
    }
    url
}

fn local_path(url: &Url) -> String {
    url.to_file_path().map_or_else(|()| url.path().to_owned(), |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_refuses_the_sound_gives_way_to_the_next() {
        assert_eq!(Form::Mov.after("[mov @ 0x1] opus only supported in MP4."), Some(Form::Mp4));
        assert_eq!(Form::Mp4.after("Could not find tag for codec pcm_alaw"), Some(Form::Silent));
        assert_eq!(Form::Mov.after("Connection refused"), None);
    }
}
