//! The engine-neutral form of a pattern: CPython's parse tree with every character class resolved to
//! a numbered set of code points and every flag already applied.
//!
//! The core never sees regex syntax. Whoever lowers a pattern (in Python: `gatecore.lowering.lower`, which
//! walks the tree of the running interpreter) hands over a flat list of numbers, in prefix order:
//!
//! ```text
//! EMPTY                      NEVER
//! CLASS set                  LOOK kind
//! CONCAT n node…             ALTERNATE n node…
//! REPEAT min max kind node   GROUP index node
//! LOOK_AROUND kind node      ATOMIC node
//! BACK_REFERENCE group       CONDITIONAL node node
//! QUIRK node
//! ```

use crate::error::BuildError;

/// Number of a character class in the set's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub u32);

/// A zero-width condition on the characters beside a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// `\A`, and `^` without MULTILINE.
    TextStart,
    /// `\Z`.
    TextEnd,
    /// `^` with MULTILINE.
    LineStart,
    /// `$` with MULTILINE.
    LineEnd,
    /// `$` without MULTILINE: at the end or before a newline that is the last character.
    LastLineEnd,
    /// `\b` by Unicode's word characters.
    Boundary,
    /// `\B` by Unicode's word characters.
    NotBoundary,
    /// `\b` with ASCII.
    AsciiBoundary,
    /// `\B` with ASCII.
    NotAsciiBoundary,
}

/// How a repeat chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatKind {
    /// As many as possible first.
    Greedy,
    /// As few as possible first.
    Lazy,
    /// As many as possible, never given back.
    Possessive,
}

/// A look-around's direction and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookAround {
    /// Looks behind the position instead of ahead.
    pub behind: bool,
    /// Holds when the inner pattern does not match.
    pub negative: bool,
}

/// A lowered pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Matches the empty text.
    Empty,
    /// Matches nothing, as `(?!)`.
    Never,
    /// One character of a class.
    Class(ClassId),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that leads to a match.
    Alternate(Vec<Node>),
    /// `node{min,max}`; `max` of `None` is unbounded.
    Repeat {
        /// Least number of rounds.
        min: u32,
        /// Greatest number of rounds.
        max: Option<u32>,
        /// How it chooses.
        kind: RepeatKind,
        /// The body.
        node: Box<Node>,
    },
    /// A capture group.
    Group {
        /// Its number, from 1.
        index: u32,
        /// The body.
        node: Box<Node>,
    },
    /// A zero-width condition on neighbours.
    Look(Look),
    /// A zero-width condition on a whole sub-pattern.
    LookAround(LookAround, Box<Node>),
    /// The text of a group again.
    BackReference(u32),
    /// One of two, by whether a group took part.
    Conditional(Box<Node>, Box<Node>),
    /// The first way to match, never another.
    Atomic(Box<Node>),
    /// `re` finds fewer matches than the form says, by a bug that is part of the answer.
    Quirk(Box<Node>),
}

/// Why a pattern is not one that an automaton answers as `re` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Irregular {
    /// `\1`, `(?P=name)`.
    BackReference,
    /// `(?=…)`, `(?!…)`.
    LookAhead,
    /// `(?<=…)`, `(?<!…)`.
    LookBehind,
    /// `(?(1)…|…)`.
    Conditional,
    /// `(?>…)`.
    Atomic,
    /// `a*+`.
    Possessive,
    /// A repeat whose body can match the empty text: `re` stops such loops by rules of its own.
    NullableLoop,
    /// The pattern can match the empty text: `re` finds such matches by rules of its own.
    MatchesEmpty,
    /// `\b` by Unicode's words and by ASCII's in one pattern.
    MixedBoundaries,
    /// More kinds of characters than an alphabet of one byte can tell apart.
    TooManyKinds,
    /// It is beyond [`MAX_WEIGHT`] states, or its repeats written out beyond [`MAX_EXCESS`].
    TooLarge,
    /// Nested beyond what is walked.
    TooDeep,
    /// `(?u:…)` inside ASCII or `(?a:…)` inside UNICODE: `re.search` skips places by the outer flags
    /// and so misses matches that `re.match` finds there.
    ScopedMode,
}

impl Irregular {
    /// One clause for people, without a full stop.
    pub fn describe(self) -> &'static str {
        match self {
            Irregular::BackReference => "it has a back-reference",
            Irregular::LookAhead => "it has a look-ahead",
            Irregular::LookBehind => "it has a look-behind",
            Irregular::Conditional => "it has a conditional group",
            Irregular::Atomic => "it has an atomic group",
            Irregular::Possessive => "it has a possessive repeat",
            Irregular::NullableLoop => "it repeats something that can match the empty text",
            Irregular::MatchesEmpty => "it can match the empty text",
            Irregular::MixedBoundaries => "it mixes Unicode and ASCII word boundaries",
            Irregular::TooManyKinds => {
                "it tells more kinds of characters apart than one byte can (63 of words beside \\b, \
                 else 253)"
            }
            Irregular::TooLarge => "it or its bounded repeats are too large for an automaton",
            Irregular::TooDeep => "it is nested too deeply",
            Irregular::ScopedMode => {
                "it switches between ASCII and UNICODE inside, where re.search misses what re.match \
                 finds"
            }
        }
    }
}

/// Most automaton states that a pattern may need: about 110,000 words.
///
/// Long lists of words are tries, of which few states are live together: 50,000 words take 2 ns a
/// character. Their automaton is built in 0.3 s and takes 8 MB.
pub const MAX_WEIGHT: u64 = 1_000_000;

/// Most automaton states that writing out bounded repeats may add.
///
/// They are live together, so a search costs up to this factor more for a character:
/// `[ab]{15000}c` took 10 s on 105,000 characters that `re` searched in 1.1 s.
pub const MAX_EXCESS: u64 = 5_000;

/// Deepest nesting that is walked. CPython's own parser stops at a few hundred groups.
const MAX_DEPTH: u32 = 200;

const UNBOUNDED: u32 = u32::MAX;

/// Reads a flat program. `Ok(None)` when it is nested too deeply to walk.
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
            3 => Node::Look(match self.number()? {
                0 => Look::TextStart,
                1 => Look::TextEnd,
                2 => Look::LineStart,
                3 => Look::LineEnd,
                4 => Look::LastLineEnd,
                5 => Look::Boundary,
                6 => Look::NotBoundary,
                7 => Look::AsciiBoundary,
                8 => Look::NotAsciiBoundary,
                _ => return Err(BuildError::Malformed("an unknown look")),
            }),
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
                let look = LookAround { behind: kind & 1 != 0, negative: kind & 2 != 0 };
                Node::LookAround(look, self.boxed(depth)?)
            }
            9 => Node::BackReference(self.number()?),
            10 => Node::Conditional(self.boxed(depth)?, self.boxed(depth)?),
            11 => Node::Atomic(self.boxed(depth)?),
            12 => Node::Quirk(self.boxed(depth)?),
            _ => return Err(BuildError::Malformed("an unknown instruction")),
        })
    }
}

impl Node {
    /// Calls `visit` on this node and every node below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        visit(self);
        match self {
            Node::Concat(nodes) | Node::Alternate(nodes) => {
                nodes.iter().for_each(|node| node.walk(visit));
            }
            Node::Repeat { node, .. }
            | Node::Group { node, .. }
            | Node::LookAround(_, node)
            | Node::Atomic(node)
            | Node::Quirk(node) => node.walk(visit),
            Node::Conditional(yes, no) => {
                yes.walk(visit);
                no.walk(visit);
            }
            _ => {}
        }
    }

    /// Fewest characters of a match; a lower bound where references are involved.
    pub fn min_length(&self) -> u64 {
        match self {
            Node::Class(_) | Node::Never => 1,
            Node::Empty | Node::Look(_) | Node::LookAround(..) | Node::BackReference(_) => 0,
            Node::Concat(nodes) => nodes.iter().map(Node::min_length).fold(0, u64::saturating_add),
            Node::Alternate(nodes) => nodes.iter().map(Node::min_length).min().unwrap_or(0),
            Node::Repeat { min, node, .. } => u64::from(*min).saturating_mul(node.min_length()),
            Node::Group { node, .. } | Node::Atomic(node) | Node::Quirk(node) => node.min_length(),
            Node::Conditional(yes, no) => yes.min_length().min(no.min_length()),
        }
    }

    /// About how many automaton states it needs with bounded repeats written out.
    pub fn weight(&self) -> u64 {
        match self {
            Node::Concat(nodes) | Node::Alternate(nodes) => {
                nodes.iter().map(Node::weight).fold(1, u64::saturating_add)
            }
            Node::Repeat { min, max, node, .. } => {
                // `x+` is one `x` with a way back, `x{3,}` three of which the last has one.
                let rounds = max.unwrap_or(*min).max(1);
                node.weight().saturating_mul(u64::from(rounds)).saturating_add(1)
            }
            Node::Group { node, .. }
            | Node::LookAround(_, node)
            | Node::Atomic(node)
            | Node::Quirk(node) => node.weight().saturating_add(1),
            Node::Conditional(yes, no) => yes.weight().saturating_add(no.weight()),
            _ => 1,
        }
    }

    /// How many of the states of [`Node::weight`] come from writing repeats out. A long list of
    /// words has none: it is large, but few of its states are ever live at once.
    pub fn excess(&self) -> u64 {
        let mut written = 0;
        self.walk(&mut |_| written += 1);
        self.weight().saturating_sub(written)
    }

    /// How deep repeats of more than one round stand inside each other.
    pub fn loop_depth(&self) -> u32 {
        match self {
            Node::Concat(nodes) | Node::Alternate(nodes) => {
                nodes.iter().map(Node::loop_depth).max().unwrap_or(0)
            }
            Node::Repeat { max, node, .. } => {
                node.loop_depth() + u32::from(max.is_none_or(|max| max > 1))
            }
            Node::Group { node, .. }
            | Node::LookAround(_, node)
            | Node::Atomic(node)
            | Node::Quirk(node) => node.loop_depth(),
            Node::Conditional(yes, no) => yes.loop_depth().max(no.loop_depth()),
            _ => 0,
        }
    }

    /// Why an automaton may not answer this pattern, if there is a reason. The first one counts.
    pub fn irregular(&self) -> Option<Irregular> {
        let mut reason = None;
        let (mut unicode, mut ascii) = (false, false);
        self.walk(&mut |node| {
            let found = match node {
                Node::BackReference(_) => Some(Irregular::BackReference),
                Node::LookAround(look, _) if look.behind => Some(Irregular::LookBehind),
                Node::LookAround(..) => Some(Irregular::LookAhead),
                Node::Conditional(..) => Some(Irregular::Conditional),
                Node::Atomic(_) => Some(Irregular::Atomic),
                Node::Quirk(_) => Some(Irregular::ScopedMode),
                Node::Repeat { kind: RepeatKind::Possessive, .. } => Some(Irregular::Possessive),
                Node::Repeat { max, node, .. }
                    if max.is_none_or(|max| max > 1) && node.min_length() == 0 =>
                {
                    Some(Irregular::NullableLoop)
                }
                Node::Look(Look::Boundary | Look::NotBoundary) => {
                    unicode = true;
                    None
                }
                Node::Look(Look::AsciiBoundary | Look::NotAsciiBoundary) => {
                    ascii = true;
                    None
                }
                _ => None,
            };
            reason = reason.or(found);
        });
        let whole = [
            (unicode && ascii, Irregular::MixedBoundaries),
            (self.min_length() == 0, Irregular::MatchesEmpty),
            (self.excess() > MAX_EXCESS || self.weight() > MAX_WEIGHT, Irregular::TooLarge),
        ];
        reason.or_else(|| whole.into_iter().find(|(holds, _)| *holds).map(|(_, why)| why))
    }

    /// Whether a capture group stands inside a loop, where only `re` knows what it holds. `?` is none:
    /// what is in it takes part once or not at all, as in an alternative.
    pub fn has_repeated_group(&self) -> bool {
        let mut found = false;
        self.walk(&mut |node| {
            let Node::Repeat { max, node, .. } = node else { return };
            if max.is_none_or(|max| max > 1) {
                node.walk(&mut |inner| found |= matches!(inner, Node::Group { .. }));
            }
        });
        found
    }

    /// The groups in the order of their closing parentheses.
    ///
    /// Outside loops that is the order in which a match closes them, and the last that took part
    /// is `re`'s `lastindex`.
    pub fn closing_order(&self) -> Vec<u32> {
        fn visit(node: &Node, order: &mut Vec<u32>) {
            match node {
                Node::Concat(nodes) | Node::Alternate(nodes) => {
                    nodes.iter().for_each(|node| visit(node, order));
                }
                Node::Group { index, node } => {
                    visit(node, order);
                    order.push(*index);
                }
                Node::Repeat { node, .. }
                | Node::LookAround(_, node)
                | Node::Atomic(node)
                | Node::Quirk(node) => visit(node, order),
                Node::Conditional(yes, no) => {
                    visit(yes, order);
                    visit(no, order);
                }
                _ => {}
            }
        }
        let mut order = Vec::new();
        visit(self, &mut order);
        order
    }

    /// The greatest group number.
    pub fn groups(&self) -> u32 {
        let mut most = 0;
        self.walk(&mut |node| {
            if let Node::Group { index, .. } = node {
                most = most.max(*index);
            }
        });
        most
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

    #[test]
    fn a_group_in_an_option_is_not_repeated() {
        let group = [7, 1, 2, 0];
        let times = |min, max| decode(&[&[6, min, max, 0], &group[..]].concat(), 1).unwrap();
        for (min, max) in [(0, 0), (0, 1), (1, 1)] {
            assert!(!times(min, max).unwrap().has_repeated_group(), "{{{min},{max}}}");
        }
        for (min, max) in [(0, 2), (2, 2), (0, u32::MAX), (1, u32::MAX)] {
            assert!(times(min, max).unwrap().has_repeated_group(), "{{{min},{max}}}");
        }
    }

    #[test]
    fn a_loop_over_something_empty_is_irregular_but_an_option_is_not() {
        let a = [2, 0];
        let optional = [&[6, 0, 1, 0][..], &a].concat();
        let looped = [&[4, 2][..], &a, &[6, 0, u32::MAX, 0], &optional].concat();
        let nested = [&[4, 2][..], &a, &[6, 0, 1, 0], &optional].concat();
        let node = |program: &[u32]| decode(program, 1).unwrap().unwrap();
        assert_eq!(node(&looped).irregular(), Some(Irregular::NullableLoop));
        assert_eq!(node(&nested).irregular(), None);
        assert_eq!(node(&optional).irregular(), Some(Irregular::MatchesEmpty));
    }
}
