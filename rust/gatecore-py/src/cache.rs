//! Answers kept in memory, and their keys. What waits (one computation for many who ask) is Python's, whose
//! locks let go of the GIL, answer Ctrl-C and survive a fork.
//!
//! The store is asked with the GIL held: a question takes 0.2 µs, and so no thread is inside it when the
//! process forks. Taking out what was invalidated, 1 µs an entry, runs without; forks wait for it, see
//! `gatecore.cache.forks`.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gatecore::cache::{Digester, Entry, Hold, Lifetime, PartHasher, Store, WIDE};
use gatecore_ffi::cpython::{append_characters, slice};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::gil::without_gil;
use crate::text::Characters;

/// Most characters of what is likely a name.
const NAME: usize = 64;

/// Values that the store dropped, until they can be given back outside of it: what giving back an object
/// runs may ask the store, or take the GIL away.
static DROPPED: Mutex<Vec<Py<PyAny>>> = Mutex::new(Vec::new());
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// A value in the store.
struct Kept(Option<Py<PyAny>>);

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            DROPPED.lock().unwrap_or_else(PoisonError::into_inner).push(value);
            WAITING.fetch_add(1, Ordering::Release);
        }
    }
}

/// Gives back what the store dropped. To be called outside of it, with the GIL held.
#[inline]
fn give_back() {
    if WAITING.load(Ordering::Acquire) > 0 {
        let dropped = mem::take(&mut *DROPPED.lock().unwrap_or_else(PoisonError::into_inner));
        WAITING.fetch_sub(dropped.len(), Ordering::Release);
        drop(dropped);
    }
}

/// The tags of a value that is being made; see `CoreCache.hold`.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CacheHold {
    hold: Mutex<Option<Hold>>,
}

#[pymethods]
impl CacheHold {
    /// Whether nothing that it depends on was invalidated since, and it was not used.
    #[getter]
    fn is_alive(&self) -> bool {
        let hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        hold.as_ref().is_some_and(Hold::is_alive)
    }
}

/// The store of a `MemoryCache`.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct CoreCache {
    store: Store<Kept>,
    begin: Instant,
}

fn nanoseconds(seconds: f64) -> PyResult<u64> {
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) => Ok(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
        Err(_) if seconds > 0.0 => Ok(u64::MAX),
        Err(_) => Err(PyValueError::new_err(format!("seconds are 0 or more, not {seconds}"))),
    }
}

impl CoreCache {
    /// The time, which is looked at only where it matters; by the caller's clock where it has one.
    fn clock(&self, now: Option<f64>) -> PyResult<impl Fn() -> u64 + '_> {
        let given = now.map(nanoseconds).transpose()?;
        Ok(move || given.unwrap_or_else(|| self.begin.elapsed().as_nanos() as u64))
    }

    fn value(entry: &Entry<Kept>, py: Python<'_>) -> Option<Py<PyAny>> {
        entry.value.0.as_ref().map(|value| value.clone_ref(py))
    }
}

/// What a question finds, or what to say instead.
fn found(py: Python<'_>, entry: Option<impl AsRef<Entry<Kept>>>, default: Py<PyAny>) -> Py<PyAny> {
    let value = entry.as_ref().and_then(|entry| CoreCache::value(entry.as_ref(), py));
    drop(entry);
    give_back();
    value.unwrap_or(default)
}

#[pymethods]
impl CoreCache {
    #[new]
    fn new(capacity: u64) -> Self {
        CoreCache { store: Store::new(capacity), begin: Instant::now() }
    }

    /// The fresh value, or the default.
    #[pyo3(signature = (key, default, now=None))]
    fn get(
        &self,
        py: Python<'_>,
        key: &[u8],
        default: Py<PyAny>,
        now: Option<f64>,
    ) -> PyResult<Py<PyAny>> {
        Ok(found(py, self.store.get(key, self.clock(now)?), default))
    }

    /// As `get`, not counted.
    #[pyo3(signature = (key, default, now=None))]
    fn peek(
        &self,
        py: Python<'_>,
        key: &[u8],
        default: Py<PyAny>,
        now: Option<f64>,
    ) -> PyResult<Py<PyAny>> {
        Ok(found(py, self.store.peek(key, self.clock(now)?), default))
    }

    /// The value, fresh or stale, or the default; counted as stale.
    #[pyo3(signature = (key, default, now=None))]
    fn stale(
        &self,
        py: Python<'_>,
        key: &[u8],
        default: Py<PyAny>,
        now: Option<f64>,
    ) -> PyResult<Py<PyAny>> {
        Ok(found(py, self.store.stale(key, self.clock(now)?), default))
    }

    /// Holds tags for a value that is about to be made: `set` does not keep it once one of them, or
    /// everything, was invalidated.
    fn hold(&self, tags: Vec<PyBackedStr>) -> CacheHold {
        let hold = self.store.hold(tags.iter().map(|tag| &**tag));
        CacheHold { hold: Mutex::new(Some(hold)) }
    }

    /// Keeps a value; whether it is kept. The hold is used up.
    #[pyo3(signature = (key, value, weight, hold, fresh=None, stale=0.0, now=None))]
    #[expect(clippy::too_many_arguments, reason = "one for each that Python gives")]
    fn set(
        &self,
        key: &[u8],
        value: Py<PyAny>,
        weight: u64,
        hold: &Bound<'_, CacheHold>,
        fresh: Option<f64>,
        stale: f64,
        now: Option<f64>,
    ) -> PyResult<bool> {
        let lifetime =
            Lifetime { fresh: fresh.map(nanoseconds).transpose()?, stale: nanoseconds(stale)? };
        let now = self.clock(now)?();
        let hold = hold.get().hold.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(hold) = hold else { return Err(PyValueError::new_err("the hold was used")) };
        let is_kept = self.store.insert(key, Kept(Some(value)), weight, hold, lifetime, now);
        give_back();
        Ok(is_kept)
    }

    /// Forgets an entry; whether there was one.
    fn remove(&self, key: &[u8]) -> bool {
        let was_there = self.store.remove(key);
        give_back();
        was_there
    }

    /// Forgets what carries one of the tags; how many entries.
    fn invalidate(&self, py: Python<'_>, tags: Vec<PyBackedStr>) -> usize {
        let count = without_gil(py, || self.store.invalidate(tags.iter().map(|tag| &**tag)));
        give_back();
        count
    }

    /// Forgets everything.
    fn clear(&self, py: Python<'_>) {
        without_gil(py, || self.store.clear());
        give_back();
    }

    /// Takes out what is over; how many.
    #[pyo3(signature = (now=None))]
    fn sweep(&self, py: Python<'_>, now: Option<f64>) -> PyResult<usize> {
        let now = self.clock(now)?();
        let count = without_gil(py, || self.store.sweep(now));
        give_back();
        Ok(count)
    }

    /// Hits, misses, stale, evictions, expired, refused, entries, weight, tags.
    fn counts(&self) -> [u64; 9] {
        let c = self.store.counts();
        give_back();
        let ended = [c.evictions, c.expired, c.refused];
        [c.hits, c.misses, c.stale, ended[0], ended[1], ended[2], c.entries, c.weight, c.tags]
    }
}

/// What an answer is found under: a digest of the namespace and of each part, which no other ones have.
///
/// Lengths are part of it, so `("ab", "c")` and `("a", "bc")` differ; lone surrogates are characters as
/// any other. The digest is BLAKE3, 32 bytes: not even who tries finds two texts with one key. About
/// 1.7 µs for a text of 4 kB, 18 for one of 100 kB.
///
/// Args:
///     namespace: Whatever else answers depend on, such as a hash of gates, options and version.
///     parts: Texts.
///
/// >>> from gatecore.cache import key
/// >>> made = key(b"v1", "ab", "c")
/// >>> made == key(b"v1", "ab", "c"), made == key(b"v1", "a", "bc")
/// (True, False)
#[pyfunction]
#[pyo3(signature = (namespace, *parts))]
pub fn cache_key<'py>(
    namespace: &Bound<'py, PyBytes>,
    parts: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = namespace.py();
    let mut digester = Digester::new();
    digester.part(namespace.as_bytes());
    let mut wide = Vec::new();
    for part in parts.iter_borrowed() {
        let part = part.cast::<PyString>()?;
        // A look at whether it is ASCII costs more than a name's copy, which CPython keeps.
        if part.is_exact_instance_of::<PyString>() && part.as_any().len()? <= NAME {
            if let Ok(text) = part.to_str() {
                if text.is_ascii() {
                    digester.part(text.as_bytes());
                    continue;
                }
            }
        }
        match Characters::new(&part)? {
            Characters::Ascii(text) if text.len() <= WIDE => digester.part(text.as_bytes()),
            Characters::Ascii(text) => {
                without_gil(py, || digester.part(text.as_bytes()));
            }
            Characters::Wide(_, length) if length <= WIDE => {
                // CPython keeps the UTF-8 with the string: the next question does not encode it again.
                if let Ok(text) = part.to_str() {
                    digester.encoded(text);
                    continue;
                }
                wide.clear();
                append_characters(&part, &mut wide)?;
                digester.characters(&wide);
            }
            Characters::Wide(_, length) => {
                let mut hasher = PartHasher::default();
                for start in (0..length).step_by(WIDE) {
                    wide.clear();
                    let stretch = slice(&part, start, (start + WIDE).min(length))?;
                    append_characters(stretch.cast()?, &mut wide)?;
                    without_gil(py, || hasher.push(&wide));
                }
                digester.pieces(&hasher);
            }
        }
    }
    Ok(PyBytes::new(py, &digester.finish()))
}
