//! Scopes that own tasks: every task has a name, an owner and a deadline to leave.
//!
//! A [`Scope`] is a tree. Cancelling one cancels all below it; dropping the last handle of a scope
//! cancels it too. [`Scope::close`] waits for the tasks and names those that did not leave in time.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Owner of tasks. Clones are handles to the same scope.
#[derive(Clone)]
pub struct Scope {
    shared: Arc<Shared>,
}

struct Shared {
    cancel: CancellationToken,
    tracker: TaskTracker,
    running: Arc<Mutex<std::collections::BTreeMap<u64, String>>>,
    runtime: Handle,
    panics: Arc<AtomicU64>,
    // Cancels when the last handle goes.
    _guard: DropGuard,
}

impl Scope {
    /// A root scope whose tasks run on `runtime`.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self::with_token(runtime, CancellationToken::new(), Arc::default())
    }

    /// A scope below this one: cancelled with it, or alone. Its tasks run on `runtime`.
    #[must_use]
    pub fn child_on(&self, runtime: Handle) -> Self {
        Self::with_token(runtime, self.shared.cancel.child_token(), Arc::clone(&self.shared.panics))
    }

    /// A scope below this one on the same runtime.
    #[must_use]
    pub fn child(&self) -> Self {
        self.child_on(self.shared.runtime.clone())
    }

    fn with_token(runtime: Handle, cancel: CancellationToken, panics: Arc<AtomicU64>) -> Self {
        let guard = cancel.clone().drop_guard();
        let shared = Shared {
            cancel,
            tracker: TaskTracker::new(),
            running: Arc::default(),
            runtime,
            panics,
            _guard: guard,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Starts a task. It runs until it returns; it should watch [`Scope::token`]'s token and leave
    /// when that is cancelled. A panic ends this task only, is logged and counted.
    ///
    /// The task must not hold a clone of this scope (it would keep its own owner alive): give it
    /// the token.
    pub fn spawn<F>(&self, name: impl Into<String>, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = name.into();
        self.shared.running.lock().insert(key, name.clone());
        let entry = Entry {
            key,
            name,
            running: Arc::clone(&self.shared.running),
            panics: Arc::clone(&self.shared.panics),
        };
        let watched = async move {
            let _entry = entry;
            task.await;
        };
        self.shared.tracker.spawn_on(watched, &self.shared.runtime);
    }

    /// Cancelled when the scope ends.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.shared.cancel.clone()
    }

    /// Asks all tasks to leave, without waiting.
    pub fn cancel(&self) {
        self.shared.cancel.cancel();
    }

    /// Asks all tasks of this scope to leave and waits up to `deadline`; returns the names of those
    /// still there. Scopes below are cancelled but waited for by their own `close`.
    pub async fn close(&self, deadline: Duration) -> Vec<String> {
        self.shared.cancel.cancel();
        self.shared.tracker.close();
        if tokio::time::timeout(deadline, self.shared.tracker.wait()).await.is_ok() {
            return Vec::new();
        }
        self.shared.running.lock().values().cloned().collect()
    }

    /// Waits until every task has returned by itself, without asking them to.
    pub async fn wait(&self) {
        self.shared.tracker.close();
        self.shared.tracker.wait().await;
    }

    /// How many tasks of this tree ended by a panic.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.shared.panics.load(Ordering::Relaxed)
    }
}

struct Entry {
    key: u64,
    name: String,
    running: Arc<Mutex<std::collections::BTreeMap<u64, String>>>,
    panics: Arc<AtomicU64>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.running.lock().remove(&self.key);
        if std::thread::panicking() {
            self.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!(task = %self.name, "task panicked");
        }
    }
}
