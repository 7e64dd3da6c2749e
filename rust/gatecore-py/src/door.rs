//! The one door out of the GIL.
//!
//! Up to CPython 3.13 a daemon thread that wants the GIL back while the interpreter ends is ended
//! itself, in the middle of Rust's frames, which aborts the process. And a process that forks while
//! another thread is out leaves its child with locks that nobody will open. So the door knows who is
//! out:
//! - when the process forks, it lets nobody out and waits until all are back, and opens again after;
//! - when the interpreter is about to end (`atexit`), it does the same and stays closed. What is left
//!   runs with the GIL, and a thread that would run Python code sleeps for good, as in CPython 3.14.
//!
//! Python code that runs below a frame of ours (a replacement function) may lose the GIL as well. It may
//! also take for ever, so the end waits for it a moment only.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::OnceLock;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyImportError;
use pyo3::marker::Ungil;
use pyo3::prelude::*;
use pyo3::types::PyDict;

static OUT: AtomicUsize = AtomicUsize::new(0);
static IN_PYTHON: AtomicUsize = AtomicUsize::new(0);
static CLOSED: AtomicBool = AtomicBool::new(false);
/// The thread that ends the interpreter.
static CLOSER: OnceLock<ThreadId> = OnceLock::new();

/// Longest wait for those who are out: a pass is linear, but a document may be long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest wait for Python code below us.
const PATIENCE_WITH_PYTHON: Duration = Duration::from_millis(500);

thread_local! {
    /// Whether this thread is out, and so has no GIL.
    static IS_OUT: Cell<bool> = const { Cell::new(false) };
}

/// Counts until it is dropped.
pub struct Counted(&'static AtomicUsize);

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

/// To be held while Python code runs below a frame of ours.
pub fn into_python(py: Python<'_>) -> Counted {
    if CLOSER.get().is_some_and(|closer| *closer != thread::current().id()) {
        py.detach(|| loop {
            thread::park();
        });
    }
    Counted::new(&IN_PYTHON)
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

fn wait(py: Python<'_>, count: &'static AtomicUsize, patience: Duration) {
    py.detach(|| {
        let begin = Instant::now();
        while count.load(Ordering::SeqCst) > 0 && begin.elapsed() < patience {
            thread::sleep(Duration::from_micros(200));
        }
    });
}

/// Lets nobody out and waits until all are back.
#[pyfunction]
fn close(py: Python<'_>) {
    CLOSED.store(true, Ordering::SeqCst);
    if OUT.load(Ordering::SeqCst) > 0 {
        wait(py, &OUT, PATIENCE);
    }
}

/// Closes for good.
#[pyfunction]
fn end(py: Python<'_>) {
    let _ = CLOSER.set(thread::current().id());
    close(py);
    wait(py, &IN_PYTHON, PATIENCE_WITH_PYTHON);
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
    IN_PYTHON.store(0, Ordering::SeqCst);
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
    py.import("atexit")?.call_method1("register", (wrap_pyfunction!(end, module)?,))?;
    let os = py.import("os")?;
    if os.hasattr("register_at_fork")? {
        let keywords = PyDict::new(py);
        keywords.set_item("before", wrap_pyfunction!(close, module)?)?;
        keywords.set_item("after_in_parent", wrap_pyfunction!(open, module)?)?;
        keywords.set_item("after_in_child", wrap_pyfunction!(open_in_child, module)?)?;
        os.call_method("register_at_fork", (), Some(&keywords))?;
    }
    Ok(())
}

fn refuse_subinterpreters(py: Python<'_>) -> PyResult<()> {
    // Built into every CPython, under the second name before 3.13.
    let Ok(interpreters) = py.import("_interpreters").or_else(|_| py.import("_xxsubinterpreters"))
    else {
        return Ok(());
    };
    let [main, current] = ["get_main", "get_current"].map(|name| interpreters.call_method0(name));
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
