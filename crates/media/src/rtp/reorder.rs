//! Packets put back into the order of their numbers, for paths that do not keep it.
//!
//! A packet waits for those before it, at most for a while and with at most so many others; then the
//! gap is given up. Who takes the packets sees it in their numbers.

use std::time::Duration;

use base::Mono;

use super::packet::{Packet, distance};

/// Packets that wait, at most.
const HELD_MAX: usize = 64;
/// A step over this is a new beginning of the sender's (RFC 3550 appendix A.1).
const DROPOUT_MAX: i16 = 3_000;
/// So far back a packet is late; further back the sender began anew.
const MISORDER_MAX: i16 = 100;

/// Packets of one track that wait for others.
pub struct Reorder {
    wait: Duration,
    next: Option<u16>,
    /// In the order of their numbers, each after `next`.
    held: Vec<(Mono, Packet)>,
    late: u64,
}

impl Reorder {
    /// A packet waits for those before it for `wait`.
    #[must_use]
    pub const fn new(wait: Duration) -> Self {
        Self { wait, next: None, held: Vec::new(), late: 0 }
    }

    /// Takes a packet that arrived at `now`, and appends to `out` those whose turn it is.
    pub fn push(&mut self, now: Mono, packet: Packet, out: &mut Vec<Packet>) {
        let next = *self.next.get_or_insert(packet.sequence);
        let step = distance(next, packet.sequence);
        if (-MISORDER_MAX..0).contains(&step) {
            self.late += 1;
            return;
        }
        if !(0..=DROPOUT_MAX).contains(&step) {
            self.release_all(out);
            self.next = Some(packet.sequence);
        }
        let next = self.next.unwrap_or(packet.sequence);
        let key = |held: &Packet| distance(next, held.sequence);
        match self.held.binary_search_by_key(&key(&packet), |(_, held)| key(held)) {
            Ok(_) => self.late += 1,
            Err(place) => self.held.insert(place, (now, packet)),
        }
        self.release(out);
        if self.held.len() > HELD_MAX {
            self.give_up(out);
        }
    }

    /// Gives up the gaps whose time has passed.
    pub fn tick(&mut self, now: Mono, out: &mut Vec<Packet>) {
        while self.deadline().is_some_and(|deadline| now >= deadline) {
            self.give_up(out);
        }
    }

    /// When [`Self::tick`] is due: the oldest of those that wait has waited long enough.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        self.held.iter().map(|(arrived, _)| *arrived + self.wait).min()
    }

    /// Packets that came too late or twice.
    #[must_use]
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// Goes on at the first that is there.
    fn give_up(&mut self, out: &mut Vec<Packet>) {
        self.next = self.held.first().map(|(_, packet)| packet.sequence);
        self.release(out);
    }

    fn release(&mut self, out: &mut Vec<Packet>) {
        let Some(mut next) = self.next else { return };
        let in_turn = |(_, packet): &&(Mono, Packet)| {
            let is_next = packet.sequence == next;
            next = next.wrapping_add(u16::from(is_next));
            is_next
        };
        let count = self.held.iter().take_while(in_turn).count();
        out.extend(self.held.drain(..count).map(|(_, packet)| packet));
        self.next = Some(next);
    }

    fn release_all(&mut self, out: &mut Vec<Packet>) {
        out.extend(self.held.drain(..).map(|(_, packet)| packet));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn packet(sequence: u16) -> Packet {
        let payload = Bytes::new();
        Packet { payload_type: 96, marker: false, sequence, timestamp: 0, ssrc: 1, payload }
    }

    fn numbers(out: &[Packet]) -> Vec<u16> {
        out.iter().map(|packet| packet.sequence).collect()
    }

    const WAIT: Duration = Duration::from_millis(100);

    #[test]
    fn a_gap_is_given_up_when_its_time_has_passed() {
        let (mut reorder, mut out) = (Reorder::new(WAIT), Vec::new());
        for (at, sequence) in [(0, 65_534), (10, 0), (20, 2)] {
            reorder.push(Mono::from_nanos(at * 1_000_000), packet(sequence), &mut out);
        }
        assert_eq!(numbers(&out), [65_534]);
        assert_eq!(reorder.deadline(), Some(Mono::from_nanos(110_000_000)));
        reorder.tick(Mono::from_nanos(109_000_000), &mut out);
        assert_eq!(out.len(), 1);
        reorder.tick(Mono::from_nanos(110_000_000), &mut out);
        assert_eq!(numbers(&out), [65_534, 0]);
        reorder.push(Mono::from_nanos(111_000_000), packet(65_535), &mut out);
        reorder.push(Mono::from_nanos(112_000_000), packet(1), &mut out);
        assert_eq!(numbers(&out), [65_534, 0, 1, 2]);
        assert_eq!((reorder.late(), reorder.deadline()), (1, None));
    }

    #[test]
    fn a_sender_that_begins_anew_is_followed_at_once() {
        let (mut reorder, mut out) = (Reorder::new(WAIT), Vec::new());
        for sequence in [5, 30_000, 30_001, 7] {
            reorder.push(Mono::default(), packet(sequence), &mut out);
        }
        assert_eq!(numbers(&out), [5, 30_000, 30_001, 7]);
    }

    proptest! {
        #[test]
        fn packets_that_are_moved_a_little_come_out_in_order(first: u16, moves in proptest::collection::vec(0_usize..20, 1..200)) {
            let mut order: Vec<(usize, u16)> = moves.iter().enumerate().map(|(index, by)| {
                let number = u16::try_from(index).expect("at most 200");
                (if index == 0 { 0 } else { index + by }, first.wrapping_add(number))
            }).collect();
            order.sort_by_key(|(place, _)| *place);
            let (mut reorder, mut out) = (Reorder::new(WAIT), Vec::new());
            for (_, sequence) in &order {
                reorder.push(Mono::default(), packet(*sequence), &mut out);
            }
            let expected: Vec<u16> = (0..u16::try_from(moves.len()).expect("at most 200")).map(|n| first.wrapping_add(n)).collect();
            prop_assert_eq!(numbers(&out), expected);
        }

        #[test]
        fn whatever_comes_is_held_within_bounds(sequences in proptest::collection::vec(any::<u16>(), 0..300), spread in 1_u16..500) {
            let (mut reorder, mut out) = (Reorder::new(WAIT), Vec::new());
            for (at, sequence) in (0_u64..).zip(sequences) {
                reorder.push(Mono::from_nanos(at), packet(sequence % spread), &mut out);
                prop_assert!(reorder.held.len() <= HELD_MAX);
            }
            reorder.tick(Mono::from_nanos(u64::MAX), &mut out);
            prop_assert!(reorder.held.is_empty() && reorder.deadline().is_none());
        }
    }
}
