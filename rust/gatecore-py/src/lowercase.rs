//! `LowercaseOffsets`: the core's map between a text and its `lower()`.

use gatecore::lowercase::{self, DOUBLED};
use gatecore::{memory, Span};
use gatecore_ffi::cpython::{call_method, number};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors;
use crate::text::string_type;

/// Brings spans in a text's `lower()` back to the text: U+0130 is one character here and two there.
///
/// >>> from gatecore._gatecore import LowercaseOffsets
/// >>> offsets = LowercaseOffsets("at \u0130zmir")
/// >>> offsets.back(3, 4), offsets.back(5, 9), offsets.is_identity
/// ((3, 4), (4, 8), False)
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct LowercaseOffsets {
    /// For the gates, which bring back their own matches.
    pub map: lowercase::LowercaseOffsets,
}

#[pymethods]
impl LowercaseOffsets {
    #[new]
    fn new(text: &Bound<'_, PyString>) -> PyResult<Self> {
        let py = text.py();
        let (string, find) = (string_type(py), intern!(py, "find"));
        let wanted = PyString::new(py, DOUBLED.encode_utf8(&mut [0; 4]));
        let (mut doubled, mut from) = (Vec::new(), 0);
        loop {
            let found = call_method(&string, find, &[text, &wanted, &number(py, from)?])?;
            let place: isize = found.extract()?;
            let Ok(known) = usize::try_from(place) else { break };
            errors::caught(|| memory::push(&mut doubled, known))?;
            from = place + 1;
        }
        Ok(LowercaseOffsets { map: lowercase::LowercaseOffsets::new(doubled) })
    }

    /// Whether every span stays where it is.
    #[getter]
    fn is_identity(&self) -> bool {
        self.map.is_identity()
    }

    /// The text's span of one in its `lower()`: every character that it touches.
    fn back(&self, start: usize, end: usize) -> PyResult<(usize, usize)> {
        if start > end || end > u32::MAX as usize {
            return Err(PyValueError::new_err(format!("({start}, {end}) is not a span")));
        }
        let found = self.map.back(Span::new(start, end));
        Ok((found.start(), found.end()))
    }
}
