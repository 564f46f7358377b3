//! One source's task: waits to be wanted, opens a session, publishes its units, tries again when it fails.
//!
//! Owned by a scope of its room; dropping it ends the session and leaves the path.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, SystemClock};
use hub::{Demand, Hub, What};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::failure::{Failure, Kind};
use crate::measure::Meter;
use crate::metrics::Metrics;
use crate::outlet::{Outlet, Step};
use crate::report::Report;
use crate::service::{Config, Room};
use crate::session::{Choice, Rules, Session};
use crate::source::SourceSpec;
use crate::status::State;
use crate::supervisor::Supervisor;

/// Between a path's being asked for and its first reader.
pub(crate) const ARRIVAL: Duration = Duration::from_secs(2);

/// One source's task.
pub(crate) struct Source {
    spec: SourceSpec,
    life: Life,
    hub: Hub,
    demand: Demand,
    config: Config,
    metrics: Metrics,
    supervisor: Supervisor,
    choice: Choice,
    report: Report,
}

/// How long a source's task lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Until it is not wanted any more.
    Wanted,
    /// Until nobody has read its path for this long.
    Asked(Duration),
}

impl Source {
    /// The source of `spec` on a path that exists from now on.
    pub(crate) fn new(room: &Room, spec: SourceSpec, life: Life) -> Self {
        Self {
            demand: room.hub.demand(&spec.path),
            hub: room.hub.clone(),
            supervisor: Supervisor::new(room.config().reader_grace),
            config: room.config(),
            metrics: room.metrics.clone(),
            report: Report::new(room.status.clone(), &spec),
            choice: Choice::new(&spec),
            life,
            spec,
        }
    }

    pub(crate) async fn run(mut self, token: CancellationToken) {
        if !self.spec.enabled {
            self.report.state(State::Disabled);
            return token.cancelled().await;
        }
        if self.life != Life::Wanted {
            // Whoever asked is about to come.
            let _ = tokio::time::timeout(ARRIVAL, self.demand.wanted()).await;
            self.hub.announce(&self.spec.path, What::Demanded);
        }
        loop {
            if self.life != Life::Wanted && self.demand.leave() {
                self.hub.announce(&self.spec.path, What::Undemanded);
                return;
            }
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
            self.hub.announce(&self.spec.path, What::Demanded);
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
        let goes_on = self.choice.on_failure(failure.kind, pictured);
        let labels = [self.spec.owner.label(), failure.kind.code()];
        self.metrics.failures.with_label_values(&labels).inc();
        self.report.failure(&failure);
        if goes_on {
            return None;
        }
        let delay = self.supervisor.on_failure(failure.kind);
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
                        self.hub.announce(&self.spec.path, What::Undemanded);
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
        let close_after = match self.life {
            Life::Wanted => self.config.close_after,
            Life::Asked(close_after) => close_after,
        };
        since.get_or_insert_with(Instant::now).elapsed() >= close_after
    }

    /// Waits for the next try and keeps the state's name right meanwhile. A path that only lasts while
    /// somebody reads it begins anew with its next reader, a second later at the soonest.
    async fn wait(&mut self, delay: Duration) {
        let until = Instant::now() + delay;
        while Instant::now() < until {
            tokio::time::sleep_until(until.min(Instant::now() + Duration::from_secs(1))).await;
            self.report_state();
            if self.life != Life::Wanted && self.demand.readers() == 0 {
                return;
            }
        }
    }

    fn report_state(&mut self) {
        self.report.state(self.supervisor.state(SystemClock.mono()));
    }
}
