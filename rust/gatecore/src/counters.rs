//! What was answered without `re` and what was left to it, and why: counters of a nanosecond each.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a call was answered by `re`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The text is a plain `str`, or not a text at all.
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

impl Reason {
    /// Whether the next start would find the same: what the set does not hold may be learned for it.
    pub fn is_lasting(self) -> bool {
        matches!(self, Reason::NotADocument | Reason::Fallback | Reason::Groups)
    }
}

/// How each reason is told, in the order of the enum.
pub const REASONS: [&str; 6] = [
    "the text is not a Document",
    "the pattern is not in the document's set",
    "the keyword is not in the document's set",
    "only re can answer the pattern",
    "only re can tell the groups of the match",
    "only re takes such arguments",
];

/// One counter a reason.
#[derive(Debug, Default)]
pub struct Counts([AtomicU64; REASONS.len()]);

impl Counts {
    /// Adds one. To be called with the GIL held, as all that counts here.
    #[inline]
    pub fn add(&self, reason: Reason) {
        bump(&self.0[reason as usize]);
    }

    /// How many of them [`Reason::is_lasting`].
    pub fn lasting(&self) -> u64 {
        let count = |reason: Reason| self.0[reason as usize].load(Ordering::Relaxed);
        [Reason::NotADocument, Reason::Fallback, Reason::Groups].map(count).iter().sum()
    }

    /// The counts in the order of [`REASONS`].
    pub fn all(&self) -> Vec<u64> {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// Sets all to zero.
    pub fn reset(&self) {
        self.0.iter().for_each(|count| count.store(0, Ordering::Relaxed));
    }
}

/// Calls that were answered without `re`, and calls that were not, by reason.
#[derive(Debug, Default)]
pub struct Tally {
    served: AtomicU64,
    fell: Counts,
}

/// What the whole process counted.
static TOTALS: Tally =
    Tally { served: AtomicU64::new(0), fell: Counts([const { AtomicU64::new(0) }; REASONS.len()]) };

thread_local! {
    /// What this thread alone counted: served, then by reason. A gate runs on one thread, so that the
    /// difference between before and after is its own, whatever other threads ask meanwhile.
    static OF_THREAD: [Cell<u64>; REASONS.len() + 1] =
        const { [const { Cell::new(0) }; REASONS.len() + 1] };
}

impl Tally {
    /// Counts a call that was answered without `re`, here, for the process and for the thread.
    #[inline]
    pub fn served(&self) {
        bump(&self.served);
        bump(&TOTALS.served);
        bump_of_thread(0);
    }

    /// Served, and left to `re` for reasons that last.
    pub fn gain(&self) -> (u64, u64) {
        (self.served.load(Ordering::Relaxed), self.fell.lasting())
    }

    /// Served, then by reason.
    pub fn all(&self) -> (u64, Vec<u64>) {
        (self.served.load(Ordering::Relaxed), self.fell.all())
    }
}

/// Counts a call that is left to `re`, for the process, for the thread and for a document.
#[inline]
pub fn fell_through(reason: Reason, document: Option<&Tally>) {
    TOTALS.fell.add(reason);
    bump_of_thread(reason as usize + 1);
    if let Some(document) = document {
        document.fell.add(reason);
    }
}

/// What the whole process counted.
pub fn totals() -> &'static Tally {
    &TOTALS
}

/// Sets what the process counted to zero.
pub fn reset() {
    TOTALS.served.store(0, Ordering::Relaxed);
    TOTALS.fell.reset();
}

/// What the calling thread counted since it began: served, then by reason. Never set to zero.
pub fn of_thread() -> [u64; REASONS.len() + 1] {
    OF_THREAD.with(|counts| std::array::from_fn(|place| counts[place].get()))
}

/// Adds one while the GIL is held, which makes the cheap way exact.
#[inline]
fn bump(count: &AtomicU64) {
    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[inline]
fn bump_of_thread(place: usize) {
    OF_THREAD.with(|counts| counts[place].set(counts[place].get() + 1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_counts_for_document_process_and_thread() {
        let (document, before) = (Tally::default(), of_thread());
        document.served();
        fell_through(Reason::Groups, Some(&document));
        fell_through(Reason::Arguments, None);
        assert_eq!(document.all(), (1, vec![0, 0, 0, 0, 1, 0]));
        assert_eq!(totals().all(), (1, vec![0, 0, 0, 0, 1, 1]));
        let counted: Vec<u64> =
            of_thread().iter().zip(before).map(|(now, then)| now - then).collect();
        assert_eq!(counted, [1, 0, 0, 0, 0, 1, 1]);
        reset();
        assert_eq!(totals().all(), (0, vec![0; 6]));
        assert_eq!(REASONS[Reason::Fallback as usize], "only re can answer the pattern");
    }
}
