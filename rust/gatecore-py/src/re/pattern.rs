//! `CompiledPattern`: a pattern that is known by its source and flags.
//!
//! CPython compiles it when `re` is first needed for it, which for a pattern that the pass rules out of
//! every document is never. Its methods are in `pattern_methods.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use gatecore::counters::Counts;
use gatecore::{worth, PatternId, SharedSet};
use gatecore_ffi::cpython::{call, call_method};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString};

use crate::imports::{imported, kept, standard};

/// A compiled regular expression, with the interface of `re.Pattern`.
#[pyclass(frozen, weakref, name = "Pattern", module = "re")]
pub struct CompiledPattern {
    pub source: Py<PyString>,
    pub flags: u32,
    /// How much of a question it is, see [`gatecore::worth::weight`].
    pub weight: u32,
    /// It was made for a pattern that `re` compiled, which is what its matches then name.
    stands_for_real: bool,
    /// As `re` compiles it.
    real: PyOnceLock<Py<PyAny>>,
    /// Its number in the set that was asked last: the set's id, then the number plus one.
    place: AtomicU64,
    /// Which of the sets for plain texts holds it: how often these had changed when it was looked for, then
    /// the set's place plus one.
    home: AtomicU64,
    /// How often a scan answered for it.
    asked: AtomicU64,
    /// How often it was answered at a place, which costs more than `re` takes for it.
    dear: AtomicU64,
    /// How often a call with it fell through.
    pub counts: Counts,
}

/// (source, flags, by reason).
pub type CountedPattern = (Py<PyString>, u32, Vec<u64>);

impl CompiledPattern {
    pub fn new(source: &Bound<'_, PyString>, flags: u32) -> Self {
        CompiledPattern {
            source: source.clone().unbind(),
            flags,
            weight: worth::weight(source.to_str().unwrap_or_default(), flags),
            stands_for_real: false,
            real: PyOnceLock::new(),
            place: AtomicU64::new(0),
            home: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            dear: AtomicU64::new(0),
            counts: Counts::default(),
        }
    }

    /// The same pattern as one that `re` compiled.
    pub fn of_real(source: &Bound<'_, PyString>, flags: u32, real: &Bound<'_, PyAny>) -> Self {
        let pattern = CompiledPattern::new(source, flags);
        let _ = pattern.real.set(source.py(), real.clone().unbind());
        CompiledPattern { stands_for_real: true, ..pattern }
    }

    /// The pattern as `re` compiles it. Raises what `re.compile` raises.
    pub fn real<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        kept(&self.real, py, || {
            let compile = standard(py)?.getattr(intern!(py, "compile"))?;
            call(&compile, &[self.source.bind(py), self.flags.into_pyobject(py)?.as_any()])
        })
    }

    /// It and what was counted of it.
    pub fn counted(&self, py: Python<'_>, counts: &Counts) -> CountedPattern {
        (self.source.clone_ref(py), self.flags, counts.all())
    }

    /// Whether it was made for a pattern that `re` compiled.
    pub fn stands_for_real(&self) -> bool {
        self.stands_for_real
    }

    /// How many groups it has.
    pub fn group_count(&self, py: Python<'_>) -> PyResult<usize> {
        self.real(py)?.getattr(intern!(py, "groups"))?.extract()
    }

    /// What a match names as its pattern.
    pub fn shown<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        if slf.get().stands_for_real() {
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
        let found = number_of(self.source.bind(py), self.flags, set);
        let number = found.map_or(0, |id| u64::from(id.0) + 1);
        self.place.store(u64::from(set.id) << 32 | number, Ordering::Relaxed);
        found
    }

    /// Notes that a scan answered for it. To be called with the GIL held.
    #[inline]
    pub fn note_asked(&self) {
        self.asked.store(self.asked.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Notes that it was answered at a place: an automaton of ours takes some 300 ns to begin, `re` 100 to
    /// say no. To be called with the GIL held.
    #[inline]
    pub fn note_dear(&self) {
        self.dear.store(self.dear.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// How often a scan answered for it, and how often `re` did or had better.
    pub fn gain(&self) -> (u64, u64) {
        let dear = self.dear.load(Ordering::Relaxed);
        (self.asked.load(Ordering::Relaxed), dear + self.counts.lasting())
    }

    /// Which of the sets for plain texts holds it; `find` looks for it when they have changed.
    #[inline]
    pub fn home(&self, changes: u32, find: impl FnOnce() -> Option<usize>) -> Option<usize> {
        let mut home = self.home.load(Ordering::Relaxed);
        if home >> 32 != u64::from(changes) {
            home = u64::from(changes) << 32 | find().map_or(0, |place| place as u64 + 1);
            self.home.store(home, Ordering::Relaxed);
        }
        (home as u32).checked_sub(1).map(|place| place as usize)
    }

    /// A replacement template as texts and group numbers, as the interpreter's own parser reads it.
    /// `None` for one that `re` warns about: its warning names a caller a certain number of frames away.
    pub fn template_parts<'py>(
        &self,
        template: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
        static PARSE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = template.py();
        let parse = kept(&PARSE, py, || imported(py, "gatecore.patterns.template", "parts"))?;
        call(parse, &[self.real(py)?, template])?.extract()
    }
}

/// The number in a set of a pattern of this source and flags.
pub fn number_of(source: &Bound<'_, PyString>, flags: u32, set: &SharedSet) -> Option<PatternId> {
    let source = match source.to_str() {
        Ok(source) => source.as_bytes().to_vec(),
        Err(_) => {
            let py = source.py();
            let encoding = [intern!(py, "utf-8"), intern!(py, "surrogatepass")];
            let encoding = encoding.map(|name| name.as_any());
            let encoded = call_method(source, intern!(py, "encode"), &encoding).ok()?;
            encoded.cast::<PyBytes>().ok()?.as_bytes().to_vec()
        }
    };
    set.index(source, flags)
}
