//! A pattern as a Hyperscan expression over symbols: exactly, or as a *superset*.
//!
//! Expressions use byte classes, `\A`, `\z`, `\b` and `\B` only. Hyperscan's own `^ $ \Z`, caseless
//! and UTF-8 modes are never used: their meaning differs from Python's (ARCHITECTURE.md has the list).
//! For the question "is there a match anywhere", `$` at the end of a pattern is the same as consuming
//! the newline that it looks at, and `^` with MULTILINE at the head as consuming the newline before.
//!
//! Look-arounds at the ends are consumed in the same way: `super::consumed` has made `BA` of `(?<=B)A`; here
//! `(?<!c)A` is `(?:\A|[^c])A`, and `A(?!cd)` is `A(?:\z|[^c]|c(?:\z|[^d]))`. Several that look at one
//! symbol, `^` and `$` among them, are one class; beside a class inside the pattern they narrow it.
//!
//! A superset has its zero-width conditions dropped, a back-reference is any text in it, and large bounded
//! repeats have no bounds. One that could match the empty text says nothing and is not made.

use std::fmt::Write;

use gatecore_ffi::hyperscan::check_expression;

use super::{Coverage, Cut, Known, Slot};
use crate::alphabet::{ByteSet, FINAL_NEWLINE, NEWLINE};
use crate::pattern::classes::{never_matches, Resolve};
use crate::pattern::{behind, ClassId, Look, Node, RepeatKind};

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

/// Before a pattern or after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

fn newlines() -> ByteSet {
    [NEWLINE, FINAL_NEWLINE].into_iter().collect()
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
            Node::Concat(nodes) => self.sequence(nodes, edges),
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
            Node::Look(_) | Node::LookAround(..) => {
                self.sequence(std::slice::from_ref(node), edges)
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

    /// Conditions at the ends of a pattern are written by what may stand beside it.
    fn sequence(&mut self, nodes: &[Node], edges: Edges) -> Option<String> {
        let is_zero_width =
            |node: &&Node| matches!(node, Node::Empty | Node::Look(_) | Node::LookAround(..));
        let is_solid = |node: &Node| *node != Node::Empty;
        let looks = |node: &Node, behind| matches!(node, Node::LookAround(look, _) if look.behind == behind);
        let (mut begin, mut end) = (0, nodes.len());
        if edges.head && self.looks {
            begin = nodes.iter().take_while(is_zero_width).count();
            // What looks the other way may narrow the class that comes next.
            begin -= nodes[..begin].iter().rev().take_while(|node| looks(node, false)).count();
        }
        if edges.tail && self.looks {
            end -= nodes[begin..].iter().rev().take_while(is_zero_width).count();
            end += nodes[end..].iter().take_while(|node| looks(node, true)).count();
        }
        let before = self.beside(&nodes[..begin], Side::Before)?;
        let after = self.beside(&nodes[end..], Side::After)?;

        let mut text = before;
        let mut at = begin;
        while at < end {
            let edges = Edges {
                head: edges.head && !nodes[..at].iter().any(is_solid),
                tail: edges.tail && !nodes[at + 1..].iter().any(is_solid),
            };
            let (narrowed, taken) = self.narrowed(&nodes[at..end]);
            text += &match narrowed {
                Some(narrowed) => narrowed?,
                None => self.write_one(&nodes[at], edges)?,
            };
            at += taken;
        }
        Some(text + &after)
    }

    fn write_one(&mut self, node: &Node, edges: Edges) -> Option<String> {
        match node {
            Node::Look(look) => Some(self.look(*look)),
            Node::LookAround(..) => {
                self.exact = false;
                Some(String::new())
            }
            node => self.write(node, edges),
        }
    }

    /// Conditions at the head or the tail, nothing else standing there. `None` if they never hold.
    fn beside(&mut self, nodes: &[Node], side: Side) -> Option<String> {
        let mut inner = String::new();
        let (mut edge, mut set, mut wide) = (true, ByteSet::EMPTY.complement(), None);
        let mut conditions = 0;
        for node in nodes {
            let known = match (side, node) {
                (_, Node::Empty) => continue,
                (Side::Before, Node::Look(Look::LineStart)) => Some((true, newlines())),
                (Side::Before, Node::Look(Look::TextStart))
                | (Side::After, Node::Look(Look::TextEnd)) => Some((true, ByteSet::EMPTY)),
                (Side::After, Node::Look(Look::LineEnd)) => Some((true, newlines())),
                (Side::After, Node::Look(Look::LastLineEnd)) => {
                    Some((true, std::iter::once(FINAL_NEWLINE).collect()))
                }
                (_, Node::LookAround(look, content)) if look.behind == (side == Side::Before) => {
                    match self.sequences(content) {
                        Some(sequences) if sequences[0].len() == 1 => {
                            let all = sequences.iter().map(|sequence| sequence[0]);
                            let set = all.fold(ByteSet::EMPTY, |all, set| all.union(&set));
                            let set = if look.negative { set.complement() } else { set };
                            Some((look.negative, set))
                        }
                        Some(sequences) if sequences.len() == 1 && look.negative => {
                            conditions += 1;
                            wide = sequences.into_iter().next();
                            continue;
                        }
                        _ => None,
                    }
                }
                _ => None,
            };
            match known {
                Some((at_edge, symbols)) => {
                    conditions += 1;
                    (edge, set) = (edge && at_edge, set.intersection(&symbols));
                }
                None => inner += &self.write_one(node, Edges { head: false, tail: false })?,
            }
        }
        let consumed = match wide {
            Some(sequence) if conditions == 1 => self.other_than(&sequence, side)?,
            _ => {
                self.exact &= wide.is_none();
                self.one_of(edge, set, side)?
            }
        };
        Some(match side {
            Side::Before => consumed + &inner,
            Side::After => inner + &consumed,
        })
    }

    /// A symbol of a set, or perhaps the edge of the text. `None` if it can be neither.
    fn one_of(&self, edge: bool, set: ByteSet, side: Side) -> Option<String> {
        let edge = edge.then_some(if side == Side::Before { r"\A" } else { r"\z" });
        let set = set.intersection(&self.symbols);
        if set == self.symbols && edge.is_some() {
            return Some(String::new());
        }
        match (edge, self.class(set)) {
            (Some(edge), Some(class)) => Some(format!("(?:{edge}|{class})")),
            (Some(edge), None) => Some(edge.to_owned()),
            (None, class) => class,
        }
    }

    /// What stands beside a place exactly if the sequence does not: from the place outwards the edge, a
    /// symbol other than the sequence's, or its symbol and further out the same again.
    fn other_than(&self, sequence: &[ByteSet], side: Side) -> Option<String> {
        let from_far: Vec<&ByteSet> = match side {
            Side::Before => sequence.iter().collect(),
            Side::After => sequence.iter().rev().collect(),
        };
        let mut text = String::new();
        for (number, set) in from_far.into_iter().enumerate() {
            let edge = if side == Side::Before { r"\A" } else { r"\z" };
            let mut ways = vec![edge.to_owned()];
            ways.extend(self.class(set.complement().intersection(&self.symbols)));
            if number > 0 {
                ways.extend(self.class(*set).map(|class| match side {
                    Side::Before => format!("{text}{class}"),
                    Side::After => format!("{class}{text}"),
                }));
            }
            text = format!("(?:{})", ways.join("|"));
        }
        Some(text)
    }

    /// A class, what look-aheads right before it and look-behinds right after it leave of it; and how many
    /// nodes that is. `None` where the nodes do not begin with that.
    fn narrowed(&self, nodes: &[Node]) -> (Option<Option<String>>, usize) {
        let about_one = |node: &Node, behind: bool| match node {
            Node::LookAround(look, content) if look.behind == behind => {
                let sequences = self.sequences(content)?;
                let is_one = sequences[0].len() == 1;
                let all = sequences.iter().map(|sequence| sequence[0]);
                let set = all.fold(ByteSet::EMPTY, |all, set| all.union(&set));
                is_one.then(|| if look.negative { set.complement() } else { set })
            }
            _ => None,
        };
        let mut sets: Vec<ByteSet> =
            nodes.iter().map_while(|node| about_one(node, false)).collect();
        let Some(Node::Class(class)) = nodes.get(sets.len()) else { return (None, 1) };
        let taken = sets.len() + 1;
        sets.extend(nodes[taken..].iter().map_while(|node| about_one(node, true)));
        if sets.is_empty() || !self.looks {
            return (None, 1);
        }
        let count = sets.len() + 1;
        let class = self.classes.class(*class);
        let set = sets.iter().fold(class, |all, set| all.intersection(set));
        (Some(self.class(set)), count)
    }

    /// What a look-around of fixed width looks for.
    fn sequences(&self, content: &Node) -> Option<Vec<Vec<ByteSet>>> {
        let sequences = behind::sequences(content)?;
        let set = |class: &ClassId| self.classes.class(*class);
        Some(sequences.iter().map(|sequence| sequence.iter().map(set).collect()).collect())
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

    /// A condition inside the pattern, where it cannot be told by what stands beside it.
    fn look(&mut self, look: Look) -> String {
        let written = match look {
            Look::TextStart => r"\A",
            Look::TextEnd => r"\z",
            Look::Boundary | Look::AsciiBoundary => r"\b",
            Look::NotBoundary | Look::NotAsciiBoundary => r"\B",
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
