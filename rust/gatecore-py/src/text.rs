//! Documents as the core's [`Text`]: characters of a Python string, as bytes.
//!
//! The stable ABI does not show how CPython stores a string. An ASCII string is lent as it is. Of
//! others UTF-32 copies are made, a stretch at a time, and only for so long is the GIL held: about
//! 1 ns a character, 6 where there are lone surrogates.

use gatecore::{memory, wtf8, Text, Translation};
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

    /// Translates its characters from one to another. To be called without the GIL.
    pub fn translate(
        &self,
        translation: &mut Translation<'_>,
        from: usize,
        to: usize,
        limit: &Limit,
    ) -> PyResult<()> {
        match self {
            // A look at the clock costs more than a short document.
            Characters::Ascii(text) if to - from <= ASCII_STRETCH => {
                translation.push(Text::Ascii(&text.as_bytes()[from..to]));
                limit.check()?;
            }
            Characters::Ascii(text) => {
                let mut looks = Looks::new(limit);
                for stretch in text.as_bytes()[from..to].chunks(ASCII_STRETCH) {
                    translation.push(Text::Ascii(stretch));
                    looks.look()?;
                }
            }
            Characters::Wide(text, _) => {
                let mut looks = Looks::new(limit);
                for start in (from..to).step_by(STRETCH) {
                    looks.look()?;
                    let end = (start + STRETCH).min(to);
                    Python::attach(|py| -> PyResult<()> {
                        let stretch = slice(text.bind(py), start, end)?;
                        with_utf32(&stretch, |bytes| translation.push(Text::Utf32(bytes)))
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// Adds a string's characters, one byte each, or four where not all are ASCII, which it says.
pub fn append(text: &Bound<'_, PyString>, into: &mut Vec<u8>) -> PyResult<bool> {
    let mut copy = |bytes: &[u8]| errors::caught(|| memory::extend(into, bytes));
    match Characters::new(text)? {
        Characters::Ascii(text) => copy(text.as_bytes()).map(|()| false),
        Characters::Wide(_, length) => with_utf32(&slice(text, 0, length)?, copy)?.map(|()| true),
    }
}

/// Lends a string's characters as UTF-32.
fn with_utf32<T>(text: &Bound<'_, PyAny>, work: impl FnOnce(&[u8]) -> T) -> PyResult<T> {
    let py = text.py();
    match encoded(text, intern!(py, "utf-32-le"), intern!(py, "strict")) {
        Ok(bytes) => Ok(work(bytes.as_bytes())),
        Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(py) => {
            Ok(work(&with_surrogates(text)?))
        }
        Err(error) => Err(error),
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

/// A text with lone surrogates in UTF-32.
///
/// CPython's UTF-32 calls the error handler for each of them, 1 µs a time; its UTF-8 writes three bytes.
fn with_surrogates(text: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let (py, length) = (text.py(), text.len()?);
    let bytes = encoded(text, intern!(py, "utf-8"), intern!(py, "surrogatepass"))?;
    errors::caught(|| wtf8::utf32(bytes.as_bytes(), length))
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
