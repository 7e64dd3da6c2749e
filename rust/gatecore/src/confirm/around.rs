//! Patterns with look-around, with loops whose rounds can be empty, with groups in loops, and those that match
//! the empty text: candidates are searched for, each is tried, and the walks take over where that would not
//! be linear.
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
//! Of a pattern without look-around the finder is the pattern itself: it has the same ways, and so begins its
//! first match at the same place. Where rounds can be empty it may end it elsewhere, as regex-automata
//! leaves such loops by another rule than `re` (`listing/nfa.rs`), so an attempt tells the end; elsewhere
//! the finder does. After an empty match an attempt tells whether a match that is not empty begins there.
//!
//! On ordinary text that costs what searches cost, and the first match is found without looking at the
//! rest. A finder that may look at the same symbols many times, attempts that do, and candidates that are
//! so dense that the walks are cheaper (3 to 8 ns a symbol) end it: the rest of the text is walked.

use regex_automata::meta::Regex;

use super::listing::{may_overrun, Attempts, GaveUp, Listing};
use super::{searched, Automaton, AutomatonKind, Begin, Blueprint, Matches, Wanted, SEARCHES};
use crate::memory;
use crate::pass::consumed::consumed_with_offset;
use crate::pattern::classes::Resolve;
use crate::pattern::{Look, Node, RepeatKind};
use crate::scan::Groups;
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

/// A pattern that a search alone does not answer, prepared.
#[derive(Debug)]
pub struct Around {
    listing: Listing,
    /// `None` where the question is about one place.
    finder: Option<Regex>,
    /// How many symbols before a match the finder's begins.
    offset: usize,
    /// Whether the finder may look at the same symbols many times.
    overruns: bool,
    /// Whether the finder's matches are those of the pattern.
    is_plain: bool,
    /// Whether the pattern has look-around.
    looks_around: bool,
    /// How many symbols before a position decide what holds there.
    reach: usize,
}

/// How far the search for one match came.
enum Found {
    Match(Span),
    Nothing,
    /// The walks have to say what is from here on.
    Walk(Begin),
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
    fn next(&mut self, begin: Begin, is_list: bool) -> Found {
        let mut from = begin.at;
        if begin.is_taken {
            match self.attempts.at(begin) {
                Ok(Some(span)) => return Found::Match(span),
                Ok(None) => from += 1,
                Err(GaveUp) => return Found::Walk(begin),
            }
        }
        loop {
            if from > self.symbols.len() {
                return Found::Nothing;
            }
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
                return Found::Walk(Begin::at(place));
            }
            if self.around.is_plain {
                return Found::Match(candidate);
            }
            match self.attempts.at(Begin::at(place)) {
                Ok(Some(span)) => return Found::Match(span),
                Ok(None) => from = place + 1,
                Err(GaveUp) => return Found::Walk(Begin::at(place)),
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
        let looks_around = node.has_look_around();
        let is_plain = !looks_around && !node.has_empty_rounds();
        let overruns = finder.as_ref().is_some_and(|finder| {
            finder.max_length().is_none_or(|most| most > SHORT) && may_overrun(finder, classes)
        });
        let finder = match finder.map(|finder| Blueprint::of(&finder, classes).build(kind)) {
            Some(Some(Automaton::Search(regex))) => Some(regex),
            Some(_) => return None,
            None => None,
        };
        let reach = node.reach();
        Some(Around { listing, finder, offset, overruns, is_plain, looks_around, reach })
    }

    pub fn reach(&self) -> usize {
        self.reach
    }

    pub fn size(&self) -> usize {
        self.listing.size() + self.finder.as_ref().map_or(0, Regex::memory_usage)
    }

    /// Whether there is a match. That does not depend on which of several ways is the first.
    pub fn is_match(&self, symbols: &[u8]) -> bool {
        match &self.finder {
            Some(finder) if !self.looks_around => finder.is_match(symbols),
            _ => self.first(symbols, 0, false).is_some(),
        }
    }

    fn search<'a>(&'a self, symbols: &'a [u8], begin: usize) -> Option<Search<'a>> {
        let (finder, attempts) = (self.finder.as_ref()?, self.listing.attempts(symbols)?);
        Some(Search { around: self, finder, attempts, symbols, begin, tries: 0 })
    }

    /// The first match at or after `from`, or the one that begins there.
    pub fn first(&self, symbols: &[u8], from: usize, anchored: bool) -> Option<Span> {
        if let Some(finder) = self.finder.as_ref().filter(|_| self.is_plain) {
            return searched(finder, symbols, from, anchored);
        }
        let from = Begin::at(from);
        if anchored {
            return match self.listing.attempts(symbols).map(|mut attempts| attempts.at(from)) {
                Some(Ok(found)) => found,
                Some(Err(GaveUp)) | None => self.listing.first(symbols, from, true),
            };
        }
        match self.search(symbols, from.at).map(|mut search| search.next(from, false)) {
            Some(Found::Match(span)) => Some(span),
            Some(Found::Nothing) => None,
            Some(Found::Walk(place)) => self.listing.first(symbols, place, false),
            None => self.listing.first(symbols, from, false),
        }
    }

    /// The matches from `from` on.
    pub fn some(&self, symbols: &[u8], mut from: Begin, wanted: Wanted) -> Matches {
        let limit = match wanted {
            Wanted::All => usize::MAX,
            Wanted::AtLeast(limit) | Wanted::AtMost(limit) => limit,
        };
        let mut spans = Vec::new();
        let mut search = self.search(symbols, from.at);
        while spans.len() < limit {
            let found = match &mut search {
                Some(search) => search.next(from, true),
                None => Found::Walk(from),
            };
            match found {
                Found::Match(span) => {
                    from = Begin::after(span);
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

    /// The groups of a match, as far as the pattern has them.
    ///
    /// `None` where the pattern has look-around and an attempt is not possible or would be long: the walks
    /// take the whole rest of the text for each match then, and `re`, which is asked from where the match
    /// begins, only its own characters.
    pub fn groups(&self, symbols: &[u8], found: Span) -> Option<Groups> {
        // The first way is the match, the first that is not empty if that is not: one that is empty was
        // another match.
        let begin = Begin { at: found.start(), is_taken: !found.is_empty() };
        if let Some(Ok(tried)) = self.listing.attempts(symbols).map(|mut attempts| {
            let tried = attempts.at(begin)?;
            Ok::<_, GaveUp>((tried == Some(found)).then(|| attempts.groups(found)))
        }) {
            return tried;
        }
        if self.looks_around {
            return None;
        }
        self.listing.groups(symbols, found)
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
