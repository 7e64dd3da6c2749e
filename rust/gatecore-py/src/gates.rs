//! `CoreGates`: the core's gates over one pattern set for each view of a document.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gatecore::gate::{
    evaluate, masked, Answerer, Asked, Capture, Counters, Document, Filled, Gate, GatePattern,
    Gates, Meter, Outcome, PatternRef, Told, Unit, Validity, View as Form,
};
use gatecore::{
    memory, Anchor, Answer, BuildError, PatternId, PatternSet, Scan, SharedSet, Span, Unbroken,
};
use gatecore_ffi::cpython::{call_method, list, number, pair};
use pyo3::exceptions::{PyIndexError, PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::deadline::{Deadline, Limit, Looks};
use crate::errors;
use crate::gil::without_gil;
use crate::lowercase::LowercaseOffsets;
use crate::scan::CoreScan;
use crate::set::CoreSet;

/// (evidence, listed, start, end).
type FlatFinding = (u32, u32, usize, usize);
/// A place, or (-1, count), or (-1, -1) for no place.
type FlatFilled = (isize, isize);
/// (branch or None when not relevant, findings, texts).
type FlatOutcome = (Option<usize>, Vec<FlatFinding>, Vec<Option<Vec<FlatFilled>>>);

type Pair = (usize, usize);
/// The outcome of each gate or why it has none, and what is to be masked, None where that is not known.
type Answered = (Vec<(Option<FlatOutcome>, Option<PyErr>)>, Option<Vec<Pair>>);

/// Documents, characters, nanoseconds of passes, questions to `re`.
type FlatDocuments = (u64, u64, u64, u64);
/// Of a gate: nanoseconds, unanswered, not relevant, then each branch.
type FlatCounts = (u64, u64, u64, Vec<u64>);
/// Nanoseconds: pass, automata, `re`, rules, masking, handing over, reports; first how many reports.
type FlatParts = (u64, u64, u64, u64, u64, u64, u64, u64);
/// How often and how long.
type Times = (u64, u64);
/// Of a gate: showing a match, silent; nanoseconds of automata, `re` and reports; quantiles.
type FlatGateDetail = (Times, Times, u64, u64, u64, [u64; 4]);
/// Of a pattern: its number; known with a match and without; asked, matching or not; of `re`; quantiles.
type FlatPatternDetail = (u32, (u64, u64), Times, Times, u64, [u64; 4]);
/// What was measured while profiling.
type FlatDetail = (FlatParts, Vec<FlatGateDetail>, Vec<FlatPatternDetail>);

/// Gates over the pattern sets of the document and of the document in lower case. Immutable.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreGates {
    gates: Gates,
    text: Arc<SharedSet>,
    lowercase: Option<Arc<SharedSet>>,
    counters: Counters,
}

#[pymethods]
impl CoreGates {
    /// `gates` is JSON, which `gatecore.gates.wire` writes.
    #[new]
    fn new(gates: &str, text: &CoreSet, lowercase: Option<&CoreSet>) -> PyResult<Self> {
        let gates = Gates::from_json(gates).map_err(errors::build)?;
        let text = Arc::clone(&text.shared);
        let lowercase = lowercase.map(|set| Arc::clone(&set.shared));
        let counters = Counters::new(&gates.gates, gates.patterns.len());
        let made = CoreGates { gates, text, lowercase, counters };
        let is_unknown = |pattern: &&PatternRef| {
            let count = made.set(pattern.view).map_or(0, |set| set.set.len());
            pattern.number as usize >= count
        };
        if let Some(unknown) = made.gates.patterns.iter().find(is_unknown) {
            let message = format!("{unknown:?} is not in the set of its view");
            return Err(errors::build(BuildError::Gates(message)));
        }
        Ok(made)
    }

    fn __len__(&self) -> usize {
        self.gates.gates.len()
    }

    /// Answers every gate; the GIL is released except where the document's text is needed or `re`
    /// answers for a pattern on the fallback route: `document` is a `gatecore.gates.document.GateDocument`.
    ///
    /// A gate that hangs on a question that was not answered comes back as the `UnansweredError`. With a
    /// deadline, gates that need `re` come last: it may take all the time there is. With `only`, these
    /// gates by number, in that order. Behind the outcomes come the spans that must not be shown as they
    /// are, in order, or None if a question about them was not answered.
    ///
    /// `pass_seconds` is how long the pass took that was made before, for the counters.
    #[pyo3(signature = (document, deadline=None, only=None, pass_seconds=0.0))]
    fn evaluate(
        &self,
        document: &Bound<'_, PyAny>,
        deadline: Option<&Bound<'_, Deadline>>,
        only: Option<Vec<usize>>,
        pass_seconds: f64,
    ) -> PyResult<Answered> {
        let py = document.py();
        let gates = self.chosen(only)?;
        let limit = &Limit::of(deadline);
        let answers = Answers {
            gates: self,
            views: Default::default(),
            document: document.clone().unbind(),
            limit,
            looks: RefCell::new(Looks::new(limit)),
            without_re: Cell::new(deadline.is_some()),
            is_profiling: self.counters.is_profiling(),
            meter: OnceCell::new(),
        };
        let whole = answers.view(Form::Text, false)?; // its length is asked of it, which must not fail
        let length = whole.scan.get().scan.len();
        let _ = answers.meter.set(self.counters.document(length, duration(pass_seconds)));
        let work = move || {
            let document = Document::new(&answers);
            let meter = answers.meter();
            meter.begin();
            let mut outcomes = judge(gates.iter().copied(), &document, meter)?;
            answers.without_re.set(false);
            let later = |outcome: &Judged| matches!(outcome, Err(Obstacle::Later));
            let last = gates.iter().zip(&outcomes).filter(|(_, outcome)| later(outcome));
            let last: Vec<Numbered<'_>> = last.map(|(gate, _)| *gate).collect();
            let mut last = judge(last.into_iter(), &document, meter)?.into_iter();
            for outcome in outcomes.iter_mut().filter(|outcome| later(outcome)) {
                *outcome = last.next().expect("each gate that came last was judged");
            }
            let told = |outcome| match outcome {
                Ok(outcome) => (Some(outcome), None),
                Err(Obstacle::Later) => unreachable!("nothing is put off twice"),
                Err(Obstacle::Error(error)) => (None, Some(error)),
            };
            let hidden = match masked(&self.gates.masked, &document) {
                Ok(spans) => Some(spans.iter().map(|span| (span.start(), span.end())).collect()),
                Err(Obstacle::Error(error)) if !is_of_one_question(&error) => return Err(error),
                Err(_) => None,
            };
            meter.masking();
            Ok((outcomes.into_iter().map(told).collect(), hidden))
        };
        without_gil(py, move || errors::caught(work)?)
    }

    /// Counts a document of which no gate could be judged, as the pass over it was not finished.
    #[pyo3(signature = (characters, only=None, pass_seconds=0.0))]
    fn count_unfinished(
        &self,
        characters: usize,
        only: Option<Vec<usize>>,
        pass_seconds: f64,
    ) -> PyResult<()> {
        let gates = self.chosen(only)?;
        let numbers = gates.into_iter().map(|(number, _)| number);
        self.counters.unfinished(characters, duration(pass_seconds), numbers);
        Ok(())
    }

    /// What was counted of documents, (documents, characters, nanoseconds of passes, questions to `re`), and
    /// of each gate, (nanoseconds, unanswered, not relevant, each branch).
    fn counts(&self) -> (FlatDocuments, Vec<FlatCounts>) {
        let all = self.counters.documents();
        let gates = self.counters.gates().into_iter();
        let gates =
            gates.map(|gate| (gate.nanoseconds, gate.unanswered, gate.not_relevant, gate.branches));
        let documents = (all.documents, all.characters, all.pass_nanoseconds, all.asked_of_re);
        (documents, gates.collect())
    }

    /// Whether documents are measured in detail.
    #[getter]
    fn is_profiling(&self) -> bool {
        self.counters.is_profiling()
    }

    /// Has documents measured in detail from the next one on, or no longer; what was measured stays.
    fn set_profiling(&self, is_profiling: bool) {
        self.counters.set_profiling(is_profiling);
    }

    /// Counts a report that was made, while profiling: in nanoseconds each gate's part in it, how long
    /// `evaluate` took, and all of the report after it.
    fn count_report(&self, gates: Vec<(usize, u64)>, evaluated: u64, report: u64) {
        if let Some(detail) = self.counters.detail() {
            detail.report(&gates, evaluated, report);
        }
    }

    /// What was measured while profiling, None if it never was: nanoseconds and counts of parts, gates and
    /// patterns, which `gatecore.gates.counters` reads.
    fn details(&self) -> Option<FlatDetail> {
        let detail = self.counters.detail()?;
        let p = detail.parts();
        let parts =
            (p.reports, p.pass, p.confirmation, p.re, p.rules, p.masking, p.handing_over, p.report);
        let gates = detail.gates().map(|gate| {
            (gate.shown, gate.silent, gate.confirmation, gate.re, gate.report, gate.quantiles)
        });
        let patterns = detail.patterns().map(|one| {
            let number = one.pattern.0;
            (number, one.known, one.matched, one.unmatched, one.asked_of_re, one.quantiles)
        });
        Some((parts, gates.collect(), patterns.collect()))
    }
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// A gate with its number.
type Numbered<'g> = (usize, &'g Gate);

impl CoreGates {
    /// The gates of these numbers; all if none are named.
    fn chosen(&self, only: Option<Vec<usize>>) -> PyResult<Vec<Numbered<'_>>> {
        let gates = &self.gates.gates;
        let Some(only) = only else { return Ok(gates.iter().enumerate().collect()) };
        let known = |number: usize| {
            let unknown = || PyIndexError::new_err(format!("there is no gate {number}"));
            gates.get(number).map(|gate| (number, gate)).ok_or_else(unknown)
        };
        only.into_iter().map(known).collect()
    }

    fn set(&self, view: Form) -> Option<&Arc<SharedSet>> {
        match view {
            Form::Text => Some(&self.text),
            Form::Lowercase => self.lowercase.as_ref(),
        }
    }
}

fn flat(outcome: Outcome) -> PyResult<FlatOutcome> {
    match outcome {
        Outcome::NotRelevant => Ok((None, Vec::new(), Vec::new())),
        Outcome::Nothing => Err(PyRuntimeError::new_err("a gate has no branch that holds")),
        Outcome::Branch { number, findings, texts } => {
            let findings = findings.into_iter().map(|found| {
                let (start, end) = (found.span.start(), found.span.end());
                (found.evidence, found.listed, start, end)
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

/// A document in one of its views.
struct View {
    scan: Py<CoreScan>,
    /// Back to the text of which it is the lower case, if that moves anything.
    lowercase: Option<Py<LowercaseOffsets>>,
    /// Back to the document of which what nobody sees was taken out before.
    unbroken: Unbroken,
}

impl View {
    fn moves(&self) -> bool {
        self.lowercase.is_some() || !self.unbroken.is_identity()
    }

    /// The document's span for one of the view: from its first character to its last.
    fn back(&self, found: Span) -> Span {
        let lowercase = self.lowercase.as_ref();
        self.unbroken.back(lowercase.map_or(found, |offsets| offsets.get().map.back(found)))
    }
}

/// A document's scans, its text and `re`.
struct Answers<'a> {
    gates: &'a CoreGates,
    /// As `CoreGates::set` has them, each as it is and then unbroken.
    views: [OnceLock<View>; 4],
    document: Py<PyAny>,
    limit: &'a Limit,
    looks: RefCell<Looks<'a>>,
    /// Whether `re` must not be asked yet.
    without_re: Cell<bool>,
    /// Whether questions are measured: asked for each, so it is not looked up.
    is_profiling: bool,
    /// Set as soon as the document's length is known.
    meter: OnceCell<Meter<'a>>,
}

/// Where a pattern is looked for.
#[derive(Clone, Copy)]
struct Place<'a> {
    view: &'a View,
    id: PatternId,
}

impl<'g> Answers<'g> {
    fn meter(&self) -> &Meter<'g> {
        self.meter.get().expect("it is set before the first question")
    }

    /// Asks the core about a pattern; an error is the pattern's.
    fn ask<'a, T>(
        &'a self,
        pattern: GatePattern,
        question: impl FnOnce(Place<'a>) -> PyResult<T>,
    ) -> Result<(&'a View, T), Obstacle> {
        let place = self.place(pattern);
        place
            .and_then(|place| Ok((place.view, question(place)?)))
            .map_err(|error| self.named(pattern, error))
    }

    /// Asks what may take a while, with looks at signals and the clock.
    fn search<T: Send + 'static>(
        &self,
        place: Place<'_>,
        question: impl FnOnce(&Scan, &PatternSet, PatternId) -> T + Send + 'static,
    ) -> PyResult<T> {
        let Place { view: View { scan, .. }, id } = place;
        self.looks.borrow_mut().look_after(scan.get().work_of(id))?;
        CoreScan::ask_detached(scan, id, self.limit, move |scan, set| question(scan, set, id))
    }

    /// Asks automata, and measures it while profiling; `matches` reads the answer, if they have one.
    fn timed<T>(
        &self,
        pattern: GatePattern,
        matches: impl FnOnce(&T) -> Option<bool>,
        question: impl FnOnce() -> PyResult<T>,
    ) -> PyResult<T> {
        let asked: Option<Asked> = if self.is_profiling { self.meter().ask() } else { None };
        let answer = question();
        if asked.is_some() {
            let matches = answer.as_ref().ok().and_then(matches);
            self.meter().answered(asked, pattern, matches);
        }
        answer
    }

    /// Likewise asks `re`.
    fn timed_re<T>(
        &self,
        pattern: GatePattern,
        matches: impl FnOnce(&T) -> bool,
        question: impl FnOnce() -> Result<T, Obstacle>,
    ) -> Result<T, Obstacle> {
        let asked = self.meter().ask();
        let answer = question();
        if asked.is_some() && !matches!(answer, Err(Obstacle::Later)) {
            self.meter().answered_by_re(asked, pattern, answer.as_ref().ok().map(matches));
        }
        answer
    }

    fn place(&self, pattern: GatePattern) -> PyResult<Place<'_>> {
        let PatternRef { view: form, in_unbroken, number, .. } =
            self.gates.gates.patterns[pattern.0 as usize];
        let (view, id) = (self.view(form, in_unbroken)?, PatternId(number));
        if form == Form::Text {
            let core = view.scan.get();
            if !core.scan.has(&core.set.set, id) {
                self.run_section(view, id)?;
            }
        }
        Ok(Place { view, id })
    }

    /// Runs the pass over the section of a pattern.
    #[cold]
    fn run_section(&self, view: &View, id: PatternId) -> PyResult<()> {
        self.meter().pass(|| CoreScan::ensure_detached(&view.scan, id, self.limit))
    }

    fn view(&self, form: Form, in_unbroken: bool) -> PyResult<&View> {
        let known = &self.views[2 * form as usize + usize::from(in_unbroken)];
        if let Some(view) = known.get() {
            return Ok(view);
        }
        let made = || {
            Python::attach(|py| {
                let name =
                    PyString::intern(py, if form == Form::Text { "text" } else { "lowercase" });
                let in_unbroken = in_unbroken.into_pyobject(py)?;
                let asked = [name.as_any(), in_unbroken.as_any()];
                let seen = call_method(self.document.bind(py), intern!(py, "core_view"), &asked)?;
                let (scan, lowercase, taken_out): (Py<CoreScan>, _, _) = seen.extract()?;
                let set = self.gates.set(form);
                if !set.is_some_and(|set| Arc::ptr_eq(set, &scan.get().set)) {
                    return Err(PyValueError::new_err(
                        "the scan was made with another pattern set",
                    ));
                }
                Ok(View { scan, lowercase, unbroken: Unbroken::new(taken_out) })
            })
        };
        // The first was made before, and with it what is measured with.
        let view: PyResult<View> = self.meter.get().map_or_else(made, |meter| meter.pass(made));
        let view = view?;
        Ok(known.get_or_init(|| view))
    }

    /// An error with the pattern of which it is, if it is about one question.
    fn named(&self, pattern: GatePattern, error: PyErr) -> Obstacle {
        let named =
            Python::attach(|py| match error.is_instance_of::<errors::UnansweredError>(py) {
                true => error.value(py).setattr("number", pattern.0),
                false => Ok(()),
            });
        Obstacle::Error(named.err().unwrap_or(error))
    }

    /// Asks the document, which asks `re`.
    fn ask_re<T>(
        &self,
        method: &str,
        numbers: &[u32],
        read: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>,
    ) -> Result<T, Obstacle> {
        if self.without_re.get() {
            return Err(Obstacle::Later);
        }
        self.meter().by_re();
        let answer = Python::attach(|py| {
            let numbers = numbers.iter().map(|&value| number(py, value as isize));
            let numbers = numbers.collect::<PyResult<Vec<_>>>()?;
            let (method, numbers) = (PyString::intern(py, method), Vec::from_iter(&numbers));
            read(&call_method(self.document.bind(py), &method, &numbers)?)
        });
        Ok(answer?)
    }

    /// Every match by `re`, as it lies in the view.
    fn spans_by_re(&self, pattern: GatePattern) -> Result<Vec<Span>, Obstacle> {
        let ask = || self.ask_re("spans_by_re", &[pattern.0], |found| found.extract());
        let spans: Vec<Pair> =
            self.timed_re(pattern, |spans: &Vec<Pair>| !spans.is_empty(), ask)?;
        Ok(spans.into_iter().map(span).collect())
    }

    fn captures_by_re(&self, capture: Capture, view: &View) -> Result<Vec<Option<Span>>, Obstacle> {
        let numbers = [capture.pattern.0, capture.group];
        let ask = || self.ask_re("captures_by_re", &numbers, |found| found.extract());
        let has = |parts: &Vec<Option<Pair>>| !parts.is_empty();
        let parts: Vec<Option<Pair>> = self.timed_re(capture.pattern, has, ask)?;
        let back = |part: Option<Pair>| part.map(|part| view.back(span(part)));
        Ok(parts.into_iter().map(back).collect())
    }
}

/// Judges gates on one document; an error that is not about one question ends it.
fn judge<'g>(
    gates: impl Iterator<Item = Numbered<'g>>,
    document: &Document<'_, Answers<'_>>,
    meter: &Meter<'_>,
) -> PyResult<Vec<Judged>> {
    let judge = |(number, gate)| {
        let judged = match evaluate(gate, document) {
            Ok(outcome) => Ok(flat(outcome)?),
            Err(Obstacle::Error(error)) if !is_of_one_question(&error) => return Err(error),
            Err(obstacle) => Err(obstacle),
        };
        let (told, shows) = match &judged {
            Ok((Some(branch), findings, _)) => (Some(Told::Branch(*branch)), !findings.is_empty()),
            Ok((None, ..)) => (Some(Told::NotRelevant), false),
            Err(Obstacle::Later) => (None, false),
            Err(Obstacle::Error(_)) => (Some(Told::Unanswered), false),
        };
        meter.gate(number, told, shows);
        Ok(judged)
    };
    gates.map(judge).collect()
}

/// What automata say, if they do.
fn known<T>(answer: &Answer<T>) -> Option<&T> {
    match answer {
        Answer::Known(known) => Some(known),
        Answer::AskRe => None,
    }
}

fn known_match(answer: &Answer<bool>) -> Option<bool> {
    known(answer).copied()
}

/// Whether an error leaves the other questions about a document open.
fn is_of_one_question(error: &PyErr) -> bool {
    Python::attach(|py| error.is_instance_of::<errors::UnansweredError>(py))
}

impl Answerer for Answers<'_> {
    type Error = Obstacle;

    fn length(&self) -> usize {
        self.views[0].get().map_or(0, |whole| whole.scan.get().scan.len())
    }

    fn valid(&self, pattern: GatePattern) -> Option<Validity> {
        self.gates.gates.patterns[pattern.0 as usize].valid
    }

    fn is_match(&self, pattern: GatePattern) -> Result<bool, Obstacle> {
        let (_, answer) = self.ask(pattern, |place| {
            let core = place.view.scan.get();
            if let Some(known) = core.scan.known(&core.set.set, place.id) {
                if self.is_profiling {
                    self.meter().known(pattern, known);
                }
                return Ok(Answer::Known(known));
            }
            self.timed(pattern, known_match, || self.search(place, Scan::is_match))
        })?;
        match answer {
            Answer::Known(matches) => Ok(matches),
            Answer::AskRe => self.timed_re(
                pattern,
                |matches| *matches,
                || self.ask_re("matches_by_re", &[pattern.0], |found| found.is_truthy()),
            ),
        }
    }

    fn first(&self, pattern: GatePattern) -> Result<Option<Span>, Obstacle> {
        let (view, answer) = self.ask(pattern, |place| {
            let find = |scan: &Scan, set: &PatternSet, id| {
                scan.find(set, id, Anchor::Search, scan.whole())
            };
            let has = |answer: &Answer<Option<Span>>| known(answer).map(Option::is_some);
            self.timed(pattern, has, || self.search(place, find))
        })?;
        let first = match answer {
            Answer::Known(found) => found,
            Answer::AskRe => self.spans_by_re(pattern)?.first().copied(),
        };
        Ok(first.map(|found| view.back(found)))
    }

    fn spans(&self, pattern: GatePattern) -> Result<Vec<Span>, Obstacle> {
        let (view, answer) = self.ask(pattern, |place| {
            let has = |answer: &Answer<Vec<Span>>| known(answer).map(|spans| !spans.is_empty());
            self.timed(pattern, has, || self.search(place, Scan::spans))
        })?;
        let mut spans = match answer {
            Answer::Known(spans) => spans,
            Answer::AskRe => self.spans_by_re(pattern)?,
        };
        if view.moves() {
            for found in &mut spans {
                *found = view.back(*found);
            }
        }
        Ok(spans)
    }

    fn captures(&self, capture: Capture) -> Result<Vec<Option<Span>>, Obstacle> {
        // All in one question: on a long document each question may begin a thread.
        let (view, captures) = self.ask(capture.pattern, |place| {
            let search = || {
                self.search(place, move |scan, set, id| {
                    let Answer::Known(spans) = scan.spans(set, id) else { return None };
                    let mut captures = memory::with_capacity(spans.len());
                    for found in spans {
                        let groups = scan.groups(set, id, Anchor::Search, found, scan.whole().to);
                        let Answer::Known(groups) = groups else { return None };
                        captures.push(groups.spans.get(capture.group as usize).copied().flatten());
                    }
                    Some(captures)
                })
            };
            let has = |found: &Option<Vec<_>>| found.as_ref().map(|found| !found.is_empty());
            let captures = self.timed(capture.pattern, has, search)?;
            let back = |part: Span| place.view.back(part);
            Ok(captures
                .map(|captures| memory::collected(captures.into_iter().map(|part| part.map(back)))))
        })?;
        captures.map_or_else(|| self.captures_by_re(capture, view), Ok)
    }

    fn marks(&self, unit: Unit) -> Result<Vec<Span>, Obstacle> {
        let mark = self.gates.gates.marks.get(&unit);
        self.spans(*mark.ok_or_else(|| PyRuntimeError::new_err("a unit has no pattern"))?)
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
