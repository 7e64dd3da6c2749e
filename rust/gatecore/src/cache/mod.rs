//! Answers kept in memory: what an answer is found under ([`key`]) and where it is kept ([`Store`]).
//!
//! Neither knows Python: values are of any type, and time is told by the caller.

mod key;
mod store;
mod tags;

pub use key::{Digester, Key, PartHasher, WIDE};
pub use store::{Counts, Entry, Lifetime, Store};
pub use tags::Hold;
