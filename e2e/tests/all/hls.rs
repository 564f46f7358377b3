//! LL-HLS, parts over a WebSocket and M-JPEG, by real players. Latencies are printed.

use std::io::Read;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::{Client, Server, Simulator, output, repository, tool};

const SOON: Duration = Duration::from_secs(40);
/// Marks the simulator's clock in a picture.
const CLOCK: &[u8] = b"vedette\x00wallclk\x02";

fn server_of(simulator: &Simulator, permitted: &[&str]) -> Result<Server> {
    let url = simulator.url(1);
    let yaml = format!("cameras: [{{ id: cam, url: \"{url}\" }}]\n");
    let mut server = Server::new(&yaml)?.permit(permitted);
    server.start()?;
    server.wait_status("cam", "online", SOON)?;
    Ok(server)
}

/// What a tag of a playlist says.
fn value<'a>(playlist: &'a str, tag: &str) -> Option<&'a str> {
    playlist.lines().find_map(|line| line.strip_prefix(tag)?.strip_prefix(':'))
}

/// When the newest picture in a fragment was made, microseconds since 1970.
fn newest_clock(bytes: &[u8]) -> Option<i64> {
    let at = bytes.windows(CLOCK.len()).rposition(|window| window == CLOCK)? + CLOCK.len();
    let (mut plain, mut zeros) = (Vec::new(), 0);
    for byte in bytes.get(at..at + 12)? {
        // Emulation prevention.
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        plain.push(*byte);
    }
    Some(i64::from_be_bytes(*plain.first_chunk()?))
}

fn now_micros() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?)
}

/// The media playlist that a multivariant one names, in the same folder.
fn media_of(client: &Client, folder: &str) -> Result<String> {
    let index = client.get(&format!("{folder}/index.m3u8"))?.expect(200)?.text();
    let name = index.lines().rfind(|line| !line.starts_with('#')).context("a variant")?;
    Ok(format!("{folder}/{name}"))
}

/// Players under real time: each part as it is hinted, each playlist as it is announced.
#[test]
fn parts_come_with_their_last_picture_at_both_doors() -> Result<()> {
    let simulator = Simulator::start(&["--audio", "aac"])?;
    let mut server = server_of(&simulator, &[])?;
    for (client, folder) in [
        (Client::new(&format!("http://{}", server.listener("hls")?)), "/cam"),
        (server.client(), "/live/cam"),
    ] {
        let main = media_of(&client, folder)?;
        let mut playlist = client.get(&main)?.expect(200)?.text();
        let mut ages = Vec::new();
        for _ in 0..25 {
            let hint = value(&playlist, "#EXT-X-PRELOAD-HINT").context("a hint")?;
            let uri = hint.split('"').nth(1).context("its address")?.to_owned();
            let part = client.get(&format!("{folder}/{uri}"))?.expect(200)?;
            let clock = newest_clock(&part.body).context("the simulator's clock")?;
            ages.push((now_micros()? - clock) / 1_000);
            let first: usize =
                value(&playlist, "#EXT-X-MEDIA-SEQUENCE").context("a number")?.parse()?;
            let skipped = value(&playlist, "#EXT-X-SKIP").and_then(|skip| skip.split_once('='));
            let skipped: usize = skipped.map_or(Ok(0), |(_, count)| count.parse())?;
            let segments = skipped + playlist.matches("#EXTINF").count();
            let open = playlist.rsplit("#EXTINF").next().unwrap_or_default();
            let parts = open.lines().filter(|line| line.starts_with("#EXT-X-PART:")).count();
            let next =
                format!("{main}&_HLS_msn={}&_HLS_part={parts}&_HLS_skip=YES", first + segments);
            playlist = client.get(&next)?.expect(200)?.text();
            let (name, _) = uri.split_once('?').context("a session")?;
            ensure!(playlist.contains(name), "{name} is not in {playlist}");
        }
        ages.sort_unstable();
        println!(
            "LL-HLS {folder}: newest picture of a part {} ms old in the middle, {} at most",
            ages[12], ages[24]
        );
        ensure!(ages[12] < 150, "{ages:?}");
        let far = client.get(&format!("{main}&_HLS_msn=4000000000"))?.expect(400)?;
        assert_eq!(far.code(), "playlist_too_far_ahead");
        assert_eq!(client.get(&format!("{main}&_HLS_part=1"))?.code(), "playlist_part_alone");
        assert_eq!(
            client.get(&format!("{folder}x/index.m3u8"))?.expect(404)?.code(),
            "stream_not_found"
        );
    }
    server.stop()
}

/// What ffmpeg says of a playlist that it plays for some seconds.
fn ffmpeg_plays(url: &str, seconds: &str) -> Result<String> {
    let mut ffmpeg = tool("ffmpeg")?;
    ffmpeg.args(["-v", "warning", "-xerror", "-i", url, "-t", seconds, "-f", "null", "-"]);
    let (_, said) = output(&mut ffmpeg)?;
    // It reads the initialisation segment again whenever it has read the playlist again.
    let known = ["Found duplicated MOOV Atom. Skipped it", "Last message repeated"];
    let lines = said.lines().filter(|line| !known.iter().any(|known| line.contains(known)));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn outside_players_play_both_formats_without_a_word() -> Result<()> {
    let _alone = e2e::alone();
    for options in
        [&["--audio", "aac", "--b-frames", "2"][..], &["--codec", "h265", "--audio", "opus"][..]]
    {
        let simulator = Simulator::start(options)?;
        // The built-in client does not speak Opus: it says so once, and ffmpeg takes over.
        let mut server = server_of(&simulator, &["codec_unsupported"])?;
        let base = format!("http://{}", server.listener("hls")?);
        for file in ["index.m3u8", "main_stream.m3u8", "index.m3u8?variant=ts"] {
            let url = format!("{base}/cam/{file}");
            let said = ffmpeg_plays(&url, "6").with_context(|| url.clone())?;
            ensure!(said.is_empty(), "{options:?} {url}: {said}");
        }
        server.stop()?;
    }
    Ok(())
}

#[test]
fn pictures_come_one_after_the_other_for_what_can_do_no_better() -> Result<()> {
    let simulator = Simulator::start(&[])?;
    let mut server = server_of(&simulator, &[])?;
    for base in [format!("{}/live", server.base()), format!("http://{}", server.listener("hls")?)] {
        let answer = ureq::get(format!("{base}/cam/mjpeg?fps=5")).call()?;
        let kind = answer.headers().get("content-type").context("a type")?.to_str()?.to_owned();
        ensure!(kind.starts_with("multipart/x-mixed-replace; boundary="), "{kind}");
        let mut body = answer.into_body().into_reader();
        let (mut read, mut buffer) = (Vec::new(), [0; 16 << 10]);
        while read.windows(3).filter(|bytes| bytes == &[0xff, 0xd8, 0xff]).count() < 4 {
            let len = body.read(&mut buffer)?;
            ensure!(len > 0 && read.len() < 8 << 20, "{} bytes and no four pictures", read.len());
            read.extend_from_slice(&buffer[..len]);
        }
    }
    assert_eq!(server.get("/live/cam/mjpeg?fps=9")?.expect(400)?.code(), "invalid_number");
    server.stop()
}

#[test]
fn browsers_play_with_low_latency() -> Result<()> {
    let _alone = e2e::alone();
    let simulator = Simulator::start(&[])?;
    let mut server = server_of(&simulator, &[])?;
    tool("chromium")?;
    let (said, _) = output(
        tool("node")?
            .args(["--test", "--test-reporter=spec", "e2e/web/parts.test.mjs"])
            .env("VEDETTE_URL", server.base())
            .current_dir(repository()),
    )?;
    println!("{said}");
    server.stop()
}
