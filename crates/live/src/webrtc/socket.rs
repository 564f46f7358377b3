//! The one port of all peers: UDP and, on the same number, TCP with framing (RFC 4571).
//!
//! Receiving tasks hand each datagram to the task of its session by a bounded channel; sending is done by
//! the session's task itself, one system call for all packets of equal size. Nothing waits: what the
//! system or a peer's connection does not take is dropped and counted.

use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base::task::Scope;
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use str0m::net::Protocol;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Metrics;
use super::demux::{local_ufrag, next_frame};

/// Datagrams that wait for a connection to take them: about 2 s of a camera's media.
const TCP_QUEUE_LEN_MAX: usize = 512;
/// A connection that names no session is closed after this long.
const STRANGER_STAYS: Duration = Duration::from_secs(10);
const CONNECTIONS_MAX: usize = 4_096;
/// Addresses by which one session may be reached.
const ADDRESSES_MAX: usize = 32;
/// What the system may keep for us between two looks.
const BUFFER_BYTES: usize = 4 << 20;
/// Buffers for one look, each for as many datagrams as the kernel joins.
const RECEIVE_BATCH: usize = 4;
const RECEIVE_LEN_MAX: usize = 64 << 10;

/// The port of all peers, bound.
#[derive(Default)]
pub struct Sockets {
    /// One for each address of the host.
    pub udp: Vec<UdpSocket>,
    /// On the same number; empty: no ICE over TCP.
    pub tcp: Vec<TcpListener>,
}

/// A datagram for a session.
pub(super) struct Incoming {
    pub session: u64,
    pub protocol: Protocol,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub data: Bytes,
}

/// Who gets the datagrams of a session.
#[derive(Clone)]
struct Route {
    session: u64,
    inbox: mpsc::Sender<Incoming>,
}

#[derive(Default)]
struct Routes {
    by_ufrag: HashMap<String, Route>,
    by_address: HashMap<(Protocol, SocketAddr), Route>,
}

struct Udp {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

/// The port and who is behind it. Its users: the receiving tasks and every session's task.
pub(super) struct Net {
    udp: Vec<Arc<Udp>>,
    has_tcp: bool,
    routes: Mutex<Routes>,
    connections: Mutex<HashMap<SocketAddr, mpsc::Sender<Bytes>>>,
    metrics: Metrics,
}

impl Net {
    /// Starts receiving; the tasks end with `scope`.
    pub(super) fn start(
        sockets: Sockets,
        metrics: Metrics,
        scope: &Scope,
    ) -> io::Result<Arc<Self>> {
        let open = |socket: UdpSocket| {
            let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
            // Smaller buffers are as good as the system allows.
            let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), BUFFER_BYTES);
            let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), BUFFER_BYTES);
            let local = socket.local_addr()?;
            Ok(Arc::new(Udp { socket, state, local }))
        };
        let udp: Vec<_> = sockets.udp.into_iter().map(open).collect::<io::Result<_>>()?;
        let net = Arc::new(Self {
            udp: udp.clone(),
            has_tcp: !sockets.tcp.is_empty(),
            routes: Mutex::default(),
            connections: Mutex::default(),
            metrics,
        });
        for udp in udp {
            scope.spawn("webrtc udp", receive(Arc::clone(&net), udp, scope.token()));
        }
        for listener in sockets.tcp {
            scope.spawn("webrtc tcp", accept(Arc::clone(&net), listener, scope.token()));
        }
        Ok(net)
    }

    /// The port's number, if it is open.
    pub(super) fn port(&self) -> Option<u16> {
        self.udp.first().map(|udp| udp.local.port())
    }

    /// Where the port is open.
    pub(super) fn locals(&self) -> impl Iterator<Item = SocketAddr> {
        self.udp.iter().map(|udp| udp.local)
    }

    /// True when peers may come over TCP.
    pub(super) const fn has_tcp(&self) -> bool {
        self.has_tcp
    }

    /// Lets peers that name `ufrag` reach a session.
    pub(super) fn open(&self, ufrag: String, session: u64, inbox: mpsc::Sender<Incoming>) {
        self.routes.lock().by_ufrag.insert(ufrag, Route { session, inbox });
    }

    /// Ends all ways to a session.
    pub(super) fn close(&self, session: u64) {
        let mut routes = self.routes.lock();
        routes.by_ufrag.retain(|_, route| route.session != session);
        let gone = |(key, route): (&(Protocol, SocketAddr), &Route)| {
            (route.session == session).then_some(*key)
        };
        let addresses: Vec<_> = routes.by_address.iter().filter_map(gone).collect();
        for key in &addresses {
            routes.by_address.remove(key);
        }
        drop(routes);
        let mut connections = self.connections.lock();
        for (_, address) in addresses.iter().filter(|(protocol, _)| *protocol == Protocol::Tcp) {
            connections.remove(address);
        }
    }

    /// Whose datagram it is. One that names a session by STUN opens its address to that session.
    fn route(&self, protocol: Protocol, source: SocketAddr, data: &[u8]) -> Option<Route> {
        let mut routes = self.routes.lock();
        let key = (protocol, source);
        let Some(ufrag) = local_ufrag(data) else { return routes.by_address.get(&key).cloned() };
        let route = routes.by_ufrag.get(ufrag)?.clone();
        let known = routes.by_address.get(&key).is_some_and(|old| old.session == route.session);
        if !known {
            let same = |old: &&Route| old.session == route.session;
            if routes.by_address.values().filter(same).count() >= ADDRESSES_MAX {
                return None;
            }
            routes.by_address.insert(key, route.clone());
        }
        Some(route)
    }

    /// Hands a datagram on; false when nobody is behind it.
    fn arrived(
        &self,
        protocol: Protocol,
        (source, destination): (SocketAddr, SocketAddr),
        data: Bytes,
    ) -> bool {
        self.metrics.received.inc();
        let Some(route) = self.route(protocol, source, &data) else {
            self.metrics.strangers.inc();
            return false;
        };
        let session = route.session;
        let incoming = Incoming { session, protocol, source, destination, data };
        if route.inbox.try_send(incoming).is_err() {
            self.metrics.overrun.inc();
        }
        true
    }

    /// Sends packets of `segment` bytes each (the last may be shorter). False: not all were taken.
    pub(super) fn send(&self, way: &Way, contents: &[u8], segment: usize) -> bool {
        let count = contents.len().div_ceil(segment.max(1));
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let taken = match way.protocol {
            Protocol::Tcp => self.send_tcp(way, contents, segment),
            _ => self.send_udp(way, contents, segment),
        };
        if taken {
            self.metrics.sent.inc_by(count);
            self.metrics.sent_bytes.inc_by(contents.len() as u64);
        } else {
            self.metrics.unsent.inc_by(count);
        }
        taken
    }

    fn send_tcp(&self, way: &Way, contents: &[u8], segment: usize) -> bool {
        let connections = self.connections.lock();
        let Some(queue) = connections.get(&way.destination) else { return false };
        let frame = |packet: &[u8]| {
            let mut frame = BytesMut::with_capacity(packet.len() + 2);
            frame.extend_from_slice(&u16::try_from(packet.len()).unwrap_or(0).to_be_bytes());
            frame.extend_from_slice(packet);
            queue.try_send(frame.freeze()).is_ok()
        };
        contents.chunks(segment.max(1)).all(frame)
    }

    fn send_udp(&self, way: &Way, contents: &[u8], segment: usize) -> bool {
        let v4 = way.destination.is_ipv4();
        let found = self.udp.iter().find(|udp| udp.local.is_ipv4() == v4);
        let Some(udp) = found.or_else(|| self.udp.iter().find(|udp| udp.local.is_ipv6())) else {
            return false;
        };
        let mapped = |ip: IpAddr| match ip {
            IpAddr::V4(ip) if udp.local.is_ipv6() => IpAddr::V6(ip.to_ipv6_mapped()),
            ip => ip,
        };
        let send = |contents: &[u8], segment_size| {
            let transmit = quinn_udp::Transmit {
                destination: SocketAddr::new(mapped(way.destination.ip()), way.destination.port()),
                ecn: None,
                contents,
                segment_size,
                src_ip: way.source.map(mapped),
            };
            udp.state.try_send(UdpSockRef::from(&udp.socket), &transmit)
        };
        let batch = if contents.len() > segment { Some(segment) } else { None };
        match send(contents, batch) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            // The kernel or the network card does not send several at once.
            Err(_) if batch.is_some() => {
                contents.chunks(segment).all(|packet| send(packet, None).is_ok())
            }
            Err(error) => {
                tracing::debug!(peer = %way.destination, err = %error, "datagram not sent");
                false
            }
        }
    }

    /// How many packets one call may send.
    pub(super) fn batch_len_max(&self) -> usize {
        self.udp.iter().map(|udp| udp.state.max_gso_segments()).min().unwrap_or(1).max(1)
    }
}

/// From where to where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub protocol: Protocol,
    /// `None`: as the system routes.
    pub source: Option<IpAddr>,
    pub destination: SocketAddr,
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

async fn receive(net: Arc<Net>, udp: Arc<Udp>, stop: CancellationToken) {
    let mut buffers = vec![vec![0_u8; RECEIVE_LEN_MAX]; RECEIVE_BATCH];
    let mut metas = [RecvMeta::default(); RECEIVE_BATCH];
    loop {
        let ready = tokio::select! {
            () = stop.cancelled() => return,
            ready = udp.socket.readable() => ready,
        };
        let received = ready.and_then(|()| {
            let mut slices: Vec<_> =
                buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
            udp.socket.try_io(tokio::io::Interest::READABLE, || {
                udp.state.recv(UdpSockRef::from(&udp.socket), &mut slices, &mut metas)
            })
        });
        let count = match received {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            // A peer's port that is closed comes back here; it is the session's to notice.
            Err(error) => {
                tracing::debug!(err = %error, "datagrams not received");
                continue;
            }
        };
        for (meta, buffer) in metas.iter().zip(&buffers).take(count) {
            let ip = meta.dst_ip.unwrap_or(udp.local.ip());
            let way = (canonical(meta.addr), canonical(SocketAddr::new(ip, udp.local.port())));
            let all = buffer.get(..meta.len).unwrap_or_default();
            for datagram in all.chunks(meta.stride.max(1)) {
                net.arrived(Protocol::Udp, way, Bytes::copy_from_slice(datagram));
            }
        }
    }
}

async fn accept(net: Arc<Net>, listener: TcpListener, stop: CancellationToken) {
    // Dropped with this task: connections end with their listener.
    let mut running = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
            Some(_) = running.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) if running.len() < CONNECTIONS_MAX => {
                running.spawn(connection(Arc::clone(&net), stream, canonical(peer)));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(err = %error, "a peer's connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A peer's connection: ends with its session, or when it names none.
async fn connection(net: Arc<Net>, stream: TcpStream, peer: SocketAddr) {
    let Ok(local) = stream.local_addr().map(canonical) else { return };
    // Small packets are wanted at once.
    let _ = stream.set_nodelay(true);
    let (queue, waiting) = mpsc::channel(TCP_QUEUE_LEN_MAX);
    net.connections.lock().insert(peer, queue);
    net.metrics.connections.inc();
    let (reader, writer) = stream.into_split();
    let ended = tokio::select! {
        ended = read(&net, reader, (peer, local)) => ended,
        ended = write(writer, waiting) => ended,
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, err = %error, "a peer's connection ended");
    }
    net.connections.lock().remove(&peer);
    net.metrics.connections.dec();
}

async fn read(
    net: &Net,
    mut reader: tokio::net::tcp::OwnedReadHalf,
    way: (SocketAddr, SocketAddr),
) -> io::Result<()> {
    let mut bytes = BytesMut::with_capacity(8 << 10);
    let mut is_known = false;
    loop {
        let limit = if is_known { Duration::from_secs(60) } else { STRANGER_STAYS };
        let read = tokio::time::timeout(limit, reader.read_buf(&mut bytes)).await;
        if read.map_err(|_| io::ErrorKind::TimedOut)?? == 0 {
            return Ok(());
        }
        while let Some(frame) = next_frame(&mut bytes).map_err(io::Error::other)? {
            let routed = net.arrived(Protocol::Tcp, way, frame);
            if !routed && !is_known {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            is_known = true;
        }
    }
}

async fn write(
    mut writer: tokio::net::tcp::OwnedWriteHalf,
    mut waiting: mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    let (mut frames, mut bytes) = (Vec::new(), BytesMut::new());
    while waiting.recv_many(&mut frames, 64).await > 0 {
        frames.drain(..).for_each(|frame| bytes.extend_from_slice(&frame));
        writer.write_all_buf(&mut bytes).await?;
    }
    Ok(())
}
