//! The wanted recordings and the task of each.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::StreamPath;
use base::task::{Pool, Scope};
use catalog::{Database, GapReason};
use hub::Hub;
use storage::local::Volume;
use storage::retention::Handle;

use crate::metrics::Metrics;
use crate::recorder::{End, LossReason, RecordSpec, Recorder};

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
    running: HashMap<StreamPath, Running>,
    /// Told to end; they may still be sealing.
    leaving: Vec<Running>,
}

/// A recorder's task and what it was told.
struct Running {
    spec: RecordSpec,
    scope: Scope,
    end: End,
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
        let (running, leaving) = (HashMap::new(), Vec::new());
        Self { hub, pool, scope, database, volume, room, config, metrics, running, leaving }
    }

    /// Makes the running recordings those of `wanted`: equal ones go on untouched, changed ones
    /// restart, missing ones seal their segment and end, and the ledger says `disabled` from there on.
    pub fn reconcile(&mut self, wanted: Vec<RecordSpec>) {
        self.leaving.retain(|recorder| !recorder.scope.is_idle());
        let gone = self.running.extract_if(|_, running| !wanted.contains(&running.spec));
        for (_, running) in gone {
            // Nobody else sets it: the recorder is told once.
            let _ = running.end.set(GapReason::Disabled);
            running.scope.cancel();
            self.leaving.push(running);
        }
        for spec in wanted {
            if !self.running.contains_key(&spec.stream) {
                let running = self.start(spec);
                self.running.insert(running.spec.stream.clone(), running);
            }
        }
    }

    fn start(&self, spec: RecordSpec) -> Running {
        let scope = self.scope.child_on(self.pool.for_key(spec.stream.as_str()));
        let name = format!("recorder {}", spec.stream);
        let (token, sealing, end) = (scope.token(), scope.child(), End::default());
        let (hub, database) = (self.hub.clone(), self.database.clone());
        let (disk, told) = ((self.volume.clone(), self.room.clone()), end.clone());
        let (shared, recorded) = ((self.config.clone(), self.metrics.clone()), spec.clone());
        // A camera's ledger has one writer: who is leaving ends it before the next one reads it.
        let same = |before: &&Running| before.spec.camera == spec.camera;
        let before: Vec<Scope> =
            self.leaving.iter().filter(same).map(|before| before.scope.clone()).collect();
        scope.spawn(name, async move {
            for before in before {
                tokio::select! {
                    () = token.cancelled() => return,
                    () = before.wait() => {}
                }
            }
            let recorder = Recorder::new(recorded, &hub, database, disk, shared, (sealing, told));
            recorder.run(token).await;
        });
        Running { spec, scope, end }
    }

    /// Seals all segments and ends; returns the names of the recorders that did not leave in time.
    pub async fn close(self, deadline: Duration) -> Vec<String> {
        let all: Vec<Running> = self.running.into_values().chain(self.leaving).collect();
        for running in &all {
            running.scope.cancel();
        }
        let mut late = Vec::new();
        let until = tokio::time::Instant::now() + deadline;
        for running in all {
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            late.extend(running.scope.close(left).await);
        }
        late
    }
}

#[cfg(test)]
mod tests;
