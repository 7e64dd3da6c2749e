//! What the pass found in one document, and the exact answers, which are worked out on demand.
//!
//! Nothing is scanned before it is asked for: the pass over a shard runs when one of its patterns is
//! first asked about ([`Scan::has`], [`Scan::ensure`]). A document of which only lower-case keywords are
//! asked never pays for the caseless patterns of its set.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::alphabet::{end_with_final_newline, Places, NEWLINE};
use crate::confirm::{self, Automaton, AutomatonKind, Begin, Matches, Wanted};
use crate::early::Early;
use crate::error::ScanError;
use crate::memory;
use crate::pass::Begins;
use crate::set::{Ids, PatternId, PatternSet, ShardId, ShardScan};
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

impl<T> Answer<T> {
    /// What the core knows, if it does.
    fn of(known: Option<T>) -> Self {
        known.map_or(Answer::AskRe, Answer::Known)
    }

    /// The answer read as something else.
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Answer::Known(answer) => Answer::Known(read(answer)),
            Answer::AskRe => Answer::AskRe,
        }
    }

    /// The answer, if the core knows it.
    pub fn known(self) -> Option<T> {
        match self {
            Answer::Known(answer) => Some(answer),
            Answer::AskRe => None,
        }
    }
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

/// Where in its region a match has to be, as for the methods of `re.Pattern` of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Anywhere.
    Search,
    /// At the region's start.
    Match,
    /// From the region's start to its end.
    FullMatch,
}

/// Part of a document, as `pos` and `endpos` of `re` cut it: `^` and `\b` still see what comes before
/// `from`, while the text ends at `to`.
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
    /// The whole match, then group 1, 2, … as far as there are any; `None` for one that took no part.
    pub spans: Vec<Option<Span>>,
    /// The group that was closed last.
    pub last: Option<u32>,
}

/// One document on its way through the pass.
///
/// Keeps the document in symbols (one byte per character, up to three where a shard's alphabet is wide, for each
/// shard that was asked for) so that spans can be confirmed later. Decisions are remembered. Safe to share between
/// threads. Every question names the set that made the scan.
///
/// A caller that wants its whole document scanned uses [`PatternSet::scan`]. One that does not, or that
/// releases a lock meanwhile, does so step by step:
///
/// ```
/// # use gatecore::{Answer, Backend, CodePoints, LoweredPattern, PatternId, PatternSet, Spec, Stop, Text};
/// # let class = CodePoints::from_flat(&[97, 97])?;
/// # let pattern = LoweredPattern { source: b"a".to_vec(), flags: 0, caseless: false, section: 0,
/// #     program: Some(vec![2, 0]) };
/// # let spec = Spec { patterns: vec![pattern], classes: vec![class], words: CodePoints::default(),
/// #     ascii_words: CodePoints::default(), backend: Backend::Auto };
/// # let set = PatternSet::build(&spec)?;
/// let (id, text) = (PatternId(0), b"banana");
/// let scan = set.begin(text.len())?;
/// if let Some(shard) = set.shard_of(id).filter(|&shard| !scan.has_shard(shard)) {
///     let mut translation = set.translation(shard, text.len());
///     translation.push(Text::Ascii(text));
///     scan.ensure_shard(&set, shard, translation.finish(), &Stop::never())?;
/// }
/// scan.ensure(&set, id, &Stop::never())?;
/// let Answer::Known(spans) = scan.spans(&set, id) else { panic!("`a` is regular") };
/// assert_eq!(spans.iter().map(|span| span.start()).collect::<Vec<_>>(), [1, 3, 5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Scan {
    length: usize,
    shards: Box<[OnceLock<ShardScan>]>,
    /// What the document's beginning says of shards for which the rest was not translated then.
    early: Box<[OnceLock<Early>]>,
    decisions: Box<[AtomicU8]>,
    cut: Mutex<Option<Cut>>,
    /// How often all matches of a pattern were asked for.
    lists: AtomicU32,
}

/// So many patterns are asked for all their matches before it is looked up for all at once where these
/// begin, which takes as long as some fifty such questions.
const MANY_LISTS: u32 = 48;

const UNDECIDED: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

impl Scan {
    pub(crate) fn new(patterns: usize, shards: usize, length: usize) -> Self {
        Scan {
            length,
            shards: memory::collected((0..shards).map(|_| OnceLock::new())).into(),
            early: memory::collected((0..shards).map(|_| OnceLock::new())).into(),
            decisions: memory::collected((0..patterns).map(|_| AtomicU8::new(UNDECIDED))).into(),
            cut: Mutex::default(),
            lists: AtomicU32::new(0),
        }
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the document is empty.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether the document was translated for a shard, whose first section was then scanned as well.
    pub fn has_shard(&self, shard: ShardId) -> bool {
        self.shards[shard.0 as usize].get().is_some()
    }

    /// Whether a pattern's section was scanned, so that the pattern may be asked about.
    #[inline]
    pub fn has(&self, set: &PatternSet, id: PatternId) -> bool {
        let place = set.places[id.0 as usize];
        let Some(shard) = self.shards.get(place.shard as usize) else { return true };
        shard.get().is_some_and(|shard| shard.reported(place.section).is_some())
    }

    /// Runs the pass over the first section of a shard; `symbols` is the document's translation. If
    /// another thread was faster, its result stays.
    ///
    /// # Panics
    /// If the translation is not of this document's length.
    pub fn ensure_shard(
        &self,
        set: &PatternSet,
        shard: ShardId,
        symbols: Vec<u8>,
        stop: &Stop,
    ) -> Result<(), ScanError> {
        let scanned = set.shards[shard.0 as usize].scan(symbols, self.length, stop)?;
        let _ = self.shards[shard.0 as usize].set(scanned);
        Ok(())
    }

    /// Runs the pass over all sections of a shard that have not been scanned, if the shard has.
    pub fn ensure_sections(
        &self,
        set: &PatternSet,
        shard: ShardId,
        stop: &Stop,
    ) -> Result<(), ScanError> {
        let Some(scan) = self.shards[shard.0 as usize].get() else { return Ok(()) };
        let shard = &set.shards[shard.0 as usize];
        (0..shard.sections.len() as u32).try_for_each(|section| shard.ensure(scan, section, stop))
    }

    /// Runs the pass over a pattern's section, unless it was run.
    ///
    /// # Panics
    /// If the pattern's shard was not scanned.
    #[inline]
    pub fn ensure(&self, set: &PatternSet, id: PatternId, stop: &Stop) -> Result<(), ScanError> {
        if self.has(set, id) {
            return Ok(());
        }
        let place = set.places[id.0 as usize];
        set.shards[place.shard as usize].ensure(self.shard(place.shard), place.section, stop)
    }

    /// Keeps what a beginning proved.
    pub(crate) fn remember_early(&self, shard: ShardId, early: Early) {
        let _ = self.early[shard.0 as usize].set(early);
    }

    /// What is known of a shard that was not scanned, from the document's beginning.
    fn early(&self, shard: u32) -> Option<&Early> {
        let early = self.early.get(shard as usize)?.get()?;
        self.shards[shard as usize].get().is_none().then_some(early)
    }

    /// Whether a shard was scanned, or all of its patterns were found in the document's beginning.
    pub fn has_shard_or_early(&self, shard: ShardId) -> bool {
        self.has_shard(shard) || self.early(shard.0).is_some()
    }

    /// Whether every shard was scanned.
    pub fn is_complete(&self) -> bool {
        self.shards.iter().all(|shard| shard.get().is_some())
    }

    /// Whether the first match of every pattern is known of the shards that were not scanned.
    pub fn has_all_firsts(&self) -> bool {
        let mut shards = self.shards.iter().zip(&self.early);
        shards.all(|(shard, early)| {
            shard.get().is_some() || early.get().is_some_and(Early::has_all_spans)
        })
    }

    /// The first match of a pattern of a shard that was not scanned, if the document's beginning told it.
    pub fn early_first(&self, set: &PatternSet, id: PatternId) -> Option<Span> {
        self.early(set.places[id.0 as usize].shard)?.first(id)?
    }

    /// What the pass says of one shard.
    ///
    /// # Panics
    /// If it was not scanned: asking is a bug of the caller. The same holds for all methods that take
    /// a pattern.
    fn shard(&self, shard: u32) -> &ShardScan {
        self.shards[shard as usize].get().expect("a shard is scanned before it is asked")
    }

    /// Whether the pass reported a pattern. "No" is final.
    fn reported(&self, set: &PatternSet, id: PatternId) -> bool {
        let place = set.places[id.0 as usize];
        if place.shard == u32::MAX || self.early(place.shard).is_some() {
            return true;
        }
        let reported = self.shard(place.shard).reported(place.section);
        reported.expect("a section is scanned before it is asked").contains(place.slot as usize)
    }

    /// A symbol before which no match of a pattern begins, as the pass found it.
    fn not_before(&self, set: &PatternSet, id: PatternId) -> usize {
        let place = set.places[id.0 as usize];
        let shard = self.shards.get(place.shard as usize).and_then(OnceLock::get);
        let reported = shard.and_then(|shard| shard.reported(place.section));
        reported.map_or(0, |reported| reported.not_before(place.slot as usize))
    }

    /// Whether a pattern matches, if that takes no work to tell.
    pub fn known(&self, set: &PatternSet, id: PatternId) -> Option<bool> {
        if self.early(set.places[id.0 as usize].shard).is_some() {
            return Some(true);
        }
        if !self.reported(set, id) {
            return Some(false);
        }
        if set.routing(id).coverage.is_exact() {
            return Some(true);
        }
        match self.decisions[id.0 as usize].load(Ordering::Relaxed) {
            NO => Some(false),
            YES => Some(true),
            _ => None,
        }
    }

    /// What a pattern's answer is, if two words of memory tell, which they do not before its shard was
    /// scanned. The answer is only "yes" for patterns whose spans automata find.
    #[inline]
    pub fn glance(&self, set: &PatternSet, id: PatternId) -> Glance {
        let place = set.places[id.0 as usize];
        let shard = self.shards.get(place.shard as usize).and_then(OnceLock::get);
        let Some(reported) = shard.and_then(|shard| shard.reported(place.section)) else {
            return match shard.is_none() && self.early(place.shard).is_some() {
                true => Glance::Yes,
                false => Glance::LookCloser,
            };
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
        if self.is_for_re(set, id, self.length) {
            return Answer::AskRe;
        }
        let Some(((_, shard), automaton)) = self.automaton(set, id, AutomatonKind::Spans) else {
            return Answer::AskRe;
        };
        let matches = automaton.is_match(&shard.symbols);
        self.remember(id, matches);
        Answer::Known(matches)
    }

    /// Whether `re` has to be asked about a text that ends at `to`, as it is empty and the pattern looks for
    /// `\B` in it: that never held in an empty text until CPython 3.14 changed it.
    pub fn is_for_re(&self, set: &PatternSet, id: PatternId, to: usize) -> bool {
        (to == 0 || self.length == 0) && set.looks_inside_words(id)
    }

    /// Remembers what `re` said about a pattern.
    pub fn remember(&self, id: PatternId, matches: bool) {
        let decision = if matches { YES } else { NO };
        self.decisions[id.0 as usize].store(decision, Ordering::Relaxed);
    }

    /// The patterns that match, and those for which `re` has to be asked; both ascending.
    pub fn ids(&self, set: &PatternSet) -> Ids {
        let (mut yes, open) = self.known_ids(set);
        let mut ask = Vec::new();
        for id in open {
            match self.is_match(set, PatternId(id)) {
                Answer::Known(true) => memory::push(&mut yes, id),
                Answer::Known(false) => {}
                Answer::AskRe => memory::push(&mut ask, id),
            }
        }
        yes.sort_unstable();
        (yes, ask)
    }

    /// The patterns that are known to match without further work, and those of which it is not known,
    /// all of sections that were not scanned among them; both ascending.
    ///
    /// Costs what was reported, not what the set has.
    pub fn known_ids(&self, set: &PatternSet) -> Ids {
        let (mut yes, mut open) = (Vec::new(), Vec::new());
        let mut tell = |id: u32| match self.known(set, PatternId(id)) {
            Some(true) => memory::push(&mut yes, id),
            Some(false) => {}
            None => memory::push(&mut open, id),
        };
        let mut unscanned = Vec::new();
        for ((shard, scan), of_shard) in set.shards.iter().zip(&self.shards).zip(0..) {
            let early = self.early(of_shard).is_some();
            for (section, number) in shard.sections.iter().zip(0..) {
                if early {
                    section.members.iter().for_each(|&id| tell(id));
                    continue;
                }
                match scan.get().and_then(|scan| scan.reported(number)) {
                    Some(reported) => reported.iter().for_each(|slot| tell(section.members[slot])),
                    None => memory::extend(&mut unscanned, &section.members),
                }
            }
        }
        for &id in &set.others {
            if self.has(set, id) || self.early(set.places[id.0 as usize].shard).is_some() {
                tell(id.0);
            } else {
                memory::push(&mut unscanned, id.0);
            }
        }
        memory::append(&mut open, &mut unscanned);
        yes.sort_unstable();
        open.sort_unstable();
        (yes, open)
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
        if anchor == Anchor::Search && region == self.whole() {
            if let Some(span) = self.early_first(set, id) {
                return Answer::Known(Some(span));
            }
        }
        self.within(
            set,
            id,
            anchor,
            region,
            || None,
            |automaton, symbols, from, origin| {
                let first = confirm::first(automaton, symbols, from, anchor != Anchor::Search);
                first.map(|span| origin.span(span))
            },
        )
    }

    /// For a pattern that only `re` answers, the first place at or after another where a match may begin.
    /// Where it tells none, every place may be one.
    pub fn candidate(&self, set: &PatternSet, id: PatternId, from: usize) -> Answer<Option<usize>> {
        let region = Region { from, to: self.length };
        if from > self.length || self.is_out(set, id, Anchor::Search, region) {
            return Answer::Known(None);
        }
        let place = set.patterns[id.0 as usize].place;
        let Some((candidates, (shard, ..))) = set.candidates(id).zip(place) else {
            return Answer::AskRe;
        };
        let scanned = self.shard(shard);
        let places = scanned.places(&set.shards[shard as usize]);
        let begin = places.map_or(from, |places| places.byte(from));
        let next = candidates.next(scanned.symbols.as_slice(), begin);
        Answer::Known(next.map(|at| places.map_or(at, |places| places.character(at))))
    }

    /// Every match, as `re.finditer` gives them.
    pub fn spans(&self, set: &PatternSet, id: PatternId) -> Answer<Vec<Span>> {
        let (begin, to) = (Begin::at(0), self.length);
        self.some_spans(set, id, begin, to, Wanted::All).map(|matches| matches.spans)
    }

    /// Where the matches of a pattern may begin, if that is known; it is found out once many patterns were
    /// asked for all their matches.
    fn begins(&self, set: &PatternSet, id: PatternId) -> &[Begins] {
        let place = set.places[id.0 as usize];
        let Some(scan) = self.shards.get(place.shard as usize).and_then(OnceLock::get) else {
            return &[];
        };
        if self.lists.fetch_add(1, Ordering::Relaxed) >= MANY_LISTS {
            set.shards[place.shard as usize].find_begins(scan, place.section);
        }
        scan.begins(place.section, place.slot)
    }

    /// Says that all matches of so many patterns will be asked for.
    pub(crate) fn expect_lists(&self, patterns: usize) {
        if patterns >= MANY_LISTS as usize {
            self.lists.fetch_max(MANY_LISTS, Ordering::Relaxed);
        }
    }

    /// The first matches from a place on, in a document that ends at `to`.
    pub fn some_spans(
        &self,
        set: &PatternSet,
        id: PatternId,
        begin: Begin,
        to: usize,
        wanted: Wanted,
    ) -> Answer<Matches> {
        let none = || Matches { spans: Vec::new(), at_end: true };
        let region = Region { from: begin.at, to };
        let is_all = wanted == Wanted::All && begin == Begin::at(0) && to >= self.length;
        let begins = if is_all { self.begins(set, id) } else { &[] };
        let begins = if begins.is_empty() || set.listing(id).is_some() { &[] } else { begins };
        self.within(set, id, Anchor::Search, region, none, |automaton, symbols, from, origin| {
            let begin = Begin { at: from, ..begin };
            origin.matches(match begins {
                [] => confirm::some(automaton, symbols, begin, wanted, || set.listing(id)),
                begins => confirm::beginning(automaton, symbols, begins),
            })
        })
    }

    /// The groups of a match that was found in a document that ends at `to`.
    ///
    /// `re` has to be asked where a group stands in a look-around.
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
        let Some(((automaton, closing), (number, ..))) = set.groups_automaton(id, kind).zip(place)
        else {
            return Answer::AskRe;
        };
        let shard = self.shard(number);
        if found.end() > to.min(self.length) || self.is_for_re(set, id, to) {
            return Answer::AskRe;
        }
        let places = shard.places(&set.shards[number as usize]);
        let (found, to) = match places {
            None => (found, to),
            Some(places) => {
                (Span::new(places.byte(found.start()), places.byte(found.end())), places.byte(to))
            }
        };
        let symbols = shard.symbols.as_slice();
        // Unless the match is tried again, only the character after it is looked at, so the end matters only
        // there.
        let is_near_end =
            anchor == Anchor::FullMatch || automaton.tries_again() || found.end() + 1 >= to;
        let offset = found.start().saturating_sub(automaton.reach());
        let to = if is_near_end { to } else { symbols.len() };
        let (symbols, offset) = self.cut(number, offset, to);
        let here = Span::new(found.start() - offset, found.end() - offset);
        let grouping = || set.grouping(id);
        let groups = confirm::groups(automaton, &symbols, here, closing, grouping);
        let origin = Origin { offset, places };
        Answer::of(groups.map(|groups| origin.groups(groups)))
    }

    /// Asks an automaton about a region, unless the answer is certain to be `none`.
    fn within<T>(
        &self,
        set: &PatternSet,
        id: PatternId,
        anchor: Anchor,
        region: Region,
        none: impl FnOnce() -> T,
        ask: impl FnOnce(&Automaton, &[u8], usize, Origin<'_>) -> T,
    ) -> Answer<T> {
        if self.is_out(set, id, anchor, region) {
            return Answer::Known(none());
        }
        if self.is_for_re(set, id, region.to) {
            return Answer::AskRe;
        }
        let kind = match anchor {
            Anchor::Search | Anchor::Match => AutomatonKind::Spans,
            Anchor::FullMatch => AutomatonKind::Full,
        };
        let Some(((number, shard), automaton)) = self.automaton(set, id, kind) else {
            return Answer::AskRe;
        };
        if region.from > region.to.min(self.length) {
            // `re.match` finds the empty text there, beyond the end.
            return match anchor {
                Anchor::Match => Answer::AskRe,
                Anchor::Search | Anchor::FullMatch => Answer::Known(none()),
            };
        }
        let places = shard.places(&set.shards[number as usize]);
        let (mut from, to) = match places {
            None => (region.from, region.to),
            Some(places) => (places.byte(region.from), places.byte(region.to)),
        };
        if anchor == Anchor::Search && region.to >= self.length {
            from = from.max(self.not_before(set, id));
        }
        let offset = from.saturating_sub(automaton.reach());
        let (symbols, offset) = self.cut(number, offset, to);
        Answer::Known(ask(automaton, &symbols, from - offset, Origin { offset, places }))
    }

    /// The symbols of a document that ends at the symbol `to`, and how many are missing in front, at most
    /// `offset`.
    ///
    /// Where the end is cut right after a newline, that becomes the final one, in a copy: of what comes after
    /// `offset`, or, if the same was asked before, of all, which is kept. So many questions about one
    /// text that is cut short copy it once, and one question about each of many lines copies the line.
    fn cut(&self, shard: u32, offset: usize, to: usize) -> (Symbols<'_>, usize) {
        let symbols = self.shard(shard).symbols.as_slice();
        if to >= symbols.len() {
            return (Symbols::Borrowed(symbols), 0);
        }
        let symbols = &symbols[..to];
        if symbols.last() != Some(&NEWLINE) {
            return (Symbols::Borrowed(symbols), 0);
        }
        let copied = |part: &[u8]| {
            let mut copy = memory::copied(part);
            end_with_final_newline(&mut copy);
            copy
        };
        // A thread that finds the lock taken makes a copy of its own.
        let Ok(mut last) = self.cut.try_lock() else {
            return (Symbols::Owned(copied(&symbols[offset..])), offset);
        };
        match &mut *last {
            Some(known) if (known.shard, known.to) == (shard, to) => {
                let copy = known.copy.get_or_insert_with(|| copied(symbols).into());
                (Symbols::Shared(Arc::clone(copy)), 0)
            }
            other => {
                *other = Some(Cut { shard, to, copy: None });
                (Symbols::Owned(copied(&symbols[offset..])), offset)
            }
        }
    }

    /// Whether it is already certain, without work, that a region holds no match.
    ///
    /// A document without a match has none in its tail; one that is cut short may match where the whole
    /// does not. And where `re` itself searched in vain, `re.match` may still find something: see
    /// [`crate::pattern::Irregular::ScopedMode`].
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
    ) -> Option<((u32, &'a ShardScan), &'a Automaton)> {
        let (shard, ..) = set.patterns[id.0 as usize].place?;
        let automaton = set.automaton(id, kind)?;
        Some(((shard, self.shard(shard)), automaton))
    }

    /// Bytes that it keeps.
    pub fn size(&self) -> usize {
        let shards = self.shards.iter().filter_map(OnceLock::get);
        let cut = self.cut.try_lock().ok().and_then(|cut| Some(cut.as_ref()?.copy.as_ref()?.len()));
        let early = self.early.iter().filter_map(OnceLock::get).map(Early::size).sum::<usize>();
        shards.map(ShardScan::size).sum::<usize>() + early + self.decisions.len() + cut.unwrap_or(0)
    }
}

/// Where the symbols that an automaton saw begin in their document, and where its characters do unless each
/// is one byte.
#[derive(Clone, Copy)]
struct Origin<'a> {
    offset: usize,
    places: Option<&'a Places>,
}

impl Origin<'_> {
    fn is_same(self) -> bool {
        self.offset == 0 && self.places.is_none()
    }

    fn span(self, span: Span) -> Span {
        let span = span.moved(self.offset);
        match self.places {
            None => span,
            Some(places) => Span::new(places.character(span.start()), places.character(span.end())),
        }
    }

    fn matches(self, mut matches: Matches) -> Matches {
        if !self.is_same() {
            matches.spans.iter_mut().for_each(|span| *span = self.span(*span));
        }
        matches
    }

    fn groups(self, mut groups: Groups) -> Groups {
        if !self.is_same() {
            groups.spans.iter_mut().flatten().for_each(|span| *span = self.span(*span));
        }
        groups
    }
}

/// A document that was cut short right after a newline, when it was last.
#[derive(Debug)]
struct Cut {
    shard: u32,
    to: usize,
    /// Its symbols, once they were asked for a second time.
    copy: Option<Arc<[u8]>>,
}

/// Symbols that are those of the document, or a copy.
enum Symbols<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
    Shared(Arc<[u8]>),
}

impl Deref for Symbols<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Symbols::Borrowed(symbols) => symbols,
            Symbols::Owned(symbols) => symbols,
            Symbols::Shared(symbols) => symbols,
        }
    }
}
