//! The one pass: which of many patterns may match a document, decided together.
//!
//! A pass is built over one alphabet and answers with a set of *slots*. What an answer is worth is
//! fixed when the pass is built, by slot, as a [`Coverage`]. The invariant that everything rests on:
//! **a slot that is not reported has no match.**
//!
//! Two passes keep it, and tests hold them against each other and against `re`:
//! [`simd`] (Hyperscan) and [`portable`] (pure Rust: literals by aho-corasick).

pub mod consumed;
#[cfg(feature = "simd")]
mod expression;
#[cfg(all(test, feature = "simd"))]
mod form_cases;
#[cfg(feature = "simd")]
pub mod forms;
pub mod memo;
pub mod portable;
#[cfg(feature = "simd")]
pub mod sequences;
#[cfg(feature = "simd")]
pub mod simd;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::alphabet::ByteSet;
use crate::error::ScanError;
use crate::memory;
use crate::pattern::classes::Resolve;
use crate::pattern::Node;
use crate::stop::{Stop, STRETCH};

/// What the pass knows of a pattern, and so what its answer is worth.
///
/// ```
/// use gatecore::pass::Coverage;
/// use gatecore::{Route, Routing};
///
/// // A pattern that is regular, and of which the pass looks for something wider:
/// let routing = Routing { irregular: None, coverage: Coverage::Narrows, cut: None };
/// assert_eq!(routing.route(), Route::Candidate);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coverage {
    /// Reported exactly when the pattern matches.
    Decides,
    /// Reported whenever the pattern matches, and sometimes when it does not.
    Narrows,
    /// Always reported: the pass has nothing to search for.
    Blind,
    /// Never reported, as the pattern cannot match any text.
    Never,
    /// Always reported, as the pattern matches every text.
    Always,
}

impl Coverage {
    /// Whether what is reported does match.
    pub fn is_exact(self) -> bool {
        matches!(self, Coverage::Decides | Coverage::Always)
    }

    /// Whether the pattern is reported whatever the text.
    fn is_fixed(self) -> bool {
        matches!(self, Coverage::Blind | Coverage::Always)
    }
}

/// What is known of a pattern that can match the empty text, of which no engine is asked.
fn of_empty(slot: &Slot<'_>) -> Option<Coverage> {
    (slot.regular && slot.node.min_length() == 0).then(|| match slot.node.matches_anywhere() {
        true => Coverage::Always,
        false => Coverage::Blind,
    })
}

/// Why a pass was not given the whole of a pattern that it could decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cut {
    /// Its repeats are nested beyond what the engine's parser takes in reasonable time.
    Nesting,
    /// It is larger than the engine takes in reasonable time.
    Size,
    /// Its bounded repeats, written out, are larger than that.
    Bounds,
    /// Compiling it exceeded the budget of work for one pattern, or for the set.
    Work,
    /// The engine does not take it.
    Refused,
}

impl Cut {
    /// One clause for people, without a full stop.
    pub fn describe(self) -> &'static str {
        match self {
            Cut::Nesting => "its repeats are nested too deeply for the engine",
            Cut::Size => "it is too large for the engine",
            Cut::Bounds => "its bounded repeats are too large for the engine",
            Cut::Work => "compiling it would exceed the work budget",
            Cut::Refused => "the engine refuses it",
        }
    }
}

/// What a pass knows of a pattern, and why it does not know more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What an answer is worth.
    pub coverage: Coverage,
    /// Why it is not worth more, where the engine's limits are the reason.
    pub cut: Option<Cut>,
}

impl Known {
    /// Where no limit of the engine is the reason.
    pub fn of(coverage: Coverage) -> Self {
        Known { coverage, cut: None }
    }
}

/// A pattern on its way into a pass.
#[derive(Debug)]
pub struct Slot<'a> {
    /// Its tree.
    pub node: &'a Node,
    /// Whether it is regular, so that a pass may decide it.
    pub regular: bool,
}

/// Patterns of a single character class, such as `£`, `[!?]` or `\s+`: decided by which symbols occur.
///
/// They are kept out of the engines. Hyperscan's compiler takes 22 s for 200 of them (it merges
/// their automata pair by pair); looking at which symbols occur costs 0.3 ns a character.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Singles(Vec<(u32, ByteSet)>);

/// What a pass reports without its engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Apart {
    pub singles: Singles,
    /// Slots that are always reported.
    blind: Vec<u32>,
    count: usize,
}

impl Singles {
    /// Takes a regular slot if it is a single class, apart from groups and repeats from 1.
    pub(crate) fn take(&mut self, slot: usize, node: &Node, classes: &dyn Resolve) -> bool {
        match node {
            Node::Class(class) => {
                self.0.push((slot as u32, classes.class(*class)));
                true
            }
            Node::Group { node, .. } | Node::Repeat { min: 1, node, .. } => {
                self.take(slot, node, classes)
            }
            _ => false,
        }
    }

    /// Reports the slots whose class has a symbol in the document.
    fn scan(&self, symbols: &[u8], reported: &mut Reported, stop: &Stop) -> Result<(), ScanError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut seen = [false; 256];
        for stretch in symbols.chunks(STRETCH) {
            if stop.is_stopped() {
                return Err(ScanError::Stopped);
            }
            for &symbol in stretch {
                seen[usize::from(symbol)] = true;
            }
        }
        let seen: ByteSet = (0..=u8::MAX).filter(|&symbol| seen[usize::from(symbol)]).collect();
        for (slot, set) in &self.0 {
            if !seen.intersection(set).is_empty() {
                reported.insert(*slot as usize);
            }
        }
        Ok(())
    }

    /// Whether all slots are below `count`.
    pub fn is_sound(&self, count: usize) -> bool {
        self.0.iter().all(|(slot, _)| (*slot as usize) < count)
    }
}

impl Apart {
    /// `coverage` is that of every slot.
    pub fn new(singles: Singles, coverage: impl Iterator<Item = Coverage>) -> Self {
        let mut apart = Apart { singles, blind: Vec::new(), count: 0 };
        for (slot, coverage) in (0..).zip(coverage) {
            if coverage.is_fixed() {
                apart.blind.push(slot);
            }
            apart.count += 1;
        }
        apart
    }

    /// What is reported before the engine is asked.
    pub fn scan(&self, symbols: &[u8], stop: &Stop) -> Result<Reported, ScanError> {
        let mut reported = Reported::new(self.count);
        self.blind.iter().for_each(|&slot| reported.insert(slot as usize));
        self.singles.scan(symbols, &mut reported, stop)?;
        Ok(reported)
    }

    /// Whether one that was read from a file fits this many slots.
    pub fn is_sound(&self, count: usize) -> bool {
        self.count == count
            && self.blind.iter().all(|&slot| (slot as usize) < count)
            && self.singles.is_sound(count)
    }
}

/// Where a match of a slot may begin: at a symbol from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begins {
    /// The slot.
    pub slot: u32,
    /// The first such symbol.
    pub first: u32,
    /// The last one.
    pub last: u32,
    /// Where the match ends that begins at `first`, which then is `last` too.
    pub end: Option<NonZeroU32>,
}

/// Which slots were reported, and what is known of where their matches begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// A bit for each slot.
    slots: Vec<u64>,
    /// Some slots, and a symbol before which no match begins.
    begins: Vec<(u32, u32)>,
}

impl Reported {
    /// None of this many slots.
    pub fn new(slots: usize) -> Self {
        let slots = memory::collected((0..slots.div_ceil(64)).map(|_| 0));
        Reported { slots, begins: Vec::new() }
    }

    /// Notes of a slot that none of its matches begins before a place, in symbols. Once for each slot at most.
    #[cfg_attr(not(feature = "simd"), allow(dead_code))]
    pub(crate) fn begins_at(&mut self, slot: usize, place: usize) {
        memory::push(&mut self.begins, (slot as u32, place as u32));
    }

    /// To be called when everything is reported, before [`Reported::not_before`].
    #[cfg_attr(not(feature = "simd"), allow(dead_code))]
    pub(crate) fn finish(&mut self) {
        self.begins.sort_unstable();
    }

    /// A symbol before which no match of a slot begins.
    pub fn not_before(&self, slot: usize) -> usize {
        let found = self.begins.binary_search_by_key(&slot, |&(slot, _)| slot as usize);
        found.map_or(0, |at| self.begins[at].1 as usize)
    }

    /// Adds a slot.
    #[inline]
    pub fn insert(&mut self, slot: usize) {
        self.slots[slot / 64] |= 1 << (slot % 64);
    }

    /// The slots that were reported, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.slots.iter().enumerate().flat_map(|(index, &word)| {
            std::iter::successors((word != 0).then_some(word), |rest| {
                Some(rest & (rest - 1)).filter(|&rest| rest != 0)
            })
            .map(move |rest| index * 64 + rest.trailing_zeros() as usize)
        })
    }

    /// Whether the slot was reported.
    #[inline]
    pub fn contains(&self, slot: usize) -> bool {
        self.slots[slot / 64] & (1 << (slot % 64)) != 0
    }
}
