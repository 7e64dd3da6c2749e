//! Thousands of Python regexes over one document in one compiled pass, answered as Python's `re`
//! answers them.
//!
//! This crate is the core. It knows neither Python nor regex syntax: patterns arrive lowered, as
//! trees over numbered classes of code points ([`lowered`]). The way of a pattern and a document:
//!
//! ```text
//!   Spec ──build──▶ PatternSet                       document
//!    lowered          alphabet: kinds of characters     │ translate: one byte a character
//!    patterns         route: exact · candidate ·        ▼
//!                     fallback                        symbols ──pass──▶ Scan ──confirm──▶ spans
//! ```
//!
//! Answers that no automaton gives (back-references, look-around, matches of the empty text) come
//! back as [`Answer::AskRe`]; the caller asks the interpreter's own `re`.

pub mod alphabet;
mod byte_set;
mod code_points;
mod confirm;
pub mod counters;
mod error;
pub mod gate;
pub mod lookup;
pub mod lowercase;
pub mod lowered;
pub mod memory;
pub mod pass;
mod route;
mod scan;
mod set;
mod shard;
mod span;
mod stop;
mod stored;
pub mod wtf8;

pub use alphabet::{Text, Translation};
pub use byte_set::ByteSet;
pub use code_points::CodePoints;
pub use confirm::{Matches, Wanted};
pub use error::{BuildError, LoadError, ScanError};
pub use route::{Route, Routing};
pub use scan::{Anchor, Answer, Glance, Groups, Region, Scan};
pub use set::{Backend, Lowered, PatternId, PatternSet, ShardId, Spec};
pub use span::Span;
pub use stop::Stop;
pub use stored::maker;
