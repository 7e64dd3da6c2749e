//! Counting the outcomes of many validations without the GIL.

use gatecore::packed;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::gil::without_gil;

/// How often each number occurs in little-endian numbers of `width` bytes, 2 or 4; by number.
#[pyfunction]
pub fn count_numbers(py: Python<'_>, numbers: &[u8], width: usize) -> PyResult<Vec<(u32, u64)>> {
    let counted = without_gil(py, || packed::count_numbers(numbers, width));
    counted.ok_or_else(|| PyValueError::new_err("not whole numbers of two or four bytes"))
}
