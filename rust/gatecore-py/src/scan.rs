//! `CoreScan`: the core's answers for one document.

use std::sync::Arc;

use gatecore::{Answer, PatternId, PatternSet, Scan, Span};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;

use crate::set::CoreSet;

/// One document after the pass. Where `re` has to be asked, the methods say so.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreScan {
    pub set: Arc<PatternSet>,
    pub scan: Scan,
}

type Pair = (usize, usize);

fn pair(span: Span) -> Pair {
    (span.start(), span.end())
}

/// The first match, or that there is none, or that `re` has to be asked.
#[derive(IntoPyObject)]
pub enum First {
    Match(Option<Pair>),
    AskRe(bool),
}

#[pymethods]
impl CoreScan {
    /// Patterns that match; patterns for which `re` has to be asked.
    fn ids(&self, py: Python<'_>) -> (Vec<u32>, Vec<u32>) {
        py.detach(|| self.scan.ids(&self.set))
    }

    /// Whether a pattern matches; `None`: ask `re`.
    fn is_match(&self, py: Python<'_>, number: u32) -> PyResult<Option<bool>> {
        let id = self.id(number)?;
        let answer = match self.scan.known(&self.set, id) {
            Some(known) => Answer::Known(known),
            None => py.detach(|| self.scan.is_match(&self.set, id)),
        };
        Ok(match answer {
            Answer::Known(known) => Some(known),
            Answer::AskRe => None,
        })
    }

    /// Remembers what `re` said.
    fn remember(&self, number: u32, matches: bool) -> PyResult<()> {
        self.scan.remember(self.id(number)?, matches);
        Ok(())
    }

    /// The first match at or after a character; `False`: ask `re`.
    fn first(&self, py: Python<'_>, number: u32, start: usize) -> PyResult<First> {
        let id = self.id(number)?;
        Ok(match py.detach(|| self.scan.first(&self.set, id, start)) {
            Answer::Known(span) => First::Match(span.map(pair)),
            Answer::AskRe => First::AskRe(false),
        })
    }

    /// Every match; `None`: ask `re`.
    fn spans(&self, py: Python<'_>, number: u32) -> PyResult<Option<Vec<Pair>>> {
        let id = self.id(number)?;
        Ok(match py.detach(|| self.scan.spans(&self.set, id)) {
            Answer::Known(spans) => Some(spans.into_iter().map(pair).collect()),
            Answer::AskRe => None,
        })
    }

    /// The groups of the match from `start` to `end`; `None`: ask `re`.
    fn groups(
        &self,
        py: Python<'_>,
        number: u32,
        start: u32,
        end: u32,
    ) -> PyResult<Option<Vec<Option<Pair>>>> {
        let id = self.id(number)?;
        if start > end {
            return Err(PyValueError::new_err("a match ends where it starts or later"));
        }
        let found = Span::new(start as usize, end as usize);
        Ok(match py.detach(|| self.scan.groups(&self.set, id, found)) {
            Answer::Known(groups) => Some(groups.into_iter().map(|span| span.map(pair)).collect()),
            Answer::AskRe => None,
        })
    }

    /// Bytes that the scan keeps.
    #[getter]
    fn size(&self) -> usize {
        self.scan.size()
    }

    /// The set that it was made with.
    #[getter]
    fn set(&self) -> CoreSet {
        CoreSet { set: Arc::clone(&self.set) }
    }
}

impl CoreScan {
    fn id(&self, number: u32) -> PyResult<PatternId> {
        if (number as usize) < self.set.len() {
            Ok(PatternId(number))
        } else {
            Err(PyIndexError::new_err("pattern number out of range"))
        }
    }
}
