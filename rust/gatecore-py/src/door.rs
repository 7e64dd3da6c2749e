//! The one door out of the GIL.
//!
//! A daemon thread that is out while the interpreter ends would read a document that is gone. And a
//! process that forks while another thread is out leaves its child with locks that nobody will open. So
//! the door knows who is out:
//! - when the process forks, it lets nobody out and waits until all are back, and opens again after;
//! - when the interpreter is about to end (`atexit`), it does the same and stays closed: what is left
//!   runs with the GIL.
//!
//! Who wants the GIL back once the interpreter ends sleeps for good, as in CPython 3.14: here by PyO3's
//! doing, and where Python code runs below a frame of ours by `gatecore_ffi::cpython`'s.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::OnceLock;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use gatecore_ffi::cpython::{call, call_with};
use pyo3::exceptions::PyImportError;
use pyo3::marker::Ungil;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::compiled::imported;

static OUT: AtomicUsize = AtomicUsize::new(0);
static CLOSED: AtomicBool = AtomicBool::new(false);
/// The thread that ends the interpreter.
static CLOSER: OnceLock<ThreadId> = OnceLock::new();

/// Longest wait for those who are out: a pass is linear, but a document may be long.
const PATIENCE: Duration = Duration::from_secs(30);

thread_local! {
    /// Whether this thread is out, and so has no GIL.
    static IS_OUT: Cell<bool> = const { Cell::new(false) };
}

/// Counts until it is dropped.
struct Counted(&'static AtomicUsize);

impl Counted {
    fn new(count: &'static AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Counted(count)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // Not below zero: a forked child began to count anew.
        let less = |count: usize| Some(count.saturating_sub(1));
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }
}

/// Runs `work` without the GIL. For all that can take longer than a microsecond.
#[inline]
pub fn without_gil<T: Ungil>(py: Python<'_>, work: impl Ungil + FnOnce() -> T) -> T {
    if is_closed() {
        let _is_in = Place::of_this_thread(false);
        return work();
    }
    let _is_counted = Counted::new(&OUT);
    let _is_out = Place::of_this_thread(true);
    py.detach(work)
}

/// Says of this thread, until it is dropped, whether it is out.
struct Place {
    before: bool,
}

impl Place {
    fn of_this_thread(is_out: bool) -> Self {
        Place { before: IS_OUT.replace(is_out) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        IS_OUT.set(self.before);
    }
}

/// Whether work runs with the GIL, because the process forks or the interpreter is about to end.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::SeqCst)
}

/// Lets a daemon thread that is out sleep for good once the interpreter is about to end: it could never
/// come back, so the end need not wait for what it does.
pub fn rest_at_the_end() {
    if IS_OUT.get() && CLOSER.get().is_some_and(|closer| *closer != thread::current().id()) {
        drop(Counted(&OUT));
        loop {
            thread::park();
        }
    }
}

/// Lets nobody out and waits until all are back.
#[pyfunction]
fn close(py: Python<'_>) {
    CLOSED.store(true, Ordering::SeqCst);
    if OUT.load(Ordering::SeqCst) == 0 {
        return;
    }
    py.detach(|| {
        let begin = Instant::now();
        while OUT.load(Ordering::SeqCst) > 0 && begin.elapsed() < PATIENCE {
            thread::sleep(Duration::from_micros(200));
        }
    });
}

/// Closes for good.
#[pyfunction]
fn end(py: Python<'_>) {
    let _ = CLOSER.set(thread::current().id());
    close(py);
}

/// Opens after a fork, in the parent.
#[pyfunction]
fn open() {
    CLOSED.store(CLOSER.get().is_some(), Ordering::SeqCst);
}

/// Opens after a fork, in the child, whose one thread is in.
#[pyfunction]
fn open_in_child() {
    OUT.store(0, Ordering::SeqCst);
    crate::limit::forget_what_was_left();
    open();
}

/// Asks the interpreter to say when it forks or ends.
///
/// # Errors
/// `ImportError` in a subinterpreter: what is here belongs to the process, and there is one GIL's door.
pub fn watch(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    refuse_subinterpreters(py)?;
    let atexit = imported(py, "atexit", "register")?;
    call(&atexit, &[wrap_pyfunction!(end, module)?.as_any()])?;
    let at_fork = imported(py, "os", "register_at_fork");
    if let Ok(at_fork) = at_fork {
        let keywords = PyDict::new(py);
        keywords.set_item("before", wrap_pyfunction!(close, module)?)?;
        keywords.set_item("after_in_parent", wrap_pyfunction!(open, module)?)?;
        keywords.set_item("after_in_child", wrap_pyfunction!(open_in_child, module)?)?;
        call_with(&at_fork, &PyTuple::empty(py), Some(&keywords))?;
    }
    Ok(())
}

fn refuse_subinterpreters(py: Python<'_>) -> PyResult<()> {
    // Built into every CPython, under the second name before 3.13.
    let ask = |name: &str| {
        let function = imported(py, "_interpreters", name);
        function.or_else(|_| imported(py, "_xxsubinterpreters", name)).ok()
    };
    let Some((main, current)) = ask("get_main").zip(ask("get_current")) else { return Ok(()) };
    let [main, current] = [main, current].map(|function| call(&function, &[]));
    let id = |interpreter: Bound<'_, PyAny>| -> PyResult<String> {
        // An id, or since 3.13 a tuple that begins with it.
        let id = interpreter.get_item(0).unwrap_or(interpreter);
        Ok(id.str()?.to_string())
    };
    if id(main?)? == id(current?)? {
        return Ok(());
    }
    Err(PyImportError::new_err(
        "gatecore cannot be used in a subinterpreter: import it in the main one (under mod_wsgi: \
         WSGIApplicationGroup %{GLOBAL})",
    ))
}
