//! What was served and what fell through to `re`, and why: by document and by pattern.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use gatecore::counters::{self, Counts, Reason, Tally};
use pyo3::prelude::*;

use crate::re::pattern::{CompiledPattern, CountedPattern};

/// Most patterns that a document's counters tell apart: there is no end to patterns that
/// are made of a document's own text, and each is kept in memory.
const MOST_PATTERNS: usize = 4_000;

/// Served, by reason, and of each pattern.
pub type Counted = (u64, Vec<u64>, Vec<CountedPattern>);

/// The counters of one document and its views.
#[derive(Debug, Default)]
pub struct DocumentStats {
    tally: Tally,
    patterns: Mutex<HashMap<usize, (Py<CompiledPattern>, Counts)>>,
}

impl DocumentStats {
    /// Counts a call that was answered without `re`.
    #[inline]
    pub fn served(&self) {
        self.tally.served();
    }

    /// What was counted.
    pub fn counted(&self, py: Python<'_>) -> Counted {
        let patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        let patterns = patterns.values();
        let patterns = patterns.map(|(pattern, counts)| pattern.get().counted(py, counts));
        let (served, reasons) = self.tally.all();
        (served, reasons, patterns.collect())
    }
}

/// Counts a call that is left to `re`.
pub fn fell_through(
    reason: Reason,
    pattern: Option<&Bound<'_, CompiledPattern>>,
    document: Option<&DocumentStats>,
) {
    counters::fell_through(reason, document.map(|document| &document.tally));
    let Some(pattern) = pattern else { return };
    pattern.get().counts.add(reason);
    let Some(document) = document else { return };
    let mut patterns = document.patterns.lock().unwrap_or_else(PoisonError::into_inner);
    let key = pattern.as_ptr() as usize;
    if patterns.len() < MOST_PATTERNS || patterns.contains_key(&key) {
        let entry = patterns.entry(key);
        entry.or_insert_with(|| (pattern.clone().unbind(), Counts::default())).1.add(reason);
    }
}
