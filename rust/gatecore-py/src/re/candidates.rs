//! Matches of a pattern that only `re` answers, asked of it only where one may begin.

use gatecore::time_spent::{timed, Spent};
use gatecore::{Answer, PatternId};
use gatecore_ffi::cpython::{call_method, number};
use pyo3::exceptions::PyStopIteration;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::deadline::Limit;
use crate::errors;
use crate::re::call::Target;
use crate::scan::CoreScan;

/// Candidates that are asked in any case.
const FREE: usize = 8;

/// With fewer characters to a candidate `re` goes through the text itself: a call takes it 200 ns, a
/// character 5 to 50.
const DENSE: usize = 64;

/// The matches of one pattern in one text, from a place on.
pub struct ByCandidates {
    id: PatternId,
    begin: usize,
    from: usize,
    tries: usize,
    most: usize,
    /// `re`'s own iterator over the rest.
    rest: Option<Py<PyAny>>,
}

impl ByCandidates {
    /// `None` where nothing is known of candidates, and where the text is cut short: they are those of the
    /// whole text.
    pub fn of(target: &Target<'_, '_>) -> PyResult<Option<Self>> {
        let core = target.scan.get();
        if target.region.to < core.scan.len() {
            return Ok(None);
        }
        ByCandidates::from(core, target.id, target.region.from)
    }

    /// Likewise, of a whole text.
    pub fn from(core: &CoreScan, id: PatternId, from: usize) -> PyResult<Option<Self>> {
        let most = errors::caught(|| core.set.set.candidates_told(id))?;
        Ok(most.map(|most| ByCandidates { id, begin: from, from, tries: 0, most, rest: None }))
    }

    /// Whether `re` was asked.
    pub fn asked_re(&self) -> bool {
        self.tries > 0
    }

    /// The next match, an object of `re`'s. `real` is its pattern.
    pub fn next<'py>(
        &mut self,
        scan: &Bound<'py, CoreScan>,
        text: &Bound<'py, PyString>,
        real: &Bound<'py, PyAny>,
        limit: &Limit,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = text.py();
        loop {
            if let Some(rest) = &self.rest {
                let next = || call_method(rest.bind(py), intern!(py, "__next__"), &[]);
                return match timed(Spent::Re, next) {
                    Err(error) if error.is_instance_of::<PyStopIteration>(py) => Ok(None),
                    found => found.map(Some),
                };
            }
            let (id, from) = (self.id, self.from);
            let place =
                CoreScan::ask(scan, id, limit, move |scan, set| scan.candidate(set, id, from))?;
            let place = match place {
                Answer::Known(None) => return Ok(None),
                Answer::Known(Some(place)) => place,
                Answer::AskRe => from,
            };
            self.tries += 1;
            let is_dense = self.tries > FREE && place - self.begin < DENSE * self.tries;
            let at = number(py, place as isize)?;
            if is_dense || self.tries > self.most {
                let rest = call_method(real, intern!(py, "finditer"), &[text.as_any(), &at])?;
                self.rest = Some(rest.unbind());
                continue;
            }
            let matched = || call_method(real, intern!(py, "match"), &[text.as_any(), &at]);
            let found = timed(Spent::Re, matched)?;
            if found.is_none() {
                self.from = place + 1;
                continue;
            }
            self.from = call_method(&found, intern!(py, "end"), &[])?.extract()?;
            return Ok(Some(found));
        }
    }
}
