//! A stream through an ffmpeg child: access units in, the newest JPEG picture out.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use child::Ffmpeg;
use hub::{Event, Subscriber};
use media::{Parameters, Track, h264};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

/// No JPEG picture of a camera is larger.
const PICTURE_LEN_MAX: usize = 32 << 20;
/// A child that has ended is started again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Decodes what `reader` gives until it is dropped, `fps` pictures a second, which go to `newest`.
pub(super) async fn run(mut reader: Subscriber, fps: u8, newest: watch::Sender<Option<Bytes>>) {
    let mut video = None;
    loop {
        let track = match video.take() {
            Some(track) => track,
            None => next_video(&mut reader).await,
        };
        match decode(&mut reader, &track, fps, &newest).await {
            Ok(next) => video = next,
            Err(error) => {
                tracing::warn!(stream = %reader.path(), err = %error, "pictures cannot be decoded");
                tokio::time::sleep(AGAIN_AFTER).await;
                video = Some(track);
            }
        }
    }
}

async fn next_video(reader: &mut Subscriber) -> Track {
    loop {
        if let Event::Tracks(tracks) = reader.next().await
            && let Some(track) = tracks.video()
        {
            return track.clone();
        }
    }
}

/// Until the stream becomes another one, which is given back if it has pictures, or the child ends.
async fn decode(
    reader: &mut Subscriber,
    track: &Track,
    fps: u8,
    newest: &watch::Sender<Option<Bytes>>,
) -> Result<Option<Track>, child::Error> {
    let format = match track.parameters {
        Parameters::H264(_) => "h264",
        Parameters::H265(_) => "hevc",
        _ => return Ok(None),
    };
    let arguments = format!(
        "-probesize 32 -analyzeduration 0 -fflags nobuffer -flags low_delay -use_wallclock_as_timestamps 1 \
         -f {format} -i pipe:0 -vf fps={fps} -pix_fmt yuvj420p -q:v 5 -threads 1 -flush_packets 1 -f mjpeg pipe:1"
    );
    let mut child = Ffmpeg::start("pipe", arguments.split_ascii_whitespace())?;
    let (Some(stdin), Some(stdout)) = (child.stdin(), child.stdout()) else { return Ok(None) };
    tokio::select! {
        next = feed(reader, track, stdin) => if let Some(next) = next {
            return Ok(next);
        },
        () = read(stdout, newest) => {}
    }
    // Why it ended is told by the caller, which waits before the next.
    child.wait().await?;
    tokio::time::sleep(AGAIN_AFTER).await;
    Ok(Some(track.clone()))
}

/// Writes units until the stream becomes another one; `None`: the child takes no more.
async fn feed(
    reader: &mut Subscriber,
    track: &Track,
    mut to: impl AsyncWrite + Unpin,
) -> Option<Option<Track>> {
    loop {
        match reader.next().await {
            Event::Unit(unit) if unit.track == track.id => {
                let mut out = BytesMut::with_capacity(unit.data.len() + 256);
                for set in track.parameters.sets().into_iter().filter(|_| unit.key) {
                    out.extend_from_slice(&[0, 0, 0, 1]);
                    out.extend_from_slice(set);
                }
                out.extend_from_slice(&h264::nal::to_annex_b(&unit.data));
                to.write_all(&out).await.ok()?;
            }
            Event::Tracks(tracks) => match tracks.video() {
                Some(video) if video.parameters == track.parameters && video.id == track.id => {}
                video => return Some(video.cloned()),
            },
            Event::Unit(_) | Event::Skipped(_) | Event::Ended => {}
        }
    }
}

/// Reads pictures until there are no more.
async fn read(mut from: impl AsyncRead + Unpin, newest: &watch::Sender<Option<Bytes>>) {
    let mut pictures = Splitter::default();
    let mut buffer = BytesMut::with_capacity(64 << 10);
    while let Ok(1..) = from.read_buf(&mut buffer).await {
        pictures.push(&buffer.split());
        while let Some(picture) = pictures.next() {
            newest.send_replace(Some(picture));
        }
        buffer.reserve(64 << 10);
    }
}

/// Finds the pictures in what a child writes: one behind the other. Pure.
#[derive(Default)]
pub(super) struct Splitter {
    buffer: BytesMut,
    /// Up to here there is no end of a picture.
    looked: usize,
}

impl Splitter {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() > PICTURE_LEN_MAX {
            *self = Self::default();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole picture. Coded data has no end marker inside (ITU-T T.81 section B.1.1.5).
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let rest = self.buffer.get(self.looked..)?;
        let Some(found) = rest.windows(2).position(|pair| pair == [0xff, 0xd9]) else {
            self.looked = self.buffer.len().saturating_sub(1);
            return None;
        };
        let picture = self.buffer.split_to(self.looked + found + 2).freeze();
        self.looked = 0;
        let start = picture.windows(2).position(|pair| pair == [0xff, 0xd8])?;
        Some(picture.slice(start..))
    }
}
