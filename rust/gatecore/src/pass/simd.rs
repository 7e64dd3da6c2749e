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

use super::{never_matches, Coverage, Reported, Slot};
use crate::byte_set::ByteSet;
use crate::confirm::Resolve;
use crate::error::{BuildError, ScanError};
use crate::lowered::{Look, Node, RepeatKind};

/// Beyond this many states with bounded repeats written out, only a superset is offered: Hyperscan
/// takes seconds for single expressions of that size and then often refuses them.
const MAX_EXACT_WEIGHT: u64 = 6_000;

/// Bounds of repeats in a superset.
const MAX_SUPERSET_REPEAT: u32 = 64;

/// A compiled database and the slot of each of its expressions.
#[derive(Debug)]
pub struct SimdPass {
    database: Option<Database>,
    /// Slot of each expression.
    slots: Vec<u32>,
    /// Slots that are always reported.
    blind: Vec<u32>,
    count: usize,
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
        let mut expressions: Vec<(u32, String)> = Vec::new();
        for (number, slot) in slots.iter().enumerate() {
            let offered = offer(slot, classes, symbols);
            coverage.push(offered.0);
            if let Some(expression) = offered.1 {
                expressions.push((number as u32, expression));
            }
        }
        let database = loop {
            if expressions.is_empty() {
                break None;
            }
            let texts: Vec<&str> = expressions.iter().map(|(_, text)| text.as_str()).collect();
            match Database::compile(&texts) {
                Ok(database) => break Some(database),
                // Passed alone, refused in the compiler's later stages: a superset or nothing.
                Err(Error::Refused { expression: Some(at), .. }) if at < expressions.len() => {
                    let slot = expressions[at].0 as usize;
                    let superset = superset(slots[slot].node, classes, symbols)
                        .filter(|text| *text != expressions[at].1);
                    match superset {
                        Some(text) => {
                            coverage[slot] = Coverage::Narrows;
                            expressions[at].1 = text;
                        }
                        None => {
                            coverage[slot] = Coverage::Blind;
                            expressions.remove(at);
                        }
                    }
                }
                Err(error) => return Err(BuildError::TooLarge(error.to_string())),
            }
        };
        let slots = expressions.into_iter().map(|(slot, _)| slot).collect();
        Ok((Self::assemble(database, slots, &coverage), coverage))
    }

    fn assemble(database: Option<Database>, slots: Vec<u32>, coverage: &[Coverage]) -> Self {
        let numbered = coverage.iter().enumerate();
        let blind = numbered.filter(|(_, known)| **known == Coverage::Blind);
        SimdPass {
            database,
            slots,
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
        if let Some(database) = &self.database {
            let mut hits = Hits::new(self.slots.len());
            database
                .scan(symbols, &mut hits)
                .map_err(|error| ScanError::Engine(error.to_string()))?;
            for expression in hits.iter() {
                reported.insert(self.slots[expression] as usize);
            }
        }
        Ok(reported)
    }

    /// The database's bytes and the slot of each expression.
    pub fn to_parts(&self) -> Result<(Vec<u8>, Vec<u32>), Error> {
        let bytes = self.database.as_ref().map_or(Ok(Vec::new()), Database::to_bytes)?;
        Ok((bytes, self.slots.clone()))
    }

    /// Puts together what [`SimdPass::to_parts`] took apart.
    pub fn from_parts(bytes: &[u8], slots: Vec<u32>, coverage: &[Coverage]) -> Result<Self, Error> {
        let in_range = slots.iter().all(|&slot| (slot as usize) < coverage.len());
        if !in_range || bytes.is_empty() != slots.is_empty() {
            return Err(Error::Serialized("it is damaged"));
        }
        let database = (!bytes.is_empty()).then(|| Database::from_bytes(bytes)).transpose()?;
        Ok(Self::assemble(database, slots, coverage))
    }

    /// Bytes that the database takes in memory.
    pub fn size(&self) -> usize {
        self.database.as_ref().map_or(0, Database::size)
    }
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
            Node::Atomic(node) => {
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
