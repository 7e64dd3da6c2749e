//! The methods of `re.Pattern`.
//!
//! They take any arguments: what `re` would refuse is handed to `re`, for its own error.

use gatecore::counters::Reason;
use gatecore_ffi::cpython::call_with;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::imports::{imported, standard_class};
use crate::re::call::{Call, Given};
use crate::re::pattern::CompiledPattern;
use crate::re::stats::fell_through;
use crate::re::{answers, substitute};

/// Calls a method of `re`'s own pattern with arguments that it refuses, for its own error.
#[cold]
fn refused<'py>(
    pattern: &Bound<'py, CompiledPattern>,
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
    call_with(&pattern.get().real(py)?.getattr(method)?, &args, Some(&keywords))
}

/// The class's methods: those asked of a text, those that replace, and `$rest` as it stands. One macro
/// writes all of them, as PyO3 takes one `impl` a class and sees it before macros inside are expanded.
macro_rules! pattern_methods {
    (
        asked { $($(#[$doc:meta])* $asked:ident $asked_name:literal $answer:path;)* }
        replacing { $($(#[$sub_doc:meta])* $sub:ident $sub_name:literal $with_number:literal;)* }
        rest { $($rest:tt)* }
    ) => {
        #[pymethods]
        impl CompiledPattern {
            $(
                $(#[$doc])*
                #[pyo3(
                    signature = (string=Given(None), pos=Given(None), endpos=Given(None), *args),
                    text_signature = "($self, /, string, pos=0, endpos=sys.maxsize)"
                )]
                fn $asked<'py>(
                    slf: &Bound<'py, Self>,
                    string: Given<'_, 'py>,
                    pos: Given<'_, 'py>,
                    endpos: Given<'_, 'py>,
                    args: &Bound<'py, PyTuple>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    let (string, pos, endpos) = (string.as_ref(), pos.as_ref(), endpos.as_ref());
                    match string {
                        Some(string) if args.is_empty() => {
                            $answer(Call { pattern: slf, string, pos, endpos })
                        }
                        _ => {
                            let given = [("string", string), ("pos", pos), ("endpos", endpos)];
                            refused(slf, $asked_name, &given, args)
                        }
                    }
                }
            )*
            $(
                $(#[$sub_doc])*
                #[pyo3(
                    signature = (repl=Given(None), string=Given(None), count=Given(None), *args),
                    text_signature = "($self, /, repl, string, count=0)"
                )]
                fn $sub<'py>(
                    slf: &Bound<'py, Self>,
                    repl: Given<'_, 'py>,
                    string: Given<'_, 'py>,
                    count: Given<'_, 'py>,
                    args: &Bound<'py, PyTuple>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    let (repl, string, count) = (repl.as_ref(), string.as_ref(), count.as_ref());
                    match (repl, string) {
                        (Some(repl), Some(string)) if args.is_empty() => {
                            substitute::sub(Call::of(slf, string), repl, count, $with_number)
                        }
                        _ => {
                            let given = [("repl", repl), ("string", string), ("count", count)];
                            refused(slf, $sub_name, &given, args)
                        }
                    }
                }
            )*
            $($rest)*
        }
    };
}

pattern_methods! {
asked {
    /// Scan through string looking for a match, and return a corresponding match object instance.
    search "search" answers::search;
    /// Matches zero or more characters at the beginning of the string.
    r#match "match" answers::matched;
    /// Matches against all of the string.
    fullmatch "fullmatch" answers::fullmatch;
    /// Return an iterator over all non-overlapping matches in string.
    finditer "finditer" answers::finditer;
    /// Return a list of all non-overlapping matches of pattern in string.
    findall "findall" answers::findall;
}
replacing {
    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the replacement repl.
    sub "sub" false;
    /// Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences of pattern with the replacement repl.
    subn "subn" true;
}
rest {
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
            Some(string) if args.is_empty() => substitute::split(Call::of(slf, string), maxsplit),
            _ => refused(slf, "split", &[("string", string), ("maxsplit", maxsplit)], args),
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
}
