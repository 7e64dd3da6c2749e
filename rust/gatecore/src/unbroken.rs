//! Offsets between a document and what is left of it once characters are taken out that nobody sees, such
//! as soft hyphens.
//!
//! ```text
//!   document   n o ␭ r ␭ ␭ i     taken out: 2, 4, 5
//!   offset     0 1 2 3 4 5 6
//!   left       n o r i           the n-th that was taken out stood before the offset taken_out[n] - n
//!   offset     0 1 2 3
//! ```

use crate::lowercase::partition_point;
use crate::span::Span;

/// Brings places in what is left of a document back to the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unbroken {
    taken_out: Vec<usize>,
}

impl Unbroken {
    /// The way back to a document that has what was taken out at these places, which rise.
    pub fn new(taken_out: Vec<usize>) -> Self {
        Unbroken { taken_out }
    }

    /// Whether every place stays where it is.
    pub fn is_identity(&self) -> bool {
        self.taken_out.is_empty()
    }

    /// The document's span of one in what is left: from its first character to its last. A bisection for
    /// each end.
    pub fn back(&self, found: Span) -> Span {
        let before = |is_before: &dyn Fn(usize) -> bool| {
            partition_point(self.taken_out.len(), |n| is_before(self.taken_out[n] - n))
        };
        let start = found.start() + before(&|stood| stood <= found.start());
        let end = found.end() + before(&|stood| stood < found.end());
        Span::new(start, end.max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_goes_from_its_first_character_to_its_last() {
        for bits in 0..1_u32 << 8 {
            let (taken_out, left): (Vec<usize>, Vec<usize>) =
                (0..8).partition(|place| bits >> place & 1 == 1);
            let back = Unbroken::new(taken_out);
            assert_eq!(back.is_identity(), left.len() == 8);
            for start in 0..=left.len() {
                for end in start..=left.len() {
                    let found = back.back(Span::new(start, end));
                    let first = left.get(start).copied().unwrap_or(8);
                    let last = end.checked_sub(1).map_or(0, |last| left[last] + 1);
                    let expected = (first, last.max(first));
                    assert_eq!((found.start(), found.end()), expected, "{bits:b} {start} {end}");
                }
            }
        }
    }
}
