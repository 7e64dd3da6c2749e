//! Whether two lists of captured values have an equal pair, while both move through a document.
//!
//! A condition asks this around each of thousands of matches, and from one match to the next the
//! stretches of values around it move on by a few:
//!
//! ```text
//! left      £1  £2 [£3  £4] £5          around one match
//! left      £1  £2  £3 [£4  £5] £6      around the next
//! ```
//!
//! So equal pairs are counted, and the count is kept up: time grows with how far the stretches move.
//! Sorting each stretch anew took the square of the matches, 0.45 s for a thousand of them.

use std::collections::HashMap;
use std::ops::Range;

use super::value::{Currency, Value, Values};

/// A value among those of its size: the size's number, and the currency.
type Sized = (usize, Currency);

/// How many values of a size there are in each currency.
type Counts = [usize; Currency::ALL.len()];

/// The pairs of equal values between stretches of a left and of a right side.
#[derive(Debug)]
pub struct Pairs {
    /// Numbers of sizes; the keys have no currency.
    sizes: HashMap<Value, usize>,
    /// What was captured on each side, capture by capture.
    stretches: [Vec<Stretch>; 2],
    /// Of each side, by size.
    counts: [Vec<Counts>; 2],
    pairs: usize,
    #[cfg(test)]
    moved: usize,
}

#[derive(Clone, Debug, Default)]
struct Stretch {
    /// Empty until they are needed.
    values: Vec<Option<Sized>>,
    range: Range<usize>,
}

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What is compared.
    Left,
    /// What it is compared with.
    Right,
}

impl Pairs {
    /// As many captures on each side as given, with nothing in their stretches.
    pub fn new(left: usize, right: usize) -> Self {
        Pairs {
            sizes: HashMap::new(),
            stretches: [left, right].map(|count| vec![Stretch::default(); count]),
            counts: [Vec::new(), Vec::new()],
            pairs: 0,
            #[cfg(test)]
            moved: 0,
        }
    }

    /// Whether some value of the left equals one of the right.
    pub fn any(&self) -> bool {
        self.pairs > 0
    }

    /// Gives the values of a capture, match by match; needed once.
    pub fn know(&mut self, side: Side, capture: usize, values: &Values) {
        if !self.stretches[side as usize][capture].values.is_empty() {
            return;
        }
        let sized = |value: &Value| {
            let next = self.sizes.len();
            (*self.sizes.entry(value.bare()).or_insert(next), value.currency)
        };
        let mut sized = sized;
        let values = values.all().iter().map(|value| value.as_ref().map(&mut sized)).collect();
        self.stretches[side as usize][capture].values = values;
        for counts in &mut self.counts {
            counts.resize(self.sizes.len(), Counts::default());
        }
    }

    /// Moves a capture's stretch. One that nothing is known of stays empty.
    pub fn move_to(&mut self, side: Side, capture: usize, range: Range<usize>) {
        let stretch = &mut self.stretches[side as usize][capture];
        if stretch.values.is_empty() {
            return;
        }
        let old = std::mem::replace(&mut stretch.range, range.clone());
        let (start, end) = (old.start.max(range.start), old.end.min(range.end));
        if start < end {
            self.take(side, capture, old.start..start);
            self.take(side, capture, end..old.end);
            self.put(side, capture, range.start..start);
            self.put(side, capture, end..range.end);
        } else {
            self.take(side, capture, old);
            self.put(side, capture, range);
        }
    }

    /// Takes some values of a stretch out; they have to be put back.
    pub fn take(&mut self, side: Side, capture: usize, numbers: Range<usize>) {
        self.each(side, capture, numbers, |count, pairs, met| {
            *count -= 1;
            *pairs -= met;
        });
    }

    /// Puts values into a stretch, or back.
    pub fn put(&mut self, side: Side, capture: usize, numbers: Range<usize>) {
        self.each(side, capture, numbers, |count, pairs, met| {
            *count += 1;
            *pairs += met;
        });
    }

    /// Changes the count of a value, and of pairs by how many it meets on the other side.
    fn each(
        &mut self,
        side: Side,
        capture: usize,
        numbers: Range<usize>,
        change: impl Fn(&mut usize, &mut usize, usize),
    ) {
        let here = side as usize;
        let stretch = &self.stretches[here][capture];
        let numbers =
            numbers.start.min(stretch.values.len())..numbers.end.min(stretch.values.len());
        #[cfg(test)]
        {
            self.moved += numbers.len();
        }
        for &(size, currency) in stretch.values[numbers].iter().flatten() {
            let others = Currency::ALL.into_iter().filter(|other| currency.goes_with(*other));
            let met = others.map(|other| self.counts[1 - here][size][other as usize]).sum();
            change(&mut self.counts[here][size][currency as usize], &mut self.pairs, met);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::spec::Relation;
    use super::super::value::{some_compare, Kind};
    use super::*;

    fn values(texts: &[&str]) -> Vec<Option<Value>> {
        texts.iter().map(|text| Value::parse(text, Kind::Money)).collect()
    }

    fn texts() -> impl Strategy<Value = Vec<&'static str>> {
        let text = prop::sample::select(vec!["", "£1", "$1", "1", "£2", "2", "€0", "£1.0", "£3"]);
        prop::collection::vec(text, 1..12)
    }

    proptest! {
        #[test]
        fn moved_stretches_have_the_pairs_of_their_values(
            left in prop::collection::vec(texts(), 1..3),
            right in prop::collection::vec(texts(), 1..3),
            moves in prop::collection::vec((0..2_usize, 0..2_usize, 0..12_usize, 0..12_usize), 1..20),
        ) {
            let sides = [left, right].map(|side| {
                side.iter().map(|texts| values(texts)).collect::<Vec<_>>()
            });
            let mut pairs = Pairs::new(sides[0].len(), sides[1].len());
            let mut ranges = [vec![0..0; sides[0].len()], vec![0..0; sides[1].len()]];
            for (side, capture, from, to) in moves {
                let capture = capture % sides[side].len();
                let length = sides[side][capture].len();
                let range = from.min(to).min(length)..from.max(to).min(length);
                let which = if side == 0 { Side::Left } else { Side::Right };
                pairs.know(which, capture, &Values::new(sides[side][capture].clone()));
                pairs.move_to(which, capture, range.clone());
                // Out and in again, as with the match that is not in its own window.
                let middle = (range.start + range.end) / 2;
                pairs.take(which, capture, middle..range.end);
                pairs.put(which, capture, middle..range.end);
                ranges[side][capture] = range;
                let all = |side: usize| -> Vec<Value> {
                    let seen = ranges[side].iter().zip(&sides[side]);
                    seen.flat_map(|(range, values)| values[range.clone()].iter().flatten().cloned())
                        .collect()
                };
                prop_assert_eq!(pairs.any(), some_compare(&all(0), Relation::Equals, &all(1)));
            }
        }
    }

    #[test]
    fn stretches_that_move_on_are_not_counted_anew() {
        let of = |currency: &str| -> Vec<Option<Value>> {
            (0..1_000).map(|n| Value::parse(&format!("{currency}{n}"), Kind::Money)).collect()
        };
        let mut pairs = Pairs::new(1, 1);
        pairs.know(Side::Left, 0, &Values::new(of("£")));
        pairs.know(Side::Right, 0, &Values::new(of("$")));
        for start in 0..900 {
            for side in [Side::Left, Side::Right] {
                pairs.move_to(side, 0, start..start + 100);
            }
            assert!(!pairs.any());
        }
        assert!(pairs.moved <= 4_000, "{} values were moved", pairs.moved);
    }
}
