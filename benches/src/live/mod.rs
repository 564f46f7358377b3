//! What live viewers cost, beside a peer in the same run when one is given.
//!
//! Cameras are simulated (640x480, 15 frames a second, 512 kbit/s, a key frame every 2 s) and carry the
//! clock by which viewers tell how late a picture is. One subject is loaded at a time; viewers and cameras
//! run beside it. Aims are those of the project; nothing is asserted.

mod look;
mod subject;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use self::look::{Look, Seen, first_picture, look};
pub use self::subject::Peer;
use self::subject::{Addresses, Subject, count};
use crate::process::{cpu, pss, say, simulate};

/// Streams and RTSP readers.
pub const COUNT: usize = 500;
const WINDOW: Duration = Duration::from_secs(12);
const WARM_UP: Duration = Duration::from_secs(14);
const MIB: f64 = 1_048_576.0;
const HLS_VIEWERS: usize = 20;
const FIRST_VIEWERS: usize = 21;

/// Rows of one subject: what was measured, its number, the aim.
type Rows = Vec<(String, f64, &'static str)>;

/// Measures ours and the peer, and prints them side by side.
pub fn run(binary: &Path, peer: Option<&Peer>, most: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_cameras, base) = simulate(binary, most, folder.path())?;
    say(&format!("live       window {WINDOW:?}, up to {most} streams and readers"));
    say("live       what                                            ours      peer     ratio  aim");
    let own = |cameras: usize| Subject::own(binary, &base, cameras);
    let other = |cameras: usize| peer.map(|peer| peer.hold(&base, cameras)).transpose();
    // What a server without cameras needs is not the cameras'.
    let idle = Idle {
        own: pss(own(0)?.pid)?,
        other: other(0)?.map(|subject| pss(subject.pid)).transpose()?.unwrap_or(0.0),
    };
    for part in [Part::Held, Part::RtspEach, Part::One] {
        let cameras = if part == Part::One { 1 } else { most };
        let ours = {
            let subject = own(cameras)?;
            Trial { binary, subject: &subject, part, most, idle: idle.own }.measure()
        };
        let theirs = other(cameras)?.map(|subject| {
            Trial { binary, subject: &subject, part, most, idle: idle.other }.measure()
        });
        print(&ours, theirs.as_ref());
    }
    // Its cameras end with us.
    other(0).map(|_| ())
}

/// What is measured with the same cameras.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Held,
    RtspEach,
    One,
}

/// Bytes of servers without cameras.
struct Idle {
    own: f64,
    other: f64,
}

/// A part with a subject.
struct Trial<'a> {
    binary: &'a Path,
    subject: &'a Subject,
    part: Part,
    most: usize,
    idle: f64,
}

impl Trial<'_> {
    /// What cannot be measured is said and left out.
    fn measure(&self) -> Rows {
        let Self { binary, subject, most, .. } = *self;
        let mut rows = Rows::new();
        let mut add = |what: &str, result: Result<Rows>| match result {
            Ok(more) => rows.extend(more),
            Err(error) => say(&format!("live       {}: {what}: {error:#}", subject.name)),
        };
        let Addresses { rtsp, hls, whep } = &subject.addresses;
        if self.part == Part::Held {
            add("held", held(subject, most, self.idle));
        }
        if let Some(address) = rtsp.as_ref().filter(|_| self.part == Part::RtspEach) {
            add("rtsp", rtsp_rows(binary, subject, address, "cam{n}", most));
        }
        if self.part != Part::One {
            return rows;
        }
        if let Some(address) = rtsp {
            add("rtsp", rtsp_rows(binary, subject, address, "cam1", most));
            add("rtsp", first(binary, "rtsp", "--rtsp", address));
        }
        if let Some(address) = whep {
            for viewers in [most / 5, most * 3 / 5] {
                add("whep", whep_rows(binary, subject, address, viewers));
            }
            add("whep", first(binary, "whep", "--whep", address));
        }
        if let Some(address) = hls {
            add("hls", hls_rows(binary, subject, address));
            add("hls", first(binary, "hls", "--hls", address));
        }
        rows
    }
}

/// Cameras that nobody watches.
fn held(subject: &Subject, cameras: usize, idle: f64) -> Result<Rows> {
    std::thread::sleep(WARM_UP);
    let (began, before) = (Instant::now(), cpu(subject.pid)?);
    std::thread::sleep(WINDOW);
    let cores = (cpu(subject.pid)? - before) / began.elapsed().as_secs_f64();
    let ring = subject.number("vedette_hub_ring_bytes")?.unwrap_or(0.0);
    let each = (pss(subject.pid)? - idle - ring) / MIB / count(cameras);
    let mut rows = vec![
        (format!("{cameras} held: cores"), cores, "0.2 for 500"),
        (format!("{cameras} held: MiB each beside the ring"), each, "0.4"),
    ];
    if ring > 0.0 {
        rows.push((
            format!("{cameras} held: MiB of the ring each"),
            ring / MIB / count(cameras),
            "",
        ));
    }
    Ok(rows)
}

fn rtsp_rows(
    binary: &Path,
    subject: &Subject,
    address: &str,
    path: &'static str,
    viewers: usize,
) -> Result<Rows> {
    let seen =
        look(binary, subject, &Look { option: "--rtsp", address, path, viewers, window: WINDOW })?;
    let is_one = path == "cam1";
    let of = if is_one { "one stream" } else { "a stream each" };
    let name = format!("{viewers} RTSP, {of}");
    let aims = if is_one { ("0.09 for 500", "5") } else { ("", "") };
    Ok(seen_rows(&name, &seen, viewers, aims))
}

fn whep_rows(binary: &Path, subject: &Subject, address: &str, viewers: usize) -> Result<Rows> {
    let path = "cam1";
    let seen =
        look(binary, subject, &Look { option: "--whep", address, path, viewers, window: WINDOW })?;
    let name = format!("{viewers} WHEP, one stream");
    let mut rows = seen_rows(&name, &seen, viewers, ("0.05 for 100", "5"));
    let each = seen.more_bytes / MIB / count(viewers);
    rows.push((format!("{name}: MiB a viewer"), each, "0.3"));
    Ok(rows)
}

/// Cores, latency and losses.
fn seen_rows(name: &str, seen: &Seen, viewers: usize, aims: (&'static str, &'static str)) -> Rows {
    let missing = count(viewers) - seen.number("/showing");
    vec![
        (format!("{name}: cores"), seen.cores, aims.0),
        (format!("{name}: p50 ms"), seen.number("/latency_ms/p50"), ""),
        (format!("{name}: p95 ms"), seen.number("/latency_ms/p95"), aims.1),
        (format!("{name}: p99 ms"), seen.number("/latency_ms/p99"), ""),
        (format!("{name}: lost frames"), seen.number("/lost"), "0"),
        (format!("{name}: without a picture"), missing, "0"),
    ]
}

fn hls_rows(binary: &Path, subject: &Subject, address: &str) -> Result<Rows> {
    let (viewers, path) = (HLS_VIEWERS, "cam1");
    let seen =
        look(binary, subject, &Look { option: "--hls", address, path, viewers, window: WINDOW })?;
    Ok(vec![
        (
            "LL-HLS: newest frame of a part, p50 ms old".to_owned(),
            seen.number("/newest_frame_ms/p50"),
            "30",
        ),
        (
            "LL-HLS: newest frame of a part, p95 ms old".to_owned(),
            seen.number("/newest_frame_ms/p95"),
            "",
        ),
        (
            "LL-HLS: first picture of the first viewer, ms".to_owned(),
            seen.number("/first_picture_ms/max"),
            "150",
        ),
        ("LL-HLS: hold-back, s".to_owned(), seen.number("/hold_back_seconds"), "0.6"),
        ("LL-HLS: lost frames".to_owned(), seen.number("/lost"), "0"),
    ])
}

fn first(binary: &Path, name: &str, option: &'static str, address: &str) -> Result<Rows> {
    let look = Look { option, address, path: "cam1", viewers: FIRST_VIEWERS, window: WINDOW };
    let ms = first_picture(binary, &look)?;
    Ok(vec![(format!("first picture, {name}: median ms"), ms, "150")])
}

fn print(ours: &Rows, theirs: Option<&Rows>) {
    let cell = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let same = |name: &str| {
        let row = theirs.into_iter().flatten().find(|(theirs, ..)| theirs == name);
        row.map(|(_, value, _)| *value)
    };
    for (name, value, aim) in ours {
        let peer = same(name);
        let ratio = peer.filter(|peer| *peer > 0.0).map(|peer| value / peer);
        let (value, peer, ratio) = (cell(Some(*value)), cell(peer), cell(ratio));
        say(&format!("live       {name:<44} {value:>9} {peer:>9} {ratio:>9}  {aim}"));
    }
    // What ours has no number for.
    for (name, value, aim) in theirs.into_iter().flatten() {
        if !ours.iter().any(|(own, ..)| own == name) {
            let (none, value) = (cell(None), cell(Some(*value)));
            say(&format!("live       {name:<44} {none:>9} {value:>9} {none:>9}  {aim}"));
        }
    }
}
