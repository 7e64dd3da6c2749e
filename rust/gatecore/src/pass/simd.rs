//! The SIMD pass: every pattern as a Hyperscan expression over symbols, all in one database.
//!
//! Expressions use byte classes, `\A`, `\z`, `\b` and `\B` only. Hyperscan's own `^ $ \Z`, caseless
//! and UTF-8 modes are never used: their meaning differs from Python's (ARCHITECTURE.md has the list).
//! For the question "is there a match anywhere", `$` at the end of a pattern is the same as consuming
//! the newline that it looks at, and `^` with MULTILINE at the head as consuming the newline before.
//!
//! A pattern is offered in its exact form first. What the engine refuses, or what no automaton can
//! say, is offered as a *superset*: zero-width conditions dropped, back-references any text, large
//! bounded repeats unbounded. A superset that could match the empty text is not offered at all.

use std::fmt::Write;

use gatecore_hs::{check_expression, Database, Error, Hits};
use serde::{Deserialize, Serialize};

use super::portable::has_literal;
use super::{never_matches, Coverage, Reported, Singles, Slot};
use crate::byte_set::ByteSet;
use crate::confirm::Resolve;
use crate::error::{BuildError, ScanError};
use crate::lowered::{Look, Node, RepeatKind};

/// Beyond this many states with bounded repeats written out, only a superset is offered: Hyperscan
/// takes seconds for single expressions of that size and then often refuses them.
const MAX_EXACT_WEIGHT: u64 = 6_000;

/// Bounds of repeats in a superset.
const MAX_SUPERSET_REPEAT: u32 = 64;

/// Patterns without a literal that are compiled together.
///
/// Such patterns become automata that the compiler merges pair by pair: 16 of them take 0.2 s, 48
/// take 1.6 s, 200 take 20 s. A scan with one more database costs 0.1 ms for 100,000 characters.
const LITERAL_FREE_BATCH: usize = 16;

/// Compiled databases and the slots of their expressions.
#[derive(Debug)]
pub struct SimdPass {
    parts: Vec<Part>,
    singles: Singles,
    /// Slots that are always reported.
    blind: Vec<u32>,
    count: usize,
}

#[derive(Debug)]
struct Part {
    database: Database,
    /// Slot of each expression.
    slots: Vec<u32>,
}

/// A database as bytes and the slot of each of its expressions.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredPart {
    #[serde(with = "serde_bytes")]
    database: Vec<u8>,
    slots: Vec<u32>,
}

/// What is left of a [`SimdPass`] in a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredSimdPass {
    parts: Vec<StoredPart>,
    singles: Singles,
}

impl SimdPass {
    /// Compiles the slots, about 1 to 2 ms each in large sets.
    ///
    /// # Errors
    /// [`BuildError::TooLarge`] when the engine refuses the set as a whole.
    pub fn build(
        slots: &[Slot<'_>],
        classes: &dyn Resolve,
        symbols: ByteSet,
    ) -> Result<(Self, Vec<Coverage>), BuildError> {
        let mut coverage = Vec::with_capacity(slots.len());
        let (mut literal, mut literal_free) = (Vec::new(), Vec::new());
        let mut singles = Singles::default();
        for (number, slot) in slots.iter().enumerate() {
            let possible = slot.regular && !never_matches(slot.node, classes);
            if possible && singles.take(number, slot.node, classes) {
                coverage.push(Coverage::Decides);
                continue;
            }
            let (known, expression) = offer(slot, classes, symbols);
            coverage.push(known);
            if let Some(expression) = expression {
                let list =
                    if has_literal(slot.node, classes) { &mut literal } else { &mut literal_free };
                list.push((number as u32, expression));
            }
        }
        let batches = literal_free.chunks(LITERAL_FREE_BATCH).map(<[_]>::to_vec);
        let mut parts = Vec::new();
        for expressions in std::iter::once(literal).chain(batches) {
            parts.extend(compile(expressions, slots, classes, symbols, &mut coverage)?);
        }
        Ok((Self::assemble(parts, singles, &coverage), coverage))
    }

    fn assemble(parts: Vec<Part>, singles: Singles, coverage: &[Coverage]) -> Self {
        let numbered = coverage.iter().enumerate();
        let blind = numbered.filter(|(_, known)| **known == Coverage::Blind);
        SimdPass {
            parts,
            singles,
            blind: blind.map(|(slot, _)| slot as u32).collect(),
            count: coverage.len(),
        }
    }

    /// The slots that may match.
    ///
    /// # Errors
    /// [`ScanError::Engine`].
    pub fn scan(&self, symbols: &[u8]) -> Result<Reported, ScanError> {
        let mut reported = Reported::new(self.count);
        for &slot in &self.blind {
            reported.insert(slot as usize);
        }
        self.singles.scan(symbols, &mut reported);
        for part in &self.parts {
            let mut hits = Hits::new(part.slots.len());
            part.database
                .scan(symbols, &mut hits)
                .map_err(|error| ScanError::Engine(error.to_string()))?;
            for expression in hits.iter() {
                reported.insert(part.slots[expression] as usize);
            }
        }
        Ok(reported)
    }

    /// The pass as it is stored.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn to_stored(&self) -> Result<StoredSimdPass, Error> {
        let parts = self.parts.iter().map(|part| {
            let database = part.database.to_bytes()?;
            Ok(StoredPart { database, slots: part.slots.clone() })
        });
        Ok(StoredSimdPass {
            parts: parts.collect::<Result<_, Error>>()?,
            singles: self.singles.clone(),
        })
    }

    /// The pass again.
    ///
    /// # Errors
    /// [`Error::Serialized`].
    pub fn from_stored(stored: StoredSimdPass, coverage: &[Coverage]) -> Result<Self, Error> {
        let mut parts = Vec::with_capacity(stored.parts.len());
        for part in stored.parts {
            if part.slots.iter().any(|&slot| slot as usize >= coverage.len()) {
                return Err(Error::Serialized("it is damaged"));
            }
            let database = Database::from_bytes(&part.database)?;
            parts.push(Part { database, slots: part.slots });
        }
        if !stored.singles.is_sound(coverage.len()) {
            return Err(Error::Serialized("it is damaged"));
        }
        Ok(Self::assemble(parts, stored.singles, coverage))
    }
}

/// Compiles expressions together. What the engine takes alone and refuses here is offered as a
/// superset, then not at all; `coverage` is told.
fn compile(
    mut expressions: Vec<(u32, String)>,
    slots: &[Slot<'_>],
    classes: &dyn Resolve,
    symbols: ByteSet,
    coverage: &mut [Coverage],
) -> Result<Option<Part>, BuildError> {
    while !expressions.is_empty() {
        let texts: Vec<&str> = expressions.iter().map(|(_, text)| text.as_str()).collect();
        match Database::compile(&texts) {
            Ok(database) => {
                let slots = expressions.into_iter().map(|(slot, _)| slot).collect();
                return Ok(Some(Part { database, slots }));
            }
            Err(Error::Refused { expression: Some(at), .. }) if at < expressions.len() => {
                let slot = expressions[at].0 as usize;
                let wider = superset(slots[slot].node, classes, symbols)
                    .filter(|text| *text != expressions[at].1);
                if let Some(text) = wider {
                    coverage[slot] = Coverage::Narrows;
                    expressions[at].1 = text;
                } else {
                    coverage[slot] = Coverage::Blind;
                    expressions.remove(at);
                }
            }
            Err(error) => return Err(BuildError::TooLarge(error.to_string())),
        }
    }
    Ok(None)
}

/// The best expression that the engine takes for a slot, and what its answer is worth.
fn offer(slot: &Slot<'_>, classes: &dyn Resolve, symbols: ByteSet) -> (Coverage, Option<String>) {
    if never_matches(slot.node, classes) {
        return (Coverage::Never, None);
    }
    if slot.regular && slot.node.weight() <= MAX_EXACT_WEIGHT {
        let mut writer = Writer { classes, symbols, looks: true, exact: true };
        let text = writer.write(slot.node, Edges { head: true, tail: true });
        if let Some(text) = text.filter(|text| writer.exact && check_expression(text).is_ok()) {
            return (Coverage::Decides, Some(text));
        }
    }
    match superset(slot.node, classes, symbols) {
        Some(text) => (Coverage::Narrows, Some(text)),
        None => (Coverage::Blind, None),
    }
}

/// An expression that matches wherever the pattern does, if there is one that says anything.
fn superset(node: &Node, classes: &dyn Resolve, symbols: ByteSet) -> Option<String> {
    if node.min_length() == 0 {
        return None;
    }
    let mut writer = Writer { classes, symbols, looks: false, exact: true };
    let text = writer.write(node, Edges { head: false, tail: false })?;
    check_expression(&text).is_ok().then_some(text)
}

/// Whether nothing at all stands before or after a node.
#[derive(Clone, Copy)]
struct Edges {
    head: bool,
    tail: bool,
}

struct Writer<'a> {
    classes: &'a dyn Resolve,
    symbols: ByteSet,
    /// Whether zero-width conditions are written or dropped.
    looks: bool,
    /// Cleared when what is written matches more than the node.
    exact: bool,
}

impl Writer<'_> {
    /// The node as an expression that can stand in a concatenation; `None` if it never matches.
    fn write(&mut self, node: &Node, edges: Edges) -> Option<String> {
        match node {
            Node::Empty => Some(String::new()),
            Node::Never => None,
            Node::Class(class) => self.class(self.classes.class(*class)),
            Node::Concat(nodes) => {
                let solid: Vec<bool> = nodes.iter().map(|node| *node != Node::Empty).collect();
                let mut text = String::new();
                for (index, node) in nodes.iter().enumerate() {
                    let edges = Edges {
                        head: edges.head && !solid[..index].contains(&true),
                        tail: edges.tail && !solid[index + 1..].contains(&true),
                    };
                    text += &self.write(node, edges)?;
                }
                Some(text)
            }
            Node::Alternate(nodes) => {
                let mut branches: Vec<String> =
                    nodes.iter().filter_map(|node| self.write(node, edges)).collect();
                branches.dedup();
                match branches.len() {
                    0 => None,
                    1 => branches.pop(),
                    _ => Some(format!("(?:{})", branches.join("|"))),
                }
            }
            Node::Repeat { min, max, kind, node } => self.repeat(*min, *max, *kind, node, edges),
            Node::Group { node, .. } => self.write(node, edges),
            Node::Look(look) => Some(self.look(*look, edges)),
            Node::LookAround(..) => {
                self.exact = false;
                Some(String::new())
            }
            Node::BackReference(_) => {
                self.exact = false;
                Some(r"[\x00-\xff]*".to_owned())
            }
            Node::Conditional(yes, no) => {
                self.exact = false;
                let edges = Edges { head: false, tail: false };
                let branches = [self.write(yes, edges), self.write(no, edges)];
                let branches: Vec<String> = branches.into_iter().flatten().collect();
                (!branches.is_empty()).then(|| format!("(?:{})", branches.join("|")))
            }
            Node::Atomic(node) | Node::Quirk(node) => {
                self.exact = false;
                self.write(node, Edges { head: false, tail: false })
            }
        }
    }

    fn repeat(
        &mut self,
        min: u32,
        max: Option<u32>,
        kind: RepeatKind,
        node: &Node,
        edges: Edges,
    ) -> Option<String> {
        if max == Some(0) {
            return Some(String::new());
        }
        self.exact &= kind != RepeatKind::Possessive;
        let once = max == Some(1);
        let inner = Edges { head: once && edges.head, tail: once && edges.tail };
        let Some(body) = self.write(node, inner) else {
            return (min == 0).then(String::new);
        };
        if body.is_empty() {
            return Some(body);
        }
        let (mut min, mut max) = (min, max);
        if !self.looks && max.is_some_and(|max| max > MAX_SUPERSET_REPEAT) {
            (min, max) = (min.min(MAX_SUPERSET_REPEAT), None);
            self.exact = false;
        }
        if !self.looks && min > MAX_SUPERSET_REPEAT {
            min = MAX_SUPERSET_REPEAT;
            self.exact = false;
        }
        Some(match (min, max) {
            (1, Some(1)) => body,
            (0, None) => format!("(?:{body})*"),
            (1, None) => format!("(?:{body})+"),
            (0, Some(1)) => format!("(?:{body})?"),
            (min, None) => format!("(?:{body}){{{min},}}"),
            (min, Some(max)) if min == max => format!("(?:{body}){{{min}}}"),
            (min, Some(max)) => format!("(?:{body}){{{min},{max}}}"),
        })
    }

    fn look(&mut self, look: Look, edges: Edges) -> String {
        let written = match look {
            Look::TextStart => r"\A",
            Look::TextEnd => r"\z",
            Look::Boundary | Look::AsciiBoundary => r"\b",
            Look::NotBoundary | Look::NotAsciiBoundary => r"\B",
            Look::LastLineEnd if edges.tail => r"(?:\z|\x0d)",
            Look::LineEnd if edges.tail => r"(?:\z|[\x0a\x0d])",
            Look::LineStart if edges.head => r"(?:\A|[\x0a\x0d])",
            Look::LastLineEnd | Look::LineEnd | Look::LineStart => {
                self.exact = false;
                return String::new();
            }
        };
        if self.looks {
            written.to_owned()
        } else {
            self.exact = false;
            String::new()
        }
    }

    /// A class; bytes that no document holds are added where that makes it one range or "all but".
    fn class(&self, set: ByteSet) -> Option<String> {
        if set.is_empty() {
            return None;
        }
        let missing = self.symbols.intersection(&set.complement());
        if missing.len() < set.len() {
            if missing.is_empty() {
                return Some(r"[\x00-\xff]".to_owned());
            }
            return Some(bracket("^", &missing));
        }
        if set.len() == 1 {
            return set.iter().next().map(symbol);
        }
        Some(bracket("", &set))
    }
}

fn symbol(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() {
        char::from(byte).to_string()
    } else {
        format!(r"\x{byte:02x}")
    }
}

fn bracket(sign: &str, set: &ByteSet) -> String {
    let mut text = format!("[{sign}");
    for (lo, hi) in set.ranges() {
        if lo == hi {
            text += &symbol(lo);
        } else {
            write!(text, "{}-{}", symbol(lo), symbol(hi)).expect("writing to a String");
        }
    }
    text + "]"
}
