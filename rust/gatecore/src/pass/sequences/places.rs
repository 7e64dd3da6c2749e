//! From where sequences stand to where matches may begin and end.
//!
//! Every match of a slot of one chain of one stage, from which nothing was dropped in front, is a sequence that
//! stands in the document (`expand.rs`), so it begins where one begins. In a form, a match that begins in a
//! run is one that begins with the run's byte or after it (`forms.rs`): from the first symbol before the
//! sequence's first to the one after it.
//!
//! If nothing was dropped behind either, and no sequence of the slot begins or ends with a run, a match ends
//! where its sequence ends; the runs inside are taken as they are, since what stands beside them is outside
//! of runs. Only if several sequences stand at one place the order of the pattern's choices decides.

use std::num::NonZeroU32;

use super::Standing;
use crate::pass::Begins;

/// For sequences of the document as it is.
pub fn plain(standing: Vec<Standing>) -> Vec<Begins> {
    let begins = standing.into_iter().map(|Standing { slot, begin, end }| {
        let (begin, end) = (begin as u32, end.and_then(|end| NonZeroU32::new(end as u32)));
        Begins { slot, first: begin, last: begin, end }
    });
    begins.collect()
}

/// For sequences of a form, each of whose symbols begins with one of `origins` in a document of this length.
pub fn in_form(standing: Vec<Standing>, origins: &[u32], length: usize) -> Vec<Begins> {
    let origin = |at: usize| origins.get(at).map_or(length as u32, |&at| at);
    let begins = standing.into_iter().map(|Standing { slot, begin, end }| match end {
        Some(end) => {
            let first = origin(begin);
            Begins { slot, first, last: first, end: NonZeroU32::new(origin(end - 1) + 1) }
        }
        None => {
            let (first, last) = (origin(begin.saturating_sub(1)), origin(begin + 1));
            Begins { slot, first, last, end: None }
        }
    });
    begins.collect()
}

/// In order, each place once.
pub fn settled(mut all: Vec<Begins>) -> Vec<Begins> {
    all.sort_unstable_by_key(|begins| (begins.slot, begins.first, begins.last, begins.end));
    all.dedup_by(|next, kept| {
        let is_same = (next.slot, next.first, next.last) == (kept.slot, kept.first, kept.last);
        if is_same && next.end != kept.end {
            kept.end = None;
        }
        is_same
    });
    all
}
