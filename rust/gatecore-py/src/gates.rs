//! `CoreGates`: the core's gates over one pattern set.

use std::sync::Arc;

use gatecore::gate::{evaluate, Answerer, Branch, Condition, Evidence, Gate, Outcome};
use gatecore::{Answer, BuildError, PatternId, PatternSet, Scan, Span};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::door::without_gil;
use crate::errors;
use crate::scan::CoreScan;
use crate::set::{CoreSet, SharedSet};

/// (relevance, [(when, [(group, [pattern])])]), conditions flat: see `gatecore.gates`.
type FlatGate = (Option<Vec<u32>>, Vec<(Option<Vec<u32>>, Vec<(u32, Vec<u32>)>)>);

/// (branch or None when not relevant, [(group, pattern, start, end)]).
type FlatOutcome = (Option<usize>, Vec<(u32, u32, usize, usize)>);

/// Gates compiled over a pattern set. Immutable.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreGates {
    gates: Vec<Gate>,
    set: Arc<SharedSet>,
}

#[pymethods]
impl CoreGates {
    #[new]
    fn new(gates: Vec<FlatGate>, set: &CoreSet) -> PyResult<Self> {
        let patterns = set.shared.set.len();
        let gates: Result<Vec<Gate>, BuildError> =
            gates.into_iter().map(|gate| read(gate, patterns)).collect();
        Ok(CoreGates { gates: gates.map_err(errors::build)?, set: Arc::clone(&set.shared) })
    }

    fn __len__(&self) -> usize {
        self.gates.len()
    }

    /// Answers every gate; the GIL is released except while `re` answers for a pattern on the
    /// fallback route: `matches_by_re(pattern)`, `spans_by_re(pattern)`.
    fn evaluate(
        &self,
        py: Python<'_>,
        scan: &CoreScan,
        matches_by_re: &Bound<'_, PyAny>,
        spans_by_re: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<FlatOutcome>> {
        if !Arc::ptr_eq(&self.set, &scan.set) {
            return Err(PyValueError::new_err("the scan was made with another pattern set"));
        }
        let answers = Answers {
            set: &self.set.set,
            scan: &scan.scan,
            matches_by_re: matches_by_re.clone().unbind(),
            spans_by_re: spans_by_re.clone().unbind(),
        };
        without_gil(py, || {
            self.gates.iter().map(|gate| flat(evaluate(gate, &answers)?)).collect::<PyResult<_>>()
        })
    }
}

fn read(gate: FlatGate, patterns: usize) -> Result<Gate, BuildError> {
    let condition =
        |flat: Option<Vec<u32>>| flat.map(|flat| Condition::decode(&flat, patterns)).transpose();
    let (relevant, branches) = gate;
    let branches = branches.into_iter().map(|(when, evidence)| {
        let evidence = evidence.into_iter().map(|(group, ids)| {
            if ids.iter().any(|&id| id as usize >= patterns) {
                return Err(BuildError::Malformed("evidence names an unknown pattern"));
            }
            Ok(Evidence { group, patterns: ids.into_iter().map(PatternId).collect() })
        });
        Ok(Branch { when: condition(when)?, evidence: evidence.collect::<Result<_, _>>()? })
    });
    Ok(Gate { relevant: condition(relevant)?, branches: branches.collect::<Result<_, _>>()? })
}

fn flat(outcome: Outcome) -> PyResult<FlatOutcome> {
    match outcome {
        Outcome::NotRelevant => Ok((None, Vec::new())),
        Outcome::Branch(Some(branch), findings) => {
            let findings = findings.into_iter().map(|finding| {
                (finding.group, finding.pattern.0, finding.span.start(), finding.span.end())
            });
            Ok((Some(branch), findings.collect()))
        }
        Outcome::Branch(None, _) => Err(PyRuntimeError::new_err("a gate has no branch that holds")),
    }
}

/// A scan with `re` behind it.
struct Answers<'a> {
    set: &'a PatternSet,
    scan: &'a Scan,
    matches_by_re: Py<PyAny>,
    spans_by_re: Py<PyAny>,
}

impl Answerer for Answers<'_> {
    type Error = PyErr;

    fn is_match(&self, id: PatternId) -> PyResult<bool> {
        match self.scan.is_match(self.set, id) {
            Answer::Known(matches) => Ok(matches),
            Answer::AskRe => {
                Python::attach(|py| self.matches_by_re.call1(py, (id.0,))?.is_truthy(py))
            }
        }
    }

    fn spans(&self, id: PatternId) -> PyResult<Vec<Span>> {
        match self.scan.spans(self.set, id) {
            Answer::Known(spans) => Ok(spans),
            Answer::AskRe => Python::attach(|py| {
                let spans: Vec<(usize, usize)> =
                    self.spans_by_re.call1(py, (id.0,))?.extract(py)?;
                Ok(spans.into_iter().map(|(start, end)| Span::new(start, end)).collect())
            }),
        }
    }
}
