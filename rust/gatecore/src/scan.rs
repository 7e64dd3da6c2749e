//! What the pass found in one document, and the exact answers that are worked out on demand.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::confirm;
use crate::pass::Coverage;
use crate::set::{PatternId, PatternSet};
use crate::shard::ShardScan;
use crate::span::Span;

/// An answer that the core knows, or that only `re` can give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// It is this.
    Known(T),
    /// `re` has to be asked: the pattern is on the fallback route and the pass did not rule it out.
    AskRe,
}

/// One document after the pass.
///
/// Keeps the document in symbols (one byte a character and alphabet) so that spans can be confirmed
/// later. Decisions are remembered. Safe to share between threads.
#[derive(Debug)]
pub struct Scan {
    shards: Vec<ShardScan>,
    decisions: Box<[AtomicU8]>,
}

const UNDECIDED: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

impl Scan {
    pub(crate) fn new(patterns: usize, shards: Vec<ShardScan>) -> Self {
        Scan { shards, decisions: (0..patterns).map(|_| AtomicU8::new(UNDECIDED)).collect() }
    }

    /// Whether the pass reported a pattern. "No" is final.
    fn reported(&self, set: &PatternSet, id: PatternId) -> bool {
        match set.patterns[id.0 as usize].place {
            Some((shard, slot)) => self.shards[shard as usize].reported.contains(slot as usize),
            None => true,
        }
    }

    /// Whether a pattern matches, if that takes no work to say.
    pub fn known(&self, set: &PatternSet, id: PatternId) -> Option<bool> {
        if !self.reported(set, id) {
            return Some(false);
        }
        if set.routing(id).coverage == Coverage::Decides {
            return Some(true);
        }
        match self.decisions[id.0 as usize].load(Ordering::Relaxed) {
            NO => Some(false),
            YES => Some(true),
            _ => None,
        }
    }

    /// Whether a pattern matches. Constant for the exact route; a candidate is decided once.
    pub fn is_match(&self, set: &PatternSet, id: PatternId) -> Answer<bool> {
        if let Some(known) = self.known(set, id) {
            return Answer::Known(known);
        }
        let Some((symbols, automaton)) = self.automaton(set, id) else {
            return Answer::AskRe;
        };
        let matches = confirm::is_match(automaton, symbols);
        self.remember(id, matches);
        Answer::Known(matches)
    }

    /// Remembers what `re` said of a pattern.
    pub fn remember(&self, id: PatternId, matches: bool) {
        let decision = if matches { YES } else { NO };
        self.decisions[id.0 as usize].store(decision, Ordering::Relaxed);
    }

    /// The patterns that match, and those for which `re` has to be asked; both rising.
    pub fn ids(&self, set: &PatternSet) -> (Vec<u32>, Vec<u32>) {
        let (mut yes, mut ask) = (Vec::new(), Vec::new());
        for id in 0..set.len() as u32 {
            match self.is_match(set, PatternId(id)) {
                Answer::Known(true) => yes.push(id),
                Answer::Known(false) => {}
                Answer::AskRe => ask.push(id),
            }
        }
        (yes, ask)
    }

    /// The first match at or after the character `from`.
    pub fn first(&self, set: &PatternSet, id: PatternId, from: usize) -> Answer<Option<Span>> {
        if self.is_out(set, id) {
            return Answer::Known(None);
        }
        match self.automaton(set, id) {
            Some((symbols, _)) if from > symbols.len() => Answer::Known(None),
            Some((symbols, automaton)) => Answer::Known(confirm::first(automaton, symbols, from)),
            None => Answer::AskRe,
        }
    }

    /// Every match, as `re.finditer` gives them.
    pub fn spans(&self, set: &PatternSet, id: PatternId) -> Answer<Vec<Span>> {
        if self.is_out(set, id) {
            return Answer::Known(Vec::new());
        }
        match self.automaton(set, id) {
            Some((symbols, automaton)) => {
                Answer::Known(confirm::all(automaton, symbols, || set.listing(id)))
            }
            None => Answer::AskRe,
        }
    }

    /// The groups of a match that was found: the whole match, then group 1, 2, …
    ///
    /// `re` has to be asked where a group stands inside a repeat.
    pub fn groups(
        &self,
        set: &PatternSet,
        id: PatternId,
        found: Span,
    ) -> Answer<Vec<Option<Span>>> {
        let place = set.patterns[id.0 as usize].place;
        let groups = set.groups_automaton(id).zip(place).and_then(|(automaton, (shard, _))| {
            let symbols = self.shards[shard as usize].symbols.as_slice();
            (found.end() <= symbols.len()).then(|| confirm::groups(automaton, symbols, found))?
        });
        groups.map_or(Answer::AskRe, Answer::Known)
    }

    /// Whether it is already certain, without work, that there is no match.
    fn is_out(&self, set: &PatternSet, id: PatternId) -> bool {
        !self.reported(set, id) || self.decisions[id.0 as usize].load(Ordering::Relaxed) == NO
    }

    fn automaton<'a>(
        &'a self,
        set: &'a PatternSet,
        id: PatternId,
    ) -> Option<(&'a [u8], &'a regex_automata::meta::Regex)> {
        let (shard, _) = set.patterns[id.0 as usize].place?;
        let automaton = set.spans_automaton(id)?;
        Some((self.shards[shard as usize].symbols.as_slice(), automaton))
    }

    /// Bytes that the symbols take.
    pub fn size(&self) -> usize {
        self.shards.iter().map(|shard| shard.symbols.len()).sum::<usize>() + self.decisions.len()
    }
}
