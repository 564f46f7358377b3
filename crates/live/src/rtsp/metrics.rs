//! Numbers of the RTSP server; who is there is told by the board of sessions.

use prometheus::{IntCounter, Registry};

/// Numbers of the RTSP server.
#[derive(Clone)]
pub struct Metrics {
    pub(super) connections: IntCounter,
    pub(super) turned_away: IntCounter,
    pub(super) refused: IntCounter,
    pub(super) skips: IntCounter,
    pub(super) skipped_units: IntCounter,
    pub(super) unsendable_pictures: IntCounter,
    pub(super) ended_slow: IntCounter,
    pub(super) datagrams_lost: IntCounter,
}

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// When the registry has them already.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        Ok(Self {
            connections: counter("vedette_rtsp_connections_total", "RTSP connections accepted")?,
            turned_away: counter(
                "vedette_rtsp_connections_refused_total",
                "RTSP connections closed at once because there were too many",
            )?,
            refused: counter(
                "vedette_rtsp_refused_total",
                "RTSP requests refused for wrong credentials or missing rights",
            )?,
            skips: counter(
                "vedette_rtsp_reader_skips_total",
                "Times that a slow RTSP reader skipped to a key frame",
            )?,
            skipped_units: counter(
                "vedette_rtsp_reader_skipped_units_total",
                "Access units that slow RTSP readers did not get",
            )?,
            unsendable_pictures: counter(
                "vedette_rtsp_unsendable_pictures_total",
                "M-JPEG pictures that RTP cannot carry, such as progressive ones, and that a reader did not get",
            )?,
            ended_slow: counter(
                "vedette_rtsp_readers_ended_total",
                "RTSP readers ended because they took too little",
            )?,
            datagrams_lost: counter(
                "vedette_rtsp_datagrams_unsent_total",
                "UDP packets to RTSP readers that the system did not take",
            )?,
        })
    }
}
