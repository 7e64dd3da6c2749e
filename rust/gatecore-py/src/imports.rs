//! What the binding takes from Python modules, and cells in which it keeps what Python code made.

use gatecore_ffi::cpython::call;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple};

/// The standard module. `gatecore` has imported it, so no Python code runs.
pub fn standard<'py>(py: Python<'py>) -> PyResult<Bound<'py, PyModule>> {
    static STANDARD: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "it is loaded")]
    let module = STANDARD.get_or_try_init(py, || py.import("re").map(Bound::unbind))?;
    Ok(module.bind(py).clone())
}

/// `re.Pattern` or `re.Match`: what the native objects say that they are.
pub fn standard_class(py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
    Ok(standard(py)?.getattr(name)?.unbind())
}

/// What a cell keeps, made by Python code when it is first asked for.
///
/// `PyOnceLock::get_or_try_init` lets other threads wait meanwhile, forever if the interpreter ends
/// there or if the code comes back to the same cell. Here each makes its own and the first is kept.
pub fn kept<'a, 'py>(
    cell: &'a PyOnceLock<Py<PyAny>>,
    py: Python<'py>,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<&'a Bound<'py, PyAny>> {
    if cell.get(py).is_none() {
        let _ = cell.set(py, make()?.unbind());
    }
    Ok(cell.get(py).expect("it was just set").bind(py))
}

/// An attribute of a module that may have to be loaded first.
pub fn imported<'py>(
    py: Python<'py>,
    module: &str,
    attribute: &str,
) -> PyResult<Bound<'py, PyAny>> {
    static IMPORT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "it is loaded")]
    let import = kept(&IMPORT, py, || py.import("builtins")?.getattr("__import__"))?;
    let (none, module) = (py.None().into_bound(py), PyString::new(py, module));
    let wanted = PyTuple::new(py, [attribute])?; // so that it gives the module and not its package
    call(import, &[&module, &none, &none, &wanted])?.getattr(attribute)
}
