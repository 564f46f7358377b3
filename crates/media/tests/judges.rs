//! ffmpeg judges what is written as MPEG-TS, and writes what is read. Without ffmpeg these tests say
//! that they were skipped.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use base::{Mono, Wall};
use media::mp4::{StreamEvent, StreamReader};
use media::ts::{Demuxer, Event, Muxer};
use media::{AccessUnit, Tracks};

/// Runs ffmpeg, or says that there is none. Gives what it wrote and what it complained about.
fn ffmpeg(args: &str, input: &[u8]) -> Option<(Vec<u8>, String)> {
    let started = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "warning"])
        .args(args.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        eprintln!("SKIPPED: no ffmpeg here");
        return None;
    };
    let (mut stdin, mut stderr) = (child.stdin.take().unwrap(), child.stderr.take().unwrap());
    let (mut out, mut complaints) = (Vec::new(), String::new());
    std::thread::scope(|scope| {
        // It may end before it has read everything.
        scope.spawn(move || drop(stdin.write_all(input)));
        scope.spawn(|| stderr.read_to_string(&mut complaints).unwrap());
        child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    });
    child.wait().unwrap();
    Some((out, complaints))
}

const PICTURES: &str = "-f lavfi -i testsrc2=size=640x360:rate=25:duration=4";
const SOUND: &str = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=4";

/// A source as fragmented MP4, and its tracks and units.
fn source(codecs: &str) -> Option<(Vec<u8>, Tracks, Vec<AccessUnit>)> {
    let container = "-f mp4 -movflags frag_keyframe+empty_moov+default_base_moof pipe:1";
    let (bytes, _) = ffmpeg(&format!("{PICTURES} {SOUND} {codecs} {container}"), &[])?;
    let mut events = Vec::new();
    StreamReader::default().push(&bytes, &mut events).unwrap();
    let (mut tracks, mut units) = (None, Vec::new());
    for event in events {
        match event {
            StreamEvent::Tracks(described) => tracks = Some(described),
            StreamEvent::Sample(sample) => units.push(AccessUnit {
                track: sample.track,
                dts: sample.dts,
                pts: sample.pts,
                key: sample.key,
                data: sample.data,
                lost_packets: 0,
                arrived: Mono::default(),
                arrived_wall: Wall::default(),
                packets: Default::default(),
            }),
        }
    }
    let tracks = tracks.unwrap();
    units.sort_by_key(|u| tracks.get(u.track).unwrap().timescale.to_micros(u.dts));
    Some((bytes, tracks, units))
}

fn written(tracks: &Tracks, units: &[AccessUnit]) -> Vec<u8> {
    let (mut muxer, mut out) = (Muxer::new(tracks).unwrap(), Vec::new());
    units.iter().for_each(|unit| muxer.write(unit, &mut out));
    out
}

/// The checksums of decoded frames of a kind: `v` or `a`.
fn checksums(kind: &str, bytes: &[u8]) -> Vec<String> {
    let args = format!("-xerror -i pipe:0 -map 0:{kind} -fps_mode passthrough -f framemd5 pipe:1");
    let (text, complaints) = ffmpeg(&args, bytes).unwrap();
    assert_eq!(complaints, "");
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

fn decodes_the_same(codecs: &str) {
    let Some((mp4, tracks, units)) = source(codecs) else { return };
    let ts = written(&tracks, &units);
    let pictures = checksums("v", &ts);
    assert_eq!(pictures.len(), 100);
    assert!(pictures == checksums("v", &mp4), "other pictures");
    let (sound, of_source) = (checksums("a", &ts), checksums("a", &mp4));
    // What a file's edit list leaves out at the beginning is no matter of streams.
    assert!(sound.len() > 160 && sound.ends_with(&of_source[4..]), "other sound");
    let (_, complaints) = ffmpeg("-xerror -i pipe:0 -map 0 -c copy -f null -", &ts).unwrap();
    assert_eq!(complaints, "");
}

/// What ffmpeg writes is read as ffmpeg's other container has it.
fn is_read_the_same(codecs: &str) {
    let Some((mp4, tracks, units)) = source(codecs) else { return };
    let (ts, _) = ffmpeg("-i pipe:0 -map 0 -c copy -f mpegts pipe:1", &mp4).unwrap();
    let (mut demuxer, mut events) = (Demuxer::new(), Vec::new());
    ts.chunks(10_000).for_each(|bytes| demuxer.push(bytes, &mut events));
    demuxer.finish(&mut events);
    let Some(Event::Tracks(described)) = events.first() else { panic!("no tracks") };
    assert_eq!(described.all().len(), tracks.all().len());
    for (track, found) in tracks.all().iter().zip(described.all()) {
        let units: Vec<_> = units.iter().filter(|unit| unit.track == track.id).collect();
        let found: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Unit(unit) if unit.track == found.id => Some(unit),
                _ => None,
            })
            .collect();
        assert_eq!(found.len(), units.len());
        // ffmpeg's MP4 has a pause behind the first frame of sound, which its MPEG-TS loses where
        // it puts frames together.
        let shift = found[20].dts - units[20].dts;
        for (found, unit) in found.iter().zip(&units).skip(20) {
            let is_same = (found.key, found.pts - found.dts) == (unit.key, unit.pts - unit.dts)
                && (found.dts - shift - unit.dts).0.abs() <= 2;
            assert!(
                is_same,
                "{:?} {:?} is {:?} {:?} with {shift:?}",
                unit.dts, unit.pts, found.dts, found.pts
            );
            // A picture may have a delimiter and sets of its own besides.
            assert!(found.data.ends_with(&unit.data[unit.data.len().min(8)..]), "other bytes");
        }
    }
    assert_eq!((demuxer.stats().lost_packets, demuxer.stats().refused_pes), (0, 0));
}

const H264: &str = "-c:v libx264 -bf 2 -g 25 -preset veryfast -pix_fmt yuv420p";
const H265: &str =
    "-c:v libx265 -x265-params log-level=error:keyint=25 -preset ultrafast -tag:v hvc1";

#[test]
fn h264_with_reordered_pictures_and_aac_decode_as_their_source() {
    decodes_the_same(&format!("{H264} -video_track_timescale 90000 -c:a aac"));
}

#[test]
fn h265_and_aac_decode_as_their_source() {
    decodes_the_same(&format!("{H265} -video_track_timescale 90000 -c:a aac"));
}

#[test]
fn h264_and_opus_decode_as_their_source() {
    decodes_the_same(&format!(
        "{H264} -b:v 20M -video_track_timescale 90000 -ar 48000 -c:a libopus"
    ));
}

#[test]
fn what_ffmpeg_writes_is_read() {
    is_read_the_same(&format!("{H264} -video_track_timescale 90000 -c:a aac"));
    is_read_the_same(&format!("{H265} -video_track_timescale 90000 -ar 48000 -c:a libopus"));
}
