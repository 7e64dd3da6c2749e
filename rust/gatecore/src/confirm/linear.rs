//! Every match in time linear in the text, whatever the pattern and the text.
//!
//! One search is linear, but a list of matches takes as many searches as there are matches, and a
//! search may look far beyond the match that it ends with: `a.*b|a` on a run of `a` looks for a `b`
//! to the end of the text, finds none, and settles for one character; the next search does the same.
//! Here the future is worked out first, once, from the right; then the matches are read off from
//! the left by never taking a way that leads nowhere (Frisch and Cardelli's greedy matching):
//!
//! ```text
//! text            a     a     b     a     a            pattern  a.*b|a
//!              ┌─────┬─────┬─────┬─────┬─────┐                  ¹¹²³ ⁴
//! can still    │ 1 4 │1 2 4│ 2 3 │ 1 4 │  4… │  ◀── 1. from the right: of each position the set of
//! lead on      └─────┴─────┴─────┴─────┴─────┘         states that can take this character and still
//!                1 ───▶ 2 ───▶ 3    4     4      ──▶   reach a match: one number, a DFA's state
//! matches       (0               3)(3,4) (4,5)      2. from the left: at each step the first state, by
//!                                                      priority, that is in the set
//! ```
//!
//! Both walks take constant time a character once the automaton's states are known. A state that is
//! new costs one walk over the pattern's states, so the bound is text × pattern, as for any automaton.
//!
//! Memory: the sets are worked out anew for stretches of the text, each from a checkpoint at its end,
//! so that at most [`BUDGET`] twice over is used, and a checkpoint a stretch (at worst 20 bytes a
//! character, for a pattern of 100,000 states; mostly nothing, as equal sets are shared).
//!
//! It adds 3 ns a character where matches are short (`\d+`, 100,000 natural characters: 0.3 ms, by
//! searches 0.03) and 10 where they are long (`.*the.*`: 1.8 and 0.9 ms). So it is used only for the rest of a text that has shown many matches
//! ([`super::all`]), and only by patterns that [`may_overrun`].

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::Resolve;
use crate::alphabet::{FINAL_NEWLINE, NEWLINE};
use crate::byte_set::ByteSet;
use crate::lowered::{ClassId, Look, Node, RepeatKind};
use crate::memory;
use crate::pass::never_matches;
use crate::span::Span;

/// Bytes of automaton states after which they are dropped, and also how many a stretch may add.
const BUDGET: usize = 8 << 20;

/// Longest stretch, in characters.
const STRETCH: usize = 1 << 16;

/// Entries of the memory of choices; a power of two.
const CHOICES: usize = 1 << 10;

/// Whether searches for this pattern may look at the same characters many times over.
///
/// What a search looks at beyond its match was taken by a way that led nowhere: stretches taken by a
/// repeat, and between them at most as many characters as the pattern has classes. If every match
/// needs a character that the repeat cannot take, no match lies inside such a stretch, so only a few
/// searches, by the pattern's length, look at the same place. `no\s+risk` is of this kind, `a.*b|a`
/// is not. Nor can a way come to nothing in a repeat at the pattern's end, as in `\w+`: it has
/// matched with each round.
///
/// Patterns with `$` always may: the engine that searches for them (see `build` in `confirm.rs`)
/// clears up to 256 KB before each search.
pub fn may_overrun(node: &Node, classes: &dyn Resolve) -> bool {
    let mut last_line_end = false;
    node.walk(&mut |inner| last_line_end |= *inner == Node::Look(Look::LastLineEnd));
    if last_line_end {
        return true;
    }
    let mut taken = HashSet::new();
    open_loops(node, true, classes, &mut taken);
    taken.into_iter().any(|taken| !never_matches(node, &Within { taken, classes }))
}

/// Adds what each repeat can take, unless after each of its rounds the pattern has matched. `at_end`:
/// nothing that has to take a symbol or hold comes behind the node.
fn open_loops(node: &Node, at_end: bool, classes: &dyn Resolve, loops: &mut HashSet<ByteSet>) {
    match node {
        Node::Concat(nodes) => {
            let mut at_end = at_end;
            for node in nodes.iter().rev() {
                open_loops(node, at_end, classes, loops);
                at_end &= node.min_length() == 0;
                node.walk(&mut |inner| at_end &= !matches!(inner, Node::Look(_)));
            }
        }
        Node::Alternate(nodes) => {
            nodes.iter().for_each(|node| open_loops(node, at_end, classes, loops));
        }
        Node::Group { node, .. } => open_loops(node, at_end, classes, loops),
        Node::Repeat { min, max, node, .. } => {
            let at_end = at_end && *min <= 1;
            if !at_end && max.is_none_or(|max| max > 1) {
                let mut taken = ByteSet::EMPTY;
                node.walk(&mut |inner| {
                    if let Node::Class(class) = inner {
                        taken = taken.union(&classes.class(*class));
                    }
                });
                loops.insert(taken);
            }
            open_loops(node, at_end, classes, loops);
        }
        _ => {}
    }
}

/// Classes over a text that holds certain symbols only.
struct Within<'a> {
    taken: ByteSet,
    classes: &'a dyn Resolve,
}

impl Resolve for Within<'_> {
    fn class(&self, class: ClassId) -> ByteSet {
        self.classes.class(class).intersection(&self.taken)
    }
}

/// Number of a state of the pattern's automaton.
type StateId = u32;

/// A state of the pattern's automaton, before determinisation.
#[derive(Clone, Debug)]
enum State {
    /// Takes one symbol. `bit` is its place in sets.
    Take { set: ByteSet, next: StateId, bit: u32 },
    /// Goes on at one of these, the first preferred.
    Split([StateId; 2]),
    /// Goes on if a condition holds.
    If(Look, StateId),
    /// Has matched.
    Match,
}

/// What conditions tell apart of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Neighbour {
    Other,
    Word,
    Newline,
    FinalNewline,
    /// No neighbour: the text begins or ends.
    Edge,
}

impl Neighbour {
    fn of(symbol: u8) -> Self {
        match symbol {
            NEWLINE => Neighbour::Newline,
            FINAL_NEWLINE => Neighbour::FinalNewline,
            b'_' => Neighbour::Word,
            _ if symbol.is_ascii_alphanumeric() => Neighbour::Word,
            _ => Neighbour::Other,
        }
    }
}

fn holds(look: Look, before: Neighbour, after: Neighbour) -> bool {
    use Neighbour::{Edge, FinalNewline, Newline, Word};
    match look {
        Look::TextStart => before == Edge,
        Look::TextEnd => after == Edge,
        Look::LineStart => matches!(before, Edge | Newline | FinalNewline),
        Look::LineEnd => matches!(after, Edge | Newline | FinalNewline),
        Look::LastLineEnd => matches!(after, Edge | FinalNewline),
        Look::Boundary | Look::AsciiBoundary => (before == Word) != (after == Word),
        Look::NotBoundary | Look::NotAsciiBoundary => (before == Word) == (after == Word),
    }
}

/// A pattern made ready for listing its matches. Built in microseconds, for one use.
#[derive(Debug)]
pub struct Listing {
    states: Vec<State>,
    start: StateId,
    /// The state of each bit.
    takers: Vec<StateId>,
    /// Of each state the ones that lead to it: `leads[ends[i - 1]..ends[i]]`.
    leads: Vec<StateId>,
    ends: Vec<u32>,
    /// Symbols that no state and no condition tells apart have one number.
    kinds: [u8; 256],
    kind_count: usize,
    /// Whether neighbours matter.
    looks: bool,
}

impl Listing {
    /// `None` for irregular patterns.
    pub fn new(node: &Node, classes: &dyn Resolve) -> Option<Self> {
        let mut builder = Builder { classes, states: vec![State::Match], bits: 0, looks: false };
        let start = builder.add(node, 0)?;
        let Builder { states, looks, .. } = builder;
        let mut takers = Vec::new();
        let mut to: Vec<Vec<StateId>> = vec![Vec::new(); states.len()];
        let mut sets = HashSet::new();
        for (id, state) in states.iter().enumerate() {
            let id = id as StateId;
            match state {
                State::Take { set, next, bit } => {
                    debug_assert_eq!(takers.len(), *bit as usize);
                    takers.push(id);
                    sets.insert(*set);
                    to[*next as usize].push(id);
                }
                State::Split(nexts) => nexts.iter().for_each(|next| to[*next as usize].push(id)),
                State::If(_, next) => to[*next as usize].push(id),
                State::Match => {}
            }
        }
        let mut ends = Vec::with_capacity(states.len());
        let mut leads = Vec::with_capacity(states.len());
        for list in to {
            leads.extend(list);
            ends.push(leads.len() as u32);
        }
        let (kinds, kind_count) = kinds(sets.into_iter(), looks);
        Some(Listing { states, start, takers, leads, ends, kinds, kind_count, looks })
    }

    fn neighbour(&self, symbol: Option<u8>) -> Neighbour {
        match symbol {
            _ if !self.looks => Neighbour::Other,
            Some(symbol) => Neighbour::of(symbol),
            None => Neighbour::Edge,
        }
    }

    fn leads_to(&self, state: StateId) -> &[StateId] {
        let index = state as usize;
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.leads[begin as usize..self.ends[index] as usize]
    }

    /// Adds every match at or after `from`, none overlapping, to `spans`.
    pub fn list(&self, symbols: &[u8], from: usize, spans: &mut Vec<Span>) {
        self.list_within(BUDGET, symbols, from, spans);
    }

    fn list_within(&self, budget: usize, symbols: &[u8], from: usize, spans: &mut Vec<Span>) {
        let mut futures = Futures::new(self, budget);
        let stretch = futures.stretch;
        let stretches = (symbols.len() - from).div_ceil(stretch);
        let begin_of = |number: usize| symbols.len().min(from + number * stretch);

        // What can follow at the end of each stretch but the first's begin, from the right.
        let mut checkpoints: Vec<Rc<[u64]>> = Vec::with_capacity(stretches);
        let mut future = futures.at_end();
        for number in (0..stretches).rev() {
            checkpoints.push(Rc::clone(&futures.sets[future as usize]));
            if number > 0 {
                future = futures.renew(future);
                for &symbol in symbols[begin_of(number)..begin_of(number + 1)].iter().rev() {
                    future = futures.before(future, symbol) & !BEGINS;
                }
            }
        }

        let mut walk = Walk { listing: self, symbols, way: None, spans, choices: Choices::new() };
        let mut ahead = Vec::with_capacity(stretch.min(symbols.len() - from) + 1);
        for number in 0..stretches {
            let (begin, end) = (begin_of(number), begin_of(number + 1));
            let set = checkpoints.pop().expect("a checkpoint for each stretch");
            if futures.is_full() {
                futures.clear();
                walk.choices = Choices::new();
            }
            futures.fill(&set, symbols, begin..end, &mut ahead);
            walk.through(begin, &ahead, &futures);
        }
    }
}

struct Builder<'a> {
    classes: &'a dyn Resolve,
    states: Vec<State>,
    bits: u32,
    looks: bool,
}

impl Builder<'_> {
    fn push(&mut self, state: State) -> StateId {
        self.states.push(state);
        (self.states.len() - 1) as StateId
    }

    fn split(&mut self, kind: RepeatKind, body: StateId, next: StateId) -> StateId {
        self.push(State::Split(if kind == RepeatKind::Lazy { [next, body] } else { [body, next] }))
    }

    /// Adds a node that goes on at `next` and says where it begins.
    fn add(&mut self, node: &Node, next: StateId) -> Option<StateId> {
        Some(match node {
            Node::Empty => next,
            Node::Never => self.take(ByteSet::EMPTY, next),
            Node::Class(class) => self.take(self.classes.class(*class), next),
            Node::Concat(nodes) => {
                nodes.iter().rev().try_fold(next, |next, node| self.add(node, next))?
            }
            Node::Alternate(nodes) => {
                let (last, others) = nodes.split_last()?;
                let mut first = self.add(last, next)?;
                for node in others.iter().rev() {
                    let branch = self.add(node, next)?;
                    first = self.push(State::Split([branch, first]));
                }
                first
            }
            Node::Repeat { kind: RepeatKind::Possessive, .. } => return None,
            Node::Repeat { min, max, kind, node } => {
                let mut first = next;
                let rounds = match max {
                    Some(max) => {
                        for _ in *min..*max {
                            let body = self.add(node, first)?;
                            first = self.split(*kind, body, next);
                        }
                        *min
                    }
                    None => {
                        let again = self.push(State::Split([0, 0]));
                        let body = self.add(node, again)?;
                        let ways =
                            if *kind == RepeatKind::Lazy { [next, body] } else { [body, next] };
                        self.states[again as usize] = State::Split(ways);
                        // The loop's own round is the last of those that have to be.
                        first = if *min == 0 { again } else { body };
                        min.saturating_sub(1)
                    }
                };
                for _ in 0..rounds {
                    first = self.add(node, first)?;
                }
                first
            }
            Node::Group { node, .. } => self.add(node, next)?,
            Node::Look(look) => {
                self.looks = true;
                self.push(State::If(*look, next))
            }
            Node::LookAround(..)
            | Node::BackReference(_)
            | Node::Conditional(..)
            | Node::Atomic(_)
            | Node::Quirk(_) => return None,
        })
    }

    fn take(&mut self, set: ByteSet, next: StateId) -> StateId {
        let bit = self.bits;
        self.bits += 1;
        self.push(State::Take { set, next, bit })
    }
}

/// Numbers the symbols so that those in the same sets have the same number.
fn kinds(sets: impl Iterator<Item = ByteSet>, looks: bool) -> ([u8; 256], usize) {
    let mut kinds = [0u8; 256];
    let mut count = 1;
    let neighbours = [Neighbour::Word, Neighbour::Newline, Neighbour::FinalNewline].map(|wanted| {
        (0..=u8::MAX).filter(|&symbol| looks && Neighbour::of(symbol) == wanted).collect()
    });
    for set in sets.chain(neighbours) {
        let mut numbers: HashMap<(u8, bool), u8> = HashMap::new();
        for (symbol, kind) in (0..=u8::MAX).zip(&mut kinds) {
            let next = numbers.len() as u8;
            *kind = *numbers.entry((*kind, set.contains(symbol))).or_insert(next);
        }
        count = numbers.len();
    }
    (kinds, count)
}

/// In an answer of [`Futures::before`]: a match can begin between the symbol and the future.
const BEGINS: u32 = 1 << 31;
const UNKNOWN: u32 = u32::MAX;

/// The automaton that reads from the right, made as it is needed.
///
/// Its state before a position, a *future*, is the set of the states that can take the symbol there
/// and still reach a match, and what conditions need to know of that symbol (the set's last word).
struct Futures<'a> {
    listing: &'a Listing,
    sets: Vec<Rc<[u64]>>,
    numbers: HashMap<Rc<[u64]>, u32>,
    /// For each future and kind of symbol the future before that symbol, or [`UNKNOWN`].
    table: Vec<u32>,
    /// Bytes of futures after which they are dropped.
    budget: usize,
    /// Longest stretch that surely adds no more than the budget.
    stretch: usize,
    /// Round in which a state was last reached.
    reached: Vec<u32>,
    round: u32,
    stack: Vec<StateId>,
}

impl<'a> Futures<'a> {
    fn new(listing: &'a Listing, budget: usize) -> Self {
        let mut futures = Futures {
            listing,
            budget,
            sets: Vec::new(),
            numbers: HashMap::new(),
            table: Vec::new(),
            stretch: 0,
            reached: vec![0; listing.states.len()],
            round: 0,
            stack: Vec::new(),
        };
        futures.stretch = (budget / futures.future_size()).clamp(1, STRETCH);
        futures
    }

    fn words(&self) -> usize {
        self.listing.takers.len().div_ceil(64) + 1
    }

    /// Bytes of one future.
    fn future_size(&self) -> usize {
        self.words() * 8 + self.listing.kind_count * 4 + 64
    }

    fn is_full(&self) -> bool {
        self.sets.len() * self.future_size() > self.budget
    }

    fn clear(&mut self) {
        self.sets.clear();
        self.numbers.clear();
        self.table.clear();
    }

    /// Drops all futures but one, if there are too many.
    fn renew(&mut self, future: u32) -> u32 {
        if !self.is_full() {
            return future;
        }
        let set = Rc::clone(&self.sets[future as usize]);
        self.clear();
        self.number(&set)
    }

    fn number(&mut self, set: &[u64]) -> u32 {
        if let Some(&number) = self.numbers.get(set) {
            return number;
        }
        let number = self.sets.len() as u32;
        let set: Rc<[u64]> = set.into();
        self.sets.push(Rc::clone(&set));
        self.numbers.insert(set, number);
        self.table.resize(self.table.len() + self.listing.kind_count, UNKNOWN);
        number
    }

    /// The future where the text ends: nothing can take a symbol.
    fn at_end(&mut self) -> u32 {
        let mut set = vec![0; self.words()];
        *set.last_mut().expect("a set has a last word") = self.listing.neighbour(None) as u64;
        self.number(&set)
    }

    /// The future before a symbol, and whether a match can begin behind that symbol.
    fn before(&mut self, future: u32, symbol: u8) -> u32 {
        let kind = usize::from(self.listing.kinds[usize::from(symbol)]);
        let place = future as usize * self.listing.kind_count + kind;
        match self.table[place] {
            UNKNOWN => {
                let begins = self.reach(future, self.listing.neighbour(Some(symbol)));
                let set = self.takers_of(symbol);
                let before = self.number(&set) | if begins { BEGINS } else { 0 };
                self.table[place] = before;
                before
            }
            known => known,
        }
    }

    /// Marks every state that leads to a match from a position, given what stands before it; says
    /// whether the pattern's first state is one.
    fn reach(&mut self, future: u32, before: Neighbour) -> bool {
        let listing = self.listing;
        let set = Rc::clone(&self.sets[future as usize]);
        let (last, words) = set.split_last().expect("a set has a last word");
        let after = [
            Neighbour::Other,
            Neighbour::Word,
            Neighbour::Newline,
            Neighbour::FinalNewline,
            Neighbour::Edge,
        ][*last as usize];
        self.round += 1;
        self.stack.clear();
        self.stack.push(0);
        for (index, &word) in words.iter().enumerate() {
            let mut rest = word;
            while rest != 0 {
                self.stack.push(listing.takers[index * 64 + rest.trailing_zeros() as usize]);
                rest &= rest - 1;
            }
        }
        self.stack.iter().for_each(|&state| self.reached[state as usize] = self.round);
        let mut next = 0;
        while let Some(&state) = self.stack.get(next) {
            next += 1;
            for &lead in listing.leads_to(state) {
                let leads = match &listing.states[lead as usize] {
                    State::Split(_) => true,
                    State::If(look, _) => holds(*look, before, after),
                    State::Take { .. } | State::Match => false,
                };
                if leads && self.reached[lead as usize] != self.round {
                    self.reached[lead as usize] = self.round;
                    self.stack.push(lead);
                }
            }
        }
        self.reached[listing.start as usize] == self.round
    }

    /// The states that can take a symbol to one of those that [`Futures::reach`] found.
    fn takers_of(&self, symbol: u8) -> Vec<u64> {
        let listing = self.listing;
        let mut set = vec![0; self.words()];
        for &state in &self.stack {
            for &lead in listing.leads_to(state) {
                if let State::Take { set: symbols, bit, .. } = &listing.states[lead as usize] {
                    if symbols.contains(symbol) {
                        set[*bit as usize / 64] |= 1 << (bit % 64);
                    }
                }
            }
        }
        *set.last_mut().expect("a set has a last word") = listing.neighbour(Some(symbol)) as u64;
        set
    }

    /// The futures of a stretch, of its begin first and of its end last, each with [`BEGINS`].
    fn fill(
        &mut self,
        at_end: &[u64],
        symbols: &[u8],
        stretch: std::ops::Range<usize>,
        ahead: &mut Vec<u32>,
    ) {
        ahead.clear();
        ahead.resize(stretch.len() + 1, 0);
        let mut future = self.number(at_end);
        for (place, &symbol) in symbols[stretch.clone()].iter().enumerate().rev() {
            let before = self.before(future, symbol);
            ahead[place + 1] = future | before & BEGINS;
            future = before & !BEGINS;
        }
        let before = stretch.start.checked_sub(1).map(|place| symbols[place]);
        let begins = self.reach(future, self.listing.neighbour(before));
        ahead[0] = future | if begins { BEGINS } else { 0 };
    }
}

/// Choices that were made: a hash table without chains, so that its size is fixed.
struct Choices(Box<[(StateId, u32, Neighbour, StateId)]>);

impl Choices {
    fn new() -> Self {
        Choices(vec![(UNKNOWN, UNKNOWN, Neighbour::Other, 0); CHOICES].into())
    }

    fn place(state: StateId, future: u32, before: Neighbour) -> usize {
        let mixed = state.wrapping_mul(0x9E37_79B1)
            ^ future.wrapping_mul(0x85EB_CA77)
            ^ (before as u32).wrapping_mul(0xC2B2_AE3D);
        (mixed ^ mixed >> 15) as usize & (CHOICES - 1)
    }
}

/// The walk from the left.
struct Walk<'a> {
    listing: &'a Listing,
    symbols: &'a [u8],
    /// Where the match at hand began, and the state that takes the next symbol.
    way: Option<(usize, StateId)>,
    spans: &'a mut Vec<Span>,
    choices: Choices,
}

impl Walk<'_> {
    fn through(&mut self, begin: usize, ahead: &[u32], futures: &Futures<'_>) {
        let length = ahead.len() - 1;
        let mut at = 0;
        while at < length {
            let (start, state) = match self.way {
                Some(way) => way,
                None => {
                    let found = ahead[at..length].iter().position(|future| future & BEGINS != 0);
                    let Some(skipped) = found else { return };
                    at += skipped;
                    (begin + at, self.choose(self.listing.start, begin + at, ahead[at], futures))
                }
            };
            let State::Take { next, .. } = self.listing.states[state as usize] else {
                unreachable!("patterns that match the empty text are not listed")
            };
            at += 1;
            let state = self.choose(next, begin + at, ahead[at], futures);
            self.way = match self.listing.states[state as usize] {
                State::Match => {
                    memory::push(self.spans, Span::new(start, begin + at));
                    None
                }
                _ => Some((start, state)),
            };
        }
    }

    /// The first state by priority, from `state` on, that takes a symbol and leads to a match, or
    /// has matched.
    fn choose(&mut self, state: StateId, at: usize, future: u32, futures: &Futures<'_>) -> StateId {
        let listing = self.listing;
        if matches!(listing.states[state as usize], State::Take { .. } | State::Match) {
            return state;
        }
        let future = future & !BEGINS;
        let before = listing.neighbour(at.checked_sub(1).map(|place| self.symbols[place]));
        let place = Choices::place(state, future, before);
        let known = &self.choices.0[place];
        if (known.0, known.1, known.2) == (state, future, before) {
            return known.3;
        }
        let after = listing.neighbour(self.symbols.get(at).copied());
        let set = &futures.sets[future as usize];
        let mut seen = HashSet::new();
        let mut stack = vec![state];
        while let Some(next) = stack.pop() {
            let is_last = match &listing.states[next as usize] {
                State::Match => true,
                State::Take { bit, .. } => set[*bit as usize / 64] & 1 << (bit % 64) != 0,
                State::Split([first, second]) => {
                    if seen.insert(next) {
                        stack.extend([*second, *first]);
                    }
                    false
                }
                State::If(look, then) => {
                    if holds(*look, before, after) && seen.insert(next) {
                        stack.push(*then);
                    }
                    false
                }
            };
            if is_last {
                self.choices.0[place] = (state, future, before, next);
                return next;
            }
        }
        unreachable!("the walk from the right marked this way")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::confirm::{self, AutomatonKind, Confirm, Wanted};

    /// Classes over the symbols `a b c blank \n \r`; `\r` stands at the end of a text only.
    struct Classes;

    const SETS: [&[u8]; 7] = [b"a", b"b", b"c", b"ab", b"abc ", b"\n\r", b"abc \n\r"];

    impl Resolve for Classes {
        fn class(&self, class: ClassId) -> ByteSet {
            SETS[class.0 as usize].iter().copied().collect()
        }
    }

    fn class() -> impl Strategy<Value = Node> {
        (0..SETS.len() as u32).prop_map(|class| Node::Class(ClassId(class)))
    }

    /// The node, or one like it that cannot match the empty text.
    fn solid(node: Node) -> Node {
        match node.min_length() {
            0 => Node::Concat(vec![node, Node::Class(ClassId(3))]),
            _ => node,
        }
    }

    fn node() -> impl Strategy<Value = Node> {
        let look = prop::sample::select(vec![
            Look::TextStart,
            Look::TextEnd,
            Look::LineStart,
            Look::LineEnd,
            Look::LastLineEnd,
            Look::Boundary,
            Look::NotBoundary,
        ]);
        let leaf = prop_oneof![
            8 => class(),
            1 => Just(Node::Empty),
            1 => look.prop_map(Node::Look),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let kind = prop::sample::select(vec![RepeatKind::Greedy, RepeatKind::Lazy]);
            let max = prop_oneof![Just(None), (0..4u32).prop_map(Some)];
            prop_oneof![
                3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Concat),
                3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Alternate),
                3 => (0..3u32, max, kind, inner.clone()).prop_map(|(min, max, kind, node)| {
                    let node = Box::new(solid(node));
                    Node::Repeat { min, max: max.map(|max| min + max), kind, node }
                }),
                1 => inner.prop_map(|node| Node::Group { index: 1, node: Box::new(node) }),
            ]
        })
        .prop_map(solid)
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let symbols = prop::collection::vec(prop::sample::select(b"aaabbc \n".to_vec()), 0..60);
        (symbols, any::<bool>()).prop_map(|(mut symbols, newline)| {
            if newline {
                symbols.push(FINAL_NEWLINE);
            }
            symbols
        })
    }

    fn list(node: &Node, symbols: &[u8], from: usize, budget: usize) -> Vec<Span> {
        let mut spans = Vec::new();
        Listing::new(node, &Classes).unwrap().list_within(budget, symbols, from, &mut spans);
        spans
    }

    fn searched(node: &Node, symbols: &[u8]) -> Vec<Span> {
        let confirm = Confirm::default();
        let regex =
            confirm.automaton(AutomatonKind::Spans, || Some(confirm::hir(node, &Classes))).unwrap();
        confirm::some(regex, symbols, 0, Wanted::All, || None).spans
    }

    #[test]
    fn searches_for_ordinary_patterns_do_not_overrun() {
        let class = |class| Node::Class(ClassId(class));
        let many = |node| Node::Repeat {
            min: 1,
            max: None,
            kind: RepeatKind::Greedy,
            node: Box::new(node),
        };
        let (a, b, any) = (class(0), class(1), class(4));
        let to_b = Node::Concat(vec![a.clone(), many(any.clone()), b.clone()]);
        let cases = [
            (many(any.clone()), false),
            (Node::Concat(vec![a.clone(), many(b.clone()), a.clone()]), false),
            (Node::Concat(vec![a.clone(), many(Node::Concat(vec![b.clone(), a.clone()]))]), false),
            (to_b.clone(), true),
            (Node::Alternate(vec![to_b, a.clone()]), true),
            (Node::Concat(vec![many(any.clone()), Node::Look(Look::TextEnd)]), true),
            (Node::Alternate(vec![Node::Concat(vec![many(a.clone()), b]), a.clone()]), true),
            (Node::Concat(vec![a, Node::Look(Look::LastLineEnd)]), true),
        ];
        for (node, expected) in cases {
            assert_eq!(may_overrun(&node, &Classes), expected, "{node:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn lists_what_searches_find(node in node(), symbols in text()) {
            prop_assume!(node.irregular().is_none());
            // Budgets for one stretch, for several, and for stretches of one symbol.
            let expected = searched(&node, &symbols);
            for budget in [BUDGET, 1_000, 0] {
                prop_assert_eq!(&list(&node, &symbols, 0, budget), &expected);
            }
            // From the end of each match on, as it is when it takes over.
            for (index, span) in expected.iter().enumerate() {
                prop_assert_eq!(&list(&node, &symbols, span.end(), BUDGET), &expected[index + 1..]);
            }
        }
    }
}
