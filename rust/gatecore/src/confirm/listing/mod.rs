//! Every match in time linear in the text, whatever the pattern and the text.
//!
//! One search is linear, but a list of matches takes as many searches as there are matches, and a
//! search may look far beyond the match that it ends with: `a.*b|a` on a run of `a` looks for a `b`
//! to the end of the text, finds none, and settles for one character; the next search does the same.
//! Here the future is worked out first, once, from the right; then the matches are read off from
//! the left by never taking a path that leads nowhere (Frisch and Cardelli's greedy matching):
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
//! where the match ends and lets no path end elsewhere: the first path by priority that ends there is the
//! match. Other engines that know groups take 12 ns a character while a bit for each state and
//! character fits their memory and 36 beyond; this takes 2 to 12 ns, whatever the length.
//!
//! Memory: the sets are worked out anew for stretches of the text, each from a checkpoint at its end,
//! so that at most twice [`BUDGET`] is used, and a checkpoint per stretch (at worst 20 bytes a
//! character, for a pattern of 100,000 states; mostly nothing, as equal sets are shared).
//!
//! What stands beside a place, and whether a look-ahead matches there, is known to both walks:
//! `conditions` has how, and why that is what `re` finds. `behind` makes every look-behind one of a
//! single symbol. `attempt` tries one place without looking at the whole text.
//!
//! It adds 3 ns a character where matches are short (`\d+`, 100,000 natural characters: 0.3 ms, by
//! searches 0.03) and 10 where they are long (`.*the.*`: 1.8 and 0.9 ms). So it is used only for the
//! rest of a text that has shown many matches ([`super::some`]), and only for patterns that
//! [`may_overrun`]; and for the groups of long matches.

mod attempt;
mod behind;
mod conditions;
mod futures;
mod nfa;
mod overrun;
mod walk;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::factor::{factored, Which};
use super::Begin;
use crate::memory;
use crate::pattern::classes::Resolve;
use crate::pattern::Node;
use crate::scan::Groups;
use crate::span::Span;
use attempt::Buffers;
pub use attempt::{Attempts, GaveUp};
use behind::Letters;
use conditions::{Condition, Sides};
use futures::{Ends, Futures, Known};
use nfa::{kinds, Builder, State, StateId, MATCH};
pub use overrun::may_overrun;
use walk::Walk;

/// Bytes of automaton states beyond which they are dropped, and also how many a stretch may add.
const BUDGET: usize = 8 << 20;

/// Bytes of automaton states that are kept from text to text. A pattern with large bounds has some
/// thousands of states, which take 4 ms to work out, ten times what the walks over 100,000 characters
/// take; most patterns have tens.
const KEPT: usize = 2 << 20;

/// A pattern prepared for listing its matches, or for telling the groups of one. Built in microseconds.
#[derive(Debug)]
pub struct Listing {
    states: Vec<State>,
    start: StateId,
    /// The state of each bit.
    takers: Vec<StateId>,
    /// For each state the ones that lead to it: `leads[ends[i - 1]..ends[i]]`.
    leads: Vec<StateId>,
    ends: Vec<u32>,
    /// Symbols that no state and no condition tells apart have one number.
    kinds: [u8; 256],
    kind_count: usize,
    /// What conditions tell apart beside a position.
    sides: Sides,
    /// What is read instead of symbols.
    letters: Letters,
    /// The look-aheads, those that stand in others first.
    aheads: Vec<Ahead>,
    /// One more than the greatest number of a mark.
    marks: u32,
    /// What the last walk found out, unless another thread is using it.
    known: Mutex<Option<Known>>,
    /// What the last attempt needed, likewise.
    buffers: Mutex<Option<Buffers>>,
}

/// Whether a regular pattern's look-behinds can be told with letters of one byte.
pub fn is_told(node: &Node, classes: &dyn Resolve) -> bool {
    !node.has_look_around() || Letters::new(node, classes).is_some()
}

/// A look-ahead.
#[derive(Debug)]
struct Ahead {
    start: StateId,
    /// The states that go on if it matches, or if it does not.
    asked_by: Vec<StateId>,
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
        let letters = Letters::new(node, classes)?;
        let mut builder = Builder::new(classes, &letters, groups);
        let start = builder.add(&factored(node, classes, Which::All), MATCH)?;
        let Builder { states, aheads, marks, .. } = builder;
        let ahead = |start| Ahead { start, asked_by: Vec::new() };
        let mut aheads: Vec<Ahead> = aheads.into_iter().map(ahead).collect();
        let mut conditions = Vec::new();
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
                State::If(condition, next) => {
                    if let Condition::Ahead { number, .. } = condition {
                        aheads[*number as usize].asked_by.push(id);
                    }
                    conditions.push(*condition);
                    to[*next as usize].push(id);
                }
                State::Mark(_, next) => to[*next as usize].push(id),
                State::Match => {}
            }
        }
        let mut ends = Vec::with_capacity(states.len());
        let mut leads = Vec::with_capacity(states.len());
        for list in to {
            leads.extend(list);
            ends.push(leads.len() as u32);
        }
        let sides = Sides::new(&conditions, |letter| letters.symbol(letter));
        let (kinds, kind_count) = kinds(sets.into_iter().chain(sides.sets()));
        Some(Listing {
            states,
            start,
            takers,
            leads,
            ends,
            kinds,
            kind_count,
            sides,
            letters,
            aheads,
            marks,
            known: Mutex::default(),
            buffers: Mutex::default(),
        })
    }

    /// Bytes that the prepared pattern takes.
    pub fn size(&self) -> usize {
        self.states.len() * (size_of::<State>() + size_of::<StateId>())
            + self.leads.len() * size_of::<StateId>()
    }

    fn leads_to(&self, state: StateId) -> &[StateId] {
        let index = state as usize;
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.leads[begin as usize..self.ends[index] as usize]
    }

    /// Adds every match at or after `from`, none overlapping, to `spans`.
    pub fn list(&self, symbols: &[u8], from: Begin, spans: &mut Vec<Span>) {
        self.list_within(BUDGET, symbols, from, spans);
    }

    fn list_within(&self, budget: usize, symbols: &[u8], from: Begin, spans: &mut Vec<Span>) {
        self.walk(budget, symbols, from, Wanted::All, spans);
    }

    /// The first match at or after `from`, or the one that begins there.
    pub fn first(&self, symbols: &[u8], from: Begin, anchored: bool) -> Option<Span> {
        let mut spans = Vec::new();
        let wanted = if anchored { Wanted::Here } else { Wanted::First };
        self.walk(BUDGET, symbols, from, wanted, &mut spans);
        spans.pop()
    }

    /// Attempts at places of a text; `None` where only the walks answer.
    pub fn attempts<'a>(&'a self, symbols: &'a [u8]) -> Option<Attempts<'a>> {
        Attempts::new(self, symbols)
    }

    fn walk(
        &self,
        budget: usize,
        symbols: &[u8],
        from: Begin,
        wanted: Wanted,
        spans: &mut Vec<Span>,
    ) {
        let letters = self.letters.write(symbols, from.at);
        let mut futures = Futures::new(self, self.known(), budget, Ends::Anywhere);
        let mut walk = Walk::new(self, &letters, wanted, spans);
        if from.is_taken {
            walk.refuse_empty(from.at);
        }
        read_off(&mut futures, &letters, from.at..symbols.len(), &mut walk);
        self.keep(futures);
    }

    // Neither waits: a thread that finds the lock taken uses states of its own.

    fn known(&self) -> Known {
        self.known.try_lock().ok().and_then(|mut known| known.take()).unwrap_or_default()
    }

    fn keep(&self, futures: Futures<'_>) {
        if let (Some(known), Ok(mut kept)) = (futures.into_known(KEPT), self.known.try_lock()) {
            *kept = Some(known);
        }
    }

    /// The groups of a match: the whole match, then group 1, 2, … as far as the pattern has them.
    /// `None` if it is not a match.
    pub fn groups(&self, symbols: &[u8], found: Span) -> Option<Groups> {
        self.groups_within(BUDGET, symbols, found)
    }

    fn groups_within(&self, budget: usize, symbols: &[u8], found: Span) -> Option<Groups> {
        let mut futures = Futures::new(self, self.known(), budget, Ends::AtEnd);
        let mut spans = Vec::new();
        let letters = self.letters.write(symbols, found.start());
        let mut walk = Walk::new(self, &letters, Wanted::Here, &mut spans);
        read_off(&mut futures, &letters, found.start()..found.end(), &mut walk);
        let (marks, last) = walk.marks(self.marks as usize);
        self.keep(futures);
        (spans == [found]).then(|| groups_of(found, &marks, last))
    }
}

/// The groups of a match, from where each mark was last passed.
fn groups_of(found: Span, marks: &[Option<usize>], last: Option<u32>) -> Groups {
    let pairs = marks.chunks_exact(2).skip(1);
    let groups = pairs.map(|pair| Some(Span::new(pair[0]?, pair[1]?)));
    Groups { spans: std::iter::once(Some(found)).chain(groups).collect(), last }
}

/// The group that a mark closes.
fn closed_by(mark: u32) -> Option<u32> {
    (mark % 2 == 1).then_some(mark / 2)
}

/// Which matches a walk reads off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// The first one.
    First,
    /// The one that begins where the walk does.
    Here,
}

/// Walks over part of a text, from the right and then from the left, stretch by stretch.
fn read_off(futures: &mut Futures<'_>, symbols: &[u8], part: Range<usize>, walk: &mut Walk<'_>) {
    let stretch = futures.stretch;
    let stretches = part.len().div_ceil(stretch).max(1);
    let begin_of = |number: usize| part.end.min(part.start + number * stretch);

    // What can follow at the end of each stretch, from the right.
    let mut checkpoints: Vec<Arc<[u64]>> = memory::with_capacity(stretches);
    let mut future = futures.at_end(symbols, part.end);
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
        walk.through(begin, &ahead, number + 1 == stretches, futures);
        if walk.is_done() {
            break;
        }
    }
}

#[cfg(test)]
mod look_around_tests;
#[cfg(test)]
mod tests;
