//! Patterns with look-around: candidates are searched for, each is tried, and the walks take over where that
//! would not be linear.
//!
//! ```text
//! finder      a plain pattern that matches wherever this one does, by regex-automata    \bA\b\s+B
//! attempts    does it match at that place, and how?  (`listing/attempt.rs`)             \bA\b(?=\s+B)
//! walks       all matches of the rest, whatever the text          (`listing/mod.rs`)
//! ```
//!
//! The finder is the pattern without its look-arounds, but for one at its tail and a positive look-behind at
//! its head, which it consumes: where the pattern matches there is a way through the finder, which begins at
//! the same place, or as many symbols before as the look-behind has. So the first match does not begin before
//! the place that the finder's first match tells; if the pattern does not match there, the search goes on
//! one symbol further.
//!
//! On ordinary text that costs what searches cost, and the first match is found without looking at the
//! rest. A finder that may look at the same symbols many times, attempts that do, and candidates that are
//! so dense that the walks are cheaper (3 to 8 ns a symbol) end it: the rest of the text is walked.

use regex_automata::meta::Regex;

use super::listing::{may_overrun, Attempts, GaveUp, Listing};
use super::{searched, Automaton, AutomatonKind, Blueprint, Matches, Wanted, SEARCHES};
use crate::memory;
use crate::pass::consumed::consumed_with_offset;
use crate::pattern::classes::Resolve;
use crate::pattern::{Look, Node, RepeatKind};
use crate::span::Span;

/// States that may be tried for each symbol, and in any case: 5 ns each.
const STEPS: usize = 16;
const LIST_STEPS: usize = 4;
const FREE_STEPS: usize = 1 << 12;

/// With fewer symbols to a candidate the walks are cheaper. They look at the whole rest, which the first
/// match may not need.
const DENSE: usize = 4;
const LIST_DENSE: usize = 48;

/// No search looks further beyond its match than the pattern's longest text, which is little up to this.
const SHORT: u64 = 256;

/// A pattern with look-around, prepared.
#[derive(Debug)]
pub struct Around {
    listing: Listing,
    /// `None` where the question is about one place.
    finder: Option<Regex>,
    /// How many symbols before a match the finder's begins.
    offset: usize,
    /// Whether the finder may look at the same symbols many times.
    overruns: bool,
    /// How many symbols before a position decide what holds there.
    reach: usize,
}

/// How far the search for one match came.
enum Found {
    Match(Span),
    Nothing,
    /// The walks have to say what is from here on.
    Walk(usize),
}

/// A search, and what it has cost.
struct Search<'a> {
    around: &'a Around,
    finder: &'a Regex,
    attempts: Attempts<'a>,
    symbols: &'a [u8],
    begin: usize,
    tries: usize,
}

impl Search<'_> {
    fn next(&mut self, mut from: usize, is_list: bool) -> Found {
        loop {
            let offset = self.around.offset;
            let begin = from.saturating_sub(offset);
            let Some(candidate) = searched(self.finder, self.symbols, begin, false) else {
                return Found::Nothing;
            };
            let place = candidate.start() + offset;
            let come = place - self.begin;
            self.tries += 1;
            let (steps, dense) = if is_list { (LIST_STEPS, LIST_DENSE) } else { (STEPS, DENSE) };
            let is_dear = self.attempts.steps > FREE_STEPS + steps * come;
            let is_many =
                self.tries > SEARCHES && (self.around.overruns || come < dense * self.tries);
            if is_dear || is_many {
                return Found::Walk(place);
            }
            match self.attempts.at(place) {
                Ok(Some(span)) => return Found::Match(span),
                Ok(None) => from = place + 1,
                Err(GaveUp) => return Found::Walk(place),
            }
        }
    }
}

impl Around {
    /// `None` if it is too large, or its look-behinds cannot be told.
    pub fn new(node: &Node, classes: &dyn Resolve, kind: AutomatonKind) -> Option<Self> {
        let (finder, offset) = finder(node);
        let (listing, finder) = match kind {
            AutomatonKind::Spans => (Listing::new(node, classes)?, Some(finder)),
            AutomatonKind::Groups => (Listing::with_groups(node, classes)?, None),
            AutomatonKind::Full => {
                let whole = Node::Concat(vec![node.clone(), Node::Look(Look::TextEnd)]);
                (Listing::with_groups(&whole, classes)?, None)
            }
        };
        let overruns = finder.as_ref().is_some_and(|finder| {
            finder.max_length().is_none_or(|most| most > SHORT) && may_overrun(finder, classes)
        });
        let finder = match finder.map(|finder| Blueprint::of(&finder, classes).build(kind)) {
            Some(Some(Automaton::Search(regex))) => Some(regex),
            Some(_) => return None,
            None => None,
        };
        Some(Around { listing, finder, offset, overruns, reach: node.reach() })
    }

    pub fn reach(&self) -> usize {
        self.reach
    }

    pub fn size(&self) -> usize {
        self.listing.size() + self.finder.as_ref().map_or(0, Regex::memory_usage)
    }

    fn search<'a>(&'a self, symbols: &'a [u8], begin: usize) -> Option<Search<'a>> {
        let (finder, attempts) = (self.finder.as_ref()?, self.listing.attempts(symbols)?);
        Some(Search { around: self, finder, attempts, symbols, begin, tries: 0 })
    }

    /// The first match at or after `from`, or the one that begins there.
    pub fn first(&self, symbols: &[u8], from: usize, anchored: bool) -> Option<Span> {
        if anchored {
            return match self.listing.attempts(symbols).map(|mut attempts| attempts.at(from)) {
                Some(Ok(found)) => found,
                Some(Err(GaveUp)) | None => self.listing.first(symbols, from, true),
            };
        }
        match self.search(symbols, from).map(|mut search| search.next(from, false)) {
            Some(Found::Match(span)) => Some(span),
            Some(Found::Nothing) => None,
            Some(Found::Walk(place)) => self.listing.first(symbols, place, false),
            None => self.listing.first(symbols, from, false),
        }
    }

    /// The matches from `from` on.
    pub fn some(&self, symbols: &[u8], mut from: usize, wanted: Wanted) -> Matches {
        let limit = match wanted {
            Wanted::All => usize::MAX,
            Wanted::AtLeast(limit) | Wanted::AtMost(limit) => limit,
        };
        let mut spans = Vec::new();
        let mut search = self.search(symbols, from);
        while spans.len() < limit {
            let found = match &mut search {
                Some(search) => search.next(from, true),
                None => Found::Walk(from),
            };
            match found {
                Found::Match(span) => {
                    from = span.end();
                    memory::push(&mut spans, span);
                }
                Found::Nothing => return Matches { spans, at_end: true },
                Found::Walk(place) => {
                    self.listing.list(symbols, place, &mut spans);
                    let at_end = match wanted {
                        Wanted::AtMost(limit) if spans.len() > limit => {
                            spans.truncate(limit);
                            false
                        }
                        _ => true,
                    };
                    return Matches { spans, at_end };
                }
            }
        }
        Matches { spans, at_end: false }
    }

    /// The groups of a match, as far as the pattern has them. `None` where an attempt is not possible or
    /// would be long: the walks take the whole rest of the text for each match, and `re`, which is asked
    /// then from where the match begins, only its own characters.
    pub fn groups(&self, symbols: &[u8], found: Span) -> Option<Vec<Option<Span>>> {
        if let Some(mut attempts) = self.listing.attempts(symbols) {
            if let Ok(tried) = attempts.at(found.start()) {
                let groups = || self.listing.groups_of(found, attempts.marks());
                return (tried == Some(found)).then(groups);
            }
        }
        None
    }
}

/// A pattern without look-around that has a way to each place where this one matches, from so many characters
/// before it.
fn finder(node: &Node) -> (Node, usize) {
    let (node, offset) = consumed_with_offset(node);
    (without(node), offset)
}

fn without(node: Node) -> Node {
    let all = |nodes: Vec<Node>| nodes.into_iter().map(without).collect();
    match node {
        Node::LookAround(..) => Node::Empty,
        Node::Concat(nodes) => Node::Concat(all(nodes)),
        Node::Alternate(nodes) => Node::Alternate(all(nodes)),
        Node::Repeat { min, max, kind, node } => {
            let kind = if kind == RepeatKind::Possessive { RepeatKind::Greedy } else { kind };
            Node::Repeat { min, max, kind, node: Box::new(without(*node)) }
        }
        Node::Group { node, .. } => without(*node),
        other => other,
    }
}
