//! `Match`: one match, with the interface of `re.Match`.
//!
//! It exists as soon as the pass says that the pattern matches; its place and its groups are worked out
//! when they are asked for. Most callers only ask whether there is a match.

use std::sync::OnceLock;

use gatecore::counters::Reason;
use gatecore::{Anchor, Answer, Groups, PatternId, Region, Span};
use gatecore_ffi::cpython::{call, call_method, call_with, pair, slice, tuple};
use pyo3::exceptions::{PyIndexError, PyRuntimeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyList, PyString, PyTuple};
use pyo3::IntoPyObjectExt;

use crate::deadline::Limit;
use crate::errors;
use crate::imports::{imported, kept, standard_class};
use crate::re::call::{Given, Target};
use crate::re::pattern::CompiledPattern;
use crate::re::stats::fell_through;
use crate::scan::CoreScan;

/// A match of one pattern in one document, as `re.Match`. Always true; spans are in characters.
///
/// Span and groups are worked out when they are first asked for. A group that the pattern does not
/// have is an `IndexError`. It keeps its document alive.
///
/// >>> from gatecore import PatternSet
/// >>> match = PatternSet([r"up to (\d+) ?%"]).scan("earn up to 7 % now").search(0)
/// >>> match.span(), match.group(1), match[0]
/// ((5, 14), '7', 'up to 7 %')
#[pyclass(frozen, mapping, module = "re")]
pub struct Match {
    text: Py<PyString>,
    scan: Py<CoreScan>,
    pattern: Py<CompiledPattern>,
    id: PatternId,
    anchor: Anchor,
    region: Region,
    span: OnceLock<Span>,
    details: OnceLock<Box<Details>>,
}

/// What few callers ask for, in a box of its own so that a match is small.
struct Details {
    groups: OnceLock<Option<Groups>>,
    /// The same match by `re`, where only that can tell its groups.
    real: PyOnceLock<Py<PyAny>>,
}

type Pair = (isize, isize);

impl Match {
    /// A match of a target; without its span it is the first that a search finds.
    pub fn of<'py>(
        target: &Target<'_, 'py>,
        anchor: Anchor,
        span: Option<Span>,
    ) -> PyResult<Bound<'py, Match>> {
        let Target { pattern, text, ref scan, id, region, .. } = *target;
        Match::new(pattern, text, scan.clone(), id, region, anchor, span)
    }

    /// The same, of a target's parts: most calls need no more of it.
    #[inline(always)]
    pub fn new<'py>(
        pattern: &Bound<'py, CompiledPattern>,
        text: &Bound<'py, PyString>,
        scan: Bound<'py, CoreScan>,
        id: PatternId,
        region: Region,
        anchor: Anchor,
        span: Option<Span>,
    ) -> PyResult<Bound<'py, Match>> {
        let found = Match {
            text: text.clone().unbind(),
            scan: scan.unbind(),
            pattern: pattern.clone().unbind(),
            id,
            anchor,
            region,
            span: span.map_or_else(OnceLock::new, OnceLock::from),
            details: OnceLock::new(),
        };
        Bound::new(text.py(), found)
    }

    /// A match that `re` found.
    pub fn of_re<'py>(
        pattern: &Bound<'py, CompiledPattern>,
        text: &Bound<'py, PyString>,
        scan: Bound<'py, CoreScan>,
        id: PatternId,
        region: Region,
        real: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, Match>> {
        let py = text.py();
        let span: (usize, usize) = call_method(&real, intern!(py, "span"), &[])?.extract()?;
        let span = Some(Span::new(span.0, span.1));
        let found = Match::new(pattern, text, scan, id, region, Anchor::Search, span)?;
        let details = found.get().details();
        let _ = details.real.set(py, real.unbind());
        let _ = details.groups.set(None);
        Ok(found)
    }

    fn details(&self) -> &Details {
        let empty = || Box::new(Details { groups: OnceLock::new(), real: PyOnceLock::new() });
        self.details.get_or_init(empty)
    }

    /// Where it is.
    pub fn whole_span(&self, py: Python<'_>) -> PyResult<Span> {
        if let Some(span) = self.span.get() {
            return Ok(*span);
        }
        let limit = Limit::default();
        let (scan, core) = (self.scan.bind(py), self.scan.get());
        if core.scan.early_first(&core.set.set, self.id).is_none() {
            CoreScan::ensure(scan, self.text.bind(py), self.id, &limit)?;
        }
        let found = CoreScan::find(scan, self.id, Anchor::Search, self.region, &limit)?;
        let span = match found {
            Answer::Known(Some(span)) => span,
            Answer::Known(None) => return Err(self.contradiction(py, "nothing")),
            Answer::AskRe => {
                let found = self.by_re(py, Reason::Fallback)?;
                let (start, end): (usize, usize) =
                    call_method(found, intern!(py, "span"), &[])?.extract()?;
                Span::new(start, end)
            }
        };
        Ok(*self.span.get_or_init(|| span))
    }

    /// The same match as `re` finds it.
    fn by_re<'py>(&self, py: Python<'py>, reason: Reason) -> PyResult<&Bound<'py, PyAny>> {
        kept(&self.details().real, py, || {
            let stats = &self.scan.get().stats;
            fell_through(reason, Some(self.pattern.bind(py)), Some(stats));
            let (method, start) = match (self.anchor, self.span.get()) {
                (Anchor::FullMatch, _) => (intern!(py, "fullmatch"), self.region.from),
                (_, Some(span)) => (intern!(py, "match"), span.start()),
                (_, None) => (intern!(py, "search"), self.region.from),
            };
            let real = self.pattern.get().real(py)?;
            let (from, to) = (start.into_pyobject(py)?, self.region.to.into_pyobject(py)?);
            let region: [&Bound<'py, PyAny>; 3] = [self.text.bind(py), &from, &to];
            let span_of = |found: &Bound<'py, PyAny>| -> PyResult<(usize, usize)> {
                call_method(found, intern!(py, "span"), &[])?.extract()
            };
            let mut found = call_method(real, method, &region)?;
            if found.is_none() {
                return Err(self.contradiction(py, "nothing"));
            }
            let mut span = span_of(&found)?;
            let is_longer = |known: &Span| known.start() == span.0 && known.end() > span.1;
            if span.0 == span.1 && self.span.get().is_some_and(is_longer) {
                // The empty match at that place was another one, after which this came.
                let matches = call_method(real, intern!(py, "finditer"), &region)?;
                for _ in 0..2 {
                    found = call_method(&matches, intern!(py, "__next__"), &[])?;
                }
                span = span_of(&found)?;
            }
            match self.span.get() {
                Some(known) if (known.start(), known.end()) != span => {
                    Err(self.contradiction(py, &format!("{span:?}")))
                }
                _ => Ok(found),
            }
        })
    }

    fn contradiction(&self, py: Python<'_>, found: &str) -> PyErr {
        let source = self.pattern.get().source.bind(py).as_any();
        PyRuntimeError::new_err(format!(
            "gatecore found a match of {} where a second look finds {found}: please report this \
             document and pattern",
            source.repr().map_or_else(|_| "a pattern".to_owned(), |source| source.to_string()),
        ))
    }

    /// The groups as an automaton tells them; `None` if only `re` can.
    fn known_groups(&self, py: Python<'_>) -> PyResult<Option<&Groups>> {
        if let Some(groups) = self.details().groups.get() {
            return Ok(groups.as_ref());
        }
        let found = self.whole_span(py)?;
        let (id, anchor, to) = (self.id, self.anchor, self.region.to);
        if !errors::caught(|| self.scan.get().tells_groups(py, id))? {
            return Ok(self.details().groups.get_or_init(|| None).as_ref());
        }
        let (scan, limit) = (self.scan.bind(py), Limit::default());
        CoreScan::ensure(scan, self.text.bind(py), id, &limit)?;
        let groups = CoreScan::ask(scan, id, &limit, move |scan, set| {
            scan.groups(set, id, anchor, found, to)
        })?;
        Ok(self.details().groups.get_or_init(|| groups.known()).as_ref())
    }

    /// Start and end of a group that exists, -1 if it took no part.
    fn bounds(&self, py: Python<'_>, group: usize) -> PyResult<Pair> {
        let pair = |span: Span| (span.start() as isize, span.end() as isize);
        if group == 0 {
            return self.whole_span(py).map(pair);
        }
        match self.known_groups(py)? {
            Some(groups) => Ok(groups.spans.get(group).copied().flatten().map_or((-1, -1), pair)),
            None => {
                let (found, group) = (self.by_re(py, Reason::Groups)?, group.into_pyobject(py)?);
                call_method(found, intern!(py, "span"), &[&group])?.extract()
            }
        }
    }

    /// The text of a group that exists, or `default` if it took no part.
    pub fn text<'py>(
        &self,
        py: Python<'py>,
        group: usize,
        default: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.bounds(py, group)? {
            (start, _) if start < 0 => Ok(default.clone()),
            (start, end) => slice(self.text.bind(py), start as usize, end as usize),
        }
    }

    /// A parsed template with the groups filled in.
    pub fn filled<'py>(
        &self,
        py: Python<'py>,
        parts: &[Bound<'py, PyAny>],
    ) -> PyResult<Bound<'py, PyAny>> {
        let empty = PyString::new(py, "").into_any();
        let texts = parts.iter().map(|part| match part.extract::<usize>() {
            Ok(group) => self.text(py, group, &empty),
            Err(_) => Ok(part.clone()),
        });
        let texts = PyList::new(py, texts.collect::<PyResult<Vec<_>>>()?)?;
        call_method(&empty, intern!(py, "join"), &[&texts])
    }

    fn group_count(&self, py: Python<'_>) -> PyResult<usize> {
        self.pattern.get().group_count(py)
    }

    fn group_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.pattern.get().real(py)?.getattr(intern!(py, "groupindex"))
    }

    /// The names of groups with their numbers.
    fn named_groups<'py>(&self, py: Python<'py>) -> PyResult<Vec<(Bound<'py, PyAny>, usize)>> {
        let names = call_method(&self.group_names(py)?, intern!(py, "items"), &[])?;
        names.try_iter()?.map(|item| item?.extract()).collect()
    }

    /// The number of a group that was named or numbered, as `re` understands it.
    fn index(&self, group: &Bound<'_, PyAny>) -> PyResult<usize> {
        let py = group.py();
        let no_such_group = || PyIndexError::new_err("no such group");
        let number = if group.is_instance_of::<PyInt>() {
            group.extract::<usize>()
        } else if group.get_type().hasattr(intern!(py, "__index__"))? {
            static INDEX: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            let index = kept(&INDEX, py, || imported(py, "operator", "index"))?;
            call(index, &[group])?.extract::<usize>()
        } else {
            let names = self.group_names(py)?;
            if names.is_empty()? {
                return Err(no_such_group()); // so that only where there are names a list is unhashable
            }
            call_method(&names, intern!(py, "get"), &[group])?.extract::<usize>()
        };
        match number {
            Ok(number) if number == 0 || number <= self.group_count(py)? => Ok(number),
            _ => Err(no_such_group()),
        }
    }

    /// What `start`, `end` and `span` say of the bounds of the group that they are asked about.
    fn of_bounds<'py, T: IntoPyObject<'py>>(
        &self,
        args: &Bound<'py, PyTuple>,
        method: &Bound<'py, PyString>,
        of: impl FnOnce(Pair) -> T,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = args.py();
        let group = match args.len() {
            0 => 0,
            1 => self.index(&args.get_item(0)?)?,
            _ => return self.refused(method, args),
        };
        of(self.bounds(py, group)?).into_bound_py_any(py)
    }

    /// The texts of all groups, with `default` for those that took no part.
    pub fn texts<'py>(&self, default: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = default.py();
        let groups = 0..self.group_count(py)?;
        tuple(py, groups.map(|group| self.text(py, group + 1, default)))
    }

    /// Calls the method of `re`'s own match, which raises its own error.
    #[cold]
    fn refused<'py>(
        &self,
        method: &Bound<'py, PyString>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = args.py();
        call_with(&self.by_re(py, Reason::Arguments)?.getattr(method)?, args, None)
    }

    /// The same with a first argument that has a name.
    #[cold]
    fn refused_with<'py>(
        &self,
        method: &Bound<'py, PyString>,
        first: &Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let all = first.as_ref().cloned().into_iter().chain(args.iter());
        self.refused(method, &PyTuple::new(args.py(), all.collect::<Vec<_>>())?)
    }
}

/// The methods take any arguments: what `re` would refuse is handed to `re`, for its own error.
#[pymethods]
impl Match {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.text)?;
        visit.call(&self.scan)?;
        visit.call(&self.pattern)
    }

    /// Return one or more subgroups of the match.
    #[pyo3(signature = (*args), text_signature = None)]
    fn group<'py>(&self, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let py = args.py();
        let none = py.None().into_bound(py);
        match args.len() {
            0 => self.text(py, 0, &none),
            1 => self.text(py, self.index(&args.get_item(0)?)?, &none),
            _ => tuple(py, args.iter().map(|group| self.text(py, self.index(&group)?, &none))),
        }
    }

    fn __getitem__<'py>(&self, group: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = group.py();
        self.text(py, self.index(group)?, &py.None().into_bound(py))
    }

    /// Return a tuple containing all the subgroups of the match, from 1.
    #[pyo3(signature = (default=Given(None), *args), text_signature = "($self, /, default=None)")]
    fn groups<'py>(
        &self,
        default: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = args.py();
        if !args.is_empty() {
            return self.refused_with(intern!(py, "groups"), &default, args);
        }
        self.texts(&default.or_none(py))
    }

    /// Return a dictionary containing all the named subgroups of the match, keyed by the subgroup name.
    #[pyo3(signature = (default=Given(None), *args), text_signature = "($self, /, default=None)")]
    fn groupdict<'py>(
        &self,
        default: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = args.py();
        if !args.is_empty() {
            return self.refused_with(intern!(py, "groupdict"), &default, args);
        }
        let default = default.or_none(py);
        let texts = PyDict::new(py);
        for (name, group) in self.named_groups(py)? {
            texts.set_item(name, self.text(py, group, &default)?)?;
        }
        Ok(texts.into_any())
    }

    /// Return index of the start of the substring matched by group.
    #[pyo3(signature = (*args), text_signature = "($self, group=0, /)")]
    fn start<'py>(&self, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        self.of_bounds(args, intern!(args.py(), "start"), |bounds| bounds.0)
    }

    /// Return index of the end of the substring matched by group.
    #[pyo3(signature = (*args), text_signature = "($self, group=0, /)")]
    fn end<'py>(&self, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        self.of_bounds(args, intern!(args.py(), "end"), |bounds| bounds.1)
    }

    /// For match object m, return the 2-tuple (m.start(group), m.end(group)).
    #[pyo3(signature = (*args), text_signature = "($self, group=0, /)")]
    fn span<'py>(&self, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        self.of_bounds(args, intern!(args.py(), "span"), |bounds| bounds)
    }

    /// Return the string obtained by doing backslash substitution on the string template, as done by the sub() method.
    #[pyo3(signature = (template=Given(None), *args), text_signature = "($self, /, template)")]
    fn expand<'py>(
        &self,
        template: Given<'_, 'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = args.py();
        if let (Some(template), true) = (template.as_ref(), args.is_empty()) {
            if template.is_exact_instance_of::<PyString>() {
                if let Some(parts) = self.pattern.get().template_parts(template)? {
                    return self.filled(py, &parts);
                }
            }
        }
        self.refused_with(intern!(py, "expand"), &template, args)
    }

    /// The spans of the match and of each group, (-1, -1) for one that took no part.
    #[getter]
    fn regs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let bounds = |group| self.bounds(py, group).and_then(|(start, end)| pair(py, start, end));
        tuple(py, (0..self.group_count(py)? + 1).map(bounds))
    }

    /// The string passed to match() or search().
    #[getter]
    fn string(&self, py: Python<'_>) -> Py<PyString> {
        self.text.clone_ref(py)
    }

    /// The regular expression object.
    #[getter]
    fn re<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        CompiledPattern::shown(self.pattern.bind(py))
    }

    /// The index into the string at which the RE engine started looking for a match.
    #[getter]
    fn pos(&self) -> usize {
        self.region.from
    }

    /// The index into the string beyond which the RE engine will not go.
    #[getter]
    fn endpos(&self) -> usize {
        self.region.to
    }

    /// The integer index of the last matched capturing group.
    #[getter]
    fn lastindex<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.known_groups(py)? {
            Some(groups) => Ok(groups.last.into_pyobject(py)?),
            None => self.by_re(py, Reason::Groups)?.getattr(intern!(py, "lastindex")),
        }
    }

    /// The name of the last matched capturing group.
    #[getter]
    fn lastgroup<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let last: Option<usize> = self.lastindex(py)?.extract()?;
        let names = self.named_groups(py)?.into_iter();
        let mut of_last = names.filter(|(_, group)| Some(*group) == last).map(|(name, _)| name);
        Ok(of_last.next().unwrap_or_else(|| py.None().into_bound(py)))
    }

    /// `re.Match`, so that `isinstance` holds.
    #[getter(__class__)]
    fn class(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        standard_class(py, "Match")
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_picklable())
    }

    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(not_picklable())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let span = self.whole_span(py)?;
        let text = slice(self.text.bind(py), span.start(), span.end())?.repr()?;
        let text: String = text.to_str()?.chars().take(SHOWN).collect();
        let (start, end) = (span.start(), span.end());
        Ok(format!("<re.Match object; span=({start}, {end}), match={text}>"))
    }
}

/// Characters of a match's text, as `repr` gives it, that its own `repr` shows.
const SHOWN: usize = 50;

/// The error of `re` for what only text can be.
fn not_picklable() -> PyErr {
    PyTypeError::new_err("cannot pickle 're.Match' object")
}
