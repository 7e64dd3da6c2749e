//! `CoreScan`: one document, and where a question about one of its patterns runs: at once, without the GIL,
//! or on a thread of its own. Its methods in Python are in `scan_methods.rs`.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use gatecore::time_spent::{timed, Spent};
use gatecore::{
    Anchor, Answer, Begin, Columns, Matches, PatternId, PatternSet, Region, Scan, ScanError,
    ShardId, SharedSet, Span, Stop, Wanted, Which,
};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::deadline::{self, Limit};
use crate::errors;
use crate::gil::{is_closed, without_gil};
use crate::re::stats::DocumentStats;
use crate::text::Characters;

/// One document and its set. Alphabets are scanned when first asked for, each once.
///
/// The document's text is not held: callers bring it along, so that a document and its scan are not a
/// reference cycle.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreScan {
    pub set: Arc<SharedSet>,
    pub scan: Scan,
    pub stats: Arc<DocumentStats>,
    /// Held while an alphabet is scanned, so that threads that ask at once share one scan.
    scanning: Mutex<()>,
    /// The text, if its beginning told enough to leave the rest for later. Never a document, which would hold
    /// its scan, so that the two are no reference cycle.
    rest: OnceLock<Py<PyString>>,
}

/// Characters from which a question about one pattern releases the GIL.
///
/// A document is asked hundreds of questions, each of some 10 microseconds. If each released the
/// GIL, threads would hand it round at every question, at the cost of a wake-up each time. On a real
/// host eight clients did 80 documents a second where one did 160 (10,000 characters each), and 35
/// where one did 55 (50,000); with the GIL kept, it is 180 and 60. The pass itself always releases it.
const LONG: usize = 65_536;

/// Bytes of an automaton up to which it takes nanoseconds a character: one with thousands of states may
/// take microseconds. (`no\s+risk` has 4 KB, `[ab]{250}c` 17, `[ab]{2500}c` 125.)
const LIGHT: usize = 64 << 10;

/// Characters times bytes of an automaton from which a question about a pattern may run on a thread of
/// its own, so that Ctrl-C and deadlines reach it.
///
/// An automaton's slowest engine takes 10 to 30 ns a state and character, a state about 50 bytes: half
/// a second at worst. At its fastest it takes 0.3 ns a character, 30 µs for a text where a pattern of
/// 20 KB comes here, as much as the thread.
const LONG_QUESTION: usize = 1 << 31;

/// From here on it does, whatever is known of the pattern. Between the two only with a deadline, or
/// once a question about the pattern has taken long: nearly all are fast, and on a busy machine to
/// hand them over takes 100 µs each. 863 of them on 400,000 characters took 110 ms so, and 17 here.
const LONG_FOR_SURE: usize = 1 << 33;

/// What counts as long. People notice 200 ms.
const SLOW: Duration = Duration::from_millis(50);

/// Characters times patterns from which a pass may run on a thread of its own: 64 patterns over a million
/// characters, which take 2 ms if they are literals and 0.2 s if they are wild.
pub const LONG_PASS: usize = 1 << 26;

/// From here on it does. Between the two only with a deadline, or once a pass over the alphabet has taken
/// long: 1,504 literals and 100,000 characters take 45 µs, and handing them over and back 50 to 400.
const LONG_PASS_FOR_SURE: usize = 1 << 28;

/// How much of a text is translated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// All of it.
    All,
    /// Its beginning, if that tells enough.
    Early,
}

/// How to do something that may take a while.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// At once.
    Here,
    /// At once, without the GIL.
    Detached,
    /// Likewise, noting whether it took long.
    Watched(Subject),
    /// On a thread of its own, with looks at signals and the clock meanwhile.
    Apart,
}

/// What may turn out to take long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// A question about a pattern.
    Question(PatternId),
    /// A pass over an alphabet.
    Pass(ShardId),
}

impl CoreScan {
    pub fn new(set: Arc<SharedSet>, scan: Scan, stats: Arc<DocumentStats>) -> Self {
        CoreScan { set, scan, stats, scanning: Mutex::new(()), rest: OnceLock::new() }
    }

    #[inline]
    fn way_of_question(&self, id: PatternId, limit: &Limit) -> Way {
        let (length, weight) = (self.scan.whole().to, self.set.set.weight(id));
        let work = length.saturating_mul(weight);
        if work >= LONG_QUESTION {
            let is_long = work >= LONG_FOR_SURE || limit.is_set() || self.set.set.was_slow(id);
            return if is_long { Way::Apart } else { Way::Watched(Subject::Question(id)) };
        }
        if length < LONG && weight < LIGHT {
            Way::Here
        } else {
            Way::Detached
        }
    }

    /// Whether an automaton tells a pattern's groups.
    ///
    /// CPython 3.10 sometimes has in a group of a repeat what a way that came to nothing took there
    /// (bpo-35859), so only it can tell those.
    pub fn tells_groups(&self, py: Python<'_>, id: PatternId) -> bool {
        let set = &self.set.set;
        (py.version_info() >= (3, 11) || !set.has_repeated_group(id)) && set.tells_groups(id)
    }

    /// Characters times bytes of the pattern's automaton.
    #[inline]
    pub fn work_of(&self, id: PatternId) -> usize {
        self.scan.whole().to.saturating_mul(self.set.set.weight(id))
    }

    /// Works here and notes whether it took long.
    fn watched<T>(
        &self,
        subject: Subject,
        work: impl FnOnce(&CoreScan, &Stop) -> T,
    ) -> PyResult<T> {
        let since = Instant::now();
        let answer = errors::caught(|| work(self, &Stop::never()));
        if since.elapsed() >= SLOW {
            match subject {
                Subject::Question(id) => self.set.set.note_slow(id),
                Subject::Pass(shard) => self.set.set.note_slow_pass(shard),
            }
        }
        answer
    }

    fn way_of_pass(&self, shard: ShardId, limit: &Limit) -> Way {
        let set = &self.set.set;
        let work = self.scan.whole().to.saturating_mul(set.pass_weight(shard));
        if work < LONG_PASS {
            Way::Detached
        } else if work >= LONG_PASS_FOR_SURE || limit.is_set() || set.was_slow_pass(shard) {
            Way::Apart
        } else {
            Way::Watched(Subject::Pass(shard))
        }
    }

    /// Works in its way. To be called without the GIL.
    fn go<T: Send + 'static>(
        slf: &Py<Self>,
        way: Way,
        limit: &Limit,
        work: impl FnOnce(&CoreScan, &Stop) -> T + Send + 'static,
    ) -> PyResult<T> {
        match way {
            Way::Here | Way::Detached => errors::caught(|| work(slf.get(), &Stop::never())),
            Way::Watched(subject) => slf.get().watched(subject, work),
            Way::Apart => {
                let owned = Python::attach(|py| slf.clone_ref(py));
                deadline::long(limit, move |stop| work(owned.get(), stop))
            }
        }
    }

    /// Answers a question about one pattern, without the GIL if the document is long or the pattern
    /// large, and with looks at signals and the clock if both are.
    #[inline]
    pub fn ask<T: Send + 'static>(
        slf: &Bound<'_, Self>,
        id: PatternId,
        limit: &Limit,
        question: impl FnOnce(&Scan, &PatternSet) -> T + Send + 'static,
    ) -> PyResult<T> {
        limit.check()?;
        CoreScan::complete(slf, limit)?;
        let core = slf.get();
        timed(Spent::Confirmation, || {
            // The weight is that of the automaton, which may have to be built for it.
            match errors::caught(|| core.way_of_question(id, limit))? {
                Way::Here => errors::caught(|| question(&core.scan, &core.set.set)),
                way => {
                    let (py, slf) = (slf.py(), slf.as_unbound());
                    let work = |core: &CoreScan, _: &Stop| question(&core.scan, &core.set.set);
                    without_gil(py, || CoreScan::go(slf, way, limit, work))
                }
            }
        })
    }

    /// As [`CoreScan::ask`], for callers without the GIL.
    pub fn ask_detached<T: Send + 'static>(
        slf: &Py<Self>,
        id: PatternId,
        limit: &Limit,
        question: impl FnOnce(&Scan, &PatternSet) -> T + Send + 'static,
    ) -> PyResult<T> {
        limit.check()?;
        let way = errors::caught(|| slf.get().way_of_question(id, limit))?;
        CoreScan::go(slf, way, limit, |core, _| question(&core.scan, &core.set.set))
    }

    /// Makes sure that a pattern can be asked about.
    #[inline]
    pub fn ensure(
        slf: &Bound<'_, Self>,
        text: &Bound<'_, PyString>,
        id: PatternId,
        limit: &Limit,
    ) -> PyResult<()> {
        let core = slf.get();
        match core.set.set.shard_of(id) {
            Some(shard) if !core.scan.has_shard(shard) => {
                CoreScan::run(slf, &Characters::new(text)?, [shard].into_iter(), Begun::All, limit)?
            }
            _ => {}
        }
        if core.scan.has(&core.set.set, id) {
            return Ok(());
        }
        let (py, slf) = (slf.py(), slf.as_unbound());
        without_gil(py, || CoreScan::ensure_detached(slf, id, limit))
    }

    /// Runs the pass over the section of a pattern, unless it was run. To be called without the GIL.
    pub fn ensure_detached(slf: &Py<Self>, id: PatternId, limit: &Limit) -> PyResult<()> {
        let core = slf.get();
        if core.scan.has(&core.set.set, id) {
            return Ok(());
        }
        let Some(shard) = core.set.set.shard_of(id) else { return Ok(()) };
        timed(Spent::Pass, || {
            CoreScan::pass(slf, shard, limit, move |core, stop| {
                core.scan.ensure(&core.set.set, id, stop)
            })
        })
    }

    /// Does part of a pass. To be called without the GIL.
    fn pass(
        slf: &Py<Self>,
        shard: ShardId,
        limit: &Limit,
        work: impl FnOnce(&CoreScan, &Stop) -> Result<(), ScanError> + Send + 'static,
    ) -> PyResult<()> {
        limit.check()?;
        let way = slf.get().way_of_pass(shard, limit);
        CoreScan::go(slf, way, limit, work)?.map_err(errors::scan)
    }

    /// Leaves what the beginning of a text did not need for later; the text is kept.
    pub fn leave_rest(&self, text: &Bound<'_, PyString>) {
        if !self.scan.is_complete() {
            let _ = self.rest.set(text.clone().unbind());
        }
    }

    /// Scans what was left for later.
    #[inline]
    pub fn complete(slf: &Bound<'_, Self>, limit: &Limit) -> PyResult<()> {
        match slf.get().rest.get() {
            Some(text) if !slf.get().scan.is_complete() => CoreScan::scan_rest(slf, text, limit),
            _ => Ok(()),
        }
    }

    #[cold]
    fn scan_rest(slf: &Bound<'_, Self>, text: &Py<PyString>, limit: &Limit) -> PyResult<()> {
        let shards = 0..slf.get().set.set.shards() as u32;
        let characters = Characters::new(text.bind(slf.py()))?;
        CoreScan::run(slf, &characters, shards.map(ShardId), Begun::All, limit)?;
        CoreScan::run_sections(slf, limit)
    }

    /// Whether the beginning of a text, or what was scanned of it, tells that a pattern matches.
    pub fn is_early(
        slf: &Bound<'_, Self>,
        text: &Bound<'_, PyString>,
        id: PatternId,
        limit: &Limit,
    ) -> PyResult<bool> {
        let core = slf.get();
        let Some(shard) = core.set.set.shard_of(id).filter(|&shard| !core.scan.has_shard(shard))
        else {
            return Ok(false);
        };
        let is_worth_it = || core.set.set.beginnings(shard, core.scan.len()).length().is_some();
        if !core.scan.has_shard_or_early(shard) && errors::caught(is_worth_it)? {
            let characters = Characters::new(text)?;
            CoreScan::run(slf, &characters, [shard].into_iter(), Begun::Early, limit)?;
        }
        Ok(core.scan.has_shard_or_early(shard))
    }

    /// Runs the pass over alphabets; the GIL is released.
    #[cold]
    pub fn run(
        slf: &Bound<'_, Self>,
        characters: &Characters<'_>,
        shards: impl Iterator<Item = ShardId> + Send,
        begun: Begun,
        limit: &Limit,
    ) -> PyResult<()> {
        let (py, slf) = (slf.py(), slf.as_unbound());
        let work = || {
            let core = slf.get();
            let set = &core.set.set;
            // A thread never waits here with the GIL, and so may take it while it holds the lock. Once
            // no thread gets out of the GIL this one has it, and scans what another is scanning too.
            let one_at_a_time = (!is_closed()).then(|| deadline::lock(&core.scanning, limit));
            let _one_at_a_time = one_at_a_time.transpose()?;
            for shard in shards {
                if !core.scan.has_shard(shard) {
                    let length = characters.len();
                    let mut done = 0;
                    let begin = || match begun {
                        Begun::All => (None, set.translation(shard, length)),
                        Begun::Early => {
                            let mut beginnings = set.beginnings(shard, length);
                            let size = beginnings.length().unwrap_or(length);
                            (Some(beginnings), set.translation(shard, size))
                        }
                    };
                    let (mut beginnings, mut translation) = errors::caught(begin)?;
                    let mut is_early = false;
                    if let Some(beginnings) = &mut beginnings {
                        while let Some(size) = errors::caught(|| beginnings.length())? {
                            characters.translate(&mut translation, done, size, limit)?;
                            done = size;
                            let look = || beginnings.look(&core.scan, &translation);
                            is_early = errors::caught(look)?;
                            if is_early {
                                break;
                            }
                        }
                    }
                    if is_early {
                        continue;
                    }
                    if done > 0 {
                        errors::caught(|| translation.reserve(length - done))?;
                    }
                    characters.translate(&mut translation, done, length, limit)?;
                    let symbols = errors::caught(|| translation.finish())?;
                    CoreScan::pass(slf, shard, limit, move |core, stop| {
                        core.scan.ensure_shard(&core.set.set, shard, symbols, stop)
                    })?;
                }
            }
            Ok(())
        };
        timed(Spent::Pass, || without_gil(py, work))
    }

    /// Runs the pass over all sections; the GIL is released.
    pub fn run_sections(slf: &Bound<'_, Self>, limit: &Limit) -> PyResult<()> {
        let (py, slf) = (slf.py(), slf.as_unbound());
        let set = &slf.get().set.set;
        let has_more = |&shard: &ShardId| set.has_sections(shard);
        let mut shards = (0..set.shards() as u32).map(ShardId).filter(has_more).peekable();
        if shards.peek().is_none() {
            return Ok(()); // the first ones are scanned with their shards
        }
        let work = || {
            for shard in shards {
                CoreScan::pass(slf, shard, limit, move |core, stop| {
                    core.scan.ensure_sections(&core.set.set, shard, stop)
                })?;
            }
            Ok(())
        };
        timed(Spent::Pass, || without_gil(py, work))
    }

    /// The first match in a region.
    pub fn find(
        slf: &Bound<'_, Self>,
        id: PatternId,
        anchor: Anchor,
        region: Region,
        limit: &Limit,
    ) -> PyResult<Answer<Option<Span>>> {
        let core = slf.get();
        if anchor == Anchor::Search && region == core.scan.whole() {
            if let Some(span) = core.scan.early_first(&core.set.set, id) {
                return Ok(Answer::Known(Some(span)));
            }
        }
        CoreScan::ask(slf, id, limit, move |scan, set| scan.find(set, id, anchor, region))
    }

    /// The first matches from a place on, in a text that ends at another.
    pub fn some_spans(
        slf: &Bound<'_, Self>,
        id: PatternId,
        (begin, to): (Begin, usize),
        wanted: Wanted,
        limit: &Limit,
    ) -> PyResult<Answer<Matches>> {
        CoreScan::ask(slf, id, limit, move |scan, set| scan.some_spans(set, id, begin, to, wanted))
    }

    /// Whether a pattern matches.
    #[inline]
    pub fn matches(slf: &Bound<'_, Self>, id: PatternId, limit: &Limit) -> PyResult<Answer<bool>> {
        let core = slf.get();
        match core.scan.known(&core.set.set, id) {
            Some(known) => Ok(Answer::Known(known)),
            None => CoreScan::ask(slf, id, limit, move |scan, set| scan.is_match(set, id)),
        }
    }

    /// Spans of all patterns. To be called without the GIL.
    pub fn columns_detached(slf: &Py<Self>, which: Which, limit: &Limit) -> PyResult<Columns> {
        limit.check()?;
        let work = slf.get().scan.len().saturating_mul(slf.get().set.set.len());
        let way = if work >= LONG_PASS { Way::Apart } else { Way::Detached };
        let columns =
            move |core: &CoreScan, stop: &Stop| core.scan.columns(&core.set.set, which, stop);
        CoreScan::go(slf, way, limit, columns)?.map_err(errors::scan)
    }
}
