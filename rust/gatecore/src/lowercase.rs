//! Offsets between a text and its `str.lower()`.
//!
//! Of all characters U+0130 (`İ`) alone becomes two, `i` and U+0307; a test of the binding asks the
//! interpreter. So the places of this one character are the whole map:
//!
//! ```text
//!   text       a  İ     b  İ      the n-th İ at `at` takes the offsets at + n and at + n + 1
//!   offset     0  1     2  3
//!   lowercase  a  i  ̇  b  i  ̇
//!   offset     0  1  2  3  4  5
//! ```

use crate::span::Span;

/// The character that `str.lower()` makes two of.
pub const DOUBLED: char = '\u{130}';

/// Brings places in the lowercase view of a text back to the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LowercaseOffsets {
    doubled: Vec<usize>,
}

impl LowercaseOffsets {
    /// The map of a text that has [`DOUBLED`] at these places, which rise.
    pub fn new(doubled: Vec<usize>) -> Self {
        LowercaseOffsets { doubled }
    }

    /// Whether every place stays where it is.
    pub fn is_identity(&self) -> bool {
        self.doubled.is_empty()
    }

    /// The text's span of one in its lowercase view: every character that it touches, so that half of
    /// a doubled one is all of it. A bisection for each end.
    pub fn back(&self, found: Span) -> Span {
        // The doubled ones whose second half lies before a place.
        let before =
            |place: usize| partition_point(self.doubled.len(), |n| self.doubled[n] + n + 1 < place);
        let start = found.start() - before(found.start() + 1);
        Span::new(start, found.end() - before(found.end()))
    }
}

/// The first number below `end` for which something does not hold that holds for those before, as
/// [`slice::partition_point`] has it for items.
pub fn partition_point(end: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The map, and for each character of the lowercase view the place of the one it came from.
    fn of(text: &str) -> (LowercaseOffsets, Vec<usize>) {
        let places = text.chars().enumerate();
        let doubled = places.clone().filter(|&(_, character)| character == DOUBLED);
        let map = LowercaseOffsets::new(doubled.map(|(place, _)| place).collect());
        (map, places.flat_map(|(place, c)| c.to_lowercase().map(move |_| place)).collect())
    }

    #[test]
    fn every_span_covers_the_characters_that_it_touches() {
        for text in ["", "ab", "İ", "İİ", "aİ", "İa", "aİbİİc", "İabİ"] {
            let (map, owners) = of(text);
            for start in 0..=owners.len() {
                for end in start..=owners.len() {
                    let first = owners.get(start).copied().unwrap_or(text.chars().count());
                    let last = end.checked_sub(1).map_or(0, |last| owners[last] + 1);
                    let found = map.back(Span::new(start, end));
                    // An empty span between two halves stands for their character.
                    assert_eq!((found.start(), found.end()), (first, last.max(first)), "{text}");
                }
            }
        }
    }

    #[test]
    fn nothing_moves_without_doubled_characters() {
        let (map, _) = of("STRASSE ſK");
        assert!(map.is_identity());
        assert_eq!(map.back(Span::new(2, 9)), Span::new(2, 9));
        assert!(!of("İ").0.is_identity());
    }

    #[test]
    fn no_other_character_is_doubled() {
        let longer = (0..=0x0010_FFFF).filter_map(char::from_u32);
        let longer: Vec<char> = longer.filter(|c| c.to_lowercase().count() > 1).collect();
        assert_eq!(longer, [DOUBLED]);
    }

    #[test]
    fn bisection() {
        for end in 0..9 {
            for first in 0..=end {
                assert_eq!(partition_point(end, |n| n < first), first);
            }
        }
    }
}
