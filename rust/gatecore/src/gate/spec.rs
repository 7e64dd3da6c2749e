//! What a gate asks: conditions over pattern numbers, and branches in order.
//!
//! A condition arrives as a flat list of numbers in prefix order:
//!
//! ```text
//! ANY n id…   ALL n id…   NONE n id…   AT_LEAST count n id…   EVERY n condition…
//! EITHER n condition…     NOT condition
//! ```

use crate::error::BuildError;
use crate::set::PatternId;

/// A truth about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// At least one of the patterns matches.
    Any(Vec<PatternId>),
    /// Every pattern matches.
    All(Vec<PatternId>),
    /// No pattern matches.
    None(Vec<PatternId>),
    /// At least so many of the patterns match.
    AtLeast(u32, Vec<PatternId>),
    /// All conditions hold.
    Every(Vec<Condition>),
    /// At least one condition holds.
    Either(Vec<Condition>),
    /// The condition does not hold.
    Not(Box<Condition>),
}

/// Patterns whose matches are shown, in the order in which they are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The caller's number of the group.
    pub group: u32,
    /// Its patterns.
    pub patterns: Vec<PatternId>,
}

/// One possible answer of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// When it is the answer; `None` for the otherwise.
    pub when: Option<Condition>,
    /// What is shown with it.
    pub evidence: Vec<Evidence>,
}

/// A named check, without its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// When the gate has anything to say; `None` for always.
    pub relevant: Option<Condition>,
    /// The first whose condition holds is the answer.
    pub branches: Vec<Branch>,
}

/// Deepest nesting of conditions; the gate format allows far less.
const MAX_DEPTH: u32 = 100;

impl Condition {
    /// Reads a flat condition over `patterns` patterns.
    ///
    /// # Errors
    /// [`BuildError::Malformed`].
    pub fn decode(flat: &[u32], patterns: usize) -> Result<Self, BuildError> {
        let mut reader = Reader { flat, patterns };
        let condition = reader.condition(0)?;
        if reader.flat.is_empty() {
            Ok(condition)
        } else {
            Err(BuildError::Malformed("numbers after a condition"))
        }
    }
}

struct Reader<'a> {
    flat: &'a [u32],
    patterns: usize,
}

impl Reader<'_> {
    fn number(&mut self) -> Result<u32, BuildError> {
        let (&first, rest) =
            self.flat.split_first().ok_or(BuildError::Malformed("a condition is cut short"))?;
        self.flat = rest;
        Ok(first)
    }

    fn count(&mut self) -> Result<usize, BuildError> {
        let count = self.number()? as usize;
        if count > self.flat.len() {
            return Err(BuildError::Malformed("a condition is cut short"));
        }
        Ok(count)
    }

    fn ids(&mut self) -> Result<Vec<PatternId>, BuildError> {
        let count = self.count()?;
        (0..count)
            .map(|_| {
                let id = self.number()?;
                if (id as usize) < self.patterns {
                    Ok(PatternId(id))
                } else {
                    Err(BuildError::Malformed("a condition names an unknown pattern"))
                }
            })
            .collect()
    }

    fn conditions(&mut self, depth: u32) -> Result<Vec<Condition>, BuildError> {
        let count = self.count()?;
        (0..count).map(|_| self.condition(depth)).collect()
    }

    fn condition(&mut self, depth: u32) -> Result<Condition, BuildError> {
        if depth > MAX_DEPTH {
            return Err(BuildError::Malformed("conditions are nested too deeply"));
        }
        let depth = depth + 1;
        Ok(match self.number()? {
            0 => Condition::Any(self.ids()?),
            1 => Condition::All(self.ids()?),
            2 => Condition::None(self.ids()?),
            3 => Condition::AtLeast(self.number()?, self.ids()?),
            4 => Condition::Every(self.conditions(depth)?),
            5 => Condition::Either(self.conditions(depth)?),
            6 => Condition::Not(Box::new(self.condition(depth)?)),
            _ => return Err(BuildError::Malformed("an unknown condition")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_conditions_are_refused_and_never_panic() {
        let deep: Vec<u32> = vec![6; 100_000];
        for flat in [&[][..], &[0, 1], &[0, 1, 7], &[3, 1], &[9], &[0, 0, 0], &deep] {
            assert!(Condition::decode(flat, 3).is_err(), "{} numbers", flat.len());
        }
        assert_eq!(
            Condition::decode(&[4, 2, 0, 1, 2, 6, 2, 0], 3).unwrap(),
            Condition::Every(vec![
                Condition::Any(vec![PatternId(2)]),
                Condition::Not(Box::new(Condition::None(vec![]))),
            ])
        );
    }
}
