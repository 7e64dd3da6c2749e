//! The one way out of the GIL.
//!
//! A daemon thread that reads a document without the GIL while the interpreter ends would read one that
//! is gone. A process that forks while another thread works without the GIL leaves its child with locks
//! that nobody will ever open. So threads outside are counted:
//! - when the process forks, no thread gets out any more, the fork waits until all are back, and after it
//!   they may go again;
//! - when the interpreter is about to end (`atexit`), the same happens and it stays so: what is left runs
//!   with the GIL.
//!
//! A thread that wants the GIL back once the interpreter ends sleeps for good, as in CPython 3.14: here
//! by PyO3's doing, and where Python code runs below a frame of ours by `gatecore_ffi::cpython`'s.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::OnceLock;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use gatecore::workers;
use gatecore_ffi::cpython::{call, call_with};
use pyo3::exceptions::PyImportError;
use pyo3::marker::Ungil;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::imports::imported;

/// Threads that are outside.
static OUTSIDE: AtomicUsize = AtomicUsize::new(0);
static CLOSED: AtomicBool = AtomicBool::new(false);
/// The thread that ends the interpreter.
static CLOSER: OnceLock<ThreadId> = OnceLock::new();

/// Work whose caller did not wait for its end; see `deadline.rs`. A forked child has none.
pub static ABANDONED: AtomicUsize = AtomicUsize::new(0);

/// Longest wait for the threads outside: a pass is linear, but a document may be long.
const PATIENCE: Duration = Duration::from_secs(30);

thread_local! {
    /// Whether this thread is inside, where Python is: outside it has no GIL.
    static IN_PYTHON: Cell<bool> = const { Cell::new(true) };
}

/// Counts a thread as outside until it is dropped.
struct Outside;

impl Outside {
    fn new() -> Self {
        OUTSIDE.fetch_add(1, Ordering::SeqCst);
        Outside
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // Not below zero: a forked child began to count anew.
        let less = |count: usize| Some(count.saturating_sub(1));
        let _ = OUTSIDE.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }
}

/// Sets [`IN_PYTHON`] until it is dropped.
struct Place {
    before: bool,
}

impl Place {
    fn of_this_thread(in_python: bool) -> Self {
        Place { before: IN_PYTHON.replace(in_python) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        IN_PYTHON.set(self.before);
    }
}

/// Runs `work` without the GIL. For everything that can take longer than a microsecond.
#[inline]
pub fn without_gil<T: Ungil>(py: Python<'_>, work: impl Ungil + FnOnce() -> T) -> T {
    if is_closed() {
        let _in_python = Place::of_this_thread(true);
        return work();
    }
    let _is_counted = Outside::new();
    let _in_python = Place::of_this_thread(false);
    py.detach(work)
}

/// Whether work runs with the GIL, because the process forks or the interpreter is about to end.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::SeqCst)
}

/// Puts a daemon thread that is outside to sleep for good once the interpreter is about to end: it could
/// never come back, so the end need not wait for what it does.
pub fn rest_at_the_end() {
    if !IN_PYTHON.get() && CLOSER.get().is_some_and(|closer| *closer != thread::current().id()) {
        drop(Outside);
        loop {
            thread::park();
        }
    }
}

/// Lets no thread out and waits until all are back.
#[pyfunction]
fn close(py: Python<'_>) {
    CLOSED.store(true, Ordering::SeqCst);
    if OUTSIDE.load(Ordering::SeqCst) == 0 {
        return;
    }
    py.detach(|| {
        let begin = Instant::now();
        while OUTSIDE.load(Ordering::SeqCst) > 0 && begin.elapsed() < PATIENCE {
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

/// Opens after a fork, in the child, whose one thread is inside.
#[pyfunction]
fn open_in_child() {
    OUTSIDE.store(0, Ordering::SeqCst);
    ABANDONED.store(0, Ordering::Relaxed);
    workers::forget();
    open();
}

/// Asks the interpreter to call these when it forks or ends.
///
/// # Errors
/// `ImportError` in a subinterpreter: what is counted here belongs to the process, with one GIL.
pub fn watch(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    refuse_subinterpreters(py)?;
    let atexit = imported(py, "atexit", "register")?;
    call(&atexit, &[wrap_pyfunction!(end, module)?.as_any()])?;
    if let Ok(at_fork) = imported(py, "os", "register_at_fork") {
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
