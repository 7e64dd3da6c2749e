//! `CoreSet`: the core's pattern set.

use std::sync::Arc;

use gatecore::{CodePoints, Engine, Lowered, PatternId, PatternSet, Spec};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::errors;
use crate::scan::CoreScan;
use crate::text::Held;

/// (source, flags, caseless, program or None), see `gatecore._lower`.
type LoweredPattern = (Vec<u8>, u32, bool, Option<Vec<u32>>);

/// Patterns compiled together. Immutable.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreSet {
    pub set: Arc<PatternSet>,
}

#[pymethods]
impl CoreSet {
    /// Compiles lowered patterns; the GIL is released.
    #[staticmethod]
    fn build(
        py: Python<'_>,
        patterns: Vec<LoweredPattern>,
        classes: Vec<Vec<u32>>,
        words: Vec<u32>,
        ascii_words: Vec<u32>,
        engine: &str,
    ) -> PyResult<Self> {
        let engine = match engine {
            "auto" => Engine::Auto,
            "simd" => Engine::Simd,
            "portable" => Engine::Portable,
            other => {
                return Err(PyValueError::new_err(format!(
                    "engine {other:?}: expected \"auto\", \"simd\" or \"portable\""
                )))
            }
        };
        let built =
            py.detach(|| {
                let classes = classes.iter().map(|flat| CodePoints::from_flat(flat));
                let patterns = patterns.into_iter().map(|(source, flags, caseless, program)| {
                    Lowered { source, flags, caseless, program }
                });
                let spec = Spec {
                    patterns: patterns.collect(),
                    classes: classes.collect::<Result<_, _>>()?,
                    words: CodePoints::from_flat(&words)?,
                    ascii_words: CodePoints::from_flat(&ascii_words)?,
                    engine,
                };
                PatternSet::build(&spec)
            });
        Ok(CoreSet { set: Arc::new(built.map_err(errors::build)?) })
    }

    /// Reads what `to_bytes` wrote; the GIL is released.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, stored: &[u8], caller: &str) -> PyResult<Self> {
        let set = py.detach(|| PatternSet::from_bytes(stored, caller)).map_err(errors::load)?;
        Ok(CoreSet { set: Arc::new(set) })
    }

    /// The set as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>, caller: &str) -> PyResult<Bound<'py, PyBytes>> {
        let stored = py.detach(|| self.set.to_bytes(caller)).map_err(errors::load)?;
        Ok(PyBytes::new(py, &stored))
    }

    fn __len__(&self) -> usize {
        self.set.len()
    }

    /// The pass in use: "simd" or "portable".
    #[getter]
    fn engine(&self) -> &'static str {
        self.set.engine().name()
    }

    /// Number of alphabets, and so of scans over a document.
    #[getter]
    fn shards(&self) -> usize {
        self.set.shards()
    }

    /// Source (UTF-8, lone surrogates passed) and flags of a pattern.
    fn pattern<'py>(&self, py: Python<'py>, number: u32) -> PyResult<(Bound<'py, PyBytes>, u32)> {
        let (source, flags) = self.set.pattern(self.id(number)?);
        Ok((PyBytes::new(py, source), flags))
    }

    /// Route, reason and cost of a pattern.
    fn routing(&self, number: u32) -> PyResult<(String, String, &'static str)> {
        let routing = self.set.routing(self.id(number)?);
        Ok((routing.route().to_string(), routing.reason(), routing.cost()))
    }

    /// Runs the pass over a document; the GIL is released.
    fn scan(&self, py: Python<'_>, text: &Bound<'_, PyString>) -> PyResult<CoreScan> {
        let held = Held::new(text)?;
        let text = held.text();
        let scan = py.detach(|| self.set.scan(text)).map_err(errors::scan)?;
        Ok(CoreScan { set: Arc::clone(&self.set), scan })
    }
}

impl CoreSet {
    fn id(&self, number: u32) -> PyResult<PatternId> {
        if (number as usize) < self.set.len() {
            Ok(PatternId(number))
        } else {
            Err(PyIndexError::new_err("pattern number out of range"))
        }
    }
}

/// The key part that says what a stored set depends on.
#[pyfunction]
pub fn maker(engine: &str, caller: &str) -> PyResult<String> {
    let engine = match engine {
        "portable" => Engine::Portable,
        _ => Engine::Auto.settle().map_err(errors::build)?,
    };
    Ok(gatecore::maker(engine, caller))
}
