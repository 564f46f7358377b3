//! What this room counts.

use prometheus::{GaugeVec, IntCounterVec, Opts, Registry};

/// Numbers of the sources. Cloning shares them.
#[derive(Clone)]
pub struct Metrics {
    pub(crate) failures: IntCounterVec,
    pub(crate) lost_packets: IntCounterVec,
    pub(crate) clock_jumps: IntCounterVec,
    pub(crate) clock_offset: GaugeVec,
}

impl Metrics {
    /// Makes the numbers and registers them.
    ///
    /// # Errors
    /// When the registry has the same names already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let clock_offset = GaugeVec::new(
            Opts::new(
                "vedette_source_clock_offset_seconds",
                "How far a camera's clock is ahead of this machine's, by its sender reports.",
            ),
            &["camera"],
        )?;
        registry.register(Box::new(clock_offset.clone()))?;
        Ok(Self {
            clock_offset,
            failures: counter(
                "vedette_source_reconnects_total",
                "Sessions with a source that failed or ended and are tried again, by reason.",
                &["camera", "reason"],
            )?,
            lost_packets: counter(
                "vedette_source_lost_packets_total",
                "Packets that the network lost on the way from a source.",
                &["camera"],
            )?,
            clock_jumps: counter(
                "vedette_source_clock_jumps_total",
                "Jumps of a source's media clock.",
                &["camera"],
            )?,
        })
    }
}
