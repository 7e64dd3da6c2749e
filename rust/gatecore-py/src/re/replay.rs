//! `CoreReplay`: a gate that was followed, as a tree that is walked for each document.
//!
//! ```text
//! fork: any(has(p1), contains("fee"))
//!   ├─ yes ─▶ fork … ─▶ leaf: the result as an expression, made anew for each document
//!   └─ no  ─▶ leaf
//! ```
//!
//! A fork that a document takes for the first time has no node yet: the gate's own Python runs, and the
//! way is added (`gatecore.hosts.replay`). What the tree was made from (the gate's attributes, the code of
//! its methods) is compared before each walk.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gatecore::counters::{self, REASONS};
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyEllipsis, PyNotImplemented, PyTuple};

use crate::re::expression::{Expression, Kept, Number, Watched};
use crate::re::walk::Walk;

/// How often the gate's own Python has to give the same before a leaf is trusted.
const CONFIRMED: u8 = 2;

/// The place of a node.
type Place = usize;

/// A node of the tree.
#[derive(Clone)]
enum Node {
    Fork {
        condition: Number,
        ways: [Option<Place>; 2],
    },
    /// What may raise, the result, and how often the gate's own Python gave the same.
    Leaf {
        checked: Vec<Number>,
        result: Number,
        trusted: Arc<AtomicU8>,
    },
    /// The gate's own Python runs.
    Run,
}

/// What is walked. Changed only as a whole, so that walks, which let the GIL go, need no lock.
#[derive(Default, Clone)]
struct Program {
    kept: Vec<Arc<Kept>>,
    spanned: HashSet<(usize, usize)>,
    watched: Vec<Arc<Watched>>,
    nodes: Vec<Node>,
}

/// A gate that was followed.
///
/// Its lock is held for moments, with the GIL, and never while Python code runs.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreReplay {
    program: Mutex<Arc<Program>>,
    replayed: AtomicU64,
    ran: AtomicU64,
    raised: AtomicU64,
    /// Results of calls that are counted here, and what all walks asked, as `thread_counts` has it: in
    /// calls within others, and in others.
    calls: AtomicU64,
    asked: [[AtomicU64; REASONS.len() + 1]; 2],
}

impl CoreReplay {
    fn program(&self) -> Arc<Program> {
        self.program.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Program) -> T) -> T {
        change(Arc::make_mut(&mut self.program.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The node that a link leads to.
fn linked(nodes: &[Node], link: Option<(Place, bool)>) -> Option<Place> {
    match link {
        None => (!nodes.is_empty()).then_some(0),
        Some((place, side)) => match &nodes[place] {
            Node::Fork { ways, .. } => ways[usize::from(side)],
            _ => None,
        },
    }
}

/// Adds a node, and links it.
fn add(nodes: &mut Vec<Node>, link: Option<(Place, bool)>, node: Node) -> Place {
    let new = nodes.len();
    nodes.push(node);
    if let Some((place, side)) = link {
        if let Node::Fork { ways, .. } = &mut nodes[place] {
            ways[usize::from(side)] = Some(new);
        }
    }
    new
}

/// Where a walk ended.
enum End<'py> {
    Result(Bound<'py, PyAny>, Arc<AtomicU8>),
    Run,
    New,
}

/// What a leaf is grown from: 0 for none, 1 for the gate's own Python, 2 for a result.
type Grown = (u8, Option<Leaf>);

/// What may raise, and the result.
type Leaf = (Vec<Number>, Number);

/// A fork as Python tells it: its condition, the side that was gone on with, what the other comes to.
type Grow = (Number, bool, u8, Option<Leaf>);

fn grown((kind, leaf): Grown) -> Option<Node> {
    match (kind, leaf) {
        (2, Some((checked, result))) => {
            Some(Node::Leaf { checked, result, trusted: Arc::default() })
        }
        (1, _) => Some(Node::Run),
        _ => None,
    }
}

/// Walks; an untrusted leaf is as good as none unless `trusting`.
fn walked<'py>(
    program: &Program,
    document: &Bound<'py, PyAny>,
    trusting: bool,
) -> PyResult<End<'py>> {
    let mut walk = Walk::new(&program.kept, &program.spanned, document);
    let mut place = 0;
    loop {
        match program.nodes.get(place) {
            None => return Ok(End::New),
            Some(Node::Run) => return Ok(End::Run),
            Some(Node::Fork { condition, ways }) => {
                match ways[usize::from(walk.truth(*condition)?)] {
                    Some(next) => place = next,
                    None => return Ok(End::New),
                }
            }
            Some(Node::Leaf { checked, result, trusted }) => {
                if !trusting && trusted.load(Ordering::Relaxed) < CONFIRMED {
                    return Ok(End::New);
                }
                walk.check(checked)?;
                return Ok(End::Result(walk.object(*result)?, trusted.clone()));
            }
        }
    }
}

#[pymethods]
impl CoreReplay {
    #[new]
    fn new() -> Self {
        CoreReplay {
            program: Mutex::default(),
            replayed: AtomicU64::new(0),
            ran: AtomicU64::new(0),
            raised: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            asked: Default::default(),
        }
    }

    /// Keeps one more expression; its number. `closed` if it is the same wherever it is asked about.
    fn add(&self, name: &str, arguments: &Bound<'_, PyTuple>, closed: bool) -> PyResult<Number> {
        let expression = Expression::of(name, arguments, &self.program().kept)?;
        Ok(self.change(|program| {
            if let Expression::Each(asked, ..) | Expression::Count(asked) = &expression {
                program.spanned.insert((asked.view, asked.pattern.as_ptr() as usize));
            }
            program.kept.push(Arc::new(Kept { expression, closed }));
            program.kept.len() - 1
        }))
    }

    /// Keeps that an item of a dict, a list's elements or a function's code were these; `...` for an item
    /// that is not there.
    fn watch(&self, owner: &Bound<'_, PyAny>, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) {
        let missing = PyEllipsis::get(owner.py());
        let watched = Arc::new(Watched::new(owner, key, value, missing.as_any()));
        self.change(|program| program.watched.push(watched));
    }

    /// Whether what was read of the host is what it was.
    fn holds(&self, py: Python<'_>) -> PyResult<bool> {
        for watched in &self.program().watched {
            if !watched.holds(py)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether an expression holds for a document.
    fn evaluate(&self, document: &Bound<'_, PyAny>, number: Number) -> PyResult<bool> {
        let program = self.program();
        Walk::new(&program.kept, &program.spanned, document).truth(number)
    }

    /// Adds a way: for each fork its condition, the side that was gone on with and what the other comes
    /// to, and then the end. Whether there was room for it.
    fn grow(&self, forks: Vec<Grow>, kind: u8, leaf: Option<Leaf>, most: usize) -> PyResult<bool> {
        self.change(|program| {
            let known = program.kept.len();
            if forks.iter().any(|fork| fork.0 >= known) {
                return Err(PyValueError::new_err("there is no such expression"));
            }
            if program.nodes.len() + 2 * forks.len() + 1 > most {
                return Ok(false);
            }
            let nodes = &mut program.nodes;
            // Where the next node belongs: the root, or a side of a fork.
            let mut link: Option<(Place, bool)> = None;
            for (condition, side, other_kind, other) in forks {
                let fork = Node::Fork { condition, ways: [None, None] };
                let place = linked(nodes, link).unwrap_or_else(|| add(nodes, link, fork));
                let Node::Fork { condition: found, ways } = &nodes[place] else {
                    return Err(PyValueError::new_err("a way ends where another goes on"));
                };
                if *found != condition {
                    return Err(PyValueError::new_err("a fork is another one than before"));
                }
                if ways[usize::from(!side)].is_none() {
                    if let Some(leaf) = grown((other_kind, other)) {
                        add(nodes, Some((place, !side)), leaf);
                    }
                }
                link = Some((place, side));
            }
            if linked(nodes, link).is_none() {
                if let Some(leaf) = grown((kind, leaf)) {
                    add(nodes, link, leaf);
                }
            }
            Ok(true)
        })
    }

    /// The same as `walk`, whether the gate's own Python has confirmed the leaf or not.
    fn verify<'py>(&self, document: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = document.py();
        match walked(&self.program(), document, true) {
            Ok(End::Result(result, _)) => Ok(result),
            Ok(End::New) => Ok(PyEllipsis::get(py).to_owned().into_any()),
            Ok(End::Run) => Ok(PyNotImplemented::get(py).to_owned().into_any()),
            Err(error) if error.is_instance_of::<PyException>(py) => {
                Ok(PyNotImplemented::get(py).to_owned().into_any())
            }
            Err(error) => Err(error),
        }
    }

    /// Confirms the leaf to which a document comes: the gate's own Python gave the same.
    fn trust(&self, document: &Bound<'_, PyAny>) -> PyResult<()> {
        if let End::Result(_, trusted) = walked(&self.program(), document, true)? {
            let confirmed = trusted.load(Ordering::Relaxed);
            trusted.store(confirmed.saturating_add(1), Ordering::Relaxed);
        }
        Ok(())
    }

    /// What the gate gives for a document. `NotImplemented` if its own Python has to run, `...` if the
    /// document goes a way that was not followed yet or what was read of the host has changed.
    ///
    /// `place` is 1 for a call within another one and 2 for one that is not, and what it asks is counted;
    /// 0 if somebody else counts it.
    fn walk<'py>(&self, document: &Bound<'py, PyAny>, place: usize) -> PyResult<Bound<'py, PyAny>> {
        let py = document.py();
        let program = self.program();
        let asked = place.checked_sub(1).and_then(|place| self.asked.get(place));
        let before = asked.map(|asked| (asked, counters::of_thread()));
        for watched in &program.watched {
            if !watched.holds(py)? {
                return Ok(PyEllipsis::get(py).to_owned().into_any());
            }
        }
        let end = walked(&program, document, false);
        if let Some((asked, before)) = before {
            let now = counters::of_thread();
            for (total, (now, before)) in asked.iter().zip(now.iter().zip(before)) {
                total.fetch_add(now - before, Ordering::Relaxed);
            }
            if matches!(end, Ok(End::Result(..))) {
                count(&self.calls);
            }
        }
        match end {
            Ok(End::Result(result, _)) => {
                count(&self.replayed);
                Ok(result)
            }
            Ok(End::New) => Ok(PyEllipsis::get(py).to_owned().into_any()),
            Ok(End::Run) => {
                count(&self.ran);
                Ok(PyNotImplemented::get(py).to_owned().into_any())
            }
            // The gate's own Python raises it, or does not: a part of the way may not have been its.
            Err(error) if error.is_instance_of::<PyException>(py) => {
                count(&self.raised);
                Ok(PyNotImplemented::get(py).to_owned().into_any())
            }
            Err(error) => Err(error),
        }
    }

    /// How often a walk gave the result; how often that is counted here; what was asked within other calls
    /// and in others; the nodes; how often a walk ended where the gate's own Python runs, and how often
    /// since something was raised.
    fn counted(&self) -> (u64, u64, Vec<u64>, Vec<u64>, usize, u64, u64) {
        let all = [&self.replayed, &self.calls, &self.ran, &self.raised];
        let [replayed, calls, ran, raised] = all.map(|count| count.load(Ordering::Relaxed));
        let [within, outermost] = [0, 1].map(|place: usize| {
            self.asked[place].iter().map(|count| count.load(Ordering::Relaxed)).collect()
        });
        (replayed, calls, within, outermost, self.program().nodes.len(), ran, raised)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(program) = self.program.try_lock() else { return Ok(()) };
        for watched in &program.watched {
            watched.traverse(&visit)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        let old = std::mem::take(&mut *self.program.lock().unwrap_or_else(PoisonError::into_inner));
        drop(old);
    }
}
