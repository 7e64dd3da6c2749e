//! A set of code points: what one character class of a pattern matches, lone surrogates included.

use crate::error::BuildError;

/// One more than the greatest code point.
pub const CODE_POINTS: u32 = 0x11_0000;

/// A set of code points as sorted, disjoint, inclusive ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CodePoints(Vec<(u32, u32)>);

impl CodePoints {
    /// Reads `lo, hi, lo, hi, …` (inclusive).
    ///
    /// # Errors
    /// [`BuildError::Malformed`] unless the ranges ascend, are disjoint and stay below 0x110000.
    ///
    /// ```
    /// use gatecore::CodePoints;
    ///
    /// let hexadecimal = CodePoints::from_flat(&[48, 57, 97, 102])?; // [0-9a-f]
    /// assert_eq!(hexadecimal.ranges(), [(48, 57), (97, 102)]);
    /// assert!(CodePoints::from_flat(&[97, 102, 48, 57]).is_err());
    /// # Ok::<(), gatecore::BuildError>(())
    /// ```
    pub fn from_flat(flat: &[u32]) -> Result<Self, BuildError> {
        if flat.len() % 2 != 0 {
            return Err(BuildError::Malformed("a range without an end"));
        }
        let ranges: Vec<(u32, u32)> = flat.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let ascending = ranges.iter().all(|(lo, hi)| lo <= hi && *hi < CODE_POINTS)
            && ranges.windows(2).all(|pair| pair[0].1 < pair[1].0);
        if !ascending {
            return Err(BuildError::Malformed("ranges that do not ascend"));
        }
        Ok(CodePoints(ranges))
    }

    /// The set of one code point.
    pub fn single(code_point: u32) -> Self {
        CodePoints(vec![(code_point, code_point)])
    }

    /// The ranges, inclusive and ascending.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_ranges_are_refused() {
        for flat in [&[1][..], &[2, 1], &[1, 5, 5, 6], &[0, 0x11_0000]] {
            assert!(CodePoints::from_flat(flat).is_err(), "{flat:?}");
        }
        assert_eq!(CodePoints::from_flat(&[1, 2, 4, 4]).unwrap().ranges(), [(1, 2), (4, 4)]);
    }
}
