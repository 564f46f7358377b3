//! What the recorder counts.

use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

/// The recorder's numbers. Cloning shares them.
#[derive(Clone)]
pub struct Metrics {
    pub(crate) segments: IntCounterVec,
    pub(crate) active: IntGaugeVec,
    pub(crate) gaps: IntCounterVec,
    pub(crate) skipped: IntCounterVec,
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
        let active = IntGaugeVec::new(
            Opts::new(
                "camera_recorder_recording_active",
                "1 while a segment is being written, else 0.",
            ),
            &["camera"],
        )?;
        registry.register(Box::new(active.clone()))?;
        Ok(Self {
            segments: counter(
                "camera_recorder_segments_recorded_total",
                "Segments that were sealed.",
                &["camera"],
            )?,
            active,
            gaps: counter(
                "vedette_recorder_gaps_total",
                "Gaps that were opened in the coverage ledger, by reason.",
                &["camera", "reason"],
            )?,
            skipped: counter(
                "vedette_recorder_skipped_units_total",
                "Access units that were not recorded because disk or database were too slow.",
                &["camera"],
            )?,
        })
    }
}
