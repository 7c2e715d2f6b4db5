//! When frames are due that do not wait for others: an open loop. The times are fixed before the run, however late answers are, so
//! that a slow server cannot slow down what it is measured by.

/// Nanoseconds of a second.
const SECOND: u128 = 1_000_000_000;

/// The frames of one pair among those of all: all are due one after another at equal distances, each pair's in turn, from both of
/// its sides in turn.
#[derive(Clone, Copy, Debug)]
pub struct Timetable {
    /// Frames a second of all pairs, more than none.
    pub per_second: u32,
    pub pairs: u32,
    /// Which of the pairs this is, from 0.
    pub pair: u32,
}

impl Timetable {
    /// When the pair's frame with this number is due, in nanoseconds. Even ones are from its first side, odd ones from the other.
    pub fn due_ns(&self, number: u64) -> u64 {
        let among_all = u128::from(number) * u128::from(self.pairs) + u128::from(self.pair);
        u64::try_from(among_all * SECOND / u128::from(self.per_second)).unwrap_or(u64::MAX)
    }

    /// How many of the pair's frames are due by then; the next has this number.
    pub fn due_by(&self, now_ns: u64) -> u64 {
        // Rounded like `due_ns`: a frame is due by now if it is due before the next nanosecond.
        let of_all = ((u128::from(now_ns) + 1) * u128::from(self.per_second)).div_ceil(SECOND);
        let own = of_all.saturating_sub(u128::from(self.pair)).div_ceil(u128::from(self.pairs));
        u64::try_from(own).unwrap_or(u64::MAX)
    }
}

/// The first number of a side (0 or 1) in `from..until`, and how many of its numbers are in there.
pub fn of_side(side: u64, from: u64, until: u64) -> (u64, u64) {
    let first = from + (from + side) % 2;
    (first, until.saturating_sub(first).div_ceil(2))
}

/// A number that shows no pattern, always the same for the same number (SplitMix64).
pub fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_frames_are_due_at_equal_distances_whatever_the_pairs() {
        for pairs in [1, 3, 100] {
            let tables = (0..pairs).map(|pair| Timetable { per_second: 10_000, pairs, pair });
            let mut due: Vec<_> = tables.flat_map(|table| (0..50).map(move |number| table.due_ns(number))).collect();
            due.sort_unstable();
            assert!(due.iter().enumerate().all(|(index, ns)| *ns == index as u64 * 100_000), "{pairs}: {due:?}");
        }
    }

    #[test]
    fn what_is_due_by_a_time_is_what_was_due_before_it() {
        for (per_second, pairs, pair) in [(1, 1, 0), (7, 3, 2), (1_000_000, 9_900, 1), (3, 9_900, 9_899), (333, 2, 1)] {
            let table = Timetable { per_second, pairs, pair };
            for number in [0, 1, 2, 9, 1_000_000] {
                let due = table.due_ns(number);
                assert_eq!(table.due_by(due), number + 1, "{table:?}");
                if due > 0 {
                    assert_eq!(table.due_by(due - 1), number, "{table:?}");
                }
            }
        }
    }

    #[test]
    fn numbers_belong_to_both_sides_in_turn() {
        for (side, from, until, expected) in
            [(0, 0, 5, (0, 3)), (1, 0, 5, (1, 2)), (0, 3, 5, (4, 1)), (1, 3, 3, (3, 0)), (0, 3, 4, (4, 0))]
        {
            assert_eq!(of_side(side, from, until), expected, "{side} of {from}..{until}");
        }
    }
}
