//! The wanted cameras and the task of each: started, left running, or ended as the list changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::StreamPath;
use base::outgoing::Outgoing;
use base::task::{Pool, Scope};
use hub::Hub;

use crate::metrics::Metrics;
use crate::on_demand::OnDemand;
use crate::source::SourceSpec;
use crate::status::StatusBoard;
use crate::task::{Life, Source};

/// How long to wait for what.
#[derive(Clone, Debug)]
pub struct Config {
    /// A source that gives no access unit for this long is lost; a session must open within it.
    pub source_timeout: Duration,
    /// How long a lost camera counts as connecting.
    pub reader_grace: Duration,
    /// On demand: the pull stops this long after the last reader left.
    pub close_after: Duration,
    /// Where sources may be pulled from.
    pub outgoing: Arc<Outgoing>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            source_timeout: Duration::from_secs(10),
            reader_grace: Duration::from_secs(10),
            close_after: Duration::from_secs(10),
            outgoing: Arc::default(),
        }
    }
}

/// What every source is made with.
pub(crate) struct Room {
    pub(crate) hub: Hub,
    pub(crate) pool: Arc<Pool>,
    pub(crate) scope: Scope,
    pub(crate) status: StatusBoard,
    pub(crate) metrics: Metrics,
    config: parking_lot::RwLock<Config>,
}

impl Room {
    /// Its settings as they are now.
    pub(crate) fn config(&self) -> Config {
        self.config.read().clone()
    }
}

/// All sources of this node.
pub struct Service {
    room: Arc<Room>,
    running: HashMap<StreamPath, (SourceSpec, Scope)>,
    on_demand: OnDemand,
}

impl Service {
    /// No sources of cameras yet; those of the hub's rules, as they are and as they change. Tasks run on the
    /// pool's runtimes and end with `scope`. The hub asks this service for paths that nobody feeds.
    #[must_use]
    pub fn new(hub: Hub, pool: Arc<Pool>, scope: Scope, config: Config, metrics: Metrics) -> Self {
        let status = StatusBoard::default();
        let config = parking_lot::RwLock::new(config);
        let room = Arc::new(Room { hub, pool, scope, status, metrics, config });
        let on_demand = OnDemand::start(Arc::clone(&room));
        Self { room, running: HashMap::new(), on_demand }
    }

    /// The board that the sources write.
    #[must_use]
    pub fn status(&self) -> StatusBoard {
        self.room.status.clone()
    }

    /// Changes after how long without a unit a source is lost; for those that start from now on.
    pub fn set_source_timeout(&self, limit: Duration) {
        self.room.config.write().source_timeout = limit;
    }

    /// Makes the running sources those of `wanted`: equal ones go on untouched, changed ones restart,
    /// missing ones end.
    pub fn reconcile(&mut self, wanted: Vec<SourceSpec>) {
        let cameras = wanted.iter().filter_map(|spec| spec.owner.camera().cloned());
        self.room.hub.set_cameras(cameras.collect());
        let gone: Vec<StreamPath> = self
            .running
            .iter()
            .filter(|(_, (spec, _))| !wanted.contains(spec))
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            if let Some((spec, scope)) = self.running.remove(&path) {
                scope.cancel();
                if let Some(camera) = spec.owner.camera() {
                    self.room.status.remove(camera, &spec.name);
                }
            }
        }
        for spec in wanted {
            if !self.running.contains_key(&spec.path) {
                let scope = self.start(spec.clone());
                self.running.insert(spec.path.clone(), (spec, scope));
            }
        }
    }

    fn start(&self, spec: SourceSpec) -> Scope {
        let room = &self.room;
        let scope = room.scope.child_on(room.pool.for_key(spec.path.as_str()));
        let (name, token) = (format!("source {}", spec.path), scope.token());
        scope.spawn(name, Source::new(room, spec, Life::Wanted).run(token));
        scope
    }

    /// Ends all sources and waits for them; returns the names of those that did not leave in time.
    pub async fn close(self, deadline: Duration) -> Vec<String> {
        let mut scopes = self.on_demand.close();
        scopes.extend(self.running.into_values().map(|(_, scope)| scope));
        scopes.iter().for_each(Scope::cancel);
        let closing = scopes.iter().map(|scope| scope.close(deadline));
        futures::future::join_all(closing).await.into_iter().flatten().collect()
    }
}
