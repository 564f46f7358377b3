//! The wanted recordings and the task of each.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::StreamPath;
use base::task::{Pool, Scope};
use catalog::Database;
use hub::Hub;
use storage::local::Volume;
use storage::retention::Handle;

use crate::metrics::Metrics;
use crate::recorder::{LossReason, RecordSpec, Recorder};

/// What all recorders share.
#[derive(Clone)]
pub struct Config {
    /// Why a camera gives nothing, as its source knows it.
    pub loss_reason: LossReason,
    /// How often a recorder looks into the ring: what a crash can cost, beside one picture.
    pub look_every: Duration,
    /// Where files go that cannot be played.
    pub lost_found: PathBuf,
    /// Segments in the rolling playlist next to MPEG-TS ones.
    pub playlist_segments: usize,
}

/// All recordings of this node.
pub struct Service {
    hub: Hub,
    pool: Arc<Pool>,
    scope: Scope,
    database: Database,
    volume: Volume,
    room: Handle,
    config: Config,
    metrics: Metrics,
    running: HashMap<StreamPath, (RecordSpec, Scope)>,
}

/// What a service is made of.
pub struct Parts {
    /// Where streams come from.
    pub hub: Hub,
    /// The media runtimes; a recorder runs on its stream's.
    pub pool: Arc<Pool>,
    /// The owner of the tasks.
    pub scope: Scope,
    /// Where rows go.
    pub database: Database,
    /// Where files go.
    pub volume: Volume,
    /// Whether there is room for them.
    pub room: Handle,
}

impl Service {
    /// No recordings yet.
    #[must_use]
    pub fn new(parts: Parts, config: Config, metrics: Metrics) -> Self {
        let Parts { hub, pool, scope, database, volume, room } = parts;
        let running = HashMap::new();
        Self { hub, pool, scope, database, volume, room, config, metrics, running }
    }

    /// Makes the running recordings those of `wanted`: equal ones go on untouched, changed ones
    /// restart, missing ones seal their segment and end.
    pub fn reconcile(&mut self, wanted: Vec<RecordSpec>) {
        let gone = |spec: &RecordSpec| !wanted.contains(spec);
        self.running.retain(|_, (spec, scope)| {
            let keep = !gone(spec);
            if !keep {
                scope.cancel();
            }
            keep
        });
        for spec in wanted {
            if !self.running.contains_key(&spec.stream) {
                let scope = self.start(spec.clone());
                self.running.insert(spec.stream.clone(), (spec, scope));
            }
        }
    }

    fn start(&self, spec: RecordSpec) -> Scope {
        let scope = self.scope.child_on(self.pool.for_key(spec.stream.as_str()));
        let name = format!("recorder {}", spec.stream);
        let recorder = Recorder::new(
            spec,
            &self.hub,
            self.database.clone(),
            (self.volume.clone(), self.room.clone()),
            (self.config.clone(), self.metrics.clone()),
            &scope,
        );
        scope.spawn(name, recorder.run(scope.token()));
        scope
    }

    /// Seals all segments and ends; returns the names of the recorders that did not leave in time.
    pub async fn close(self, deadline: Duration) -> Vec<String> {
        for (_, scope) in self.running.values() {
            scope.cancel();
        }
        let mut late = Vec::new();
        let until = tokio::time::Instant::now() + deadline;
        for (_, scope) in self.running.into_values() {
            late.extend(
                scope.close(until.saturating_duration_since(tokio::time::Instant::now())).await,
            );
        }
        late
    }
}
