//! Deciding exactly: an automaton over symbols that finds the match `re` would find.
//!
//! A regular pattern without nullable loops has the same leftmost-first matches in CPython's
//! backtracker and in an automaton that keeps priorities; where a round of a loop can be empty, the
//! automaton is built by CPython's own rule (`listing/nfa.rs`). No other pattern gets here
//! ([`crate::pattern::Irregular`]). Automata are built when a pattern is first confirmed, about
//! 50 µs each, and search in linear time. A list of matches is many searches, which is why long
//! lists are finished by [`listing`]. regex-automata has no look-around, and rules of its own for
//! empty text: [`around`].
//!
//! Zero-width conditions: `\b` is the engine's ASCII one, exact by the choice of symbols. The engine's
//! line terminator is [`NEWLINE`], so its plain line conditions hold next to newlines that are not the
//! last, and its CRLF-aware ones next to [`FINAL_NEWLINE`](crate::alphabet::FINAL_NEWLINE): the latter
//! are `$` without MULTILINE, both together MULTILINE's `^` and `$`.

mod around;
mod candidates;
mod factor;
pub(crate) mod listing;

use std::sync::atomic::AtomicBool;
use std::sync::OnceLock;

use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{self, Hir};

use crate::alphabet::NEWLINE;
use crate::early::Reach;
use crate::memory;
use crate::pass::Begins;
use crate::pattern::classes::Resolve;
use crate::pattern::{Look, Node, RepeatKind};
use crate::scan::Groups;
use crate::span::Span;
use around::Around;
pub use candidates::Candidates;
use listing::Listing;

/// Most bytes that one automaton may take. [`crate::pattern::MAX_WEIGHT`] keeps automata below it.
const SIZE_LIMIT: usize = 256 << 20;

/// Bytes of a lazy automaton's cache, whatever the pattern. Most patterns have tens of states and use
/// a tenth of it.
const CACHE: usize = 256 << 10;

/// Bytes of the cache that a pattern may use beyond, for each of its own states and at most.
///
/// An automaton whose cache is too small is given up, text after text, for a simulation that takes
/// 100 times as long. Bounded repeats have about as many states in use as are written out:
/// `\b[a-z0-9]{0,40}key[\s=:]{1,5}["']?([a-zA-Z0-9/+]{40,200})` has some hundreds of 1 KB each, and
/// `[ab]{2500}c` took 20 µs a character for good where it now takes 32 ms once. Where the states never
/// recur (`a[ab]{2000}c` on random letters) what is spent before giving up grows as well: at most
/// twice the time for a text of 20,000 characters, a fifth more for 100,000.
const CACHE_PER_STATE: u64 = 4 << 10;
const MAX_CACHE: u64 = 4 << 20;

/// Bytes that the engine's own lists take of the cache for each of a pattern's states.
const LISTS_PER_STATE: u64 = 32;

/// More bytes than building an automaton takes, which cannot report that there are not enough.
const BUILDING: usize = 4 << 20;

/// And for each state of the pattern written out, while the lists grow; tries share most of them.
const STATE: usize = 128;

/// How many matches of a pattern are searched for one by one before [`Listing`] takes over.
///
/// Searches know literals and skip what has none, so they are faster where matches are rare; each of
/// them may look at the whole rest of the text, so this is also by how much a list can be slower than
/// one search.
const SEARCHES: usize = 32;

/// Up to this many matches are worth their searches even if each looks at the rest of the text.
const FEW: usize = 1_000;

/// Groups of longer matches are read off by [`Listing::groups`].
///
/// The engine takes 12 ns a character for them while a bit for each state and character fits in 256 KB,
/// and 36 beyond; the walks take 2 to 12, and some microseconds to start.
const LONG: usize = 1_024;

/// What an automaton is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutomatonKind {
    /// Spans alone: the smallest.
    Spans,
    /// Spans and groups.
    Groups,
    /// Matches that end where the text ends, with groups: what `fullmatch` finds. Leftmost-first
    /// takes the first way to match, so "and is it at the end?" has to be part of the pattern.
    Full,
}

/// What finds a pattern's matches.
#[derive(Debug)]
pub enum Automaton {
    /// Searches by regex-automata.
    Search(Regex),
    /// For patterns with look-around, which that does not know, and those with its own rules for empty
    /// text.
    Around(Box<Around>),
}

impl Automaton {
    /// Whether there is a match.
    pub fn is_match(&self, symbols: &[u8]) -> bool {
        match self {
            Automaton::Search(regex) => regex.is_match(symbols),
            Automaton::Around(around) => around.is_match(symbols),
        }
    }

    /// Whether groups are told by trying the match again, which goes as far as the text does.
    pub fn tries_again(&self) -> bool {
        matches!(self, Automaton::Around(_))
    }

    /// How many symbols before a position decide what holds there.
    pub fn reach(&self) -> usize {
        match self {
            Automaton::Search(_) => 1,
            Automaton::Around(around) => around.reach(),
        }
    }

    /// Bytes that it takes, a measure of how long a question may take.
    pub fn size(&self) -> usize {
        match self {
            Automaton::Search(regex) => regex.memory_usage(),
            Automaton::Around(around) => around.size(),
        }
    }
}

/// The automata of one pattern and what is known of them, each made when first needed.
#[derive(Debug, Default)]
pub struct Confirm {
    automata: [OnceLock<Option<Automaton>>; 3],
    /// The order in which the pattern closes its groups, which tells the last where none is repeated. `None`
    /// if an automaton cannot tell groups.
    pub closing: OnceLock<Option<Vec<u32>>>,
    /// Whether the pattern has a group in a repeat.
    pub has_repeated_group: OnceLock<bool>,
    /// What lists long rests of matches, if searches for them may overrun.
    pub listing: OnceLock<Option<Listing>>,
    /// What tells the groups of long matches.
    pub grouping: OnceLock<Option<Listing>>,
    /// Where matches of a pattern that only `re` answers may begin.
    pub candidates: OnceLock<Option<Candidates>>,
    /// How far the pattern looks.
    pub look_reach: OnceLock<Reach>,
    /// Bytes of the automaton for spans.
    pub weight: OnceLock<usize>,
    /// Whether a question about the pattern ever took long.
    pub was_slow: AtomicBool,
}

impl Confirm {
    /// The automaton of a kind, once it was built.
    pub fn automaton(
        &self,
        kind: AutomatonKind,
        build: impl FnOnce() -> Option<Automaton>,
    ) -> Option<&Automaton> {
        self.automata[kind as usize].get_or_init(build).as_ref()
    }
}

/// The automaton of a kind for a regular pattern. `None` if it would be too large.
pub fn automaton(node: &Node, classes: &dyn Resolve, kind: AutomatonKind) -> Option<Automaton> {
    let is_for_groups = kind != AutomatonKind::Spans;
    if node.is_tried() || is_for_groups && node.has_repeated_group() {
        return Around::new(node, classes, kind).map(|around| Automaton::Around(Box::new(around)));
    }
    Blueprint::of(node, classes).build(kind)
}

/// What the automata of a regular pattern without look-around are built from.
pub struct Blueprint {
    hir: Hir,
    /// About how many states it has.
    weight: u64,
}

impl Blueprint {
    /// The blueprint of a pattern.
    pub fn of(node: &Node, classes: &dyn Resolve) -> Self {
        let node = factor::factored(node, classes, factor::Which::NoLiterals);
        Blueprint { hir: hir(&node, classes), weight: node.weight() }
    }

    /// The automaton of a kind. `None` if it would be too large.
    pub fn build(self, kind: AutomatonKind) -> Option<Automaton> {
        let Blueprint { hir, weight } = self;
        let regex = match kind {
            AutomatonKind::Spans => build(&hir, weight, WhichCaptures::Implicit),
            AutomatonKind::Groups => build(&hir, weight, WhichCaptures::All),
            AutomatonKind::Full => {
                let whole = Hir::concat(vec![hir, Hir::look(hir::Look::End)]);
                build(&whole, weight, WhichCaptures::All)
            }
        };
        regex.map(Automaton::Search)
    }
}

/// Every automaton may be a DFA, those with `$` as well: see [`crate::alphabet::UNUSED`].
fn build(hir: &Hir, weight: u64, captures: WhichCaptures) -> Option<Regex> {
    let own = weight.saturating_mul(CACHE_PER_STATE).min(MAX_CACHE);
    let cache = CACHE as u64 + own + weight.saturating_mul(LISTS_PER_STATE);
    let config = Config::new()
        .utf8_empty(false)
        .line_terminator(NEWLINE)
        .nfa_size_limit(Some(SIZE_LIMIT))
        .hybrid_cache_capacity(usize::try_from(cache).unwrap_or(usize::MAX))
        .onepass(false)
        .which_captures(captures);
    let states = usize::try_from(weight).unwrap_or(usize::MAX);
    memory::headroom(states.saturating_mul(STATE).saturating_add(BUILDING));
    Regex::builder().configure(config).build_from_hir(hir).ok()
}

/// The first match at or after `from`, or the one that begins there.
pub fn first(automaton: &Automaton, symbols: &[u8], from: usize, anchored: bool) -> Option<Span> {
    match automaton {
        Automaton::Search(regex) => searched(regex, symbols, from, anchored),
        Automaton::Around(around) => around.first(symbols, from, anchored),
    }
}

/// All matches, where it is known at which places they may begin.
///
/// Each search but the last finds a match, so they look at the text once unless they overrun.
pub fn beginning(automaton: &Automaton, symbols: &[u8], begins: &[Begins]) -> Matches {
    let (mut spans, mut from) = (Vec::new(), 0);
    for begins in begins {
        if (begins.last as usize) < from {
            continue;
        }
        from = from.max(begins.first as usize);
        let found = match begins.end {
            Some(end) => Some(Span::new(from, end.get() as usize)),
            None => first(automaton, symbols, from, false),
        };
        let Some(found) = found else { break };
        from = found.end();
        memory::push(&mut spans, found);
    }
    Matches { spans, at_end: true }
}

fn searched(regex: &Regex, symbols: &[u8], from: usize, anchored: bool) -> Option<Span> {
    let anchored = if anchored { Anchored::Yes } else { Anchored::No };
    regex
        .search(&Input::new(symbols).range(from..).anchored(anchored))
        .map(|found| Span::new(found.start(), found.end()))
}

/// Where a search begins.
///
/// An empty match is followed by one that begins at the same place and is not empty, where there is one: so
/// `re` goes on at a place that [is taken](Begin::is_taken).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// The first place where a match may begin, in characters.
    pub at: usize,
    /// Whether the match may not be the empty one at that place, as it was found already.
    pub is_taken: bool,
}

impl Begin {
    /// At a place where no match was found.
    pub fn at(at: usize) -> Self {
        Begin { at, is_taken: false }
    }

    /// After a match.
    pub fn after(found: Span) -> Self {
        Begin { at: found.end(), is_taken: found.is_empty() }
    }
}

/// How many matches are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of them.
    All,
    /// At least this many: all may be listed, in linear time.
    AtLeast(usize),
    /// At most this many.
    AtMost(usize),
}

/// Some of a pattern's matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// From the left, none overlapping.
    pub spans: Vec<Span>,
    /// Whether there are no more.
    pub at_end: bool,
}

/// The matches from `from` on.
///
/// `listing` gives what lists matches in linear time, for patterns whose searches may overrun, and is
/// called once at most. It lists all, so it is not used for a few.
pub fn some<'a>(
    automaton: &Automaton,
    symbols: &[u8],
    begin: Begin,
    wanted: Wanted,
    listing: impl FnOnce() -> Option<&'a Listing>,
) -> Matches {
    let regex = match automaton {
        Automaton::Search(regex) => regex,
        Automaton::Around(around) => return around.some(symbols, begin, wanted),
    };
    let mut from = begin.at;
    let (limit, may_list) = match wanted {
        Wanted::All => (usize::MAX, true),
        Wanted::AtLeast(limit) => (limit, true),
        Wanted::AtMost(limit) => (limit, limit > FEW),
    };
    let mut listing = may_list.then_some(listing);
    let mut spans = Vec::new();
    while spans.len() < limit {
        let Some(span) = searched(regex, symbols, from, false) else {
            return Matches { spans, at_end: true };
        };
        debug_assert!(!span.is_empty(), "patterns that match the empty text are not searched here");
        from = span.end();
        memory::push(&mut spans, span);
        if spans.len() >= SEARCHES {
            if let Some(listing) = listing.take().and_then(|make| make()) {
                listing.list(symbols, Begin::at(from), &mut spans);
                if let Wanted::AtMost(limit) = wanted {
                    spans.truncate(limit);
                }
                return Matches { spans, at_end: true };
            }
        }
    }
    Matches { spans, at_end: false }
}

/// The groups of a match: the whole match, then group 1, 2, …
///
/// Only its own characters are looked at, conditions aside: a way that `re` prefers and that ends there
/// or before would have been the match. So the groups of all matches take time linear in the text.
/// `grouping` is called if the match is long. `closing` is the order in which the pattern closes its groups.
pub fn groups<'a>(
    automaton: &Automaton,
    symbols: &[u8],
    found: Span,
    closing: &[u32],
    grouping: impl FnOnce() -> Option<&'a Listing>,
) -> Option<Groups> {
    let regex = match automaton {
        Automaton::Search(regex) => regex,
        Automaton::Around(around) => return around.groups(symbols, found),
    };
    if found.len() > LONG {
        if let Some(grouping) = grouping() {
            return grouping.groups(symbols, found);
        }
    }
    let mut captures = regex.create_captures();
    let input = Input::new(symbols).range(found.start()..found.end()).anchored(Anchored::Yes);
    regex.search_captures(&input, &mut captures);
    captures.is_match().then(|| {
        let spans: Vec<Option<Span>> = (0..captures.group_len())
            .map(|group| captures.get_group(group).map(|span| Span::new(span.start, span.end)))
            .collect();
        let took_part = |group: &&u32| spans.get(**group as usize).is_some_and(Option::is_some);
        let last = closing.iter().rev().find(took_part).copied();
        Groups { spans, last }
    })
}

/// A regular pattern in the automaton's terms.
fn hir(node: &Node, classes: &dyn Resolve) -> Hir {
    match node {
        Node::Empty => Hir::empty(),
        Node::Class(class) => {
            let ranges = classes.class(*class).ranges();
            let ranges = ranges.into_iter().map(|(lo, hi)| hir::ClassBytesRange::new(lo, hi));
            Hir::class(hir::Class::Bytes(hir::ClassBytes::new(ranges)))
        }
        Node::Concat(nodes) => Hir::concat(nodes.iter().map(|node| hir(node, classes)).collect()),
        Node::Alternate(nodes) => {
            Hir::alternation(nodes.iter().map(|node| hir(node, classes)).collect())
        }
        Node::Repeat { min, max, kind, node } => Hir::repetition(hir::Repetition {
            min: *min,
            max: *max,
            greedy: *kind != RepeatKind::Lazy,
            sub: Box::new(hir(node, classes)),
        }),
        Node::Group { index, node } => Hir::capture(hir::Capture {
            index: *index,
            name: None,
            sub: Box::new(hir(node, classes)),
        }),
        Node::Look(look) => match look {
            Look::TextStart => Hir::look(hir::Look::Start),
            Look::TextEnd => Hir::look(hir::Look::End),
            Look::LineStart => either(hir::Look::StartLF, hir::Look::StartCRLF),
            Look::LineEnd => either(hir::Look::EndLF, hir::Look::EndCRLF),
            Look::LastLineEnd => Hir::look(hir::Look::EndCRLF),
            Look::Boundary | Look::AsciiBoundary => Hir::look(hir::Look::WordAscii),
            Look::NotBoundary | Look::NotAsciiBoundary => Hir::look(hir::Look::WordAsciiNegate),
        },
        // Irregular nodes never get here; matching nothing is the safe reading.
        Node::Never
        | Node::LookAround(..)
        | Node::BackReference(_)
        | Node::Conditional(..)
        | Node::Atomic(_)
        | Node::Quirk(_) => Hir::fail(),
    }
}

fn either(one: hir::Look, other: hir::Look) -> Hir {
    Hir::alternation(vec![Hir::look(one), Hir::look(other)])
}
