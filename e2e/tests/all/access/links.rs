//! Signed addresses, played by players that can show nothing else.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Client, Process, command, output, tool, wait_for};

use super::{Stage, link, media};

/// Plays some seconds; the error is what the player complains of.
fn ffmpeg(url: &str, seconds: &str) -> Result<()> {
    let mut ffmpeg = tool("ffmpeg")?;
    ffmpeg.args(["-v", "error", "-xerror", "-rw_timeout", "5000000", "-i", url]);
    output(ffmpeg.args(["-t", seconds, "-f", "null", "-"])).map(|_| ())
}

/// Plays until some pictures are decoded.
fn gstreamer(url: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pictures = folder.path().join("pictures");
    let mut launch = tool("gst-launch-1.0")?;
    launch.args(["-q", "playbin", &format!("uri={url}"), "audio-sink=fakesink"]);
    launch.arg(format!("video-sink=filesink location={} sync=false", pictures.display()));
    let log = folder.path().join("gstreamer.log");
    let mut player = Process::start(&mut launch, &log)?;
    let played = wait_for("pictures", Duration::from_secs(15), || {
        ensure!(player.ended()?.is_none(), "GStreamer ended");
        Ok(std::fs::metadata(&pictures).is_ok_and(|data| data.len() > 1_000_000).then_some(()))
    });
    played.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())
}

#[test]
fn players_open_a_signed_address_and_all_that_it_names() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let base = stage.server.base();
    let live = link(&stage.admin, "metro", "live", 600)?;
    let playback = link(&stage.admin, "metro", "playback", 600)?;
    for file in ["index.m3u8", "live.m3u8", "index.m3u8?variant=ts"] {
        let joint = if file.contains('?') { '&' } else { '?' };
        ffmpeg(&format!("{base}/live/metro/{file}{joint}token={live}"), "2")?;
    }
    ffmpeg(&format!("{base}{}?token={playback}", media("metro")), "2")?;
    gstreamer(&format!("{base}/live/metro/index.m3u8?variant=ts&token={live}"))?;
    ensure!(ffmpeg(&format!("{base}/live/metro/index.m3u8"), "1").is_err(), "without a token");
    let swapped = format!("{base}{}?token={live}", media("metro"));
    ensure!(ffmpeg(&swapped, "1").is_err(), "a live address opens recordings");
    Ok(())
}

#[test]
fn a_signed_address_opens_one_camera_for_one_purpose_and_never_changes_anything() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let (live, playback) =
        (link(&stage.admin, "metro", "live", 600)?, link(&stage.admin, "metro", "playback", 600)?);
    let who = stage.stranger();
    let status = |path: &str, token: &str| -> Result<u16> {
        let joint = if path.contains('?') { '&' } else { '?' };
        Ok(who.get(&format!("{path}{joint}token={token}"))?.status)
    };
    let [picture, segments] =
        ["/api/cameras/metro/snapshot.jpg", "/api/recordings/metro/segments"].map(str::to_owned);
    let hls = "/live/metro/live.m3u8".to_owned();
    for (token, open, shut) in [
        (&live, vec![&picture, &hls], vec![&segments]),
        (&playback, vec![&segments], vec![&picture, &hls]),
    ] {
        for path in open {
            ensure!(status(path, token)? == 200, "{path}");
            let other = path.replace("metro", "bus");
            ensure!(status(&other, token)? == 404, "{other}");
        }
        for path in shut {
            ensure!(matches!(status(path, token)?, 401 | 403), "{path}");
        }
        for path in ["/api/cameras", "/api/users", "/api/sessions", "/api/audit", "/metrics"] {
            ensure!(matches!(status(path, token)?, 401 | 403), "{path}");
        }
        let deeper = who.post(
            &format!("/api/cameras/metro/links?token={token}"),
            &serde_json::json!({ "expires_in": 604_800 }),
        )?;
        ensure!(matches!(deeper.status, 401 | 403), "an address signs another: {}", deeper.text());
    }
    Ok(())
}

#[test]
fn a_signed_address_ends_at_its_moment_and_with_the_rights_of_its_signer() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let (_, anna) = stage.user("anna", "viewer", &["METRO"])?;
    let who = stage.stranger();
    let picture = |token: &str| format!("/api/cameras/metro/snapshot.jpg?token={token}");
    let ends = |what: &str, who: &Client, token: &str| {
        wait_for(what, Duration::from_secs(5), || {
            Ok((who.get(&picture(token))?.status == 401).then_some(()))
        })
    };
    let short = link(&anna, "metro", "live", 2)?;
    who.get(&picture(&short))?.expect(200)?;
    ends("the end of its time", &who, &short)?;

    let long = link(&anna, "metro", "live", 600)?;
    who.get(&picture(&long))?.expect(200)?;
    let people = stage.admin.get("/api/users?q=anna")?.expect(200)?.json()?;
    let path = format!("/api/users/{}", people["users"][0]["id"].as_str().unwrap_or_default());
    stage.admin.patch(&path, &serde_json::json!({ "agencies": ["BUS"] }))?.expect(200)?;
    ensure!(who.get(&picture(&long))?.status == 404, "its signer may not see it any more");
    stage.admin.delete(&path)?.expect(204)?;
    ends("the end of its signer", &who, &long)
}

#[test]
fn curl_plays_by_a_key_as_a_password() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let (_, key) = stage.viewer_key("METRO")?;
    let file = stage.server.folder().join("media.mp4");
    let url = format!("https://{}{}", stage.server.https()?, media("metro"));
    let ca = stage.server.data().join("tls/cert.pem");
    let mut curl = command("curl");
    curl.args(["-sSf", "--user", &format!("key:{key}"), &url, "-o"]).arg(&file);
    output(curl.arg("--cacert").arg(ca))?;
    ffmpeg(&file.display().to_string(), "1")
}
