//! The patterns that were seen, and what the first argument of `re`'s functions stands for.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyString};

use crate::imports::{standard, standard_class};
use crate::re::pattern::CompiledPattern;

/// Flags with which a pattern of text may be cached: IGNORECASE, MULTILINE, DOTALL, UNICODE,
/// VERBOSE, ASCII. The others are `re`'s own business: LOCALE and TEMPLATE are errors or old,
/// DEBUG prints at each call.
const CACHED_FLAGS: u32 = 2 | 8 | 16 | 32 | 64 | 256;

const UNICODE: u32 = 32;

/// Most patterns that are kept. `re` keeps 512, which a host with thousands of them thrashes.
const MOST: usize = 10_000;

/// One table of patterns for each combination of flags.
static TABLES: [PyOnceLock<Py<PyDict>>; 512] = [const { PyOnceLock::new() }; 512];
static CACHED: AtomicUsize = AtomicUsize::new(0);

/// The pattern object of a source and flags if it was seen before.
#[inline(always)]
fn seen<'py>(
    source: &Bound<'py, PyString>,
    flags: u32,
) -> PyResult<Option<Bound<'py, CompiledPattern>>> {
    let py = source.py();
    let Some(table) = TABLES[flags as usize].get(py) else { return Ok(None) };
    match table.bind(py).get_item(source)? {
        Some(found) => Ok(Some(found.cast_into::<CompiledPattern>()?)),
        None => Ok(None),
    }
}

/// The pattern object of a source and flags. It is compiled by `re` only if it is in no set.
///
/// `known` tells whether a set holds the pattern, which is then known to be good.
#[inline(always)]
fn cached<'py>(
    source: &Bound<'py, PyString>,
    flags: u32,
    known: impl FnOnce(&CompiledPattern) -> bool,
) -> PyResult<Bound<'py, CompiledPattern>> {
    match seen(source, flags)? {
        Some(found) => Ok(found),
        None => first_seen(source, flags, known),
    }
}

#[cold]
fn first_seen<'py>(
    source: &Bound<'py, PyString>,
    flags: u32,
    known: impl FnOnce(&CompiledPattern) -> bool,
) -> PyResult<Bound<'py, CompiledPattern>> {
    let py = source.py();
    let pattern = CompiledPattern::new(source, flags);
    // A set's key leaves UNICODE out, which may contradict a flag inside the pattern.
    if flags & UNICODE != 0 || !known(&pattern) {
        pattern.real(py)?;
    }
    let pattern = Bound::new(py, pattern)?;
    if CACHED.fetch_add(1, Ordering::Relaxed) >= MOST {
        purge(py);
        CACHED.store(1, Ordering::Relaxed);
    }
    let table = TABLES[flags as usize].get_or_init(py, || PyDict::new(py).unbind());
    table.bind(py).set_item(source, &pattern)?;
    Ok(pattern)
}

/// The pattern object of a pattern that is known to be good.
pub fn object<'py>(
    source: &Bound<'py, PyString>,
    flags: u32,
) -> PyResult<Bound<'py, CompiledPattern>> {
    if flags & !CACHED_FLAGS == 0 && source.is_exact_instance_of::<PyString>() {
        return cached(source, flags, |_| true);
    }
    Bound::new(source.py(), CompiledPattern::new(source, flags))
}

/// Flags as a number; `None` if a pattern with them is not cached.
#[inline(always)]
fn number_of(flags: &Bound<'_, PyAny>) -> Option<u32> {
    // The one flag that most calls give is known by its address: reading an enum takes 20 ns.
    static IGNORECASE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = flags.py();
    let ignore_case = IGNORECASE
        .get_or_try_init(py, || standard(py)?.getattr("IGNORECASE").map(Bound::unbind))
        .ok()?;
    if flags.is(ignore_case) {
        return Some(2);
    }
    let flags: u32 = flags.cast::<PyInt>().ok()?.extract().ok()?;
    (flags & !CACHED_FLAGS == 0).then_some(flags)
}

/// What the first argument of `re`'s functions stands for. `None`: leave it to `re`.
#[inline(always)]
pub fn resolve<'py>(
    pattern: &Bound<'py, PyAny>,
    flags: Option<&Bound<'py, PyAny>>,
    known: impl FnOnce(&CompiledPattern) -> bool,
) -> PyResult<Option<Bound<'py, CompiledPattern>>> {
    let Some(flags) = flags.map_or(Some(0), number_of) else { return Ok(None) };
    if pattern.is_exact_instance_of::<PyString>() {
        return cached(pattern.cast()?, flags, known).map(Some);
    }
    if flags != 0 {
        return Ok(None);
    }
    if let Ok(compiled) = pattern.cast_exact::<CompiledPattern>() {
        return Ok(Some(compiled.clone()));
    }
    of_real(pattern)
}

/// A pattern that `re` itself compiled.
#[cold]
fn of_real<'py>(pattern: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, CompiledPattern>>> {
    let py = pattern.py();
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.get_or_try_init(py, || standard_class(py, "Pattern"))?;
    if !pattern.is_exact_instance(class.bind(py)) {
        return Ok(None);
    }
    static KNOWN: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let table = KNOWN.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    if let Some(found) = table.get_item(pattern)? {
        let found = found.cast_into::<CompiledPattern>()?;
        if found.get().real(py)?.is(pattern) {
            return Ok(Some(found));
        }
    }
    let source = pattern.getattr(intern!(py, "pattern"))?;
    let flags = pattern.getattr(intern!(py, "flags"))?.extract::<u32>()? & !UNICODE;
    if !source.is_exact_instance_of::<PyString>() || flags & !CACHED_FLAGS != 0 {
        return Ok(None);
    }
    let compiled = Bound::new(py, CompiledPattern::of_real(source.cast()?, flags, pattern))?;
    if table.len() >= MOST {
        table.clear();
    }
    table.set_item(pattern, &compiled)?;
    Ok(Some(compiled))
}

/// Forgets all patterns that were seen.
pub fn purge(py: Python<'_>) {
    for table in TABLES.iter().filter_map(|table| table.get(py)) {
        table.bind(py).clear();
    }
    CACHED.store(0, Ordering::Relaxed);
}

/// Every pattern that is kept.
pub fn all(py: Python<'_>) -> Vec<Bound<'_, CompiledPattern>> {
    let tables = TABLES.iter().filter_map(|table| table.get(py));
    tables
        .flat_map(|table| table.bind(py).values().iter().collect::<Vec<_>>())
        .filter_map(|pattern| pattern.cast_into::<CompiledPattern>().ok())
        .collect()
}
