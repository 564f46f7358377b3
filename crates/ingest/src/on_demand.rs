//! Paths that exist while somebody wants them: of rules, and made of other paths. Each is a source like a
//! camera's, begun by its first reader and forgotten after its last.
//!
//! Paths that a rule wants held run here too, and follow the rules as they change.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use base::task::Scope;
use base::{Secret, StreamPath};
use hub::paths::{Derivation, Found, Rules};
use hub::{Demand, NotAdmitted, What};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::copied;
use crate::service::Room;
use crate::source::{Client, Derived, Owner, SourceSpec, Transport};
use crate::task::{ARRIVAL, Life, Source};

/// Sources of rules, and made streams, at a time.
const SOURCES_MAX: usize = 4_096;
/// What a rule may pull: what is on this machine is for the configuration file's cameras only.
const SCHEMES: [&str; 7] = ["rtsp", "rtsps", "rtmp", "srt", "http", "https", "udp"];

/// All sources that come and go.
pub(crate) struct OnDemand(Arc<Shared>);

struct Shared {
    room: Arc<Room>,
    running: Mutex<HashMap<StreamPath, Running>>,
    /// Children that make one stream of another.
    children: Arc<Semaphore>,
    next: AtomicU64,
    /// Of the task that follows the rules.
    following: Scope,
}

struct Running {
    number: u64,
    plan: Plan,
    scope: Scope,
}

/// What feeds a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Plan {
    /// A source, as long as its life says.
    Source(Box<SourceSpec>, Life),
    /// A program of the rule, that publishes it, until nobody has read it for so long.
    Program(Duration),
}

impl OnDemand {
    pub(crate) fn start(room: Arc<Room>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let following = room.scope.child();
        let shared = Arc::new(Shared {
            room,
            running: Mutex::default(),
            children: Arc::new(Semaphore::new(cores * 2)),
            next: AtomicU64::new(0),
            following,
        });
        // The hub outlives the service and must not hold it.
        let asked = Arc::downgrade(&shared);
        shared.room.hub.ask_for_unknown(move |path| match asked.upgrade() {
            Some(shared) => shared.ask(path),
            None => Err(NotAdmitted::NoStream),
        });
        let token = shared.following.token();
        shared.following.spawn("rules of paths", follow_rules(Arc::downgrade(&shared), token));
        Self(shared)
    }

    /// Takes all that run out, to be ended.
    pub(crate) fn close(&self) -> Vec<Scope> {
        let mut running = self.0.running.lock();
        let scopes = running.drain().map(|(_, running)| running.scope);
        scopes.chain([self.0.following.clone()]).collect()
    }
}

async fn follow_rules(shared: Weak<Shared>, token: CancellationToken) {
    let Some(mut rules) = shared.upgrade().map(|shared| shared.room.hub.follow_rules()) else {
        return;
    };
    rules.mark_changed();
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            changed = rules.changed() => if changed.is_err() { return },
        }
        let now = Arc::clone(&rules.borrow_and_update());
        match shared.upgrade() {
            Some(shared) => shared.reconcile(&now),
            None => return,
        }
    }
}

impl Shared {
    /// Begins what feeds `path`.
    fn ask(self: &Arc<Self>, path: &StreamPath) -> Result<(), NotAdmitted> {
        let mut running = self.running.lock();
        // Two ask at once: the first has begun it.
        if self.room.hub.state(path).is_some_and(|state| state.fed) {
            return Ok(());
        }
        let plan = self.plan(&self.room.hub.rules(), path).ok_or(NotAdmitted::NoStream)?;
        if running.len() >= SOURCES_MAX {
            return Err(NotAdmitted::Busy);
        }
        let permit = match self.needs_child(&plan) {
            false => None,
            true => Some(
                Arc::clone(&self.children).try_acquire_owned().map_err(|_| NotAdmitted::Busy)?,
            ),
        };
        running.insert(path.clone(), self.begin(path, plan, permit));
        Ok(())
    }

    /// What would feed a path; `None`: nothing.
    fn plan(&self, rules: &Rules, path: &StreamPath) -> Option<Plan> {
        if let Some(plan) = self.plan_pull(rules, path) {
            return Some(plan);
        }
        let (from, codec) = Derivation::of(path)?;
        // Of a made stream none is made.
        let is_fed = || self.room.hub.state(&from).is_some_and(|state| state.fed);
        let may_be =
            Derivation::of(&from).is_none() && (is_fed() || self.plan_pull(rules, &from).is_some());
        may_be.then(|| self.made(path, from, codec))
    }

    fn plan_pull(&self, rules: &Rules, path: &StreamPath) -> Option<Plan> {
        if self.room.hub.is_camera(path) {
            return None;
        }
        let found = rules.find(path)?;
        let close_after = found.rule().close_after.unwrap_or(self.room.config().close_after);
        if found.derivation().is_some() {
            return None;
        }
        if found.rule().publish {
            let runs = !found.rule().hooks.run_on_demand.is_empty();
            return runs.then_some(Plan::Program(close_after));
        }
        let life = if found.rule().on_demand { Life::Asked(close_after) } else { Life::Wanted };
        Some(Plan::Source(Box::new(pulled(path, &found)?), life))
    }

    fn made(&self, path: &StreamPath, from: StreamPath, codec: Derivation) -> Plan {
        let derived = Derived { from, size: None, framerate: None, codec: Some(codec) };
        let spec = SourceSpec {
            owner: Owner::Rule(codec.as_str().to_owned()),
            name: path.to_string(),
            path: path.clone(),
            url: nowhere(),
            username: String::new(),
            password: Secret::default(),
            transport: Transport::Tcp,
            client: Client::Auto,
            derived: Some(derived),
            on_demand: true,
            enabled: true,
        };
        Plan::Source(Box::new(spec), Life::Asked(self.room.config().close_after))
    }

    /// True unless it is known that the stream can be passed on as it is.
    fn needs_child(&self, plan: &Plan) -> bool {
        let Plan::Source(spec, _) = plan else { return false };
        let Some(Derived { from, codec: Some(codec), .. }) = &spec.derived else { return false };
        let tracks = self.room.hub.state(from).and_then(|state| state.tracks);
        !tracks.is_some_and(|tracks| copied::fits(&tracks, *codec))
    }

    fn begin(
        self: &Arc<Self>,
        path: &StreamPath,
        plan: Plan,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Running {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let scope = self.room.scope.child_on(self.room.pool.for_key(path.as_str()));
        let (token, shared, key) = (scope.token(), Arc::downgrade(self), path.clone());
        let name = format!("source {path}");
        match plan.clone() {
            Plan::Source(spec, life) => {
                let source = Source::new(&self.room, *spec, life);
                scope.spawn(name, async move {
                    source.run(token).await;
                    drop(permit);
                    forget(&shared, &key, number);
                });
            }
            Plan::Program(close_after) => {
                let (hub, demand) = (self.room.hub.clone(), self.room.hub.demand(path));
                scope.spawn(name, async move {
                    hub.announce(&key, What::Demanded);
                    tokio::select! {
                        () = token.cancelled() => {}
                        () = while_wanted(demand, close_after) => {}
                    }
                    hub.announce(&key, What::Undemanded);
                    forget(&shared, &key, number);
                });
            }
        }
        Running { number, plan, scope }
    }

    /// Makes what runs that which the rules say now: sources whose rule is gone or another one end, those
    /// that are to be held begin.
    fn reconcile(self: &Arc<Self>, rules: &Rules) {
        let mut running = self.running.lock();
        let stays = |path: &StreamPath, now: &Running| {
            self.plan(rules, path).is_some_and(|plan| plan == now.plan)
        };
        running.retain(|path, now| {
            let stays = stays(path, now);
            if !stays {
                now.scope.cancel();
            }
            stays
        });
        for path in rules.held() {
            if running.contains_key(&path) || running.len() >= SOURCES_MAX {
                continue;
            }
            if let Some(plan) = self.plan_pull(rules, &path) {
                running.insert(path.clone(), self.begin(&path, plan, None));
            }
        }
    }
}

/// Returns when nobody has read for so long.
async fn while_wanted(mut demand: Demand, close_after: Duration) {
    // The first is about to come.
    let _ = tokio::time::timeout(ARRIVAL, demand.wanted()).await;
    loop {
        demand.unwanted().await;
        let back = tokio::time::timeout(close_after, demand.wanted()).await;
        if back.is_err() && demand.leave() {
            return;
        }
    }
}

fn forget(shared: &Weak<Shared>, path: &StreamPath, number: u64) {
    let Some(shared) = shared.upgrade() else { return };
    let mut running = shared.running.lock();
    // Another may already feed the path.
    if running.get(path).is_some_and(|running| running.number == number) {
        running.remove(path);
    }
}

/// The source of a path that is pulled; `None` where its address is none that may be.
fn pulled(path: &StreamPath, found: &Found<'_>) -> Option<SourceSpec> {
    let address = found.address()?;
    let url = Url::parse(&address.url).ok()?;
    if !SCHEMES.contains(&url.scheme()) {
        return None;
    }
    Some(SourceSpec {
        owner: Owner::Rule(found.rule().name.clone()),
        name: path.to_string(),
        path: path.clone(),
        url,
        username: address.username,
        password: address.password,
        transport: if address.udp { Transport::Udp } else { Transport::Tcp },
        client: Client::Auto,
        derived: None,
        on_demand: found.rule().on_demand,
        enabled: true,
    })
}

/// Of a stream that is made of another one.
fn nowhere() -> Url {
    Url::parse("pipe:0").expect("a constant that parses")
}

#[cfg(test)]
mod tests;
