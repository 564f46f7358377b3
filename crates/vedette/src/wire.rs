//! Composition: rooms are made here, handed to each other, and closed in order.
//!
//! Who runs where: media on a few current-thread runtimes, one per core; API and database on the
//! caller's runtime; the disk on threads of its volume.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use api::control::Kept;
use base::health::{Board, Health};
use base::task::{Pool, Scope};
use base::{CameraId, Clock, SystemClock};
use catalog::{Database, GapReason, Ledger};
use hub::{Hub, RingLimits};
use prometheus::Registry;
use storage::local::Volume;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::config::{Camera, Config};
use crate::{access_setup, hooks, kept_paths, listen, paths_setup, retention, rtsp, specs, volume};

/// How long parts may take to leave.
const LEAVE: Duration = Duration::from_secs(10);
const ALIVE_EVERY: Duration = Duration::from_secs(2);

/// A running server.
pub struct Running {
    /// Where it listens, by name.
    pub listeners: Vec<(&'static str, SocketAddr)>,
    board: Board,
    scope: Scope,
    http: Scope,
    rtsp: Scope,
    ingest: ingest::Service,
    record: record::Service,
    database: Database,
    volume: Volume,
    retention: retention::Running,
    first_camera: watch::Sender<Option<CameraId>>,
    gate: access::Gate,
    hub: Hub,
    hooks: watch::Sender<hooks::OfCameras>,
    /// The configuration of the file.
    file: Config,
    /// What the control API keeps beside it.
    kept: Kept,
    _pool: Arc<Pool>,
}

/// Starts everything. What fails names itself.
pub async fn start(file: &Config) -> anyhow::Result<Running> {
    let config = file;
    let started = SystemClock.wall();
    let (board, registry) = (Board::default(), Registry::new());
    for part in ["database", "disk", "recorder", "listeners"] {
        board.expect(part);
    }
    refuse_what_is_not_built(config)?;
    // Ports first: a taken one should not cost a repair.
    let listeners = listen::bind_http(config).await?;
    let rtsp_bound = rtsp::bind(config).await?;
    let certificate = listen::certificate(config, &listeners, rtsp_bound.speaks_tls())?;
    let media = listen::bind_media(config).await?;
    let media_at = media.udp.first().map(tokio::net::UdpSocket::local_addr).transpose()?;

    let scope = Scope::new(Handle::current());
    let database = open_database(config, &board).await?;
    let access = access_setup::start(config, &database, &scope, &registry).await?;
    let kept = Kept::load(&database, &access.master, kept_paths::file_says(config)).await?;
    let config = &kept_paths::merged(config, &kept);
    kept_paths::upsert(&database, config, started).await?;
    let volume = volume::open(config, &database, &registry, &board, &scope).await?;
    let before = database.node_started(started).await?;
    let cameras: Vec<_> =
        specs::recordings(&config.cameras).into_iter().map(|spec| spec.camera).collect();
    record::startup::open_gaps(&database, &cameras, before, started).await?;
    // Recorders may ask it whether there is room.
    let retention = retention::start(config, &scope, &database, &registry, &board).await?;
    keep_alive(&scope, database.clone());
    if before.is_some_and(|node| node.stopped_at.is_none()) {
        volume::index_strangers(&scope, config, &database, &volume);
    }

    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let pool = Arc::new(Pool::start("media", cores).context("media threads")?);
    let settings = &config.settings;
    let limits = RingLimits {
        max_bytes: usize::try_from(settings.size("live.ring.max_bytes")).unwrap_or(usize::MAX),
        max_duration: settings.duration("live.ring.max_duration"),
    };
    let hub = Hub::new(limits, hub::Metrics::new(&registry)?);
    paths_setup::apply(&hub, &config.paths, kept_paths::rules(&kept));
    paths_setup::follow(&hub, &access.gate, &scope);
    let hooks = watch::Sender::new(paths_setup::hooks(&config.cameras));
    hooks::start(&hub, hooks.subscribe(), &scope);
    let mut ingest = start_ingest(config, &hub, &pool, &scope, &registry)?;
    let status = ingest.status();
    let parts = record::Parts {
        hub: hub.clone(),
        pool: Arc::clone(&pool),
        scope: scope.child(),
        database: database.clone(),
        volume: volume.clone(),
        room: retention.room.clone(),
    };
    let record_config = record::Config {
        loss_reason: loss_reason(status.clone()),
        look_every: Duration::from_millis(500),
        lost_found: config.data_dir.join("lost+found"),
        playlist_segments: usize::try_from(settings.int("server.playlist_segments")).unwrap_or(6),
    };
    let mut record = record::Service::new(parts, record_config, record::Metrics::new(&registry)?);
    record.reconcile(specs::recordings(&config.cameras));
    if let Some(limit) = kept_paths::read_timeout(&kept) {
        ingest.set_source_timeout(limit);
    }
    ingest.reconcile(specs::sources(&config.cameras));
    board.set("recorder", Health::Healthy, "");

    let snapshots = live::snapshot::Service::new(hub.clone(), cores.get());
    let live = live::Context {
        hub: hub.clone(),
        pool: Arc::clone(&pool),
        scope: scope.child(),
        sessions: live::sessions::Sessions::default(),
        start_timeout: settings.duration("live.on_demand.start_timeout"),
        reader_grace: settings.duration("live.reader_grace"),
    };
    let hls = start_hls(config, &live);
    let rtsp_scope = scope.child();
    let rtsp_named = rtsp::start(
        config,
        rtsp_bound,
        (&live, &access),
        certificate.as_ref(),
        (&rtsp_scope, &registry),
    )?;
    let socket = live::socket::Service::new(live.clone());
    let mjpeg = live::mjpeg::Service::new(live.clone(), cores.get() * 2);
    let webrtc = start_webrtc(config, &live, media, &registry)?;
    let first_camera = watch::Sender::new(first_of(&config.cameras));
    let parts = api::Parts {
        database: database.clone(),
        status,
        board: board.clone(),
        registry,
        live,
        hls,
        socket,
        mjpeg,
        webrtc,
        snapshots,
        first_camera: first_camera.subscribe(),
        started,
        gate: access.gate.clone(),
        accounts: access.accounts,
        trail: access.trail,
        signer: access.signer,
        kept: kept.clone(),
        remover: retention.remover.clone(),
        settings: listen::front_settings(config, &listeners)?,
    };
    let http = scope.child();
    if let Some(certificate) = &certificate {
        certificate.follow(&scope, board.clone());
    }
    let mut named = serve(parts, listeners, certificate.as_ref(), &http)?;
    named.extend(rtsp_named);
    named.extend(media_at.map(|at| ("media", at)));
    board.set("listeners", Health::Healthy, "");
    Ok(Running {
        listeners: named,
        board,
        scope,
        http,
        rtsp: rtsp_scope,
        ingest,
        record,
        database,
        volume,
        retention,
        first_camera,
        gate: access.gate,
        hub,
        hooks,
        file: file.clone(),
        kept,
        _pool: pool,
    })
}

impl Running {
    /// How each part is.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Makes the cameras and rules of paths of the file those of `config`, and their limits: equal ones go on untouched,
    /// missing ones stop and stay playable. Its other keys are those of the start.
    ///
    /// # Errors
    /// The catalogue's: then nothing has changed.
    pub async fn apply(&mut self, config: &Config) -> Result<(), catalog::Error> {
        self.kept.set_file(kept_paths::file_says(config));
        self.file = config.clone();
        self.take_over().await
    }

    /// What the control API keeps.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Makes what runs that of the file and of what the control API keeps.
    ///
    /// # Errors
    /// The catalogue's: then nothing has changed.
    pub async fn take_over(&mut self) -> Result<(), catalog::Error> {
        let number = *self.kept.follow().borrow();
        let config = &kept_paths::merged(&self.file, &self.kept);
        kept_paths::upsert(&self.database, config, SystemClock.wall()).await?;
        // Recorders first: those that leave still take what their ring holds.
        self.record.reconcile(specs::recordings(&config.cameras));
        paths_setup::apply(&self.hub, &config.paths, kept_paths::rules(&self.kept));
        self.hooks.send_replace(paths_setup::hooks(&config.cameras));
        if let Some(limit) = kept_paths::read_timeout(&self.kept) {
            self.ingest.set_source_timeout(limit);
        }
        self.ingest.reconcile(specs::sources(&config.cameras));
        self.retention.apply(config);
        // A camera may be another agency's now.
        self.gate.rights_changed().await;
        self.first_camera.send_replace(first_of(&config.cameras));
        self.kept.is_in_force(number);
        Ok(())
    }

    /// Stops accepting, seals all segments, and closes the database.
    pub async fn stop(self) {
        self.board.set("listeners", Health::Unhealthy, "stopping");
        self.http.cancel();
        self.rtsp.cancel();
        // Recorders first: what the ring holds is still written.
        let mut late = self.record.close(LEAVE).await;
        let volume = self.volume.clone();
        // A disk that hangs must not hold the stop; what is written survives the process anyway.
        let synced =
            tokio::time::timeout(LEAVE, tokio::task::spawn_blocking(move || volume.sync())).await;
        if !matches!(synced, Ok(Ok(Ok(())))) {
            tracing::warn!("the volume could not be synced before the end");
        }
        late.extend(self.ingest.close(LEAVE).await);
        late.extend(self.rtsp.close(LEAVE).await);
        late.extend(self.http.close(LEAVE + Duration::from_secs(1)).await);
        if let Err(error) = self.database.node_stopped(SystemClock.wall()).await {
            tracing::error!(err = %error, "the end of this run cannot be written");
        }
        late.extend(self.scope.close(LEAVE).await);
        self.database.close().await;
        for task in late {
            tracing::warn!(task, "task did not leave in time");
        }
    }
}

fn refuse_what_is_not_built(config: &Config) -> anyhow::Result<()> {
    if !config.settings.text("database.url").is_empty() {
        bail!("database.url: PostgreSQL is not built yet; leave it empty for SQLite");
    }
    if config.is_open() {
        tracing::warn!("access.mode is open: whoever reaches this server is an administrator");
    }
    refuse_cameras(&config.cameras)
}

/// Refuses cameras that ask for what is not built.
pub fn refuse_cameras(cameras: &[Camera]) -> anyhow::Result<()> {
    for camera in cameras {
        let mode = camera.record.mode.as_str();
        if !matches!(mode, "continuous" | "schedule" | "off") {
            bail!(
                "camera {}: record.mode {mode} is not built yet; use continuous, schedule or off",
                camera.id
            );
        }
    }
    Ok(())
}

fn first_of(cameras: &[Camera]) -> Option<CameraId> {
    cameras.first().map(|camera| camera.id.clone())
}

async fn open_database(config: &Config, board: &Board) -> anyhow::Result<Database> {
    let path = config.data_dir.join("vedette.db");
    let readers = u32::try_from(config.settings.int("database.max_connections")).unwrap_or(20);
    let database =
        Database::open(&path, readers).await.with_context(|| path.display().to_string())?;
    board.set("database", Health::Healthy, "");
    Ok(database)
}

fn keep_alive(scope: &Scope, database: Database) {
    let token = scope.token();
    scope.spawn("alive", async move {
        let mut tick = tokio::time::interval(ALIVE_EVERY);
        loop {
            tokio::select! {
                () = token.cancelled() => return,
                _ = tick.tick() => {}
            }
            if let Err(error) = database.node_alive(SystemClock.wall()).await {
                tracing::warn!(err = %error, "database does not take the sign of life");
            }
        }
    });
}

fn start_ingest(
    config: &Config,
    hub: &Hub,
    pool: &Arc<Pool>,
    scope: &Scope,
    registry: &Registry,
) -> anyhow::Result<ingest::Service> {
    let settings = &config.settings;
    let config = ingest::Config {
        source_timeout: settings.duration("live.source_timeout"),
        reader_grace: settings.duration("live.reader_grace"),
        close_after: settings.duration("live.on_demand.close_after"),
        outgoing: Arc::new(config.outgoing()),
    };
    let metrics = ingest::Metrics::new(registry)?;
    Ok(ingest::Service::new(hub.clone(), Arc::clone(pool), scope.child(), config, metrics))
}

fn start_hls(config: &Config, live: &live::Context) -> live::hls::Service {
    let settings = &config.settings;
    let config = live::hls::Config {
        segment: settings.duration("live.hls.segment"),
        part: settings.duration("live.hls.part"),
        segments: usize::try_from(settings.int("live.hls.segments")).unwrap_or(7),
        ..live::hls::Config::default()
    };
    live::hls::Service::new(live.clone(), config)
}

fn start_webrtc(
    config: &Config,
    live: &live::Context,
    sockets: live::webrtc::Sockets,
    registry: &Registry,
) -> anyhow::Result<live::webrtc::Service> {
    let settings = &config.settings;
    let advertise = settings.texts("live.webrtc.advertise");
    let config = live::webrtc::Config {
        advertise: advertise.iter().filter_map(|text| text.parse().ok()).collect(),
        stun: settings.texts("live.webrtc.stun"),
        turn: settings.texts("live.webrtc.turn.urls"),
        turn_secret: base::Secret::new(settings.text("live.webrtc.turn.shared_secret")),
        reader_grace: settings.duration("live.reader_grace"),
        ..live::webrtc::Config::default()
    };
    let metrics = live::webrtc::Metrics::new(registry)?;
    Ok(live::webrtc::Service::start(live.clone(), config, sockets, metrics)?)
}

fn serve(
    parts: api::Parts,
    listeners: Vec<(&'static str, TcpListener)>,
    certificate: Option<&api::serve::tls::Certificate>,
    scope: &Scope,
) -> anyhow::Result<Vec<(&'static str, SocketAddr)>> {
    let server = api::Server::new(parts, scope)?;
    let mut named = Vec::new();
    for (name, listener) in listeners {
        let address = listener.local_addr()?;
        tracing::info!(listener = name, %address, "listening");
        if !named.iter().any(|(known, _)| *known == name) {
            named.push((name, address));
        }
        let tls = certificate.filter(|_| name == "https").cloned();
        let listener = api::serve::Listener { name, socket: listener, tls };
        server.serve(listener, scope, scope.token());
    }
    Ok(named)
}

/// What a source's failure means for the ledger.
fn loss_reason(status: ingest::StatusBoard) -> record::LossReason {
    Arc::new(move |camera| {
        let status = status.get(camera)?;
        let code = match status.state {
            ingest::State::Disabled => return Some(GapReason::Disabled),
            ingest::State::Online => return None,
            _ => {
                status
                    .last_error
                    .filter(|error| error.at >= status.since.plus_micros(-60_000_000))?
                    .code
            }
        };
        Some(match code {
            "unauthorized" | "credentials_missing" => GapReason::Authentication,
            "unreachable" | "timeout" | "name_unknown" => GapReason::Network,
            _ => GapReason::CameraDown,
        })
    })
}
