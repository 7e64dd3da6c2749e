//! Many documents in one call: the boundary of Python and the GIL are crossed once a megabyte.

use std::sync::Arc;

use gatecore::memory;
use gatecore::SharedSet;
use gatecore::{ScanError, Stop, Text};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::deadline::{long, Limit};
use crate::errors;
use crate::gil::without_gil;
use crate::scan::LONG_PASS;
use crate::text::{append, length};

/// Characters that are copied and scanned together: 2 to 20 ms. Longer documents are left to the caller,
/// for whom they are not copied.
const ROUND: usize = 1 << 20;

/// Most documents of a round, as those that are empty cost something as well.
const MOST: usize = 1 << 14;

/// Documents on their way into the core, which owns them: it may go on after Ctrl-C.
#[derive(Default)]
struct Round {
    bytes: Vec<u8>,
    /// Where each ends, and whether it has four bytes a character.
    ends: Vec<(usize, bool)>,
    characters: usize,
}

impl Round {
    fn texts(&self) -> Vec<Text<'_>> {
        let mut begin = 0;
        memory::collected(self.ends.iter().map(|&(end, is_wide)| {
            let bytes = &self.bytes[begin..end];
            begin = end;
            if is_wide {
                Text::Utf32(bytes)
            } else {
                Text::Ascii(bytes)
            }
        }))
    }
}

/// What is asked of a set about some documents.
pub type Question<T> = fn(&SharedSet, &[Text<'_>], &Stop) -> Result<Vec<T>, ScanError>;

/// Asks a set about many documents, in their order; `None` for those that are too long to go together.
pub fn each<T: Send + 'static>(
    set: &Arc<SharedSet>,
    texts: &Bound<'_, PyList>,
    limit: &Limit,
    question: Question<T>,
    mut answer: impl FnMut(Option<T>) -> PyResult<()>,
) -> PyResult<()> {
    let py = texts.py();
    let ask = |round: &mut Round, answer: &mut dyn FnMut(Option<T>) -> PyResult<()>| {
        let round = std::mem::take(round);
        let work = round.characters.saturating_mul(set.set.len());
        let set = Arc::clone(set);
        let job = move |stop: &Stop| question(&set, &round.texts(), stop);
        let answers: PyResult<_> = without_gil(py, || {
            limit.check()?;
            if work >= LONG_PASS {
                long(limit, job)
            } else {
                errors::caught(|| job(&Stop::never()))
            }
        });
        let answers = answers?.map_err(errors::scan)?;
        answers.into_iter().try_for_each(|found| answer(Some(found)))
    };
    let mut round = Round::default();
    for (number, text) in texts.iter().enumerate() {
        let Ok(text) = text.cast::<PyString>() else {
            return Err(errors::not_a_document(&text, number));
        };
        let characters = length(text)?;
        if round.characters + characters > ROUND || round.ends.len() == MOST {
            ask(&mut round, &mut answer)?;
        }
        if characters > ROUND {
            ask(&mut round, &mut answer)?;
            answer(None)?;
            continue;
        }
        let is_wide = append(text, &mut round.bytes)?;
        round.ends.push((round.bytes.len(), is_wide));
        round.characters += characters;
    }
    ask(&mut round, &mut answer)
}
