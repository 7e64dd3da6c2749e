//! The one door out of the GIL.
//!
//! Up to CPython 3.13 a daemon thread that wants the GIL back while the interpreter ends is ended
//! itself, in the middle of Rust's frames, which aborts the process. So the door knows who is out, and
//! who runs Python code below a frame of ours, which may lose the GIL at any time. When the interpreter
//! is about to end (`atexit`), it waits until all are back. Then nobody leaves any more: work runs with
//! the GIL, and a thread that would run Python code sleeps for good, as CPython 3.14 has it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::OnceLock;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::marker::Ungil;
use pyo3::prelude::*;

static OUT: AtomicUsize = AtomicUsize::new(0);
static CLOSED: AtomicBool = AtomicBool::new(false);
/// The thread that ends the interpreter.
static CLOSER: OnceLock<ThreadId> = OnceLock::new();

/// Longest wait for those who are out, so that an odd process still ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// Counts as out until it is dropped.
pub struct IsOut(());

impl IsOut {
    fn new() -> Self {
        OUT.fetch_add(1, Ordering::SeqCst);
        IsOut(())
    }
}

impl Drop for IsOut {
    fn drop(&mut self) {
        OUT.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs `work` without the GIL. For all that can take longer than a microsecond.
#[inline]
pub fn without_gil<T: Ungil>(py: Python<'_>, work: impl Ungil + FnOnce() -> T) -> T {
    if is_closed() {
        return work();
    }
    let _is_out = IsOut::new();
    py.detach(work)
}

/// To be held while Python code runs below a frame of ours.
pub fn into_python(py: Python<'_>) -> IsOut {
    if is_closed() && CLOSER.get() != Some(&thread::current().id()) {
        py.detach(|| loop {
            thread::park();
        });
    }
    IsOut::new()
}

/// Whether work runs with the GIL, because the interpreter is about to end.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::SeqCst)
}

/// Waits for those who are out and lets nobody out again.
#[pyfunction]
fn close(py: Python<'_>) {
    let _ = CLOSER.set(thread::current().id());
    CLOSED.store(true, Ordering::SeqCst);
    py.detach(|| {
        let begin = Instant::now();
        while OUT.load(Ordering::SeqCst) > 0 && begin.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// A forked process has one thread, which is in.
#[pyfunction]
fn forked() {
    OUT.store(0, Ordering::SeqCst);
}

/// Asks the interpreter to say when it ends or forks.
pub fn watch(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    py.import("atexit")?.call_method1("register", (wrap_pyfunction!(close, module)?,))?;
    let os = py.import("os")?;
    if os.hasattr("register_at_fork")? {
        let keywords = pyo3::types::PyDict::new(py);
        keywords.set_item("after_in_child", wrap_pyfunction!(forked, module)?)?;
        os.call_method("register_at_fork", (), Some(&keywords))?;
    }
    Ok(())
}
