//! `split`, `sub` and `subn`: texts that are put together anew around matches.

use std::cell::Cell;

use gatecore::counters::Reason;
use gatecore::{Anchor, Span};
use gatecore_ffi::cpython::{call, call_method, empty_list, stack};
use pyo3::exceptions::PyRecursionError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};

use crate::re::call::{Call, Declined, Served, Target};
use crate::re::matched::Match;

/// Calls of a replacement within another one's, from which on they are `re`'s: ours takes more of the stack
/// for each, so a replacement that replaces in turn would overflow a small stack before the interpreter
/// counts a thousand frames and raises `RecursionError`. Where the stack is about to end all the same
/// (`re` does with 0.6 MB, we with 1.2), we raise it.
const DEEPEST: u32 = 4;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// One replacement that is called, as long as it lives.
struct Calling;

impl Calling {
    fn begin() -> Option<Calling> {
        DEPTH.with(|depth| {
            (depth.get() < DEEPEST).then(|| {
                depth.set(depth.get() + 1);
                Calling
            })
        })
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

/// As `re.Pattern.split`.
pub fn split<'py>(
    call: Call<'_, 'py>,
    maxsplit: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    aimed(&call, maxsplit, pieces)?.or_else(|declined| {
        let py = call.string.py();
        call.count(&declined);
        let real = call.pattern.get().real(py)?;
        match maxsplit {
            None => call_method(real, intern!(py, "split"), &[call.string]),
            Some(most) => call_method(real, intern!(py, "split"), &[call.string, most]),
        }
    })
}

/// Answers a call that takes a number of matches.
fn aimed<'a, 'py, T>(
    call: &Call<'a, 'py>,
    count: Option<&Bound<'py, PyAny>>,
    answer: impl FnOnce(&Target<'a, 'py>, usize) -> PyResult<Served<'py, T>>,
) -> PyResult<Served<'py, T>> {
    match (call.aim(call.scan(Anchor::Search)?)?, limit(count)) {
        (Ok(target), Some(most)) => answer(&target, most),
        (Ok(target), None) => Ok(Err(target.declined(Reason::Arguments))),
        (Err(declined), _) => Ok(Err(declined)),
    }
}

fn pieces<'py>(target: &Target<'_, 'py>, most: usize) -> PyResult<Served<'py>> {
    let py = target.py();
    let groups = target.pattern.get().group_count(py)?;
    let spans = match target.spans(most, groups > 0)? {
        Ok(spans) => spans,
        Err(declined) => return Ok(Err(declined)),
    };
    let list = empty_list(py)?;
    let none = py.None().into_bound(py);
    let mut from = 0;
    for span in spans {
        list.append(target.slice(from, span.start())?)?;
        if groups > 0 {
            let found = matched(target, span)?;
            for group in 1..=groups {
                list.append(found.get().text(py, group, &none)?)?;
            }
        }
        from = span.end();
    }
    list.append(target.slice(from, target.region.to)?)?;
    Ok(Ok(list.into_any()))
}

/// How many splits or replacements: 0 stands for all, a negative number for none.
fn limit(count: Option<&Bound<'_, PyAny>>) -> Option<usize> {
    let count = match count {
        None => 0,
        Some(count) => count.cast::<PyInt>().ok()?.extract::<isize>().ok()?,
    };
    Some(match count {
        0 => usize::MAX,
        count => usize::try_from(count).unwrap_or(0),
    })
}

/// As `re.Pattern.sub`, or as `subn`; `None`, which is counted, when `re` has to do it.
pub fn substitute<'py>(
    call: Call<'_, 'py>,
    repl: &Bound<'py, PyAny>,
    count: Option<&Bound<'py, PyAny>>,
    with_number: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    match aimed(&call, count, |target, most| replaced(target, repl, most))? {
        Ok((text, _)) if !with_number => Ok(Some(text)),
        Ok(both) => Ok(Some(both.into_pyobject(call.string.py())?.into_any())),
        Err(declined) => {
            call.count(&declined);
            Ok(None)
        }
    }
}

/// As [`substitute`], asking `re`'s compiled pattern where that has to be.
pub fn sub<'py>(
    call: Call<'_, 'py>,
    repl: &Bound<'py, PyAny>,
    count: Option<&Bound<'py, PyAny>>,
    with_number: bool,
) -> PyResult<Bound<'py, PyAny>> {
    if DEPTH.with(Cell::get) < DEEPEST {
        if let Some(answer) = answered(&call, repl, count, with_number)? {
            return Ok(answer);
        }
    } else {
        if stack::is_low() {
            return Err(PyRecursionError::new_err("maximum recursion depth exceeded"));
        }
        count_deep(&call);
    }
    let py = call.string.py();
    let real = call.pattern.get().real(py)?;
    let method = if with_number { intern!(py, "subn") } else { intern!(py, "sub") };
    match count {
        None => call_method(real, method, &[repl, call.string]),
        Some(count) => call_method(real, method, &[repl, call.string, count]),
    }
}

#[inline(never)]
fn count_deep(call: &Call<'_, '_>) {
    call.count(&Declined { reason: Reason::Arguments, scan: None });
}

/// [`substitute`] with a stack of its own, which is gone when `re` is asked.
#[inline(never)]
fn answered<'py>(
    call: &Call<'_, 'py>,
    repl: &Bound<'py, PyAny>,
    count: Option<&Bound<'py, PyAny>>,
    with_number: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    substitute(*call, repl, count, with_number)
}

/// The text with matches replaced, and their number. Follows `_sre`'s own loop step by step, so that
/// even the item that an error names is the same.
fn replaced<'py>(
    target: &Target<'_, 'py>,
    repl: &Bound<'py, PyAny>,
    most: usize,
) -> PyResult<Served<'py, (Bound<'py, PyAny>, usize)>> {
    let py = target.py();
    let mut calling = None;
    let filter = if repl.is_callable() {
        calling = Calling::begin();
        calling.is_some().then_some(Filter::Callable(repl))
    } else if repl.is_exact_instance_of::<PyString>() {
        Filter::of_template(target, repl)?
    } else {
        None
    };
    let Some(filter) = filter else { return Ok(Err(target.declined(Reason::Arguments))) };
    let spans = match target.spans(most, filter.asks_groups())? {
        Ok(spans) => spans,
        Err(declined) => return Ok(Err(declined)),
    };
    let list = empty_list(py)?;
    let (mut from, mut number) = (0, 0);
    for span in spans {
        if from < span.start() {
            list.append(target.slice(from, span.start())?)?;
        }
        let item = filter.item(target, span)?;
        if !item.is_none() {
            list.append(item)?;
        }
        from = span.end();
        number += 1;
    }
    if from < target.region.to {
        list.append(target.slice(from, target.region.to)?)?;
    }
    drop(calling);
    let text = call_method(&PyString::new(py, ""), intern!(py, "join"), &[&list])?;
    Ok(Ok((text, number)))
}

fn matched<'py>(target: &Target<'_, 'py>, span: Span) -> PyResult<Bound<'py, Match>> {
    Match::of(target, Anchor::Search, Some(span))
}

/// What a match is replaced by.
enum Filter<'a, 'py> {
    Callable(&'a Bound<'py, PyAny>),
    Literal(Bound<'py, PyAny>),
    /// Texts and group numbers in turn.
    Parts(Vec<Bound<'py, PyAny>>),
}

impl<'a, 'py> Filter<'a, 'py> {
    /// `None` for a template that only `re` takes.
    fn of_template(
        target: &Target<'_, 'py>,
        repl: &'a Bound<'py, PyAny>,
    ) -> PyResult<Option<Self>> {
        let py = repl.py();
        if !repl.contains(intern!(py, "\\"))? {
            return Ok(Some(Filter::Literal(repl.clone())));
        }
        let Some(parts) = target.pattern.get().template_parts(repl)? else { return Ok(None) };
        Ok(Some(match parts.len() {
            0 => Filter::Literal(PyString::new(py, "").into_any()),
            1 if parts[0].is_instance_of::<PyString>() => Filter::Literal(parts[0].clone()),
            _ => Filter::Parts(parts),
        }))
    }

    /// Whether it needs more of a match than where it is.
    fn asks_groups(&self) -> bool {
        match self {
            Filter::Callable(_) | Filter::Literal(_) => false,
            Filter::Parts(parts) => {
                parts.iter().any(|part| part.extract::<usize>().is_ok_and(|group| group > 0))
            }
        }
    }

    fn item(&self, target: &Target<'_, 'py>, span: Span) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Filter::Callable(function) => call(function, &[matched(target, span)?.as_any()]),
            Filter::Literal(text) => Ok(text.clone()),
            Filter::Parts(parts) => matched(target, span)?.get().filled(target.py(), parts),
        }
    }
}
