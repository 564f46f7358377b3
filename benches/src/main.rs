//! Load runs with the real binary: what a recorded camera costs, what access costs, what viewers cost.
//!
//! Arguments: `--part recorder`, `--part access` or `--part live` for one of them, `--cameras 1,50` for other
//! counts (the highest is that of `live`), `--peer rtsp=8554,hls=8888,webrtc=8889,api=9997,pid=1234` for
//! another server beside ours.

mod access;
mod http;
mod live;
mod process;
mod recorder;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let binary =
        PathBuf::from(std::env::var_os("VEDETTE_BIN").context("VEDETTE_BIN; use `make bench`")?);
    let mut arguments = std::env::args().skip(1);
    let (mut counts, mut part, mut peer) = (None, None, None);
    while let Some(name) = arguments.next() {
        let value = arguments.next().context("each argument has a value")?;
        match name.as_str() {
            "--cameras" => {
                counts = Some(value.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?);
            }
            "--peer" => peer = Some(live::Peer::parse(&value)?),
            "--part" => part = Some(value),
            _ => bail!("{name}: not an argument"),
        }
    }
    let most = counts.iter().flatten().max().copied().unwrap_or(live::COUNT);
    let counts = counts.unwrap_or(recorder::COUNTS.to_vec());
    match part.as_deref() {
        Some("live") => live::run(&binary, peer.as_ref(), most),
        Some("access") => access::run(&binary),
        Some("recorder") => recorder::run(&binary, &counts),
        Some(other) => bail!("{other}: not a part"),
        None => {
            recorder::run(&binary, &counts)?;
            access::run(&binary)?;
            live::run(&binary, peer.as_ref(), most)
        }
    }
}
