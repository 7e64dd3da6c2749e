//! `DocumentMethods`: the methods of `str` that a document answers from the pass.
//!
//! They are native so that a keyword test costs no Python frame. The class has no data of its own, so
//! that `gatecore.Document` can derive from it and from `str` at once; a document's `CoreScan` is in
//! its attribute `_core`.

use std::sync::Arc;

use gatecore::counters::Reason;
use gatecore::{Anchor, Answer, Begin, Keyword, News, PatternId, Wanted};
use gatecore_ffi::cpython::{call_method, call_with, number};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::deadline::Limit;
use crate::document_class::{scan_of, tell_set};
use crate::imports::standard;
use crate::re::stats::fell_through;
use crate::scan::CoreScan;

/// What `gatecore.Document` adds to `str`.
#[pyclass(frozen, subclass, module = "gatecore._gatecore")]
pub struct DocumentMethods;

/// Asks about a keyword of a document's set. `None`: leave it to `str`; that is counted, and a keyword
/// that the set does not hold is learned.
#[inline]
fn with_keyword<'py, T>(
    document: &Bound<'py, DocumentMethods>,
    keyword: &Bound<'py, PyAny>,
    ask: impl FnOnce(&Bound<'py, CoreScan>, PatternId) -> PyResult<Answer<T>>,
) -> PyResult<Option<T>> {
    let Some(scan) = scan_of(document.as_any()) else { return Ok(None) };
    let core = scan.get();
    // Odd keywords, such as those with lone surrogates, are left to `str`.
    let Ok(Ok(text)) = keyword.cast_exact::<PyString>().map(|keyword| keyword.to_str()) else {
        return Ok(None);
    };
    let id = match core.set.keyword(text, Arc::as_ptr(&core.stats) as usize) {
        Keyword::Pattern(id) => id,
        Keyword::Absent(news) => {
            fell_through(Reason::KeywordNotInSet, None, Some(&core.stats));
            match news {
                News::None => {}
                News::First => tell(document, intern!(document.py(), "learn"), keyword)?,
                News::Again => tell(document, intern!(document.py(), "_sighted_again"), keyword)?,
            }
            return Ok(None);
        }
    };
    CoreScan::ensure(&scan, document.as_any().cast::<PyString>()?, id, &Limit::default())?;
    match ask(&scan, id)? {
        Answer::Known(answer) => {
            core.stats.served();
            Ok(Some(answer))
        }
        Answer::AskRe => {
            fell_through(Reason::Fallback, None, Some(&core.stats));
            Ok(None)
        }
    }
}

/// Calls a method of the document's set with the pattern that is a keyword.
#[cold]
fn tell(
    document: &Bound<'_, DocumentMethods>,
    method: &Bound<'_, PyString>,
    keyword: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = document.py();
    let source = call_method(standard(py)?.as_any(), intern!(py, "escape"), &[keyword])?;
    tell_set(document.as_any(), method, &[&source])
}

/// A method of `str` itself.
fn plain<'py>(
    document: &Bound<'py, DocumentMethods>,
    method: &str,
    arguments: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = document.py();
    let mut all = vec![document.as_any().clone()];
    all.extend(arguments.iter());
    call_with(&py.get_type::<PyString>().getattr(method)?, &PyTuple::new(py, all)?, None)
}

/// A number that the core tells of a keyword, or what the method of `str` gives.
fn number_of<'py>(
    document: &Bound<'py, DocumentMethods>,
    method: &str,
    args: &Bound<'py, PyTuple>,
    ask: impl FnOnce(&Bound<'py, CoreScan>, PatternId) -> PyResult<Answer<isize>>,
) -> PyResult<Bound<'py, PyAny>> {
    if args.len() == 1 {
        if let Some(answer) = with_keyword(document, &args.get_item(0)?, ask)? {
            return number(args.py(), answer);
        }
    }
    plain(document, method, args)
}

#[pymethods]
impl DocumentMethods {
    fn __contains__<'py>(slf: &Bound<'py, Self>, keyword: &Bound<'py, PyAny>) -> PyResult<bool> {
        let py = slf.py();
        let limit = Limit::default();
        match with_keyword(slf, keyword, |scan, id| CoreScan::matches(scan, id, &limit))? {
            Some(answer) => Ok(answer),
            None => plain(slf, "__contains__", &PyTuple::new(py, [keyword])?)?.extract(),
        }
    }

    /// Return the lowest index where the substring is found, or -1.
    #[pyo3(signature = (*args))]
    fn find<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        number_of(slf, "find", args, |scan, id| {
            let whole = scan.get().scan.whole();
            let found = CoreScan::find(scan, id, Anchor::Search, whole, &Limit::default())?;
            Ok(found.map(|found| found.map_or(-1, |span| span.start() as isize)))
        })
    }

    /// Return the number of non-overlapping occurrences of the substring.
    #[pyo3(signature = (*args))]
    fn count<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        number_of(slf, "count", args, |scan, id| {
            let whole = (Begin::at(0), scan.get().scan.len());
            let found = CoreScan::some_spans(scan, id, whole, Wanted::All, &Limit::default())?;
            Ok(found.map(|matches| matches.spans.len() as isize))
        })
    }
}
