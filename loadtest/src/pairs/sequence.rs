//! The frames of one direction by their numbers: what was lost, doubled or out of order.

use std::collections::BTreeSet;

/// Keeps count of one direction. Every number is due once, in order, from 0.
#[derive(Default, Debug)]
pub struct Sequence {
    /// The number that is due.
    next: u64,
    /// Numbers below `next` that have not come.
    missing: BTreeSet<u64>,
    pub duplicated: u64,
    pub reordered: u64,
}

/// A frame's arrival.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    First,
    Duplicate,
    /// Further ahead than there can be frames under way: no frame of this run's.
    Impossible,
}

impl Sequence {
    /// Takes note of a number. `window`: how many frames can be under way.
    pub fn arrive(&mut self, seq: u64, window: u64) -> Arrival {
        if seq == self.next {
            self.next += 1;
        } else if seq > self.next.saturating_add(window) {
            return Arrival::Impossible;
        } else if seq > self.next {
            self.missing.extend(self.next..seq);
            self.next = seq + 1;
        } else if self.missing.remove(&seq) {
            self.reordered += 1;
        } else {
            self.duplicated += 1;
            return Arrival::Duplicate;
        }
        Arrival::First
    }

    /// How many different frames have arrived.
    pub fn arrived(&self) -> u64 {
        self.next - self.missing.len() as u64
    }

    /// How many of so many that were sent have not arrived.
    pub fn lost_of(&self, sent: u64) -> u64 {
        sent.saturating_sub(self.arrived())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(numbers: &[u64]) -> Sequence {
        let mut sequence = Sequence::default();
        for seq in numbers {
            sequence.arrive(*seq, 16);
        }
        sequence
    }

    fn counts(numbers: &[u64]) -> (u64, u64, u64) {
        let sequence = after(numbers);
        (sequence.arrived(), sequence.duplicated, sequence.reordered)
    }

    #[test]
    fn each_fault_is_counted_as_what_it_is() {
        assert_eq!(counts(&[0, 1, 2, 3]), (4, 0, 0));
        assert_eq!(counts(&[0, 2, 3]), (3, 0, 0), "1 is lost");
        assert_eq!(counts(&[0, 2, 1, 3]), (4, 0, 1), "1 came after 2");
        assert_eq!(counts(&[3, 2, 1, 0]), (4, 0, 3));
        assert_eq!(counts(&[0, 1, 1, 2, 0]), (3, 2, 0));
        assert_eq!(counts(&[0, 2, 1, 1]), (3, 1, 1), "the second 1 is a duplicate");
    }

    #[test]
    fn a_number_from_nowhere_is_not_taken_for_a_loss() {
        let mut sequence = after(&[0, 1]);
        assert_eq!(sequence.arrive(u64::MAX, 16), Arrival::Impossible);
        assert_eq!(sequence.arrive(2, 16), Arrival::First);
        assert_eq!(sequence.arrived(), 3);
    }
}
