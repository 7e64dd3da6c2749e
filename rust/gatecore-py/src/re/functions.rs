//! The functions of `gatecore.re`.
//!
//! They are native for their speed, and because they then have no Python frame: a warning of `re` names
//! the caller's line as it does without gatecore.

use gatecore::counters::{self, Reason, REASONS};
use gatecore_ffi::cpython::{call, call_method, call_with};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::document_class::scan_of;
use crate::imports::standard;
use crate::re::call::{Call, Given};
use crate::re::pattern::{number_of, CompiledPattern};
use crate::re::stats::{fell_through, Counted};
use crate::re::{answers, cache, substitute, texts};

/// The pattern that a function is called with. `None`: leave the call to `re`.
#[inline(always)]
fn pattern_of<'py>(
    pattern: &Bound<'py, PyAny>,
    string: &Bound<'py, PyAny>,
    flags: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, CompiledPattern>>> {
    cache::resolve(pattern, flags, |new| {
        scan_of(string).is_some_and(|scan| {
            number_of(new.source.bind(string.py()), new.flags, &scan.get().set).is_some()
        })
    })
}

/// Leaves a call to the standard module's function.
#[cold]
fn leave<'py>(
    name: &Bound<'py, PyString>,
    pattern: &Bound<'py, PyAny>,
    string: &Bound<'py, PyAny>,
    flags: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    fell_through(Reason::Arguments, None, None);
    let given: Vec<_> = [pattern, string].into_iter().chain(flags).collect();
    call(&standard(name.py())?.getattr(name)?, &given)
}

macro_rules! function {
    ($(#[$doc:meta])* $name:ident, $method:literal, $answer:path) => {
        $(#[$doc])*
        #[pyfunction]
        #[pyo3(signature = (pattern, string, flags=Given(None)), text_signature = "(pattern, string, flags=0)")]
        pub fn $name<'py>(
            pattern: &Bound<'py, PyAny>,
            string: &Bound<'py, PyAny>,
            flags: Given<'_, 'py>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let flags = flags.as_ref();
            match pattern_of(pattern, string, flags)? {
                Some(pattern) => $answer(Call::of(&pattern, string)),
                None => leave(intern!(string.py(), $method), pattern, string, flags),
            }
        }
    };
}

function!(
    /// Scan through string looking for a match to the pattern, returning a Match object, or None if no match was found.
    search, "search", answers::search
);
function!(
    /// Try to apply the pattern at the start of the string, returning a Match object, or None if no match was found.
    r#match, "match", answers::matched
);
function!(
    /// Try to apply the pattern to all of the string, returning a Match object, or None if no match was found.
    fullmatch, "fullmatch", answers::fullmatch
);
function!(
    /// Return an iterator over all non-overlapping matches in the string. For each match, the iterator returns a Match object.
    finditer, "finditer", answers::finditer
);
function!(
    /// Return a list of all non-overlapping matches in the string: texts, or tuples of group texts.
    findall, "findall", answers::findall
);

/// The optional arguments of `split`, `sub` and `subn`. `None` if `re` has to sort them out: too many,
/// unknown ones, or the positional form that it warns about since 3.13.
struct Options<'py> {
    count: Option<Bound<'py, PyAny>>,
    flags: Option<Bound<'py, PyAny>>,
}

impl<'py> Options<'py> {
    fn of(
        count_name: &str,
        rest: &Bound<'py, PyTuple>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Option<Self>> {
        let mut options = Options { count: None, flags: None };
        if !rest.is_empty() {
            if rest.len() > 2 || rest.py().version_info() >= (3, 13) {
                return Ok(None);
            }
            options.count = rest.get_item(0).ok();
            options.flags = rest.get_item(1).ok();
        }
        for (name, value) in keywords.iter().flat_map(|keywords| keywords.iter()) {
            let name = name.cast_into::<PyString>()?;
            let place = match name.to_str() {
                Ok(name) if name == count_name => &mut options.count,
                Ok("flags") => &mut options.flags,
                _ => return Ok(None),
            };
            if place.replace(value).is_some() {
                return Ok(None);
            }
        }
        Ok(Some(options))
    }
}

/// Leaves a call with all its arguments to the standard module's function.
#[cold]
fn leave_all<'py>(
    name: &str,
    given: &[Option<&Bound<'py, PyAny>>],
    rest: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    fell_through(Reason::Arguments, None, None);
    ask_standard(name, given, rest, keywords)
}

fn ask_standard<'py>(
    name: &str,
    given: &[Option<&Bound<'py, PyAny>>],
    rest: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let given = given.iter().flatten().map(|&argument| argument.clone());
    let arguments = PyTuple::new(rest.py(), given.chain(rest.iter()).collect::<Vec<_>>())?;
    call_with(&standard(rest.py())?.getattr(name)?, &arguments, keywords)
}

/// Split the source string by the occurrences of the pattern, returning a list containing the resulting substrings.
#[pyfunction]
#[pyo3(signature = (pattern=Given(None), string=Given(None), *args, **kwargs), text_signature = "(pattern, string, maxsplit=0, flags=0)")]
pub fn split<'py>(
    pattern: Given<'_, 'py>,
    string: Given<'_, 'py>,
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let given = [pattern.as_ref(), string.as_ref()];
    if let [Some(pattern), Some(string)] = given {
        if let Some(options) = Options::of("maxsplit", args, kwargs)? {
            if let Some(pattern) = pattern_of(pattern, string, options.flags.as_ref())? {
                return substitute::split(Call::of(&pattern, string), options.count.as_ref());
            }
        }
    }
    leave_all("split", &given, args, kwargs)
}

/// Whether a replacement is text with a backslash in it.
fn is_template(repl: &Bound<'_, PyAny>) -> PyResult<bool> {
    match repl.cast_exact::<PyString>() {
        Ok(text) => text.contains(intern!(repl.py(), "\\")),
        Err(_) => Ok(false),
    }
}

fn substituted<'py>(
    name: &str,
    given: [Option<&Bound<'py, PyAny>>; 3],
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    if let [Some(source), Some(repl), Some(string)] = given {
        if let Some(options) = Options::of("count", args, kwargs)? {
            if let Some(pattern) = pattern_of(source, string, options.flags.as_ref())? {
                let call = Call::of(&pattern, string);
                let (count, with_number) = (options.count.as_ref(), name == "subn");
                if !is_template(repl)? || source.is_exact_instance_of::<CompiledPattern>() {
                    return substitute::sub(call, repl, count, with_number);
                }
                if let Some(answer) = substitute::substitute(call, repl, count, with_number)? {
                    return Ok(answer);
                }
                // `re` may warn about a template, and its warning counts on the function's frame.
                return ask_standard(name, &given, args, kwargs);
            }
        }
    }
    leave_all(name, &given, args, kwargs)
}

macro_rules! substitution {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[pyfunction]
        #[pyo3(signature = (pattern=Given(None), repl=Given(None), string=Given(None), *args, **kwargs), text_signature = "(pattern, repl, string, count=0, flags=0)")]
        pub fn $name<'py>(
            pattern: Given<'_, 'py>,
            repl: Given<'_, 'py>,
            string: Given<'_, 'py>,
            args: &Bound<'py, PyTuple>,
            kwargs: Option<&Bound<'py, PyDict>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let given = [pattern.as_ref(), repl.as_ref(), string.as_ref()];
            substituted(stringify!($name), given, args, kwargs)
        }
    };
}

substitution!(
    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of the pattern in string by the replacement repl.
    sub
);
substitution!(
    /// Return a 2-tuple containing (new_string, number): what `sub` gives, and the number of substitutions that were made.
    subn
);

/// Compile a regular expression pattern, returning a Pattern object.
#[pyfunction]
#[pyo3(signature = (pattern, flags=Given(None)), text_signature = "(pattern, flags=0)")]
pub fn compile<'py>(
    pattern: &Bound<'py, PyAny>,
    flags: Given<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, flags) = (pattern.py(), flags.as_ref());
    match cache::resolve(pattern, flags, |_| false)? {
        Some(compiled) => {
            compiled.get().real(py)?;
            Ok(compiled.into_any())
        }
        None => {
            let given: Vec<_> = [pattern].into_iter().chain(flags).collect();
            call(&standard(py)?.getattr(intern!(py, "compile"))?, &given)
        }
    }
}

/// As `compile`, but what no scan can serve is `re`'s own object, whose calls cost less.
#[pyfunction]
#[pyo3(signature = (pattern, flags=Given(None)), text_signature = "(pattern, flags=0)")]
pub fn compile_served<'py>(
    pattern: &Bound<'py, PyAny>,
    flags: Given<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let compiled = compile(pattern, flags)?;
    let py = pattern.py();
    match compiled.cast_exact::<CompiledPattern>() {
        Ok(ours) if !texts::is_served(py, ours.get()) => ours.get().real(py).cloned(),
        _ => Ok(compiled),
    }
}

/// Gives a dict other keys, whose values are those of `items`: without the GIL let go meanwhile, so that
/// no thread sees it half way.
#[pyfunction]
pub fn replace_keys(owner: &Bound<'_, PyDict>, items: &Bound<'_, PyDict>) -> PyResult<()> {
    owner.clear();
    owner.update(items.as_mapping())
}

/// The pattern object of a pattern that is known to be good; `re` compiles it when that is needed.
#[pyfunction]
pub fn pattern_object<'py>(
    source: &Bound<'py, PyString>,
    flags: u32,
) -> PyResult<Bound<'py, CompiledPattern>> {
    cache::object(source, flags)
}

/// Clear the regular expression caches.
#[pyfunction]
pub fn purge(py: Python<'_>) -> PyResult<()> {
    cache::purge(py);
    call_method(standard(py)?.as_any(), intern!(py, "purge"), &[])?;
    Ok(())
}

/// What the process counted; `gatecore.patterns.stats` reads it.
#[pyfunction]
pub fn stats(py: Python<'_>) -> Counted {
    let (served, reasons) = counters::totals().all();
    let patterns =
        cache::all(py).into_iter().map(|pattern| pattern.get().counted(py, &pattern.get().counts));
    (served, reasons, patterns.filter(|(_, _, counts)| counts.iter().any(|&n| n > 0)).collect())
}

/// What the process counted: served, and left to `re` for reasons that last.
#[pyfunction]
pub fn totals() -> (u64, u64) {
    counters::totals().gain()
}

/// What the calling thread counted since it began: served, then by reason.
#[pyfunction]
pub fn thread_counts(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(py, counters::of_thread())
}

/// What the reasons of counters are called, in the order of the counters.
#[pyfunction]
pub fn reasons() -> Vec<&'static str> {
    REASONS.to_vec()
}

/// Sets the process's counters to zero.
#[pyfunction]
pub fn reset_stats(py: Python<'_>) {
    counters::reset();
    for pattern in cache::all(py) {
        pattern.get().counts.reset();
    }
}
