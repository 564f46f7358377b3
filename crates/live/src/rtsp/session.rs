//! A session of a connection: lanes to a reader, or tracks of a publisher, and their place on the board.

use base::Clock;
use base::{Mono, StreamPath, SystemClock};
use hub::{Event, Subscriber};
use media::Tracks;
use media::rtp::rtcp;
use rtsp::Transport;
use tokio::sync::mpsc;

use super::config::Config;
use super::ending::End;
use super::lane::{Body, Lane, Packet};
use super::publisher::Publisher;
use super::reader::{Reader, Taken};
use super::udp::{self, Datagram, Expected};
use crate::sessions::{Counters, Entry};

/// A session.
pub(super) struct Session {
    pub(super) entry: Entry,
    pub(super) path: StreamPath,
    /// What a reader was told.
    pub(super) tracks: Option<Tracks>,
    pub(super) lanes: Vec<Lane>,
    pub(super) reader: Option<Reader>,
    pub(super) publisher: Option<Publisher>,
    /// Ports from which datagrams are expected, by track.
    pub(super) expected: Vec<(usize, Expected)>,
    pub(super) inbox: (mpsc::Sender<Datagram>, mpsc::Receiver<Datagram>),
}

impl Session {
    pub(super) fn new(entry: Entry, path: StreamPath) -> Self {
        Self {
            entry,
            path,
            tracks: None,
            lanes: Vec::new(),
            reader: None,
            publisher: None,
            expected: Vec::new(),
            inbox: udp::inbox(),
        }
    }

    /// What is waited for: the stream, datagrams, and when a publisher's packets are due.
    pub(super) fn sources(
        &mut self,
    ) -> (Option<&mut Subscriber>, Option<&mut mpsc::Receiver<Datagram>>, Option<Mono>) {
        let due = self.publisher.as_ref().and_then(Publisher::next_deadline);
        let reader = self.reader.as_mut().map(|reader| &mut reader.subscriber);
        (reader, Some(&mut self.inbox.1), due)
    }

    /// Some of what the ring held at the start; `None`: all of it is sent.
    pub(super) fn take_backlog(&mut self, now: Mono, out: &mut Vec<Packet>) -> Option<Taken> {
        let reader = self.reader.as_mut().filter(|reader| reader.has_backlog())?;
        Some(reader.take_backlog(now, &mut self.lanes, out))
    }

    pub(super) fn take(&mut self, now: Mono, event: Event, out: &mut Vec<Packet>) -> Taken {
        match &mut self.reader {
            Some(reader) => reader.take(now, event, &mut self.lanes, out),
            None => Taken::default(),
        }
    }

    /// Counts what was sent.
    pub(super) fn count(&self, packets: &[Packet], bytes: usize) {
        if packets.is_empty() {
            return;
        }
        let reports = packets.iter().filter(|packet| matches!(packet.body, Body::Rtcp(_))).count();
        let counters = &self.entry.counters;
        Counters::add(&counters.outbound_packets, (packets.len() - reports) as u64);
        Counters::add(&counters.outbound_rtcp_packets, reports as u64);
        Counters::add(&counters.outbound_bytes, bytes as u64);
        if let Some(reader) = &self.reader {
            reader.subscriber.sent(bytes as u64);
        }
    }

    /// True when all packets travel in the connection.
    pub(super) fn is_interleaved(&self) -> bool {
        self.lanes.iter().all(|lane| matches!(lane.transport, Transport::Interleaved { .. }))
    }

    /// Ends what waits in vain.
    pub(super) fn check(&mut self, config: &Config, now: Mono) -> Result<(), End> {
        if let Some(reader) = &self.reader
            && reader.lost_for(now).is_some_and(|lost| lost > config.reader_grace)
        {
            return Err(End::SourceLost);
        }
        if let Some(publisher) = &mut self.publisher {
            publisher.count(&self.entry.counters);
            if publisher.is_replaced() {
                return Err(End::Taken);
            }
            if publisher.silent_for(now) > config.source_timeout {
                return Err(End::SourceLost);
            }
        }
        Ok(())
    }

    /// Reports to a publisher that are due.
    pub(super) fn reports(&mut self, now: Mono) -> Vec<Packet> {
        self.publisher.as_mut().map(|publisher| publisher.reports(now)).unwrap_or_default()
    }

    /// Takes a packet of the peer in the connection.
    pub(super) fn data(&mut self, channel: u8, packet: &bytes::Bytes) -> Result<(), End> {
        let now = SystemClock.mono();
        if let Some(publisher) = &mut self.publisher {
            return publisher.data(now, channel, packet);
        }
        let is_report = |lane: &Lane| matches!(lane.transport, Transport::Interleaved { rtcp, .. } if rtcp == channel);
        if self.lanes.iter().any(is_report) {
            self.heard_report(packet);
        }
        Ok(())
    }

    /// Takes a datagram of the peer.
    pub(super) fn datagram(&mut self, datagram: &Datagram) -> Result<(), End> {
        match &mut self.publisher {
            Some(publisher) => publisher.datagram(SystemClock.mono(), datagram),
            None => {
                if datagram.is_rtcp {
                    self.heard_report(&datagram.data);
                }
                Ok(())
            }
        }
    }

    /// Notes what a reader says that it lost.
    fn heard_report(&mut self, report: &[u8]) {
        let counters = &self.entry.counters;
        Counters::add(&counters.inbound_rtcp_packets, 1);
        let Ok(reports) = rtcp::parse(report) else {
            Counters::add(&counters.inbound_rtcp_packets_in_error, 1);
            return;
        };
        for report in reports {
            let rtcp::Report::Reception(said) = report else { continue };
            if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.ssrc == said.ssrc) {
                lane.lost = u64::try_from(said.lost).unwrap_or(0);
            }
        }
        let lost = self.lanes.iter().map(|lane| lane.lost).sum();
        let all = &counters.outbound_packets_reported_lost;
        all.store(lost, std::sync::atomic::Ordering::Relaxed);
    }

    /// Last words to a reader.
    pub(super) fn bye(&self) -> Vec<Packet> {
        let mut out = Vec::new();
        if let Some(reader) = &self.reader {
            reader.bye(&self.lanes, &mut out);
        }
        out
    }
}
