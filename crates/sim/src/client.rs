//! The client's side of an RTSP conversation on one TCP connection: requests, answers, packets between
//! them. Who calls it decides what is asked.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::{Buf, BytesMut};
use reqwest::Url;
use rtsp_types::{Message, Method, Request, Response, StatusCode, Version, headers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

const MESSAGE_MAX: usize = 256 << 10;

/// A connection to a server, and the session that it holds.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// What was read and not taken yet.
    pub(crate) buffer: BytesMut,
    pub(crate) url: Url,
    session: Option<String>,
    /// Basic credentials, when the address has some.
    authorization: Option<String>,
    sequence: u32,
}

impl Connection {
    /// Connects; `receive_buffer` is what the kernel holds back, where that is to be little.
    pub(crate) async fn open(text: &str, receive_buffer: Option<u32>) -> anyhow::Result<Self> {
        let mut url = Url::parse(text).context("an address")?;
        let authorization = credentials(&mut url);
        let host = url.host_str().context("a host")?.trim_matches(['[', ']']).to_owned();
        let port = url.port().unwrap_or(554);
        let to = lookup_host((host, port)).await?.next().context("no such host")?;
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(size) = receive_buffer {
            socket.set_recv_buffer_size(size)?;
        }
        let stream = socket.connect(to).await.context("not reached")?;
        stream.set_nodelay(true)?;
        let buffer = BytesMut::with_capacity(16 << 10);
        Ok(Self { stream, buffer, url, session: None, authorization, sequence: 0 })
    }

    /// Sends a request without a body.
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        url: Url,
        more: &[(headers::HeaderName, String)],
    ) -> anyhow::Result<()> {
        self.send(method, url, more, Vec::new()).await
    }

    /// Sends a request.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        url: Url,
        more: &[(headers::HeaderName, String)],
        body: Vec<u8>,
    ) -> anyhow::Result<()> {
        self.sequence += 1;
        let mut request = Request::builder(method, Version::V1_0)
            .request_uri(url)
            .header(headers::CSEQ, self.sequence.to_string());
        for (name, value) in more {
            request = request.header(name.clone(), value.clone());
        }
        if let Some(session) = &self.session {
            request = request.header(headers::SESSION, session.clone());
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(headers::AUTHORIZATION, authorization.clone());
        }
        let mut bytes = Vec::new();
        match body.is_empty() {
            true => request.empty().write(&mut bytes)?,
            false => request.build(body).write(&mut bytes)?,
        }
        Ok(self.stream.write_all(&bytes).await?)
    }

    /// The next answer; packets before it are left out.
    pub(crate) async fn answer(&mut self) -> anyhow::Result<Response<Vec<u8>>> {
        loop {
            if self.buffer.first() == Some(&b'$') {
                if let Some(at) = interleaved(&self.buffer) {
                    self.buffer.advance(at.end);
                    continue;
                }
            } else if let Some(message) = take_message(&mut self.buffer)? {
                let Message::Response(response) = message else { continue };
                let status = response.status();
                ensure!(status == StatusCode::Ok, "answered {}", u16::from(status));
                let session = response.header(&headers::SESSION).map(headers::HeaderValue::as_str);
                if let Some(session) = session.and_then(|session| session.split(';').next()) {
                    self.session = Some(session.to_owned());
                }
                return Ok(response);
            }
            self.more().await?;
        }
    }

    /// Reads more into the buffer; how many bytes. Cancel-safe.
    pub(crate) async fn more(&mut self) -> anyhow::Result<usize> {
        self.buffer.reserve(4 << 10);
        let count = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(count > 0, "closed by the server");
        Ok(count)
    }

    /// The next packet that is whole, answers left out.
    pub(crate) fn packet(&mut self) -> anyhow::Result<Option<Interleaved>> {
        loop {
            match self.buffer.first() {
                None => return Ok(None),
                Some(b'$') => return Ok(interleaved(&self.buffer)),
                Some(_) => match take_message(&mut self.buffer)? {
                    None => return Ok(None),
                    Some(Message::Response(response)) => {
                        let status = response.status();
                        ensure!(status == StatusCode::Ok, "answered {}", u16::from(status));
                    }
                    Some(_) => {}
                },
            }
        }
    }

    /// Says good-bye; who does not answer is left too.
    pub(crate) async fn tear_down(&mut self) {
        let farewell = async {
            self.ask(Method::Teardown, self.url.clone(), &[]).await?;
            self.answer().await
        };
        let _ = timeout(Duration::from_secs(2), farewell).await;
    }
}

/// Where a packet lies in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interleaved {
    pub(crate) channel: u8,
    pub(crate) from: usize,
    pub(crate) end: usize,
}

/// The packet with which a buffer begins, once it is whole (RFC 2326 section 10.12).
fn interleaved(buffer: &[u8]) -> Option<Interleaved> {
    let [_, channel, high, low] = *buffer.first_chunk::<4>()?;
    let end = 4 + usize::from(u16::from_be_bytes([high, low]));
    (buffer.len() >= end).then_some(Interleaved { channel, from: 4, end })
}

fn take_message(buffer: &mut BytesMut) -> anyhow::Result<Option<Message<Vec<u8>>>> {
    match Message::parse(&**buffer) {
        Ok((message, len)) => {
            buffer.advance(len);
            Ok(Some(message))
        }
        Err(rtsp_types::ParseError::Incomplete(_)) if buffer.len() < MESSAGE_MAX => Ok(None),
        Err(_) => bail!("not RTSP"),
    }
}

/// A track's address: absolute, or after the base's own path (RFC 2326 section C.1.1).
pub(crate) fn joined(base: &Url, control: &str) -> anyhow::Result<Url> {
    if control.is_empty() || control == "*" {
        return Ok(base.clone());
    }
    if let Ok(url) = Url::parse(control) {
        return Ok(url);
    }
    let text = base.as_str().trim_end_matches('/');
    Ok(Url::parse(&format!("{text}/{control}"))?)
}

/// Takes user and password out of an address.
fn credentials(url: &mut Url) -> Option<String> {
    let (user, password) = (url.username().to_owned(), url.password().unwrap_or("").to_owned());
    // An address without a host has neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let pair = format!("{user}:{password}");
    let basic = base64_simd::STANDARD.encode_to_string(pair);
    (!user.is_empty()).then(|| format!("Basic {basic}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_track_is_asked_for_behind_the_base() {
        let base = Url::parse("rtsp://h:1/cam1/").expect("an address");
        let text = |control| joined(&base, control).expect("an address").to_string();
        assert_eq!(text("trackID=0"), "rtsp://h:1/cam1/trackID=0");
        assert_eq!(text("rtsp://h:1/x/1"), "rtsp://h:1/x/1");
        assert_eq!(text("*"), "rtsp://h:1/cam1/");
    }

    #[test]
    fn credentials_are_not_left_in_the_address() {
        let mut url = Url::parse("rtsp://ann:secret@h/cam1").expect("an address");
        assert_eq!(credentials(&mut url).as_deref(), Some("Basic YW5uOnNlY3JldA=="));
        assert_eq!(url.as_str(), "rtsp://h/cam1");
        assert_eq!(credentials(&mut url), None);
    }

    proptest! {
        #[test]
        fn a_packet_lies_within_its_buffer(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(at) = interleaved(&bytes) {
                prop_assert!(bytes.get(at.from..at.end).is_some());
            }
            let _ = take_message(&mut BytesMut::from(&bytes[..]));
        }
    }
}
