//! The values of a pattern's matches, in order, and which of a range of them decide a comparison.

use std::cell::OnceCell;
use std::ops::Range;

use super::{Currency, Value};
use crate::gate::spec::Relation;

/// Numbers of the least and the most value of each currency.
type Ends = [Option<(u32, u32)>; Currency::ALL.len()];

/// Values in the order of their matches; `None` for a match without one.
#[derive(Debug)]
pub struct Values {
    values: Vec<Option<Value>>,
    /// A tree of ranges: those of 1 are the last half, and range `n` is ranges `2 n` and `2 n + 1`.
    ends: OnceCell<Vec<Ends>>,
}

impl Values {
    /// Values that nothing was asked about yet.
    pub fn new(values: Vec<Option<Value>>) -> Self {
        Values { values, ends: OnceCell::new() }
    }

    /// All of them.
    pub fn all(&self) -> &[Option<Value>] {
        &self.values
    }

    /// Of the values with these numbers those that decide whether one of them compares as asked: all
    /// that are to equal others, and for any other relation the ends of each currency, which
    /// take logarithmic time to find.
    pub fn that_decide(
        &self,
        relation: Relation,
        numbers: Range<usize>,
    ) -> impl Iterator<Item = &Value> {
        let (all, ends) = match relation {
            Relation::Equals => (numbers, Ends::default()),
            _ => (0..0, self.ends(numbers)),
        };
        let ends = ends.into_iter().flatten().flat_map(|(least, most)| [least, most]);
        all.chain(ends.map(|number| number as usize))
            .filter_map(|number| self.values[number].as_ref())
    }

    fn ends(&self, numbers: Range<usize>) -> Ends {
        let count = self.values.len();
        let tree = self.ends.get_or_init(|| {
            let mut tree = vec![Ends::default(); count];
            tree.extend((0..).zip(&self.values).map(|(number, value)| {
                let mut ends = Ends::default();
                if let Some(value) = value {
                    ends[value.currency as usize] = Some((number, number));
                }
                ends
            }));
            for range in (1..count).rev() {
                tree[range] = self.joined(&tree[2 * range], &tree[2 * range + 1]);
            }
            tree
        });
        let (mut first, mut end) = (numbers.start + count, numbers.end + count);
        let mut ends = Ends::default();
        while first < end {
            if first % 2 == 1 {
                ends = self.joined(&ends, &tree[first]);
                first += 1;
            }
            if end % 2 == 1 {
                end -= 1;
                ends = self.joined(&ends, &tree[end]);
            }
            (first, end) = (first / 2, end / 2);
        }
        ends
    }

    fn joined(&self, one: &Ends, other: &Ends) -> Ends {
        let size = |number: u32| self.values[number as usize].as_ref().map(|value| &value.size);
        let mut ends = *one;
        for (ends, other) in ends.iter_mut().zip(other) {
            *ends = match (*ends, *other) {
                (Some((least, most)), Some((other_least, other_most))) => Some((
                    if size(other_least) < size(least) { other_least } else { least },
                    if size(other_most) > size(most) { other_most } else { most },
                )),
                (one, other) => one.or(other),
            };
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{some_compare, Kind};
    use super::*;

    const RELATIONS: [Relation; 6] = [
        Relation::Above,
        Relation::AtLeast,
        Relation::Below,
        Relation::AtMost,
        Relation::Equals,
        Relation::DiffersFrom,
    ];

    fn some_values() -> impl Strategy<Value = (Vec<Option<Value>>, Range<usize>)> {
        let text = prop::sample::select(vec!["", "£1", "$1", "1", "£2", "$2", "-3", "€0", "£1.0"]);
        prop::collection::vec(text, 0..12).prop_flat_map(|texts| {
            let values: Vec<_> = texts.iter().map(|text| Value::parse(text, Kind::Money)).collect();
            let places = (0..=values.len(), 0..=values.len());
            (Just(values), places.prop_map(|(one, other)| one.min(other)..one.max(other)))
        })
    }

    proptest! {
        #[test]
        fn those_that_decide_compare_as_all_do(
            (left, from) in some_values(),
            (right, to) in some_values(),
        ) {
            let all = |values: &[Option<Value>], range: &Range<usize>| -> Vec<Value> {
                values[range.clone()].iter().flatten().cloned().collect()
            };
            let (all_left, all_right) = (all(&left, &from), all(&right, &to));
            let (left, right) = (Values::new(left), Values::new(right));
            for relation in RELATIONS {
                let some = |values: &Values, range: &Range<usize>| -> Vec<Value> {
                    values.that_decide(relation, range.clone()).cloned().collect()
                };
                prop_assert_eq!(
                    some_compare(&some(&left, &from), relation, &some(&right, &to)),
                    some_compare(&all_left, relation, &all_right),
                    "{:?}", relation
                );
            }
        }
    }
}
