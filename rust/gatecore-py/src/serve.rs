//! Answering calls of `re` from the pass: which calls can be, and how each function's answer is made.
//!
//! ```text
//! call ─▶ is the text a Document? ─▶ is the pattern in its set? ─▶ does the core know? ─▶ served
//!              │ no                      │ no: learned                 │ AskRe
//!              └─────────────────────────┴─────────────────────────────┴─▶ re, counted with a reason
//! ```
//!
//! What is served never asks `re` for a match. What is not goes to `re`'s own compiled pattern with
//! the arguments as they came, so that its errors and oddities are its own.

use gatecore::memory;
use gatecore::{Anchor, Answer, Glance, PatternId, Region, Span, Wanted};
use gatecore_ffi::cpython::{call, call_method, call_with, empty_list, slice, tuple};
use pyo3::ffi::PyTypeObject;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple, PyType};

use crate::compiled::{imported, kept, CompiledPattern};
use crate::errors;
use crate::limit::Limit;
use crate::matched::{Match, MatchIterator};
use crate::scan::CoreScan;
use crate::stats::{fell_through, Reason};

/// Matches between two looks for Ctrl-C.
const BATCH: usize = 1 << 14;

/// The class `gatecore.Document`, told by its own module when that is imported.
static DOCUMENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Tells the class of documents; they hold a `CoreScan` in `_core` and a `PatternSet` in `patterns`.
#[pyfunction]
pub fn register_document(class_: Bound<'_, PyType>) {
    let _ = DOCUMENT.set(class_.py(), class_.unbind());
}

/// A call of one of `re`'s functions, arguments as they came.
#[derive(Clone, Copy)]
pub struct Call<'a, 'py> {
    pub pattern: &'a Bound<'py, CompiledPattern>,
    pub string: &'a Bound<'py, PyAny>,
    pub pos: Option<&'a Bound<'py, PyAny>>,
    pub endpos: Option<&'a Bound<'py, PyAny>>,
}

/// What a call asks of the core.
pub struct Target<'a, 'py> {
    pub pattern: &'a Bound<'py, CompiledPattern>,
    pub text: &'a Bound<'py, PyString>,
    pub scan: Bound<'py, CoreScan>,
    pub id: PatternId,
    pub region: Region,
    pub limit: Limit,
}

/// A call that is for `re`, and why.
pub struct Declined<'py> {
    pub reason: Reason,
    pub scan: Option<Bound<'py, CoreScan>>,
}

type Aimed<'a, 'py> = Result<Target<'a, 'py>, Declined<'py>>;

/// What a document keeps for the core. `None` if the text is no document.
#[inline(always)]
pub fn scan_of<'py>(string: &Bound<'py, PyAny>) -> Option<Bound<'py, CoreScan>> {
    let py = string.py();
    let document = DOCUMENT.get(py)?;
    if !std::ptr::eq(string.get_type_ptr(), document.as_ptr().cast::<PyTypeObject>())
        && !is_derived(string, document.bind(py))
    {
        return None;
    }
    string.getattr(intern!(py, "_core")).ok()?.cast_into::<CoreScan>().ok()
}

#[cold]
fn is_derived(string: &Bound<'_, PyAny>, document: &Bound<'_, PyType>) -> bool {
    // By its type, whatever it says of its class: a proxy of a document is no `str`.
    !string.is_exact_instance_of::<PyString>()
        && string.get_type().is_subclass(document).unwrap_or(false)
}

/// Whether the set of a document holds a pattern; a pattern that it does not hold is learned.
#[inline]
pub fn number_in(
    pattern: &CompiledPattern,
    string: &Bound<'_, PyAny>,
    scan: &CoreScan,
) -> PyResult<Option<PatternId>> {
    let py = string.py();
    if let Some(number) = pattern.known_number(&scan.set) {
        return Ok(number);
    }
    let found = pattern.number(py, &scan.set);
    if found.is_none() {
        let patterns = string.getattr(intern!(py, "_patterns"))?;
        let flags = pattern.flags.into_pyobject(py)?;
        call_method(&patterns, intern!(py, "learn"), &[pattern.source.bind(py), &flags])?;
    }
    Ok(found)
}

impl<'a, 'py> Call<'a, 'py> {
    #[inline]
    fn aim(&self) -> PyResult<Aimed<'a, 'py>> {
        let Some(scan) = scan_of(self.string) else {
            return Ok(Err(Declined { reason: Reason::NotADocument, scan: None }));
        };
        let Some(id) = number_in(self.pattern.get(), self.string, scan.get())? else {
            return Ok(Err(Declined { reason: Reason::NotInSet, scan: Some(scan) }));
        };
        let whole = scan.get().scan.whole();
        let region = if self.pos.is_none() && self.endpos.is_none() {
            whole
        } else {
            let position = |value: Option<&Bound<'py, PyAny>>, default| match value {
                None => Some(default),
                Some(value) => {
                    let value = value.cast::<PyInt>().ok()?.extract::<isize>().ok()?;
                    Some(usize::try_from(value).unwrap_or(0).min(whole.to))
                }
            };
            match position(self.pos, 0).zip(position(self.endpos, whole.to)) {
                Some((from, to)) => Region { from, to },
                None => return Ok(Err(Declined { reason: Reason::Arguments, scan: Some(scan) })),
            }
        };
        let text = self.string.cast::<PyString>()?;
        let limit = Limit::default();
        CoreScan::ready(&scan, text, id, &limit)?;
        Ok(Ok(Target { pattern: self.pattern, text, scan, id, region, limit }))
    }

    /// Counts the call as left to `re`.
    fn count(&self, declined: &Declined<'py>) {
        let scan = declined.scan.as_ref();
        fell_through(declined.reason, Some(self.pattern), scan.map(|scan| &*scan.get().stats));
    }

    /// Leaves the call to `re`.
    fn ask_re(
        &self,
        declined: &Declined<'py>,
        method: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = self.string.py();
        self.count(declined);
        let real = self.pattern.get().real(py)?;
        match (self.pos, self.endpos) {
            (None, None) => call_method(real, method, &[self.string]),
            (Some(pos), None) => call_method(real, method, &[self.string, pos]),
            (Some(pos), Some(endpos)) => call_method(real, method, &[self.string, pos, endpos]),
            (None, Some(endpos)) => {
                let keywords = PyDict::new(py);
                keywords.set_item(intern!(py, "endpos"), endpos)?;
                let arguments = PyTuple::new(py, [self.string])?;
                call_with(&real.getattr(method)?, &arguments, Some(&keywords))
            }
        }
    }
}

impl<'py> Target<'_, 'py> {
    fn py(&self) -> Python<'py> {
        self.text.py()
    }

    fn declined(&self, reason: Reason) -> Declined<'py> {
        Declined { reason, scan: Some(self.scan.clone()) }
    }

    /// The first match as an object; `Err` when `re` has to be asked.
    #[inline]
    pub fn first(&self, anchor: Anchor) -> PyResult<Result<Bound<'py, PyAny>, Declined<'py>>> {
        let py = self.py();
        let core = self.scan.get();
        let is_whole = self.region == core.scan.whole();
        if is_whole
            && anchor == Anchor::Search
            && core.scan.glance(&core.set.set, self.id) == Glance::Yes
        {
            core.stats.served();
            return Ok(Ok(Match::of(self, anchor, None)?.into_any()));
        }
        let answer = CoreScan::find(&self.scan, self.id, anchor, self.region, &self.limit)?;
        Ok(match answer {
            Answer::AskRe => Err(self.declined(Reason::Fallback)),
            Answer::Known(span) => {
                if is_whole && anchor == Anchor::Search {
                    core.scan.remember(self.id, span.is_some());
                }
                core.stats.served();
                Ok(match span {
                    None => py.None().into_bound(py),
                    Some(span) => Match::of(self, anchor, Some(span))?.into_any(),
                })
            }
        })
    }

    /// Remembers that `re` found nothing in the whole document.
    fn remember(&self, found: &Bound<'py, PyAny>) {
        let core = self.scan.get();
        if self.region == core.scan.whole() {
            core.scan.remember(self.id, !found.is_none());
        }
    }

    /// The first matches, at most so many; with `groups`, only if their groups can be told as well,
    /// which is known at the first match.
    ///
    /// Ctrl-C is looked for between batches.
    fn spans(&self, most: usize, groups: bool) -> PyResult<Result<Vec<Span>, Declined<'py>>> {
        let core = self.scan.get();
        let mut spans: Vec<Span> = Vec::new();
        let mut region = self.region;
        while spans.len() < most {
            let left = most - spans.len();
            let wanted = match left {
                _ if groups && spans.is_empty() => Wanted::AtMost(1),
                0..=BATCH => Wanted::AtMost(left),
                _ => Wanted::AtLeast(BATCH),
            };
            let answer = CoreScan::some_spans(&self.scan, self.id, region, wanted, &self.limit)?;
            let Answer::Known(mut found) = answer else {
                return Ok(Err(self.declined(Reason::Fallback)));
            };
            let is_first = spans.is_empty() && !found.spans.is_empty();
            let tells_groups = || core.set.set.tells_groups(self.id);
            if groups && is_first && !errors::caught(tells_groups)? {
                return Ok(Err(self.declined(Reason::Groups)));
            }
            errors::caught(|| memory::append(&mut spans, &mut found.spans))?;
            if found.at_end {
                break;
            }
            region.from = spans.last().map_or(region.to, Span::end);
            self.py().check_signals()?;
            self.limit.check()?;
        }
        spans.truncate(most);
        core.stats.served();
        Ok(Ok(spans))
    }

    fn matched(&self, span: Span) -> PyResult<Bound<'py, Match>> {
        Match::of(self, Anchor::Search, Some(span))
    }

    fn whole(&self, span: Span) -> PyResult<Bound<'py, PyAny>> {
        self.slice(span.start(), span.end())
    }

    fn slice(&self, start: usize, end: usize) -> PyResult<Bound<'py, PyAny>> {
        slice(self.text, start, end)
    }

    fn groups(&self) -> PyResult<usize> {
        let real = self.pattern.get().real(self.py())?;
        real.getattr(intern!(self.py(), "groups"))?.extract()
    }
}

macro_rules! first {
    ($(#[$doc:meta])* $name:ident, $method:literal, $anchor:expr) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<'py>(call: Call<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
            let target = match call.aim()? {
                Ok(target) => target,
                Err(declined) => return call.ask_re(&declined, intern!(call.string.py(), $method)),
            };
            match target.first($anchor)? {
                Ok(found) => Ok(found),
                Err(declined) => {
                    let found = call.ask_re(&declined, intern!(call.string.py(), $method))?;
                    if $anchor == Anchor::Search {
                        target.remember(&found);
                    }
                    Ok(found)
                }
            }
        }
    };
}

first!(
    /// As `re.Pattern.search`, all cases.
    searched, "search", Anchor::Search
);

/// As `re.Pattern.search`. Most calls are about a whole document whose pass has the answer: they come
/// first and build nothing but the match.
#[inline(always)]
pub fn search<'py>(call: Call<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    if call.pos.is_none() && call.endpos.is_none() {
        if let Some(scan) = scan_of(call.string) {
            let core = scan.get();
            if let Some(Some(id)) = call.pattern.get().known_number(&core.set) {
                match core.scan.glance(&core.set.set, id) {
                    Glance::No => {
                        core.stats.served();
                        return Ok(call.string.py().None().into_bound(call.string.py()));
                    }
                    Glance::Yes => {
                        core.stats.served();
                        let text = call.string.cast::<PyString>()?;
                        let region = core.scan.whole();
                        let pattern = call.pattern;
                        return Match::unseen(pattern, text, scan, id, region).map(Bound::into_any);
                    }
                    Glance::LookCloser => {}
                }
            }
        }
    }
    searched(call)
}
first!(
    /// As `re.Pattern.match`.
    matched, "match", Anchor::Match
);
first!(
    /// As `re.Pattern.fullmatch`.
    fullmatch, "fullmatch", Anchor::FullMatch
);

/// As `re.Pattern.finditer`: matches are looked for as they are asked for.
pub fn finditer<'py>(call: Call<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let target = match call.aim()? {
        Ok(target) => target,
        Err(declined) => return call.ask_re(&declined, intern!(call.string.py(), "finditer")),
    };
    match matches(&target)? {
        Ok(iterator) => Ok(iterator),
        Err(declined) => call.ask_re(&declined, intern!(call.string.py(), "finditer")),
    }
}

/// The matches of a target, one after the other.
pub fn matches<'py>(
    target: &Target<'_, 'py>,
) -> PyResult<Result<Bound<'py, PyAny>, Declined<'py>>> {
    let core = target.scan.get();
    if core.scan.is_out(&core.set.set, target.id, Anchor::Search, target.region)
        || errors::caught(|| core.set.set.tells_spans(target.id))?
    {
        core.stats.served();
        return Ok(Ok(MatchIterator::of(target)?.into_any()));
    }
    Ok(Err(target.declined(Reason::Fallback)))
}

/// As `re.Pattern.findall`.
pub fn findall<'py>(call: Call<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let target = match call.aim()? {
        Ok(target) => target,
        Err(declined) => return call.ask_re(&declined, intern!(call.string.py(), "findall")),
    };
    match texts(&target)? {
        Ok(texts) => Ok(texts),
        Err(declined) => call.ask_re(&declined, intern!(call.string.py(), "findall")),
    }
}

/// The text of each match, or of its groups.
pub fn texts<'py>(target: &Target<'_, 'py>) -> PyResult<Result<Bound<'py, PyAny>, Declined<'py>>> {
    let py = target.py();
    let groups = target.groups()?;
    let spans = match target.spans(usize::MAX, groups > 0)? {
        Ok(spans) => spans,
        Err(declined) => return Ok(Err(declined)),
    };
    let list = empty_list(py)?;
    let empty = PyString::new(py, "").into_any();
    for (number, span) in spans.into_iter().enumerate() {
        list.append(match groups {
            0 => target.whole(span)?,
            1 => target.matched(span)?.get().text(py, 1, &empty)?,
            _ => {
                let found = target.matched(span)?;
                let texts = (0..groups).map(|group| found.get().text(py, group + 1, &empty));
                tuple(py, texts)?
            }
        })?;
        if number % BATCH == BATCH - 1 {
            py.check_signals()?;
        }
    }
    Ok(Ok(list.into_any()))
}

/// As `re.Pattern.split`.
pub fn split<'py>(
    call: Call<'_, 'py>,
    maxsplit: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let answer = match (call.aim()?, limit(maxsplit)) {
        (Ok(target), Some(most)) => pieces(&target, most)?,
        (Ok(target), None) => Err(target.declined(Reason::Arguments)),
        (Err(declined), _) => Err(declined),
    };
    answer.or_else(|declined| {
        let py = call.string.py();
        call.count(&declined);
        let real = call.pattern.get().real(py)?;
        match maxsplit {
            None => call_method(real, intern!(py, "split"), &[call.string]),
            Some(most) => call_method(real, intern!(py, "split"), &[call.string, most]),
        }
    })
}

fn pieces<'py>(
    target: &Target<'_, 'py>,
    most: usize,
) -> PyResult<Result<Bound<'py, PyAny>, Declined<'py>>> {
    let py = target.py();
    let groups = target.groups()?;
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
            let found = target.matched(span)?;
            for group in 1..=groups {
                list.append(found.get().text(py, group, &none)?)?;
            }
        }
        from = span.end();
    }
    list.append(target.slice(from, target.region.to)?)?;
    Ok(Ok(list.into_any()))
}

/// How many splits or replacements: 0 stands for all, what is negative for none.
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

/// As `re.Pattern.sub`, or as `subn`; `Err`, which is counted, when `re` has to do it.
pub fn substitute<'py>(
    call: Call<'_, 'py>,
    repl: &Bound<'py, PyAny>,
    count: Option<&Bound<'py, PyAny>>,
    with_number: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let answer = match (call.aim()?, limit(count)) {
        (Ok(target), Some(most)) => replaced(&target, repl, most)?,
        (Ok(target), None) => Err(target.declined(Reason::Arguments)),
        (Err(declined), _) => Err(declined),
    };
    match answer {
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
    if let Some(answer) = substitute(call, repl, count, with_number)? {
        return Ok(answer);
    }
    let py = call.string.py();
    let real = call.pattern.get().real(py)?;
    let method = if with_number { intern!(py, "subn") } else { intern!(py, "sub") };
    match count {
        None => call_method(real, method, &[repl, call.string]),
        Some(count) => call_method(real, method, &[repl, call.string, count]),
    }
}

type Replaced<'py> = Result<(Bound<'py, PyAny>, usize), Declined<'py>>;

/// The text with matches replaced, and how many were. Follows `_sre`'s own loop step by step, so that
/// even the item that an error names is the same.
fn replaced<'py>(
    target: &Target<'_, 'py>,
    repl: &Bound<'py, PyAny>,
    most: usize,
) -> PyResult<Replaced<'py>> {
    let py = target.py();
    let filter = if repl.is_callable() {
        Some(Filter::Callable(repl))
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
    let text = call_method(&PyString::new(py, ""), intern!(py, "join"), &[&list])?;
    Ok(Ok((text, number)))
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
        let Some(parts) = template_parts(target.pattern.get(), repl)? else { return Ok(None) };
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
            Filter::Callable(function) => call(function, &[target.matched(span)?.as_any()]),
            Filter::Literal(text) => Ok(text.clone()),
            Filter::Parts(parts) => target.matched(span)?.get().filled(target.py(), parts),
        }
    }
}

/// A template as texts and group numbers, as the interpreter's own parser reads it. `None` for one that
/// `re` warns about: its warning names a caller so many frames away.
pub fn template_parts<'py>(
    pattern: &CompiledPattern,
    template: &Bound<'py, PyAny>,
) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    let py = template.py();
    static PARSE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let parse = kept(&PARSE, py, || imported(py, "gatecore.patterns.template", "parts"))?;
    call(parse, &[pattern.real(py)?, template])?.extract()
}
