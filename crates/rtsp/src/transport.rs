//! How packets travel (RFC 2326 section 12.39).

/// How a track's packets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In this connection, on these channels.
    Interleaved {
        /// Of RTP packets.
        rtp: u8,
        /// Of RTCP packets.
        rtcp: u8,
    },
    /// As datagrams to these ports of the peer.
    Udp {
        /// Of RTP packets.
        rtp: u16,
        /// Of RTCP packets.
        rtcp: u16,
    },
}

impl Transport {
    /// One of the transports that a client offers, if it is one of ours. `channel` is the first of those
    /// that it gets if it names none.
    pub(crate) fn parse(text: &str, channel: u8) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let protocol = parts.next()?.to_ascii_uppercase();
        let parameters: Vec<&str> = parts.collect();
        if parameters.iter().any(|part| part.eq_ignore_ascii_case("multicast")) {
            return None;
        }
        let pair = |name: &str| {
            let value =
                parameters.iter().find_map(|part| part.strip_prefix(name)?.strip_prefix('='))?;
            let (first, second) =
                value.split_once('-').map_or((value, None), |(a, b)| (a, Some(b)));
            let first = first.parse::<u16>().ok()?;
            let second =
                second.map_or(Some(first.checked_add(1)?), |second| second.parse::<u16>().ok())?;
            Some((first, second))
        };
        match protocol.as_str() {
            "RTP/AVP/TCP" => {
                let (rtp, rtcp) = pair("interleaved")
                    .unwrap_or((channel.into(), u16::from(channel).saturating_add(1)));
                Some(Self::Interleaved {
                    rtp: u8::try_from(rtp).ok()?,
                    rtcp: u8::try_from(rtcp).ok()?,
                })
            }
            "RTP/AVP" | "RTP/AVP/UDP" => {
                let (rtp, rtcp) = pair("client_port")?;
                (rtp > 0 && rtcp > 0).then_some(Self::Udp { rtp, rtcp })
            }
            _ => None,
        }
    }
}
