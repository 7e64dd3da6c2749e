//! Conditions as they arrive: flat lists of numbers in prefix order.
//!
//! ```text
//! ANY n pattern…   ALL n pattern…   NONE n pattern…   AT_LEAST count n pattern…
//! COUNT bounds n pattern…           EVERY n condition…   EITHER n condition…
//! ENOUGH count n condition…         NOT condition
//! AROUND n pattern… window condition                     PART edge unit amount condition
//! DOCUMENT unit bounds   SENTENCES unit bounds bounds    AVERAGE unit bounds
//! COMPARE kind relation captures (0 literal | 1 captures)
//!
//! bounds    at_least (0 | 1 at_most)       window   side (0 | 1 unit distance)
//! captures  n (pattern group)…             literal  number in a list of texts
//! ```

use super::spec::{
    Average, Bounds, Capture, Captured, Condition, Edge, Evidence, Filling, GatePattern, Hole,
    Near, Other, Relation, Side, Take, Unit, Window,
};
use super::value::{Kind, Value};
use crate::error::BuildError;

/// Deepest nesting of conditions; the gate format allows far less.
const MAX_DEPTH: u32 = 100;

/// Reads what gates ask, for a known number of patterns and known texts.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'a> {
    /// Number of patterns.
    pub patterns: usize,
    /// Literals that conditions compare to.
    pub literals: &'a [String],
}

impl Decoder<'_> {
    fn read<T>(
        &self,
        flat: &[u32],
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, BuildError>,
    ) -> Result<T, BuildError> {
        let mut reader = Reader { flat, decoder: *self };
        let read = read(&mut reader)?;
        if reader.flat.is_empty() {
            Ok(read)
        } else {
            Err(BuildError::Malformed("numbers after a condition"))
        }
    }

    /// A condition.
    ///
    /// # Errors
    /// [`BuildError::Malformed`]; the same holds for the other methods.
    pub fn condition(&self, flat: &[u32]) -> Result<Condition, BuildError> {
        self.read(flat, |reader| reader.condition(0))
    }

    /// Surroundings: window, then condition.
    ///
    /// # Errors
    /// As [`Decoder::condition`].
    pub fn near(&self, flat: &[u32]) -> Result<Near, BuildError> {
        self.read(flat, |reader| reader.near(0))
    }

    /// What a branch shows.
    ///
    /// # Errors
    /// As [`Decoder::condition`].
    pub fn evidence(
        &self,
        take: u32,
        patterns: Vec<(u32, u32)>,
        near: Option<&[u32]>,
    ) -> Result<Evidence, BuildError> {
        let patterns = patterns.into_iter().map(|(group, number)| Ok((group, self.known(number)?)));
        Ok(Evidence {
            take: match take {
                0 => Take::Every,
                1 => Take::FirstOfEach,
                2 => Take::First,
                3 => Take::Earliest,
                _ => return Err(BuildError::Malformed("evidence takes unknown matches")),
            },
            patterns: patterns.collect::<Result<_, _>>()?,
            near: near.map(|flat| self.near(flat)).transpose()?,
        })
    }

    /// A hole: (0 | 1 window condition), then 0 n pattern…, 1 n pattern…, or 2 captures.
    ///
    /// # Errors
    /// As [`Decoder::condition`].
    pub fn hole(&self, flat: &[u32]) -> Result<Hole, BuildError> {
        self.read(flat, |reader| {
            let near = reader.optional(|reader| reader.near(0))?;
            let filling = match reader.number()? {
                0 => Filling::Earliest(reader.patterns()?),
                1 => Filling::Count(reader.patterns()?),
                2 => Filling::Capture(reader.captured()?),
                _ => return Err(BuildError::Malformed("an unknown placeholder")),
            };
            Ok(Hole { filling, near })
        })
    }

    fn known(&self, number: u32) -> Result<GatePattern, BuildError> {
        if (number as usize) < self.patterns {
            Ok(GatePattern(number))
        } else {
            Err(BuildError::Malformed("a gate names an unknown pattern"))
        }
    }
}

struct Reader<'a> {
    flat: &'a [u32],
    decoder: Decoder<'a>,
}

impl Reader<'_> {
    fn number(&mut self) -> Result<u32, BuildError> {
        let (&first, rest) =
            self.flat.split_first().ok_or(BuildError::Malformed("a condition is cut short"))?;
        self.flat = rest;
        Ok(first)
    }

    fn size(&mut self) -> Result<usize, BuildError> {
        Ok(self.number()? as usize)
    }

    fn count(&mut self) -> Result<usize, BuildError> {
        let count = self.size()?;
        if count > self.flat.len() {
            return Err(BuildError::Malformed("a condition is cut short"));
        }
        Ok(count)
    }

    /// Nothing, or what follows.
    fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, BuildError>,
    ) -> Result<Option<T>, BuildError> {
        match self.number()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(BuildError::Malformed("a choice that is neither yes nor no")),
        }
    }

    fn pattern(&mut self) -> Result<GatePattern, BuildError> {
        let number = self.number()?;
        self.decoder.known(number)
    }

    fn patterns(&mut self) -> Result<Vec<GatePattern>, BuildError> {
        let count = self.count()?;
        (0..count).map(|_| self.pattern()).collect()
    }

    fn captured(&mut self) -> Result<Captured, BuildError> {
        let count = self.count()?;
        let one = |_| Ok(Capture { pattern: self.pattern()?, group: self.number()? });
        (0..count).map(one).collect()
    }

    fn bounds(&mut self) -> Result<Bounds, BuildError> {
        let at_least = self.size()?;
        let at_most = self.optional(Reader::size)?.unwrap_or(usize::MAX);
        Ok(Bounds { at_least, at_most })
    }

    fn unit(&mut self) -> Result<Unit, BuildError> {
        Ok(match self.number()? {
            0 => Unit::Characters,
            1 => Unit::Words,
            2 => Unit::Lines,
            3 => Unit::Sentences,
            4 => Unit::Paragraphs,
            _ => return Err(BuildError::Malformed("an unknown unit")),
        })
    }

    fn sentence_unit(&mut self) -> Result<Average, BuildError> {
        match self.unit()? {
            Unit::Characters => Ok(Average::Characters),
            Unit::Words => Ok(Average::Words),
            _ => Err(BuildError::Malformed("sentences have characters and words only")),
        }
    }

    fn near(&mut self, depth: u32) -> Result<Near, BuildError> {
        let side = match self.number()? {
            0 => Side::Both,
            1 => Side::Before,
            2 => Side::After,
            3 => Side::Inside,
            4 => Side::Itself,
            _ => return Err(BuildError::Malformed("an unknown side")),
        };
        let within = self.optional(|reader| Ok((reader.unit()?, reader.size()?)))?;
        Ok(Near { window: Window { side, within }, when: self.condition(depth)? })
    }

    fn compare(&mut self) -> Result<Condition, BuildError> {
        let kind = match self.number()? {
            0 => Kind::Number,
            1 => Kind::Money,
            2 => Kind::Date,
            _ => return Err(BuildError::Malformed("an unknown kind of value")),
        };
        let relation = match self.number()? {
            0 => Relation::Above,
            1 => Relation::AtLeast,
            2 => Relation::Below,
            3 => Relation::AtMost,
            4 => Relation::Equals,
            5 => Relation::DiffersFrom,
            _ => return Err(BuildError::Malformed("an unknown relation")),
        };
        let left = self.captured()?;
        let right = match self.optional(Reader::captured)? {
            Some(captured) => Other::Captured(captured),
            None => {
                let number = self.number()?;
                let text = self.decoder.literals.get(number as usize);
                let text = text.ok_or(BuildError::Malformed("an unknown literal"))?;
                let value = Value::parse(text, kind);
                Other::Literal(number, value.ok_or(BuildError::Malformed("a literal is no value"))?)
            }
        };
        Ok(Condition::Compare { left, kind, relation, right })
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
            0 => Condition::Any(self.patterns()?),
            1 => Condition::All(self.patterns()?),
            2 => Condition::None(self.patterns()?),
            3 => Condition::AtLeast(self.size()?, self.patterns()?),
            4 => Condition::Count(self.bounds()?, self.patterns()?),
            5 => Condition::Every(self.conditions(depth)?),
            6 => Condition::Either(self.conditions(depth)?),
            7 => Condition::Enough(self.size()?, self.conditions(depth)?),
            8 => Condition::Not(Box::new(self.condition(depth)?)),
            9 => Condition::Around(self.patterns()?, Box::new(self.near(depth)?)),
            10 => {
                let edge = match self.number()? {
                    0 => Edge::First,
                    1 => Edge::Last,
                    _ => return Err(BuildError::Malformed("an unknown edge")),
                };
                let (unit, amount) = (self.unit()?, self.size()?);
                Condition::Part(edge, unit, amount, Box::new(self.condition(depth)?))
            }
            11 => Condition::DocumentLength(self.unit()?, self.bounds()?),
            12 => Condition::SentenceLength {
                unit: self.sentence_unit()?,
                bounds: self.bounds()?,
                count: self.bounds()?,
            },
            13 => Condition::Average(self.sentence_unit()?, self.bounds()?),
            14 => self.compare()?,
            _ => return Err(BuildError::Malformed("an unknown condition")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoder(literals: &[String]) -> Decoder<'_> {
        Decoder { patterns: 3, literals }
    }

    #[test]
    fn broken_conditions_are_refused_and_never_panic() {
        let deep: Vec<u32> = vec![8; 100_000];
        let literals = ["five pounds".to_owned(), "soon".to_owned()];
        let broken: [&[u32]; 12] = [
            &[],
            &[0, 1],
            &[0, 1, 7],
            &[3, 1],
            &[15],
            &[0, 0, 0],
            &deep,
            &[4, 1, 2, 0],
            &[9, 1, 0, 7, 0, 0, 0],
            &[12, 3, 0, 0, 0, 0],
            &[14, 1, 0, 1, 0, 1, 0, 1],
            &[14, 1, 0, 1, 0, 1, 0, 2],
        ];
        for flat in broken {
            assert!(
                decoder(&literals).condition(flat).is_err(),
                "{:?}",
                &flat[..flat.len().min(9)]
            );
        }
    }

    #[test]
    fn good_conditions_are_read_to_the_end() {
        let literals = ["five pounds".to_owned()];
        let read = |flat: &[u32]| decoder(&literals).condition(flat).unwrap();
        let pattern = GatePattern;
        assert_eq!(
            read(&[5, 2, 0, 1, 2, 8, 2, 0]),
            Condition::Every(vec![
                Condition::Any(vec![pattern(2)]),
                Condition::Not(Box::new(Condition::None(vec![]))),
            ])
        );
        assert_eq!(
            read(&[9, 1, 0, 2, 1, 1, 40, 4, 1, 0, 1, 1]),
            Condition::Around(
                vec![pattern(0)],
                Box::new(Near {
                    window: Window { side: Side::After, within: Some((Unit::Words, 40)) },
                    when: Condition::Count(
                        Bounds { at_least: 1, at_most: usize::MAX },
                        vec![pattern(1)]
                    ),
                })
            )
        );
        let five = Value::parse("£5.00", Kind::Money).unwrap();
        assert_eq!(
            read(&[14, 1, 0, 1, 2, 1, 0, 0]),
            Condition::Compare {
                left: vec![Capture { pattern: pattern(2), group: 1 }],
                kind: Kind::Money,
                relation: Relation::Above,
                right: Other::Literal(0, five),
            }
        );
    }
}
