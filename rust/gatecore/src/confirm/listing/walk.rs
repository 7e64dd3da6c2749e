//! The walk from the left: matches, and where their groups stand, read off from the futures.

use super::conditions::Side;
use super::futures::{Futures, BEGINS};
use super::nfa::{State, StateId, MATCH};
use super::{closed_by, Listing, Wanted};
use crate::memory;
use crate::span::Span;

/// Entries in the table of choices; a power of two.
const CHOICES: usize = 1 << 10;

/// Places that a choice may have in it. With a single one, two choices that alternate and share it would
/// both be worked out again at each character.
const PLACES: usize = 4;

/// Marks that choices may keep before all are forgotten.
const MAX_MARKS: usize = 1 << 16;

/// Where the path goes on, and the marks on the way there.
#[derive(Clone, Copy)]
struct Choice {
    state: StateId,
    future: u32,
    before: Side,
    next: StateId,
    /// Part of [`Walk::kept`].
    marks: (u32, u32),
}

const NO_CHOICE: Choice =
    Choice { state: StateId::MAX, future: u32::MAX, before: 0, next: 0, marks: (0, 0) };

/// In a choice: no state takes a symbol there and leads to a match.
const NOWHERE: StateId = StateId::MAX;

/// In the state of a choice: an empty match is refused.
const REFUSED: StateId = 1 << 31;

enum Step {
    To(StateId),
    /// The path by the last mark came to nothing.
    Back,
}

pub(super) struct Walk<'a> {
    listing: &'a Listing,
    symbols: &'a [u8],
    wanted: Wanted,
    /// Whether no more matches are wanted, or none can be.
    is_done: bool,
    /// Where the current match began, and the state that takes the next symbol.
    path: Option<(usize, StateId)>,
    /// Where an empty match is refused, as there is one already.
    refused: Option<usize>,
    spans: &'a mut Vec<Span>,
    /// Where each mark was last passed.
    marks: Vec<Option<usize>>,
    last: Option<u32>,
    /// Choices that were made: a hash table of fixed size.
    choices: Box<[Choice]>,
    kept: Vec<u32>,
    /// Round in which a state was last seen.
    seen: Vec<u32>,
    round: u32,
    stack: Vec<Step>,
}

impl<'a> Walk<'a> {
    pub fn new(
        listing: &'a Listing,
        symbols: &'a [u8],
        wanted: Wanted,
        spans: &'a mut Vec<Span>,
    ) -> Self {
        Walk {
            listing,
            symbols,
            wanted,
            is_done: false,
            path: None,
            refused: None,
            spans,
            marks: Vec::new(),
            last: None,
            choices: vec![NO_CHOICE; CHOICES].into(),
            kept: Vec::new(),
            seen: vec![0; listing.states.len()],
            round: 0,
            stack: Vec::new(),
        }
    }

    /// How many choices were not look-ups.
    #[cfg(test)]
    pub fn looks(&self) -> u32 {
        self.round
    }

    /// Forgets the choices: futures have new numbers.
    pub fn forget(&mut self) {
        self.choices.fill(NO_CHOICE);
        self.kept.clear();
    }

    /// Where each of `count` marks was passed, and the group that was closed last.
    pub fn marks(mut self, count: usize) -> (Vec<Option<usize>>, Option<u32>) {
        self.marks.resize(count, None);
        (self.marks, self.last)
    }

    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Refuses a match that begins and ends at a place.
    pub fn refuse_empty(&mut self, at: usize) {
        self.refused = Some(at);
    }

    /// Walks through a stretch that begins at `begin`. Where it ends belongs to the next one, if there is
    /// one.
    pub fn through(
        &mut self,
        begin: usize,
        ahead: &[u32],
        is_last: bool,
        futures: &mut Futures<'_>,
    ) {
        let length = ahead.len() - 1;
        let places = length + usize::from(is_last);
        let mut at = 0;
        while at < places && !self.is_done {
            let (start, state) = match self.path {
                Some(path) => path,
                None if self.wanted == Wanted::Here && ahead[at] & BEGINS == 0 => {
                    self.is_done = true;
                    return;
                }
                None => {
                    let found = ahead[at..places].iter().position(|future| future & BEGINS != 0);
                    let Some(skipped) = found else { return };
                    at += skipped;
                    let place = begin + at;
                    let is_refused = self.refused == Some(place);
                    let start = self.listing.start;
                    let choice = self.choose(start, is_refused, place, ahead[at], futures);
                    match choice.next {
                        NOWHERE if self.wanted == Wanted::Here => {
                            self.is_done = true;
                            return;
                        }
                        NOWHERE => {
                            at += 1;
                            continue;
                        }
                        MATCH => {
                            self.pass(choice, place);
                            memory::push(self.spans, Span::new(place, place));
                            self.is_done = self.wanted != Wanted::All;
                            self.refused = Some(place);
                            continue;
                        }
                        next => {
                            self.pass(choice, place);
                            (place, next)
                        }
                    }
                }
            };
            if at == length {
                return; // the next stretch goes on with the path
            }
            let State::Take { next, .. } = self.listing.states[state as usize] else {
                unreachable!("a path stands before a state that takes a symbol")
            };
            at += 1;
            let choice = self.choose(next, false, begin + at, ahead[at], futures);
            self.pass(choice, begin + at);
            self.path = match self.listing.states[choice.next as usize] {
                State::Match => {
                    memory::push(self.spans, Span::new(start, begin + at));
                    self.is_done = self.wanted != Wanted::All;
                    None
                }
                _ => Some((start, choice.next)),
            };
            // The same choice again as long as the future stays the same. It tells the symbol ahead as
            // conditions see it, so from the second position on the one before it is the same as well.
            let is_round = choice.next == state && choice.marks.0 == choice.marks.1;
            if is_round && ahead[at - 1] == ahead[at] {
                let same = ahead[at + 1..].iter().take_while(|&&future| future == ahead[at]);
                at += same.count();
            }
        }
    }

    fn pass(&mut self, choice: Choice, at: usize) {
        for &mark in &self.kept[choice.marks.0 as usize..choice.marks.1 as usize] {
            let mark = mark as usize;
            if self.marks.len() <= mark {
                self.marks.resize(mark + 1, None);
            }
            self.marks[mark] = Some(at);
            self.last = closed_by(mark as u32).or(self.last);
        }
    }

    fn places(state: StateId, future: u32, before: Side) -> impl Iterator<Item = usize> + Clone {
        let mixed = state.wrapping_mul(0x9E37_79B1)
            ^ future.wrapping_mul(0x85EB_CA77)
            ^ u32::from(before).wrapping_mul(0xC2B2_AE3D);
        let first = (mixed ^ mixed >> 15) as usize;
        (0..PLACES).map(move |place| (first + place) & (CHOICES - 1))
    }

    /// The first state by priority, from `state` on, that takes a symbol and leads to a match, or
    /// has matched, unless that is refused: then there may be none.
    fn choose(
        &mut self,
        state: StateId,
        is_refused: bool,
        at: usize,
        future: u32,
        futures: &mut Futures<'_>,
    ) -> Choice {
        match self.listing.states[state as usize] {
            State::Match if is_refused => return Choice { next: NOWHERE, ..NO_CHOICE },
            State::Take { .. } | State::Match => return Choice { next: state, ..NO_CHOICE },
            _ => {}
        }
        let state = if is_refused { state | REFUSED } else { state };
        let future = future & !BEGINS;
        let before = self.listing.sides.of(at.checked_sub(1).map(|place| self.symbols[place]));
        for place in Self::places(state, future, before) {
            let known = self.choices[place];
            if (known.state, known.future, known.before) == (state, future, before) {
                return known;
            }
        }
        self.look(state, future, before, futures)
    }

    #[cold]
    fn look(
        &mut self,
        state: StateId,
        future: u32,
        before: Side,
        futures: &mut Futures<'_>,
    ) -> Choice {
        let listing = self.listing;
        let after = futures.after(future);
        let aheads: Vec<bool> = match listing.aheads.is_empty() {
            true => Vec::new(),
            false => futures.aheads(future, before).to_vec(),
        };
        if self.kept.len() > MAX_MARKS {
            self.forget();
        }
        let first_mark = self.kept.len();
        self.round += 1;
        self.stack.clear();
        self.stack.push(Step::To(state & !REFUSED));
        while let Some(step) = self.stack.pop() {
            let Step::To(next) = step else {
                self.kept.pop();
                continue;
            };
            let is_last = match &listing.states[next as usize] {
                State::Match => futures.can_end(future) && state & REFUSED == 0,
                State::Take { bit, .. } => futures.can_take(future, *bit),
                _ if self.seen[next as usize] == self.round => continue,
                State::Split([first, second]) => {
                    self.stack.extend([Step::To(*second), Step::To(*first)]);
                    false
                }
                State::If(condition, then) => {
                    if listing.sides.hold(condition, before, after, &aheads) {
                        self.stack.push(Step::To(*then));
                    }
                    false
                }
                State::Mark(mark, then) => {
                    self.kept.push(*mark);
                    self.stack.extend([Step::Back, Step::To(*then)]);
                    false
                }
            };
            self.seen[next as usize] = self.round;
            if is_last {
                let marks = (first_mark as u32, self.kept.len() as u32);
                return self.note(Choice { state, future, before, next, marks });
            }
        }
        debug_assert!(state & REFUSED != 0, "the walk from the right marked this path");
        self.note(Choice { state, future, before, next: NOWHERE, marks: (0, 0) })
    }

    fn note(&mut self, choice: Choice) -> Choice {
        let mut places = Self::places(choice.state, choice.future, choice.before);
        let free = places.clone().find(|&place| self.choices[place].state == StateId::MAX);
        // If none is free, a different one each time.
        let place = free.or_else(|| places.nth(self.round as usize % PLACES));
        self.choices[place.expect("there are several")] = choice;
        choice
    }
}
