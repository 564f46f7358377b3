//! One key frame to one JPEG picture, by an ffmpeg child.

use bytes::Bytes;
use child::Ffmpeg;
use media::{Parameters, h264};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Error;

/// No JPEG picture of a camera is larger.
const PICTURE_LEN_MAX: u64 = 32 << 20;

/// Decodes `key_frame` and scales it to `width` pixels where one is given. Dropping the future ends the
/// child.
pub(super) async fn decode(
    parameters: &Parameters,
    key_frame: &Bytes,
    width: Option<u16>,
) -> Result<Bytes, Error> {
    let (format, input) = match parameters {
        Parameters::Mjpeg(_) if width.is_none() => return Ok(key_frame.clone()),
        Parameters::Mjpeg(_) => ("mjpeg", key_frame.clone()),
        Parameters::H264(_) => ("h264", annex_b(parameters, key_frame)),
        Parameters::H265(_) => ("hevc", annex_b(parameters, key_frame)),
        _ => return Err(Error::NoPicture),
    };
    let scale = width.map(|width| format!("-vf scale={width}:-2")).unwrap_or_default();
    let arguments = format!(
        "-f {format} -i pipe:0 -frames:v 1 {scale} -pix_fmt yuvj420p -q:v 4 -threads 1 -f mjpeg pipe:1"
    );
    let mut child = Ffmpeg::start("pipe", arguments.split_ascii_whitespace())?;
    let (stdin, stdout) = (child.stdin(), child.stdout());
    let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else { return Err(Error::NoPicture) };
    let mut picture = Vec::new();
    let feed = async move {
        // A child that has its picture closes its input before all is written.
        let _ = stdin.write_all(&input).await;
    };
    let mut stdout = stdout.take(PICTURE_LEN_MAX);
    let (read, ()) = tokio::join!(stdout.read_to_end(&mut picture), feed);
    child.wait().await?;
    if read.is_err() || media::jpeg::JpegParameters::from_picture(&picture).is_err() {
        return Err(Error::NoPicture);
    }
    Ok(picture.into())
}

fn annex_b(parameters: &Parameters, key_frame: &Bytes) -> Bytes {
    let mut out = Vec::with_capacity(key_frame.len() + 256);
    for set in parameters.sets() {
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(set);
    }
    out.extend_from_slice(&h264::nal::to_annex_b(key_frame));
    out.into()
}
