//! What the volume promises to a recorder.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::time::Duration;

use base::health::Board;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{Volume, VolumeOptions, probe};
use crate::{Error, Metrics};

fn volume(options: VolumeOptions) -> (tempfile::TempDir, Volume) {
    let dir = tempfile::tempdir().unwrap();
    let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
    let id = probe(dir.path(), None).unwrap();
    let volume = Volume::open(dir.path(), id, options, metrics, Board::default()).unwrap();
    (dir, volume)
}

#[tokio::test]
async fn what_is_appended_is_in_the_file_in_order_with_its_checksum() {
    let (dir, volume) = volume(VolumeOptions::default());
    let writer = volume.create("cam/2025/01/15/14/segment_1.mp4");
    let parts = |n: u8| (0..1_500).map(|i| Bytes::from(vec![n; i % 7])).collect::<Vec<_>>();
    let mut expected = Vec::new();
    for n in 0..3 {
        parts(n).iter().for_each(|part| expected.extend_from_slice(part));
        writer.append(parts(n)).unwrap();
    }
    let sealed = writer.seal().await.unwrap();
    let found = fs::read(dir.path().join("cam/2025/01/15/14/segment_1.mp4")).unwrap();
    assert_eq!(found, expected);
    assert_eq!(sealed.bytes, expected.len() as u64);
    assert_eq!(sealed.sha256[..], Sha256::digest(&expected)[..]);
}

#[tokio::test]
async fn a_slow_disk_refuses_more_than_its_bound_and_writes_what_it_took() {
    let options = VolumeOptions {
        file_queue_max_bytes: 100,
        write_delay: Duration::from_millis(20),
        ..VolumeOptions::default()
    };
    let (_dir, volume) = volume(options);
    let writer = volume.create("a.mp4");
    let mut taken = 0;
    loop {
        match writer.append(vec![Bytes::from_static(&[1; 30])]) {
            Ok(()) => taken += 30,
            Err(error) => break assert!(matches!(error, Error::Overloaded { .. })),
        }
    }
    assert_eq!(writer.seal().await.unwrap().bytes, taken);
}

#[tokio::test]
async fn a_file_that_exists_is_never_overwritten() {
    let (dir, volume) = volume(VolumeOptions::default());
    fs::write(dir.path().join("a.mp4"), "precious").unwrap();
    let writer = volume.create("a.mp4");
    writer.append(vec![Bytes::from_static(b"other")]).unwrap();
    assert!(writer.seal().await.is_err());
    assert_eq!(fs::read_to_string(dir.path().join("a.mp4")).unwrap(), "precious");
}

#[tokio::test]
async fn nothing_is_written_while_the_volume_is_away_and_all_is_well_when_it_comes_back() {
    let (dir, volume) = volume(VolumeOptions::default());
    let (mark, aside) = (dir.path().join(".vedette-volume"), dir.path().join("aside"));
    fs::rename(&mark, &aside).unwrap();
    let writer = volume.create("cam/a.mp4");
    writer.append(vec![Bytes::from_static(b"lost")]).unwrap();
    assert!(matches!(writer.seal().await, Err(Error::WrongVolume { .. })));
    assert!(volume.check().is_err() && !dir.path().join("cam").exists());
    fs::rename(&aside, &mark).unwrap();
    let writer = volume.create("cam/b.mp4");
    writer.append(vec![Bytes::from_static(b"kept")]).unwrap();
    assert_eq!(writer.seal().await.unwrap().bytes, 4);
}

#[test]
fn an_unmounted_volume_is_told_from_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("segments");
    let id = probe(&root, None).unwrap();
    assert_eq!(probe(&root, Some(&id)), Ok(id.clone()));
    assert_eq!(probe(&root, None), Ok(id.clone()));
    fs::remove_file(root.join(".vedette-volume")).unwrap();
    assert!(matches!(probe(&root, Some(&id)), Err(Error::WrongVolume { .. })));
}
