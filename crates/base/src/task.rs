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

    /// True when no task of this scope runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.shared.running.lock().is_empty()
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

/// A few current-thread runtimes, one thread each, for work that must not be handed between
/// threads: media. Dropping the pool ends the threads (their tasks are dropped where they wait).
pub struct Pool {
    handles: Vec<Handle>,
    stop: CancellationToken,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Pool {
    /// Starts `size` threads named `<name>-0`, `<name>-1`, ...
    ///
    /// # Errors
    /// The operating system's, when it gives no thread or no event queue.
    pub fn start(name: &str, size: std::num::NonZeroUsize) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let (mut handles, mut threads) = (Vec::new(), Vec::new());
        for index in 0..size.get() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            handles.push(runtime.handle().clone());
            let stopped = stop.clone().cancelled_owned();
            let thread = std::thread::Builder::new().name(format!("{name}-{index}"));
            threads.push(thread.spawn(move || runtime.block_on(stopped))?);
        }
        Ok(Self { handles, stop, threads })
    }

    /// The runtime on which everything about `key` lives: the same one for the same key.
    #[must_use]
    pub fn for_key(&self, key: &str) -> Handle {
        // FNV-1a: stable between runs, so that a trace of one run explains another.
        let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let count = u64::try_from(self.handles.len()).expect("a pool has few threads");
        let index = usize::try_from((hash >> 32) % count).expect("less than the count");
        self.handles.get(index).expect("the index is taken modulo the count").clone()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.cancel();
        for thread in self.threads.drain(..) {
            // A thread that panicked has already said so.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn closing_a_scope_names_the_tasks_that_do_not_leave() {
        let scope = Scope::new(Handle::current());
        let token = scope.token();
        scope.spawn("polite", async move { token.cancelled().await });
        scope.spawn("stubborn", std::future::pending());
        assert_eq!(scope.close(Duration::from_millis(20)).await, ["stubborn"]);
    }

    #[tokio::test]
    async fn a_panic_ends_one_task_and_is_counted() {
        let scope = Scope::new(Handle::current());
        let below = scope.child();
        below.spawn("broken", async { panic!("on purpose") });
        below.wait().await;
        assert_eq!(scope.panics(), 1);
    }

    #[tokio::test]
    async fn dropping_the_last_handle_cancels_the_tasks() {
        let scope = Scope::new(Handle::current());
        let token = scope.token();
        drop(scope);
        token.cancelled().await;
    }

    #[test]
    fn a_key_always_lives_on_the_same_thread() {
        let pool = Pool::start("test", std::num::NonZeroUsize::MIN).expect("a thread");
        let id = |handle: &Handle| handle.id();
        assert_eq!(id(&pool.for_key("a")), id(&pool.for_key("a")));
    }
}
