//! Core errors as the exceptions of `gatecore.errors`.

use gatecore::memory::{self, NoMemory};
use gatecore::{BuildError, LoadError, PatternId, PatternSet, ScanError};
use gatecore_ffi::cpython::reserve;
use pyo3::exceptions::{PyIndexError, PyMemoryError};
use pyo3::import_exception;
use pyo3::prelude::*;

import_exception!(gatecore.errors, DeadlineError);
import_exception!(gatecore.errors, DocumentTypeError);
import_exception!(gatecore.errors, PatternSetError);
import_exception!(gatecore.errors, SetTooLargeError);
import_exception!(gatecore.errors, StoredSetError);
import_exception!(gatecore.errors, UnansweredError);

/// Does work for which memory may not be enough: then it is a bare `MemoryError`, as `re` raises it.
pub fn caught<T>(work: impl FnOnce() -> T) -> PyResult<T> {
    let done = if reserve::is_there() { memory::caught(work) } else { Err(NoMemory) };
    done.map_err(|NoMemory| PyMemoryError::new_err(()))
}

/// The pattern of this number, which has to be in the set.
pub fn pattern(set: &PatternSet, number: u32) -> PyResult<PatternId> {
    let id = ((number as usize) < set.len()).then_some(PatternId(number));
    id.ok_or_else(|| PyIndexError::new_err("pattern number out of range"))
}

/// A set could not be built.
pub fn build(error: BuildError) -> PyErr {
    match error {
        BuildError::Memory => PyMemoryError::new_err(error.to_string()),
        BuildError::TooLarge(_) => SetTooLargeError::new_err(error.to_string()),
        _ => PatternSetError::new_err(error.to_string()),
    }
}

/// A stored set could not be used.
pub fn load(error: LoadError) -> PyErr {
    StoredSetError::new_err(error.to_string())
}

/// A document could not be scanned: it is beyond 4 GiB, or memory ran out.
pub fn scan(error: ScanError) -> PyErr {
    PyMemoryError::new_err(error.to_string())
}

/// Has an error about a question, Ctrl-C among them, say of which pattern it was: for whoever asked many
/// together and raises it with more to say.
pub fn numbered(error: PyErr, number: u32) -> PyErr {
    let named = Python::attach(|py| error.value(py).setattr("asked", number));
    named.err().unwrap_or(error)
}

/// Something among many documents is none.
pub fn not_a_document(object: &Bound<'_, PyAny>, number: usize) -> PyErr {
    let kind = object.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
    DocumentTypeError::new_err(format!("document {number} is a str, not {kind}"))
}
