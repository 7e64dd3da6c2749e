//! A small safe wrapper of Hyperscan's block mode: *which of many expressions occur in these bytes?*
//!
//! It knows nothing of Python, of characters or of gates: expressions are ASCII text in Hyperscan's
//! syntax, documents are bytes, the answer is numbers of expressions.
//!
//! ```
//! use gatecore_ffi::hyperscan::Database;
//!
//! let database = Database::compile(&["ab+c", "x[yz]"]).unwrap();
//! let mut found = Vec::new();
//! database.scan(b"..abbbc..", None, &mut |number| found.push(number)).unwrap();
//! assert_eq!(found, [0]);
//! ```
//!
//! Only what gatecore needs is wrapped: `SINGLEMATCH` (each expression is reported once), no
//! start of match, no streams. Exact spans are confirmed elsewhere: Hyperscan's start of match costs
//! 5 to 10 times as much and is not the start that Python's `re` gives.

mod ffi;
mod work;

use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void, CStr, CString};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Why Hyperscan did not do what was asked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// An expression is refused; `expression` is its number, if the engine named one.
    #[error("expression {expression:?} is refused: {message}")]
    Refused {
        /// Position in the list that was compiled.
        expression: Option<usize>,
        /// The engine's own words.
        message: String,
    },
    /// The machine has no SSSE3, which Hyperscan needs.
    #[error("this processor lacks the instructions that Hyperscan needs (SSSE3)")]
    Platform,
    /// A serialized database is damaged, of another version or for another processor.
    #[error("a serialized database cannot be used here: {0}")]
    Serialized(&'static str),
    /// Documents are limited to 4 GiB - 1 bytes.
    #[error("a document of {0} bytes is beyond the engine's limit of 4294967295")]
    DocumentTooLarge(usize),
    /// No memory was left.
    #[error("Hyperscan could not get memory")]
    Memory,
    /// It would take more work than was allowed.
    #[error("compiling it exceeds the work budget")]
    Budget,
    /// Somebody stopped it.
    #[error("compiling was cancelled")]
    Cancelled,
    /// The scan was stopped before its end.
    #[error("the scan was stopped")]
    Stopped,
    /// Any other status code; it means a bug in this crate or in the engine.
    #[error("Hyperscan returned the status {0}")]
    Status(i32),
}

fn check(status: c_int) -> Result<(), Error> {
    match status {
        ffi::HS_SUCCESS => Ok(()),
        ffi::HS_NOMEM => Err(Error::Memory),
        ffi::HS_SCAN_TERMINATED => Err(Error::Stopped),
        other => Err(Error::Status(other)),
    }
}

/// The engine's version as it says itself, such as `5.4.2 2026-11-22`.
pub fn version() -> String {
    // SAFETY: hs_version has no preconditions and returns a static NUL-terminated string.
    let text = unsafe { ffi::hs_version() };
    // SAFETY: see above; the string lives as long as the program.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

/// Whether this processor can run the engine at all.
pub fn is_supported() -> bool {
    // SAFETY: hs_valid_platform has no preconditions.
    (unsafe { ffi::hs_valid_platform() }) == ffi::HS_SUCCESS
}

/// Asks the engine whether it would take an expression alone. Cheap (tens of microseconds).
///
/// # Errors
/// [`Error::Refused`] with the engine's words.
pub fn check_expression(expression: &str) -> Result<(), Error> {
    let text = c_string(expression, 0)?;
    let mut info: *mut ffi::hs_expr_info_t = ptr::null_mut();
    let mut error: *mut ffi::hs_compile_error_t = ptr::null_mut();
    // SAFETY: `text` is NUL-terminated and outlives the call; both out pointers are writable.
    let status = unsafe {
        ffi::hs_expression_info(text.as_ptr(), ffi::HS_FLAG_SINGLEMATCH, &mut info, &mut error)
    };
    if !info.is_null() {
        // SAFETY: the engine allocated `info` with its default allocator, malloc; it is ours now.
        unsafe { ffi::free(info.cast()) };
    }
    compile_result(status, error)
}

fn c_string(expression: &str, index: usize) -> Result<CString, Error> {
    CString::new(expression).map_err(|_| Error::Refused {
        expression: Some(index),
        message: "the expression holds a NUL byte (write it as \\x00)".to_owned(),
    })
}

/// The compiler's words when memory was not enough. They are no different from a refusal, after which
/// callers try each half of the expressions, and each half of those.
const NO_MEMORY: &str = "Unable to allocate memory.";

/// Turns a compile status into a result and frees the engine's error.
fn compile_result(status: c_int, error: *mut ffi::hs_compile_error_t) -> Result<(), Error> {
    let Some(error) = NonNull::new(error) else {
        return check(status);
    };
    // SAFETY: the engine set `error` to a valid struct that lives until it is freed below.
    let (message, expression) = unsafe {
        let error = error.as_ref();
        (error.message, error.expression)
    };
    let message = if message.is_null() {
        String::new()
    } else {
        // SAFETY: a non-null message is a NUL-terminated string owned by the error.
        let message = unsafe { CStr::from_ptr(message) };
        message.to_string_lossy().into_owned()
    };
    // SAFETY: `error` came from the compiler and is freed once; nothing borrows from it any more.
    unsafe { ffi::hs_free_compile_error(error.as_ptr()) };
    match status {
        ffi::HS_SUCCESS => Ok(()),
        // The compiler's own way of saying it: C++'s `bad_alloc`, caught.
        ffi::HS_COMPILER_ERROR if message == NO_MEMORY => Err(Error::Memory),
        ffi::HS_COMPILER_ERROR => {
            Err(Error::Refused { expression: usize::try_from(expression).ok(), message })
        }
        ffi::HS_NOMEM => Err(Error::Memory),
        other => Err(Error::Status(other)),
    }
}

/// Expressions compiled together. Immutable; any number of threads may scan with it.
///
/// Each scan needs working memory ("scratch"). The database keeps a pool of its own: a scratch never
/// meets a database that it was not made for, which the engine checks only in part.
pub struct Database {
    raw: NonNull<ffi::hs_database_t>,
    scratches: Mutex<Vec<Scratch>>,
}

// SAFETY: a database is plain read-only memory after compilation; Hyperscan documents that one
// database may be used by many threads at once, each with its own scratch.
unsafe impl Send for Database {}
// SAFETY: as above.
unsafe impl Sync for Database {}

impl Database {
    /// Compiles expressions; the number of each is its position.
    ///
    /// The database is for any x86-64 processor with SSSE3, so that it can be built on one machine
    /// and shipped to another. Built for this machine's AVX2 it would scan no faster (12.2 ms
    /// against 13.6 ms on 2,457 patterns); the scanning code picks its instructions at run time.
    ///
    /// Costs 1 to 20 ms an expression. Fails as a whole when one is refused.
    ///
    /// # Errors
    /// [`Error::Refused`] names the expression if the engine does.
    pub fn compile<S: AsRef<str>>(expressions: &[S]) -> Result<Self, Error> {
        Self::compile_within(expressions, u64::MAX, &Arc::default()).0
    }

    /// As [`Database::compile`], with a budget of work; says with the result how much was done.
    /// Who sets `cancelled` stops it within a millisecond or so.
    ///
    /// Work is counted in the engine's allocations, the same number each time; a million takes about
    /// 0.2 s. Its parser alone goes through nested repeats `{2,}` twice a level without allocating:
    /// do not hand it expressions with more than some ten levels.
    ///
    /// # Errors
    /// [`Error::Budget`] and [`Error::Cancelled`] besides those of [`Database::compile`].
    pub fn compile_within<S: AsRef<str>>(
        expressions: &[S],
        budget: u64,
        cancelled: &Arc<AtomicBool>,
    ) -> (Result<Self, Error>, u64) {
        if !is_supported() {
            return (Err(Error::Platform), 0);
        }
        let texts = expressions.iter().enumerate();
        let texts = texts.map(|(index, text)| c_string(text.as_ref(), index));
        match texts.collect::<Result<Vec<_>, _>>() {
            Ok(texts) => work::within(budget, cancelled, move || Self::compile_here(&texts)),
            Err(error) => (Err(error), 0),
        }
    }

    fn compile_here(texts: &[CString]) -> Result<Self, Error> {
        let pointers: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
        let flags = vec![ffi::HS_FLAG_SINGLEMATCH; texts.len()];
        let count = c_uint::try_from(texts.len()).map_err(|_| Error::Memory)?;
        let ids: Vec<c_uint> = (0..count).collect();
        let platform = ffi::hs_platform_info_t::default();
        let mut database: *mut ffi::hs_database_t = ptr::null_mut();
        let mut error: *mut ffi::hs_compile_error_t = ptr::null_mut();
        // SAFETY: the three arrays have `count` elements and outlive the call; each pointer is to a
        // NUL-terminated string owned by `texts`; `platform` is a live struct; both out pointers
        // are writable.
        let status = unsafe {
            ffi::hs_compile_multi(
                pointers.as_ptr(),
                flags.as_ptr(),
                ids.as_ptr(),
                count,
                ffi::HS_MODE_BLOCK,
                &platform,
                &mut database,
                &mut error,
            )
        };
        compile_result(status, error)?;
        Self::from_raw(database)
    }

    fn from_raw(raw: *mut ffi::hs_database_t) -> Result<Self, Error> {
        NonNull::new(raw)
            .map(|raw| Database { raw, scratches: Mutex::new(Vec::new()) })
            .ok_or(Error::Memory)
    }

    /// The database as bytes, for the same engine version and processor features.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let mut bytes: *mut c_char = ptr::null_mut();
        let mut length = 0usize;
        // SAFETY: `raw` is a live database; both out pointers are writable.
        let status =
            unsafe { ffi::hs_serialize_database(self.raw.as_ptr(), &mut bytes, &mut length) };
        check(status)?;
        // SAFETY: on success `bytes` points to `length` initialised bytes that we own.
        let serialized = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
        let mut copy = Vec::new();
        let reserved = copy.try_reserve_exact(length);
        if reserved.is_ok() {
            copy.extend_from_slice(serialized);
        }
        // SAFETY: the buffer came from the default allocator, malloc, and is not used again.
        unsafe { ffi::free(bytes.cast()) };
        reserved.map(|()| copy).map_err(|_| Error::Memory)
    }

    /// Reads what [`Database::to_bytes`] wrote. Well under a millisecond for 2,500 expressions.
    ///
    /// The engine checks its own header and checksum, which guards against accidents, not against
    /// a forger: bytes must come from a place that is trusted as code is.
    ///
    /// # Errors
    /// [`Error::Serialized`] when the bytes are damaged, of another version or processor.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        // The engine reads its fixed header before it looks at `length`.
        if bytes.len() < 64 {
            return Err(Error::Serialized("it is cut short"));
        }
        let mut database: *mut ffi::hs_database_t = ptr::null_mut();
        // SAFETY: the pointer and length describe a live slice; the out pointer is writable.
        let status = unsafe {
            ffi::hs_deserialize_database(bytes.as_ptr().cast(), bytes.len(), &mut database)
        };
        match status {
            ffi::HS_SUCCESS => Self::from_raw(database),
            ffi::HS_NOMEM => Err(Error::Memory),
            ffi::HS_DB_VERSION_ERROR => Err(Error::Serialized("another version of the engine")),
            ffi::HS_DB_PLATFORM_ERROR => Err(Error::Serialized("another kind of processor")),
            _ => Err(Error::Serialized("it is damaged")),
        }
    }

    fn scratch(&self) -> Result<Scratch, Error> {
        // Never wait for the pool: after a fork the child may find it locked for ever by a thread
        // that does not exist there. A busy pool costs a fresh scratch.
        let pooled = self.scratches.try_lock().ok().and_then(|mut pool| pool.pop());
        if let Some(scratch) = pooled {
            return Ok(scratch);
        }
        let mut scratch: *mut ffi::hs_scratch_t = ptr::null_mut();
        // SAFETY: `raw` is a live database; a null scratch asks for a new one.
        let status = unsafe { ffi::hs_alloc_scratch(self.raw.as_ptr(), &mut scratch) };
        check(status)?;
        NonNull::new(scratch).map(|raw| Scratch { raw }).ok_or(Error::Memory)
    }

    /// Calls `found` with the number of every expression that occurs in `document`, once each and in no
    /// order, until `stop` is set. The engine lets us look at that when it has found an expression and not
    /// otherwise: there is no other way into its scan. A panic in `found` ends the process.
    ///
    /// # Errors
    /// [`Error::DocumentTooLarge`] beyond 4 GiB, [`Error::Memory`], [`Error::Stopped`].
    pub fn scan(
        &self,
        document: &[u8],
        stop: Option<&AtomicBool>,
        found: &mut dyn FnMut(usize),
    ) -> Result<(), Error> {
        let length = c_uint::try_from(document.len())
            .map_err(|_| Error::DocumentTooLarge(document.len()))?;
        let scratch = self.scratch()?;
        let mut listener = Listener { found, stop };
        let context: *mut Listener<'_> = &mut listener;
        // SAFETY: the database is live, the slice has `length` bytes, `scratch` was made for this
        // database and is owned by this call, and `context` outlives it: `on_match` is called only
        // during the call.
        let status = unsafe {
            ffi::hs_scan(
                self.raw.as_ptr(),
                document.as_ptr().cast(),
                length,
                0,
                scratch.raw.as_ptr(),
                on_match,
                context.cast(),
            )
        };
        if let Ok(mut pool) = self.scratches.try_lock() {
            if pool.len() < MAX_POOL {
                pool.push(scratch);
            }
        }
        check(status)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: `raw` is owned by this value and freed once.
        unsafe { ffi::hs_free_database(self.raw.as_ptr()) };
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Database").finish_non_exhaustive()
    }
}

/// Called by the engine for every match. Nothing unwinds through C: Rust ends the process first.
extern "C" fn on_match(
    id: c_uint,
    _from: c_ulonglong,
    _to: c_ulonglong,
    _flags: c_uint,
    context: *mut c_void,
) -> c_int {
    // SAFETY: `context` is the `&mut Listener` given to hs_scan, which nobody else uses meanwhile.
    let listener = unsafe { &mut *context.cast::<Listener<'_>>() };
    (listener.found)(id as usize);
    c_int::from(listener.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)))
}

/// Who is told of what is found, and whether the engine shall go on.
struct Listener<'a> {
    found: &'a mut dyn FnMut(usize),
    stop: Option<&'a AtomicBool>,
}

/// Most scratches that are kept for later scans; each takes a few hundred kilobytes.
const MAX_POOL: usize = 32;

/// Working memory of one scan.
struct Scratch {
    raw: NonNull<ffi::hs_scratch_t>,
}

// SAFETY: scratch is plain memory; Hyperscan only forbids two uses at once, and it has one owner.
unsafe impl Send for Scratch {}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: `raw` is owned by this value and freed once; no scan is running.
        unsafe { ffi::hs_free_scratch(self.raw.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        database: &Database,
        document: &[u8],
        stop: Option<&AtomicBool>,
    ) -> Result<Vec<usize>, Error> {
        let mut found = Vec::new();
        database.scan(document, stop, &mut |number| found.push(number))?;
        found.sort_unstable();
        Ok(found)
    }

    #[test]
    fn reports_each_expression_once() {
        let database = Database::compile(&["a", "b", "c+d"]).unwrap();
        assert_eq!(found(&database, b"aaa ccd", None), Ok(vec![0, 2]));
    }

    #[test]
    fn a_scan_stops_where_it_finds_something() {
        let database = Database::compile(&["a", "b"]).unwrap();
        let stop = AtomicBool::new(false);
        assert_eq!(found(&database, b"ab", Some(&stop)), Ok(vec![0, 1]));
        stop.store(true, Ordering::Relaxed);
        assert_eq!(found(&database, b"ab", Some(&stop)), Err(Error::Stopped));
        assert_eq!(found(&database, b"..", Some(&stop)), Ok(vec![]));
    }

    #[test]
    fn refusal_names_the_expression() {
        let error = Database::compile(&["a", "(b"]).unwrap_err();
        let Error::Refused { expression, message } = error else {
            panic!("{error:?}");
        };
        assert_eq!(expression, Some(1));
        assert!(message.contains("parenthes"), "{message}");
    }

    #[test]
    fn bytes_round_trip_and_damage_is_seen() {
        let database = Database::compile(&["abc", "x.*y"]).unwrap();
        let mut bytes = database.to_bytes().unwrap();
        let copy = Database::from_bytes(&bytes).unwrap();
        assert_eq!(found(&copy, b"x--y", None), Ok(vec![1]));
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert!(Database::from_bytes(&bytes).is_err());
        for cut in [0, 1, 63, 64, bytes.len() - 1] {
            assert!(Database::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn many_threads_scan_with_one_database() {
        let database = Database::compile(&["abc", "c.*z"]).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        assert_eq!(found(&database, b"..abc..z", None), Ok(vec![0, 1]));
                    }
                });
            }
        });
        assert!(database.scratches.lock().unwrap().len() <= MAX_POOL);
    }
}
