//! What the storage counts.

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

/// The storage's numbers. Cloning shares them.
#[derive(Clone)]
pub struct Metrics {
    pub(crate) written: IntCounter,
    pub(crate) queued: IntGauge,
    pub(crate) errors: IntCounter,
    pub(crate) sync_seconds: Histogram,
    pub(crate) free: IntGauge,
    pub(crate) used: IntGauge,
}

impl Metrics {
    /// Makes the numbers and registers them.
    ///
    /// # Errors
    /// When the registry has the same names already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        let options = HistogramOpts::new(
            "vedette_disk_sync_seconds",
            "How long a volume took to bring what was written to the disk.",
        );
        let buckets = vec![0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        let sync_seconds = Histogram::with_opts(options.buckets(buckets))?;
        registry.register(Box::new(sync_seconds.clone()))?;
        Ok(Self {
            written: counter("vedette_disk_written_bytes_total", "Bytes of segments written.")?,
            queued: gauge(
                "vedette_disk_queued_bytes",
                "Bytes of segments that wait to be written.",
            )?,
            errors: counter("vedette_disk_errors_total", "Writes and syncs that failed.")?,
            sync_seconds,
            free: gauge("vedette_disk_free_bytes", "Free bytes of the volume for segments.")?,
            used: gauge("vedette_disk_used_bytes", "Used bytes of the volume for segments.")?,
        })
    }
}

/// Retention's numbers. Cloning shares them.
#[derive(Clone)]
pub struct RetentionMetrics {
    pub(crate) removed: IntCounterVec,
    pub(crate) removed_bytes: IntCounterVec,
    pub(crate) short: IntGauge,
}

impl RetentionMetrics {
    /// Makes the numbers and registers them.
    ///
    /// # Errors
    /// When the registry has the same names already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let by_rule = |name: &str, help: &str| {
            let counter = IntCounterVec::new(Opts::new(name, help), &["rule"])?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let help = "Bytes by which free space falls short of what is kept free.";
        let short = IntGauge::new("vedette_retention_short_bytes", help)?;
        registry.register(Box::new(short.clone()))?;
        Ok(Self {
            removed: by_rule(
                "vedette_retention_removed_segments_total",
                "Segments whose file was removed from the disk, by rule.",
            )?,
            removed_bytes: by_rule(
                "vedette_retention_removed_bytes_total",
                "Bytes of segments whose file was removed from the disk, by rule.",
            )?,
            short,
        })
    }
}

/// What is counted about the coverage ledger. Cloning shares it.
#[derive(Clone)]
pub struct LedgerMetrics {
    pub(crate) unexplained: GaugeVec,
}

impl LedgerMetrics {
    /// Makes the numbers and registers them.
    ///
    /// # Errors
    /// When the registry has the same names already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let unexplained = GaugeVec::new(
            Opts::new(
                "vedette_ledger_unexplained_seconds",
                "Seconds since a day before this start that are neither recorded nor have a reason.",
            ),
            &["camera"],
        )?;
        registry.register(Box::new(unexplained.clone()))?;
        Ok(Self { unexplained })
    }
}
