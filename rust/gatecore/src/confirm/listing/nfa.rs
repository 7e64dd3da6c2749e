//! The pattern's automaton, before determinisation: what both walks and attempts read.
//!
//! # Rounds that can be empty
//!
//! A textbook automaton for `(?:|a)*` comes back to where it was by the empty branch, and drops that way. `re`
//! does not: at the end of a round it looks whether the round took text. If so, another may follow; if not,
//! a greedy repeat is over *there*, before the round's other ways are tried, so `(?:|a)*` matches the empty
//! text at the head of `a`. In a lazy repeat a round that took nothing comes to nothing, as what follows the
//! repeat was tried at that place before. Rounds that the repeat requires have no such rule, and
//! what the rule looks at is where the last *optional* round of this repeat began.
//!
//! So the body of an optional round is written twice, for *no text taken yet* and for *some taken*: what takes
//! a symbol leads from the first copy to the second; the first ends where the repeat is over (or, of a
//! lazy one, nowhere), the second where the next round begins ([`Builder::round`]):
//!
//! ```text
//! (?:x?y??)*z      ┌──▶ x? ────▶ y?? ─────┐ nothing taken          a repeat inside is written twice as
//!         ┌──▶ ────┤     │ x      │ y      ▼                       well: its first round that takes text
//!     ▶ again ───────────┼────────┼─────▶  z                       takes some for the outer round too
//!         ▲              ▼        ▼
//!         └───────────── y?? ─────┘ some taken
//! ```
//!
//! That is all of what `re` does there: what follows a state depends on the state and the place alone, since
//! whether text was taken is in the state and required rounds are written out. So "this state failed here"
//! may be remembered, and the first way by priority is the first in `re`'s order. No way comes back
//! to a state at the same place, so none is dropped for that.
//!
//! The texts that match are those of the plain reading, as rounds that took nothing may be left out of any way
//! unless they are required: so a search for *whether* and *where a match begins* needs none of this.
//! `re` 3.11 agrees on every pattern of a grammar of empty branches, repeats and groups that
//! `tests/differential/test_empty_rounds.py` writes out, on all short texts.
//!
//! # Groups in repeats
//!
//! hold what was marked last on the way that matched, and `re` since 3.11 takes back what other ways
//! marked (3.10 does not always, so there the binding leaves such groups to `re`).

use std::collections::HashMap;

use super::behind::Letters;
use super::conditions::Condition;
use crate::alphabet::ByteSet;
use crate::pattern::classes::Resolve;
use crate::pattern::{LookAround, Node, RepeatKind};

/// Number of a state of the pattern's automaton.
pub(super) type StateId = u32;

/// The state that has matched.
pub(super) const MATCH: StateId = 0;

/// The state in which what a look-ahead asks for has matched, whichever look-ahead it is.
pub(super) const AHEAD: StateId = 1;

/// A state of the pattern's automaton, before determinisation.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Takes one symbol. `bit` is its place in sets.
    Take { set: ByteSet, next: StateId, bit: u32 },
    /// Goes on at one of these, the first preferred.
    Split([StateId; 2]),
    /// Goes on if a condition holds.
    If(Condition, StateId),
    /// Notes where a group begins (twice its number) or ends (one more) and goes on.
    Mark(u32, StateId),
    /// Has matched.
    Match,
}

/// Writes a pattern as states, from the right.
pub(super) struct Builder<'a> {
    classes: &'a dyn Resolve,
    letters: &'a Letters,
    pub states: Vec<State>,
    /// What was built: a state that does the same and goes on in the same way is the same. As patterns
    /// are built from the right, words share their ends, and at each position of a text only the
    /// few ends that match there are alive, not one for each word.
    numbers: HashMap<Key, StateId>,
    bits: u32,
    /// Where each look-ahead begins. One that stands in another has a lower number.
    pub aheads: Vec<StateId>,
    /// Whether groups are marked.
    groups: bool,
    /// One more than the greatest number of a mark.
    pub marks: u32,
}

/// What a state does and how it goes on.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Take(ByteSet, StateId),
    Split([StateId; 2]),
    If(Condition, StateId),
    Mark(u32, StateId),
}

impl<'a> Builder<'a> {
    pub fn new(classes: &'a dyn Resolve, letters: &'a Letters, groups: bool) -> Self {
        Builder {
            classes,
            letters,
            states: vec![State::Match; 2],
            numbers: HashMap::new(),
            bits: 0,
            aheads: Vec::new(),
            groups,
            marks: 0,
        }
    }

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
            Key::If(condition, next) => State::If(condition, next),
            Key::Mark(mark, next) => State::Mark(mark, next),
        };
        let number = self.push(state);
        self.numbers.insert(key, number);
        number
    }

    fn split(&mut self, kind: RepeatKind, body: StateId, next: StateId) -> StateId {
        self.state(Key::Split(ways(kind, body, next)))
    }

    /// Adds a node that goes on at `next`, and returns where it begins.
    pub fn add(&mut self, node: &Node, next: StateId) -> Option<StateId> {
        Some(match node {
            Node::Empty => next,
            Node::Never => self.state(Key::Take(ByteSet::EMPTY, next)),
            Node::Class(class) => {
                let set = self.letters.of(&self.classes.class(*class));
                self.state(Key::Take(set, next))
            }
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
                let can_be_empty = node.min_length() == 0;
                let (mut first, mut rounds) = (next, *min);
                match max {
                    Some(max) => {
                        for _ in *min..*max {
                            let body = self.round(node, *kind, next, first)?;
                            first = self.split(*kind, body, next);
                        }
                    }
                    None => {
                        let again = self.push(State::Split([0, 0]));
                        let body = self.round(node, *kind, next, again)?;
                        self.states[again as usize] = State::Split(ways(*kind, body, next));
                        first = again;
                        if *min > 0 && !can_be_empty {
                            // The loop's own round is the last of the required ones.
                            first = body;
                            rounds -= 1;
                        }
                    }
                }
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
            Node::Look(look) => self.state(Key::If(Condition::Look(*look), next)),
            Node::LookAround(LookAround { behind: true, negative }, node) => {
                let set = self.letters.behind(node, self.classes)?;
                self.state(Key::If(Condition::Behind { set, negative: *negative }, next))
            }
            Node::LookAround(LookAround { negative, .. }, node) => {
                let groups = std::mem::replace(&mut self.groups, false);
                let start = self.add(node, AHEAD);
                self.groups = groups;
                let start = start?;
                let known = self.aheads.iter().position(|&ahead| ahead == start);
                let number = known.unwrap_or_else(|| {
                    self.aheads.push(start);
                    self.aheads.len() - 1
                });
                let condition = Condition::Ahead { number: number as u32, negative: *negative };
                self.state(Key::If(condition, next))
            }
            Node::BackReference(_) | Node::Conditional(..) | Node::Atomic(_) | Node::Quirk(_) => {
                return None
            }
        })
    }

    /// A round that a repeat may do or leave, which goes on at `again` if it took text. If not, a greedy
    /// repeat is over, and a lazy one, which has tried that before, comes to nothing.
    fn round(
        &mut self,
        body: &Node,
        kind: RepeatKind,
        over: StateId,
        again: StateId,
    ) -> Option<StateId> {
        if body.min_length() > 0 || over == again {
            return self.add(body, again);
        }
        let empty = match kind {
            RepeatKind::Lazy => self.state(Key::Take(ByteSet::EMPTY, again)),
            _ => over,
        };
        self.add_twice(body, empty, again)
    }

    /// Adds a node that goes on at `empty` where it took no text and at `next` where it took some.
    fn add_twice(&mut self, node: &Node, empty: StateId, next: StateId) -> Option<StateId> {
        if node.min_length() > 0 {
            return self.add(node, next);
        }
        Some(match node {
            Node::Concat(nodes) => {
                let (mut empty, mut next) = (empty, next);
                for (number, node) in nodes.iter().enumerate().rev() {
                    empty = self.add_twice(node, empty, next)?;
                    if number > 0 {
                        next = self.add(node, next)?;
                    }
                }
                empty
            }
            Node::Alternate(nodes) => {
                let (last, others) = nodes.split_last()?;
                let mut first = self.add_twice(last, empty, next)?;
                for node in others.iter().rev() {
                    let branch = self.add_twice(node, empty, next)?;
                    first = self.state(Key::Split([branch, first]));
                }
                first
            }
            Node::Repeat { kind: RepeatKind::Possessive, .. } => return None,
            Node::Repeat { min, max, kind, node } => {
                // Each round that takes text leads to the rest of the repeat as it is elsewhere, of
                // `left` rounds fewer.
                let rest = |min: u32, max: Option<u32>| Node::Repeat {
                    min,
                    max,
                    kind: *kind,
                    node: node.clone(),
                };
                let mut first = empty;
                let optional = max.map(|max| max - min);
                if optional != Some(0) {
                    let again = self.add(&rest(0, optional.map(|rounds| rounds - 1)), next)?;
                    let body = self.round(node, *kind, empty, again)?;
                    first = self.split(*kind, body, empty);
                }
                for round in 1..=*min {
                    let before =
                        self.add(&rest(round - 1, max.map(|max| max - min + round - 1)), next)?;
                    first = self.add_twice(node, first, before)?;
                }
                first
            }
            Node::Group { index, node } if self.groups => {
                let end = 2 * index + 1;
                self.marks = self.marks.max(end + 1);
                let ends = [empty, next].map(|then| self.state(Key::Mark(end, then)));
                let body = self.add_twice(node, ends[0], ends[1])?;
                self.state(Key::Mark(2 * index, body))
            }
            Node::Group { node, .. } => self.add_twice(node, empty, next)?,
            // What takes no text.
            node => self.add(node, empty)?,
        })
    }
}

/// A repeat's two ways to go on, the preferred one first.
fn ways(kind: RepeatKind, body: StateId, next: StateId) -> [StateId; 2] {
    if kind == RepeatKind::Lazy {
        [next, body]
    } else {
        [body, next]
    }
}

/// Numbers the symbols so that those in the same sets have the same number.
pub(super) fn kinds(sets: impl Iterator<Item = ByteSet>) -> ([u8; 256], usize) {
    let mut kinds = [0u8; 256];
    let mut count = 1;
    for set in sets {
        let mut numbers: HashMap<(u8, bool), u8> = HashMap::new();
        for (symbol, kind) in (0..=u8::MAX).zip(&mut kinds) {
            let next = numbers.len() as u8;
            *kind = *numbers.entry((*kind, set.contains(symbol))).or_insert(next);
        }
        count = numbers.len();
    }
    (kinds, count)
}
