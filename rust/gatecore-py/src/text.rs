//! Python strings as the core's [`Text`]: the one place that knows characters and bytes.
//!
//! The stable ABI does not show how CPython stores a string. An ASCII string is lent as it is. Of
//! others UTF-32 copies are made, a stretch at a time, and only for so long is the GIL held: about
//! 1 ns a character, 6 where there are lone surrogates.

use gatecore::{wtf8, Text, Translation};
use gatecore_ffi::cpython::{call_method, slice};
use pyo3::exceptions::PyUnicodeEncodeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};

use crate::deadline::{Limit, Looks};
use crate::errors;

/// Characters that are copied at once: 60 µs with the GIL held, 256 KB.
const STRETCH: usize = 1 << 16;

/// ASCII characters between two looks for Ctrl-C: 0.3 ms.
const ASCII_STRETCH: usize = 1 << 20;

/// A document held for the core while the GIL is released.
pub enum Characters<'a> {
    /// The string's own bytes: every character is ASCII.
    Ascii(&'a str),
    /// The string and its length.
    Wide(Py<PyString>, usize),
}

impl<'a> Characters<'a> {
    /// Looks at a string. The methods are those of `str` itself, whatever a subclass says.
    pub fn new(text: &'a Bound<'_, PyString>) -> PyResult<Self> {
        let py = text.py();
        let ascii = call_method(&string_type(py), intern!(py, "isascii"), &[text])?.is_truthy()?;
        if ascii {
            return Ok(Characters::Ascii(text.to_str()?));
        }
        Ok(Characters::Wide(text.clone().unbind(), length(text)?))
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        match self {
            Characters::Ascii(text) => text.len(),
            Characters::Wide(_, length) => *length,
        }
    }

    /// Translates all of it. To be called without the GIL.
    pub fn translate(&self, translation: &mut Translation<'_>, limit: &Limit) -> PyResult<()> {
        let mut looks = Looks::new(limit);
        match self {
            Characters::Ascii(text) => {
                for stretch in text.as_bytes().chunks(ASCII_STRETCH) {
                    translation.push(Text::Ascii(stretch));
                    looks.look()?;
                }
            }
            Characters::Wide(text, length) => {
                for start in (0..*length).step_by(STRETCH) {
                    looks.look()?;
                    let end = (start + STRETCH).min(*length);
                    Python::attach(|py| -> PyResult<()> {
                        let stretch = slice(text.bind(py), start, end)?;
                        match encoded(&stretch, intern!(py, "utf-32-le"), intern!(py, "strict")) {
                            Ok(bytes) => translation.push(Text::Utf32(bytes.as_bytes())),
                            Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(py) => {
                                translation.push(Text::Utf32(&with_surrogates(&stretch)?));
                            }
                            Err(error) => return Err(error),
                        }
                        Ok(())
                    })?;
                }
            }
        }
        Ok(())
    }
}

fn encoded<'py>(
    text: &Bound<'py, PyAny>,
    encoding: &Bound<'py, PyString>,
    errors: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyBytes>> {
    let encode = intern!(text.py(), "encode");
    Ok(call_method(text, encode, &[encoding, errors])?.cast_into::<PyBytes>()?)
}

/// A stretch with lone surrogates in UTF-32.
///
/// CPython's UTF-32 calls the error handler for each of them, 1 µs a time; its UTF-8 writes three bytes.
fn with_surrogates(stretch: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let py = stretch.py();
    let bytes = encoded(stretch, intern!(py, "utf-8"), intern!(py, "surrogatepass"))?;
    errors::caught(|| wtf8::utf32(bytes.as_bytes(), STRETCH))
}

/// Number of characters, as `str` itself counts them.
pub fn length(text: &Bound<'_, PyString>) -> PyResult<usize> {
    if text.is_exact_instance_of::<PyString>() {
        return text.as_any().len();
    }
    call_method(&string_type(text.py()), intern!(text.py(), "__len__"), &[text])?.extract()
}

pub fn string_type(py: Python<'_>) -> Bound<'_, PyType> {
    py.get_type::<PyString>()
}
