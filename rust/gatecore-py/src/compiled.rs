//! `CompiledPattern`: what `gatecore.re.compile` gives, and the cache that holds them.
//!
//! A pattern is known by its source and flags. CPython compiles it when `re` is first needed for it,
//! which for a pattern that the pass rules out of every document is never.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use gatecore::PatternId;
use gatecore_ffi::cpython::{call, call_with};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};

use crate::serve::{self, Call};
use crate::set::SharedSet;
use crate::stats::{fell_through, Counts, Reason};

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

/// An argument that may be missing; `None` is one that was given.
pub struct Given<'a, 'py>(pub Option<Borrowed<'a, 'py, PyAny>>);

impl<'py> Given<'_, 'py> {
    /// The argument, if there was one.
    #[inline]
    pub fn as_ref(&self) -> Option<&Bound<'py, PyAny>> {
        self.0.as_deref()
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Given<'a, 'py> {
    type Error = PyErr;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Given(Some(object)))
    }
}

/// A compiled regular expression, with the interface of `re.Pattern`.
#[pyclass(frozen, weakref, name = "Pattern", module = "re")]
pub struct CompiledPattern {
    pub source: Py<PyString>,
    pub flags: u32,
    /// It was made for a pattern that `re` compiled, which is what its matches then name.
    stands_for_real: bool,
    /// As `re` compiles it.
    real: PyOnceLock<Py<PyAny>>,
    /// Its number in the set that was asked last: the set's id, then the number plus one.
    place: AtomicU64,
    /// How often a call with it fell through.
    pub counts: Counts,
}

/// The standard module. `gatecore` has imported it, so no Python code runs.
pub fn standard<'py>(py: Python<'py>) -> PyResult<Bound<'py, PyModule>> {
    static STANDARD: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "it is loaded")]
    let module = STANDARD.get_or_try_init(py, || py.import("re").map(Bound::unbind))?;
    Ok(module.bind(py).clone())
}

/// What a cell keeps, made by Python code when it is first asked for.
///
/// `PyOnceLock::get_or_try_init` lets other threads wait meanwhile, for ever if the interpreter ends
/// there or if the code comes back to the same cell. Here each makes its own and the first is kept.
pub fn kept<'a, 'py>(
    cell: &'a PyOnceLock<Py<PyAny>>,
    py: Python<'py>,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<&'a Bound<'py, PyAny>> {
    if cell.get(py).is_none() {
        let _ = cell.set(py, make()?.unbind());
    }
    Ok(cell.get(py).expect("it was just set").bind(py))
}

/// An attribute of a module that may have to be loaded first.
pub fn imported<'py>(
    py: Python<'py>,
    module: &str,
    attribute: &str,
) -> PyResult<Bound<'py, PyAny>> {
    static IMPORT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "it is loaded")]
    let import = kept(&IMPORT, py, || py.import("builtins")?.getattr("__import__"))?;
    let (none, module) = (py.None().into_bound(py), PyString::new(py, module));
    let wanted = PyTuple::new(py, [attribute])?; // so that it gives the module and not its package
    call(import, &[&module, &none, &none, &wanted])?.getattr(attribute)
}

/// `re.Pattern` or `re.Match`: what the native objects say that they are.
pub fn standard_class(py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
    Ok(standard(py)?.getattr(name)?.unbind())
}

impl CompiledPattern {
    fn new(source: &Bound<'_, PyString>, flags: u32) -> Self {
        CompiledPattern {
            source: source.clone().unbind(),
            flags,
            stands_for_real: false,
            real: PyOnceLock::new(),
            place: AtomicU64::new(0),
            counts: Counts::default(),
        }
    }

    /// The pattern as `re` compiles it. Raises what `re.compile` raises.
    pub fn real<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        kept(&self.real, py, || {
            let compile = standard(py)?.getattr(intern!(py, "compile"))?;
            call(&compile, &[self.source.bind(py), self.flags.into_pyobject(py)?.as_any()])
        })
    }

    /// What a match names as its pattern.
    pub fn shown<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        if slf.get().stands_for_real {
            return slf.get().real(slf.py()).cloned();
        }
        Ok(slf.clone().into_any())
    }

    /// Its number in a set, or that it has none, if that set was the last that it was asked of.
    #[inline]
    pub fn known_number(&self, set: &SharedSet) -> Option<Option<PatternId>> {
        let place = self.place.load(Ordering::Relaxed);
        (place >> 32 == u64::from(set.id)).then(|| (place as u32).checked_sub(1).map(PatternId))
    }

    /// Its number in a set.
    pub fn number(&self, py: Python<'_>, set: &SharedSet) -> Option<PatternId> {
        let found = set.index(self.source.bind(py), self.flags);
        let number = found.map_or(0, |id| u64::from(id.0) + 1);
        self.place.store(u64::from(set.id) << 32 | number, Ordering::Relaxed);
        found
    }
}

impl CompiledPattern {
    /// Calls a method of `re`'s own pattern with arguments that it refuses, for its own error.
    #[cold]
    fn refused<'py>(
        &self,
        method: &str,
        given: &[(&str, Option<&Bound<'py, PyAny>>)],
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = args.py();
        fell_through(Reason::Arguments, None, None);
        let first_missing = given.iter().position(|(_, value)| value.is_none());
        let (placed, named) = given.split_at(first_missing.unwrap_or(given.len()));
        let placed = placed.iter().filter_map(|(_, value)| value.cloned());
        let keywords = PyDict::new(py);
        for (name, value) in named.iter().filter_map(|(name, value)| Some((name, (*value)?))) {
            keywords.set_item(name, value)?;
        }
        let args = PyTuple::new(py, placed.chain(args.iter()).collect::<Vec<_>>())?;
        call_with(&self.real(py)?.getattr(method)?, &args, Some(&keywords))
    }
}

/// The pattern object of a source and flags if it was seen before.
#[inline(always)]
fn find<'py>(
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
/// `known` tells whether a set holds the pattern, so that it is known to be good.
#[inline(always)]
pub fn cached<'py>(
    source: &Bound<'py, PyString>,
    flags: u32,
    known: impl FnOnce(&CompiledPattern) -> bool,
) -> PyResult<Bound<'py, CompiledPattern>> {
    match find(source, flags)? {
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
    let mut compiled = CompiledPattern::new(source.cast()?, flags);
    compiled.stands_for_real = true;
    let _ = compiled.real.set(py, pattern.clone().unbind());
    let compiled = Bound::new(py, compiled)?;
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

#[pymethods]
impl CompiledPattern {
    /// Scan through string looking for a match, and return a corresponding match object instance.
    #[pyo3(signature = (string=Given(None), pos=Given(None), endpos=Given(None), *args), text_signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn search<'py>(
        slf: &Bound<'py, Self>,
        string: Given<'_, 'py>,
        pos: Given<'_, 'py>,
        endpos: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (string, pos, endpos) = (string.as_ref(), pos.as_ref(), endpos.as_ref());
        match string {
            Some(string) if args.is_empty() => {
                serve::search(Call { pattern: slf, string, pos, endpos })
            }
            _ => slf.get().refused(
                "search",
                &[("string", string), ("pos", pos), ("endpos", endpos)],
                args,
            ),
        }
    }

    /// Matches zero or more characters at the beginning of the string.
    #[pyo3(signature = (string=Given(None), pos=Given(None), endpos=Given(None), *args), text_signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn r#match<'py>(
        slf: &Bound<'py, Self>,
        string: Given<'_, 'py>,
        pos: Given<'_, 'py>,
        endpos: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (string, pos, endpos) = (string.as_ref(), pos.as_ref(), endpos.as_ref());
        match string {
            Some(string) if args.is_empty() => {
                serve::matched(Call { pattern: slf, string, pos, endpos })
            }
            _ => slf.get().refused(
                "match",
                &[("string", string), ("pos", pos), ("endpos", endpos)],
                args,
            ),
        }
    }

    /// Matches against all of the string.
    #[pyo3(signature = (string=Given(None), pos=Given(None), endpos=Given(None), *args), text_signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn fullmatch<'py>(
        slf: &Bound<'py, Self>,
        string: Given<'_, 'py>,
        pos: Given<'_, 'py>,
        endpos: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (string, pos, endpos) = (string.as_ref(), pos.as_ref(), endpos.as_ref());
        match string {
            Some(string) if args.is_empty() => {
                serve::fullmatch(Call { pattern: slf, string, pos, endpos })
            }
            _ => slf.get().refused(
                "fullmatch",
                &[("string", string), ("pos", pos), ("endpos", endpos)],
                args,
            ),
        }
    }

    /// Return an iterator over all non-overlapping matches in string.
    #[pyo3(signature = (string=Given(None), pos=Given(None), endpos=Given(None), *args), text_signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn finditer<'py>(
        slf: &Bound<'py, Self>,
        string: Given<'_, 'py>,
        pos: Given<'_, 'py>,
        endpos: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (string, pos, endpos) = (string.as_ref(), pos.as_ref(), endpos.as_ref());
        match string {
            Some(string) if args.is_empty() => {
                serve::finditer(Call { pattern: slf, string, pos, endpos })
            }
            _ => slf.get().refused(
                "finditer",
                &[("string", string), ("pos", pos), ("endpos", endpos)],
                args,
            ),
        }
    }

    /// Return a list of all non-overlapping matches of pattern in string.
    #[pyo3(signature = (string=Given(None), pos=Given(None), endpos=Given(None), *args), text_signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn findall<'py>(
        slf: &Bound<'py, Self>,
        string: Given<'_, 'py>,
        pos: Given<'_, 'py>,
        endpos: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (string, pos, endpos) = (string.as_ref(), pos.as_ref(), endpos.as_ref());
        match string {
            Some(string) if args.is_empty() => {
                serve::findall(Call { pattern: slf, string, pos, endpos })
            }
            _ => slf.get().refused(
                "findall",
                &[("string", string), ("pos", pos), ("endpos", endpos)],
                args,
            ),
        }
    }

    /// Split string by the occurrences of pattern.
    #[pyo3(signature = (string=Given(None), maxsplit=Given(None), *args), text_signature = "($self, /, string, maxsplit=0)")]
    fn split<'py>(
        slf: &Bound<'py, Self>,
        string: Given<'_, 'py>,
        maxsplit: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (string, maxsplit) = (string.as_ref(), maxsplit.as_ref());
        match string {
            Some(string) if args.is_empty() => {
                serve::split(Call { pattern: slf, string, pos: None, endpos: None }, maxsplit)
            }
            _ => slf.get().refused("split", &[("string", string), ("maxsplit", maxsplit)], args),
        }
    }

    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the replacement repl.
    #[pyo3(signature = (repl=Given(None), string=Given(None), count=Given(None), *args), text_signature = "($self, /, repl, string, count=0)")]
    fn sub<'py>(
        slf: &Bound<'py, Self>,
        repl: Given<'_, 'py>,
        string: Given<'_, 'py>,
        count: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (repl, string, count) = (repl.as_ref(), string.as_ref(), count.as_ref());
        match (repl, string) {
            (Some(repl), Some(string)) if args.is_empty() => {
                let call = Call { pattern: slf, string, pos: None, endpos: None };
                serve::sub(call, repl, count, false)
            }
            _ => slf.get().refused(
                "sub",
                &[("repl", repl), ("string", string), ("count", count)],
                args,
            ),
        }
    }

    /// Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences of pattern with the replacement repl.
    #[pyo3(signature = (repl=Given(None), string=Given(None), count=Given(None), *args), text_signature = "($self, /, repl, string, count=0)")]
    fn subn<'py>(
        slf: &Bound<'py, Self>,
        repl: Given<'_, 'py>,
        string: Given<'_, 'py>,
        count: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (repl, string, count) = (repl.as_ref(), string.as_ref(), count.as_ref());
        match (repl, string) {
            (Some(repl), Some(string)) if args.is_empty() => {
                let call = Call { pattern: slf, string, pos: None, endpos: None };
                serve::sub(call, repl, count, true)
            }
            _ => slf.get().refused(
                "subn",
                &[("repl", repl), ("string", string), ("count", count)],
                args,
            ),
        }
    }

    /// The pattern string from which it was compiled.
    #[getter]
    fn pattern(&self, py: Python<'_>) -> Py<PyString> {
        self.source.clone_ref(py)
    }

    /// The regex matching flags, inline flags and UNICODE included.
    #[getter]
    fn flags<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.real(py)?.getattr(intern!(py, "flags"))
    }

    /// The number of capturing groups in the pattern.
    #[getter]
    fn groups<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.real(py)?.getattr(intern!(py, "groups"))
    }

    /// A dictionary mapping group names to group numbers.
    #[getter]
    fn groupindex<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.real(py)?.getattr(intern!(py, "groupindex"))
    }

    /// `re.Pattern`, so that `isinstance` holds.
    #[getter(__class__)]
    fn class(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        standard_class(py, "Pattern")
    }

    /// The scanner of `re`; not served from a pass.
    #[pyo3(signature = (*args, **kwargs))]
    fn scanner<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call_with(&self.real(args.py())?.getattr(intern!(args.py(), "scanner"))?, args, kwargs)
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        self.real(py)?.repr()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.real(py)?.hash()
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let other = match other.cast_exact::<CompiledPattern>() {
            Ok(other) => other.get().real(py)?.clone(),
            Err(_) if other.is_exact_instance(standard_class(py, "Pattern")?.bind(py)) => {
                other.clone()
            }
            Err(_) => return Ok(py.NotImplemented()),
        };
        Ok(self.real(py)?.rich_compare(other, pyo3::pyclass::CompareOp::Eq)?.unbind())
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    /// Pickles as its source and flags; compiled again where it is read.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let compile = imported(py, "gatecore.re", "compile")?;
        let arguments = PyTuple::new(
            py,
            [self.source.bind(py).as_any(), self.flags.into_pyobject(py)?.as_any()],
        )?;
        PyTuple::new(py, [compile, arguments.into_any()])
    }
}

/// The error of `re` for what only text can be.
pub fn not_picklable() -> PyErr {
    PyTypeError::new_err("cannot pickle 're.Match' object")
}
