//! `CoreScan`: the core's answers for one document.

use std::sync::{Arc, Mutex, PoisonError};

use gatecore::{Anchor, Answer, Groups, Matches, PatternId, Region, Scan, ShardId, Span, Wanted};
use gatecore_cpython::{call_method, list, number, pair};
use pyo3::exceptions::PyIndexError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::compiled::CompiledPattern;
use crate::door::{is_closed, without_gil};
use crate::errors;
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

/// A list of pattern numbers.
type Numbers<'py> = Bound<'py, PyList>;

fn numbers(py: Python<'_>, ids: Vec<u32>) -> PyResult<Numbers<'_>> {
    list(py, ids.into_iter().map(|id| number(py, id as isize)))
}

impl CoreScan {
    pub fn new(set: Arc<SharedSet>, scan: Scan, stats: Arc<DocumentStats>) -> Self {
        CoreScan { set, scan, stats, scanning: Mutex::new(()) }
    }

    /// Answers a question about one pattern, off the GIL if the document is long or the pattern large.
    #[inline]
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        id: PatternId,
        question: impl FnOnce() -> T + Send,
    ) -> PyResult<T> {
        errors::caught(|| {
            if self.scan.whole().to < LONG && self.set.set.is_light(id) {
                question()
            } else {
                without_gil(py, question)
            }
        })
    }

    /// Makes sure that a pattern can be asked about.
    #[inline]
    pub fn ready(&self, text: &Bound<'_, PyString>, id: PatternId) -> PyResult<()> {
        match self.set.set.shard_of(id) {
            Some(shard) if !self.scan.is_ready(shard) => self.run(text, &[shard])?,
            _ => {}
        }
        let set = &self.set.set;
        if self.scan.is_prepared(set, id) {
            return Ok(());
        }
        let prepare = || errors::caught(|| self.scan.prepare(set, id));
        without_gil(text.py(), prepare)?.map_err(errors::scan)
    }

    /// Runs the pass over alphabets; the GIL is released.
    #[cold]
    pub fn run(&self, text: &Bound<'_, PyString>, shards: &[ShardId]) -> PyResult<()> {
        let characters = Characters::new(text)?;
        let set = &self.set.set;
        without_gil(text.py(), || {
            // A thread never waits here with the GIL, and so may take it while it holds the lock. Once
            // the door is closed it has the GIL, and rather scans what another scans already.
            let lock = || self.scanning.lock().unwrap_or_else(PoisonError::into_inner);
            let _one_at_a_time = (!is_closed()).then(lock);
            for &shard in shards {
                if !self.scan.is_ready(shard) {
                    let begin = || set.translation(shard, characters.len());
                    let mut translation = errors::caught(begin)?;
                    characters.translate(&mut translation)?;
                    let complete = || self.scan.complete(set, shard, translation);
                    errors::caught(complete)?.map_err(errors::scan)?;
                }
            }
            Ok(())
        })
    }

    /// The first match in a region; the GIL is released if it is long.
    pub fn find(
        &self,
        py: Python<'_>,
        id: PatternId,
        anchor: Anchor,
        region: Region,
    ) -> PyResult<Answer<Option<Span>>> {
        self.ask(py, id, || self.scan.find(&self.set.set, id, anchor, region))
    }

    /// The first matches in a region; the GIL is released.
    pub fn some_spans(
        &self,
        py: Python<'_>,
        id: PatternId,
        region: Region,
        wanted: Wanted,
    ) -> PyResult<Answer<Matches>> {
        self.ask(py, id, || self.scan.some_spans(&self.set.set, id, region, wanted))
    }

    /// The groups of a match in a document that ends at `to`; the GIL is released.
    pub fn groups(
        &self,
        py: Python<'_>,
        id: PatternId,
        anchor: Anchor,
        found: Span,
        to: usize,
    ) -> PyResult<Answer<Groups>> {
        self.ask(py, id, || self.scan.groups(&self.set.set, id, anchor, found, to))
    }

    /// Whether a pattern matches; the GIL is released unless the pass alone decides.
    #[inline]
    pub fn matches(&self, py: Python<'_>, id: PatternId) -> PyResult<Answer<bool>> {
        match self.scan.known(&self.set.set, id) {
            Some(known) => Ok(Answer::Known(known)),
            None => self.ask(py, id, || self.scan.is_match(&self.set.set, id)),
        }
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
    ) -> PyResult<Target<'a, 'py>> {
        let id = slf.get().id(number)?;
        let region = slf.get().scan.whole();
        Ok(Target { pattern, text, scan: slf.clone(), id, region })
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
    fn ids<'py>(&self, py: Python<'py>) -> PyResult<(Numbers<'py>, Numbers<'py>)> {
        let (yes, ask) = without_gil(py, || errors::caught(|| self.scan.ids(&self.set.set)))?;
        Ok((numbers(py, yes)?, numbers(py, ask)?))
    }

    /// Whether a pattern matches; `None`: ask `re`.
    fn is_match(&self, py: Python<'_>, number: u32) -> PyResult<Option<bool>> {
        Ok(match self.matches(py, self.id(number)?)? {
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
    fn spans<'py>(&self, py: Python<'py>, number: u32) -> PyResult<Option<Bound<'py, PyList>>> {
        let id = self.id(number)?;
        let matches = match self.some_spans(py, id, self.scan.whole(), Wanted::All)? {
            Answer::Known(matches) => matches,
            Answer::AskRe => return Ok(None),
        };
        let pairs = matches.spans.into_iter();
        let pairs = pairs.map(|span| pair(py, span.start() as isize, span.end() as isize));
        list(py, pairs).map(Some)
    }

    /// The first match, as `re.search`.
    fn search<'py>(
        slf: &Bound<'py, Self>,
        pattern: &Bound<'py, CompiledPattern>,
        number: u32,
        text: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let target = CoreScan::target(slf, pattern, number, text)?;
        let found = target.first(Anchor::Search)?;
        found.or_else(|declined| ask_re(&target, &declined, intern!(text.py(), "search")))
    }

    /// Every match in order, as `re.finditer`.
    fn finditer<'py>(
        slf: &Bound<'py, Self>,
        pattern: &Bound<'py, CompiledPattern>,
        number: u32,
        text: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let target = CoreScan::target(slf, pattern, number, text)?;
        serve::matches(&target)?
            .or_else(|declined| ask_re(&target, &declined, intern!(text.py(), "finditer")))
    }

    /// The text of every match or of its groups, as `re.findall`.
    fn findall<'py>(
        slf: &Bound<'py, Self>,
        pattern: &Bound<'py, CompiledPattern>,
        number: u32,
        text: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let target = CoreScan::target(slf, pattern, number, text)?;
        serve::texts(&target)?
            .or_else(|declined| ask_re(&target, &declined, intern!(text.py(), "findall")))
    }

    /// What was served and what fell through: see `gatecore.stats`.
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
