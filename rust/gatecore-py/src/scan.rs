//! `CoreScan`: the core's answers for one document.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gatecore::memory;
use gatecore::{
    Anchor, Answer, Groups, Matches, PatternId, Region, Scan, ScanError, ShardId, Span, Stop,
    Wanted,
};
use gatecore_ffi::cpython::{call_method, list, number, pair};
use pyo3::exceptions::PyIndexError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::compiled::CompiledPattern;
use crate::door::{is_closed, without_gil};
use crate::errors;
use crate::limit::{self, Deadline, Limit, Looks};
use crate::serve::{self, Declined, Target};
use crate::set::{CoreSet, SharedSet};
use crate::stats::{fell_through, Counted, DocumentStats};
use crate::text::Characters;

/// One document and its set. Alphabets are scanned when first asked for, each once.
///
/// The document's text is not held: callers bring it along, so that a document and its scan are no
/// reference cycle.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreScan {
    pub set: Arc<SharedSet>,
    pub scan: Scan,
    pub stats: Arc<DocumentStats>,
    /// Held while an alphabet is scanned, so that threads that ask at once share one scan.
    scanning: Mutex<()>,
}

/// Characters from which a question about one pattern releases the GIL.
///
/// A document is asked hundreds of questions, each of some 10 microseconds. If each released the
/// GIL, threads would hand it round at every question, at the cost of a wake-up each time. On a real
/// host eight clients did 80 documents a second where one did 160 (10,000 characters each), and 35
/// where one did 55 (50,000); kept, it is 180 and 60. The pass itself always releases it.
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

/// Characters times patterns from which a pass runs on a thread of its own: 64 patterns over a million
/// characters, which take 2 ms if they are literals and 0.2 s if they are wild.
const LONG_PASS: usize = 1 << 26;

/// A list of pattern numbers.
type Numbers<'py> = Bound<'py, PyList>;

fn numbers(py: Python<'_>, ids: Vec<u32>) -> PyResult<Numbers<'_>> {
    list(py, ids.into_iter().map(|id| number(py, id as isize)))
}

/// How to do something that may take a while.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// At once.
    Here,
    /// At once, without the GIL.
    Detached,
    /// Likewise, noting whether it took long.
    Watched,
    /// On another thread, looking up now and then.
    Apart,
}

impl CoreScan {
    pub fn new(set: Arc<SharedSet>, scan: Scan, stats: Arc<DocumentStats>) -> Self {
        CoreScan { set, scan, stats, scanning: Mutex::new(()) }
    }

    #[inline]
    fn way_of_question(&self, id: PatternId, limit: &Limit) -> Way {
        let (length, weight) = (self.scan.whole().to, self.set.set.weight(id));
        let work = length.saturating_mul(weight);
        if work >= LONG_QUESTION {
            let is_long = work >= LONG_FOR_SURE || limit.is_set() || self.set.set.was_slow(id);
            return if is_long { Way::Apart } else { Way::Watched };
        }
        if length < LONG && weight < LIGHT {
            Way::Here
        } else {
            Way::Detached
        }
    }

    /// Characters times bytes of the pattern's automaton.
    #[inline]
    pub fn work_of(&self, id: PatternId) -> usize {
        self.scan.whole().to.saturating_mul(self.set.set.weight(id))
    }

    /// Answers a question here and notes whether it took long.
    fn watched<T>(
        &self,
        id: PatternId,
        question: impl FnOnce(&CoreScan, &Stop) -> T,
    ) -> PyResult<T> {
        let since = Instant::now();
        let answer = errors::caught(|| question(self, &Stop::never()));
        if since.elapsed() >= SLOW {
            self.set.set.note_slow(id);
        }
        answer
    }

    fn way_of_pass(&self, shard: ShardId) -> Way {
        let weight = self.set.set.pass_weight(shard);
        if self.scan.whole().to.saturating_mul(weight) >= LONG_PASS {
            Way::Apart
        } else {
            Way::Detached
        }
    }

    /// Answers a question about one pattern, off the GIL if the document is long or the pattern large,
    /// and looking up if both are.
    #[inline]
    fn ask<T: Send + 'static>(
        slf: &Bound<'_, Self>,
        id: PatternId,
        limit: &Limit,
        question: impl FnOnce(&CoreScan, &Stop) -> T + Send + 'static,
    ) -> PyResult<T> {
        limit.check()?;
        let core = slf.get();
        // The weight is that of the automaton, which may have to be built for it.
        match errors::caught(|| core.way_of_question(id, limit))? {
            Way::Here => errors::caught(|| question(core, &Stop::never())),
            Way::Detached => {
                without_gil(slf.py(), || errors::caught(|| question(core, &Stop::never())))
            }
            Way::Watched => without_gil(slf.py(), || core.watched(id, question)),
            Way::Apart => {
                let owned = slf.clone().unbind();
                let work = move |stop: &Stop| question(owned.get(), stop);
                without_gil(slf.py(), || limit::long(limit, work))
            }
        }
    }

    /// As [`CoreScan::ask`], for callers without the GIL.
    fn ask_detached<T: Send + 'static>(
        slf: &Py<Self>,
        id: PatternId,
        limit: &Limit,
        question: impl FnOnce(&CoreScan, &Stop) -> T + Send + 'static,
    ) -> PyResult<T> {
        limit.check()?;
        match errors::caught(|| slf.get().way_of_question(id, limit))? {
            Way::Here | Way::Detached => errors::caught(|| question(slf.get(), &Stop::never())),
            Way::Watched => slf.get().watched(id, question),
            Way::Apart => {
                let owned = Python::attach(|py| slf.clone_ref(py));
                limit::long(limit, move |stop| question(owned.get(), stop))
            }
        }
    }

    /// Makes sure that a pattern can be asked about.
    #[inline]
    pub fn ready(
        slf: &Bound<'_, Self>,
        text: &Bound<'_, PyString>,
        id: PatternId,
        limit: &Limit,
    ) -> PyResult<()> {
        let core = slf.get();
        match core.set.set.shard_of(id) {
            Some(shard) if !core.scan.has_shard(shard) => {
                CoreScan::run(slf, text, &[shard], limit)?
            }
            _ => {}
        }
        if core.scan.has(&core.set.set, id) {
            return Ok(());
        }
        let (py, slf) = (slf.py(), slf.as_unbound());
        without_gil(py, || CoreScan::prepare(slf, id, limit))
    }

    /// Runs the pass over the section of a pattern, unless it was run. To be called without the GIL.
    pub fn prepare(slf: &Py<Self>, id: PatternId, limit: &Limit) -> PyResult<()> {
        let core = slf.get();
        if core.scan.has(&core.set.set, id) {
            return Ok(());
        }
        let Some(shard) = core.set.set.shard_of(id) else { return Ok(()) };
        CoreScan::pass(slf, shard, limit, move |core, stop| {
            core.scan.ensure(&core.set.set, id, stop)
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
        let done = match slf.get().way_of_pass(shard) {
            Way::Here | Way::Detached | Way::Watched => {
                errors::caught(|| work(slf.get(), &Stop::never()))?
            }
            Way::Apart => {
                let owned = Python::attach(|py| slf.clone_ref(py));
                limit::long(limit, move |stop| work(owned.get(), stop))?
            }
        };
        done.map_err(errors::scan)
    }

    /// Runs the pass over alphabets; the GIL is released.
    #[cold]
    pub fn run(
        slf: &Bound<'_, Self>,
        text: &Bound<'_, PyString>,
        shards: &[ShardId],
        limit: &Limit,
    ) -> PyResult<()> {
        let characters = Characters::new(text)?;
        let slf = slf.as_unbound();
        without_gil(text.py(), || {
            let core = slf.get();
            let set = &core.set.set;
            // A thread never waits here with the GIL, and so may take it while it holds the lock. Once
            // the door is closed it has the GIL, and rather scans what another scans already.
            let one_at_a_time = (!is_closed()).then(|| limit::lock(&core.scanning, limit));
            let _one_at_a_time = one_at_a_time.transpose()?;
            for &shard in shards {
                if !core.scan.has_shard(shard) {
                    let begin = || set.translation(shard, characters.len());
                    let mut translation = errors::caught(begin)?;
                    characters.translate(&mut translation, limit)?;
                    let symbols = errors::caught(|| translation.finish())?;
                    CoreScan::pass(slf, shard, limit, move |core, stop| {
                        core.scan.ensure_shard(&core.set.set, shard, symbols, stop)
                    })?;
                }
            }
            Ok(())
        })
    }

    /// Runs the pass over all sections; the GIL is released.
    pub fn run_sections(slf: &Bound<'_, Self>, limit: &Limit) -> PyResult<()> {
        let (py, slf) = (slf.py(), slf.as_unbound());
        without_gil(py, || {
            for shard in (0..slf.get().set.set.shards() as u32).map(ShardId) {
                CoreScan::pass(slf, shard, limit, move |core, stop| {
                    core.scan.ensure_sections(&core.set.set, shard, stop)
                })?;
            }
            Ok(())
        })
    }

    /// The first match in a region; the GIL is released if it is long.
    pub fn find(
        slf: &Bound<'_, Self>,
        id: PatternId,
        anchor: Anchor,
        region: Region,
        limit: &Limit,
    ) -> PyResult<Answer<Option<Span>>> {
        CoreScan::ask(slf, id, limit, move |core, _| {
            core.scan.find(&core.set.set, id, anchor, region)
        })
    }

    /// The first matches in a region; the GIL is released.
    pub fn some_spans(
        slf: &Bound<'_, Self>,
        id: PatternId,
        region: Region,
        wanted: Wanted,
        limit: &Limit,
    ) -> PyResult<Answer<Matches>> {
        CoreScan::ask(slf, id, limit, move |core, _| {
            core.scan.some_spans(&core.set.set, id, region, wanted)
        })
    }

    /// The groups of a match in a document that ends at `to`; the GIL is released.
    pub fn groups(
        slf: &Bound<'_, Self>,
        id: PatternId,
        anchor: Anchor,
        found: Span,
        to: usize,
        limit: &Limit,
    ) -> PyResult<Answer<Groups>> {
        CoreScan::ask(slf, id, limit, move |core, _| {
            core.scan.groups(&core.set.set, id, anchor, found, to)
        })
    }

    /// Whether a pattern matches; the GIL is released unless the pass alone decides.
    #[inline]
    pub fn matches(slf: &Bound<'_, Self>, id: PatternId, limit: &Limit) -> PyResult<Answer<bool>> {
        let core = slf.get();
        match core.scan.known(&core.set.set, id) {
            Some(known) => Ok(Answer::Known(known)),
            None => {
                CoreScan::ask(slf, id, limit, move |core, _| core.scan.is_match(&core.set.set, id))
            }
        }
    }

    /// Whether a pattern matches that is not [`Scan::known`] to, for callers without the GIL.
    pub fn matches_detached(
        slf: &Py<Self>,
        id: PatternId,
        limit: &Limit,
    ) -> PyResult<Answer<bool>> {
        CoreScan::ask_detached(slf, id, limit, move |core, _| core.scan.is_match(&core.set.set, id))
    }

    /// The first match, for callers without the GIL.
    pub fn first_detached(
        slf: &Py<Self>,
        id: PatternId,
        limit: &Limit,
    ) -> PyResult<Answer<Option<Span>>> {
        CoreScan::ask_detached(slf, id, limit, move |core, _| {
            core.scan.find(&core.set.set, id, Anchor::Search, core.scan.whole())
        })
    }

    /// Every match, for callers without the GIL.
    pub fn spans_detached(
        slf: &Py<Self>,
        id: PatternId,
        limit: &Limit,
    ) -> PyResult<Answer<Vec<Span>>> {
        CoreScan::ask_detached(slf, id, limit, move |core, _| core.scan.spans(&core.set.set, id))
    }

    /// The groups of a match, for callers without the GIL.
    pub fn groups_detached(
        slf: &Py<Self>,
        id: PatternId,
        found: Span,
        limit: &Limit,
    ) -> PyResult<Answer<Groups>> {
        CoreScan::ask_detached(slf, id, limit, move |core, _| {
            let to = core.scan.whole().to;
            core.scan.groups(&core.set.set, id, Anchor::Search, found, to)
        })
    }

    fn id(&self, number: u32) -> PyResult<PatternId> {
        if (number as usize) < self.set.set.len() {
            Ok(PatternId(number))
        } else {
            Err(PyIndexError::new_err("pattern number out of range"))
        }
    }

    fn target<'a, 'py>(
        slf: &Bound<'py, Self>,
        pattern: &'a Bound<'py, CompiledPattern>,
        number: u32,
        text: &'a Bound<'py, PyString>,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<Target<'a, 'py>> {
        let id = slf.get().id(number)?;
        let region = slf.get().scan.whole();
        Ok(Target { pattern, text, scan: slf.clone(), id, region, limit: Limit::of(deadline) })
    }
}

/// Asks `re` about a target.
fn ask_re<'py>(
    target: &Target<'_, 'py>,
    declined: &Declined<'py>,
    method: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    fell_through(declined.reason, Some(target.pattern), Some(&target.scan.get().stats));
    call_method(target.pattern.get().real(target.text.py())?, method, &[target.text])
}

/// The methods without a text are for a document that was scanned as a whole.
#[pymethods]
impl CoreScan {
    /// Patterns that match; patterns for which `re` has to be asked.
    #[pyo3(signature = (deadline=None))]
    fn ids<'py>(
        slf: &Bound<'py, Self>,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<(Numbers<'py>, Numbers<'py>)> {
        let (limit, this) = (Limit::of(deadline), slf.as_unbound());
        let work = || -> PyResult<(Vec<u32>, Vec<u32>)> {
            let (mut yes, mut ask) = (Vec::new(), Vec::new());
            let (core, mut looks) = (this.get(), Looks::new(&limit));
            for id in 0..core.set.set.len() as u32 {
                let answer = match core.scan.known(&core.set.set, PatternId(id)) {
                    Some(known) => Answer::Known(known),
                    None => {
                        looks.look_after(core.work_of(PatternId(id)))?;
                        CoreScan::matches_detached(this, PatternId(id), &limit)?
                    }
                };
                match answer {
                    Answer::Known(true) => memory::push(&mut yes, id),
                    Answer::Known(false) => {}
                    Answer::AskRe => memory::push(&mut ask, id),
                }
            }
            Ok((yes, ask))
        };
        let (yes, ask) = without_gil(slf.py(), || errors::caught(work)?)?;
        Ok((numbers(slf.py(), yes)?, numbers(slf.py(), ask)?))
    }

    /// Patterns that are known to match without further work; patterns of which it is not known.
    fn known<'py>(&self, py: Python<'py>) -> PyResult<(Numbers<'py>, Numbers<'py>)> {
        let work = || {
            let (mut yes, mut open) = (Vec::new(), Vec::new());
            let set = &self.set.set;
            for id in 0..set.len() as u32 {
                let pattern = PatternId(id);
                match self.scan.has(set, pattern).then(|| self.scan.known(set, pattern)).flatten() {
                    Some(true) => memory::push(&mut yes, id),
                    Some(false) => {}
                    None => memory::push(&mut open, id),
                }
            }
            (yes, open)
        };
        let (yes, open) = without_gil(py, || errors::caught(work))?;
        Ok((numbers(py, yes)?, numbers(py, open)?))
    }

    /// Whether a pattern matches; `None`: ask `re`.
    #[pyo3(signature = (number, deadline=None))]
    fn is_match(
        slf: &Bound<'_, Self>,
        number: u32,
        deadline: Option<&Bound<'_, Deadline>>,
    ) -> PyResult<Option<bool>> {
        let id = slf.get().id(number)?;
        Ok(match CoreScan::matches(slf, id, &Limit::of(deadline))? {
            Answer::Known(known) => Some(known),
            Answer::AskRe => None,
        })
    }

    /// Remembers what `re` said.
    fn remember(&self, number: u32, matches: bool) -> PyResult<()> {
        self.scan.remember(self.id(number)?, matches);
        Ok(())
    }

    /// Every match; `None`: ask `re`.
    #[pyo3(signature = (number, deadline=None))]
    fn spans<'py>(
        slf: &Bound<'py, Self>,
        number: u32,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<Option<Bound<'py, PyList>>> {
        let (py, id, whole) = (slf.py(), slf.get().id(number)?, slf.get().scan.whole());
        let limit = Limit::of(deadline);
        let matches = match CoreScan::some_spans(slf, id, whole, Wanted::All, &limit)? {
            Answer::Known(matches) => matches,
            Answer::AskRe => return Ok(None),
        };
        let pairs = matches.spans.into_iter();
        let pairs = pairs.map(|span| pair(py, span.start() as isize, span.end() as isize));
        list(py, pairs).map(Some)
    }

    /// The first match, as `re.search`.
    #[pyo3(signature = (pattern, number, text, deadline=None))]
    fn search<'py>(
        slf: &Bound<'py, Self>,
        pattern: &Bound<'py, CompiledPattern>,
        number: u32,
        text: &Bound<'py, PyString>,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let target = CoreScan::target(slf, pattern, number, text, deadline)?;
        let found = target.first(Anchor::Search)?;
        found.or_else(|declined| ask_re(&target, &declined, intern!(text.py(), "search")))
    }

    /// Every match in order, as `re.finditer`.
    #[pyo3(signature = (pattern, number, text, deadline=None))]
    fn finditer<'py>(
        slf: &Bound<'py, Self>,
        pattern: &Bound<'py, CompiledPattern>,
        number: u32,
        text: &Bound<'py, PyString>,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let target = CoreScan::target(slf, pattern, number, text, deadline)?;
        serve::matches(&target)?
            .or_else(|declined| ask_re(&target, &declined, intern!(text.py(), "finditer")))
    }

    /// The text of every match or of its groups, as `re.findall`.
    #[pyo3(signature = (pattern, number, text, deadline=None))]
    fn findall<'py>(
        slf: &Bound<'py, Self>,
        pattern: &Bound<'py, CompiledPattern>,
        number: u32,
        text: &Bound<'py, PyString>,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let target = CoreScan::target(slf, pattern, number, text, deadline)?;
        serve::texts(&target)?
            .or_else(|declined| ask_re(&target, &declined, intern!(text.py(), "findall")))
    }

    /// What was served and what fell through: see `gatecore.patterns.stats`.
    fn counted(&self, py: Python<'_>) -> Counted {
        self.stats.counted(py)
    }

    /// Bytes that the scan keeps.
    #[getter]
    fn size(&self) -> usize {
        self.scan.size()
    }

    /// The set that it was made with.
    #[getter]
    fn set(&self) -> CoreSet {
        CoreSet { shared: Arc::clone(&self.set) }
    }
}
