//! The spans of every pattern of a set in one document, worked out side by side, as columns.

use crate::error::ScanError;
use crate::memory;
use crate::scan::{Anchor, Answer, Scan};
use crate::set::{PatternId, PatternSet};
use crate::span::Span;
use crate::stop::Stop;
use crate::workers::side_by_side;

/// Which matches of a pattern are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first, as `re.search` finds it.
    First,
    /// All of them, as `re.finditer` does.
    All,
}

/// Spans in the order of their patterns, those of a pattern from the left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The number of each span's pattern.
    pub patterns: Vec<u32>,
    /// The first character of each.
    pub starts: Vec<u32>,
    /// One past the last character of each.
    pub ends: Vec<u32>,
    /// The patterns for which `re` has to be asked, ascending.
    pub ask: Vec<u32>,
}

impl Columns {
    fn push(&mut self, pattern: u32, span: Span) {
        memory::push(&mut self.patterns, pattern);
        memory::push(&mut self.starts, span.start() as u32);
        memory::push(&mut self.ends, span.end() as u32);
    }

    fn append(&mut self, mut other: Columns) {
        memory::append(&mut self.patterns, &mut other.patterns);
        memory::append(&mut self.starts, &mut other.starts);
        memory::append(&mut self.ends, &mut other.ends);
        memory::append(&mut self.ask, &mut other.ask);
    }
}

/// Characters times patterns that a thread takes at a time.
const PORTION: usize = 1 << 20;

/// Portions from which threads are worth it: 3 ms of work. On a busy machine one waits that long for a
/// thread that then finds nothing left to do.
const MANY: usize = 8;

impl Scan {
    /// Spans of all patterns, on all processors where the document is long. It must have been scanned.
    ///
    /// # Errors
    /// [`ScanError::Stopped`].
    pub fn columns(
        &self,
        set: &PatternSet,
        which: Which,
        stop: &Stop,
    ) -> Result<Columns, ScanError> {
        let (mut ids, mut open) = self.known_ids(set);
        if which == Which::All {
            self.expect_lists(ids.len());
        }
        memory::append(&mut ids, &mut open);
        ids.sort_unstable();
        let portion = (PORTION / self.len().max(1)).max(1);
        let mut portions: Vec<&[u32]> = ids.chunks(portion).collect();
        if portions.len() < MANY {
            portions = vec![&ids];
        }
        let parts = side_by_side(&portions, |ids| {
            let mut columns = Columns::default();
            for &id in *ids {
                if stop.is_stopped() {
                    return Err(ScanError::Stopped);
                }
                match self.wanted(set, PatternId(id), which) {
                    Answer::Known(spans) => {
                        spans.into_iter().for_each(|span| columns.push(id, span))
                    }
                    Answer::AskRe => memory::push(&mut columns.ask, id),
                }
            }
            Ok(columns)
        })?;
        let mut all = Columns::default();
        parts.into_iter().for_each(|part| all.append(part));
        Ok(all)
    }

    fn wanted(&self, set: &PatternSet, id: PatternId, which: Which) -> Answer<Vec<Span>> {
        if which == Which::All {
            return self.spans(set, id);
        }
        match self.find(set, id, Anchor::Search, self.whole()) {
            Answer::Known(found) => Answer::Known(found.into_iter().collect()),
            Answer::AskRe => Answer::AskRe,
        }
    }
}
