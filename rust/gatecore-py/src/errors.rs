//! Core errors as the exceptions of `gatecore.errors`.

use gatecore::{BuildError, LoadError, ScanError};
use pyo3::exceptions::PyMemoryError;
use pyo3::{import_exception, PyErr};

import_exception!(gatecore.errors, DeadlineError);
import_exception!(gatecore.errors, PatternSetError);
import_exception!(gatecore.errors, SetTooLargeError);
import_exception!(gatecore.errors, StoredSetError);
import_exception!(gatecore.errors, UnansweredError);

/// A set could not be built.
pub fn build(error: BuildError) -> PyErr {
    match error {
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
