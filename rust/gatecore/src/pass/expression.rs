//! A pattern as a Hyperscan expression over symbols: exactly, or as a *superset*.
//!
//! Expressions use byte classes, `\A`, `\z`, `\b` and `\B` only. Hyperscan's own `^ $ \Z`, caseless
//! and UTF-8 modes are never used: their meaning differs from Python's (ARCHITECTURE.md has the list).
//! For the question "is there a match anywhere", `$` at the end of a pattern is the same as consuming
//! the newline that it looks at, and `^` with MULTILINE at the head as consuming the newline before.
//!
//! A superset has its zero-width conditions dropped, a back-reference is any text in it, and large bounded
//! repeats have no bounds. One that could match the empty text says nothing and is not made.

use std::fmt::Write;

use gatecore_ffi::hyperscan::check_expression;

use super::{Coverage, Cut, Known, Slot};
use crate::alphabet::ByteSet;
use crate::pattern::classes::{never_matches, Resolve};
use crate::pattern::{Look, Node, RepeatKind};

/// When writing out bounded repeats adds more states than this, a superset without bounds is offered:
/// Hyperscan takes 2.4 s for one `x(?:ab|c){0,1000}y` and 34 s for `{0,5000}`.
const MAX_BOUNDED_EXCESS: u64 = 2_000;

/// Larger patterns are not offered at all: one alternation of 1,000 words takes Hyperscan 2 s, one
/// of 2,000 takes 13 s. The pattern's own automaton is built in 10 ms.
const MAX_SIZE: u64 = 8_000;

/// Deepest nesting of repeats that the engine's parser sees. It goes twice through what a repeat repeats,
/// and so `2^n` times through what is inside `n` of them: 0.5 s at 24, hours at 40.
const MAX_LOOP_DEPTH: u32 = 10;

/// The best expression that the engine takes for a slot, and what its answer is worth.
pub fn offer(slot: &Slot<'_>, classes: &dyn Resolve, symbols: ByteSet) -> (Known, Option<String>) {
    if never_matches(slot.node, classes) {
        return (Known::of(Coverage::Never), None);
    }
    let blind = |cut| (Known { coverage: Coverage::Blind, cut: Some(cut) }, None);
    if slot.node.loop_depth() > MAX_LOOP_DEPTH {
        return blind(Cut::Nesting);
    }
    if size(slot.node) > MAX_SIZE {
        return blind(Cut::Size);
    }
    let mut cut = None;
    if slot.regular {
        if slot.node.excess() > MAX_BOUNDED_EXCESS {
            cut = Some(Cut::Bounds);
        } else {
            let mut writer = Writer { classes, symbols, looks: true, bounds: true, exact: true };
            let text = writer.write(slot.node, Edges { head: true, tail: true });
            if let Some(text) = text.filter(|_| writer.exact) {
                if check_expression(&text).is_ok() {
                    return (Known::of(Coverage::Decides), Some(text));
                }
                cut = Some(Cut::Refused);
            }
        }
    }
    let bounds = slot.node.excess() <= MAX_BOUNDED_EXCESS;
    match superset(slot.node, classes, symbols, bounds) {
        Some(text) => (Known { coverage: Coverage::Narrows, cut }, Some(text)),
        None => (Known { coverage: Coverage::Blind, cut }, None),
    }
}

fn size(node: &Node) -> u64 {
    node.weight().saturating_sub(node.excess())
}

/// A superset whose repeats have no bounds, the least that the engine has to carry.
pub fn unbounded(node: &Node, classes: &dyn Resolve, symbols: ByteSet) -> Option<String> {
    superset(node, classes, symbols, false)
}

/// An expression that matches wherever the pattern does, if there is one that says anything.
fn superset(node: &Node, classes: &dyn Resolve, symbols: ByteSet, bounds: bool) -> Option<String> {
    if node.min_length() == 0 {
        return None;
    }
    let mut writer = Writer { classes, symbols, looks: false, bounds, exact: true };
    let text = writer.write(node, Edges { head: false, tail: false })?;
    check_expression(&text).is_ok().then_some(text)
}

/// Whether nothing at all comes before or after a node.
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
    /// Whether repeats keep their bounds, or `{m,n}` becomes `+` or `*`.
    bounds: bool,
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
        if !self.bounds && !once {
            (min, max) = (min.min(1), None);
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
            // FINAL_NEWLINE, and NEWLINE with it.
            Look::LastLineEnd if edges.tail => r"(?:\z|\x0d)",
            Look::LineEnd if edges.tail => r"(?:\z|[\x0b\x0d])",
            Look::LineStart if edges.head => r"(?:\A|[\x0b\x0d])",
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

    /// A class; bytes that no document contains are added where that makes it one range or "all but".
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
