//! Sequences of classes, found by their rarest symbols: what most patterns of real sets are.
//!
//! Of each sequence ([`expand`]) neighbouring symbols are chosen that are rare among all sequences, its
//! *grams*. For phrases these are the symbols round a blank, so one look at the document asks at each of its
//! blanks whether a gram stands there: a bit in a table that stays in the cache, for any number of
//! sequences. Where one does, its sequences are compared, those of slots that were reported already left
//! out. Sequences with gaps between them, as of `no risk.*fee`, are joined afterwards, if all of them
//! were met.
//!
//! A SIMD engine looks at every place for the last eight symbols of each literal, rare or not, and runs a
//! program for each that it finds; a gap is an automaton of its own there.

mod chains;
mod expand;
mod grams;
pub mod places;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use self::expand::{Chain, Place, Sequence};
use self::grams::Index;
use super::Reported;
use crate::alphabet::ByteSet;
use crate::error::ScanError;
use crate::memory;
use crate::pattern::classes::Resolve;
use crate::pattern::Node;
use crate::stop::Stop;

/// Most texts of one gram, which come of its classes.
const MAX_TEXTS: u32 = 16;

/// Many sequences, and which slots each belongs to.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sequences {
    entries: Vec<Entry>,
    /// Of each element of all sequences a symbol.
    #[serde(with = "serde_bytes")]
    symbols: Vec<u8>,
    /// Of each element its class in `sets`, from 1; 0 where it is just its symbol.
    classes: Vec<u32>,
    sets: Vec<ByteSet>,
    chains: Vec<Joined>,
    /// The slots of which it is known where matches begin, ascending: of one chain, whose first stage begins
    /// with the match.
    placed: Vec<u32>,
    /// Those of them whose matches are the sequences, so that it is known where they end as well, ascending.
    whole: Vec<u32>,
    #[serde(skip)]
    index: OnceLock<Index>,
    /// The entry of each sequence, while they are taken.
    #[serde(skip)]
    known: HashMap<Sequence, u32>,
}

/// A sequence.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    /// Where its elements are.
    begin: u32,
    end: u32,
    before: Beside,
    after: Beside,
    /// Reported where it stands.
    slots: Vec<u32>,
    /// Whether chains ask where it stands.
    in_chain: bool,
}

/// What may stand beside a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Beside {
    /// In `sets`, from 1; 0 for anything.
    class: u32,
    edge: bool,
}

/// Sequences with gaps between them: a slot is reported where they stand one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Joined {
    slot: u32,
    /// At least two, each with the entries of which one stands there.
    stages: Vec<Vec<u32>>,
    gaps: Vec<Between>,
}

/// What may stand between two stages.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Between {
    /// In `sets`, from 1.
    class: u32,
    most: Option<u32>,
}

/// A sequence that stands in a document.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The slot that it belongs to.
    pub slot: u32,
    /// Its first symbol.
    pub begin: usize,
    /// One past its last symbol, if that is where the match ends that is this sequence.
    pub end: Option<usize>,
}

/// Two symbols that are one in the document that is searched, though gaps tell them apart: the second is
/// seen as the first.
pub type Merged = Option<(u8, u8)>;

/// Which grams a sequence may be found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grams {
    /// Those across a blank, for which a document is looked at in every sixth place only.
    OfPhrases,
    /// Any.
    Any,
}

impl Sequences {
    /// Takes a slot, if its pattern is a few chains of sequences and each sequence has a gram.
    pub fn take(
        &mut self,
        slot: usize,
        node: &Node,
        classes: &dyn Resolve,
        symbols: ByteSet,
        merged: Merged,
        grams: Grams,
    ) -> bool {
        let Some(mut all) = expand::chains(node, classes, symbols) else { return false };
        let mut sequences = all.iter_mut().flat_map(|chain| &mut chain.stages).flatten();
        let can_be_found = sequences
            .all(|sequence| merge(sequence, merged) && grams::has_gram(&sequence.sets, grams));
        if can_be_found {
            let anything = merged.map_or(symbols, |(_, second)| without(symbols, second));
            all.iter().for_each(|chain| self.push(slot as u32, chain, anything));
            if let [Chain { begins_matches: true, ends_matches, stages, gaps }] = &all[..] {
                self.placed.push(slot as u32);
                let in_run = |set: ByteSet| merged.is_some_and(|(first, _)| set.contains(first));
                let has_own_ends = |sequence: &Sequence| {
                    !in_run(sequence.sets[0]) && !in_run(sequence.sets[sequence.sets.len() - 1])
                };
                if gaps.is_empty() && *ends_matches && stages[0].iter().all(has_own_ends) {
                    self.whole.push(slot as u32);
                }
            }
        }
        can_be_found
    }

    fn push(&mut self, slot: u32, chain: &Chain, symbols: ByteSet) {
        let stages = chain
            .stages
            .iter()
            .map(|stage| stage.iter().map(|sequence| self.entry(sequence, symbols)).collect());
        let stages: Vec<Vec<u32>> = stages.collect();
        if let [only] = &stages[..] {
            for &entry in only {
                let slots = &mut self.entries[entry as usize].slots;
                if slots.last() != Some(&slot) {
                    slots.push(slot);
                }
            }
            return;
        }
        for &entry in stages.iter().flatten() {
            self.entries[entry as usize].in_chain = true;
        }
        let between = |gap: &expand::Gap| Between { class: self.class(gap.set), most: gap.most };
        let gaps = chain.gaps.iter().map(between).collect();
        self.chains.push(Joined { slot, stages, gaps });
    }

    /// The number of a sequence.
    fn entry(&mut self, sequence: &Sequence, symbols: ByteSet) -> u32 {
        if let Some(&known) = self.known.get(sequence) {
            return known;
        }
        let begin = self.symbols.len() as u32;
        for set in &sequence.sets {
            self.symbols.push(set.iter().next().unwrap_or_default());
            let class = if set.len() == 1 { 0 } else { self.class(*set) };
            self.classes.push(class);
        }
        let mut beside = |place: &Place| {
            let is_anything = symbols.intersection(&place.set) == symbols;
            Beside { class: if is_anything { 0 } else { self.class(place.set) }, edge: place.edge }
        };
        let (before, after) = (beside(&sequence.before), beside(&sequence.after));
        let end = self.symbols.len() as u32;
        self.entries.push(Entry { begin, end, before, after, slots: Vec::new(), in_chain: false });
        let entry = self.entries.len() as u32 - 1;
        self.known.insert(sequence.clone(), entry);
        entry
    }

    /// The number of a set, from 1. There are few distinct ones.
    fn class(&mut self, set: ByteSet) -> u32 {
        let known = self.sets.iter().position(|known| *known == set);
        let at = known.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        at as u32 + 1
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reports the slots whose sequences stand in the document. `gaps` is the document in which gaps are looked
    /// at, where two symbols are merged in the other.
    ///
    /// # Errors
    /// [`ScanError::Stopped`].
    pub fn scan(
        &self,
        document: &[u8],
        gaps: &[u8],
        reported: &mut Reported,
        stop: &Stop,
    ) -> Result<(), ScanError> {
        if self.is_empty() {
            return Ok(());
        }
        let index = self.index.get_or_init(|| Index::new(self));
        let (mut met, mut found) = (Vec::new(), Vec::new());
        index.scan(document, stop, |used, begin| {
            let number = used.sequence as usize;
            if let Some(slot) = used.only_slot() {
                if !reported.contains(slot) && self.stands(number, document, begin) {
                    reported.insert(slot);
                    memory::push(&mut found, (slot, begin));
                }
                return;
            }
            let entry = &self.entries[number];
            let is_wanted = |&slot: &u32| !reported.contains(slot as usize);
            if (entry.in_chain || entry.slots.iter().any(is_wanted))
                && self.stands(number, document, begin)
            {
                for slot in entry.slots.iter().map(|&slot| slot as usize) {
                    if !reported.contains(slot) {
                        reported.insert(slot);
                        memory::push(&mut found, (slot, begin));
                    }
                }
                if entry.in_chain {
                    memory::push(&mut met, (used.sequence, begin));
                }
            }
        })?;
        if !met.is_empty() {
            chains::join(self, met, gaps, reported, &mut found);
        }
        for (slot, begin) in found {
            if let Some(place) = index.not_before(slot, begin) {
                reported.begins_at(slot, place);
            }
        }
        Ok(())
    }

    /// Where each sequence of the slots that were reported stands, if matches of the slot begin there; in no
    /// order. `None` if there are more than `most`.
    pub fn standing(
        &self,
        document: &[u8],
        reported: &Reported,
        most: usize,
    ) -> Option<Vec<Standing>> {
        let mut found = Vec::new();
        let Some(index) = self.index.get() else { return Some(found) };
        let scanned = index.scan(document, &Stop::never(), |used, begin| {
            let number = used.sequence as usize;
            let slots = &self.entries[number].slots;
            let is_wanted =
                |&slot: &u32| reported.contains(slot as usize) && index.is_placed(slot as usize);
            if found.len() <= most
                && slots.iter().any(is_wanted)
                && self.stands(number, document, begin)
            {
                let length = self.range(number).len();
                for &slot in slots.iter().filter(|slot| is_wanted(slot)) {
                    let end = index.is_whole(slot as usize).then_some(begin + length);
                    memory::push(&mut found, Standing { slot, begin, end });
                }
            }
        });
        (scanned.is_ok() && found.len() <= most).then_some(found)
    }

    /// Where the elements of a sequence are.
    fn range(&self, entry: usize) -> Range<usize> {
        let Entry { begin, end, .. } = self.entries[entry];
        begin as usize..end as usize
    }

    /// Whether a sequence stands at a place of the document.
    fn stands(&self, entry: usize, document: &[u8], begin: usize) -> bool {
        let range = self.range(entry);
        let Some(seen) = document.get(begin..begin + range.len()) else { return false };
        let Entry { before, after, .. } = self.entries[entry];
        let is_same = |(&seen, at): (&u8, usize)| {
            seen == self.symbols[at]
                || self.classes[at]
                    .checked_sub(1)
                    .is_some_and(|class| self.sets[class as usize].contains(seen))
        };
        seen.iter().zip(range).all(is_same)
            && self.may_stand(before, begin.checked_sub(1).and_then(|at| document.get(at)))
            && self.may_stand(after, document.get(begin + seen.len()))
    }

    fn may_stand(&self, beside: Beside, seen: Option<&u8>) -> bool {
        match seen {
            None => beside.edge,
            Some(_) if beside.class == 0 => true,
            Some(&seen) => self.sets[beside.class as usize - 1].contains(seen),
        }
    }

    /// The class of an element.
    fn element(&self, at: usize) -> ByteSet {
        match self.classes[at] {
            0 => std::iter::once(self.symbols[at]).collect(),
            class => self.sets[class as usize - 1],
        }
    }

    /// Forgets what only taking needs: a pattern's classes are 32 bytes each. Slots are taken in any order.
    pub fn finish(&mut self) {
        self.known = HashMap::new();
        self.placed.sort_unstable();
        self.whole.sort_unstable();
    }

    /// The same without its index, for storing.
    pub fn copy(&self) -> Self {
        Sequences {
            entries: self.entries.clone(),
            symbols: self.symbols.clone(),
            classes: self.classes.clone(),
            sets: self.sets.clone(),
            chains: self.chains.clone(),
            placed: self.placed.clone(),
            whole: self.whole.clone(),
            ..Sequences::default()
        }
    }

    /// Whether one that was read from a file fits this many slots.
    pub fn is_sound(&self, count: usize) -> bool {
        let is_class = |class: u32| class as usize <= self.sets.len();
        let is_slot = |slot: u32| (slot as usize) < count;
        let mut begin = 0;
        let entries = self.entries.iter().all(|entry| {
            let is_ascending = begin == entry.begin && begin < entry.end;
            begin = entry.end;
            is_ascending
                && entry.slots.iter().all(|&slot| is_slot(slot))
                && is_class(entry.before.class)
                && is_class(entry.after.class)
        });
        let chains = self.chains.iter().all(|chain| {
            let mut all = chain.stages.iter().flatten();
            is_slot(chain.slot)
                && chain.stages.len() == chain.gaps.len() + 1
                && all.all(|&entry| (entry as usize) < self.entries.len())
                && chain.gaps.iter().all(|gap| gap.class > 0 && is_class(gap.class))
        });
        self.symbols.len() == self.classes.len()
            && [&self.placed, &self.whole]
                .iter()
                .all(|slots| slots.is_sorted() && slots.iter().all(|&slot| is_slot(slot)))
            && self.classes.iter().all(|&class| is_class(class))
            && entries
            && chains
            && begin as usize == self.symbols.len()
            && grams::has_each(self)
    }
}

/// Rewrites a sequence for a document in which two symbols are one; whether that is the same question.
fn merge(sequence: &mut Sequence, merged: Merged) -> bool {
    let Some((first, second)) = merged else { return true };
    let Sequence { before, sets, after } = sequence;
    let mut all = sets.iter_mut().chain([&mut before.set, &mut after.set]);
    first == second
        || all.all(|set| {
            let is_same = set.contains(first) == set.contains(second);
            *set = without(*set, second);
            is_same
        })
}

fn without(set: ByteSet, symbol: u8) -> ByteSet {
    set.intersection(&std::iter::once(symbol).collect::<ByteSet>().complement())
}

#[cfg(test)]
mod tests;
