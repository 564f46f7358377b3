//! `vedette serve`: the server, until it is told to stop.

use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::{Config, Source};
use crate::listen::{ListenersFile, Lock};
use crate::live_config::{Edit, LiveConfig};
use crate::{telemetry, wire};

/// Serves until SIGTERM or SIGINT, following edits of `source`; `ready` is called with the console's address. A second signal ends
/// the process at once.
pub fn run(
    config: Config,
    source: Option<Source>,
    ready: impl FnOnce(SocketAddr),
) -> anyhow::Result<ExitCode> {
    let lock = Lock::take(&config.data_dir)?;
    let logs = telemetry::start(&config)?;
    // 500 cameras are 500 sockets and 500 files; the system's default is 1024.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(err = %error, "limit on open files cannot be raised");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("api")
        .enable_all()
        .build()
        .context("runtime")?;
    let result = runtime.block_on(serve(&config, source, &logs, ready));
    runtime.shutdown_timeout(Duration::from_secs(1));
    drop(logs);
    drop(lock);
    result
}

async fn serve(
    config: &Config,
    source: Option<Source>,
    logs: &telemetry::Guard,
    ready: impl FnOnce(SocketAddr),
) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::new()?;
    let mut running = match wire::start(config).await {
        Ok(running) => running,
        Err(error) => {
            tracing::error!(err = format!("{error:#}"), "start failed");
            return Err(error);
        }
    };
    let listeners = ListenersFile::write(&config.data_dir, &running.listeners)?;
    if let Some((_, address)) = running.listeners.iter().find(|(name, _)| *name == "http") {
        ready(*address);
    }
    let mut live = source.and_then(|source| LiveConfig::new(source, config));
    let mut kept = running.kept().follow();
    set_level(&running, logs);
    'serving: loop {
        let edit = {
            // Kept over changes by the API: it looks once a second, however often those come.
            let mut edited = pin!(edited(live.as_mut()));
            loop {
                tokio::select! {
                    () = stop.asked() => break 'serving,
                    edit = &mut edited => break edit,
                    Ok(()) = kept.changed() => {
                        set_level(&running, logs);
                        take_kept(&mut running).await;
                    }
                }
            }
        };
        if let Some(live) = &mut live {
            live.take(edit, &mut running).await;
        }
    }
    tracing::info!("stopping");
    drop(listeners);
    tokio::select! {
        () = running.stop() => Ok(ExitCode::SUCCESS),
        () = stop.asked() => {
            tracing::warn!("second signal, leaving at once");
            std::process::exit(1)
        }
    }
}

/// The next edit of the configuration; for ever none where it is not watched.
async fn edited(live: Option<&mut LiveConfig>) -> Edit {
    match live {
        Some(live) => live.edited().await,
        None => std::future::pending().await,
    }
}

/// Takes over what the control API keeps now. What the database refuses is tried with the next change.
async fn take_kept(running: &mut wire::Running) {
    if let Err(error) = running.take_over().await {
        tracing::error!(err = %error, "a change by the control API is kept and not in force");
    }
}

fn set_level(running: &wire::Running, logs: &telemetry::Guard) {
    if let Some(level) = running.kept().changed_global("logLevel") {
        logs.set_level(&level);
    }
}

struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> anyhow::Result<Self> {
        let (terminate, interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
