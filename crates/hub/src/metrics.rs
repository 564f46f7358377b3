//! What the hub counts.

use prometheus::{IntCounter, IntGauge, Registry};

/// The hub's numbers. Cloning shares them.
#[derive(Clone)]
pub struct Metrics {
    pub(crate) streams: IntGauge,
    pub(crate) readers: IntGauge,
    pub(crate) ring_bytes: IntGauge,
    pub(crate) units: IntCounter,
    pub(crate) bytes: IntCounter,
    pub(crate) skipped: IntCounter,
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
            streams: gauge("vedette_hub_streams", "Paths that are being published.")?,
            readers: gauge(
                "vedette_hub_readers",
                "Readers of all paths, the recorder's among them.",
            )?,
            ring_bytes: gauge(
                "vedette_hub_ring_bytes",
                "Bytes of access units held in all rings.",
            )?,
            units: counter("vedette_hub_units_total", "Access units published.")?,
            bytes: counter("vedette_hub_bytes_total", "Bytes of access units published.")?,
            skipped: counter(
                "vedette_hub_skipped_units_total",
                "Access units that slow readers missed.",
            )?,
        })
    }
}
