//! Python strings as the core's [`Text`]: the one place that knows characters and bytes.
//!
//! The stable ABI does not show how CPython stores a string. An ASCII string is lent as it is. Of
//! others a temporary UTF-32 copy is made with the GIL held, about 0.1 ms for 100,000 characters:
//! UTF-8 would be smaller, but CPython would keep it as long as the string lives, and lone
//! surrogates have none.

use gatecore::Text;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// A document held for the core while the GIL is released.
pub enum Held<'py> {
    /// The string's own bytes: every character is ASCII.
    Ascii(&'py str),
    /// A copy, four bytes a character.
    Wide(Bound<'py, PyBytes>),
}

impl<'py> Held<'py> {
    /// Borrows or copies a string. The methods are those of `str` itself, whatever a subclass says.
    pub fn new(text: &'py Bound<'py, PyString>) -> PyResult<Self> {
        let py = text.py();
        let string = py.get_type::<PyString>();
        let ascii = string.call_method1(intern!(py, "isascii"), (text,))?.is_truthy()?;
        if ascii {
            return Ok(Held::Ascii(text.to_str()?));
        }
        let arguments = (text, intern!(py, "utf-32-le"), intern!(py, "surrogatepass"));
        let bytes = string.call_method1(intern!(py, "encode"), arguments)?;
        Ok(Held::Wide(bytes.cast_into::<PyBytes>()?))
    }

    /// The core's view of it.
    pub fn text(&self) -> Text<'_> {
        match self {
            Held::Ascii(text) => Text::Ascii(text.as_bytes()),
            Held::Wide(bytes) => Text::Utf32(bytes.as_bytes()),
        }
    }
}
