//! Packets into their order: what was lost and comes again is waited for. Pure.

use std::collections::BTreeMap;

use base::Wall;

/// How long one is waited for, in microseconds; players hold back about so much.
const WAIT_US: i64 = 500_000;
const HELD_MAX: usize = 2_000;

/// Packets by their extended numbers.
pub(super) struct Order<T> {
    next: Option<u64>,
    held: BTreeMap<u64, (Wall, T)>,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self { next: None, held: BTreeMap::new() }
    }
}

impl<T> Order<T> {
    /// Takes one; what came before or is too late is left out.
    pub(super) fn push(&mut self, now: Wall, number: u64, packet: T) {
        if self.next.is_none_or(|next| number >= next) {
            self.held.entry(number).or_insert((now, packet));
        }
    }

    /// The next in order. True: others before it are given up.
    pub(super) fn pop(&mut self, now: Wall) -> Option<(T, bool)> {
        let first = self.held.first_entry()?;
        let number = *first.key();
        let in_order = self.next.is_none_or(|next| next == number);
        let late = now.micros_since(first.get().0) > WAIT_US;
        if !in_order && !late && self.held.len() <= HELD_MAX {
            return None;
        }
        self.next = Some(number.saturating_add(1));
        let (_, (_, packet)) = self.held.pop_first()?;
        Some((packet, !in_order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Wall {
        Wall::from_micros(micros)
    }

    #[test]
    fn a_packet_that_comes_again_is_put_in_its_place() {
        let mut order = Order::default();
        for number in [5, 7, 8, 6, 6] {
            order.push(at(0), number, number);
        }
        let all: Vec<_> = std::iter::from_fn(|| order.pop(at(0))).collect();
        assert_eq!(all, [(5, false), (6, false), (7, false), (8, false)]);
        order.push(at(0), 6, 6);
        assert_eq!(order.pop(at(0)), None, "it has passed");
    }

    #[test]
    fn what_does_not_come_is_given_up_after_a_while() {
        let mut order = Order::default();
        order.push(at(0), 1, 1);
        assert_eq!(order.pop(at(0)), Some((1, false)));
        order.push(at(0), 3, 3);
        assert_eq!(order.pop(at(WAIT_US)), None);
        assert_eq!(order.pop(at(WAIT_US + 1)), Some((3, true)));
    }
}
