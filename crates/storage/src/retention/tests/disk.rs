//! Retention on a real disk: rows, files, and a volume that is full.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use base::Mono;
use catalog::{Removal, Removals, Rule};

use super::*;

const MIB: usize = 1 << 20;

fn days(config: &mut Config, days: u64) {
    config.default.max_age = Duration::from_secs(days * 86_400);
}

#[tokio::test]
async fn an_old_segment_goes_with_its_folder_and_its_row_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(&dir.path().join("segments"), &dir.path().join("db")).await;
    let old = store.segment("a", 0, 100).await;
    let young = store.segment("a", 86_400, 100).await;
    let mut config = Config::default();
    days(&mut config, 1);
    let (mut service, handle) = store.service(config);
    let now = at(86_400 + 3_600);
    assert_eq!(service.look(now, Mono::default()).await.unwrap(), Room::Room);
    assert_eq!(store.state(old).await, (SegmentState::Removed, false));
    assert_eq!(store.state(young).await, (SegmentState::Created, true));
    let removal = store.database.segment(old).await.unwrap().removal.unwrap();
    assert_eq!(removal, Removal { rule: Rule::MaxAge, at: now, by: None });
    let hour = store.volume.path().join("a/2025/01/15/00");
    assert!(!hour.exists() && hour.parent().unwrap().exists());
    assert_eq!(handle.room(), Room::Room);
}

#[tokio::test]
async fn a_removal_that_a_crash_cut_short_is_finished_wherever_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(&dir.path().join("segments"), &dir.path().join("db")).await;
    let removal = Removal { rule: Rule::MaxDiskUsage, at: at(5), by: None };
    let (begun, deleted) = (store.segment("a", 0, 10).await, store.segment("a", 20, 10).await);
    store.database.begin_removal(&[begun, deleted], &removal).await.unwrap();
    let path = store.database.segment(deleted).await.unwrap().new.path;
    std::fs::remove_file(store.volume.path().join(path)).unwrap();
    let (mut service, _) = store.service(Config::default());
    service.look(at(100), Mono::default()).await.unwrap();
    for id in [begun, deleted] {
        assert_eq!(store.state(id).await, (SegmentState::Removed, false));
        assert_eq!(store.database.segment(id).await.unwrap().removal.as_ref(), Some(&removal));
    }
}

#[tokio::test]
async fn on_a_volume_that_is_away_nothing_is_called_removed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("segments");
    let store = Store::new(&root, &dir.path().join("db")).await;
    let id = store.segment("a", 0, 10).await;
    std::fs::rename(&root, dir.path().join("unplugged")).unwrap();
    std::fs::create_dir(&root).unwrap();
    let mut config = Config::default();
    days(&mut config, 1);
    let (mut service, _) = store.service(config);
    let looked = service.look(at(864_000), Mono::default()).await;
    assert!(matches!(looked, Err(Error::Volume(crate::Error::WrongVolume { .. }))));
    let rows = store.database.segment(id).await.unwrap();
    let planned = [Planned { segment: rows, rule: Rule::MaxAge }];
    assert!(store.remover().remove(&planned, None, at(864_000)).await.is_err());
    assert_eq!(store.state(id).await.0, SegmentState::Created);
}

#[tokio::test]
async fn a_path_that_leads_out_of_the_volume_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(&dir.path().join("segments"), &dir.path().join("db")).await;
    std::fs::write(dir.path().join("precious"), "x").unwrap();
    let mut new = row(0, "a", 0, 0, SegmentState::Recording).new;
    new.path = "../precious".into();
    let id = store.database.create_segment(&new).await.unwrap();
    store.seal(id, 0, 1).await;
    let planned =
        [Planned { segment: store.database.segment(id).await.unwrap(), rule: Rule::MaxAge }];
    assert!(matches!(store.remover().remove(&planned, None, at(9)).await, Err(Error::Disk { .. })));
    assert!(dir.path().join("precious").exists());
    assert_eq!(store.database.segment(id).await.unwrap().removal, None);
}

#[tokio::test]
async fn sizes_and_the_cleanup_of_one_camera_go_by_the_same_rules() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(&dir.path().join("segments"), &dir.path().join("db")).await;
    let mut ids = Vec::new();
    for start in 0..4 {
        ids.push(store.segment("a", start * 20, 100).await);
    }
    let of_b = store.segment("b", 0, 100).await;
    let limits = CameraLimits { max_bytes: 300, ..CameraLimits::default() };
    let config = Config {
        cameras: BTreeMap::from([(id("a"), limits)]),
        max_bytes: 350,
        ..Config::default()
    };
    let shown = next(&store.database, &config, 0, at(500), 2).await.unwrap();
    let shown: Vec<_> = shown.iter().map(|next| (next.segment.id, next.is_due)).collect();
    assert_eq!(shown, [(ids[0], true), (of_b, true), (ids[1], false), (ids[2], false)]);
    let (mut service, _) = store.service(config.clone());
    service.look(at(500), Mono::default()).await.unwrap();
    assert_eq!(store.state(ids[0]).await, (SegmentState::Removed, false));
    assert_eq!(store.state(of_b).await, (SegmentState::Removed, false));
    let scope = Scope {
        camera: Some(id("a")),
        older_than: Some(at(35)),
        all_rules: true,
        ..Scope::default()
    };
    let planned = plan(&store.database, &config, &scope, at(500)).await.unwrap();
    let planned: Vec<_> = planned.iter().map(|p| (p.segment.id, p.rule)).collect();
    assert_eq!(planned, [(ids[1], Rule::Cleanup)]);
}

#[tokio::test]
async fn a_refused_write_costs_one_segment_even_when_space_seems_enough() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(&dir.path().join("segments"), &dir.path().join("db")).await;
    let (first, second) = (store.segment("a", 0, 10).await, store.segment("a", 20, 10).await);
    let (mut service, handle) = store.service(Config::default());
    handle.refused();
    service.look(at(100), Mono::default()).await.unwrap();
    assert_eq!(store.state(first).await.0, SegmentState::Removed);
    assert_eq!(store.state(second).await.0, SegmentState::Created);
    let removal = store.database.segment(first).await.unwrap().removal.unwrap();
    assert_eq!(removal.rule, Rule::Pressure);
}

/// A small disk of its own; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"]).arg(&at);
        mount.status().is_ok_and(|status| status.success()).then_some(Self(at))
    }

    /// Fills it to the last byte with what is not ours.
    fn fill(&self) {
        use std::io::Write;
        let mut file = std::fs::File::create(self.0.join("filler")).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

macro_rules! small_disk {
    ($dir:expr) => {
        match SmallDisk::mount($dir.path().join("disk")) {
            Some(disk) => disk,
            None => return eprintln!("SKIPPED: no small disk could be mounted"),
        }
    };
}

#[tokio::test]
async fn a_full_disk_frees_itself_and_keeps_what_is_owed_or_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let disk = small_disk!(dir);
    // The database lies on the same disk: there is no room even for what is meant.
    let store = Store::new(&disk.0.join("segments"), &disk.0.join("vedette.db")).await;
    let owed = store.segment("owed", 0, 2 * MIB).await;
    let mut own = Vec::new();
    for number in 0..4 {
        own.push(store.segment("own", 20 + number * 20, 4 * MIB).await);
    }
    let open = store.open("own", 200, MIB).await;
    disk.fill();
    let archived = CameraLimits { archived: true, ..CameraLimits::default() };
    let config = Config {
        cameras: BTreeMap::from([(id("owed"), archived)]),
        min_free: 2_000_000_000,
        ..Config::default()
    };
    let (mut service, handle) = store.service(config.clone());
    let look = async |service: &mut Service| service.look(at(300), Mono::default()).await.unwrap();
    assert_eq!(look(&mut service).await, Room::Room);
    assert_eq!(store.state(own[0]).await, (SegmentState::Removed, false));
    assert_eq!(store.state(own[1]).await, (SegmentState::Created, true), "one was enough");

    disk.fill();
    handle.configure(Config { on_full: OnFull::Stop, ..config.clone() });
    assert_eq!(look(&mut service).await, Room::Full);
    assert_eq!(store.state(own[1]).await, (SegmentState::Created, true));

    handle.configure(Config { min_free: u64::MAX, ..config.clone() });
    for id in &own[1..] {
        std::fs::remove_file(disk.0.join("filler")).unwrap_or_default();
        disk.fill();
        assert_ne!(look(&mut service).await, Room::Full);
        assert_eq!(store.state(*id).await, (SegmentState::Removed, false));
    }
    std::fs::remove_file(disk.0.join("filler")).unwrap();
    disk.fill();
    assert_eq!(look(&mut service).await, Room::Pressure { only_open: true });
    std::fs::remove_file(disk.0.join("filler")).unwrap();
    store.database.discard_segment(open).await.unwrap();
    disk.fill();
    assert_eq!(look(&mut service).await, Room::Full);
    assert_eq!(store.state(owed).await, (SegmentState::Created, true));
    handle.configure(Config { drop_unarchived: true, ..config });
    look(&mut service).await;
    assert_eq!(store.state(owed).await, (SegmentState::Removed, false));
}
