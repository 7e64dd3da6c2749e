//! Plain texts that are asked many patterns of one set are scanned as documents are.
//!
//! A host that takes its document apart, line by line or slice by slice, asks `re` about strings that
//! nobody made a `Document` of. The last few of each thread are remembered with the number of their
//! questions, and where these will pay for a scan ([`gatecore::worth`]) a text gets one. To the host
//! it remains the string that it is.

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
const SHORTEST: usize = 16;

/// Texts of a thread that are remembered, long ones apart from lines: a host that asks a document asks
/// others in between, such as what a match found. Of those longer than [`LONGEST_BESIDE`] it is one.
const REMEMBERED_LONG: usize = 4;
const REMEMBERED_SHORT: usize = 2;
const LONG: usize = 1 << 10;
const LONGEST_BESIDE: usize = 1 << 16;

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

/// So many of them, and what was accelerated is looked at again, at first soon, then ever later if nothing
/// is given back: they cost 13 µs more than `re`'s own, 0.4 ms at last, and a look at a host of a hundred
/// names 20.
const FIRST_REVIEW: u32 = 128;
const LAST_REVIEW: u32 = 4_096;

thread_local! {
    static HERE: RefCell<Here> = RefCell::default();
}

/// What a thread knows.
#[derive(Default)]
struct Here {
    changes: u32,
    sets: Vec<Arc<SharedSet>>,
    /// By length, as texts of about one length are asked alike.
    worth: [Worth; LENGTHS],
    /// The text that was asked last comes first.
    texts: Vec<Asked>,
}

/// Lengths are told apart by their number of bits.
const LENGTHS: usize = LONGEST.ilog2() as usize + 1;

/// A text that was asked.
struct Asked {
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
    /// The scan is a document's, which is no merit or fault of the text.
    is_lent: bool,
}

impl Here {
    /// Begins anew if the sets have changed.
    fn renew(&mut self, changes: u32) {
        if self.changes != changes {
            let sets = sets(|sets| sets.iter().map(|served| Arc::clone(&served.set)).collect());
            *self = Here { changes, sets, ..Here::default() };
        }
    }

    fn worth_of(&mut self, characters: usize) -> &mut Worth {
        &mut self.worth[characters.ilog2() as usize]
    }

    /// Forgets a text, and learns from it.
    fn forget(&mut self, place: usize) {
        let text = self.texts.remove(place);
        if !text.is_lent {
            let is_scanned = text.scan.is_some();
            let worth = self.worth_of(text.characters);
            worth.end(text.characters, text.questions, is_scanned, text.useful);
        }
    }

    /// Makes room for a text, which it returns as the first.
    fn remember(&mut self, text: Asked) -> &mut Asked {
        let is_huge = |known: &Asked| known.characters > LONGEST_BESIDE;
        if is_huge(&text) {
            if let Some(place) = self.texts.iter().position(is_huge) {
                self.forget(place);
            }
        }
        let is_alike = |known: &Asked| (known.characters < LONG) == (text.characters < LONG);
        let most = if text.characters < LONG { REMEMBERED_SHORT } else { REMEMBERED_LONG };
        if self.texts.iter().filter(|known| is_alike(known)).count() == most {
            let oldest = self.texts.iter().rposition(is_alike);
            self.forget(oldest.expect("there are some"));
        }
        self.texts.insert(0, text);
        &mut self.texts[0]
    }
}

fn sets<T>(work: impl FnOnce(&mut Vec<Served>) -> T) -> T {
    work(&mut SETS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Has plain texts scanned for the patterns of a set, where that pays. `review` is called without
/// arguments after some hundred calls that no scan served, and says whether anything was given back.
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
    HERE.with(|here| here.try_borrow_mut().map(|mut here| std::mem::take(&mut here.texts)).ok());
}

/// Notes that the scan of a plain text has ruled a pattern out.
#[inline]
pub fn note_useful(pattern: &CompiledPattern, string: &Bound<'_, PyAny>) {
    if CHANGES.load(Ordering::Relaxed) == 0 {
        return;
    }
    HERE.with(|here| {
        let Ok(mut here) = here.try_borrow_mut() else { return };
        if let Some(text) = here.texts.first_mut().filter(|text| text.text.is(string)) {
            text.useful = text.useful.saturating_add(pattern.weight);
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
        NEXT_REVIEW.store(next.saturating_mul(2).min(LAST_REVIEW), Ordering::Relaxed);
        if review(py) {
            NEXT_REVIEW.store(next, Ordering::Relaxed);
        }
    }
}

/// Whether anything was given back, so that a look is worth it again soon.
#[cold]
fn review(py: Python<'_>) -> bool {
    let reviews: Vec<Py<PyAny>> =
        sets(|sets| sets.iter().map(|served| served.review.clone_ref(py)).collect());
    let mut is_any = false;
    for review in reviews {
        match call(review.bind(py), &[]).and_then(|gave_back| gave_back.is_truthy()) {
            Ok(gave_back) => is_any |= gave_back,
            Err(error) => error.write_unraisable(py, Some(review.bind(py))),
        }
    }
    is_any
}

/// Has a plain text served by the scan of a document that was made of it: functions of a host that get
/// documents and functions that do not ask the same text.
#[pyfunction]
pub fn lend_scan(text: &Bound<'_, PyAny>, scan: &Bound<'_, CoreScan>) {
    let changes = CHANGES.load(Ordering::Relaxed);
    let Ok(text) = text.cast_exact::<PyString>() else { return };
    let (set, characters) = (scan.get().set.id, scan.get().scan.len());
    if changes == 0 || !(SHORTEST..=LONGEST).contains(&characters) {
        return;
    }
    HERE.with(|here| {
        let Ok(mut here) = here.try_borrow_mut() else { return };
        here.renew(changes);
        here.texts.retain(|known| !known.text.is(text) || known.set != set);
        here.remember(Asked {
            text: text.clone().unbind(),
            characters,
            set,
            questions: 0,
            begin: 0,
            pattern: 0,
            scan: Some(scan.clone().unbind()),
            useful: 0,
            is_lent: true,
        });
    });
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

/// The scan of a document that is asked a pattern which its own set does not hold.
pub fn scan_beside<'py>(
    pattern: &Bound<'py, CompiledPattern>,
    document: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, CoreScan>>> {
    let changes = CHANGES.load(Ordering::Relaxed);
    match document.cast::<PyString>() {
        Ok(text) if changes != 0 => scan_of_text(pattern, text, changes),
        _ => Ok(None),
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
        here.renew(changes);
        let find = || here.sets.iter().position(|set| pattern.get().number(py, set).is_some());
        let Some(home) = pattern.get().home(changes, find) else { return Ok(None) };
        let here = &mut *here;
        let set = Arc::clone(&here.sets[home]);
        let place = here.texts.iter().position(|known| known.text.is(text) && known.set == set.id);
        let last = match place {
            Some(place) => {
                here.texts[..=place].rotate_right(1);
                &mut here.texts[0]
            }
            None => {
                let characters = length(text)?;
                if !(SHORTEST..=LONGEST).contains(&characters) {
                    return Ok(None);
                }
                let begin = here.worth_of(characters).begin(characters);
                here.remember(Asked {
                    text: text.clone().unbind(),
                    characters,
                    set: set.id,
                    questions: 0,
                    begin,
                    pattern: 0,
                    scan: None,
                    useful: 0,
                    is_lent: false,
                })
            }
        };
        if last.pattern != pattern.as_ptr() as usize {
            last.pattern = pattern.as_ptr() as usize;
            last.questions = last.questions.saturating_add(pattern.get().weight);
        }
        if last.scan.is_none() && last.questions >= last.begin {
            let scan = errors::caught(|| set.set.begin(last.characters))?;
            let scan =
                CoreScan::new(set, scan.map_err(errors::scan)?, Arc::<DocumentStats>::default());
            last.scan = Some(Bound::new(py, scan)?.unbind());
        }
        Ok(last.scan.as_ref().map(|scan| scan.bind(py).clone()))
    })
}
