//! A call of one of `re`'s functions or methods, and what it asks of the core.

use gatecore::counters::Reason;
use gatecore::memory;
use gatecore::time_spent::{timed, Spent};
use gatecore::{Anchor, Answer, Begin, PatternId, Region, Span, Wanted};
use gatecore_ffi::cpython::{call_method, call_with, slice};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};

use crate::deadline::Limit;
use crate::document_class::{scan_of, tell_set};
use crate::errors;
use crate::re::pattern::CompiledPattern;
use crate::re::stats::fell_through;
use crate::re::texts::{self, scan_beside, scan_for};
use crate::scan::CoreScan;

/// Matches between two looks for Ctrl-C.
pub const BATCH: usize = 1 << 14;

/// An argument that may be missing; `None` is one that was given.
pub struct Given<'a, 'py>(pub Option<Borrowed<'a, 'py, PyAny>>);

impl<'py> Given<'_, 'py> {
    /// The argument, if there was one.
    #[inline]
    pub fn as_ref(&self) -> Option<&Bound<'py, PyAny>> {
        self.0.as_deref()
    }

    /// The argument, or `None`.
    pub fn or_none(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.as_ref().cloned().unwrap_or_else(|| py.None().into_bound(py))
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Given<'a, 'py> {
    type Error = PyErr;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Given(Some(object)))
    }
}

/// A call, arguments as they came.
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

/// What the pass gives, or that the call is for `re`.
pub type Served<'py, T = Bound<'py, PyAny>> = Result<T, Declined<'py>>;

/// The number of a pattern in the set of a document; a pattern that the set does not hold is learned.
#[inline]
fn number_in(
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
        let flags = pattern.flags.into_pyobject(py)?;
        tell_set(string, intern!(py, "learn"), &[pattern.source.bind(py), &flags])?;
    }
    Ok(found)
}

impl<'a, 'py> Call<'a, 'py> {
    /// A call without positions.
    #[inline]
    pub fn of(pattern: &'a Bound<'py, CompiledPattern>, string: &'a Bound<'py, PyAny>) -> Self {
        Call { pattern, string, pos: None, endpos: None }
    }

    /// Whether a pass that was run has ruled the pattern out of the whole text: most calls end here, and
    /// build nothing.
    #[inline]
    pub fn is_ruled_out(&self, scan: Option<&Bound<'py, CoreScan>>, anchor: Anchor) -> bool {
        if self.pos.is_some() || self.endpos.is_some() {
            return false;
        }
        let Some(scan) = scan else { return false };
        let core = scan.get();
        let Some(Some(id)) = self.pattern.get().known_number(&core.set) else { return false };
        let set = &core.set.set;
        let is_out = core.scan.has(set, id) && core.scan.is_out(set, id, anchor, core.scan.whole());
        if is_out {
            if anchor == Anchor::Search {
                self.pattern.get().note_asked();
            }
            core.stats.served();
            texts::note_useful(self.pattern.get(), self.string);
        }
        is_out
    }

    /// The scan of the text, if it is a document or a plain text that is worth one. A plain text that is
    /// asked about its beginning is not: there `re` has the answer at once.
    #[inline]
    pub fn scan(&self, anchor: Anchor) -> PyResult<Option<Bound<'py, CoreScan>>> {
        let is_whole = self.pos.is_none() && self.endpos.is_none();
        match scan_of(self.string) {
            None if is_whole && anchor == Anchor::Search => scan_for(self.pattern, self.string),
            known => Ok(known),
        }
    }

    /// The scan of a document for a set that is not its own, and the pattern's number there.
    fn beside(&self) -> PyResult<Option<(Bound<'py, CoreScan>, PatternId)>> {
        let Some(scan) = scan_beside(self.pattern, self.string)? else { return Ok(None) };
        let id = self.pattern.get().number(self.string.py(), &scan.get().set);
        Ok(id.map(|id| (scan, id)))
    }

    /// Finds out what the call asks of the text's scan, and scans for it.
    #[inline]
    pub fn aim(
        &self,
        scan: Option<Bound<'py, CoreScan>>,
    ) -> PyResult<Served<'py, Target<'a, 'py>>> {
        let is_whole = self.pos.is_none() && self.endpos.is_none();
        let Some(scan) = scan else {
            return Ok(Err(Declined { reason: Reason::NotADocument, scan: None }));
        };
        let (scan, id) = match number_in(self.pattern.get(), self.string, scan.get())? {
            Some(id) => (scan, id),
            // What was learned meanwhile stands in a set of its own.
            None => match self.beside()? {
                Some(found) => found,
                None => return Ok(Err(Declined { reason: Reason::NotInSet, scan: Some(scan) })),
            },
        };
        let whole = scan.get().scan.whole();
        let region = if is_whole {
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
        CoreScan::ensure(&scan, text, id, &limit)?;
        Ok(Ok(Target { pattern: self.pattern, text, scan, id, region, limit }))
    }

    /// Counts the call as left to `re`.
    pub fn count(&self, declined: &Declined<'py>) {
        let scan = declined.scan.as_ref();
        fell_through(declined.reason, Some(self.pattern), scan.map(|scan| &*scan.get().stats));
        if declined.reason.is_lasting() {
            texts::note_unserved(self.string.py());
        }
    }

    /// Leaves the call to `re`.
    pub fn ask_re(
        &self,
        declined: &Declined<'py>,
        method: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = self.string.py();
        self.count(declined);
        timed(Spent::Re, || self.by_re(py, method))
    }

    fn by_re(&self, py: Python<'py>, method: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
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
    pub fn py(&self) -> Python<'py> {
        self.text.py()
    }

    /// Counts the call as answered by `re`, where that was asked at places that the core knows.
    pub fn count_fallback(&self) {
        let core = self.scan.get();
        fell_through(Reason::Fallback, Some(self.pattern), Some(&core.stats));
        texts::note_unserved(self.py());
    }

    pub fn declined(&self, reason: Reason) -> Declined<'py> {
        Declined { reason, scan: Some(self.scan.clone()) }
    }

    pub fn is_whole(&self) -> bool {
        self.region == self.scan.get().scan.whole()
    }

    /// Whether the pass has ruled the pattern out: asked first, as it spares a look at the pattern's
    /// automaton, which may have to be built for it.
    #[inline]
    pub fn is_out(&self, anchor: Anchor) -> bool {
        let core = self.scan.get();
        let is_out = core.scan.is_out(&core.set.set, self.id, anchor, self.region);
        if is_out {
            self.serve_as(anchor);
            texts::note_useful(self.pattern.get(), self.text);
        }
        is_out
    }

    /// Counts the call as answered: at a place as one that `re` would have answered at less cost.
    #[inline]
    pub fn serve_as(&self, anchor: Anchor) {
        if anchor == Anchor::Search {
            self.serve();
        } else {
            self.pattern.get().note_dear();
            self.scan.get().stats.served();
            texts::note_unserved(self.py());
        }
    }

    /// Counts the call as answered.
    #[inline]
    pub fn serve(&self) {
        self.pattern.get().note_asked();
        self.scan.get().stats.served();
    }

    /// The first matches, up to a number of them; with `groups`, only if their groups can be told as
    /// well, which is known at the first match.
    ///
    /// Ctrl-C is looked for between batches.
    pub fn spans(&self, most: usize, groups: bool) -> PyResult<Served<'py, Vec<Span>>> {
        if self.is_out(Anchor::Search) {
            return Ok(Ok(Vec::new()));
        }
        let core = self.scan.get();
        let mut spans: Vec<Span> = Vec::new();
        let mut begin = Begin::at(self.region.from);
        while spans.len() < most {
            let left = most - spans.len();
            let wanted = match left {
                _ if groups && spans.is_empty() => Wanted::AtMost(1),
                0..=BATCH => Wanted::AtMost(left),
                _ => Wanted::AtLeast(BATCH),
            };
            let region = (begin, self.region.to);
            let answer = CoreScan::some_spans(&self.scan, self.id, region, wanted, &self.limit)?;
            let Answer::Known(mut found) = answer else {
                return Ok(Err(self.declined(Reason::Fallback)));
            };
            let is_first = spans.is_empty() && !found.spans.is_empty();
            let tells_groups = || core.tells_groups(self.py(), self.id);
            if groups && is_first && !errors::caught(tells_groups)? {
                return Ok(Err(self.declined(Reason::Groups)));
            }
            errors::caught(|| memory::append(&mut spans, &mut found.spans))?;
            if found.at_end {
                break;
            }
            begin = spans.last().map_or(begin, |&last| Begin::after(last));
            self.py().check_signals()?;
            self.limit.check()?;
        }
        spans.truncate(most);
        self.serve();
        Ok(Ok(spans))
    }

    pub fn slice(&self, start: usize, end: usize) -> PyResult<Bound<'py, PyAny>> {
        slice(self.text, start, end)
    }
}
