//! A client that costs little, so that the server is what is measured: one connection, kept, and requests
//! that were written before.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};

const BODY_MAX: usize = 16 << 20;

/// A GET, with header lines such as `Cookie: a=b`.
pub fn get(address: &str, path: &str, headers: &str) -> String {
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n")
}

/// A POST of JSON.
pub fn post(address: &str, path: &str, headers: &str, body: &serde_json::Value) -> String {
    let body = body.to_string();
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A connection that is kept.
pub struct Connection {
    stream: BufReader<TcpStream>,
    head: String,
    body: Vec<u8>,
}

impl Connection {
    pub fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream: BufReader::new(stream), head: String::new(), body: Vec::new() })
    }

    /// Sends a request and reads all of the answer; its status.
    pub fn ask(&mut self, request: &str) -> Result<u16> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.head.clear();
        while !self.head.ends_with("\r\n\r\n") {
            let read = self.stream.read_line(&mut self.head)?;
            anyhow::ensure!(read > 0, "closed while an answer was waited for");
        }
        let len = self.header("content-length").context("an answer of known length")?;
        let len: usize = len.parse()?;
        anyhow::ensure!(len <= BODY_MAX, "{len} bytes");
        self.body.resize(len, 0);
        self.stream.read_exact(&mut self.body)?;
        let status = self.head.split(' ').nth(1).context("a status")?;
        Ok(status.parse()?)
    }

    /// A header of the last answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }

    /// The body of the last answer.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }
}
