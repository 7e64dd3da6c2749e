//! `CoreGates`: the core's gates over one pattern set for each view of a document.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, OnceLock};

use gatecore::gate::{
    evaluate, Answerer, Branch, Capture, Decoder, Document, Filled, Gate, GatePattern, Outcome,
    Text, Unit,
};
use gatecore::lookup::SharedSet;
use gatecore::{memory, Answer, BuildError, PatternId, Span};
use gatecore_ffi::cpython::{call_method, list, pair};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;

use crate::deadline::{Deadline, Limit, Looks};
use crate::errors::{self, UnansweredError};
use crate::gil::without_gil;
use crate::scan::CoreScan;
use crate::set::CoreSet;

/// Everything flat; see `gatecore.gates.wire`, which writes it.
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
/// Gates number the patterns of the text first, then those of the lowered view, then the same ones
/// again for those that are looked for in the unbroken document: without soft hyphens and the like.
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
        let decoder = Decoder { patterns: 2 * patterns, literals: &literals };
        let gates: Result<Vec<Gate>, BuildError> =
            gates.into_iter().map(|gate| read(gate, decoder)).collect();
        Ok(CoreGates { gates: gates.map_err(errors::build)?, text, lowered, marks })
    }

    fn __len__(&self) -> usize {
        self.gates.len()
    }

    /// Answers every gate; the GIL is released except where the document's text is needed or `re`
    /// answers for a pattern on the fallback route: `document` is a `gatecore.gates.set._Asked`.
    ///
    /// A gate that hangs on a question that was not answered comes back as the `UnansweredError`. With a
    /// deadline, gates that need `re` come last: it may take all the time there is.
    #[pyo3(signature = (scan, document, deadline=None))]
    fn evaluate(
        &self,
        scan: &Bound<'_, CoreScan>,
        document: &Bound<'_, PyAny>,
        deadline: Option<&Bound<'_, Deadline>>,
    ) -> PyResult<Vec<(Option<FlatOutcome>, Option<PyErr>)>> {
        if !Arc::ptr_eq(&self.text, &scan.get().set) {
            return Err(PyValueError::new_err("the scan was made with another pattern set"));
        }
        let limit = &Limit::of(deadline);
        let answers = Answers {
            gates: self,
            scan: scan.clone().unbind(),
            lowered: OnceLock::new(),
            unbroken: OnceLock::new(),
            unbroken_lowered: OnceLock::new(),
            document: document.clone().unbind(),
            limit,
            looks: RefCell::new(Looks::new(limit)),
            without_re: Cell::new(deadline.is_some()),
        };
        let work = move || {
            let document = Document::new(&answers);
            let mut outcomes = judge(self.gates.iter(), &document)?;
            answers.without_re.set(false);
            let later = |outcome: &Judged| matches!(outcome, Err(Obstacle::Later));
            let last = self.gates.iter().zip(&outcomes).filter(|(_, outcome)| later(outcome));
            let last: Vec<&Gate> = last.map(|(gate, _)| gate).collect();
            let mut last = judge(last.into_iter(), &document)?.into_iter();
            for outcome in outcomes.iter_mut().filter(|outcome| later(outcome)) {
                *outcome = last.next().expect("each gate that came last was judged");
            }
            let told = |outcome| match outcome {
                Ok(outcome) => (Some(outcome), None),
                Err(Obstacle::Later) => unreachable!("nothing is put off twice"),
                Err(Obstacle::Error(error)) => (None, Some(error)),
            };
            Ok(outcomes.into_iter().map(told).collect())
        };
        without_gil(scan.py(), move || errors::caught(work)?)
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

/// Why a gate has no outcome yet, or none at all.
enum Obstacle {
    /// It needs `re`, which comes last.
    Later,
    /// What was raised.
    Error(PyErr),
}

impl From<PyErr> for Obstacle {
    fn from(error: PyErr) -> Self {
        Obstacle::Error(error)
    }
}

type Judged = Result<FlatOutcome, Obstacle>;

/// Another view of one document: lowered, without what nobody sees, or both.
struct View {
    scan: Py<CoreScan>,
    /// Where the text has U+0130, which is two characters when lowered. No other character is.
    dotted: Vec<usize>,
    /// Where the document has what was taken out of it before.
    taken_out: Vec<usize>,
}

impl View {
    fn moves(&self) -> bool {
        !self.dotted.is_empty() || !self.taken_out.is_empty()
    }

    /// The document's span for one of the view: from its first character to its last.
    fn back(&self, found: Span) -> Span {
        self.unbreak(self.raise(found))
    }

    /// To the span in the document of one in what is left of it.
    fn unbreak(&self, found: Span) -> Span {
        // The n-th that was taken out stood before the offset `taken_out[n] - n`.
        let before = |is_before: &dyn Fn(usize) -> bool| {
            partition_point(self.taken_out.len(), |n| is_before(self.taken_out[n] - n))
        };
        let start = found.start() + before(&|stood| stood <= found.start());
        let end = found.end() + before(&|stood| stood < found.end());
        Span::new(start, end.max(start))
    }

    /// To the span in a text of one in what it is when lowered: every character that it touches.
    fn raise(&self, found: Span) -> Span {
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
    scan: Py<CoreScan>,
    lowered: OnceLock<View>,
    /// `None` if the document is unbroken itself.
    unbroken: OnceLock<Option<View>>,
    unbroken_lowered: OnceLock<View>,
    document: Py<PyAny>,
    limit: &'a Limit,
    looks: RefCell<Looks<'a>>,
    /// Whether `re` must not be asked yet.
    without_re: Cell<bool>,
}

/// Where a pattern is looked for.
struct Place<'a> {
    scan: &'a Py<CoreScan>,
    id: PatternId,
    view: Option<&'a View>,
}

impl Place<'_> {
    fn back(&self, found: Span) -> Span {
        self.view.map_or(found, |view| view.back(found))
    }
}

impl Answers<'_> {
    fn place(&self, pattern: GatePattern) -> PyResult<Place<'_>> {
        let of_text = self.gates.text.set.len() as u32;
        let of_lowered = self.gates.lowered.as_ref().map_or(0, |set| set.set.len()) as u32;
        let (number, unbroken) = match pattern.0.checked_sub(of_text + of_lowered) {
            Some(number) => (number, self.unbroken()?),
            None => (pattern.0, None),
        };
        let Some(id) = number.checked_sub(of_text) else {
            let id = PatternId(number);
            let scan = unbroken.map_or(&self.scan, |view| &view.scan);
            CoreScan::ensure_detached(scan, id, self.limit)?;
            return Ok(Place { scan, id, view: unbroken });
        };
        let lowered = if unbroken.is_some() { &self.unbroken_lowered } else { &self.lowered };
        let view = match lowered.get() {
            Some(view) => view,
            None => {
                let view = self.lower(unbroken)?;
                lowered.get_or_init(|| view)
            }
        };
        Ok(Place { scan: &view.scan, id: PatternId(id), view: Some(view) })
    }

    /// The document without what nobody sees; `None` if it has nothing of the kind.
    fn unbroken(&self) -> PyResult<Option<&View>> {
        if let Some(view) = self.unbroken.get() {
            return Ok(view.as_ref());
        }
        let view = Python::attach(|py| {
            let made = call_method(self.document.bind(py), intern!(py, "unbroken"), &[])?;
            let Some((scan, taken_out)) = made.extract()? else { return Ok(None) };
            self.made_with(&scan, Some(&self.gates.text))?;
            Ok::<_, PyErr>(Some(View { scan, dotted: Vec::new(), taken_out }))
        })?;
        Ok(self.unbroken.get_or_init(|| view).as_ref())
    }

    fn lower(&self, unbroken: Option<&View>) -> PyResult<View> {
        Python::attach(|py| {
            let is_unbroken = unbroken.is_some().into_pyobject(py)?;
            let document = self.document.bind(py);
            let lowered = call_method(document, intern!(py, "lowered"), &[is_unbroken.as_any()])?;
            let (scan, dotted): (Py<CoreScan>, Vec<usize>) = lowered.extract()?;
            self.made_with(&scan, self.gates.lowered.as_ref())?;
            let taken_out = unbroken.map_or_else(Vec::new, |view| view.taken_out.clone());
            Ok(View { scan, dotted, taken_out })
        })
    }

    fn made_with(&self, scan: &Py<CoreScan>, set: Option<&Arc<SharedSet>>) -> PyResult<()> {
        if set.is_some_and(|set| Arc::ptr_eq(set, &scan.get().set)) {
            return Ok(());
        }
        Err(PyValueError::new_err("the scan was made with another pattern set"))
    }

    /// An error with the pattern of which it is, if it is about one question.
    fn named(&self, pattern: GatePattern, error: PyErr) -> Obstacle {
        let named = Python::attach(|py| match error.is_instance_of::<UnansweredError>(py) {
            true => error.value(py).setattr("number", pattern.0),
            false => Ok(()),
        });
        Obstacle::Error(named.err().unwrap_or(error))
    }

    fn look_after(&self, scan: &Py<CoreScan>, id: PatternId) -> PyResult<()> {
        self.looks.borrow_mut().look_after(scan.get().work_of(id))
    }

    fn may_ask_re(&self) -> Result<(), Obstacle> {
        if self.without_re.get() {
            return Err(Obstacle::Later);
        }
        Ok(())
    }

    /// Every match by `re`, as it lies in the view.
    fn spans_by_re(&self, pattern: GatePattern) -> Result<Vec<Span>, Obstacle> {
        self.may_ask_re()?;
        let spans = Python::attach(|py| -> PyResult<_> {
            let pattern = pattern.0.into_pyobject(py)?;
            let document = self.document.bind(py);
            let spans = call_method(document, intern!(py, "spans_by_re"), &[&pattern])?;
            let spans: Vec<Pair> = spans.extract()?;
            Ok(spans.into_iter().map(span).collect())
        });
        Ok(spans?)
    }

    fn captures_by_re(
        &self,
        capture: Capture,
        place: &Place<'_>,
    ) -> Result<Vec<Option<Span>>, Obstacle> {
        self.may_ask_re()?;
        let captures = Python::attach(|py| -> PyResult<_> {
            let pattern = capture.pattern.0.into_pyobject(py)?;
            let group = capture.group.into_pyobject(py)?;
            let document = self.document.bind(py);
            let name = intern!(py, "captures_by_re");
            let spans = call_method(document, name, &[&pattern, &group])?;
            let spans: Vec<Option<Pair>> = spans.extract()?;
            Ok(spans.into_iter().map(|found| found.map(|found| place.back(span(found)))).collect())
        });
        Ok(captures?)
    }
}

/// Judges gates on one document; an error that is not about one question ends it.
fn judge<'g>(
    gates: impl Iterator<Item = &'g Gate>,
    document: &Document<'_, Answers<'_>>,
) -> PyResult<Vec<Judged>> {
    let judge = |gate| match evaluate(gate, document) {
        Ok(outcome) => flat(outcome).map(Ok),
        Err(Obstacle::Error(error)) if !is_of_one_question(&error) => Err(error),
        Err(obstacle) => Ok(Err(obstacle)),
    };
    gates.map(judge).collect()
}

/// Whether an error leaves the other questions about a document open.
fn is_of_one_question(error: &PyErr) -> bool {
    Python::attach(|py| error.is_instance_of::<UnansweredError>(py))
}

impl Answerer for Answers<'_> {
    type Error = Obstacle;

    fn length(&self) -> usize {
        self.scan.get().scan.len()
    }

    fn is_match(&self, pattern: GatePattern) -> Result<bool, Obstacle> {
        let named = |error| self.named(pattern, error);
        let Place { scan, id, .. } = self.place(pattern).map_err(named)?;
        if let Some(known) = scan.get().scan.known(&scan.get().set.set, id) {
            return Ok(known);
        }
        self.look_after(scan, id).map_err(named)?;
        match CoreScan::matches_detached(scan, id, self.limit).map_err(named)? {
            Answer::Known(matches) => Ok(matches),
            Answer::AskRe => {
                self.may_ask_re()?;
                let answer = Python::attach(|py| {
                    let pattern = pattern.0.into_pyobject(py)?;
                    let document = self.document.bind(py);
                    call_method(document, intern!(py, "matches_by_re"), &[&pattern])?.is_truthy()
                });
                Ok(answer?)
            }
        }
    }

    fn first(&self, pattern: GatePattern) -> Result<Option<Span>, Obstacle> {
        let named = |error| self.named(pattern, error);
        let place = self.place(pattern).map_err(named)?;
        self.look_after(place.scan, place.id).map_err(named)?;
        let first =
            match CoreScan::first_detached(place.scan, place.id, self.limit).map_err(named)? {
                Answer::Known(found) => found,
                Answer::AskRe => self.spans_by_re(pattern)?.first().copied(),
            };
        Ok(first.map(|found| place.back(found)))
    }

    fn spans(&self, pattern: GatePattern) -> Result<Vec<Span>, Obstacle> {
        let named = |error| self.named(pattern, error);
        let place = self.place(pattern).map_err(named)?;
        self.look_after(place.scan, place.id).map_err(named)?;
        let spans = CoreScan::spans_detached(place.scan, place.id, self.limit).map_err(named)?;
        let mut spans = match spans {
            Answer::Known(spans) => spans,
            Answer::AskRe => self.spans_by_re(pattern)?,
        };
        if place.view.is_some_and(View::moves) {
            for found in &mut spans {
                *found = place.back(*found);
            }
        }
        Ok(spans)
    }

    fn captures(&self, capture: Capture) -> Result<Vec<Option<Span>>, Obstacle> {
        let named = |error| self.named(capture.pattern, error);
        let place = self.place(capture.pattern).map_err(named)?;
        let (scan, id) = (place.scan, place.id);
        let spans = CoreScan::spans_detached(scan, id, self.limit).map_err(named)?;
        let Answer::Known(spans) = spans else {
            return self.captures_by_re(capture, &place);
        };
        let mut captures = memory::with_capacity(spans.len());
        for found in spans {
            self.looks.borrow_mut().look().map_err(named)?;
            match CoreScan::groups_detached(scan, id, found, self.limit).map_err(named)? {
                Answer::Known(groups) => {
                    let part = groups.spans.get(capture.group as usize).copied().flatten();
                    captures.push(part.map(|part| place.back(part)));
                }
                Answer::AskRe => return self.captures_by_re(capture, &place),
            }
        }
        Ok(captures)
    }

    fn marks(&self, unit: Unit) -> Result<Vec<Span>, Obstacle> {
        let number = (unit as usize).checked_sub(1).and_then(|unit| self.gates.marks[unit]);
        let number = number.ok_or_else(|| PyRuntimeError::new_err("a unit has no pattern"))?;
        self.spans(GatePattern(number))
    }

    fn texts(&self, spans: &[Span]) -> Result<Vec<String>, Obstacle> {
        let texts = Python::attach(|py| {
            let pairs = spans.iter();
            let pairs = pairs.map(|span| pair(py, span.start() as isize, span.end() as isize));
            let spans = list(py, pairs)?;
            call_method(self.document.bind(py), intern!(py, "texts"), &[&spans])?.extract()
        });
        Ok(texts?)
    }
}
