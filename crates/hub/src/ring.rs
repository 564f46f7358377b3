//! The ring of one stream: units in order, bounded by bytes and by time, entered at key frames.
//!
//! Pure: it knows neither readers nor tasks. A slow reader is a cursor that the ring has overtaken.

use std::collections::VecDeque;
use std::time::Duration;

use media::{AccessUnit, TrackId, Tracks};

/// How much of a stream is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingLimits {
    /// Bytes of access units, at most.
    pub max_bytes: usize,
    /// Time between the arrivals of the oldest and the newest unit, at most.
    pub max_duration: Duration,
}

impl Default for RingLimits {
    fn default() -> Self {
        Self { max_bytes: 16_000_000, max_duration: Duration::from_secs(12) }
    }
}

/// A unit in the ring, with the description it was made under.
struct Slot {
    unit: AccessUnit,
    generation: u64,
    entry_point: bool,
}

/// What a cursor finds at its place.
pub(crate) enum Found<'a> {
    /// This unit, made under the description of this generation.
    Unit(&'a AccessUnit, u64),
    /// The ring has overtaken the cursor: it goes on at `next`, having missed `missed` units.
    Overtaken { next: u64, missed: u64 },
    /// Nothing yet.
    Nothing,
}

/// The ring. Units have sequence numbers from 0, never used twice.
pub(crate) struct Ring {
    limits: RingLimits,
    slots: VecDeque<Slot>,
    first: u64,
    bytes: usize,
    descriptions: VecDeque<(u64, Tracks)>,
    generation: u64,
    lead: Option<TrackId>,
    last_entry: Option<u64>,
    long_group: bool,
}

impl Ring {
    pub(crate) fn new(limits: RingLimits) -> Self {
        Self {
            limits,
            slots: VecDeque::new(),
            first: 0,
            bytes: 0,
            descriptions: VecDeque::new(),
            generation: 0,
            lead: None,
            last_entry: None,
            long_group: false,
        }
    }

    /// Begins a new description: what follows is made under it, and starts at a key frame.
    pub(crate) fn describe(&mut self, tracks: Tracks) {
        self.generation += 1;
        self.lead = tracks.lead().map(|track| track.id);
        self.last_entry = None;
        self.descriptions.push_back((self.generation, tracks));
        self.forget_descriptions();
    }

    /// Adds a unit and removes what is over the bounds. Returns the change in bytes held.
    pub(crate) fn push(&mut self, unit: AccessUnit) -> isize {
        let before = self.bytes;
        let entry_point = unit.key && Some(unit.track) == self.lead;
        if entry_point {
            self.last_entry = Some(self.end());
            self.long_group = false;
        }
        self.bytes += unit.data.len();
        self.slots.push_back(Slot { unit, generation: self.generation, entry_point });
        self.evict();
        isize::try_from(self.bytes).unwrap_or(isize::MAX)
            - isize::try_from(before).unwrap_or(isize::MAX)
    }

    fn evict(&mut self) {
        while self.slots.len() > 1 && self.is_over() {
            let Some(old) = self.slots.pop_front() else { return };
            self.bytes -= old.unit.data.len();
            if self.last_entry == Some(self.first) {
                self.last_entry = None;
                self.long_group = true;
            }
            self.first += 1;
        }
        self.forget_descriptions();
    }

    fn is_over(&self) -> bool {
        let (Some(oldest), Some(newest)) = (self.slots.front(), self.slots.back()) else {
            return false;
        };
        let held = newest.unit.arrived.since(oldest.unit.arrived);
        self.bytes > self.limits.max_bytes || held > self.limits.max_duration
    }

    /// Descriptions that no held unit needs, but for the current one, go.
    fn forget_descriptions(&mut self) {
        let needed = self.slots.front().map_or(self.generation, |slot| slot.generation);
        while self.descriptions.front().is_some_and(|(generation, _)| *generation < needed) {
            self.descriptions.pop_front();
        }
    }

    /// What is at `cursor`.
    pub(crate) fn at(&self, cursor: u64) -> Found<'_> {
        if cursor < self.first {
            let next = self.next_entry(self.first);
            return Found::Overtaken { next, missed: next - cursor };
        }
        match usize::try_from(cursor - self.first).ok().and_then(|index| self.slots.get(index)) {
            Some(slot) => Found::Unit(&slot.unit, slot.generation),
            None => Found::Nothing,
        }
    }

    /// The first entry point at or after `from`; the ring's end when none is held.
    pub(crate) fn next_entry(&self, from: u64) -> u64 {
        let skip = usize::try_from(from.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let found = self.slots.iter().skip(skip).position(|slot| slot.entry_point);
        found.map_or(self.end(), |offset| from.max(self.first) + offset as u64)
    }

    /// True when a reader may begin at `cursor`.
    pub(crate) fn is_entry(&self, cursor: u64) -> bool {
        let index = cursor.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| self.slots.get(index)).is_some_and(|slot| slot.entry_point)
    }

    /// The newest entry point held.
    pub(crate) fn last_entry(&self) -> Option<u64> {
        self.last_entry.filter(|entry| *entry >= self.first)
    }

    /// One past the newest unit.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    /// The description of a generation whose units are held, or the current one.
    pub(crate) fn description(&self, generation: u64) -> Option<&Tracks> {
        self.descriptions.iter().find(|(known, _)| *known == generation).map(|(_, tracks)| tracks)
    }

    /// The current description.
    pub(crate) fn current(&self) -> Option<&Tracks> {
        self.descriptions.back().map(|(_, tracks)| tracks)
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// True while the newest group does not fit the bounds.
    pub(crate) const fn long_group(&self) -> bool {
        self.long_group
    }
}
