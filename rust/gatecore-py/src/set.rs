//! `CoreSet`: the core's pattern set.

use std::sync::{Arc, Mutex, PoisonError};

use gatecore::alphabet::Limits;
use gatecore::pass::memo::{self, Lent};
use gatecore::{
    Backend, CodePoints, LoweredPattern, PatternSet, Scan, ShardId, SharedSet, Spec, Stop, Text,
};
use gatecore_ffi::cpython::empty_list;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::deadline::{long, Deadline, Limit};
use crate::errors;
use crate::gil::without_gil;
use crate::many;
use crate::re::pattern::number_of;
use crate::re::stats::DocumentStats;
use crate::re::texts;
use crate::scan::{Begun, CoreScan};
use crate::scan_methods::{numbers, Numbers};
use crate::text::Characters;

/// (source, flags, caseless, program or None), see `gatecore.lowering.lower`.
type LoweredTuple = (Vec<u8>, u32, bool, Option<Vec<u32>>);

/// A document's number, and the patterns for which `re` has to be asked, if the rest is known.
type Open<'py> = (usize, Option<Numbers<'py>>);

/// Patterns compiled together. Immutable.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreSet {
    pub shared: Arc<SharedSet>,
}

#[pymethods]
impl CoreSet {
    /// Compiles lowered patterns; the GIL is released, and Ctrl-C stops it.
    ///
    /// `limits` are for tests: every pattern that can be gets an alphabet of symbols of one to three bytes, of
    /// which so many have one, so many leads two, and so many trails end them.
    #[staticmethod]
    /// So is `beginning`: so many characters of every text are looked at first.
    #[pyo3(signature = (patterns, classes, words, ascii_words, sections, backend, limits=None, beginning=None))]
    #[expect(clippy::too_many_arguments, reason = "they are those of the call in Python")]
    fn build(
        py: Python<'_>,
        patterns: Vec<LoweredTuple>,
        classes: Vec<Vec<u32>>,
        words: Vec<u32>,
        ascii_words: Vec<u32>,
        sections: Option<Vec<u32>>,
        backend: &Bound<'_, PyAny>,
        limits: Option<(usize, usize, usize)>,
        beginning: Option<usize>,
    ) -> PyResult<Self> {
        let limits = limits.map_or_else(Limits::default, |(singles, leads, trails)| Limits {
            singles,
            leads,
            trails,
        });
        let backend = backend_called(backend)?;
        if sections.as_ref().is_some_and(|sections| sections.len() != patterns.len()) {
            return Err(PyValueError::new_err("each pattern has one section"));
        }
        let build = move |stop: &Stop| {
            let section = |number: usize| sections.as_ref().map_or(0, |sections| sections[number]);
            let classes = classes.iter().map(|flat| CodePoints::from_flat(flat));
            let numbered = patterns.into_iter().enumerate();
            let patterns = numbered.map(|(number, (source, flags, caseless, program))| {
                LoweredPattern { source, flags, caseless, section: section(number), program }
            });
            let spec = Spec {
                patterns: patterns.collect(),
                classes: classes.collect::<Result<_, _>>().map_err(errors::build)?,
                words: CodePoints::from_flat(&words).map_err(errors::build)?,
                ascii_words: CodePoints::from_flat(&ascii_words).map_err(errors::build)?,
                backend,
            };
            PatternSet::build_with(&spec, limits, stop).map_err(errors::build)
        };
        let built = without_gil(py, || long(&Limit::default(), build))?;
        let built = built?;
        let built = match beginning {
            Some(characters) => built.with_forced_beginning(characters),
            None => built,
        };
        Ok(CoreSet { shared: SharedSet::new(built) })
    }

    /// Reads what `to_bytes` wrote; the GIL is released.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, stored: &[u8], caller: &str) -> PyResult<Self> {
        let load = || errors::caught(|| PatternSet::from_bytes(stored, caller));
        let set = without_gil(py, load)?.map_err(errors::load)?;
        Ok(CoreSet { shared: SharedSet::new(set) })
    }

    /// The set as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>, caller: &str) -> PyResult<Bound<'py, PyBytes>> {
        let store = || errors::caught(|| self.shared.set.to_bytes(caller));
        let stored = without_gil(py, store)?.map_err(errors::load)?;
        let copy = |bytes: &mut [u8]| {
            bytes.copy_from_slice(&stored);
            Ok(())
        };
        PyBytes::new_with(py, stored.len(), copy)
    }

    fn __len__(&self) -> usize {
        self.shared.set.len()
    }

    /// The pass in use: "simd" or "portable".
    #[getter]
    fn backend(&self) -> &'static str {
        self.shared.set.backend().name()
    }

    /// Number of alphabets, and so of scans over a document.
    #[getter]
    fn shards(&self) -> usize {
        self.shared.set.shards()
    }

    /// Source (UTF-8, lone surrogates encoded as well) and flags of a pattern.
    fn pattern<'py>(&self, py: Python<'py>, number: u32) -> PyResult<(Bound<'py, PyBytes>, u32)> {
        let (source, flags) = self.shared.set.pattern(errors::pattern(&self.shared.set, number)?);
        Ok((PyBytes::new(py, source), flags))
    }

    /// Route, reason and cost of a pattern.
    fn routing(&self, number: u32) -> PyResult<(String, String, String)> {
        let set = &self.shared.set;
        let id = errors::pattern(set, number)?;
        let routing = set.routing(id);
        Ok((routing.route().to_string(), routing.reason(), set.cost(id)))
    }

    /// The number of a pattern, `None` if it is not in the set.
    fn index(&self, source: &Bound<'_, PyString>, flags: u32) -> Option<u32> {
        number_of(source, flags, &self.shared).map(|id| id.0)
    }

    /// Has plain texts that are asked many of the patterns scanned, until `leave_texts`; `review` is called
    /// now and then while they are asked in vain.
    fn serve_texts(&self, review: Py<PyAny>) {
        texts::serve(&self.shared, review);
    }

    /// Ends one `serve_texts`.
    fn leave_texts(&self) {
        texts::leave(&self.shared);
    }

    /// Runs the pass over a document; the GIL is released. Sections but the first may wait until one
    /// of their patterns is asked about.
    /// With `early`, what the text's beginning makes needless waits as well.
    #[pyo3(signature = (text, *, eager=true, early=false, deadline=None))]
    fn scan<'py>(
        &self,
        text: &Bound<'py, PyString>,
        eager: bool,
        early: bool,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<Bound<'py, CoreScan>> {
        let limit = Limit::of(deadline);
        let set = &self.shared.set;
        let characters = Characters::new(text)?;
        let scan = errors::caught(|| set.begin(characters.len()))?.map_err(errors::scan)?;
        let scan = Bound::new(text.py(), self.scanned(scan))?;
        let shards = 0..set.shards() as u32;
        let is_plain = text.is_exact_instance_of::<PyString>();
        let begun = if early && eager && is_plain && deadline.is_none() {
            Begun::Early
        } else {
            Begun::All
        };
        CoreScan::run(&scan, &characters, shards.map(ShardId), begun, &limit)?;
        if eager {
            CoreScan::run_sections(&scan, &limit)?;
        }
        if begun == Begun::Early {
            scan.get().leave_rest(text);
        }
        Ok(scan)
    }

    /// For each of many documents the patterns that match and those for which `re` has to be asked; `None`
    /// for documents that are too long to go with others.
    #[pyo3(signature = (texts, deadline=None))]
    fn ids_many<'py>(
        &self,
        texts: &Bound<'py, PyList>,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<(Bound<'py, PyList>, Vec<Open<'py>>)> {
        let (py, all) = (texts.py(), empty_list(texts.py())?);
        let mut open: Vec<Open<'py>> = Vec::new();
        let ids = |set: &SharedSet, texts: &[Text<'_>], stop: &Stop| set.set.ids_many(texts, stop);
        many::each(&self.shared, texts, &Limit::of(deadline), ids, |found| {
            let is_long = found.is_none();
            let (yes, ask) = found.unwrap_or_default();
            if is_long || !ask.is_empty() {
                open.push((all.len(), if is_long { None } else { Some(numbers(py, ask)?) }));
            }
            all.append(numbers(py, yes)?)
        })?;
        Ok((all, open))
    }

    /// As `scan` for each of many documents; `None` for those that are too long to go with others.
    #[pyo3(signature = (texts, deadline=None))]
    fn scan_many<'py>(
        &self,
        texts: &Bound<'py, PyList>,
        deadline: Option<&Bound<'py, Deadline>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let (py, all) = (texts.py(), empty_list(texts.py())?);
        let scans =
            |set: &SharedSet, texts: &[Text<'_>], stop: &Stop| set.set.scan_many(texts, stop);
        many::each(&self.shared, texts, &Limit::of(deadline), scans, |scan| {
            let scan = scan.map(|scan| Bound::new(py, self.scanned(scan)));
            all.append(scan.transpose()?)
        })?;
        Ok(all)
    }

    /// A document of which nothing is scanned yet; calls about a view count for the document it is of.
    #[pyo3(signature = (text, view_of=None))]
    fn begin(&self, text: &Bound<'_, PyString>, view_of: Option<&CoreScan>) -> PyResult<CoreScan> {
        let length = Characters::new(text)?.len();
        let scan = errors::caught(|| self.shared.set.begin(length))?.map_err(errors::scan)?;
        let stats = view_of
            .map_or_else(|| Arc::new(DocumentStats::default()), |scan| Arc::clone(&scan.stats));
        Ok(CoreScan::new(Arc::clone(&self.shared), scan, stats))
    }
}

impl CoreSet {
    fn scanned(&self, scan: Scan) -> CoreScan {
        CoreScan::new(Arc::clone(&self.shared), scan, Arc::new(DocumentStats::default()))
    }
}

/// Databases that compiles of this process look into while this object lives; see
/// `gatecore::pass::memo`.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct Databases(Mutex<Option<Lent>>);

#[pymethods]
impl Databases {
    /// Lends what `record().close()` gave; the bytes hold compiled code.
    #[staticmethod]
    fn lend(py: Python<'_>, stored: &[u8]) -> PyResult<Self> {
        let lent = without_gil(py, || memo::lend(stored)).map_err(errors::load)?;
        Ok(Databases(Mutex::new(Some(lent))))
    }

    /// Lends nothing, to keep what is compiled from now on.
    #[staticmethod]
    fn record() -> Self {
        Databases(Mutex::new(Some(memo::record())))
    }

    /// Ends it; what was compiled meanwhile because it was not known, as bytes.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let lent = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stored = lent.map(|lent| lent.recorded()).transpose().map_err(errors::load)?;
        Ok(PyBytes::new(py, &stored.unwrap_or_default()))
    }
}

/// The backend of this name, settled: one that this build and this processor have.
fn backend_called(name: &Bound<'_, PyAny>) -> PyResult<Backend> {
    let text = name.cast::<PyString>().ok().and_then(|name| name.to_str().ok());
    let Some(wanted) = text.and_then(Backend::called) else {
        return Err(errors::PatternSetError::new_err(format!(
            "there is no backend {}: expected 'auto', 'simd' or 'portable'",
            name.repr()?
        )));
    };
    wanted.settle().map_err(errors::build)
}

/// The key part that says what a stored set depends on.
#[pyfunction]
pub fn maker(backend: &Bound<'_, PyAny>, caller: &str) -> PyResult<String> {
    Ok(gatecore::maker(backend_called(backend)?, caller))
}
