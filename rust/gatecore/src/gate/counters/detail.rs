//! What is measured while profiling.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

use super::histogram::Histogram;
use super::{add, get};
use crate::gate::spec::GatePattern;

/// The durations that 50, 95 and 99 % do not exceed, and the longest.
pub type Quantiles = [u64; 4];

/// Where the time of documents went, in nanoseconds; together it is all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// How many documents' reports were made.
    pub reports: u64,
    /// Passes over documents.
    pub pass: u64,
    /// Automata that were asked about patterns.
    pub confirmation: u64,
    /// `re`, asked about patterns.
    pub re: u64,
    /// Conditions of gates, and what they show.
    pub rules: u64,
    /// Looking for what must not be shown.
    pub masking: u64,
    /// Handing answers to Python.
    pub handing_over: u64,
    /// Reports, made in Python.
    pub report: u64,
}

/// What was measured of a gate; times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateDetail {
    /// How often it was judged and showed matches, and how long.
    pub shown: (u64, u64),
    /// Likewise where it showed none.
    pub silent: (u64, u64),
    /// Of both, asking automata.
    pub confirmation: u64,
    /// Of both, asking `re`.
    pub re: u64,
    /// Its part of reports, made in Python: not in the times above.
    pub report: u64,
    /// How long it was judged.
    pub quantiles: Quantiles,
}

/// What was measured of a pattern; times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternDetail {
    /// Which.
    pub pattern: GatePattern,
    /// Questions that took no work, where it matches and where not: the pass had answered them.
    pub known: (u64, u64),
    /// Questions that took work, where it matches, and how long.
    pub matched: (u64, u64),
    /// Likewise where it does not, or where that was not answered.
    pub unmatched: (u64, u64),
    /// Of those with work, how many `re` was asked.
    pub asked_of_re: u64,
    /// How long those with work took.
    pub quantiles: Quantiles,
}

/// What was measured while profiling. Threads add at the same time.
#[derive(Debug)]
pub struct Detail {
    parts: PartSums,
    gates: Box<[GateSums]>,
    patterns: Box<[PatternSums]>,
}

#[derive(Debug, Default)]
struct PartSums {
    reports: AtomicU64,
    first_pass: AtomicU64,
    /// Passes while gates were judged.
    late_pass: AtomicU64,
    masking: AtomicU64,
    evaluated: AtomicU64,
    report: AtomicU64,
}

#[derive(Debug, Default)]
struct GateSums {
    times: Histogram,
    shown: [AtomicU64; 2],
    silent: [AtomicU64; 2],
    confirmation: AtomicU64,
    re: AtomicU64,
    report: AtomicU64,
}

#[derive(Debug, Default)]
struct PatternSums {
    known: [AtomicU64; 2],
    matched: [AtomicU64; 2],
    unmatched: [AtomicU64; 2],
    asked_of_re: AtomicU64,
    /// 5 kB, for the few patterns that need it.
    times: OnceLock<Histogram>,
}

const SHARES: [f64; 4] = [0.5, 0.95, 0.99, 1.0];

impl Detail {
    pub(super) fn new(gates: usize, patterns: usize) -> Self {
        Detail {
            parts: PartSums::default(),
            gates: (0..gates).map(|_| GateSums::default()).collect(),
            patterns: (0..patterns).map(|_| PatternSums::default()).collect(),
        }
    }

    pub(super) fn gate(
        &self,
        gate: usize,
        is_judged: bool,
        shows: bool,
        took: u64,
        confirmation: u64,
        re: u64,
    ) {
        let sums = &self.gates[gate];
        let [times, total] = if shows { &sums.shown } else { &sums.silent };
        add(total, took);
        if is_judged {
            add(times, 1);
            sums.times.record(took);
        }
        if confirmation > 0 {
            add(&sums.confirmation, confirmation);
        }
        if re > 0 {
            add(&sums.re, re);
        }
    }

    pub(super) fn first_pass(&self, took: u64) {
        add(&self.parts.first_pass, took);
    }

    pub(super) fn late_pass(&self, took: u64) {
        add(&self.parts.late_pass, took);
    }

    pub(super) fn masking(&self, took: u64) {
        add(&self.parts.masking, took);
    }

    #[inline]
    pub(super) fn known(&self, pattern: GatePattern, matches: bool) {
        add(&self.patterns[pattern.0 as usize].known[usize::from(!matches)], 1);
    }

    pub(super) fn question(
        &self,
        pattern: GatePattern,
        matches: Option<bool>,
        took: u64,
        by_re: bool,
    ) {
        let sums = &self.patterns[pattern.0 as usize];
        let [times, total] = if matches == Some(true) { &sums.matched } else { &sums.unmatched };
        add(times, 1);
        add(total, took);
        if by_re {
            add(&sums.asked_of_re, 1);
        }
        sums.times.get_or_init(Histogram::default).record(took);
    }

    /// Counts a report that was made of what the gates said: how long each gate's part took, how long
    /// everything from the first gate to Python did, and how long all of the report.
    pub fn report(&self, gates: &[(usize, u64)], evaluated: u64, report: u64) {
        for &(gate, took) in gates {
            if let Some(sums) = self.gates.get(gate) {
                add(&sums.report, took);
            }
        }
        add(&self.parts.reports, 1);
        add(&self.parts.evaluated, evaluated);
        add(&self.parts.report, report);
    }

    /// Where the time went.
    pub fn parts(&self) -> Parts {
        let sum = |of: fn(&GateSums) -> u64| self.gates.iter().map(of).sum::<u64>();
        let (confirmation, re) = (sum(|gate| get(&gate.confirmation)), sum(|gate| get(&gate.re)));
        let judged = sum(|gate| get(&gate.shown[1]) + get(&gate.silent[1]));
        let (late_pass, masking) = (get(&self.parts.late_pass), get(&self.parts.masking));
        let in_the_core = judged + late_pass + masking;
        Parts {
            reports: get(&self.parts.reports),
            pass: get(&self.parts.first_pass) + late_pass,
            confirmation,
            re,
            rules: judged.saturating_sub(confirmation + re),
            masking,
            handing_over: get(&self.parts.evaluated).saturating_sub(in_the_core),
            report: get(&self.parts.report),
        }
    }

    /// What was measured of each gate.
    pub fn gates(&self) -> impl Iterator<Item = GateDetail> + '_ {
        self.gates.iter().map(|sums| GateDetail {
            shown: pair(&sums.shown),
            silent: pair(&sums.silent),
            confirmation: get(&sums.confirmation),
            re: get(&sums.re),
            report: get(&sums.report),
            quantiles: sums.times.quantiles(SHARES),
        })
    }

    /// What was measured of each pattern that was asked about.
    pub fn patterns(&self) -> impl Iterator<Item = PatternDetail> + '_ {
        let details = self.patterns.iter().zip(0..).map(|(sums, number)| PatternDetail {
            pattern: GatePattern(number),
            known: pair(&sums.known),
            matched: pair(&sums.matched),
            unmatched: pair(&sums.unmatched),
            asked_of_re: get(&sums.asked_of_re),
            quantiles: sums.times.get().map_or([0; 4], |times| times.quantiles(SHARES)),
        });
        details
            .filter(|one| one.known != (0, 0) || one.matched != (0, 0) || one.unmatched != (0, 0))
    }
}

fn pair([first, second]: &[AtomicU64; 2]) -> (u64, u64) {
    (first.load(Ordering::Relaxed), second.load(Ordering::Relaxed))
}
