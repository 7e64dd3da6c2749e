//! Databases that were compiled before, and what they were compiled from.
//!
//! Compiling the gates that gatecore ships takes 15 s of CPU, loading the result 10 ms. What a
//! database is depends on its expressions, and these are over symbols, not characters: they are the
//! same for every interpreter, whatever its Unicode tables. So one memo serves all of them, while a
//! whole stored set (`set/stored.rs`) serves one.
//!
//! ```text
//! expressions of a batch ─▶ the same texts in the memo? ─▶ yes: its database
//!                                                       └▶ no: compiled and noted
//! ```
//!
//! Whole texts are compared, never hashes of them, and the engine checks its own version, processor
//! and checksum: a memo that is stale or foreign costs time, not an answer. Damage to the file is for
//! whoever reads it to notice, as zlib does by its checksum.
//!
//! The memo belongs to the process and not to a set: it is lent for one compile, changes no result,
//! and so no signature between [`crate::PatternSet::build`] and the engine has to name it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

#[cfg(feature = "simd")]
use gatecore_ffi::hyperscan::{Database, Error};
use serde_bytes::ByteBuf;

use crate::error::LoadError;

/// `None`: to compile them takes more work than they may. To find that out takes as long.
type Databases = BTreeMap<Vec<String>, Option<ByteBuf>>;

/// Databases by their expressions.
#[derive(Debug)]
struct Memo {
    #[cfg_attr(not(feature = "simd"), allow(dead_code))]
    known: Databases,
    /// What has been compiled since.
    made: Mutex<Databases>,
}

static LENT: RwLock<Option<Arc<Memo>>> = RwLock::new(None);

/// A memo that compiles of this process look into while this lives.
///
/// If two are alive, the later one is used, and what only the earlier one has is compiled again.
#[derive(Debug)]
pub struct Lent(Arc<Memo>);

/// Lends what [`Lent::recorded`] wrote.
///
/// The bytes hold compiled code: read them only from where you would run code from.
///
/// # Errors
/// [`LoadError`] for bytes that are damaged or of another version of gatecore.
pub fn lend(stored: &[u8]) -> Result<Lent, LoadError> {
    let damaged = |error: postcard::Error| LoadError::Damaged(error.to_string());
    let (version, rest): (String, _) = postcard::take_from_bytes(stored).map_err(damaged)?;
    if version != VERSION {
        let (found, expected) = (format!("gatecore {version}"), format!("gatecore {VERSION}"));
        return Err(LoadError::OtherVersion { found, expected });
    }
    let known = postcard::from_bytes(rest).map_err(damaged)?;
    Ok(Lent::new(Memo { known, made: Mutex::default() }))
}

/// Lends nothing, but keeps what is compiled from now on.
pub fn record() -> Lent {
    Lent::new(Memo { known: Databases::new(), made: Mutex::default() })
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Lent {
    fn new(memo: Memo) -> Self {
        let memo = Arc::new(memo);
        *LENT.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&memo));
        Lent(memo)
    }

    /// What has been compiled since because it was not known, as bytes for [`lend`].
    ///
    /// # Errors
    /// [`LoadError::Damaged`] if it cannot be written.
    pub fn recorded(&self) -> Result<Vec<u8>, LoadError> {
        let made = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        written(&made)
    }
}

fn written(databases: &Databases) -> Result<Vec<u8>, LoadError> {
    let failed = |error: postcard::Error| LoadError::Damaged(error.to_string());
    let bytes = postcard::to_stdvec(&VERSION).map_err(failed)?;
    postcard::to_extend(databases, bytes).map_err(failed)
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut lent = LENT.write().unwrap_or_else(PoisonError::into_inner);
        if lent.as_ref().is_some_and(|lent| Arc::ptr_eq(lent, &self.0)) {
            *lent = None;
        }
    }
}

/// What came of compiling these expressions before: a database, or [`Error::Budget`].
#[cfg(feature = "simd")]
pub(super) fn find(expressions: &[&str]) -> Option<Result<Database, Error>> {
    let lent = LENT.read().unwrap_or_else(PoisonError::into_inner).clone()?;
    let wanted: Vec<String> = expressions.iter().map(|&text| text.to_owned()).collect();
    match lent.known.get(&wanted)? {
        Some(bytes) => Database::from_bytes(bytes).ok().map(Ok),
        None => Some(Err(Error::Budget)),
    }
}

/// Notes what came of compiling.
#[cfg(feature = "simd")]
pub(super) fn note(expressions: &[&str], made: &Result<Database, Error>) -> Result<(), Error> {
    let lent = LENT.read().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(lent) = lent else { return Ok(()) };
    let expressions = expressions.iter().map(|&text| text.to_owned()).collect();
    let bytes = match made {
        Ok(database) => Some(ByteBuf::from(database.to_bytes()?)),
        Err(Error::Budget) => None,
        Err(_) => return Ok(()),
    };
    lent.made.lock().unwrap_or_else(PoisonError::into_inner).insert(expressions, bytes);
    Ok(())
}

#[cfg(all(test, feature = "simd"))]
mod tests {
    use super::*;

    /// One test, as the memo is the process's. Other tests compile at the same time and are noted as well.
    #[test]
    fn what_was_recorded_is_found_by_its_whole_text_only() {
        let expressions = ["memo_one", "memo.*two"];
        let key: Vec<String> = expressions.iter().map(|&text| text.to_owned()).collect();
        let recording = record();
        assert!(find(&expressions).is_none(), "nothing is known while recording");
        let made = Database::compile(&expressions);
        note(&expressions, &made).unwrap();
        let made = made.unwrap();
        note(&["memo_three"], &Err(Error::Budget)).unwrap();
        note(&["memo_four"], &Err(Error::Memory)).unwrap();
        let all = recording.recorded().unwrap();
        drop(recording);
        assert!(find(&expressions).is_none(), "nothing is lent");

        let lent = lend(&all).unwrap();
        let found = find(&expressions).expect("it was recorded").unwrap();
        assert!(matches!(find(&["memo_three"]), Some(Err(Error::Budget))));
        assert!(find(&["memo_four"]).is_none(), "that says nothing of the expressions");
        assert_eq!(found.to_bytes().unwrap(), made.to_bytes().unwrap());
        for other in [&expressions[..1], &["memo_one", "memo.*twO"], &["memo.*two", "memo_one"]] {
            assert!(find(other).is_none(), "{other:?}");
        }
        assert!(!lent.0.made.lock().unwrap().contains_key(&key), "it was not missing");
        let ours = Databases::from([(key.clone(), lent.0.known[&key].clone())]);
        drop(lent);
        assert!(find(&expressions).is_none(), "it was given back");

        let stored = written(&ours).unwrap();
        for cut in [0, 1, stored.len() / 2, stored.len() - 1] {
            assert!(matches!(lend(&stored[..cut]), Err(LoadError::Damaged(_))), "cut at {cut}");
        }
        let mut other = stored.clone();
        other[1] = b'9';
        assert!(matches!(lend(&other), Err(LoadError::OtherVersion { .. })));

        let mut damaged = stored;
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        let lent = lend(&damaged).unwrap();
        assert!(find(&expressions).is_none(), "the engine sees the damage, and it is compiled");
        drop(lent);
    }
}
