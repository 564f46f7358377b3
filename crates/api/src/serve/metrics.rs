//! What the accept loops count.

use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

/// Numbers of the listeners. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) open: IntGaugeVec,
    pub(crate) refused: IntCounterVec,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let open = IntGaugeVec::new(
            Opts::new("vedette_http_connections", "Connections open now, by listener."),
            &["listener"],
        )?;
        let refused = IntCounterVec::new(
            Opts::new(
                "vedette_http_connections_refused_total",
                "Connections closed at once because a bound was reached, by listener.",
            ),
            &["listener"],
        )?;
        registry.register(Box::new(open.clone()))?;
        registry.register(Box::new(refused.clone()))?;
        Ok(Self { open, refused })
    }
}
