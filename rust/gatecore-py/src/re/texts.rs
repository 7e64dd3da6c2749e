//! Plain texts that are asked many patterns of one set are scanned as documents are.
//!
//! A host that takes its document apart, line by line or slice by slice, asks `re` about strings that
//! nobody made a `Document` of. The last one of each thread is remembered with the number of its
//! questions, and where these will pay for a scan ([`gatecore::worth`]) it gets one. To the host it
//! remains the string that it is.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gatecore::worth::Worth;
use gatecore::SharedSet;
use gatecore_ffi::cpython::call;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors;
use crate::re::pattern::CompiledPattern;
use crate::re::stats::DocumentStats;
use crate::scan::CoreScan;
use crate::text::length;

/// Longer texts are not kept beyond the call that asked.
const LONGEST: usize = 1 << 20;

/// On shorter ones `re` takes about as long as an answer from a scan, however many there are.
const SHORTEST: usize = 64;

/// The sets whose patterns plain texts may be asked, and how often they changed; 0 as long as there never
/// was one.
static SETS: Mutex<Vec<Served>> = Mutex::new(Vec::new());
static CHANGES: AtomicU32 = AtomicU32::new(0);

/// A set whose patterns plain texts may be asked, and what is called from time to time if they are asked
/// in vain.
struct Served {
    set: Arc<SharedSet>,
    review: Py<PyAny>,
}

/// Calls about plain texts without a scan since the last review, and with how many comes the next.
static UNSERVED: AtomicU32 = AtomicU32::new(0);
static NEXT_REVIEW: AtomicU32 = AtomicU32::new(FIRST_REVIEW);

/// So many of them, and what was accelerated is looked at again, at first soon, then ever later: they cost
/// 25 µs more than `re`'s own, 0.4 ms at last, and a look at a host of a hundred names 20.
const FIRST_REVIEW: u32 = 256;
const LAST_REVIEW: u32 = 4_096;

thread_local! {
    static HERE: RefCell<Here> = RefCell::default();
}

/// What a thread knows.
#[derive(Default)]
struct Here {
    changes: u32,
    sets: Vec<Arc<SharedSet>>,
    worth: Worth,
    last: Option<Last>,
}

/// The text that was asked last.
struct Last {
    text: Py<PyString>,
    characters: usize,
    set: u32,
    questions: u32,
    /// The question with which the scan begins.
    begin: u32,
    /// The pattern of the last question: one that is asked again and again of a text is no gain.
    pattern: usize,
    scan: Option<Py<CoreScan>>,
    /// Questions that the scan's pass had ruled out: what a scan is made for.
    useful: u32,
}

fn sets<T>(work: impl FnOnce(&mut Vec<Served>) -> T) -> T {
    work(&mut SETS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Has plain texts scanned for the patterns of a set, where that pays. `review` is called without
/// arguments after some thousand calls that no scan served.
pub fn serve(set: &Arc<SharedSet>, review: Py<PyAny>) {
    sets(|sets| sets.push(Served { set: Arc::clone(set), review }));
    NEXT_REVIEW.store(FIRST_REVIEW, Ordering::Relaxed);
    CHANGES.fetch_add(1, Ordering::Relaxed);
}

/// Ends one [`serve`].
pub fn leave(set: &SharedSet) {
    // The callback is dropped outside of the lock: that may run Python code.
    let _dropped = sets(|sets| {
        let place = sets.iter().position(|known| known.set.id == set.id)?;
        Some(sets.remove(place))
    });
    CHANGES.fetch_add(1, Ordering::Relaxed);
    HERE.with(|here| here.try_borrow_mut().ok().and_then(|mut here| here.last.take()));
}

/// Notes that the scan of a plain text has ruled a pattern out.
#[inline]
pub fn note_useful(string: &Bound<'_, PyAny>) {
    if CHANGES.load(Ordering::Relaxed) == 0 {
        return;
    }
    HERE.with(|here| {
        let Ok(mut here) = here.try_borrow_mut() else { return };
        if let Some(last) = here.last.as_mut().filter(|last| last.text.is(string)) {
            last.useful = last.useful.saturating_add(1);
        }
    });
}

/// Counts a call that `re` answers, and now and then has the accelerated hosts look whether
/// that is all their patterns get.
#[inline]
pub fn note_unserved(py: Python<'_>) {
    if CHANGES.load(Ordering::Relaxed) == 0 {
        return;
    }
    let next = NEXT_REVIEW.load(Ordering::Relaxed);
    if UNSERVED.fetch_add(1, Ordering::Relaxed) + 1 >= next {
        UNSERVED.store(0, Ordering::Relaxed);
        NEXT_REVIEW.store((2 * next).min(LAST_REVIEW), Ordering::Relaxed);
        review(py);
    }
}

#[cold]
fn review(py: Python<'_>) {
    let reviews: Vec<Py<PyAny>> =
        sets(|sets| sets.iter().map(|served| served.review.clone_ref(py)).collect());
    for review in reviews {
        if let Err(error) = call(review.bind(py), &[]) {
            error.write_unraisable(py, Some(review.bind(py)));
        }
    }
}

/// How often a pattern was asked of texts with a scan, and of texts without. `None` for other objects.
#[pyfunction]
pub fn gain_of(pattern: &Bound<'_, PyAny>) -> Option<(u64, u64)> {
    pattern.cast_exact::<CompiledPattern>().ok().map(|pattern| pattern.get().gain())
}

/// Whether texts may get scans that know a pattern.
pub fn is_served(py: Python<'_>, pattern: &CompiledPattern) -> bool {
    sets(|sets| sets.iter().any(|served| pattern.number(py, &served.set).is_some()))
}

/// The scan of a plain text that is asked a pattern, if it has or now gets one.
#[inline]
pub fn scan_for<'py>(
    pattern: &Bound<'py, CompiledPattern>,
    string: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, CoreScan>>> {
    let changes = CHANGES.load(Ordering::Relaxed);
    if changes == 0 {
        return Ok(None);
    }
    match string.cast_exact::<PyString>() {
        Ok(text) => scan_of_text(pattern, text, changes),
        Err(_) => Ok(None),
    }
}

fn scan_of_text<'py>(
    pattern: &Bound<'py, CompiledPattern>,
    text: &Bound<'py, PyString>,
    changes: u32,
) -> PyResult<Option<Bound<'py, CoreScan>>> {
    let py = text.py();
    HERE.with(|here| {
        // Nothing below runs Python code, which might come back here.
        let Ok(mut here) = here.try_borrow_mut() else { return Ok(None) };
        if here.changes != changes {
            let sets = sets(|sets| sets.iter().map(|served| Arc::clone(&served.set)).collect());
            *here = Here { changes, sets, ..Here::default() };
        }
        let find = || here.sets.iter().position(|set| pattern.get().number(py, set).is_some());
        let Some(home) = pattern.get().home(changes, find) else { return Ok(None) };
        let Here { sets, last, worth, .. } = &mut *here;
        let set = &sets[home];
        let is_same = |last: &&mut Last| last.text.is(text) && last.set == set.id;
        if last.as_mut().filter(is_same).is_none() {
            if let Some(last) = last.take() {
                worth.end(last.characters, last.questions, last.scan.is_some(), last.useful);
            }
            let characters = length(text)?;
            if !(SHORTEST..=LONGEST).contains(&characters) {
                return Ok(None);
            }
            let begin = worth.begin(characters);
            let (text, set) = (text.clone().unbind(), set.id);
            *last = Some(Last {
                text,
                characters,
                set,
                questions: 0,
                begin,
                pattern: 0,
                scan: None,
                useful: 0,
            });
        }
        let last = last.as_mut().expect("it was just set");
        if last.pattern != pattern.as_ptr() as usize {
            last.pattern = pattern.as_ptr() as usize;
            last.questions = last.questions.saturating_add(1);
        }
        if last.scan.is_none() && last.questions >= last.begin {
            let scan = errors::caught(|| set.set.begin(last.characters))?;
            let scan = CoreScan::new(
                Arc::clone(set),
                scan.map_err(errors::scan)?,
                Arc::<DocumentStats>::default(),
            );
            last.scan = Some(Bound::new(py, scan)?.unbind());
        }
        Ok(last.scan.as_ref().map(|scan| scan.bind(py).clone()))
    })
}
