//! What the front door counts, and how numbers are written.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder,
};

/// Numbers of the front door.
pub(crate) struct Metrics {
    pub(crate) requests: IntCounterVec,
    pub(crate) seconds: HistogramVec,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let requests = IntCounterVec::new(
            Opts::new("vedette_http_requests_total", "Requests answered, by route and status."),
            &["route", "status"],
        )?;
        let options = HistogramOpts::new(
            "vedette_http_request_seconds",
            "Time until the answer began, by route.",
        );
        let buckets = vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0];
        let seconds = HistogramVec::new(options.buckets(buckets), &["route"])?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        Ok(Self { requests, seconds })
    }
}

/// All numbers in Prometheus' text format.
pub(crate) fn text(registry: &Registry) -> String {
    let mut out = Vec::new();
    // Writing to memory does not fail, and a family without numbers is left out.
    let _ = TextEncoder::new().encode(&registry.gather(), &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// The same as OpenMetrics: a counter's family is named without `_total`, and the end is marked.
pub(crate) fn open_metrics(registry: &Registry) -> String {
    let mut out = String::new();
    for line in text(registry).lines() {
        let is_comment = line.starts_with("# ");
        match line.split_once("_total ").filter(|_| is_comment) {
            Some((head, tail)) => out.push_str(&format!("{head} {tail}")),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out.push_str("# EOF\n");
    out
}
