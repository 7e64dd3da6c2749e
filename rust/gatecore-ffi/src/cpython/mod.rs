//! What the binding needs of CPython's C interface and PyO3 does not give.
//!
//! # Calls from which a thread may not come back
//!
//! ```text
//! daemon thread:  Python ─▶ Rust ─▶ Python code ─▶ gives the GIL up … and wants it back
//! main thread:                                    the interpreter ends
//! ```
//!
//! Up to 3.13, CPython ends such a thread by `pthread_exit`, which glibc does by unwinding its stack:
//! through C frames as if nothing were there, but a Rust frame that called a function of the C interface
//! says that nothing unwinds through it, and the process aborts. From 3.14 on the thread sleeps for good
//! instead. So does it here: the call is made as one that may unwind, and a guard right behind it, before
//! any frame that has something to clean up (which would take the GIL), puts the thread to sleep.
//! PyO3 does the same where a thread takes the GIL itself; what loses it is Python code, which any call may
//! run. So the binding calls through [`call`], [`call_method`] and [`call_with`] and in no other way
//! (`rust/gatecore-py/clippy.toml` holds it).
//!
//! # Objects whose making may fail
//!
//! PyO3 panics where memory is not enough for a tuple, a list or a number, and its slices are then wrong.
//! What a document has thousands of is made here, and is a `MemoryError` where `re` has one. [`reserve`] is
//! an allocator that keeps small allocations from ending the process.

pub mod reserve;
pub mod stack;

use std::hint::black_box;
use std::mem;
use std::ptr;
use std::thread;

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

extern "C-unwind" {
    fn PyObject_Call(
        function: *mut PyObject,
        arguments: *mut PyObject,
        keywords: *mut PyObject,
    ) -> *mut PyObject;
    fn PyObject_CallFunctionObjArgs(function: *mut PyObject, ...) -> *mut PyObject;
    fn PyObject_CallMethodObjArgs(object: *mut PyObject, name: *mut PyObject, ...)
        -> *mut PyObject;
}

/// Puts the thread to sleep for good when it is unwound.
struct Sleep;

impl Drop for Sleep {
    fn drop(&mut self) {
        loop {
            thread::park();
        }
    }
}

/// Makes a call, which may unwind, with the guard behind it.
#[inline]
fn guarded<'py>(
    py: Python<'py>,
    call: impl FnOnce() -> *mut PyObject,
) -> PyResult<Bound<'py, PyAny>> {
    let guard = Sleep;
    let result = call();
    mem::forget(guard);
    // SAFETY: the functions called give a new reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, result) }
}

/// Most arguments that [`call`] and [`call_method`] take.
pub const MOST: usize = 4;

/// Arguments, then null pointers, of which the first ends the list.
fn ended(arguments: &[&Bound<'_, PyAny>]) -> [*mut PyObject; MOST + 1] {
    assert!(arguments.len() <= MOST, "calls with more arguments go through `call_with`");
    let mut pointers = [ptr::null_mut(); MOST + 1];
    for (pointer, argument) in pointers.iter_mut().zip(arguments) {
        *pointer = argument.as_ptr();
    }
    pointers
}

/// `function(*arguments)`, for up to four arguments.
///
/// # Errors
/// What the function raises.
///
/// # Panics
/// If there are more than [`MOST`] arguments.
#[inline]
pub fn call<'py>(
    function: &Bound<'py, PyAny>,
    arguments: &[&Bound<'py, PyAny>],
) -> PyResult<Bound<'py, PyAny>> {
    // PyO3 declares such functions as ones that do not unwind. A linker that optimises might take its
    // word for ours, so it is kept from seeing which function this is; here and below.
    let f = black_box(PyObject_CallFunctionObjArgs as unsafe extern "C-unwind" fn(_, ...) -> _);
    let [a, b, c, d, end] = ended(arguments);
    guarded(function.py(), || {
        // SAFETY: live objects, then null pointers; the GIL is held, as `Bound` says.
        unsafe { f(function.as_ptr(), a, b, c, d, end) }
    })
}

/// `object.name(*arguments)`, for up to four arguments. Neither a tuple nor a bound method is made.
///
/// # Errors
/// What the method raises, or that there is none.
///
/// # Panics
/// If there are more than [`MOST`] arguments.
#[inline]
pub fn call_method<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    arguments: &[&Bound<'py, PyAny>],
) -> PyResult<Bound<'py, PyAny>> {
    let f = black_box(PyObject_CallMethodObjArgs as unsafe extern "C-unwind" fn(_, _, ...) -> _);
    let [a, b, c, d, end] = ended(arguments);
    guarded(object.py(), || {
        // SAFETY: live objects, of which the second is a string, then null pointers; the GIL is held.
        unsafe { f(object.as_ptr(), name.as_ptr(), a, b, c, d, end) }
    })
}

/// `function(*arguments, **keywords)`.
///
/// # Errors
/// What the function raises.
pub fn call_with<'py>(
    function: &Bound<'py, PyAny>,
    arguments: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let f = black_box(PyObject_Call as unsafe extern "C-unwind" fn(_, _, _) -> _);
    let keywords = keywords.map_or(ptr::null_mut(), |keywords| keywords.as_ptr());
    guarded(function.py(), || {
        // SAFETY: a live callable, a tuple, and a dictionary or null; the GIL is held.
        unsafe { f(function.as_ptr(), arguments.as_ptr(), keywords) }
    })
}

/// What a function of the C interface gave.
#[inline]
fn made<'py>(py: Python<'py>, object: *mut PyObject) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the functions called here give a new reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, object) }
}

/// A number.
///
/// # Errors
/// `MemoryError`; the same holds for what follows.
#[inline]
pub fn number(py: Python<'_>, value: isize) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: the GIL is held.
    made(py, unsafe { ffi::PyLong_FromSsize_t(value) })
}

/// A tuple of objects, of which each may fail.
pub fn tuple<'py>(
    py: Python<'py>,
    objects: impl ExactSizeIterator<Item = PyResult<Bound<'py, PyAny>>>,
) -> PyResult<Bound<'py, PyAny>> {
    let length = objects.len() as ffi::Py_ssize_t;
    // SAFETY: the GIL is held.
    let tuple = made(py, unsafe { ffi::PyTuple_New(length) })?;
    for (place, object) in (0..length).zip(objects) {
        // SAFETY: the tuple is new and nobody else's, the place is in it, the reference is given away.
        unsafe { ffi::PyTuple_SetItem(tuple.as_ptr(), place, object?.into_ptr()) };
    }
    Ok(tuple)
}

/// A tuple of two numbers.
#[inline]
pub fn pair(py: Python<'_>, first: isize, second: isize) -> PyResult<Bound<'_, PyAny>> {
    tuple(py, [first, second].into_iter().map(|value| number(py, value)))
}

/// An empty list.
pub fn empty_list(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    // SAFETY: the GIL is held.
    let list = made(py, unsafe { ffi::PyList_New(0) })?;
    Ok(list.cast_into()?)
}

/// A list of objects, of which each may fail.
pub fn list<'py>(
    py: Python<'py>,
    objects: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
) -> PyResult<Bound<'py, PyList>> {
    let list = empty_list(py)?;
    for object in objects {
        list.append(object?)?;
    }
    Ok(list)
}

/// A string's characters as numbers, appended to a list. 0.1 ns a character and its copy.
///
/// # Errors
/// `MemoryError`.
pub fn append_characters(text: &Bound<'_, PyString>, into: &mut Vec<u32>) -> PyResult<()> {
    // SAFETY: a live string, the GIL is held.
    let length = unsafe { ffi::PyUnicode_GetLength(text.as_ptr()) };
    let Ok(length) = usize::try_from(length) else { return Err(PyErr::fetch(text.py())) };
    if into.try_reserve(length).is_err() {
        return Err(PyMemoryError::new_err(()));
    }
    let (before, room) = (into.len(), length as ffi::Py_ssize_t);
    // SAFETY: as above; there is room for so many behind what the list has.
    let end = unsafe { into.as_mut_ptr().add(before) };
    // SAFETY: the function writes all characters, or fails; it is told the room.
    if unsafe { ffi::PyUnicode_AsUCS4(text.as_ptr(), end, room, 0) }.is_null() {
        return Err(PyErr::fetch(text.py()));
    }
    // SAFETY: so many were written.
    unsafe { into.set_len(before + length) };
    Ok(())
}

/// The characters from `start` to `end` as a plain `str`, whatever a subclass says of itself.
#[inline]
pub fn slice<'py>(
    text: &Bound<'py, PyString>,
    start: usize,
    end: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let (start, end) = (start as ffi::Py_ssize_t, end as ffi::Py_ssize_t);
    // SAFETY: a live string, the GIL is held; the function checks the places itself.
    made(text.py(), unsafe { ffi::PyUnicode_Substring(text.as_ptr(), start, end) })
}
