//! A connection's socket, plain or TLS, and what waits to be written to it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use rtsp::Transport;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::lane::{Body, Packet};

/// Parts of one vectored write; the system takes 1,024.
const PARTS_MAX: usize = 512;
const READ_LEN: usize = 8 << 10;
/// Bytes that the system may hold unsent: beyond it a reader is late, and that is seen here.
const UNSENT_MAX: u32 = 256 << 10;

/// The socket.
pub(super) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Socket {
    /// Moves it to the runtime on which this is called.
    pub(super) fn come_here(&mut self) -> io::Result<()> {
        let tcp = match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_mut().0,
        };
        let same = std::net::TcpStream::from(tcp.as_fd().try_clone_to_owned()?);
        *tcp = TcpStream::from_std(same)?;
        Ok(())
    }

    /// Shows what is there to `take`; 0: the peer has left.
    pub(super) fn poll_input<T>(
        &mut self,
        context: &mut Context<'_>,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Poll<io::Result<(usize, T)>> {
        let mut bytes = [const { MaybeUninit::uninit() }; READ_LEN];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        ready!(Pin::new(&mut *self).poll_read(context, &mut buffer))?;
        let filled = buffer.filled();
        Poll::Ready(Ok((filled.len(), take(filled))))
    }

    /// Gives the parts to the system without waiting; returns how many bytes it took.
    async fn write_now(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        poll_fn(|context| {
            Poll::Ready(match Pin::new(&mut *self).poll_write_vectored(context, parts) {
                Poll::Ready(written) => written,
                Poll::Pending => Ok(0),
            })
        })
        .await
    }
}

/// Sets up a connection that was accepted. None of it is needed: a socket that refuses is served without.
pub(super) fn prepare(socket: &TcpStream) {
    let _ = socket.set_nodelay(true);
    let known = socket2::SockRef::from(socket);
    let probes = socket2::TcpKeepalive::new()
        .with_time(std::time::Duration::from_secs(30))
        .with_interval(std::time::Duration::from_secs(10));
    let _ = known.set_tcp_keepalive(&probes);
    let _ = known.set_tcp_notsent_lowat(UNSENT_MAX);
}

/// What waits to be written.
#[derive(Default)]
pub(super) struct Queue {
    parts: VecDeque<Bytes>,
    len: usize,
    /// TLS holds what the system has not taken.
    holds: bool,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && !self.holds
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.len += bytes.len();
            self.parts.push_back(bytes);
        }
    }

    /// Bytes that wait.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Queues packets for one write: those of interleaved lanes, framed; returns their bytes.
    pub(super) fn interleave(&mut self, packets: &[Packet]) -> usize {
        let mut heads = BytesMut::with_capacity(packets.len() * 16);
        let mut total = 0;
        for packet in packets {
            let Transport::Interleaved { rtp, rtcp } = packet.transport else { continue };
            // A packet that cannot be framed is none that RTP would carry.
            let Ok(len) = u16::try_from(packet.len()) else { continue };
            total += packet.len() + 4;
            let (channel, head, data) = match &packet.body {
                Body::Rtp(header, data) => (rtp, header.as_slice(), Some(data)),
                Body::Rtcp(report) => (rtcp, report.as_ref(), None),
            };
            heads.put_slice(&[b'$', channel]);
            heads.put_u16(len);
            heads.put_slice(head);
            if let Some(data) = data {
                self.push(heads.split().freeze());
                self.push(data.clone());
            }
        }
        self.push(heads.split().freeze());
        total
    }

    /// Gives what waits to the system, as much as it takes now; returns whether it took something.
    pub(super) async fn write(&mut self, socket: &mut Socket) -> io::Result<bool> {
        let mut any = false;
        while !self.parts.is_empty() {
            let slices: Vec<IoSlice<'_>> =
                self.parts.iter().take(PARTS_MAX).map(|part| IoSlice::new(part)).collect();
            let written = socket.write_now(&slices).await?;
            drop(slices);
            self.holds |= matches!(socket, Socket::Tls(_));
            if written == 0 {
                return Ok(any);
            }
            any = true;
            self.advance(written);
        }
        if self.holds {
            let flushed = poll_fn(|context| {
                Poll::Ready(match Pin::new(&mut *socket).poll_flush(context) {
                    Poll::Ready(flushed) => flushed.map(|()| true),
                    Poll::Pending => Ok(false),
                })
            });
            self.holds = !flushed.await?;
        }
        Ok(any)
    }

    /// Ready when something of what waits was taken. To be polled while [`Queue::is_empty`] is false.
    pub(super) fn poll_taken(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket,
    ) -> Poll<io::Result<()>> {
        let Some(first) = self.parts.front() else {
            ready!(Pin::new(socket).poll_flush(context))?;
            self.holds = false;
            return Poll::Ready(Ok(()));
        };
        let written = ready!(Pin::new(socket).poll_write(context, first))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.advance(written);
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.len = self.len.saturating_sub(written);
        while let Some(part) = self.parts.front_mut() {
            if written < part.len() {
                let _ = part.split_to(written);
                return;
            }
            written -= part.len();
            self.parts.pop_front();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Self::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(context, parts),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(context, parts),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(context),
            Self::Tls(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(context),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}
