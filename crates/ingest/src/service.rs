//! The wanted cameras and the task of each: started, left running, or ended as the list changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::outgoing::Outgoing;
use base::task::{Pool, Scope};
use base::{Clock, StreamPath, SystemClock};
use hub::{Demand, Hub};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::failure::{Failure, Kind};
use crate::measure::Meter;
use crate::metrics::Metrics;
use crate::outlet::{Outlet, Step};
use crate::report::Report;
use crate::session::{Choice, Rules, Session};
use crate::source::SourceSpec;
use crate::status::{State, StatusBoard};
use crate::supervisor::Supervisor;

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

/// All sources of this node.
pub struct Service {
    hub: Hub,
    pool: Arc<Pool>,
    scope: Scope,
    status: StatusBoard,
    metrics: Metrics,
    config: Config,
    running: HashMap<StreamPath, (SourceSpec, Scope)>,
}

impl Service {
    /// No sources yet. Tasks run on the pool's runtimes and end with `scope`.
    #[must_use]
    pub fn new(hub: Hub, pool: Arc<Pool>, scope: Scope, config: Config, metrics: Metrics) -> Self {
        let (status, running) = (StatusBoard::default(), HashMap::new());
        Self { hub, pool, scope, status, metrics, config, running }
    }

    /// The board that the sources write.
    #[must_use]
    pub fn status(&self) -> StatusBoard {
        self.status.clone()
    }

    /// Makes the running sources those of `wanted`: equal ones go on untouched, changed ones restart,
    /// missing ones end.
    pub fn reconcile(&mut self, wanted: Vec<SourceSpec>) {
        let gone: Vec<StreamPath> = self
            .running
            .iter()
            .filter(|(_, (spec, _))| !wanted.contains(spec))
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            if let Some((spec, scope)) = self.running.remove(&path) {
                scope.cancel();
                self.status.remove(&spec.camera, &spec.name);
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
        let scope = self.scope.child_on(self.pool.for_key(spec.path.as_str()));
        let source = Source {
            demand: self.hub.demand(&spec.path),
            hub: self.hub.clone(),
            supervisor: Supervisor::new(self.config.reader_grace),
            config: self.config.clone(),
            metrics: self.metrics.clone(),
            report: Report::new(self.status.clone(), &spec),
            choice: Choice::new(&spec),
            spec,
        };
        let token = scope.token();
        scope.spawn(format!("source {}", source.spec.path), source.run(token));
        scope
    }

    /// Ends all sources and waits for them; returns the names of those that did not leave in time.
    pub async fn close(self, deadline: Duration) -> Vec<String> {
        for (_, scope) in self.running.values() {
            scope.cancel();
        }
        let closing =
            self.running.into_values().map(|(_, scope)| async move { scope.close(deadline).await });
        futures::future::join_all(closing).await.into_iter().flatten().collect()
    }
}

/// One source's task.
struct Source {
    spec: SourceSpec,
    hub: Hub,
    demand: Demand,
    config: Config,
    metrics: Metrics,
    supervisor: Supervisor,
    choice: Choice,
    report: Report,
}

impl Source {
    async fn run(mut self, token: CancellationToken) {
        if !self.spec.enabled {
            self.report.state(State::Disabled);
            return token.cancelled().await;
        }
        loop {
            let delay = tokio::select! {
                // Dropped at any await: the session tears itself down, the publisher leaves the path.
                () = token.cancelled() => return,
                delay = self.once() => delay,
            };
            let Some(delay) = delay else { continue };
            tokio::select! {
                () = token.cancelled() => return,
                () = self.wait(delay) => {}
            }
        }
    }

    /// Waits to be wanted, then one session from opening to its end; how long to wait after it.
    async fn once(&mut self) -> Option<Duration> {
        if self.spec.on_demand && self.demand.readers() == 0 {
            self.supervisor.on_idle();
            self.report.state(State::Idle);
            self.demand.wanted().await;
        }
        self.report_state();
        let outlet = Outlet::new(self.spec.clone(), self.hub.clone(), self.metrics.clone());
        let limit = self.config.source_timeout;
        let rules = Rules { limit, outgoing: Arc::clone(&self.config.outgoing) };
        let opened = Session::open(&self.spec, outlet, &self.choice, &rules).await;
        let (failure, pictured) = match opened {
            Ok(mut session) => {
                let failure = self.follow(&mut session).await?;
                (failure, session.outlet().is_open())
            }
            Err(failure) => (failure, false),
        };
        self.choice.on_failure(failure.kind, pictured);
        let labels = [self.spec.camera.as_str(), failure.kind.code()];
        self.metrics.failures.with_label_values(&labels).inc();
        let delay = self.supervisor.on_failure(failure.kind);
        self.report.failure(&failure);
        self.report_state();
        Some(delay)
    }

    /// Publishes a session's units until it fails. `None`: nobody wants it any more.
    async fn follow(&mut self, session: &mut Session) -> Option<Failure> {
        let mut meter = Meter::default();
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_unit = Instant::now();
        let mut unwanted_since = None;
        loop {
            // Each arm is cancel-safe: a step is dropped only while it waits for the next item.
            tokio::select! {
                step = session.step() => match step {
                    Err(failure) => return Some(failure),
                    Ok(Step::Other) => {}
                    // Groups of many seconds are waited for.
                    Ok(Step::Early) => last_unit = Instant::now(),
                    Ok(Step::Picture { bytes, key }) => {
                        last_unit = Instant::now();
                        let now = SystemClock.mono();
                        meter.on_frame(now, bytes, key);
                        self.supervisor.on_unit(now);
                        if self.report.last_state() != Some(State::Online) {
                            self.report_state();
                        }
                    }
                },
                _ = tick.tick() => {
                    self.report.stream(session.outlet(), meter.rates());
                    self.report_state();
                    if last_unit.elapsed() >= self.config.source_timeout {
                        let seconds = self.config.source_timeout.as_secs();
                        return Some(Failure::new(Kind::Silent).with("seconds", seconds));
                    }
                    if self.is_unwanted(&mut unwanted_since) {
                        return None;
                    }
                }
            }
        }
    }

    fn is_unwanted(&self, since: &mut Option<Instant>) -> bool {
        if !self.spec.on_demand || self.demand.readers() > 0 {
            *since = None;
            return false;
        }
        since.get_or_insert_with(Instant::now).elapsed() >= self.config.close_after
    }

    /// Waits for the next try and keeps the state's name right meanwhile.
    async fn wait(&mut self, delay: Duration) {
        let until = Instant::now() + delay;
        while Instant::now() < until {
            tokio::time::sleep_until(until.min(Instant::now() + Duration::from_secs(1))).await;
            self.report_state();
        }
    }

    fn report_state(&mut self) {
        self.report.state(self.supervisor.state(SystemClock.mono()));
    }
}
