//! `vedette health`: asks a running server, for containers and scripts.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use url::Url;

use crate::cli::say;

const TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_LEN_MAX: u64 = 4 << 20;

/// Prints the server's answer; fails when it is not well.
pub fn run(url: &str) -> anyhow::Result<ExitCode> {
    let (status, body) = ask(url, "/health")?;
    say(body.trim());
    Ok(if status == "200" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Asks the server at `url` for `path`: the status and the body.
pub fn ask(url: &str, path: &str) -> anyhow::Result<(String, String)> {
    let url = Url::parse(url).context("the address")?;
    if url.scheme() != "http" {
        bail!("only http:// can be asked");
    }
    let host = url.host_str().context("the address has no host")?;
    let port = url.port_or_known_default().unwrap_or(80);
    let address =
        (host.trim_matches(['[', ']']), port).to_socket_addrs()?.next().context("no such host")?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_LEN_MAX).read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer of HTTP")?;
    Ok((head.split(' ').nth(1).unwrap_or_default().to_owned(), body.to_owned()))
}
