//! Packets onto a connection or into datagrams.

use std::io::IoSlice;
use std::net::SocketAddr;

use anyhow::bail;
use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

/// A header of its own before shared bytes.
pub(crate) type Packet = ([u8; 12], Bytes);

/// A report and the packets of an access unit for one write.
pub(crate) fn interleave(
    report: Option<Bytes>,
    packets: &[Packet],
    rtp_channel: u8,
    rtcp_channel: u8,
) -> Vec<Bytes> {
    let mut parts = Vec::with_capacity(packets.len() * 2 + 2);
    if let Some(report) = report {
        parts.push(interleaved(rtcp_channel, &[], report.len()));
        parts.push(report);
    }
    for (header, data) in packets {
        parts.push(interleaved(rtp_channel, header, data.len()));
        parts.push(data.clone());
    }
    parts
}

/// One datagram per packet.
pub(crate) async fn send(socket: &UdpSocket, to: SocketAddr, packets: &[Packet]) {
    for (header, data) in packets {
        let mut packet = header.to_vec();
        packet.extend_from_slice(data);
        // The player's port may be closed for a moment: its TEARDOWN ends the session.
        let _ = socket.send_to(&packet, to).await;
    }
}

/// `$`, channel and length (RFC 2326 section 10.12), then `header`.
fn interleaved(channel: u8, header: &[u8], payload_len: usize) -> Bytes {
    let len = u16::try_from(header.len() + payload_len).unwrap_or(u16::MAX);
    let mut out = vec![b'$', channel];
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(header);
    out.into()
}

/// Writes all parts.
pub(crate) async fn write(stream: &mut TcpStream, parts: &[Bytes]) -> anyhow::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        let written = stream.write_vectored(rest).await?;
        if written == 0 {
            bail!("the player closed the connection");
        }
        IoSlice::advance_slices(&mut rest, written);
    }
    Ok(())
}
