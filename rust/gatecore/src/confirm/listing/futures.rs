//! The walk from the right: at each position, what can still lead to a match.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::conditions::Side;
use super::nfa::{State, StateId, AHEAD, MATCH};
use super::Listing;
use crate::memory;

/// Longest stretch, in characters.
const STRETCH: usize = 1 << 16;

/// In an answer of [`Futures::before`]: a match can begin between the symbol and the future.
pub(super) const BEGINS: u32 = 1 << 31;

const UNKNOWN: u32 = u32::MAX;

/// In the last word of a set: a match can end here. The bits below it are the [`Side`].
const ENDS: u64 = 1 << 9;

/// Where matches may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Anywhere,
    /// Only where the walk from the right begins.
    AtEnd,
}

/// The futures that are known. They remain valid from text to text.
#[derive(Debug, Default)]
pub(super) struct Known {
    sets: Vec<Arc<[u64]>>,
    numbers: HashMap<Arc<[u64]>, u32>,
    /// For each future and kind of symbol the future before that symbol, or [`UNKNOWN`].
    table: Vec<u32>,
}

impl Known {
    fn clear(&mut self) {
        self.sets.clear();
        self.numbers.clear();
        self.table.clear();
    }
}

/// The automaton that reads from the right, made as it is needed.
///
/// Its state before a position, a *future*, is the set of the states that can take the symbol there
/// and still reach a match, and in the set's last word what conditions need to know of that symbol
/// and whether a match can end here.
pub(super) struct Futures<'a> {
    listing: &'a Listing,
    known: Known,
    /// Bytes of futures beyond which they are dropped.
    budget: usize,
    ends: Ends,
    /// Longest stretch that certainly adds no more than the budget.
    pub stretch: usize,
    /// Round in which a state was last reached.
    reached: Vec<u32>,
    round: u32,
    stack: Vec<StateId>,
    /// Of the look-aheads that are known at the current position whether each matches.
    aheads: Vec<bool>,
}

impl<'a> Futures<'a> {
    /// All walks of one listing have the same `ends`: what is known of the futures depends on it.
    pub fn new(listing: &'a Listing, known: Known, budget: usize, ends: Ends) -> Self {
        let mut futures = Futures {
            listing,
            budget,
            ends,
            known,
            stretch: 0,
            reached: vec![0; listing.states.len()],
            round: 0,
            stack: Vec::new(),
            aheads: Vec::new(),
        };
        futures.stretch = (budget / futures.future_size()).clamp(1, STRETCH);
        if futures.is_full() {
            futures.clear();
        }
        futures
    }

    /// What is known, for the next text, unless it takes more than this many bytes.
    pub fn into_known(self, most: usize) -> Option<Known> {
        (self.size() <= most).then_some(self.known)
    }

    fn words(&self) -> usize {
        self.listing.takers.len().div_ceil(64) + 1
    }

    /// Bytes of one future.
    fn future_size(&self) -> usize {
        self.words() * 8 + self.listing.kind_count * 4 + 64
    }

    /// How many futures are known.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.known.sets.len()
    }

    /// Bytes of all futures.
    fn size(&self) -> usize {
        self.known.sets.len() * self.future_size()
    }

    pub fn is_full(&self) -> bool {
        self.size() > self.budget
    }

    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// Drops all futures but one, if there are too many.
    pub fn renew(&mut self, future: u32) -> u32 {
        if !self.is_full() {
            return future;
        }
        let set = self.set(future);
        self.clear();
        self.number(&set)
    }

    pub fn set(&self, future: u32) -> Arc<[u64]> {
        Arc::clone(&self.known.sets[future as usize])
    }

    /// Whether a match can go on from a future by a state that takes a symbol.
    #[inline]
    pub fn can_take(&self, future: u32, bit: u32) -> bool {
        self.known.sets[future as usize][bit as usize / 64] & 1 << (bit % 64) != 0
    }

    /// Whether a match can end at a future.
    #[inline]
    pub fn can_end(&self, future: u32) -> bool {
        self.known.sets[future as usize].last().expect("a set has a last word") & ENDS != 0
    }

    fn number(&mut self, set: &[u64]) -> u32 {
        let size = self.size();
        let known = &mut self.known;
        if let Some(&number) = known.numbers.get(set) {
            return number;
        }
        let number = known.sets.len() as u32;
        if known.sets.len() == known.sets.capacity() {
            memory::headroom(2 * size); // the lists take about as much again before they next grow
        }
        let set: Arc<[u64]> = set.into();
        known.sets.push(Arc::clone(&set));
        known.numbers.insert(set, number);
        known.table.resize(known.table.len() + self.listing.kind_count, UNKNOWN);
        number
    }

    /// The future where the walk begins: nothing can take a symbol. Look-aheads see no text beyond, so
    /// patterns with look-around are only walked from the end of the text.
    pub fn at_end(&mut self, symbols: &[u8], end: usize) -> u32 {
        debug_assert!(self.listing.aheads.is_empty() || end == symbols.len());
        let mut set = vec![0; self.words()];
        let side = self.listing.sides.of(symbols.get(end).copied());
        *set.last_mut().expect("a set has a last word") = u64::from(side) | ENDS;
        self.number(&set)
    }

    /// The future before a symbol, and whether a match can begin after that symbol.
    fn before(&mut self, future: u32, symbol: u8) -> u32 {
        let kind = usize::from(self.listing.kinds[usize::from(symbol)]);
        let place = future as usize * self.listing.kind_count + kind;
        match self.known.table[place] {
            UNKNOWN => {
                let begins = self.reach(future, self.listing.sides.of(Some(symbol)));
                let set = self.takers_of(symbol);
                let before = self.number(&set) | if begins { BEGINS } else { 0 };
                self.known.table[place] = before;
                before
            }
            known => known,
        }
    }

    /// Of each look-ahead whether it matches at a position, given what stands before it.
    pub fn aheads(&mut self, future: u32, before: Side) -> &[bool] {
        self.reach(future, before);
        &self.aheads
    }

    /// What stands after a position, as conditions see it.
    pub fn after(&self, future: u32) -> Side {
        let set = &self.known.sets[future as usize];
        (set.last().expect("a set has a last word") & !ENDS) as Side
    }

    /// Marks every state that leads to a match from a position, given what stands before it; returns
    /// whether the pattern's first state is one.
    ///
    /// States that ask a look-ahead wait until all are marked that lead to acceptance otherwise, which
    /// settles it if those that stand in it are settled.
    fn reach(&mut self, future: u32, before: Side) -> bool {
        let listing = self.listing;
        let after = self.after(future);
        let set = self.set(future);
        let (last, words) = set.split_last().expect("a set has a last word");
        self.round += 1;
        self.stack.clear();
        if last & ENDS != 0 {
            self.stack.push(MATCH);
        }
        if !listing.aheads.is_empty() {
            self.stack.push(AHEAD);
        }
        self.aheads.clear();
        for (index, &word) in words.iter().enumerate() {
            let mut rest = word;
            while rest != 0 {
                self.stack.push(listing.takers[index * 64 + rest.trailing_zeros() as usize]);
                rest &= rest - 1;
            }
        }
        self.stack.iter().for_each(|&state| self.reached[state as usize] = self.round);
        let mut next = 0;
        loop {
            while let Some(&state) = self.stack.get(next) {
                next += 1;
                for &lead in listing.leads_to(state) {
                    let leads = match &listing.states[lead as usize] {
                        State::Split(_) | State::Mark(..) => true,
                        State::If(condition, _) => {
                            listing.sides.hold(condition, before, after, &self.aheads)
                        }
                        State::Take { .. } | State::Match => false,
                    };
                    if leads && self.reached[lead as usize] != self.round {
                        self.reached[lead as usize] = self.round;
                        self.stack.push(lead);
                    }
                }
            }
            let Some(ahead) = listing.aheads.get(self.aheads.len()) else { break };
            self.aheads.push(self.reached[ahead.start as usize] == self.round);
            for &state in &ahead.asked_by {
                let State::If(condition, then) = &listing.states[state as usize] else { continue };
                if self.reached[*then as usize] == self.round
                    && self.reached[state as usize] != self.round
                    && listing.sides.hold(condition, before, after, &self.aheads)
                {
                    self.reached[state as usize] = self.round;
                    self.stack.push(state);
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
        let ends = if self.ends == Ends::Anywhere { ENDS } else { 0 };
        *set.last_mut().expect("a set has a last word") =
            u64::from(listing.sides.of(Some(symbol))) | ends;
        set
    }

    /// The future before a whole stretch.
    pub fn through(&mut self, mut future: u32, symbols: &[u8]) -> u32 {
        let mut rest = symbols;
        while let Some((&symbol, others)) = rest.split_last() {
            let before = self.before(future, symbol);
            rest = others;
            if before & !BEGINS == future {
                rest = &rest[..rest.len() - self.run(before, rest)];
            }
            future = before & !BEGINS;
        }
        future
    }

    /// How many symbols at the end lead from a future to itself, as one did before: a loop that does not
    /// depend on what it finds, so that processors do several rounds at once.
    fn run(&self, before: u32, symbols: &[u8]) -> usize {
        let (kinds, count) = (&self.listing.kinds, self.listing.kind_count);
        let row = &self.known.table[(before & !BEGINS) as usize * count..][..count];
        let goes_on = |symbol: &&u8| row[usize::from(kinds[usize::from(**symbol)])] == before;
        symbols.iter().rev().take_while(goes_on).count()
    }

    /// The futures of a stretch, of its start first and of its end last, each with [`BEGINS`].
    pub fn fill(
        &mut self,
        at_end: &[u64],
        symbols: &[u8],
        stretch: Range<usize>,
        ahead: &mut Vec<u32>,
    ) {
        ahead.clear();
        ahead.resize(stretch.len() + 1, 0);
        let mut future = self.number(at_end);
        let within = &symbols[stretch.clone()];
        let mut place = within.len();
        while place > 0 {
            let before = self.before(future, within[place - 1]);
            ahead[place] = future | before & BEGINS;
            place -= 1;
            if before & !BEGINS == future {
                let run = self.run(before, &within[..place]);
                ahead[place - run + 1..=place].fill(before);
                place -= run;
            }
            future = before & !BEGINS;
        }
        let before = stretch.start.checked_sub(1).map(|place| symbols[place]);
        let begins = self.reach(future, self.listing.sides.of(before));
        ahead[0] = future | if begins { BEGINS } else { 0 };
    }
}
