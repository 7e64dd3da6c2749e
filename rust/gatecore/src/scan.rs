//! What the pass found in one document, and the exact answers that are worked out on demand.
//!
//! Nothing is scanned before it is asked for: the pass over an alphabet runs when one of its patterns
//! is first asked about ([`Scan::is_ready`], [`Scan::complete`]). A document of which only lowered
//! keywords are asked never pays for the caseless patterns of its set.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::OnceLock;

use crate::alphabet::{end_with_final_newline, Translation, NEWLINE};
use crate::confirm::{self, AutomatonKind, Matches, Regex, Wanted};
use crate::error::ScanError;
use crate::memory;
use crate::pass::Coverage;
use crate::set::{PatternId, PatternSet, ShardId};
use crate::shard::ShardScan;
use crate::span::Span;
use crate::stop::Stop;

/// An answer that the core knows, or that only `re` can give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// It is this.
    Known(T),
    /// `re` has to be asked: the pattern is on the fallback route and the pass did not rule it out.
    AskRe,
}

/// What is known without looking at the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glance {
    /// There is no match.
    No,
    /// There is one, and automata find it.
    Yes,
    /// Not known yet.
    LookCloser,
}

/// How a match has to lie in its region: as the methods of `re.Pattern` of these names have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Anywhere.
    Search,
    /// At the region's begin.
    Match,
    /// From the region's begin to its end.
    FullMatch,
}

/// Part of a document, as `pos` and `endpos` of `re` cut it: what stands before `from` is still seen
/// by `^` and `\b`, while `to` is where the text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where a match may begin, in characters.
    pub from: usize,
    /// Where the text ends, in characters.
    pub to: usize,
}

/// What an automaton knows of a match's groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// The whole match, then group 1, 2, … as far as there are; `None` for one that took no part.
    pub spans: Vec<Option<Span>>,
    /// The group that was closed last.
    pub last: Option<u32>,
}

/// One document on its way through the pass.
///
/// Keeps the document in symbols (one byte a character and alphabet that was asked for) so that spans
/// can be confirmed later. Decisions are remembered. Safe to share between threads.
#[derive(Debug)]
pub struct Scan {
    length: usize,
    shards: Box<[OnceLock<ShardScan>]>,
    decisions: Box<[AtomicU8]>,
}

const UNDECIDED: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

impl Scan {
    pub(crate) fn new(patterns: usize, shards: usize, length: usize) -> Self {
        Scan {
            length,
            shards: memory::collected((0..shards).map(|_| OnceLock::new())).into(),
            decisions: memory::collected((0..patterns).map(|_| AtomicU8::new(UNDECIDED))).into(),
        }
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is no character.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether a pattern's alphabet was scanned, so that the pattern may be asked about.
    pub fn is_ready(&self, shard: ShardId) -> bool {
        self.shards[shard.0 as usize].get().is_some()
    }

    /// Runs the pass over one alphabet. If another thread was faster, its result stays.
    ///
    /// # Errors
    /// [`ScanError`].
    ///
    /// # Panics
    /// If the translation is not of this document's length.
    pub fn complete(
        &self,
        set: &PatternSet,
        shard: ShardId,
        translation: Translation<'_>,
    ) -> Result<(), ScanError> {
        self.complete_until(set, shard, translation.finish(), &Stop::never())
    }

    /// As [`Scan::complete`], of a translation that is finished and until `stop` says so.
    ///
    /// # Errors
    /// [`ScanError`].
    ///
    /// # Panics
    /// As [`Scan::complete`].
    pub fn complete_until(
        &self,
        set: &PatternSet,
        shard: ShardId,
        symbols: Vec<u8>,
        stop: &Stop,
    ) -> Result<(), ScanError> {
        assert_eq!(symbols.len(), self.length, "a translation of another document");
        let scanned = set.shards[shard.0 as usize].scan(symbols, stop)?;
        let _ = self.shards[shard.0 as usize].set(scanned);
        Ok(())
    }

    /// Runs the pass over all sections of an alphabet, if that is complete.
    ///
    /// # Errors
    /// [`ScanError`].
    pub fn complete_sections(
        &self,
        set: &PatternSet,
        shard: ShardId,
        stop: &Stop,
    ) -> Result<(), ScanError> {
        let shard_of_set = &set.shards[shard.0 as usize];
        if let Some(scan) = self.shards[shard.0 as usize].get() {
            for section in 0..shard_of_set.sections.len() as u32 {
                if scan.reported(section).is_none() {
                    shard_of_set.complete(scan, section, stop)?;
                }
            }
        }
        Ok(())
    }

    /// Whether the section of a pattern, whose alphabet is complete, was scanned.
    #[inline]
    pub fn is_prepared(&self, set: &PatternSet, id: PatternId) -> bool {
        let place = set.places[id.0 as usize];
        place.shard == u32::MAX || self.shard(place.shard).reported(place.section).is_some()
    }

    /// Runs the pass over the section of a pattern whose alphabet is complete, unless it was run.
    ///
    /// # Errors
    /// [`ScanError`].
    #[inline]
    pub fn prepare(&self, set: &PatternSet, id: PatternId, stop: &Stop) -> Result<(), ScanError> {
        if self.is_prepared(set, id) {
            return Ok(());
        }
        let place = set.places[id.0 as usize];
        let scan = self.shard(place.shard);
        set.shards[place.shard as usize].complete(scan, place.section, stop)
    }

    /// What the pass says of one alphabet.
    ///
    /// # Panics
    /// If it was not scanned: asking is a bug of the caller. The same holds for all methods that take
    /// a pattern.
    fn shard(&self, shard: u32) -> &ShardScan {
        self.shards[shard as usize].get().expect("an alphabet is scanned before it is asked")
    }

    /// Whether the pass reported a pattern. "No" is final.
    fn reported(&self, set: &PatternSet, id: PatternId) -> bool {
        let place = set.places[id.0 as usize];
        if place.shard == u32::MAX {
            return true;
        }
        let reported = self.shard(place.shard).reported(place.section);
        reported.expect("a section is scanned before it is asked").contains(place.slot as usize)
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

    /// What a pattern's answer is, if a look at two words of memory tells; of an alphabet that was not
    /// scanned it does not. "Yes" is only said of patterns whose spans automata find.
    #[inline]
    pub fn glance(&self, set: &PatternSet, id: PatternId) -> Glance {
        let place = set.places[id.0 as usize];
        let shard = self.shards.get(place.shard as usize).and_then(OnceLock::get);
        let Some(reported) = shard.and_then(|shard| shard.reported(place.section)) else {
            return Glance::LookCloser;
        };
        if !reported.contains(place.slot as usize) {
            return Glance::No;
        }
        if place.is_final {
            return Glance::Yes;
        }
        match self.decisions[id.0 as usize].load(Ordering::Relaxed) {
            NO => Glance::No,
            YES if place.is_regular => Glance::Yes,
            _ => Glance::LookCloser,
        }
    }

    /// Whether a pattern matches. Constant for the exact route; a candidate is decided once.
    pub fn is_match(&self, set: &PatternSet, id: PatternId) -> Answer<bool> {
        if let Some(known) = self.known(set, id) {
            return Answer::Known(known);
        }
        let Some((symbols, automaton)) = self.automaton(set, id, AutomatonKind::Spans) else {
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
                Answer::Known(true) => memory::push(&mut yes, id),
                Answer::Known(false) => {}
                Answer::AskRe => memory::push(&mut ask, id),
            }
        }
        (yes, ask)
    }

    /// The whole document.
    pub fn whole(&self) -> Region {
        Region { from: 0, to: self.length }
    }

    /// The first match in a region.
    pub fn find(
        &self,
        set: &PatternSet,
        id: PatternId,
        anchor: Anchor,
        region: Region,
    ) -> Answer<Option<Span>> {
        self.within(
            set,
            id,
            anchor,
            region,
            || None,
            |automaton, symbols, from, offset| {
                confirm::first(automaton, symbols, from, anchor != Anchor::Search)
                    .map(|span| span.behind(offset))
            },
        )
    }

    /// Every match, as `re.finditer` gives them.
    pub fn spans(&self, set: &PatternSet, id: PatternId) -> Answer<Vec<Span>> {
        match self.some_spans(set, id, self.whole(), Wanted::All) {
            Answer::Known(matches) => Answer::Known(matches.spans),
            Answer::AskRe => Answer::AskRe,
        }
    }

    /// The first matches in a region.
    pub fn some_spans(
        &self,
        set: &PatternSet,
        id: PatternId,
        region: Region,
        wanted: Wanted,
    ) -> Answer<Matches> {
        let none = || Matches { spans: Vec::new(), at_end: true };
        self.within(set, id, Anchor::Search, region, none, |automaton, symbols, from, offset| {
            confirm::some(automaton, symbols, from, wanted, || set.listing(id)).behind(offset)
        })
    }

    /// The groups of a match that was found in a document that ends at `to`.
    ///
    /// `re` has to be asked where a group stands inside a repeat.
    pub fn groups(
        &self,
        set: &PatternSet,
        id: PatternId,
        anchor: Anchor,
        found: Span,
        to: usize,
    ) -> Answer<Groups> {
        let kind = match anchor {
            Anchor::Search | Anchor::Match => AutomatonKind::Groups,
            Anchor::FullMatch => AutomatonKind::Full,
        };
        let place = set.patterns[id.0 as usize].place;
        let Some(((automaton, closing), (shard, ..))) = set.groups_automaton(id, kind).zip(place)
        else {
            return Answer::AskRe;
        };
        let symbols = self.shard(shard).symbols.as_slice();
        if found.end() > to.min(symbols.len()) {
            return Answer::AskRe;
        }
        // Only the character behind the match is looked at, so only there the end matters.
        let is_near_end = anchor == Anchor::FullMatch || found.end() + 1 >= to;
        let offset = found.start().saturating_sub(1);
        let cut = if is_near_end { cut(symbols, offset, to) } else { Cow::Borrowed(symbols) };
        let grouping = || set.grouping(id);
        let spans = match cut {
            Cow::Borrowed(symbols) => confirm::groups(automaton, symbols, found, grouping),
            Cow::Owned(symbols) => {
                let here = Span::new(found.start() - offset, found.end() - offset);
                let spans = confirm::groups(automaton, &symbols, here, grouping);
                let moved = |span: Option<Span>| span.map(|span| span.behind(offset));
                spans.map(|spans| spans.into_iter().map(moved).collect())
            }
        };
        let Some(spans) = spans else { return Answer::AskRe };
        let took_part = |group: &&u32| spans.get(**group as usize).is_some_and(Option::is_some);
        let last = closing.iter().rev().find(took_part).copied();
        Answer::Known(Groups { spans, last })
    }

    /// Asks an automaton about a region, unless the answer is `none` anyway.
    fn within<T>(
        &self,
        set: &PatternSet,
        id: PatternId,
        anchor: Anchor,
        region: Region,
        none: impl FnOnce() -> T,
        ask: impl FnOnce(&Regex, &[u8], usize, usize) -> T,
    ) -> Answer<T> {
        if self.is_out(set, id, anchor, region) {
            return Answer::Known(none());
        }
        let kind = match anchor {
            Anchor::Search | Anchor::Match => AutomatonKind::Spans,
            Anchor::FullMatch => AutomatonKind::Full,
        };
        let Some((symbols, automaton)) = self.automaton(set, id, kind) else {
            return Answer::AskRe;
        };
        if region.from > region.to.min(symbols.len()) {
            return Answer::Known(none());
        }
        // Where the end is cut behind a newline, that newline is the last: a copy has it so. It
        // begins one symbol before the region, which is all that conditions look at.
        let offset = region.from.saturating_sub(1);
        match cut(symbols, offset, region.to) {
            Cow::Borrowed(symbols) => Answer::Known(ask(automaton, symbols, region.from, 0)),
            Cow::Owned(symbols) => {
                Answer::Known(ask(automaton, &symbols, region.from - offset, offset))
            }
        }
    }

    /// Whether it is already certain, without work, that a region holds no match.
    ///
    /// What has no match has none in its tail; what ends early may match where the whole does not.
    /// And where `re` itself searched in vain, `re.match` may yet find something: see
    /// [`crate::lowered::Irregular::ScopedMode`].
    pub fn is_out(&self, set: &PatternSet, id: PatternId, anchor: Anchor, region: Region) -> bool {
        if region.to < self.length {
            return false;
        }
        if !self.reported(set, id) {
            return true;
        }
        let is_same_question = anchor == Anchor::Search && region.from == 0;
        (is_same_question || set.places[id.0 as usize].is_regular)
            && self.decisions[id.0 as usize].load(Ordering::Relaxed) == NO
    }

    fn automaton<'a>(
        &'a self,
        set: &'a PatternSet,
        id: PatternId,
        kind: AutomatonKind,
    ) -> Option<(&'a [u8], &'a Regex)> {
        let (shard, ..) = set.patterns[id.0 as usize].place?;
        let automaton = set.automaton(id, kind)?;
        Some((self.shard(shard).symbols.as_slice(), automaton))
    }

    /// Bytes that it keeps.
    pub fn size(&self) -> usize {
        let symbols = self.shards.iter().filter_map(OnceLock::get).map(|shard| shard.symbols.len());
        symbols.sum::<usize>() + self.decisions.len()
    }
}

/// The symbols of a document that ends at `to`; those from `offset` on as a copy if a newline becomes
/// the last character.
fn cut(symbols: &[u8], offset: usize, to: usize) -> Cow<'_, [u8]> {
    if to >= symbols.len() {
        return Cow::Borrowed(symbols);
    }
    let symbols = &symbols[..to];
    if symbols.last() != Some(&NEWLINE) {
        return Cow::Borrowed(symbols);
    }
    let mut copy = memory::copied(&symbols[offset..]);
    end_with_final_newline(&mut copy);
    Cow::Owned(copy)
}
