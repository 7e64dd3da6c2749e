//! A set of byte values: what a character class becomes over an alphabet of one byte a character.

use serde::{Deserialize, Serialize};

/// A set of bytes as 256 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// The empty set.
    pub const EMPTY: ByteSet = ByteSet([0; 4]);

    /// Adds a byte.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Whether the byte is a member.
    #[inline]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// The bytes in neither set.
    pub fn complement(&self) -> ByteSet {
        ByteSet(self.0.map(|word| !word))
    }

    /// The bytes in either set.
    pub fn union(&self, other: &ByteSet) -> ByteSet {
        let mut words = self.0;
        for (word, more) in words.iter_mut().zip(other.0) {
            *word |= more;
        }
        ByteSet(words)
    }

    /// The bytes in both sets.
    pub fn intersection(&self, other: &ByteSet) -> ByteSet {
        let mut words = self.0;
        for (word, more) in words.iter_mut().zip(other.0) {
            *word &= more;
        }
        ByteSet(words)
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.iter().zip((0..=u8::MAX).step_by(64)).flat_map(|(&word, first)| {
            std::iter::successors((word != 0).then_some(word), |rest| {
                Some(rest & (rest - 1)).filter(|&rest| rest != 0)
            })
            .map(move |rest| first + rest.trailing_zeros() as u8)
        })
    }

    /// The members as inclusive ranges in ascending order.
    pub fn ranges(&self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in self.iter() {
            match ranges.last_mut() {
                Some((_, end)) if u16::from(*end) + 1 == u16::from(byte) => *end = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }
}

impl FromIterator<u8> for ByteSet {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        let mut set = ByteSet::EMPTY;
        for byte in bytes {
            set.insert(byte);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_neighbours_across_words_and_at_both_ends() {
        let set: ByteSet = [0, 63, 64, 65, 254, 255].into_iter().collect();
        assert_eq!(set.ranges(), [(0, 0), (63, 65), (254, 255)]);
        assert_eq!(set.len(), 6);
        assert_eq!(set.complement().len(), 250);
        assert!(set.intersection(&set.complement()).is_empty());
        assert_eq!(set.union(&set.complement()).ranges(), [(0, 255)]);
    }
}
