//! Retention as the configuration wants it: limits, the running service, and what commands share that
//! work beside a server.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use base::CameraId;
use base::health::Board;
use base::task::Scope;
use catalog::Database;
use prometheus::Registry;
use storage::ledger::Watch;
use storage::retention::{
    CameraLimits, Config as Limits, Handle, OnFull, Remover, Service, VolumeRoot,
};
use storage::{LedgerMetrics, RetentionMetrics};
use tokio::sync::watch;

use crate::config::{Camera, Config};
use crate::specs;

/// The limits of all cameras.
pub fn limits(config: &Config) -> Limits {
    let settings = &config.settings;
    let max_age = settings.duration("storage.recordings.max_age");
    let backends = settings.texts("storage.backends");
    let of_camera = |camera: &Camera| {
        let keep = &camera.record.keep;
        let backends = if keep.backends.is_empty() { &backends } else { &keep.backends };
        CameraLimits {
            max_age: if keep.max_age.is_zero() { max_age } else { keep.max_age },
            max_bytes: keep.max_disk_usage,
            archived: has_archive(backends),
        }
    };
    let cameras = config.cameras.iter().map(|camera| (camera.id.clone(), of_camera(camera)));
    Limits {
        default: CameraLimits { max_age, max_bytes: 0, archived: has_archive(&backends) },
        cameras: cameras.collect(),
        max_bytes: settings.size("storage.recordings.max_disk_usage"),
        min_free: settings.size("storage.min_free"),
        on_full: match settings.text("storage.on_full").as_str() {
            "stop" => OnFull::Stop,
            _ => OnFull::OverwriteOldest,
        },
        drop_unarchived: settings.bool("storage.drop_unarchived"),
    }
}

fn has_archive(backends: &[String]) -> bool {
    backends.iter().any(|backend| backend == "s3")
}

/// Running retention, and the watch over the ledger.
pub struct Running {
    /// By which recorders ask whether there is room.
    pub room: Handle,
    /// By which people erase segments.
    pub remover: Remover,
    recorded: watch::Sender<Vec<CameraId>>,
}

impl Running {
    /// Takes over the cameras of `config` and their limits.
    pub fn apply(&self, config: &Config) {
        self.room.configure(limits(config));
        self.recorded.send_replace(recorded(config));
    }
}

fn recorded(config: &Config) -> Vec<CameraId> {
    let recorded = specs::recordings(&config.cameras).into_iter().map(|spec| spec.camera);
    recorded.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Starts retention, and the watch over the ledger. The volume has been opened before.
pub async fn start(
    config: &Config,
    scope: &Scope,
    database: &Database,
    registry: &Registry,
    board: &Board,
) -> anyhow::Result<Running> {
    let (volume, metrics) = (volume(config, database).await?, RetentionMetrics::new(registry)?);
    let remover = Remover::new(database.clone(), volume.clone(), metrics.clone());
    let (service, handle) =
        Service::new(limits(config), database.clone(), volume, metrics, board.clone());
    scope.spawn("retention", service.run(scope.token().cancelled_owned()));
    let recorded = watch::Sender::new(recorded(config));
    let wanted = recorded.subscribe();
    let cameras = move || wanted.borrow().clone();
    let watch = Watch::new(database.clone(), LedgerMetrics::new(registry)?, cameras);
    scope.spawn("ledger", watch.run(scope.token().cancelled_owned()));
    Ok(Running { room: handle, remover, recorded })
}

async fn volume(config: &Config, database: &Database) -> anyhow::Result<VolumeRoot> {
    let root = config.path("storage.segments_dir");
    let id = database.volume_id(&root.display().to_string()).await?;
    let id = id.with_context(|| {
        format!("storage.segments_dir: nothing was recorded to {} yet", root.display())
    })?;
    Ok(VolumeRoot::new(root, id))
}

/// What a command works with, beside a server or alone.
pub struct Store {
    /// The catalogue.
    pub database: Database,
    /// The volume of segments.
    pub volume: VolumeRoot,
    /// By which segments go.
    pub remover: Remover,
}

impl Store {
    /// Opens what is there; nothing is made.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let path = config.data_dir.join("vedette.db");
        if !path.is_file() {
            bail!("data_dir: there is no {}; nothing was recorded yet", path.display());
        }
        let database =
            Database::open(&path, 2).await.with_context(|| path.display().to_string())?;
        let volume = volume(config, &database).await?;
        let metrics = RetentionMetrics::new(&Registry::new())?;
        let remover = Remover::new(database.clone(), volume.clone(), metrics);
        Ok(Self { database, volume, remover })
    }

    /// Bytes by which free space falls short.
    pub fn short(&self, limits: &Limits) -> anyhow::Result<u64> {
        let space = self.volume.space()?;
        Ok(limits.reserve(space.total).saturating_sub(space.free))
    }
}

/// Runs a command's work.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("runtime")?.block_on(work)
}

/// A camera's id as a command was told it.
pub fn camera(id: Option<&str>) -> anyhow::Result<Option<CameraId>> {
    Ok(id.map(CameraId::new).transpose()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::config::{Environment, load_text};

    #[test]
    fn a_camera_has_its_own_limits_or_those_of_all() {
        let text = "
storage: { recordings: { max_age: 30d, max_disk_usage: 1TB }, on_full: stop }
s3: { bucket: b }
record: { max_disk_usage: 5GB }
cameras:
  - { id: a, url: 'rtsp://a/1' }
  - { id: b, url: 'rtsp://b/1', record: { max_age: 7d, max_disk_usage: 1GB, backends: [local] } }
";
        let environment = Environment::new(Vec::new(), None);
        let path = Path::new("vedette.yaml");
        let config = load_text(path, text, &environment, Path::new("/etc/vedette")).unwrap();
        let limits = limits(&config);
        let day = Duration::from_secs(86_400);
        let of = |id: &str| limits.limits(&CameraId::new(id).unwrap());
        let a = CameraLimits { max_age: day * 30, max_bytes: 5_000_000_000, archived: true };
        let b = CameraLimits { max_age: day * 7, max_bytes: 1_000_000_000, archived: false };
        assert_eq!((of("a"), of("b")), (a, b));
        assert_eq!(of("gone"), CameraLimits { max_bytes: 0, ..a });
        assert_eq!((limits.max_bytes, limits.on_full), (1_000_000_000_000, OnFull::Stop));
        assert_eq!((limits.min_free, limits.drop_unarchived), (2_000_000_000, false));
    }
}
