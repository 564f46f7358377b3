//! `vedette health`: asks a running server, for containers and scripts.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use url::Url;

use crate::cli::say;

const TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_LEN_MAX: u64 = 4 << 20;

/// Prints the server's answer; fails when it is not well. `ca` is what is trusted over https.
pub fn run(url: &str, ca: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (status, body) = ask_with(url, "/health", ca)?;
    say(body.trim());
    Ok(if status == "200" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Asks the server at `url`, in the clear, for `path`: the status and the body.
pub fn ask(url: &str, path: &str) -> anyhow::Result<(String, String)> {
    ask_with(url, path, None)
}

fn ask_with(url: &str, path: &str, ca: Option<&Path>) -> anyhow::Result<(String, String)> {
    let url = Url::parse(url).context("the address")?;
    let host = url.host_str().context("the address has no host")?;
    let port = url.port_or_known_default().unwrap_or(80);
    let name = host.trim_matches(['[', ']']);
    let address = (name, port).to_socket_addrs()?.next().context("no such host")?;
    let connect = || -> anyhow::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(stream)
    };
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    let answer = match (url.scheme(), ca) {
        ("http", _) => exchange(connect()?, &request)?,
        ("https", Some(ca)) => {
            let client =
                ClientConnection::new(trusting(ca)?, ServerName::try_from(name.to_owned())?)?;
            exchange(StreamOwned::new(client, connect()?), &request)?
        }
        ("https", None) => bail!("https needs --ca, the certificate to trust"),
        _ => bail!("only http:// and https:// can be asked"),
    };
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer of HTTP")?;
    Ok((head.split(' ').nth(1).unwrap_or_default().to_owned(), body.to_owned()))
}

fn exchange(mut stream: impl Read + Write, request: &str) -> anyhow::Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_LEN_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}

fn trusting(ca: &Path) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let shown = ca.display();
    for certificate in CertificateDer::pem_file_iter(ca).with_context(|| format!("--ca {shown}"))? {
        roots.add(certificate?).with_context(|| format!("--ca {shown}"))?;
    }
    anyhow::ensure!(!roots.is_empty(), "--ca {shown} holds no certificate");
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}
