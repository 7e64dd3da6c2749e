//! Python strings as the core's [`Text`]: the one place that knows characters and bytes.
//!
//! The stable ABI does not show how CPython stores a string. An ASCII string is lent as it is. Of
//! others UTF-32 copies are made, one stretch at a time and only that long with the GIL held, about
//! 1 ns a character. UTF-8 would be smaller, but CPython would keep it as long as the string lives,
//! and lone surrogates have none.

use crate::limit::{Limit, Looks};
use crate::serve::is_document;
use gatecore::{Text, Translation};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PySlice, PyString, PyType};

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
        let ascii = string_type(py).call_method1(intern!(py, "isascii"), (text,))?.is_truthy()?;
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
                        let encoding = (intern!(py, "utf-32-le"), intern!(py, "surrogatepass"));
                        let bytes = stretch.call_method1(intern!(py, "encode"), encoding)?;
                        let bytes = bytes.cast::<PyBytes>()?.as_bytes();
                        translation.push(Text::Utf32(bytes));
                        Ok(())
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// Number of characters, as `str` itself counts them.
pub fn length(text: &Bound<'_, PyString>) -> PyResult<usize> {
    if text.is_exact_instance_of::<PyString>() {
        return text.as_any().len();
    }
    string_type(text.py()).call_method1(intern!(text.py(), "__len__"), (text,))?.extract()
}

/// The characters from `start` to `end`, as a plain `str`.
pub fn slice<'py>(
    text: &Bound<'py, PyString>,
    start: usize,
    end: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let py = text.py();
    let bounds = PySlice::new(py, start as isize, end as isize, 1);
    if text.is_exact_instance_of::<PyString>() || is_document(text) {
        return text.as_any().get_item(bounds);
    }
    string_type(py).call_method1(intern!(py, "__getitem__"), (text, bounds))
}

fn string_type(py: Python<'_>) -> Bound<'_, PyType> {
    py.get_type::<PyString>()
}
