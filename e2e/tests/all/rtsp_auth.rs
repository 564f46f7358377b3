//! Passwords over RTSP, judged by players that we did not write.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use anyhow::Result;
use e2e::{Simulator, binary, command, output, repository, tool};

/// Cameras that ask for `scheme`.
fn cameras(scheme: &str) -> Result<Simulator> {
    let who = ["--user", "vera", "--password", "p w\"1"];
    Simulator::start(&[&["--gop", "0.5", "--auth", scheme], &who[..]].concat())
}

const RIGHT: &str = "vera:p%20w%221@";
const WRONG: &str = "vera:p%20w%222@";

/// What ffmpeg complains of when it reads some pictures.
fn ffmpeg(address: &str, who: &str) -> Result<String> {
    let url = format!("rtsp://{who}{address}/cam1");
    let mut ffmpeg = tool("ffmpeg")?;
    let input = ["-v", "error", "-rtsp_transport", "tcp", "-i", &url];
    let read = output(ffmpeg.args(input).args(["-t", "1", "-f", "null", "-"]));
    Ok(read.map_or_else(|error| error.to_string(), |(_, complaints)| complaints))
}

/// What GStreamer complains of.
fn gstreamer(address: &str, who: &str) -> Result<String> {
    let uri = format!("uri=rtspt://{who}{address}/cam1");
    let mut player = tool("timeout")?;
    player.args([
        "60",
        "gst-launch-1.0",
        "-q",
        "playbin",
        &uri,
        "video-sink=fakesink num-buffers=5",
    ]);
    Ok(output(&mut player).map_or_else(|error| error.to_string(), |(_, complaints)| complaints))
}

/// What our own client complains of.
fn own(address: &str, who: &str) -> Result<String> {
    let url = format!("rtsp://{who}{address}/cam1");
    let mut check = command(binary()?);
    let checked = output(check.args(["check", "rtsp", &url]).env("LC_ALL", "C"));
    Ok(checked.map_or_else(|error| error.to_string(), |_| String::new()))
}

fn ffmpeg_and_gstreamer_log_in(scheme: &str) -> Result<()> {
    let cameras = cameras(scheme)?;
    let address = cameras.address();
    assert_eq!(ffmpeg(address, RIGHT)?.trim(), "");
    let said = gstreamer(address, RIGHT)?;
    assert!(!said.contains("ERROR"), "{said}");
    for who in [WRONG, "other:p%20w%221@", ""] {
        let said = ffmpeg(address, who)?;
        assert!(said.contains("401 Unauthorized"), "{who}: {said}");
        let said = gstreamer(address, who)?;
        assert!(said.contains("Unauthorized"), "{who}: {said}");
    }
    Ok(())
}

#[test]
fn players_log_in_with_basic() -> Result<()> {
    ffmpeg_and_gstreamer_log_in("basic")
}

#[test]
fn players_log_in_with_digest() -> Result<()> {
    ffmpeg_and_gstreamer_log_in("digest")
}

#[test]
fn players_log_in_where_they_may_choose() -> Result<()> {
    ffmpeg_and_gstreamer_log_in("any")
}

#[test]
fn a_client_that_knows_sha_256_alone_logs_in_where_it_is_offered() -> Result<()> {
    let client = |cameras: &Simulator, password: &str| {
        let script = repository().join("e2e/tools/rtsp_digest.py");
        let mut client = tool("python3")?;
        let (said, _) = output(client.arg(script).args([&cameras.url(1), "vera", password]))?;
        Ok::<_, anyhow::Error>(said.lines().collect::<Vec<_>>().join(","))
    };
    for scheme in ["digest-sha256", "any"] {
        let cameras = cameras(scheme)?;
        let said = client(&cameras, "p w\"1")?;
        assert_eq!(said, "DESCRIBE 401,DESCRIBE 200,SETUP 200,PLAY 200,packets", "{scheme}");
        let said = client(&cameras, "p w\"2")?;
        assert_eq!(said, "DESCRIBE 401,DESCRIBE 401,DESCRIBE 401,DESCRIBE 401,closed", "{scheme}");
    }
    let said = client(&cameras("digest")?, "p w\"1").unwrap_err().to_string();
    assert!(said.contains("no challenge with SHA-256"), "{said}");
    Ok(())
}

#[test]
fn our_own_client_logs_in_with_each_scheme() -> Result<()> {
    for scheme in ["basic", "digest", "digest-sha256", "any"] {
        let cameras = cameras(scheme)?;
        assert_eq!(own(cameras.address(), RIGHT)?, "", "{scheme}");
        let said = own(cameras.address(), WRONG)?;
        assert!(said.contains("refuses the user or the password"), "{scheme}: {said}");
        let said = own(cameras.address(), "")?;
        assert!(said.contains("asks for a user and a password"), "{scheme}: {said}");
    }
    Ok(())
}

/// Stands between clients and a server, and keeps what clients say. Ends with the test's process.
struct Tap {
    address: String,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    fn start(server: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, server) = (listener.local_addr()?.to_string(), server.to_owned());
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&said);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&server) else { return };
                let Ok((back, to)) =
                    client.try_clone().and_then(|to| Ok((server.try_clone()?, to)))
                else {
                    return;
                };
                std::thread::spawn(move || pass(back, to, None));
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || pass(client, server, Some(&kept)));
            }
        });
        Ok(Self { address, said })
    }

    /// How clients have proven themselves since the last time: scheme and algorithm.
    fn proofs(&self) -> Vec<String> {
        let said = std::mem::take(&mut *self.said.lock().unwrap());
        let said = String::from_utf8_lossy(&said).into_owned();
        let headers = said.lines().filter_map(|line| line.strip_prefix("Authorization: "));
        let mut proofs: Vec<String> = headers
            .map(|header| {
                let scheme = header.split(' ').next().unwrap_or_default();
                let is_sha256 = header.contains("algorithm=SHA-256");
                format!("{scheme}{}", if is_sha256 { " SHA-256" } else { "" })
            })
            .collect();
        proofs.dedup();
        proofs
    }
}

/// Passes bytes on until one side ends; then both do.
fn pass(mut from: TcpStream, mut to: TcpStream, kept: Option<&Mutex<Vec<u8>>>) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if let Some(kept) = kept {
            kept.lock().unwrap().extend_from_slice(&buffer[..count]);
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(std::net::Shutdown::Both), to.shutdown(std::net::Shutdown::Both));
}

#[test]
fn each_client_takes_the_best_scheme_that_it_knows() -> Result<()> {
    let cameras = cameras("any")?;
    let tap = Tap::start(cameras.address())?;
    assert_eq!(ffmpeg(&tap.address, RIGHT)?.trim(), "");
    assert_eq!(tap.proofs(), ["Digest"], "ffmpeg knows MD5");
    let said = gstreamer(&tap.address, RIGHT)?;
    assert!(!said.contains("ERROR"), "{said}");
    assert_eq!(tap.proofs(), ["Digest"], "GStreamer knows MD5");
    assert_eq!(own(&tap.address, RIGHT)?, "");
    assert_eq!(tap.proofs(), ["Digest SHA-256"], "our own client");
    Ok(())
}
