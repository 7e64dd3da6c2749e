//! What judging gates cost and what came of it.
//!
//! ```text
//!                     always: a clock and two additions a gate           while profiling
//!   Meter ──▶ Counters   how often judged, how long, by which branch  ──▶ Detail  histograms, patterns, parts
//!   one document         documents, characters, passes, questions to `re`
//! ```
//!
//! A clock costs about 25 ns, so the end of one gate is the beginning of the next. Time spent on the pass
//! over the document is never a gate's own, also where a gate was the first to need it: another gate would have
//! paid for it otherwise.

mod detail;
mod histogram;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub use detail::{Detail, GateDetail, Parts, PatternDetail, Quantiles};
pub use histogram::Histogram;

use super::spec::{Gate, GatePattern};

/// How a gate was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Not at all: a question was not answered.
    Unanswered,
    /// It has nothing to say about the document.
    NotRelevant,
    /// By this branch.
    Branch(usize),
}

/// What was counted of one gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateCounts {
    /// How long it was judged, without passes.
    pub nanoseconds: u64,
    /// How often it could not be answered.
    pub unanswered: u64,
    /// How often it was not relevant.
    pub not_relevant: u64,
    /// How often each branch was the first that held.
    pub branches: Vec<u64>,
}

impl GateCounts {
    /// How often it was judged.
    pub fn judged(&self) -> u64 {
        self.unanswered + self.not_relevant + self.branches.iter().sum::<u64>()
    }
}

/// What was counted of documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentCounts {
    /// How many.
    pub documents: u64,
    /// Their characters.
    pub characters: u64,
    /// How long passes over them took, translation and other views of the text included.
    pub pass_nanoseconds: u64,
    /// Questions that `re` had to answer.
    pub asked_of_re: u64,
}

/// What the gates of a set counted since it was made. Threads add at the same time and nothing is lost.
#[derive(Debug)]
pub struct Counters {
    documents: AtomicU64,
    characters: AtomicU64,
    pass: AtomicU64,
    asked_of_re: AtomicU64,
    /// Gate by gate: nanoseconds, unanswered, not relevant, then each branch.
    slots: Box<[AtomicU64]>,
    /// Where those of each gate begin, and where all end.
    starts: Box<[usize]>,
    is_profiling: AtomicBool,
    detail: OnceLock<Detail>,
    patterns: usize,
}

/// Slots of a gate before those of its branches.
const BEFORE_BRANCHES: usize = 3;

impl Counters {
    /// Of these gates, which ask about so many patterns.
    pub fn new(gates: &[Gate], patterns: usize) -> Self {
        let mut starts = vec![0];
        for gate in gates {
            starts.push(starts[starts.len() - 1] + BEFORE_BRANCHES + gate.branches.len());
        }
        let slots = (0..starts[starts.len() - 1]).map(|_| AtomicU64::new(0)).collect();
        Counters {
            documents: AtomicU64::new(0),
            characters: AtomicU64::new(0),
            pass: AtomicU64::new(0),
            asked_of_re: AtomicU64::new(0),
            slots,
            starts: starts.into(),
            is_profiling: AtomicBool::new(false),
            detail: OnceLock::new(),
            patterns,
        }
    }

    /// Begins to measure one document.
    pub fn document(&self, characters: usize, pass: Duration) -> Meter<'_> {
        add(&self.documents, 1);
        add(&self.characters, characters as u64);
        let meter = Meter {
            counters: self,
            detail: self.is_profiling().then(|| self.detail.get()).flatten(),
            since: Cell::new(Instant::now()),
            pass_inside: Cell::new(0),
            inside: Cell::default(),
        };
        let pass = nanoseconds(pass);
        add(&self.pass, pass);
        if let Some(detail) = meter.detail {
            detail.first_pass(pass);
        }
        meter
    }

    /// Counts a document of which no gate could be judged, as the pass was not finished.
    pub fn unfinished(
        &self,
        characters: usize,
        pass: Duration,
        gates: impl Iterator<Item = usize>,
    ) {
        let meter = self.document(characters, pass);
        for gate in gates {
            meter.count(gate, Told::Unanswered);
        }
    }

    /// Whether documents are measured in detail.
    pub fn is_profiling(&self) -> bool {
        self.is_profiling.load(Ordering::Relaxed)
    }

    /// Has documents measured in detail from the next one on, or no longer. What was measured stays.
    pub fn set_profiling(&self, is_profiling: bool) {
        if is_profiling {
            self.detail.get_or_init(|| Detail::new(self.starts.len() - 1, self.patterns));
        }
        self.is_profiling.store(is_profiling, Ordering::Relaxed);
    }

    /// What was measured in detail, if ever it was.
    pub fn detail(&self) -> Option<&Detail> {
        self.detail.get()
    }

    /// What was counted of documents.
    pub fn documents(&self) -> DocumentCounts {
        DocumentCounts {
            documents: get(&self.documents),
            characters: get(&self.characters),
            pass_nanoseconds: get(&self.pass),
            asked_of_re: get(&self.asked_of_re),
        }
    }

    /// What was counted of each gate. While documents are judged, some gates may have one more than others.
    pub fn gates(&self) -> Vec<GateCounts> {
        let of = |range: &[usize]| {
            let slots = &self.slots[range[0]..range[1]];
            GateCounts {
                nanoseconds: get(&slots[0]),
                unanswered: get(&slots[1]),
                not_relevant: get(&slots[2]),
                branches: slots[BEFORE_BRANCHES..].iter().map(get).collect(),
            }
        };
        self.starts.windows(2).map(of).collect()
    }
}

/// Measures one document while its gates are judged, on one thread.
#[derive(Debug)]
pub struct Meter<'a> {
    counters: &'a Counters,
    detail: Option<&'a Detail>,
    /// When the last gate ended.
    since: Cell<Instant>,
    /// Passes since then.
    pass_inside: Cell<u64>,
    /// Questions since then, in nanoseconds: of automata, of `re`.
    inside: Cell<(u64, u64)>,
}

/// A question about a pattern that is being timed.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    since: Instant,
    pass_inside: u64,
}

impl Meter<'_> {
    /// Whether questions are measured.
    #[inline]
    pub fn is_profiling(&self) -> bool {
        self.detail.is_some()
    }

    /// Begins the first gate.
    pub fn begin(&self) {
        self.since.set(Instant::now());
        self.pass_inside.set(0);
        self.inside.set((0, 0));
    }

    /// Ends a gate, and begins the next. `None` if it was put off. `shows` says whether it shows a match.
    pub fn gate(&self, gate: usize, told: Option<Told>, shows: bool) {
        let now = Instant::now();
        let took = nanoseconds(now - self.since.replace(now));
        let took = took.saturating_sub(self.pass_inside.replace(0));
        add(&self.counters.slots[self.counters.starts[gate]], took);
        if let Some(told) = told {
            self.count(gate, told);
        }
        if let Some(detail) = self.detail {
            let (confirmation, re) = self.inside.replace((0, 0));
            detail.gate(gate, told.is_some(), shows, took, confirmation, re);
        }
    }

    /// Ends what comes after the gates: what is masked was looked for.
    pub fn masking(&self) {
        if let Some(detail) = self.detail {
            let took = nanoseconds(self.since.get().elapsed());
            detail.masking(took.saturating_sub(self.pass_inside.get()));
        }
    }

    fn count(&self, gate: usize, told: Told) {
        let slot = match told {
            Told::Unanswered => 1,
            Told::NotRelevant => 2,
            Told::Branch(number) => BEFORE_BRANCHES + number,
        };
        add(&self.counters.slots[self.counters.starts[gate] + slot], 1);
    }

    /// Does part of a pass.
    pub fn pass<T>(&self, work: impl FnOnce() -> T) -> T {
        let since = Instant::now();
        let done = work();
        let took = nanoseconds(since.elapsed());
        self.pass_inside.set(self.pass_inside.get() + took);
        add(&self.counters.pass, took);
        if let Some(detail) = self.detail {
            detail.late_pass(took);
        }
        done
    }

    /// Counts a question that the pass had answered, or that was answered before.
    #[inline]
    pub fn known(&self, pattern: GatePattern, matches: bool) {
        if let Some(detail) = self.detail {
            detail.known(pattern, matches);
        }
    }

    /// Begins a question that takes work.
    #[inline]
    pub fn ask(&self) -> Option<Asked> {
        self.detail.map(|_| Asked { since: Instant::now(), pass_inside: self.pass_inside.get() })
    }

    /// Ends it; `None` for `matches` if it was not answered.
    #[cold]
    pub fn answered(&self, asked: Option<Asked>, pattern: GatePattern, matches: Option<bool>) {
        let Some((detail, asked)) = self.detail.zip(asked) else { return };
        let took = self.took(asked);
        let (confirmation, re) = self.inside.get();
        self.inside.set((confirmation + took, re));
        detail.question(pattern, matches, took, false);
    }

    /// Counts a question that `re` has to answer.
    pub fn by_re(&self) {
        add(&self.counters.asked_of_re, 1);
    }

    /// Ends a question that `re` answered.
    #[cold]
    pub fn answered_by_re(
        &self,
        asked: Option<Asked>,
        pattern: GatePattern,
        matches: Option<bool>,
    ) {
        let Some((detail, asked)) = self.detail.zip(asked) else { return };
        let took = self.took(asked);
        let (confirmation, re) = self.inside.get();
        self.inside.set((confirmation, re + took));
        detail.question(pattern, matches, took, true);
    }

    fn took(&self, asked: Asked) -> u64 {
        let pass = self.pass_inside.get() - asked.pass_inside;
        nanoseconds(asked.since.elapsed()).saturating_sub(pass)
    }
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

fn get(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
