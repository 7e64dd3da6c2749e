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
//! The groups of one long match are read off in the same way, from a walk from the right that begins
//! where the match ends and lets no way end elsewhere: the first way by priority that ends there is the
//! match. Other engines that know groups take 12 ns a character while a bit for each state and
//! character fits their memory and 36 beyond; this takes 2 to 12 ns, whatever the length.
//!
//! Memory: the sets are worked out anew for stretches of the text, each from a checkpoint at its end,
//! so that at most [`BUDGET`] twice over is used, and a checkpoint a stretch (at worst 20 bytes a
//! character, for a pattern of 100,000 states; mostly nothing, as equal sets are shared).
//!
//! It adds 3 ns a character where matches are short (`\d+`, 100,000 natural characters: 0.3 ms, by
//! searches 0.03) and 10 where they are long (`.*the.*`: 1.8 and 0.9 ms). So it is used only for the
//! rest of a text that has shown many matches ([`super::some`]), and only by patterns that
//! [`may_overrun`]; and for the groups of matches that are long.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::factor::{factored, Which};
use super::futures::{Ends, Futures, Known};
use super::walk::Walk;
use super::Resolve;
use crate::alphabet::{FINAL_NEWLINE, NEWLINE};
use crate::byte_set::ByteSet;
use crate::lowered::{ClassId, Look, Node, RepeatKind};
use crate::memory;
use crate::pass::never_matches;
use crate::span::Span;

/// Bytes of automaton states after which they are dropped, and also how many a stretch may add.
const BUDGET: usize = 8 << 20;

/// Bytes of automaton states that are kept from text to text. A pattern with large bounds has some
/// thousands of states, which take 4 ms to work out, ten times what the walks over 100,000 characters
/// take; most patterns have tens.
const KEPT: usize = 2 << 20;

/// Whether searches for this pattern may look at the same characters many times over.
///
/// What a search looks at beyond its match was taken by a way that led nowhere: stretches taken by a
/// repeat, and between them at most as many characters as the pattern has classes. If every match
/// needs a character that the repeat cannot take, no match lies inside such a stretch, so only a few
/// searches, by the pattern's length, look at the same place. `no\s+risk` is of this kind, `a.*b|a`
/// is not. Nor can a way come to nothing in a repeat at the pattern's end, as in `\w+`: it has
/// matched with each round.
pub fn may_overrun(node: &Node, classes: &dyn Resolve) -> bool {
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
pub(super) type StateId = u32;

/// The state that has matched.
pub(super) const MATCH: StateId = 0;

/// A state of the pattern's automaton, before determinisation.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Takes one symbol. `bit` is its place in sets.
    Take { set: ByteSet, next: StateId, bit: u32 },
    /// Goes on at one of these, the first preferred.
    Split([StateId; 2]),
    /// Goes on if a condition holds.
    If(Look, StateId),
    /// Notes where a group begins (twice its number) or ends (one more) and goes on.
    Mark(u32, StateId),
    /// Has matched.
    Match,
}

/// What conditions tell apart of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Neighbour {
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

pub(super) fn holds(look: Look, before: Neighbour, after: Neighbour) -> bool {
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

/// A pattern made ready for listing its matches, or for telling the groups of one. Built in
/// microseconds.
#[derive(Debug)]
pub struct Listing {
    pub(super) states: Vec<State>,
    pub(super) start: StateId,
    /// The state of each bit.
    pub(super) takers: Vec<StateId>,
    /// Of each state the ones that lead to it: `leads[ends[i - 1]..ends[i]]`.
    leads: Vec<StateId>,
    ends: Vec<u32>,
    /// Symbols that no state and no condition tells apart have one number.
    pub(super) kinds: [u8; 256],
    pub(super) kind_count: usize,
    /// Whether neighbours matter.
    looks: bool,
    /// One more than the greatest number of a mark.
    marks: u32,
    /// What the last walk found out, unless another thread has it at the moment.
    known: Mutex<Option<Known>>,
}

impl Listing {
    /// For matches without groups. `None` for irregular patterns.
    pub fn new(node: &Node, classes: &dyn Resolve) -> Option<Self> {
        Self::build(node, classes, false)
    }

    /// For groups. `None` for irregular patterns.
    pub fn with_groups(node: &Node, classes: &dyn Resolve) -> Option<Self> {
        Self::build(node, classes, true)
    }

    fn build(node: &Node, classes: &dyn Resolve, groups: bool) -> Option<Self> {
        let states = vec![State::Match];
        let node = &*factored(node, classes, Which::All);
        let mut builder = Builder {
            classes,
            states,
            numbers: HashMap::new(),
            bits: 0,
            looks: false,
            groups,
            marks: 0,
        };
        let start = builder.add(node, MATCH)?;
        let Builder { states, looks, marks, .. } = builder;
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
                State::If(_, next) | State::Mark(_, next) => to[*next as usize].push(id),
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
        let known = Mutex::default();
        Some(Listing { states, start, takers, leads, ends, kinds, kind_count, looks, marks, known })
    }

    pub(super) fn neighbour(&self, symbol: Option<u8>) -> Neighbour {
        match symbol {
            _ if !self.looks => Neighbour::Other,
            Some(symbol) => Neighbour::of(symbol),
            None => Neighbour::Edge,
        }
    }

    pub(super) fn leads_to(&self, state: StateId) -> &[StateId] {
        let index = state as usize;
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.leads[begin as usize..self.ends[index] as usize]
    }

    /// Adds every match at or after `from`, none overlapping, to `spans`.
    pub fn list(&self, symbols: &[u8], from: usize, spans: &mut Vec<Span>) {
        self.list_within(BUDGET, symbols, from, spans);
    }

    fn list_within(&self, budget: usize, symbols: &[u8], from: usize, spans: &mut Vec<Span>) {
        let mut futures = Futures::new(self, self.known(), budget, Ends::Anywhere);
        let mut walk = Walk::new(self, symbols, spans);
        read_off(&mut futures, symbols, from..symbols.len(), &mut walk);
        self.keep(futures);
    }

    // Neither waits: a thread that finds the lock taken works with states of its own.

    fn known(&self) -> Known {
        self.known.try_lock().ok().and_then(|mut known| known.take()).unwrap_or_default()
    }

    fn keep(&self, futures: Futures<'_>) {
        if let (Some(known), Ok(mut kept)) = (futures.into_known(KEPT), self.known.try_lock()) {
            *kept = Some(known);
        }
    }

    /// The groups of a match: the whole match, then group 1, 2, … as far as the pattern has them.
    /// `None` if it is no match.
    pub fn groups(&self, symbols: &[u8], found: Span) -> Option<Vec<Option<Span>>> {
        self.groups_within(BUDGET, symbols, found)
    }

    fn groups_within(
        &self,
        budget: usize,
        symbols: &[u8],
        found: Span,
    ) -> Option<Vec<Option<Span>>> {
        let mut futures = Futures::new(self, self.known(), budget, Ends::AtEnd);
        let mut spans = Vec::new();
        let mut walk = Walk::new(self, symbols, &mut spans);
        read_off(&mut futures, symbols, found.start()..found.end(), &mut walk);
        let marks = walk.marks(self.marks as usize);
        self.keep(futures);
        if spans != [found] {
            return None;
        }
        let pairs = marks.chunks_exact(2).skip(1);
        let groups = pairs.map(|pair| Some(Span::new(pair[0]?, pair[1]?)));
        Some(std::iter::once(Some(found)).chain(groups).collect())
    }
}

/// Walks over part of a text, from the right and then from the left, stretch by stretch.
fn read_off(futures: &mut Futures<'_>, symbols: &[u8], part: Range<usize>, walk: &mut Walk<'_>) {
    let stretch = futures.stretch;
    let stretches = part.len().div_ceil(stretch);
    let begin_of = |number: usize| part.end.min(part.start + number * stretch);

    // What can follow at the end of each stretch but the first's begin, from the right.
    let mut checkpoints: Vec<Arc<[u64]>> = memory::with_capacity(stretches);
    let mut future = futures.at_end(symbols.get(part.end).copied());
    for number in (0..stretches).rev() {
        checkpoints.push(futures.set(future));
        if number > 0 {
            future = futures.renew(future);
            future = futures.through(future, &symbols[begin_of(number)..begin_of(number + 1)]);
        }
    }

    let mut ahead = memory::with_capacity(stretch.min(part.len()) + 1);
    for number in 0..stretches {
        let (begin, end) = (begin_of(number), begin_of(number + 1));
        let set = checkpoints.pop().expect("a checkpoint for each stretch");
        if futures.is_full() {
            futures.clear();
            walk.forget();
        }
        futures.fill(&set, symbols, begin..end, &mut ahead);
        walk.through(begin, &ahead, futures);
    }
}

struct Builder<'a> {
    classes: &'a dyn Resolve,
    states: Vec<State>,
    /// What was built: a state that does the same and goes on in the same way is the same. As patterns
    /// are built from the right, words share their ends, and at each position of a text only the
    /// few ends that match there are alive, not one for each word.
    numbers: HashMap<Key, StateId>,
    bits: u32,
    looks: bool,
    /// Whether groups are marked.
    groups: bool,
    marks: u32,
}

/// What a state does and how it goes on.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Take(ByteSet, StateId),
    Split([StateId; 2]),
    If(Look, StateId),
    Mark(u32, StateId),
}

impl Builder<'_> {
    fn push(&mut self, state: State) -> StateId {
        self.states.push(state);
        (self.states.len() - 1) as StateId
    }

    /// The state of a key.
    fn state(&mut self, key: Key) -> StateId {
        if let Some(&known) = self.numbers.get(&key) {
            return known;
        }
        let state = match key {
            Key::Take(set, next) => {
                let bit = self.bits;
                self.bits += 1;
                State::Take { set, next, bit }
            }
            Key::Split(ways) => State::Split(ways),
            Key::If(look, next) => State::If(look, next),
            Key::Mark(mark, next) => State::Mark(mark, next),
        };
        let number = self.push(state);
        self.numbers.insert(key, number);
        number
    }

    fn split(&mut self, kind: RepeatKind, body: StateId, next: StateId) -> StateId {
        let ways = if kind == RepeatKind::Lazy { [next, body] } else { [body, next] };
        self.state(Key::Split(ways))
    }

    /// Adds a node that goes on at `next` and says where it begins.
    fn add(&mut self, node: &Node, next: StateId) -> Option<StateId> {
        Some(match node {
            Node::Empty => next,
            Node::Never => self.state(Key::Take(ByteSet::EMPTY, next)),
            Node::Class(class) => self.state(Key::Take(self.classes.class(*class), next)),
            Node::Concat(nodes) => {
                nodes.iter().rev().try_fold(next, |next, node| self.add(node, next))?
            }
            Node::Alternate(nodes) => {
                let (last, others) = nodes.split_last()?;
                let mut first = self.add(last, next)?;
                for node in others.iter().rev() {
                    let branch = self.add(node, next)?;
                    first = self.state(Key::Split([branch, first]));
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
            Node::Group { index, node } if self.groups => {
                let end = 2 * index + 1;
                self.marks = self.marks.max(end + 1);
                let close = self.state(Key::Mark(end, next));
                let body = self.add(node, close)?;
                self.state(Key::Mark(2 * index, body))
            }
            Node::Group { node, .. } => self.add(node, next)?,
            Node::Look(look) => {
                self.looks = true;
                self.state(Key::If(*look, next))
            }
            Node::LookAround(..)
            | Node::BackReference(_)
            | Node::Conditional(..)
            | Node::Atomic(_)
            | Node::Quirk(_) => return None,
        })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::confirm::{self, AutomatonKind, Confirm, Form, Wanted};

    /// Classes over the symbols `a b c blank` and the two newlines, the final one at the end of a text
    /// only.
    struct Classes;

    const SETS: [&[u8]; 7] = [b"a", b"b", b"c", b"ab", b"abc ", b"\x0b\r", b"abc \x0b\r"];

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
                2 => inner.prop_map(|node| Node::Group { index: 1, node: Box::new(node) }),
            ]
        })
        .prop_map(solid)
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let runs = (prop::sample::select(b"aaabbc \x0b".to_vec()), 1..4usize);
        let runs = prop::collection::vec(runs, 0..30);
        (runs, any::<bool>()).prop_map(|(runs, newline)| {
            let mut symbols: Vec<u8> =
                runs.into_iter().flat_map(|(symbol, count)| vec![symbol; count]).collect();
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
            confirm.automaton(AutomatonKind::Spans, || Some(Form::of(node, &Classes))).unwrap();
        confirm::some(regex, symbols, 0, Wanted::All, || None).spans
    }

    /// Numbers the groups from 1 and takes those in loops away.
    fn numbered(node: Node, in_loop: bool, groups: &mut u32) -> Node {
        match node {
            Node::Concat(nodes) => Node::Concat(
                nodes.into_iter().map(|node| numbered(node, in_loop, groups)).collect(),
            ),
            Node::Alternate(nodes) => Node::Alternate(
                nodes.into_iter().map(|node| numbered(node, in_loop, groups)).collect(),
            ),
            Node::Repeat { min, max, kind, node } => {
                let in_loop = in_loop || max.is_none_or(|max| max > 1);
                let node = Box::new(numbered(*node, in_loop, groups));
                Node::Repeat { min, max, kind, node }
            }
            Node::Group { node, .. } if in_loop => numbered(*node, in_loop, groups),
            Node::Group { node, .. } => {
                *groups += 1;
                let index = *groups;
                Node::Group { index, node: Box::new(numbered(*node, in_loop, groups)) }
            }
            leaf => leaf,
        }
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
            (Node::Concat(vec![a.clone(), Node::Look(Look::LastLineEnd)]), false),
            (Node::Concat(vec![many(a), Node::Look(Look::LastLineEnd)]), true),
        ];
        for (node, expected) in cases {
            assert_eq!(may_overrun(&node, &Classes), expected, "{node:?}");
        }
    }

    /// How many futures and choices a walk has to work out, which is what takes its time: all else is
    /// looking up.
    fn worked_out(listing: &Listing, symbols: &[u8], ends: Ends) -> (usize, u32) {
        let mut futures = Futures::new(listing, Known::default(), BUDGET, ends);
        let mut spans = Vec::new();
        let mut walk = Walk::new(listing, symbols, &mut spans);
        read_off(&mut futures, symbols, 0..symbols.len(), &mut walk);
        (futures.count(), walk.looks())
    }

    #[test]
    fn a_longer_text_is_no_more_to_work_out() {
        let class = |class| Node::Class(ClassId(class));
        let many = |node| Node::Repeat {
            min: 0,
            max: None,
            kind: RepeatKind::Greedy,
            node: Box::new(node),
        };
        let group = |index, node| Node::Group { index, node: Box::new(node) };
        let option = |node| Node::Repeat {
            min: 0,
            max: Some(1),
            kind: RepeatKind::Lazy,
            node: Box::new(node),
        };
        let (a, b, c, any) = (0, 1, 2, 6);
        let rounds = many(Node::Concat(vec![class(a), option(group(1, class(b)))]));
        let patterns = [
            // (any*)c, ((?:a(b)??)*)c, (any)(any*c)?? and any*$
            Node::Concat(vec![group(1, many(class(any))), class(c)]),
            Node::Concat(vec![group(2, rounds), class(c)]),
            Node::Concat(vec![
                group(1, class(any)),
                option(group(2, Node::Concat(vec![many(class(any)), class(c)]))),
            ]),
            Node::Concat(vec![many(class(any)), Node::Look(Look::LastLineEnd)]),
        ];
        for node in patterns {
            let listing = Listing::with_groups(&node, &Classes).unwrap();
            for ends in [Ends::AtEnd, Ends::Anywhere] {
                let text = |pumps: usize| [&b"ab".repeat(pumps)[..], b"c"].concat();
                let (short, long) = (text(1_000), text(400_000));
                let expected = worked_out(&listing, &short, ends);
                assert_eq!(worked_out(&listing, &long, ends), expected, "{node:?}");
                assert!(expected.0 < 20 && expected.1 < 20, "{expected:?} for {node:?}");
            }
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

        #[test]
        fn tells_the_groups_that_a_search_tells(node in node(), symbols in text()) {
            prop_assume!(node.irregular().is_none());
            let mut count = 0;
            let node = numbered(node, false, &mut count);
            let confirm = Confirm::default();
            let form = || Some(Form::of(&node, &Classes));
            let regex = confirm.automaton(AutomatonKind::Groups, form).unwrap();
            let padded = |mut groups: Vec<Option<Span>>| {
                groups.resize(count as usize + 1, None);
                groups
            };
            let listing = Listing::with_groups(&node, &Classes).unwrap();
            for span in searched(&node, &symbols) {
                let expected = confirm::groups(regex, &symbols, span, || None).unwrap();
                for budget in [BUDGET, 1_000, 0] {
                    let groups = listing.groups_within(budget, &symbols, span).unwrap();
                    prop_assert_eq!(padded(groups), padded(expected.clone()));
                }
            }
        }
    }
}
