//! What Python asks of a `CoreScan`.
//!
//! The methods without a text are for a document that was scanned as a whole.

use gatecore::{memory, Anchor, Answer, Begin, PatternId, PatternSet, Scan, Wanted, Which};
use gatecore_ffi::cpython::{call_method, list, number, pair};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::deadline::{Deadline, Limit, Looks};
use crate::errors;
use crate::gil::without_gil;
use crate::re::answers;
use crate::re::call::{Served, Target};
use crate::re::candidates::ByCandidates;
use crate::re::pattern::CompiledPattern;
use crate::re::stats::{fell_through, Counted};
use crate::scan::CoreScan;

/// A list of pattern numbers.
pub type Numbers<'py> = Bound<'py, PyList>;

pub fn numbers(py: Python<'_>, ids: Vec<u32>) -> PyResult<Numbers<'_>> {
    list(py, ids.into_iter().map(|id| number(py, id as isize)))
}

/// 32-bit numbers.
type Column<'py> = Bound<'py, PyBytes>;

fn column<'py>(py: Python<'py>, numbers: &[u32]) -> PyResult<Column<'py>> {
    PyBytes::new_with(py, 4 * numbers.len(), |bytes| {
        for (four, number) in bytes.chunks_exact_mut(4).zip(numbers) {
            four.copy_from_slice(&number.to_ne_bytes());
        }
        Ok(())
    })
}

fn id_of(scan: &CoreScan, number: u32) -> PyResult<PatternId> {
    errors::pattern(&scan.set.set, number)
}

/// A pattern and the text that a scan is of, with which Python comes along.
type Asked<'a, 'py> = (&'a Bound<'py, CompiledPattern>, u32, &'a Bound<'py, PyString>);

/// Asks about all of a text, and `re` where that has to be.
fn asked<'py>(
    scan: &Bound<'py, CoreScan>,
    (pattern, number, text): Asked<'_, 'py>,
    deadline: Option<&Bound<'py, Deadline>>,
    method: &Bound<'py, PyString>,
    answer: impl FnOnce(&Target<'_, 'py>) -> PyResult<Served<'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (id, region) = (id_of(scan.get(), number)?, scan.get().scan.whole());
    let limit = Limit::of(deadline);
    let target = Target { pattern, text, scan: scan.clone(), id, region, limit };
    answer(&target)?.or_else(|declined| {
        fell_through(declined.reason, Some(pattern), Some(&scan.get().stats));
        call_method(pattern.get().real(text.py())?, method, &[text])
    })
}

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
            let (core, mut ask) = (this.get(), Vec::new());
            let (mut yes, open) = core.scan.known_ids(&core.set.set);
            let mut looks = None;
            for id in open.into_iter().map(PatternId) {
                let looks = looks.get_or_insert_with(|| Looks::new(&limit));
                let question = move |scan: &Scan, set: &PatternSet| scan.is_match(set, id);
                let answer = looks.look_after(core.work_of(id));
                let answer =
                    answer.and_then(|()| CoreScan::ask_detached(this, id, &limit, question));
                match answer.map_err(|error| errors::numbered(error, id.0))? {
                    Answer::Known(true) => memory::push(&mut yes, id.0),
                    Answer::Known(false) => {}
                    Answer::AskRe => memory::push(&mut ask, id.0),
                }
            }
            yes.sort_unstable();
            Ok((yes, ask))
        };
        let (yes, ask) = without_gil(slf.py(), || errors::caught(work)?)?;
        Ok((numbers(slf.py(), yes)?, numbers(slf.py(), ask)?))
    }

    /// Patterns that are known to match without further work; patterns of which it is not known.
    fn known<'py>(&self, py: Python<'py>) -> PyResult<(Numbers<'py>, Numbers<'py>)> {
        let known = || errors::caught(|| self.scan.known_ids(&self.set.set));
        let (yes, open) = without_gil(py, known)?;
        Ok((numbers(py, yes)?, numbers(py, open)?))
    }

    /// Whether a pattern matches; `None`: ask `re`.
    #[pyo3(signature = (number, deadline=None))]
    fn is_match(
        slf: &Bound<'_, Self>,
        number: u32,
        deadline: Option<&Bound<'_, Deadline>>,
    ) -> PyResult<Option<bool>> {
        let id = id_of(slf.get(), number)?;
        Ok(CoreScan::matches(slf, id, &Limit::of(deadline))?.known())
    }

    /// Whether all of the text was scanned: not where its beginning told enough.
    #[getter]
    fn is_complete(&self) -> bool {
        self.scan.is_complete()
    }

    /// Scans what the text's beginning left for later.
    #[pyo3(name = "complete", signature = (deadline=None))]
    fn scan_all(slf: &Bound<'_, Self>, deadline: Option<&Bound<'_, Deadline>>) -> PyResult<()> {
        CoreScan::complete(slf, &Limit::of(deadline))
    }

    /// Remembers what `re` said.
    fn remember(&self, number: u32, matches: bool) -> PyResult<()> {
        self.scan.remember(id_of(self, number)?, matches);
        Ok(())
    }

    /// Every match; `None`: ask `re`.
    #[pyo3(signature = (number, deadline=None))]
    fn spans<'py>(
        slf: &Bound<'py, Self>,
        number: u32,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<Option<Bound<'py, PyList>>> {
        let (py, id) = (slf.py(), id_of(slf.get(), number)?);
        let (whole, limit) = ((Begin::at(0), slf.get().scan.len()), Limit::of(deadline));
        let answer = CoreScan::some_spans(slf, id, whole, Wanted::All, &limit)?;
        let Answer::Known(matches) = answer else { return Ok(None) };
        let pairs = matches.spans.into_iter();
        let pairs = pairs.map(|span| pair(py, span.start() as isize, span.end() as isize));
        list(py, pairs).map(Some)
    }

    /// Every match of a pattern that only `re` answers, asked where one may begin.
    fn spans_by_re<'py>(
        slf: &Bound<'py, Self>,
        pattern: &Bound<'py, CompiledPattern>,
        number: u32,
        text: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyList>>> {
        let (py, id) = (slf.py(), id_of(slf.get(), number)?);
        let Some(mut candidates) = ByCandidates::from(slf.get(), id, 0)? else { return Ok(None) };
        let (real, limit) = (pattern.get().real(py)?, Limit::default());
        let spans = std::iter::from_fn(|| candidates.next(slf, text, real, &limit).transpose());
        list(py, spans.map(|found| call_method(&found?, intern!(py, "span"), &[]))).map(Some)
    }

    /// Spans of all patterns, of the first match of each or of all: numbers of patterns, starts and ends
    /// as 32-bit numbers in the machine's order; patterns for which `re` has to be asked.
    #[pyo3(signature = (first, deadline=None))]
    fn columns<'py>(
        slf: &Bound<'py, Self>,
        first: bool,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<(Column<'py>, Column<'py>, Column<'py>, Numbers<'py>)> {
        let (py, this, limit) = (slf.py(), slf.as_unbound(), Limit::of(deadline));
        let which = if first { Which::First } else { Which::All };
        if !first || !slf.get().scan.has_all_firsts() {
            CoreScan::complete(slf, &limit)?;
        }
        let found = without_gil(py, || CoreScan::columns_detached(this, which, &limit))?;
        Ok((
            column(py, &found.patterns)?,
            column(py, &found.starts)?,
            column(py, &found.ends)?,
            numbers(py, found.ask)?,
        ))
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
        let first = |target: &Target<'_, 'py>| answers::first(target, Anchor::Search);
        asked(slf, (pattern, number, text), deadline, intern!(text.py(), "search"), first)
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
        let method = intern!(text.py(), "finditer");
        asked(slf, (pattern, number, text), deadline, method, answers::matches)
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
        asked(slf, (pattern, number, text), deadline, intern!(text.py(), "findall"), answers::texts)
    }

    /// What was served and what fell through; `gatecore.patterns.stats` reads it.
    fn counted(&self, py: Python<'_>) -> Counted {
        self.stats.counted(py)
    }
}
