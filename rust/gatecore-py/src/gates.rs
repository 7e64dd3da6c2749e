//! `CoreGates`: the core's gates over one pattern set for each view of a document.

use std::sync::{Arc, OnceLock};

use gatecore::gate::{
    evaluate, Answerer, Branch, Capture, Decoder, Document, Filled, Gate, GatePattern, Outcome,
    Text, Unit,
};
use gatecore::memory;
use gatecore::{Anchor, Answer, BuildError, PatternId, Region, Span};
use gatecore_cpython::{call_method, list, pair};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;

use crate::door::without_gil;
use crate::errors;
use crate::scan::CoreScan;
use crate::set::{CoreSet, SharedSet};

/// Everything flat; see `gatecore._flat_gates`, which writes it.
type Flat = Vec<u32>;
type FlatEvidence = (u32, Vec<(u32, u32)>, Option<Flat>);
type FlatText = (Option<Flat>, Vec<Flat>);
type FlatBranch = (Option<Flat>, Vec<FlatEvidence>, Vec<FlatText>);
type FlatGate = (Option<Flat>, Vec<FlatBranch>);

/// (evidence, group, pattern, start, end).
type FlatFinding = (u32, u32, u32, usize, usize);
/// A place, or (-1, count), or (-1, -1) for no place.
type FlatFilled = (isize, isize);
/// (branch or None when not relevant, findings, texts).
type FlatOutcome = (Option<usize>, Vec<FlatFinding>, Vec<Option<Vec<FlatFilled>>>);

type Pair = (usize, usize);

/// Gates compiled over the patterns of the document and those of its `.lower()`. Immutable.
///
/// Gates number the patterns of the text first, then those of the lowered view.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreGates {
    gates: Vec<Gate>,
    text: Arc<SharedSet>,
    lowered: Option<Arc<SharedSet>>,
    /// The patterns of words, lines, sentences and paragraphs, as far as they are needed.
    marks: [Option<u32>; 4],
}

#[pymethods]
impl CoreGates {
    #[new]
    fn new(
        gates: Vec<FlatGate>,
        literals: Vec<String>,
        marks: [Option<u32>; 4],
        text: &CoreSet,
        lowered: Option<&CoreSet>,
    ) -> PyResult<Self> {
        let text = Arc::clone(&text.shared);
        let lowered = lowered.map(|set| Arc::clone(&set.shared));
        let patterns = text.set.len() + lowered.as_ref().map_or(0, |set| set.set.len());
        if marks.iter().flatten().any(|&mark| mark as usize >= text.set.len()) {
            return Err(errors::build(BuildError::Malformed("a mark is an unknown pattern")));
        }
        let decoder = Decoder { patterns, literals: &literals };
        let gates: Result<Vec<Gate>, BuildError> =
            gates.into_iter().map(|gate| read(gate, decoder)).collect();
        Ok(CoreGates { gates: gates.map_err(errors::build)?, text, lowered, marks })
    }

    fn __len__(&self) -> usize {
        self.gates.len()
    }

    /// Answers every gate; the GIL is released except where the document's text is needed or `re`
    /// answers for a pattern on the fallback route: `document` is a `gatecore.gates._Asked`.
    fn evaluate(
        &self,
        py: Python<'_>,
        scan: &CoreScan,
        document: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<FlatOutcome>> {
        if !Arc::ptr_eq(&self.text, &scan.set) {
            return Err(PyValueError::new_err("the scan was made with another pattern set"));
        }
        let answers = Answers {
            gates: self,
            scan,
            lowered: OnceLock::new(),
            document: document.clone().unbind(),
        };
        let judge = || {
            let document = Document::new(&answers);
            self.gates.iter().map(|gate| flat(evaluate(gate, &document)?)).collect::<PyResult<_>>()
        };
        without_gil(py, || errors::caught(judge)?)
    }
}

fn read(gate: FlatGate, decoder: Decoder<'_>) -> Result<Gate, BuildError> {
    let condition = |flat: Option<Flat>| flat.map(|flat| decoder.condition(&flat)).transpose();
    let text = |(when, holes): FlatText| {
        let holes = holes.iter().map(|flat| decoder.hole(flat)).collect::<Result<_, _>>()?;
        Ok(Text { when: condition(when)?, holes })
    };
    let evidence =
        |(take, patterns, near): FlatEvidence| decoder.evidence(take, patterns, near.as_deref());
    let branch = |(when, shown, texts): FlatBranch| {
        Ok(Branch {
            when: condition(when)?,
            evidence: shown.into_iter().map(evidence).collect::<Result<_, _>>()?,
            texts: texts.into_iter().map(text).collect::<Result<_, BuildError>>()?,
        })
    };
    let (relevant, branches) = gate;
    let branches = branches.into_iter().map(branch).collect::<Result<_, BuildError>>()?;
    Ok(Gate { relevant: condition(relevant)?, branches })
}

fn flat(outcome: Outcome) -> PyResult<FlatOutcome> {
    match outcome {
        Outcome::NotRelevant => Ok((None, Vec::new(), Vec::new())),
        Outcome::Nothing => Err(PyRuntimeError::new_err("a gate has no branch that holds")),
        Outcome::Branch { number, findings, texts } => {
            let findings = findings.into_iter().map(|found| {
                let (start, end) = (found.span.start(), found.span.end());
                (found.evidence, found.group, found.pattern.0, start, end)
            });
            let filled = |filled: Filled| match filled {
                Filled::Place(Some(span)) => (span.start() as isize, span.end() as isize),
                Filled::Place(None) => (-1, -1),
                Filled::Count(count) => (-1, count as isize),
            };
            let texts = texts.into_iter();
            let texts =
                texts.map(|holes| holes.map(|holes| holes.into_iter().map(filled).collect()));
            Ok((Some(number), findings.collect(), texts.collect()))
        }
    }
}

fn span((start, end): Pair) -> Span {
    Span::new(start, end)
}

/// The lowered view of one document.
struct Lowered {
    scan: Py<CoreScan>,
    /// Where the document has U+0130, which is two characters in the view. No other character is.
    dotted: Vec<usize>,
}

impl Lowered {
    /// The document's span for one of the view: every character that it touches.
    fn back(&self, found: Span) -> Span {
        let doubled = |place: usize| {
            // The second half of the n-th stands at its place + n + 1.
            let is_before = |n: usize| self.dotted[n] + n + 1 < place;
            partition_point(self.dotted.len(), is_before)
        };
        let start = found.start() - doubled(found.start() + 1);
        Span::new(start, found.end() - doubled(found.end()))
    }
}

/// The first number below `end` for which something does not hold that holds for those before.
fn partition_point(end: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// A document's scans with its text and `re` behind them.
struct Answers<'a> {
    gates: &'a CoreGates,
    scan: &'a CoreScan,
    lowered: OnceLock<Lowered>,
    document: Py<PyAny>,
}

/// Where a pattern is looked for.
struct Place<'a> {
    scan: &'a CoreScan,
    id: PatternId,
    lowered: Option<&'a Lowered>,
}

impl Place<'_> {
    fn back(&self, found: Span) -> Span {
        self.lowered.map_or(found, |lowered| lowered.back(found))
    }

    fn whole(&self) -> Region {
        self.scan.scan.whole()
    }
}

impl Answers<'_> {
    fn place(&self, pattern: GatePattern) -> PyResult<Place<'_>> {
        let of_text = self.gates.text.set.len() as u32;
        let Some(id) = pattern.0.checked_sub(of_text) else {
            let id = PatternId(pattern.0);
            self.scan.scan.prepare(&self.gates.text.set, id).map_err(errors::scan)?;
            return Ok(Place { scan: self.scan, id, lowered: None });
        };
        let lowered = match self.lowered.get() {
            Some(lowered) => lowered,
            None => {
                let lowered = self.lower()?;
                self.lowered.get_or_init(|| lowered)
            }
        };
        Ok(Place { scan: lowered.scan.get(), id: PatternId(id), lowered: Some(lowered) })
    }

    fn lower(&self) -> PyResult<Lowered> {
        Python::attach(|py| {
            let lowered = call_method(self.document.bind(py), intern!(py, "lowered"), &[])?;
            let (scan, dotted): (Py<CoreScan>, Vec<usize>) = lowered.extract()?;
            let expected = self.gates.lowered.as_ref();
            if !expected.is_some_and(|set| Arc::ptr_eq(set, &scan.get().set)) {
                return Err(PyValueError::new_err("the scan was made with another pattern set"));
            }
            Ok(Lowered { scan, dotted })
        })
    }

    /// Every match by `re`, as it lies in the view.
    fn spans_by_re(&self, pattern: GatePattern) -> PyResult<Vec<Span>> {
        Python::attach(|py| {
            let pattern = pattern.0.into_pyobject(py)?;
            let document = self.document.bind(py);
            let spans = call_method(document, intern!(py, "spans_by_re"), &[&pattern])?;
            let spans: Vec<Pair> = spans.extract()?;
            Ok(spans.into_iter().map(span).collect())
        })
    }

    fn captures_by_re(&self, capture: Capture, place: &Place<'_>) -> PyResult<Vec<Option<Span>>> {
        Python::attach(|py| {
            let pattern = capture.pattern.0.into_pyobject(py)?;
            let group = capture.group.into_pyobject(py)?;
            let document = self.document.bind(py);
            let name = intern!(py, "captures_by_re");
            let spans = call_method(document, name, &[&pattern, &group])?;
            let spans: Vec<Option<Pair>> = spans.extract()?;
            Ok(spans.into_iter().map(|found| found.map(|found| place.back(span(found)))).collect())
        })
    }
}

impl Answerer for Answers<'_> {
    type Error = PyErr;

    fn length(&self) -> usize {
        self.scan.scan.len()
    }

    fn is_match(&self, pattern: GatePattern) -> PyResult<bool> {
        let Place { scan, id, .. } = self.place(pattern)?;
        match scan.scan.is_match(&scan.set.set, id) {
            Answer::Known(matches) => Ok(matches),
            Answer::AskRe => Python::attach(|py| {
                let pattern = pattern.0.into_pyobject(py)?;
                let document = self.document.bind(py);
                call_method(document, intern!(py, "matches_by_re"), &[&pattern])?.is_truthy()
            }),
        }
    }

    fn first(&self, pattern: GatePattern) -> PyResult<Option<Span>> {
        let place = self.place(pattern)?;
        let Place { scan, id, .. } = place;
        let first = match scan.scan.find(&scan.set.set, id, Anchor::Search, place.whole()) {
            Answer::Known(found) => found,
            Answer::AskRe => self.spans_by_re(pattern)?.first().copied(),
        };
        Ok(first.map(|found| place.back(found)))
    }

    fn spans(&self, pattern: GatePattern) -> PyResult<Vec<Span>> {
        let place = self.place(pattern)?;
        let Place { scan, id, .. } = place;
        let mut spans = match scan.scan.spans(&scan.set.set, id) {
            Answer::Known(spans) => spans,
            Answer::AskRe => self.spans_by_re(pattern)?,
        };
        if place.lowered.is_some_and(|lowered| !lowered.dotted.is_empty()) {
            for found in &mut spans {
                *found = place.back(*found);
            }
        }
        Ok(spans)
    }

    fn captures(&self, capture: Capture) -> PyResult<Vec<Option<Span>>> {
        let place = self.place(capture.pattern)?;
        let Place { scan, id, .. } = place;
        let Answer::Known(spans) = scan.scan.spans(&scan.set.set, id) else {
            return self.captures_by_re(capture, &place);
        };
        let to = place.whole().to;
        let mut captures = memory::with_capacity(spans.len());
        for found in spans {
            match scan.scan.groups(&scan.set.set, id, Anchor::Search, found, to) {
                Answer::Known(groups) => {
                    let part = groups.spans.get(capture.group as usize).copied().flatten();
                    captures.push(part.map(|part| place.back(part)));
                }
                Answer::AskRe => return self.captures_by_re(capture, &place),
            }
        }
        Ok(captures)
    }

    fn marks(&self, unit: Unit) -> PyResult<Vec<Span>> {
        let number = (unit as usize).checked_sub(1).and_then(|unit| self.gates.marks[unit]);
        let number = number.ok_or_else(|| PyRuntimeError::new_err("a unit has no pattern"))?;
        self.spans(GatePattern(number))
    }

    fn texts(&self, spans: &[Span]) -> PyResult<Vec<String>> {
        Python::attach(|py| {
            let pairs = spans.iter();
            let pairs = pairs.map(|span| pair(py, span.start() as isize, span.end() as isize));
            let spans = list(py, pairs)?;
            call_method(self.document.bind(py), intern!(py, "texts"), &[&spans])?.extract()
        })
    }
}
