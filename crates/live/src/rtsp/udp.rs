//! Packets as datagrams: one pair of sockets for all peers, sends in batches (GSO where the kernel has
//! it), and what peers send handed to the connection that knows them.

use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::lane::{Body, Packet};

/// What the kernel takes as one batch: 64 datagrams, and no more bytes than one datagram could have.
const BATCH_LEN_MAX: usize = 65_000;
/// Datagrams of a publisher that wait for its connection.
const WAITING_MAX: usize = 1_024;
const RECEIVE_LEN: usize = 64 << 10;
/// Room for what comes at once: a large key frame, or many readers' reports.
const SOCKET_BUFFER: usize = 2 << 20;

/// A datagram of a peer.
pub(super) struct Datagram {
    /// The number under which the peer's port was registered.
    pub(super) track: usize,
    /// Whether it came where RTCP comes.
    pub(super) is_rtcp: bool,
    pub(super) data: Bytes,
}

type Routes = Arc<Mutex<HashMap<(SocketAddr, bool), (usize, mpsc::Sender<Datagram>)>>>;

/// The two sockets. Cloning shares them.
#[derive(Clone)]
pub(super) struct Pair {
    rtp: Arc<Half>,
    rtcp: Arc<Half>,
    /// Who is expected from where. Its users: connections, and the tasks that receive.
    routes: Routes,
}

struct Half {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl Half {
    fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let known = socket2::SockRef::from(&socket);
        // Less room is taken as it is.
        let _ = known.set_send_buffer_size(SOCKET_BUFFER);
        let _ = known.set_recv_buffer_size(SOCKET_BUFFER);
        let socket = UdpSocket::from_std(socket)?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        Ok(Self { socket, state })
    }

    /// Sends at once or not at all: the socket does not block, and nobody waits for room.
    fn send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let socket = || UdpSockRef::from(&self.socket);
        match self.state.try_send(socket(), transmit) {
            // A batch that the network card's driver does not take is sent one by one.
            Err(error) if transmit.segment_size.is_some() && !is_full(&error) => {
                let len = transmit.segment_size.unwrap_or(BATCH_LEN_MAX).max(1);
                transmit.contents.chunks(len).try_for_each(|contents| {
                    let one = Transmit { contents, segment_size: None, ..transmit.clone() };
                    self.state.try_send(socket(), &one)
                })
            }
            sent => sent,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

impl Pair {
    pub(super) fn new(rtp: std::net::UdpSocket, rtcp: std::net::UdpSocket) -> io::Result<Self> {
        let (rtp, rtcp) = (Arc::new(Half::new(rtp)?), Arc::new(Half::new(rtcp)?));
        Ok(Self { rtp, rtcp, routes: Routes::default() })
    }

    pub(super) fn ports(&self) -> io::Result<(u16, u16)> {
        Ok((self.rtp.socket.local_addr()?.port(), self.rtcp.socket.local_addr()?.port()))
    }

    pub(super) fn is_ipv6(&self) -> bool {
        self.rtp.socket.local_addr().is_ok_and(|address| address.is_ipv6())
    }

    /// Hands on what comes, until `stop`.
    pub(super) async fn receive(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = receive(&self.rtp, false, &self.routes) => {}
            () = receive(&self.rtcp, true, &self.routes) => {}
        }
    }

    /// Sends packets to one address; returns how many the system did not take.
    pub(super) fn send(&self, to: Destination, packets: &[Packet], buffer: &mut Vec<u8>) -> u64 {
        let mut unsent = 0;
        let mut rest = packets;
        while let Some(first) = rest.first() {
            let (half, port) = match first.body {
                Body::Rtp(..) => (&self.rtp, to.rtp),
                Body::Rtcp(_) => (&self.rtcp, to.rtcp),
            };
            let count = batch(rest, half.state.max_gso_segments());
            let Some((these, after)) = rest.split_at_checked(count) else { return unsent };
            rest = after;
            buffer.clear();
            these.iter().for_each(|packet| append(packet, buffer));
            let transmit = Transmit {
                destination: SocketAddr::new(to.peer, port),
                ecn: None,
                contents: buffer,
                segment_size: (count > 1).then_some(first.len()),
                src_ip: to.local,
            };
            if half.send(&transmit).is_err() {
                unsent += these.len() as u64;
            }
        }
        unsent
    }

    /// Expects datagrams of a peer. `None` when another connection expects them.
    pub(super) fn expect(&self, ports: &Ports) -> Option<Expected> {
        let keys = [
            (SocketAddr::new(ports.peer.to_canonical(), ports.rtp), false),
            (SocketAddr::new(ports.peer.to_canonical(), ports.rtcp), true),
        ];
        let mut routes = self.routes.lock();
        if keys.iter().any(|key| routes.contains_key(key)) {
            return None;
        }
        for key in keys {
            routes.insert(key, (ports.track, ports.inbox.clone()));
        }
        Some(Expected { routes: Arc::clone(&self.routes), keys })
    }
}

/// Where packets of a track go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination {
    pub(super) peer: IpAddr,
    pub(super) rtp: u16,
    pub(super) rtcp: u16,
    /// The address by which the peer knows this server.
    pub(super) local: Option<IpAddr>,
}

/// From where a peer sends.
pub(super) struct Ports {
    pub(super) peer: IpAddr,
    pub(super) rtp: u16,
    pub(super) rtcp: u16,
    pub(super) track: usize,
    pub(super) inbox: mpsc::Sender<Datagram>,
}

/// Where datagrams of a connection wait.
pub(super) fn inbox() -> (mpsc::Sender<Datagram>, mpsc::Receiver<Datagram>) {
    mpsc::channel(WAITING_MAX)
}

/// Datagrams are expected as long as it lives.
pub(super) struct Expected {
    routes: Routes,
    keys: [(SocketAddr, bool); 2],
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut routes = self.routes.lock();
        for key in &self.keys {
            routes.remove(key);
        }
    }
}

/// How many of the first packets may go as one batch: of one kind and length, but for a shorter last.
fn batch(packets: &[Packet], most: usize) -> usize {
    let Some(Packet { body: Body::Rtp(..), .. }) = packets.first() else { return 1 };
    let len = packets.first().map_or(0, Packet::len);
    let (mut count, mut total) = (0, 0);
    for packet in packets.iter().take(most.max(1)) {
        let fits = matches!(packet.body, Body::Rtp(..)) && packet.len() <= len;
        if !fits || (count > 0 && total + packet.len() > BATCH_LEN_MAX) {
            break;
        }
        (count, total) = (count + 1, total + packet.len());
        if packet.len() < len {
            break;
        }
    }
    count.max(1)
}

fn append(packet: &Packet, buffer: &mut Vec<u8>) {
    match &packet.body {
        Body::Rtp(header, data) => {
            buffer.extend_from_slice(header);
            buffer.extend_from_slice(data);
        }
        Body::Rtcp(report) => buffer.extend_from_slice(report),
    }
}

async fn receive(half: &Half, is_rtcp: bool, routes: &Routes) {
    let mut buffer = vec![0; RECEIVE_LEN];
    loop {
        if half.socket.readable().await.is_err() {
            return;
        }
        let mut meta = [RecvMeta::default()];
        let received = half.socket.try_io(Interest::READABLE, || {
            let mut buffers = [IoSliceMut::new(&mut buffer)];
            half.state.recv(UdpSockRef::from(&half.socket), &mut buffers, &mut meta)
        });
        // Not there after all, or what an earlier datagram met: the next one is waited for.
        let Ok(_) = received else { continue };
        let [RecvMeta { addr, len, stride, .. }] = meta;
        let from = (SocketAddr::new(addr.ip().to_canonical(), addr.port()), is_rtcp);
        let Some((track, inbox)) = routes.lock().get(&from).cloned() else { continue };
        let data = Bytes::copy_from_slice(buffer.get(..len).unwrap_or_default());
        for at in (0..data.len()).step_by(stride.max(1)) {
            let data = data.slice(at..data.len().min(at.saturating_add(stride)));
            // A connection that does not keep up loses packets, as on any network.
            let _ = inbox.try_send(Datagram { track, is_rtcp, data });
        }
    }
}

#[cfg(test)]
mod tests {
    use rtsp::Transport;

    use super::*;

    fn packet(len: usize) -> Packet {
        let transport = Transport::Udp { rtp: 1, rtcp: 2 };
        Packet { transport, body: Body::Rtp([0; 12], vec![0; len].into()) }
    }

    fn report() -> Packet {
        let transport = Transport::Udp { rtp: 1, rtcp: 2 };
        Packet { transport, body: Body::Rtcp(vec![0; 48].into()) }
    }

    #[test]
    fn a_batch_is_of_one_length_but_for_a_shorter_last() {
        let many = |lens: &[usize]| lens.iter().map(|len| packet(*len)).collect::<Vec<_>>();
        assert_eq!(batch(&many(&[20, 1_400, 1_400, 1_400, 300, 1_400]), 64), 1);
        assert_eq!(batch(&many(&[1_400, 1_400, 1_400, 300, 1_400]), 64), 4);
        assert_eq!(batch(&many(&[1_400; 100]), 64), 46, "bytes");
        assert_eq!(batch(&many(&[100; 100]), 64), 64, "segments");
        assert_eq!(batch(&[packet(100), report()], 64), 1);
        assert_eq!(batch(&[report(), report()], 64), 1);
        assert_eq!(batch(&many(&[1_400, 1_400]), 1), 1, "without GSO");
    }

    #[tokio::test]
    async fn what_a_peer_gets_is_what_was_sent_and_what_it_sends_finds_its_connection() {
        let bind = || std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
        let pair = Pair::new(bind(), bind()).expect("sockets");
        let client = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let port = client.local_addr().expect("an address").port();
        let peer: IpAddr = [127, 0, 0, 1].into();
        let to = Destination { peer, rtp: port, rtcp: port, local: Some(peer) };
        let packets = [packet(1_400), packet(1_400), packet(30), report()];
        assert_eq!(pair.send(to, &packets, &mut Vec::new()), 0);
        let (mut lens, mut buffer) = (Vec::new(), [0; 2_000]);
        for _ in 0..4 {
            lens.push(client.recv(&mut buffer).await.expect("a datagram"));
        }
        assert_eq!(lens, [1_412, 1_412, 42, 48]);

        let (sender, mut waiting) = inbox();
        let ports = Ports { peer, rtp: port, rtcp: port, track: 3, inbox: sender };
        let expected = pair.expect(&ports).expect("nobody else");
        assert!(pair.expect(&ports).is_none());
        let stop = CancellationToken::new();
        let task = tokio::spawn(pair.clone().receive(stop.clone()));
        let rtcp = pair.ports().expect("ports").1;
        client.send_to(b"report", (peer, rtcp)).await.expect("sent");
        let came = waiting.recv().await.expect("a datagram");
        assert_eq!((came.track, came.is_rtcp, &came.data[..]), (3, true, &b"report"[..]));
        drop(expected);
        assert!(pair.routes.lock().is_empty());
        stop.cancel();
        task.await.expect("it leaves");
    }
}
