//! The class `gatecore.Document`: told by its own module, and how a text is known to be one.

use gatecore_ffi::cpython::call_method;
use pyo3::ffi::PyTypeObject;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

use crate::scan::CoreScan;

/// Set when `gatecore.patterns.document` is imported.
static DOCUMENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Tells the class of documents; they hold a `CoreScan` in `_core` and a `PatternSet` in `_patterns`.
#[pyfunction]
pub fn register_document(class_: Bound<'_, PyType>) {
    let _ = DOCUMENT.set(class_.py(), class_.unbind());
}

/// What a document keeps for the core. `None` if the text is not a document.
#[inline(always)]
pub fn scan_of<'py>(string: &Bound<'py, PyAny>) -> Option<Bound<'py, CoreScan>> {
    let py = string.py();
    let document = DOCUMENT.get(py)?;
    if !std::ptr::eq(string.get_type_ptr(), document.as_ptr().cast::<PyTypeObject>())
        && !is_derived(string, document.bind(py))
    {
        return None;
    }
    string.getattr(intern!(py, "_core")).ok()?.cast_into::<CoreScan>().ok()
}

#[cold]
fn is_derived(string: &Bound<'_, PyAny>, document: &Bound<'_, PyType>) -> bool {
    // By its type, whatever it says of its class: a proxy of a document is not a `str`.
    !string.is_exact_instance_of::<PyString>()
        && string.get_type().is_subclass(document).unwrap_or(false)
}

/// Calls a method of the set of a document.
pub fn tell_set(
    document: &Bound<'_, PyAny>,
    method: &Bound<'_, PyString>,
    arguments: &[&Bound<'_, PyAny>],
) -> PyResult<()> {
    let patterns = document.getattr(intern!(document.py(), "_patterns"))?;
    call_method(&patterns, method, arguments).map(drop)
}
