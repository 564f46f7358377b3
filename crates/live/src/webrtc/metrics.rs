//! What WebRTC counts.

use prometheus::{IntCounter, IntGauge, Registry};

/// The numbers of WebRTC. Cloning shares them.
#[derive(Clone)]
pub struct Metrics {
    pub(super) sessions: IntGauge,
    pub(super) refused: IntCounter,
    pub(super) unconnected: IntCounter,
    pub(super) connections: IntGauge,
    pub(super) received: IntCounter,
    pub(super) strangers: IntCounter,
    pub(super) overrun: IntCounter,
    pub(super) sent: IntCounter,
    pub(super) sent_bytes: IntCounter,
    pub(super) unsent: IntCounter,
    pub(super) restarts: IntCounter,
    pub(super) skipped: IntCounter,
}

impl Metrics {
    /// Makes the numbers and registers them.
    ///
    /// # Errors
    /// When the registry has the same names already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        Ok(Self {
            sessions: gauge("vedette_webrtc_sessions", "WHEP and WHIP sessions now.")?,
            refused: counter(
                "vedette_webrtc_offers_refused_total",
                "Offers that could not be answered.",
            )?,
            unconnected: counter(
                "vedette_webrtc_unconnected_total",
                "Sessions that ended before media could flow.",
            )?,
            connections: gauge("vedette_webrtc_tcp_connections", "Connections for ICE over TCP.")?,
            received: counter("vedette_webrtc_received_total", "Datagrams received.")?,
            strangers: counter(
                "vedette_webrtc_strangers_total",
                "Datagrams that belong to no session.",
            )?,
            overrun: counter(
                "vedette_webrtc_overrun_total",
                "Datagrams dropped because their session had too many waiting.",
            )?,
            sent: counter("vedette_webrtc_sent_total", "Datagrams sent.")?,
            sent_bytes: counter("vedette_webrtc_sent_bytes_total", "Bytes sent in datagrams.")?,
            unsent: counter(
                "vedette_webrtc_unsent_total",
                "Datagrams that the system or a peer's connection did not take.",
            )?,
            restarts: counter(
                "vedette_webrtc_restarts_total",
                "Times a viewer was given the group since the last key frame again, after losses.",
            )?,
            skipped: counter(
                "vedette_webrtc_skipped_total",
                "Access units that slow viewers were not given.",
            )?,
        })
    }
}
