//! Readers that do not keep up, and a client of our own that may misbehave.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Simulator, wait_for};

use super::{SOON, ffmpeg, server, wait_fed};

/// Speaks RTSP as plainly as it goes.
pub(super) struct Client(TcpStream);

impl Client {
    pub(super) fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self(stream))
    }

    /// Asks, and returns the head of the answer.
    pub(super) fn ask(&mut self, request: &str) -> Result<String> {
        self.0.write_all(format!("{request}\r\n").as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let len = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; len.and_then(|len| len.parse().ok()).unwrap_or(0)];
        self.0.read_exact(&mut body)?;
        Ok(head)
    }

    fn play(&mut self, url: &str) -> Result<()> {
        self.ask(&format!("DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n"))?;
        let setup = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
        let head = self.ask(&format!("SETUP {url}/trackID=0 RTSP/1.0\r\nCSeq: 2\r\n{setup}"))?;
        let session = head.lines().find_map(|line| line.strip_prefix("Session: "));
        let session = session.and_then(|session| session.split(';').next()).context("a session")?;
        let head =
            self.ask(&format!("PLAY {url} RTSP/1.0\r\nCSeq: 3\r\nSession: {session}\r\n"))?;
        ensure!(head.starts_with("RTSP/1.0 200"), "{head}");
        Ok(())
    }
}

/// The answer to a DESCRIBE with a password in the clear.
pub(super) fn describe(address: &str, path: &str, who: &str) -> Result<String> {
    let encoded = {
        let mut python = e2e::tool("python3")?;
        let code = "import base64,sys; print(base64.b64encode(sys.argv[1].encode()).decode())";
        e2e::output(python.args(["-c", code, who]))?.0
    };
    let header = format!("Authorization: Basic {}\r\n", encoded.trim());
    let url = format!("rtsp://{address}/{path}");
    Client::connect(address)?.ask(&format!("DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n{header}"))
}

#[test]
fn a_reader_that_stops_reading_is_ended_and_no_other_notices() -> Result<()> {
    let options = ["--loop", "--bitrate", "8000", "--width", "1280", "--height", "720"];
    let cameras = Simulator::start(&options)?;
    let mut server = server(&cameras, 1, "")?;
    server.start()?;
    let address = server.listener("rtsp")?;
    let url = format!("rtsp://{address}/cam1");
    wait_fed(&url)?;
    let mut stalled = Client::connect(&address)?;
    stalled.play(&url)?;
    let said = ffmpeg(&url, "tcp", "10")?;
    ensure!(!said.contains("missed") && !said.contains("rror"), "{said}");
    wait_for("the end of the stalled reader", SOON, || {
        Ok(server.log().contains("it takes nothing").then_some(()))
    })?;
    server.stop()
}
