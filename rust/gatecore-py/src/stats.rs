//! What was served and what fell through to `re`, and why: counters that cost a nanosecond.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::compiled::CompiledPattern;

/// Why a call was answered by `re`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The text is a plain `str`, or no text at all.
    NotADocument,
    /// The document's set does not hold the pattern.
    NotInSet,
    /// The document's set does not hold the keyword.
    KeywordNotInSet,
    /// The pattern is on the fallback route and the pass did not rule it out.
    Fallback,
    /// The pattern was served, the groups of a match were not.
    Groups,
    /// A form of call that is not looked at: bytes, flags like DEBUG, odd positions.
    Arguments,
}

/// How each reason is told, in the order of the enum.
pub const REASONS: [&str; 6] = [
    "the text is no Document",
    "the pattern is not in the document's set",
    "the keyword is not in the document's set",
    "only re can answer the pattern",
    "only re can tell the groups of the match",
    "only re takes such arguments",
];

/// Most patterns that a document's counters tell apart: patterns that are made of a document's own
/// text would be endless, and are kept in memory.
const MOST_PATTERNS: usize = 1_000;

/// One counter a reason.
#[derive(Debug, Default)]
pub struct Counts([AtomicU64; REASONS.len()]);

impl Counts {
    fn add(&self, reason: Reason) {
        bump(&self.0[reason as usize]);
    }

    /// The counts in the order of [`REASONS`].
    pub fn all(&self) -> Vec<u64> {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// Sets all to zero and says what they were.
    pub fn take(&self) -> Vec<u64> {
        self.0.iter().map(|count| count.swap(0, Ordering::Relaxed)).collect()
    }
}

/// Adds one while the GIL is held, which makes the cheap way exact.
fn bump(count: &AtomicU64) {
    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// (served, by reason, [(source, flags, by reason)]).
pub type Counted = (u64, Vec<u64>, Vec<(Py<PyString>, u32, Vec<u64>)>);

/// The counters of one document and its views.
#[derive(Debug, Default)]
pub struct DocumentStats {
    served: AtomicU64,
    fell: Counts,
    patterns: Mutex<HashMap<usize, (Py<CompiledPattern>, Counts)>>,
}

static SERVED: AtomicU64 = AtomicU64::new(0);
static FELL: Counts = Counts([const { AtomicU64::new(0) }; REASONS.len()]);

thread_local! {
    /// What this thread alone counted: served, then by reason. A gate runs on one thread, so that the
    /// difference between before and after is its own, whatever other threads ask meanwhile.
    static OF_THREAD: [Cell<u64>; REASONS.len() + 1] =
        const { [const { Cell::new(0) }; REASONS.len() + 1] };
}

fn bump_of_thread(place: usize) {
    OF_THREAD.with(|counts| counts[place].set(counts[place].get() + 1));
}

impl DocumentStats {
    /// Counts a call that was answered without `re`.
    #[inline]
    pub fn served(&self) {
        bump(&self.served);
        bump(&SERVED);
        bump_of_thread(0);
    }

    /// What was counted.
    pub fn counted(&self, py: Python<'_>) -> Counted {
        let patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        let patterns = patterns.values().map(|(pattern, counts)| {
            let pattern = pattern.get();
            (pattern.source.clone_ref(py), pattern.flags, counts.all())
        });
        (self.served.load(Ordering::Relaxed), self.fell.all(), patterns.collect())
    }
}

/// Counts a call that is left to `re`.
pub fn fell_through(
    reason: Reason,
    pattern: Option<&Bound<'_, CompiledPattern>>,
    document: Option<&DocumentStats>,
) {
    FELL.add(reason);
    bump_of_thread(reason as usize + 1);
    if let Some(pattern) = pattern {
        pattern.get().counts.add(reason);
    }
    let Some(document) = document else { return };
    document.fell.add(reason);
    if let Some(pattern) = pattern {
        let mut patterns = document.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        let key = pattern.as_ptr() as usize;
        if patterns.len() >= MOST_PATTERNS && !patterns.contains_key(&key) {
            return;
        }
        let entry = patterns.entry(key);
        entry.or_insert_with(|| (pattern.clone().unbind(), Counts::default())).1.add(reason);
    }
}

/// What the whole process counted: served, and by reason.
pub fn totals() -> (u64, Vec<u64>) {
    (SERVED.load(Ordering::Relaxed), FELL.all())
}

/// What the calling thread counted since it began: served, then by reason. Never set to zero.
pub fn of_thread() -> [u64; REASONS.len() + 1] {
    OF_THREAD.with(|counts| std::array::from_fn(|place| counts[place].get()))
}

/// Sets the totals to zero.
pub fn reset() {
    SERVED.store(0, Ordering::Relaxed);
    FELL.take();
}
