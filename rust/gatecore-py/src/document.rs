//! `DocumentMethods`: the methods of `str` that a document answers from the pass.
//!
//! They are native so that a keyword test costs no Python frame. The class has no data of its own, so
//! that `gatecore.Document` can derive from it and from `str` at once; a document's `CoreScan` is in
//! its attribute `_core`.

use gatecore::{Anchor, Answer};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};

use crate::compiled::{cached, standard, CompiledPattern};
use crate::scan::CoreScan;
use crate::serve::{number_in, scan_of, Target};
use crate::stats::{fell_through, Reason};

/// Longer keywords are left to `str`: they are sentences, and each would be remembered.
const LONGEST: usize = 256;

/// Most keywords that are remembered.
const MOST: usize = 10_000;

/// What `gatecore.Document` adds to `str`.
#[pyclass(frozen, subclass, module = "gatecore._gatecore")]
pub struct DocumentMethods;

/// The pattern that a keyword is, the same as `re.escape(keyword)` without flags.
fn keyword_pattern<'py>(
    keyword: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, CompiledPattern>>> {
    static KEYWORDS: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let py = keyword.py();
    let keywords = KEYWORDS.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    if let Some(found) = keywords.get_item(keyword)? {
        return Ok(Some(found.cast_into::<CompiledPattern>()?));
    }
    if !(1..=LONGEST).contains(&keyword.as_any().len()?) {
        return Ok(None);
    }
    let source = standard(py)?.call_method1(intern!(py, "escape"), (keyword,))?;
    let pattern = cached(source.cast::<PyString>()?, 0, |_| true)?;
    if keywords.len() >= MOST {
        keywords.clear();
    }
    keywords.set_item(keyword, &pattern)?;
    Ok(Some(pattern))
}

/// A keyword of a document's set. `None`: leave it to `str`; that is counted.
#[inline]
fn with_keyword<'py, T>(
    document: &Bound<'py, DocumentMethods>,
    keyword: &Bound<'py, PyAny>,
    ask: impl FnOnce(&CoreScan, &Target<'_, 'py>) -> Answer<T>,
) -> PyResult<Option<T>> {
    let Some(scan) = scan_of(document.as_any()) else { return Ok(None) };
    if !keyword.is_exact_instance_of::<PyString>() {
        return Ok(None);
    }
    let pattern = keyword_pattern(keyword.cast()?)?;
    let number = match &pattern {
        Some(pattern) => number_in(pattern.get(), document.as_any(), scan.get())?,
        None => None,
    };
    let (Some(pattern), Some(id)) = (&pattern, number) else {
        fell_through(Reason::KeywordNotInSet, pattern.as_ref(), Some(&scan.get().stats));
        return Ok(None);
    };
    let text = document.as_any().cast::<PyString>()?;
    let core = scan.get();
    core.ready(text, id)?;
    let region = core.scan.whole();
    let target = Target { pattern, text, scan: scan.clone(), id, region };
    match ask(core, &target) {
        Answer::Known(answer) => {
            core.stats.served();
            Ok(Some(answer))
        }
        Answer::AskRe => {
            fell_through(Reason::Fallback, Some(pattern), Some(&core.stats));
            Ok(None)
        }
    }
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
    py.get_type::<PyString>().getattr(method)?.call1(PyTuple::new(py, all)?)
}

#[pymethods]
impl DocumentMethods {
    fn __contains__<'py>(slf: &Bound<'py, Self>, keyword: &Bound<'py, PyAny>) -> PyResult<bool> {
        let py = slf.py();
        let answer = with_keyword(slf, keyword, |core, target| core.matches(py, target.id))?;
        match answer {
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
        let py = slf.py();
        if args.len() == 1 {
            let answer = with_keyword(slf, &args.get_item(0)?, |core, target| {
                core.find(py, target.id, Anchor::Search, target.region)
            })?;
            if let Some(found) = answer {
                let start = found.map_or(-1, |span| span.start() as isize);
                return Ok(PyInt::new(py, start).into_any());
            }
        }
        plain(slf, "find", args)
    }

    /// Return the number of non-overlapping occurrences of the substring.
    #[pyo3(signature = (*args))]
    fn count<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if args.len() == 1 {
            let answer = with_keyword(slf, &args.get_item(0)?, |core, target| {
                core.some_spans(py, target.id, target.region, usize::MAX)
            })?;
            if let Some(matches) = answer {
                return Ok(PyInt::new(py, matches.spans.len()).into_any());
            }
        }
        plain(slf, "count", args)
    }
}
