//! Where a match of a pattern that only `re` answers may begin.
//!
//! Such a pattern has a wider one that automata know: what `re` alone understands is left out or stands for
//! any text that it could.
//!
//! ```text
//! (['"])(\w+)\1         ['"]\w+.        a reference has the length of what it refers to
//! (?>a+)b(?!c)  a*+b   a+b     a*b     atomic, possessive, look-around
//! (a)?b(?(1)c|d)       a?b(?:c|d)      either branch
//! ```
//!
//! Each way through the pattern is one through the wider one, from the same place over the same text. So a
//! place where the wider one does not match has no match, and if none is left there is none: `re` is asked
//! only at those places, by `match`, which sees what comes before as `search` does. Nothing is cut off the text,
//! so conditions see all of it.
//!
//! Not for patterns that match the empty text, which do so nearly everywhere, nor where `re.search` misses what
//! `re.match` finds ([`Irregular::ScopedMode`](crate::pattern::Irregular::ScopedMode)).

use std::collections::HashMap;

use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::hir::{self, Hir};

use super::listing::may_overrun;
use super::{build, searched};
use crate::pattern::classes::Resolve;
use crate::pattern::{Look, Node, RepeatKind, MAX_EXCESS_TRIED};

/// Larger patterns have no candidates.
const MAX_WEIGHT: u64 = 20_000;

/// Searches for candidates that may each look at the whole rest of the text.
const OVERRUNS: usize = 32;

/// The wider pattern, prepared.
#[derive(Debug)]
pub struct Candidates {
    finder: Regex,
    overruns: bool,
}

impl Candidates {
    /// `None` where there is no wider pattern that says anything.
    pub fn new(node: &Node, classes: &dyn Resolve) -> Option<Self> {
        let is_large = node.weight().saturating_sub(node.excess()) > MAX_WEIGHT;
        if node.min_length() == 0 || is_large {
            return None;
        }
        let bounds = node.excess() <= MAX_EXCESS_TRIED;
        let mut wider = Wider { groups: HashMap::new(), bounds, looks: true, is_open: false };
        let (mut unicode, mut ascii, mut quirk) = (false, false, false);
        node.walk(&mut |node| match node {
            Node::Group { index, node } => {
                wider.groups.insert(*index, (node.min_length(), node.max_length()));
            }
            Node::Look(Look::Boundary | Look::NotBoundary) => unicode = true,
            Node::Look(Look::AsciiBoundary | Look::NotAsciiBoundary) => ascii = true,
            Node::Quirk(_) => quirk = true,
            _ => {}
        });
        if quirk {
            return None;
        }
        wider.looks = !(unicode && ascii);
        let plain = wider.plain(node);
        let hir = wider.hir(&plain, classes);
        let overruns = wider.is_open || may_overrun(&plain, classes);
        let finder = build(&hir, plain.weight(), WhichCaptures::Implicit)?;
        Some(Candidates { finder, overruns })
    }

    /// The first place at or after another where a match may begin.
    pub fn next(&self, symbols: &[u8], from: usize) -> Option<usize> {
        searched(&self.finder, symbols, from, false).map(|found| found.start())
    }

    /// How many candidates may be asked for, so that it stays linear.
    pub fn most(&self) -> usize {
        if self.overruns {
            OVERRUNS
        } else {
            usize::MAX
        }
    }
}

struct Wider {
    /// The shortest and the longest text of each group.
    groups: HashMap<u32, (u64, Option<u64>)>,
    /// Whether repeats keep their bounds.
    bounds: bool,
    /// Whether conditions on neighbours stay.
    looks: bool,
    /// Whether something stands for any text whatever.
    is_open: bool,
}

impl Wider {
    /// The wider pattern, in which references stay. Its repeats are lazy, as only the beginning counts.
    fn plain(&self, node: &Node) -> Node {
        let all = |nodes: &[Node]| nodes.iter().map(|node| self.plain(node)).collect();
        match node {
            Node::Concat(nodes) => Node::Concat(all(nodes)),
            Node::Alternate(nodes) => Node::Alternate(all(nodes)),
            Node::Conditional(yes, no) => Node::Alternate(vec![self.plain(yes), self.plain(no)]),
            Node::Repeat { min, max, node, .. } => {
                let is_once = max.is_some_and(|max| max <= 1);
                let (min, max) =
                    if self.bounds || is_once { (*min, *max) } else { ((*min).min(1), None) };
                let node = Box::new(self.plain(node));
                Node::Repeat { min, max, kind: RepeatKind::Lazy, node }
            }
            Node::Group { node, .. } | Node::Atomic(node) => self.plain(node),
            Node::Look(_) if !self.looks => Node::Empty,
            Node::LookAround(..) => Node::Empty,
            node => node.clone(),
        }
    }

    fn hir(&mut self, node: &Node, classes: &dyn Resolve) -> Hir {
        match node {
            Node::Concat(nodes) => {
                Hir::concat(nodes.iter().map(|node| self.hir(node, classes)).collect())
            }
            Node::Alternate(nodes) => {
                Hir::alternation(nodes.iter().map(|node| self.hir(node, classes)).collect())
            }
            Node::Repeat { min, max, node, .. } => repetition(*min, *max, self.hir(node, classes)),
            Node::BackReference(group) => {
                let any = hir::ClassBytes::new([hir::ClassBytesRange::new(0, u8::MAX)]);
                let any = Hir::class(hir::Class::Bytes(any));
                match self.groups.get(group) {
                    Some(&(min, Some(max))) if max <= MAX_EXCESS_TRIED => {
                        repetition(min as u32, Some(max as u32), any)
                    }
                    _ => {
                        self.is_open = true;
                        repetition(0, None, any)
                    }
                }
            }
            leaf => super::hir(leaf, classes),
        }
    }
}

fn repetition(min: u32, max: Option<u32>, sub: Hir) -> Hir {
    Hir::repetition(hir::Repetition { min, max, greedy: false, sub: Box::new(sub) })
}
