//! Programs that are run on what happens to paths: argument lists of the configuration file, never a shell.
//!
//! One task follows the hub's changes and owns a token for each program that lasts as long as its cause.
//! Programs beyond the bound are not run; what they print goes to the log, bounded.

mod program;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base::task::Scope;
use base::{CameraId, StreamPath};
use hub::paths::Hooks;
use hub::{Change, Hub, What};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio_util::sync::CancellationToken;

use program::Program;

/// Programs at a time.
const PROGRAMS_MAX: usize = 64;

/// Hooks of cameras, by id.
pub type OfCameras = HashMap<CameraId, Hooks>;

/// What a program lasts as long as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Stands,
    Demand,
    Ready,
    Publish,
    Read(u64),
}

struct Runner {
    hub: Hub,
    cameras: watch::Receiver<OfCameras>,
    scope: Scope,
    slots: Arc<Semaphore>,
    /// Of programs that last, by the path's or rule's name.
    lasting: BTreeMap<(String, Cause), (Vec<String>, CancellationToken)>,
}

/// Follows the hub until the scope ends.
pub fn start(hub: &Hub, cameras: watch::Receiver<OfCameras>, scope: &Scope) {
    let changes = hub.follow_changes();
    let runner = Runner {
        hub: hub.clone(),
        cameras,
        scope: scope.child(),
        slots: Arc::new(Semaphore::new(PROGRAMS_MAX)),
        lasting: BTreeMap::new(),
    };
    scope.spawn("hooks", runner.run(changes, scope.token()));
}

impl Runner {
    async fn run(mut self, mut changes: broadcast::Receiver<Change>, token: CancellationToken) {
        let mut rules = self.hub.follow_rules();
        let mut cameras = self.cameras.clone();
        self.reconcile();
        loop {
            tokio::select! {
                () = token.cancelled() => break,
                change = changes.recv() => match change {
                    Ok(change) => self.take(&change),
                    Err(RecvError::Lagged(missed)) => self.missed(missed),
                    Err(RecvError::Closed) => break,
                },
                Ok(()) = rules.changed() => self.reconcile(),
                Ok(()) = cameras.changed() => self.reconcile(),
            }
        }
        self.lasting.values().for_each(|(_, token)| token.cancel());
        self.scope.close(program::END * 2).await;
    }

    /// The programs of a path.
    fn hooks_of(&self, path: &StreamPath) -> Option<Hooks> {
        if self.hub.is_camera(path) {
            let id = CameraId::new(path.as_str()).ok()?;
            return self.cameras.borrow().get(&id).cloned();
        }
        let rules = self.hub.rules();
        let found = rules.find(path)?;
        found.derivation().is_none().then(|| found.rule().hooks.clone())
    }

    fn take(&mut self, change: &Change) {
        let path = &change.path;
        let Some(hooks) = self.hooks_of(path) else { return self.end_all(path.as_str()) };
        let program = |arguments: &Vec<String>, hook: &'static str| Program {
            arguments: arguments.clone(),
            hook,
            path: path.to_string(),
            variables: Vec::new(),
        };
        match &change.what {
            What::Demanded => {
                self.begin(Cause::Demand, program(&hooks.run_on_demand, "run_on_demand"))
            }
            What::Undemanded => self.end(path.as_str(), Cause::Demand),
            What::Ready(origin) => {
                let source = [
                    ("VEDETTE_SOURCE_TYPE", origin.kind.to_owned()),
                    ("VEDETTE_SOURCE_ID", origin.id.clone()),
                ];
                let of = |program: Program| Program { variables: source.to_vec(), ..program };
                self.begin(Cause::Ready, of(program(&hooks.run_on_ready, "run_on_ready")));
                if !origin.id.is_empty() {
                    self.begin(
                        Cause::Publish,
                        of(program(&hooks.run_on_publish, "run_on_publish")),
                    );
                }
            }
            What::NotReady => {
                self.end(path.as_str(), Cause::Ready);
                self.end(path.as_str(), Cause::Publish);
                self.once(program(&hooks.run_on_not_ready, "run_on_not_ready"));
            }
            What::Read(reader) => {
                let of = [("VEDETTE_READER_ID", reader.to_string())];
                let program = program(&hooks.run_on_read, "run_on_read");
                self.begin(Cause::Read(*reader), Program { variables: of.to_vec(), ..program });
            }
            What::Unread(reader) => {
                self.end(path.as_str(), Cause::Read(*reader));
                let of = [("VEDETTE_READER_ID", reader.to_string())];
                let program = program(&hooks.run_on_unread, "run_on_unread");
                self.once(Program { variables: of.to_vec(), ..program });
            }
        }
    }

    /// Runs a program as long as its cause lasts. The same cause does not run it twice.
    fn begin(&mut self, cause: Cause, program: Program) {
        let key = (program.path.clone(), cause);
        if program.arguments.is_empty() || self.lasting.contains_key(&key) {
            return;
        }
        let (token, arguments) = (CancellationToken::new(), program.arguments.clone());
        if self.spawn(program, token.clone()) {
            self.lasting.insert(key, (arguments, token));
        }
    }

    fn once(&self, program: Program) {
        if !program.arguments.is_empty() {
            self.spawn(program, CancellationToken::new());
        }
    }

    fn spawn(&self, program: Program, ends: CancellationToken) -> bool {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            tracing::warn!(
                stream = program.path,
                hook = program.hook,
                "too many programs run, this one does not"
            );
            return false;
        };
        let (name, stop) = (format!("{} {}", program.hook, program.path), self.scope.token());
        self.scope.spawn(name, async move {
            program.run(ends, stop).await;
            drop(slot);
        });
        true
    }

    fn end(&mut self, path: &str, cause: Cause) {
        if let Some((_, token)) = self.lasting.remove(&(path.to_owned(), cause)) {
            token.cancel();
        }
    }

    fn end_all(&mut self, path: &str) {
        self.lasting.retain(|(of, cause), (_, token)| {
            let stays = of != path || *cause == Cause::Stands;
            if !stays {
                token.cancel();
            }
            stays
        });
    }

    /// Causes that may have ended unseen: their programs end.
    fn missed(&mut self, missed: u64) {
        tracing::warn!(missed, "more happened to paths than programs could be run on");
        let hub = self.hub.clone();
        let state = |path: &str| StreamPath::new(path).ok().and_then(|path| hub.state(&path));
        self.lasting.retain(|(path, cause), (_, token)| {
            let stays = match cause {
                Cause::Stands => true,
                Cause::Demand => state(path).is_some_and(|state| state.fed),
                Cause::Ready | Cause::Publish => state(path).is_some_and(|state| state.published),
                Cause::Read(_) => state(path).is_some_and(|state| state.viewers > 0),
            };
            if !stays {
                token.cancel();
            }
            stays
        });
    }

    /// Programs that run as long as their entry stands; others of an entry that is gone end.
    fn reconcile(&mut self) {
        let rules = self.hub.rules();
        let of_rules = rules.all().map(|rule| (rule.name.clone(), rule.hooks.run_on_init.clone()));
        let mut wanted: BTreeMap<String, Vec<String>> = of_rules.collect();
        let cameras = self.cameras.borrow().clone();
        wanted
            .extend(cameras.iter().map(|(id, hooks)| (id.to_string(), hooks.run_on_init.clone())));
        self.lasting.retain(|(name, cause), (arguments, token)| {
            let stays = *cause != Cause::Stands || wanted.get(name) == Some(arguments);
            if !stays {
                token.cancel();
            }
            stays
        });
        for (path, arguments) in wanted {
            let program = Program { arguments, hook: "run_on_init", path, variables: Vec::new() };
            self.begin(Cause::Stands, program);
        }
    }
}
