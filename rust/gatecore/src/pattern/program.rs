//! How a pattern arrives and is kept: as numbers, which [`decode`] lists.

use super::node::{ClassId, Look, LookAround, Node, RepeatKind};
use crate::error::BuildError;

/// Deepest nesting that is walked. CPython's own parser stops at a few hundred groups.
const MAX_DEPTH: u32 = 200;

const UNBOUNDED: u32 = u32::MAX;

/// In the order of their numbers.
pub(crate) const LOOKS: [Look; 9] = [
    Look::TextStart,
    Look::TextEnd,
    Look::LineStart,
    Look::LineEnd,
    Look::LastLineEnd,
    Look::Boundary,
    Look::NotBoundary,
    Look::AsciiBoundary,
    Look::NotAsciiBoundary,
];

/// Reads a program. `Ok(None)` when it is nested too deeply to walk.
///
/// Whoever lowers a pattern (in Python: `gatecore.lowering.lower`, which walks the tree of the running
/// interpreter) hands over a flat list in prefix order, each instruction with its operands:
///
/// ```text
/// 0 EMPTY                       1 NEVER
/// 2 CLASS number                3 LOOK which
/// 4 CONCAT count node…          5 ALTERNATE count node…
/// 6 REPEAT min max kind node    7 GROUP index node
/// 8 LOOK_AROUND kind node       9 BACK_REFERENCE group
/// 10 CONDITIONAL node node     11 ATOMIC node
/// 12 QUIRK node
/// ```
///
/// *max* is 2³² - 1 for "without bound", *kind* of a repeat 0 greedy, 1 lazy, 2 possessive, *which* the
/// place of a [`Look`] in its declaration, and *kind* of a look-around 1 for behind plus 2 for negative.
///
/// ```
/// use gatecore::pattern::{decode, ClassId, Node};
///
/// let concat = [4, 2, /* class */ 2, 0, /* class */ 2, 1];
/// let [first, second] = [0, 1].map(|number| Node::Class(ClassId(number)));
/// assert_eq!(decode(&concat, 2)?, Some(Node::Concat(vec![first, second])));
/// assert!(decode(&concat, 1).is_err(), "class 1 is not in a table of one");
/// # Ok::<(), gatecore::BuildError>(())
/// ```
///
/// # Errors
/// [`BuildError::Malformed`] when the numbers are not a program over `classes` classes.
pub fn decode(program: &[u32], classes: usize) -> Result<Option<Node>, BuildError> {
    let mut reader = Reader { program, classes, too_deep: false };
    let node = reader.node(0)?;
    if reader.too_deep {
        return Ok(None);
    }
    if !reader.program.is_empty() {
        return Err(BuildError::Malformed("numbers after the end"));
    }
    Ok(Some(node))
}

/// A program as bytes for keeping: seven bits a byte, the last byte of a number below 128.
pub(crate) fn pack(program: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(program.len() + program.len() / 4);
    for &number in program {
        let mut rest = number;
        while rest > 0x7F {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes
}

/// What [`pack`] packed. `None` for bytes that it cannot have written.
pub(crate) fn unpack(bytes: &[u8]) -> Option<Vec<u32>> {
    let mut program = Vec::with_capacity(bytes.len());
    let (mut number, mut shift) = (0u64, 0);
    for &byte in bytes {
        number |= u64::from(byte & 0x7F) << shift;
        shift += 7;
        if byte < 0x80 {
            program.push(u32::try_from(number).ok()?);
            (number, shift) = (0, 0);
        } else if shift > 28 {
            return None;
        }
    }
    (shift == 0).then_some(program)
}

struct Reader<'a> {
    program: &'a [u32],
    classes: usize,
    too_deep: bool,
}

impl Reader<'_> {
    fn number(&mut self) -> Result<u32, BuildError> {
        let (&first, rest) =
            self.program.split_first().ok_or(BuildError::Malformed("it is cut short"))?;
        self.program = rest;
        Ok(first)
    }

    fn nodes(&mut self, depth: u32) -> Result<Vec<Node>, BuildError> {
        let count = self.number()? as usize;
        if count > self.program.len() {
            return Err(BuildError::Malformed("more nodes than numbers"));
        }
        (0..count).map(|_| self.node(depth)).collect()
    }

    fn boxed(&mut self, depth: u32) -> Result<Box<Node>, BuildError> {
        self.node(depth).map(Box::new)
    }

    fn node(&mut self, depth: u32) -> Result<Node, BuildError> {
        if depth > MAX_DEPTH || self.too_deep {
            self.too_deep = true;
            return Ok(Node::Empty);
        }
        let depth = depth + 1;
        Ok(match self.number()? {
            0 => Node::Empty,
            1 => Node::Never,
            2 => {
                let class = self.number()?;
                if class as usize >= self.classes {
                    return Err(BuildError::Malformed("an unknown class"));
                }
                Node::Class(ClassId(class))
            }
            3 => {
                let look = LOOKS.get(self.number()? as usize).copied();
                Node::Look(look.ok_or(BuildError::Malformed("an unknown look"))?)
            }
            4 => Node::Concat(self.nodes(depth)?),
            5 => Node::Alternate(self.nodes(depth)?),
            6 => {
                let min = self.number()?;
                let max = Some(self.number()?).filter(|&max| max != UNBOUNDED);
                if max.is_some_and(|max| max < min) {
                    return Err(BuildError::Malformed("a repeat with max below min"));
                }
                let kind = match self.number()? {
                    0 => RepeatKind::Greedy,
                    1 => RepeatKind::Lazy,
                    2 => RepeatKind::Possessive,
                    _ => return Err(BuildError::Malformed("an unknown repeat")),
                };
                Node::Repeat { min, max, kind, node: self.boxed(depth)? }
            }
            7 => Node::Group { index: self.number()?, node: self.boxed(depth)? },
            8 => {
                let kind = self.number()?;
                let (behind, negative) = (kind & 1 != 0, kind & 2 != 0);
                let content = self.boxed(depth)?;
                // What takes no text is the same before a place and after it: `(?<=^)` is `^`.
                match (behind && content.max_length() == Some(0), negative, &*content) {
                    (true, false, Node::Look(_)) => *content,
                    (is_ahead, ..) => Node::LookAround(
                        LookAround { behind: behind && !is_ahead, negative },
                        content,
                    ),
                }
            }
            9 => Node::BackReference(self.number()?),
            10 => Node::Conditional(self.boxed(depth)?, self.boxed(depth)?),
            11 => Node::Atomic(self.boxed(depth)?),
            12 => Node::Quirk(self.boxed(depth)?),
            _ => return Err(BuildError::Malformed("an unknown instruction")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_programs_are_refused_and_never_panic() {
        for program in [
            &[][..],
            &[2],
            &[2, 9],
            &[3, 99],
            &[4, 1000],
            &[6, 3, 2, 0, 0],
            &[6, 0, 1, 7, 0],
            &[99],
            &[0, 0],
        ] {
            assert!(decode(program, 1).is_err(), "{program:?}");
        }
    }

    #[test]
    fn packing_round_trips_and_damage_is_seen() {
        let program = [0, 1, 127, 128, 300, 0xFFFF_FFFF, 5];
        let packed = pack(&program);
        assert_eq!(unpack(&packed).unwrap(), program);
        assert_eq!(unpack(&packed[..6]), None, "a number is cut");
        assert_eq!(unpack(&[0xFF; 9]), None);
    }

    #[test]
    fn deep_nesting_is_reported_not_walked() {
        let mut program = vec![11; 100_000];
        program.push(0);
        assert_eq!(decode(&program, 0).unwrap(), None);
    }
}
