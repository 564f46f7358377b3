//! The ffmpeg child that encodes a feed, and how it is told to. It answers in fragmented MP4: the one
//! form that carries every codec and its times through a pipe.

use std::collections::VecDeque;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, bail};
use child::Ffmpeg;
use media::mp4::{StreamEvent, StreamReader};
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdin, ChildStdout};

use crate::rtsp::Options;

/// How pictures are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum VideoCodec {
    /// H.264: Constrained Baseline, or Main with B-frames.
    #[default]
    H264,
    /// H.265 Main.
    H265,
}

impl FromStr for VideoCodec {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "h264" => Ok(Self::H264),
            "h265" => Ok(Self::H265),
            _ => bail!("h264 or h265"),
        }
    }
}

/// How sound is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Sound {
    /// There is none.
    #[default]
    None,
    /// AAC-LC of 16 kHz.
    Aac,
    /// G.711, mu-law.
    Pcmu,
    /// G.711, A-law.
    Pcma,
    /// Opus.
    Opus,
}

impl FromStr for Sound {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "none" => Ok(Self::None),
            "aac" => Ok(Self::Aac),
            "g711" => Ok(Self::Pcmu),
            "g711a" => Ok(Self::Pcma),
            "opus" => Ok(Self::Opus),
            _ => bail!("none, aac, g711, g711a or opus"),
        }
    }
}

impl Sound {
    const fn sample_rate(self) -> u32 {
        match self {
            Self::None | Self::Pcmu | Self::Pcma => 8_000,
            Self::Aac => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// Samples of a packet. What is drawn comes in pieces of them: from others, ffmpeg's encoders give
    /// packets in bursts, which its muxer marks with wrong times.
    const fn packet_len(self) -> u32 {
        match self {
            Self::None | Self::Pcmu | Self::Pcma => 160,
            Self::Aac => 1_024,
            Self::Opus => 960,
        }
    }

    /// Packets of 20 ms where the codec leaves a choice.
    const fn arguments(self) -> &'static str {
        match self {
            Self::None => "-an",
            Self::Aac => "-c:a aac -b:a 32k -ac 1 -ar 16000",
            Self::Pcmu => "-c:a pcm_mulaw -ac 1 -af aresample=8000,asetnsamples=n=160:p=0",
            Self::Pcma => "-c:a pcm_alaw -ac 1 -af aresample=8000,asetnsamples=n=160:p=0",
            Self::Opus => "-c:a libopus -b:a 32k -ac 1 -ar 48000",
        }
    }
}

/// What a child makes a feed of.
pub(crate) enum Source<'a> {
    /// Pictures that come through its input as they are drawn, the first one this far into a second.
    Live { second: f64 },
    /// This many pictures through its input.
    Some { frames: u32 },
    /// A clip, encoded anew.
    Clip(&'a Path),
    /// A clip as it is.
    Copy(&'a Path),
}

/// Frames from one key frame to the next.
pub(crate) fn group_len(options: &Options) -> u32 {
    let frames = (f64::from(options.fps) * options.gop).round().clamp(1.0, 10_000.0);
    (1..=10_000).find(|count| f64::from(*count) >= frames).unwrap_or(30)
}

fn arguments(source: &Source<'_>, options: &Options) -> Vec<String> {
    let mut out = Vec::new();
    let mut add = |text: &str| out.extend(text.split_whitespace().map(str::to_owned));
    match source {
        Source::Live { second } => add(&drawn(options, *second, None)),
        Source::Some { frames } => {
            add(&drawn(options, 0.0, Some(f64::from(*frames) / f64::from(options.fps))));
        }
        Source::Clip(clip) | Source::Copy(clip) => {
            let raw = clip.extension().is_some_and(|kind| {
                ["264", "h264", "265", "h265", "hevc", "jsv"].iter().any(|raw| kind == *raw)
            });
            // Bare pictures have no times of their own.
            if raw {
                add(&format!("-framerate {}", options.fps));
            }
            out.extend(["-i".to_owned(), clip.display().to_string()]);
            out.extend("-map 0:v:0 -map 0:a:0?".split(' ').map(str::to_owned));
        }
    }
    let mut add = |text: &str| out.extend(text.split_whitespace().map(str::to_owned));
    if let Source::Copy(_) = source {
        add("-c copy");
    } else {
        add(&video(options));
        add(options.sound.arguments());
    }
    if let Source::Clip(_) = source {
        let (w, h) = (options.width, options.height);
        add(&format!(
            "-vf scale={w}:{h}:force_original_aspect_ratio=decrease,pad={w}:{h}:-1:-1,setsar=1"
        ));
    }
    add(&container(source, options));
    out
}

/// Raw pictures through the input, and with sound a beep at each full second of the clock.
fn drawn(options: &Options, second: f64, duration: Option<f64>) -> String {
    let mut text = format!(
        "-f rawvideo -pix_fmt yuv420p -s {}x{} -r {} -i pipe:0 ",
        options.width, options.height, options.fps
    );
    if options.sound != Sound::None {
        let (rate, len) = (options.sound.sample_rate(), options.sound.packet_len());
        let end = duration.map_or_else(String::new, |seconds| format!(":d={seconds:.6}"));
        text.push_str(&format!(
            "-f lavfi -i aevalsrc=0.3*sin(2*PI*880*t)*lt(mod(t+{second:.6}\\,1)\\,0.1):s={rate}:n={len}{end} \
             -map 0:v:0 -map 1:a:0"
        ));
    }
    text
}

/// A key frame exactly every group, and no reordering unless it is asked for.
fn video(options: &Options) -> String {
    let (group, bit_rate, b) = (group_len(options), options.bitrate, options.b_frames);
    let codec = match options.codec {
        VideoCodec::H264 => {
            let profile = if b == 0 { "baseline" } else { "main" };
            format!(
                "-c:v libx264 -profile:v {profile} -bf {b} -threads 1 -g {group} -keyint_min {group} -sc_threshold 0"
            )
        }
        VideoCodec::H265 => format!(
            "-c:v libx265 -tag:v hvc1 -x265-params keyint={group}:min-keyint={group}:scenecut=0:open-gop=0:\
             bframes={b}:rc-lookahead={}:pools=1:frame-threads=1:log-level=error",
            if b == 0 { 0 } else { b + 1 }
        ),
    };
    format!(
        "{codec} -preset ultrafast -tune zerolatency -pix_fmt yuv420p -r {} -b:v {bit_rate}k -maxrate {bit_rate}k \
         -bufsize {bit_rate}k",
        options.fps
    )
}

/// MP4 has no G.711, and QuickTime no Opus. Live, each frame is a fragment; else each group, whose
/// times are exact to its end.
fn container(source: &Source<'_>, options: &Options) -> String {
    let form = if options.sound == Sound::Opus { "mp4" } else { "mov" };
    let fragments = match source {
        Source::Live { .. } => "frag_every_frame",
        _ => "frag_keyframe",
    };
    format!(
        "-video_track_timescale 90000 -f {form} -movflags +{fragments}+empty_moov+default_base_moof+delay_moov \
         -flush_packets 1 pipe:1"
    )
}

/// A running child and what it has said.
pub(crate) struct Encoder {
    child: Ffmpeg,
    stdout: ChildStdout,
    reader: StreamReader,
    events: VecDeque<StreamEvent>,
    buffer: Vec<u8>,
}

impl Encoder {
    pub(crate) fn start(
        source: &Source<'_>,
        options: &Options,
    ) -> anyhow::Result<(Self, ChildStdin)> {
        let mut child = Ffmpeg::start("pipe,file", arguments(source, options))?;
        let stdin = child.stdin().context("the child has an input")?;
        let stdout = child.stdout().context("the child has an output")?;
        let (reader, events) = (StreamReader::default(), VecDeque::new());
        Ok((Self { child, stdout, reader, events, buffer: vec![0; 64 << 10] }, stdin))
    }

    /// What comes next; `None` at its end. Cancel-safe.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<StreamEvent>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let count = self.stdout.read(&mut self.buffer).await?;
            if count == 0 {
                return Ok(None);
            }
            let mut events = Vec::new();
            self.reader.push(self.buffer.get(..count).unwrap_or_default(), &mut events)?;
            self.events.extend(events);
        }
    }

    /// What it complained of last.
    pub(crate) fn last_words(&self) -> String {
        self.child.last_words()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_with_spaces_in_its_name_is_one_word() {
        let options = Options { sound: Sound::Aac, ..Options::default() };
        let words = arguments(&Source::Clip(Path::new("/a b/c.mp4")), &options);
        assert!(words.contains(&"/a b/c.mp4".to_owned()), "{words:?}");
        assert!(words.contains(&"aac".to_owned()), "{words:?}");
        let words = arguments(&Source::Copy(Path::new("c.264")), &options);
        assert!(words.windows(2).any(|pair| pair == ["-framerate", "15"]), "{words:?}");
        assert!(!words.contains(&"aac".to_owned()), "{words:?}");
    }

    #[test]
    fn groups_have_a_frame_at_least() {
        let options = |fps, gop| Options { fps, gop, ..Options::default() };
        assert_eq!(group_len(&options(15, 2.0)), 30);
        assert_eq!(group_len(&options(15, 0.0)), 1);
        assert_eq!(group_len(&options(15, f64::NAN)), 30);
    }
}
