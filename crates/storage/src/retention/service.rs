//! Retention on its own schedule: free space every few seconds, all rules each minute, or when poked.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base::health::{Board, Health};
use base::{Clock, Mono, SystemClock, Wall};
use catalog::{Database, Rule, Segments};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::config::{Config, OnFull};
use super::gather::{self, PLAN_LEN_MAX, Scope};
use super::room::{Asked, Handle, Room, Wish};
use super::{Error, Removed, Remover, VolumeRoot};
use crate::metrics::RetentionMetrics;

/// Between two looks at free space: at 250 MB a second, 750 MB of the 2 GB that are kept free by default.
const SPACE_EVERY: Duration = Duration::from_secs(3);
/// Between two looks at all rules.
const ALL_EVERY: Duration = Duration::from_secs(60);
/// Plans that are carried out in one look.
const ROUNDS_MAX: usize = 64;
const PART: &str = "retention";

/// Retention of one volume. One task owns it: [`Service::run`].
pub struct Service {
    database: Database,
    volume: VolumeRoot,
    remover: Remover,
    metrics: RetentionMetrics,
    board: Board,
    room: watch::Sender<Room>,
    asked: Arc<Asked>,
    all_at: Option<Mono>,
    failed: bool,
}

impl Service {
    /// Retention of `volume`, and the handle by which others ask it.
    #[must_use]
    pub fn new(
        config: Config,
        database: Database,
        volume: VolumeRoot,
        metrics: RetentionMetrics,
        board: Board,
    ) -> (Self, Handle) {
        let (room, handle) = Handle::new(config);
        let remover = Remover::new(database.clone(), volume.clone(), metrics.clone());
        let asked = handle.asked();
        let (all_at, failed) = (None, false);
        (Self { database, volume, remover, metrics, board, room, asked, all_at, failed }, handle)
    }

    /// Runs until `stop`. A removal that is interrupted by that is completed at the next start.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut tick = tokio::time::interval(SPACE_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let asked = Arc::clone(&self.asked);
        let looking = async {
            loop {
                tokio::select! {
                    _ = tick.tick() => {}
                    () = asked.wanted() => {}
                }
                self.look_and_tell(SystemClock.wall(), SystemClock.mono()).await;
            }
        };
        tokio::select! {
            () = looking => {}
            () = stop => {}
        }
    }

    async fn look_and_tell(&mut self, now: Wall, mono: Mono) {
        match self.look(now, mono).await {
            Ok(room) => {
                self.failed = false;
                self.tell(room);
            }
            // The volume itself says so, and whether it comes back.
            Err(Error::Volume(error)) => self.board.set(PART, Health::Degraded, error.code()),
            Err(error) => {
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::error!(err = %error, "retention cannot go on");
                }
                self.board.set(PART, Health::Degraded, "retention_failed");
            }
        }
    }

    /// Looks once, removes what is to go, and says whether there is room.
    pub(super) async fn look(&mut self, now: Wall, mono: Mono) -> Result<Room, Error> {
        let (config, wish) = (self.asked.config(), self.asked.take());
        let all_rules = wish.look || self.all_at.is_none_or(|last| mono.since(last) >= ALL_EVERY);
        if all_rules {
            self.remover.finish_begun(now).await?;
        }
        let mut went = self.apply(&config, all_rules, now).await?.segments;
        if all_rules {
            self.all_at = Some(mono);
        }
        if wish.refused && went == 0 {
            let (short, space_rule) = (1, Some(Rule::Pressure));
            let scope = Scope { short, space_rule, ..Scope::default() };
            let mut planned = gather::plan(&self.database, &config, &scope, now).await?;
            planned.truncate(1);
            went += self.remover.remove(&planned, None, now).await?.segments;
        }
        self.room_left(&config, wish, went).await
    }

    async fn apply(&self, config: &Config, all_rules: bool, now: Wall) -> Result<Removed, Error> {
        let mut sum = Removed::default();
        for _ in 0..ROUNDS_MAX {
            let short = self.short(config).await?;
            if short == 0 && !all_rules {
                break;
            }
            let scope = Scope { short, all_rules, ..Scope::default() };
            let planned = gather::plan(&self.database, config, &scope, now).await?;
            let removed = self.remover.remove(&planned, None, now).await?;
            sum.segments += removed.segments;
            sum.bytes += removed.bytes;
            if planned.len() < PLAN_LEN_MAX || removed.segments == 0 {
                break;
            }
        }
        Ok(sum)
    }

    async fn short(&self, config: &Config) -> Result<u64, Error> {
        let space = self.volume.space_later().await?;
        let short = config.reserve(space.total).saturating_sub(space.free);
        self.metrics.short.set(i64::try_from(short).unwrap_or(i64::MAX));
        Ok(short)
    }

    async fn room_left(&self, config: &Config, wish: Wish, went: u64) -> Result<Room, Error> {
        let is_short = self.short(config).await? > 0 || wish.refused && went == 0;
        if !is_short {
            return Ok(Room::Room);
        }
        if went > 0 {
            return Ok(Room::Pressure { only_open: false });
        }
        if config.on_full == OnFull::Stop {
            return Ok(Room::Full);
        }
        let may_go = |archived: bool| !archived || config.drop_unarchived;
        let open = self.database.open_segments().await?;
        let any = open.iter().any(|open| may_go(config.limits(&open.new.camera).archived));
        Ok(if any { Room::Pressure { only_open: true } } else { Room::Full })
    }

    fn tell(&self, room: Room) {
        let before = self.room.send_replace(room);
        match room {
            Room::Room => self.board.set(PART, Health::Healthy, ""),
            Room::Pressure { .. } => self.board.set(PART, Health::Degraded, "disk_nearly_full"),
            Room::Full => self.board.set(PART, Health::Degraded, "disk_full"),
        }
        match (before, room) {
            (Room::Full, Room::Full) => {}
            (_, Room::Full) => {
                tracing::error!("disk is full and nothing is left that may be removed");
            }
            (Room::Full, _) => tracing::info!("disk has room again"),
            _ => {}
        }
    }
}
