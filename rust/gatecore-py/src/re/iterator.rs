//! `MatchIterator`: the matches of one pattern, found as they are asked for.

use std::sync::Mutex;

use gatecore::{Anchor, Answer, Begin, Matches, PatternId, Region, Span, Wanted};
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyString;

use crate::deadline::Limit;
use crate::re::call::Target;
use crate::re::candidates::ByCandidates;
use crate::re::matched::Match;
use crate::re::pattern::CompiledPattern;
use crate::scan::CoreScan;

/// How many matches are looked for at once, after the first.
const BATCH: usize = 256;

/// The matches of one pattern, found as they are asked for.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct MatchIterator {
    text: Py<PyString>,
    scan: Py<CoreScan>,
    pattern: Py<CompiledPattern>,
    id: PatternId,
    region: Region,
    limit: Limit,
    state: Mutex<Ahead>,
}

/// What is found and not yet given.
struct Ahead {
    spans: std::vec::IntoIter<Span>,
    begin: Begin,
    batch: usize,
    at_end: bool,
    /// Where only `re` finds them.
    by_re: Option<ByCandidates>,
}

impl MatchIterator {
    /// The matches of a target; `by_re` where only that finds them.
    pub fn of<'py>(
        target: &Target<'_, 'py>,
        by_re: Option<ByCandidates>,
    ) -> PyResult<Bound<'py, MatchIterator>> {
        let begin = Begin::at(target.region.from);
        let spans = Vec::new().into_iter();
        let ahead = Ahead { spans, begin, batch: 1, at_end: false, by_re };
        let iterator = MatchIterator {
            text: target.text.clone().unbind(),
            scan: target.scan.clone().unbind(),
            pattern: target.pattern.clone().unbind(),
            id: target.id,
            region: target.region,
            limit: target.limit.clone(),
            state: Mutex::new(ahead),
        };
        Bound::new(target.text.py(), iterator)
    }

    /// No match at all, which is known.
    pub fn none<'py>(
        pattern: &Bound<'py, CompiledPattern>,
        text: &Bound<'py, PyString>,
        scan: Bound<'py, CoreScan>,
        id: PatternId,
        region: Region,
    ) -> PyResult<Bound<'py, MatchIterator>> {
        let (spans, begin) = (Vec::new().into_iter(), Begin::at(region.from));
        let iterator = MatchIterator {
            text: text.clone().unbind(),
            scan: scan.unbind(),
            pattern: pattern.clone().unbind(),
            id,
            region,
            limit: Limit::default(),
            state: Mutex::new(Ahead { spans, begin, batch: 1, at_end: true, by_re: None }),
        };
        Bound::new(text.py(), iterator)
    }

    fn next_by_re<'py>(
        &self,
        py: Python<'py>,
        candidates: &mut ByCandidates,
    ) -> PyResult<Option<Bound<'py, Match>>> {
        let (pattern, text, scan) = (self.pattern.bind(py), self.text.bind(py), self.scan.bind(py));
        let real = candidates.next(scan, text, pattern.get().real(py)?, &self.limit)?;
        real.map(|real| Match::of_re(pattern, text, scan.clone(), self.id, self.region, real))
            .transpose()
    }

    fn next_span(&self, py: Python<'_>, ahead: &mut Ahead) -> PyResult<Option<Span>> {
        if let Some(span) = ahead.spans.next() {
            return Ok(Some(span));
        }
        if ahead.at_end {
            return Ok(None);
        }
        let (region, batch) = ((ahead.begin, self.region.to), ahead.batch);
        let (scan, wanted) = (self.scan.bind(py), Wanted::AtLeast(batch));
        let answer = CoreScan::some_spans(scan, self.id, region, wanted, &self.limit)?;
        let Answer::Known(Matches { spans, at_end }) = answer else {
            return Err(PyRuntimeError::new_err(
                "an automaton that was there is gone: please report this",
            ));
        };
        ahead.at_end = at_end;
        ahead.batch = BATCH;
        ahead.begin = spans.last().map_or(ahead.begin, |&last| Begin::after(last));
        ahead.spans = spans.into_iter();
        Ok(ahead.spans.next())
    }
}

#[pymethods]
impl MatchIterator {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.text)?;
        visit.call(&self.scan)?;
        visit.call(&self.pattern)
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, Match>>> {
        let mut ahead = self.state.lock_py_attached(py).unwrap_or_else(|error| error.into_inner());
        if let Some(candidates) = &mut ahead.by_re {
            return self.next_by_re(py, candidates);
        }
        let Some(span) = self.next_span(py, &mut ahead)? else { return Ok(None) };
        drop(ahead);
        let (pattern, text) = (self.pattern.bind(py), self.text.bind(py));
        let (scan, search) = (self.scan.bind(py).clone(), Anchor::Search);
        Match::new(pattern, text, scan, self.id, self.region, search, Some(span)).map(Some)
    }
}
