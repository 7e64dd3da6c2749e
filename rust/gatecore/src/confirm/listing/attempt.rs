//! One place tried, as `re` tries it: choice by choice, with what failed remembered.
//!
//! The two walks look at the whole text; an attempt looks only as far as the ways through the pattern go
//! from one place, which is a few characters where candidates are known. No state is tried twice at one
//! place: whether it leads to a match from there does not depend on how it was reached, and if it did the
//! attempt would have ended. So the first way found is the first by priority, and the steps are bounded by
//! states × characters. A look-ahead is an attempt of its own, for any way at all, once for each place.
//!
//! It gives up where a way goes further than its memory ([`BITS`]); then the walks answer.

use std::collections::HashMap;

use super::conditions::Condition;
use super::nfa::{State, StateId, AHEAD, MATCH};
use super::{closed_by, groups_of, Listing};
use crate::confirm::Begin;
use crate::scan::Groups;
use crate::span::Span;

/// Bits for states at places.
const BITS: usize = 1 << 17;

/// Farthest place, counted from where an attempt begins.
const FARTHEST: usize = 1 << 13;

/// Most entries of lists that are kept.
const KEPT: usize = 1 << 12;

/// What attempts need, kept from one to the next: a question about the groups of one match is an attempt of
/// its own, and takes as long as making these.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// For each state and place whether it was tried.
    tried: Vec<u64>,
    /// The bits of `tried` that are set.
    set: Vec<usize>,
    stack: Vec<Step>,
    marks: Vec<Option<usize>>,
}

/// A way goes too far to be followed.
#[derive(Debug)]
pub struct GaveUp;

#[derive(Debug)]
enum Step {
    To(StateId, usize),
    /// A mark gets its place back, as the way that passed it came to nothing, and so does the last one.
    Unmark(u32, Option<usize>, Option<u32>),
}

/// Attempts at places of one text.
pub struct Attempts<'a> {
    listing: &'a Listing,
    symbols: &'a [u8],
    /// Places from `begin` on that have bits.
    width: usize,
    begin: usize,
    /// Where the match may not end.
    refused: Option<usize>,
    buffers: Buffers,
    /// What is known of look-aheads.
    aheads: HashMap<(u32, usize), bool>,
    /// The group that was closed last.
    last: Option<u32>,
    /// States tried so far.
    pub steps: usize,
}

impl<'a> Attempts<'a> {
    /// `None` for patterns with too many states to remember.
    pub fn new(listing: &'a Listing, symbols: &'a [u8]) -> Option<Self> {
        let width = (BITS / listing.states.len()).min(FARTHEST);
        (width >= 64).then(|| Attempts {
            listing,
            symbols,
            width,
            begin: 0,
            refused: None,
            buffers: listing.buffers(width),
            aheads: HashMap::new(),
            last: None,
            steps: 0,
        })
    }

    /// The match that begins at a place.
    pub fn at(&mut self, begin: Begin) -> Result<Option<Span>, GaveUp> {
        let Begin { at: begin, is_taken } = begin;
        self.begin = begin;
        self.refused = is_taken.then_some(begin);
        self.aheads.clear();
        self.buffers.marks.fill(None);
        self.last = None;
        self.buffers.stack.clear();
        self.forget(0);
        let end = self.ways(self.listing.start, begin, MATCH)?;
        Ok(end.map(|end| Span::new(begin, end)))
    }

    /// The groups of the match that was found last.
    pub fn groups(&self, found: Span) -> Groups {
        groups_of(found, &self.buffers.marks, self.last)
    }

    /// Forgets what was tried, but for the first bits.
    fn forget(&mut self, kept: usize) {
        let Buffers { tried, set, .. } = &mut self.buffers;
        for &bit in &set[kept..] {
            tried[bit / 64] &= !(1 << (bit % 64));
        }
        set.truncate(kept);
    }

    /// Whether a state was not tried at a place.
    fn is_new(&mut self, state: StateId, at: usize) -> Result<bool, GaveUp> {
        let place = at - self.begin;
        if place >= self.width {
            return Err(GaveUp);
        }
        self.steps += 1;
        let bit = state as usize * self.width + place;
        let (word, mask) = (&mut self.buffers.tried[bit / 64], 1 << (bit % 64));
        let is_new = *word & mask == 0;
        if is_new {
            *word |= mask;
            self.buffers.set.push(bit);
        }
        Ok(is_new)
    }

    /// Where the first way from a state leads to `goal`. What is on the stack already is left there.
    fn ways(&mut self, state: StateId, at: usize, goal: StateId) -> Result<Option<usize>, GaveUp> {
        let (listing, symbols) = (self.listing, self.symbols);
        let bottom = self.buffers.stack.len();
        self.buffers.stack.push(Step::To(state, at));
        while self.buffers.stack.len() > bottom {
            let (state, at) = match self.buffers.stack.pop() {
                Some(Step::To(state, at)) => (state, at),
                Some(Step::Unmark(mark, place, last)) => {
                    self.buffers.marks[mark as usize] = place;
                    self.last = last;
                    continue;
                }
                None => break,
            };
            if state == goal {
                if goal == MATCH && self.refused == Some(at) {
                    continue;
                }
                self.buffers.stack.truncate(bottom);
                return Ok(Some(at));
            }
            if !self.is_new(state, at)? {
                continue;
            }
            match &listing.states[state as usize] {
                State::Take { set, next, .. } => {
                    let taken = symbols.get(at);
                    if taken.is_some_and(|&symbol| set.contains(listing.letters.bare(symbol))) {
                        self.buffers.stack.push(Step::To(*next, at + 1));
                    }
                }
                State::Split([first, second]) => {
                    self.buffers.stack.push(Step::To(*second, at));
                    self.buffers.stack.push(Step::To(*first, at));
                }
                State::If(condition, next) => {
                    if self.holds(condition, at)? {
                        self.buffers.stack.push(Step::To(*next, at));
                    }
                }
                State::Mark(mark, next) => {
                    let before = self.buffers.marks[*mark as usize].replace(at);
                    self.buffers.stack.push(Step::Unmark(*mark, before, self.last));
                    self.last = closed_by(*mark).or(self.last);
                    self.buffers.stack.push(Step::To(*next, at));
                }
                State::Match => {}
            }
        }
        Ok(None)
    }

    fn holds(&mut self, condition: &Condition, at: usize) -> Result<bool, GaveUp> {
        let (listing, symbols) = (self.listing, self.symbols);
        let Condition::Ahead { number, negative } = *condition else {
            let before = at.checked_sub(1).map(|last| listing.letters.at(symbols, last));
            let after = symbols.get(at).map(|&symbol| listing.letters.bare(symbol));
            let (before, after) = (listing.sides.of(before), listing.sides.of(after));
            return Ok(listing.sides.hold(condition, before, after, &[]));
        };
        if let Some(matches) = self.aheads.get(&(number, at)) {
            return Ok(*matches != negative);
        }
        let kept = self.buffers.set.len();
        let start = listing.aheads[number as usize].start;
        let matches = self.ways(start, at, AHEAD)?.is_some();
        if matches {
            // What was tried on the way did not fail. What failed in a look-ahead that fails, fails for
            // all that share its states.
            self.forget(kept);
        }
        self.aheads.insert((number, at), matches);
        Ok(matches != negative)
    }
}

impl Drop for Attempts<'_> {
    fn drop(&mut self) {
        self.forget(0);
        self.listing.keep_buffers(std::mem::take(&mut self.buffers));
    }
}

impl Listing {
    // Neither waits: a thread that finds the lock taken makes its own.

    fn buffers(&self, width: usize) -> Buffers {
        let kept = self.buffers.try_lock().ok().and_then(|mut kept| kept.take());
        let mut buffers = kept.unwrap_or_default();
        buffers.tried.resize((width * self.states.len()).div_ceil(64), 0);
        buffers.marks.resize(self.marks as usize, None);
        buffers
    }

    fn keep_buffers(&self, mut buffers: Buffers) {
        buffers.set.shrink_to(KEPT);
        buffers.stack.clear();
        buffers.stack.shrink_to(KEPT);
        if let Ok(mut kept) = self.buffers.try_lock() {
            *kept = Some(buffers);
        }
    }
}
