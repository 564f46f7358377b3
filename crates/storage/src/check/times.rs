//! The ledger: segments that overlap, and spans that nothing explains.

use std::collections::{BTreeMap, BTreeSet};

use base::{CameraId, StreamPath, Wall};
use catalog::{CameraFilter, Cameras, Ledger, Removals, SegmentState, Segments, coverage};

use super::{Check, Difference, Error};
use crate::ledger;

const PAGE_LEN: u32 = 1_000;
const DAY_MICROS: i64 = 86_400_000_000;
/// A gap may be written this much after it happened.
const LATE_MICROS: i64 = 120_000_000;
/// Ends and starts are rounded by each side.
const OVERLAP_MICROS: i64 = 1_000;

impl Check<'_> {
    pub(super) async fn times(&mut self) -> Result<(), Error> {
        for camera in self.cameras().await? {
            if self.is_asked(&camera) {
                self.overlaps(&camera).await?;
                self.unexplained(&camera).await?;
            }
        }
        Ok(())
    }

    /// All cameras of which something may be recorded.
    async fn cameras(&self) -> Result<BTreeSet<CameraId>, Error> {
        let database = self.remover.database();
        let usage = database.usage().await?;
        let mut all: BTreeSet<CameraId> = usage.into_iter().map(|usage| usage.camera).collect();
        let mut cursor = None;
        loop {
            let filter = CameraFilter::default();
            let page = database.cameras(&filter, PAGE_LEN, cursor.as_deref()).await?;
            all.extend(page.items.into_iter().map(|camera| camera.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    async fn overlaps(&mut self, camera: &CameraId) -> Result<(), Error> {
        let mut last: BTreeMap<StreamPath, (Wall, String)> = BTreeMap::new();
        let (from, mut cursor) = (Wall::from_micros(0), None);
        loop {
            let database = self.remover.database();
            let page =
                database.segments(camera, from, Wall::MAX, PAGE_LEN, cursor.as_deref()).await?;
            for row in page.items.into_iter().filter(|row| row.state != SegmentState::Removed) {
                let Some(sealed) = row.sealed else { continue };
                let (stream, path) = (row.new.stream, row.new.path);
                if let Some((end, first)) = last.get(&stream) {
                    let overlap = end.micros_since(row.new.start);
                    if overlap > OVERLAP_MICROS {
                        let (first, second) = (first.clone(), path.clone());
                        let millis = overlap / 1_000;
                        self.found(Difference::Overlap { first, second, millis }, false);
                    }
                }
                let is_later = last.get(&stream).is_none_or(|(end, _)| *end < sealed.end);
                if is_later {
                    last.insert(stream, (sealed.end, path));
                }
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// A day at a time, from the first segment on.
    async fn unexplained(&mut self, camera: &CameraId) -> Result<(), Error> {
        let until = self.now.plus_micros(-LATE_MICROS);
        let database = self.remover.database();
        let first = database.segments(camera, Wall::from_micros(0), until, 1, None).await?;
        let Some(mut start) = first.items.first().map(|row| row.new.start) else { return Ok(()) };
        let known = database.known_until(camera).await?.unwrap_or(start).min(until);
        let mut hole: Option<(Wall, Wall)> = None;
        while start < known {
            let end = start.plus_micros(DAY_MICROS).min(known);
            let spans =
                ledger::coverage(self.remover.database(), camera, (start, end), self.now).await?;
            for (from, to) in coverage::holes(&spans, Some(start), Some(end)) {
                hole = match hole {
                    Some((begun, ended)) if ended == from => Some((begun, to)),
                    before => {
                        self.tell_hole(camera, before);
                        Some((from, to))
                    }
                };
            }
            start = end;
        }
        self.tell_hole(camera, hole);
        Ok(())
    }

    fn tell_hole(&mut self, camera: &CameraId, hole: Option<(Wall, Wall)>) {
        if let Some((start, end)) = hole {
            let camera = camera.clone();
            self.found(Difference::Unexplained { camera, start, end }, false);
        }
    }
}
