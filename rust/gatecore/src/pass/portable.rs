//! The portable pass: pure Rust, the same answers, no SIMD engine.
//!
//! From each pattern it takes *required literals*: short strings over symbols, of which every match
//! contains at least one. All of them go into one Aho-Corasick automaton; a pattern none of whose
//! literals occur has no match. Patterns that are nothing but literals are decided outright, others
//! are confirmed by their own automaton when asked.

use std::collections::HashMap;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{of_empty, Apart, Coverage, Known, Reported, Singles, Slot};
use crate::alphabet::ByteSet;
use crate::error::ScanError;
use crate::memory;
use crate::pattern::classes::{never_matches, Resolve};
use crate::pattern::{Node, RepeatKind};
use crate::stop::{Stop, STRETCH};

/// Most strings of one pattern. More of them would be longer and so rarer, but each costs memory.
const MAX_STRINGS: usize = 64;

/// A class with more symbols ends a literal.
const MAX_CLASS: usize = 4;

/// Longer strings are cut: the first symbols are nearly as selective.
const MAX_LENGTH: usize = 24;

/// Shorter strings occur in every document, so looking for them says nothing.
const MIN_LENGTH: usize = 2;

/// Most bytes that the automaton takes for a byte of literals while it is built: 29 in a state and its
/// transition, 12 in the compact form, and the first states' tables.
const STATE: usize = 64;

/// Required literals of many patterns.
#[derive(Debug, Serialize, Deserialize)]
pub struct PortablePass {
    /// Distinct literals, and for each the slots that need it.
    literals: Vec<(ByteBuf, Vec<u32>)>,
    apart: Apart,
    /// Built by the first scan, about 50 ms for 10,000 literals, so that loading stays cheap.
    #[serde(skip)]
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl PortablePass {
    /// Takes the required literals of every slot.
    pub fn build(slots: &[Slot<'_>], classes: &dyn Resolve) -> (Self, Vec<Known>) {
        let mut coverage = Vec::with_capacity(slots.len());
        let mut singles = Singles::default();
        let mut slots_of: HashMap<Vec<u8>, Vec<u32>> = HashMap::new();
        for (number, slot) in slots.iter().enumerate() {
            if never_matches(slot.node, classes) {
                coverage.push(Coverage::Never);
                continue;
            }
            if let Some(known) = of_empty(slot) {
                coverage.push(known);
                continue;
            }
            if slot.regular && singles.take(number, slot.node, classes) {
                coverage.push(Coverage::Decides);
                continue;
            }
            let whole = expand(slot.node, classes).filter(|whole| whole.shortest() > 0);
            let literals = match whole {
                Some(whole) if whole.exact && slot.regular => {
                    coverage.push(Coverage::Decides);
                    whole.strings
                }
                _ => match required(slot.node, classes) {
                    Some(literals) if literals.shortest() >= MIN_LENGTH => {
                        coverage.push(Coverage::Narrows);
                        literals.strings
                    }
                    _ => {
                        coverage.push(Coverage::Blind);
                        continue;
                    }
                },
            };
            for literal in literals {
                let slots = slots_of.entry(literal).or_default();
                if slots.last() != Some(&(number as u32)) {
                    slots.push(number as u32);
                }
            }
        }
        let literals = slots_of.into_iter().map(|(literal, slots)| (literal.into(), slots));
        let mut literals: Vec<(ByteBuf, Vec<u32>)> = literals.collect();
        literals.sort_unstable();
        let apart = Apart::new(singles, coverage.iter().copied());
        let pass = PortablePass { literals, apart, automaton: OnceLock::new() };
        (pass, coverage.into_iter().map(Known::of).collect())
    }

    /// The slots that may match.
    ///
    /// # Errors
    /// [`ScanError::Stopped`].
    pub fn scan(&self, symbols: &[u8], stop: &Stop) -> Result<Reported, ScanError> {
        let mut reported = self.apart.scan(symbols, stop)?;
        let automaton = self.automaton.get_or_init(|| {
            let size: usize = self.literals.iter().map(|(literal, _)| literal.len()).sum();
            memory::headroom(size * STATE + (1 << 20));
            AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .build(self.literals.iter().map(|(literal, _)| literal.as_slice()))
                .ok()
        });
        match automaton {
            Some(automaton) => {
                // In stretches that overlap by the longest literal, so that each occurrence lies in one.
                let overlap = automaton.max_pattern_len().saturating_sub(1);
                for begin in (0..symbols.len()).step_by(STRETCH) {
                    if stop.is_stopped() {
                        return Err(ScanError::Stopped);
                    }
                    let end = symbols.len().min(begin.saturating_add(STRETCH + overlap));
                    for found in automaton.find_overlapping_iter(&symbols[begin..end]) {
                        for &slot in &self.literals[found.pattern().as_usize()].1 {
                            reported.insert(slot as usize);
                        }
                    }
                }
            }
            // More literals than the automaton can number: every slot remains a candidate.
            None => (0..self.apart.count).for_each(|slot| reported.insert(slot)),
        }
        Ok(reported)
    }

    /// The pass without its automaton, for storing.
    pub fn copy(&self) -> Self {
        let (literals, apart) = (self.literals.clone(), self.apart.clone());
        PortablePass { literals, apart, automaton: OnceLock::new() }
    }

    /// Whether a pass that was read from a file fits its slots.
    pub fn is_sound(&self, count: usize) -> bool {
        let in_range = |slots: &[u32]| slots.iter().all(|&slot| (slot as usize) < count);
        self.apart.is_sound(count)
            && self.literals.iter().all(|(literal, slots)| !literal.is_empty() && in_range(slots))
    }
}

/// Whether every match contains one of a few strings that are long enough to look for.
#[cfg(feature = "simd")]
pub(crate) fn has_literal(node: &Node, classes: &dyn Resolve) -> bool {
    required(node, classes).is_some_and(|literals| literals.shortest() >= MIN_LENGTH)
}

/// Strings of which each match contains one.
#[derive(Clone, Debug)]
struct Strings {
    strings: Vec<Vec<u8>>,
    /// Whether, conversely, each occurrence of a string is a match.
    exact: bool,
}

impl Strings {
    fn empty() -> Self {
        Strings { strings: vec![Vec::new()], exact: true }
    }

    fn shortest(&self) -> usize {
        self.strings.iter().map(Vec::len).min().unwrap_or(0)
    }

    /// Greater is more selective: long strings, few of them.
    fn merit(&self) -> usize {
        let spread = usize::BITS - self.strings.len().leading_zeros();
        (self.shortest() * 8).saturating_sub(spread as usize)
    }

    /// Every string of `self` followed by every string of `next`, if that is not too many.
    fn then(&self, next: &Strings) -> Option<Strings> {
        if self.strings.len() * next.strings.len() > MAX_STRINGS {
            return None;
        }
        let longest = |set: &Strings| set.strings.iter().map(Vec::len).max().unwrap_or(0);
        if longest(self) + longest(next) > MAX_LENGTH {
            return None;
        }
        let mut strings = Vec::with_capacity(self.strings.len() * next.strings.len());
        for head in &self.strings {
            strings.extend(next.strings.iter().map(|tail| [head.as_slice(), tail].concat()));
        }
        Some(Strings { strings, exact: self.exact && next.exact })
    }

    fn or(mut self, other: Strings) -> Option<Strings> {
        self.strings.extend(other.strings);
        self.exact &= other.exact;
        (self.strings.len() <= MAX_STRINGS).then_some(self)
    }
}

/// All texts of a node, if they are few. Zero-width conditions count as empty, inexactly.
fn expand(node: &Node, classes: &dyn Resolve) -> Option<Strings> {
    match node {
        Node::Empty => Some(Strings::empty()),
        Node::Never => None,
        Node::Class(class) => {
            let set: ByteSet = classes.class(*class);
            (1..=MAX_CLASS).contains(&set.len()).then(|| Strings {
                strings: set.iter().map(|byte| vec![byte]).collect(),
                exact: true,
            })
        }
        Node::Concat(nodes) => nodes
            .iter()
            .try_fold(Strings::empty(), |strings, node| strings.then(&expand(node, classes)?)),
        Node::Alternate(nodes) => {
            let mut branches = nodes.iter();
            let first = expand(branches.next()?, classes)?;
            branches.try_fold(first, |strings, node| strings.or(expand(node, classes)?))
        }
        Node::Repeat { min, max: Some(max), node, kind } if *max <= 4 => {
            let body = expand(node, classes)?;
            let mut rounds = Strings::empty();
            let mut all = (*min == 0).then(Strings::empty);
            for round in 1..=*max {
                rounds = rounds.then(&body)?;
                if round >= *min {
                    all = match all {
                        Some(all) => Some(all.or(rounds.clone())?),
                        None => Some(rounds.clone()),
                    };
                }
            }
            let mut all = all?;
            all.exact &= *kind != RepeatKind::Possessive;
            Some(all)
        }
        Node::Repeat { .. } => None,
        Node::Group { node, .. } => expand(node, classes),
        Node::Atomic(node) => {
            expand(node, classes).map(|strings| Strings { exact: false, ..strings })
        }
        Node::Look(_) | Node::LookAround(..) => Some(Strings { exact: false, ..Strings::empty() }),
        Node::BackReference(_) | Node::Conditional(..) | Node::Quirk(_) => None,
    }
}

/// The most selective strings of which every match contains one.
fn required(node: &Node, classes: &dyn Resolve) -> Option<Strings> {
    let whole = expand(node, classes).filter(|strings| strings.shortest() > 0);
    if whole.is_some() {
        return whole;
    }
    match node {
        Node::Concat(nodes) => {
            let mut best: Option<Strings> = None;
            let mut offer = |strings: Strings| {
                let better = best.as_ref().is_none_or(|best| strings.merit() > best.merit());
                if strings.shortest() > 0 && better {
                    best = Some(strings);
                }
            };
            let mut run = Strings::empty();
            for node in nodes {
                match expand(node, classes) {
                    Some(strings) => match run.then(&strings) {
                        Some(longer) => run = longer,
                        None => offer(std::mem::replace(&mut run, strings)),
                    },
                    None => {
                        offer(std::mem::replace(&mut run, Strings::empty()));
                        if let Some(inner) = required(node, classes) {
                            offer(inner);
                        }
                    }
                }
            }
            offer(run);
            best
        }
        Node::Alternate(nodes) => {
            let live = nodes.iter().filter(|node| !never_matches(node, classes));
            let mut branches = live.map(|node| required(node, classes));
            let first = branches.next()??;
            branches.try_fold(first, |strings, next| strings.or(next?))
        }
        Node::Repeat { min, node, .. } if *min > 0 => required(node, classes),
        Node::Group { node, .. } | Node::Atomic(node) | Node::Quirk(node) => {
            required(node, classes)
        }
        _ => None,
    }
}
