//! Thousands of Python regexes over one document in one compiled pass, answered as Python's `re`
//! answers them.
//!
//! This crate is the core. It knows neither Python nor regex syntax: patterns arrive lowered, as
//! trees over numbered classes of code points ([`pattern`]). The way of a pattern and a document:
//!
//! ```text
//!   Spec ──build──▶ PatternSet                       document
//!    lowered          alphabet: kinds of characters     │ translate: one byte a character
//!    patterns         route: exact · candidate ·        ▼
//!                     fallback                        symbols ──pass──▶ Scan ──confirm──▶ spans
//! ```
//!
//! Answers that no automaton gives (back-references, atomic parts, matches of the empty text) come
//! back as [`Answer::AskRe`]; the caller asks the interpreter's own `re`.

pub mod alphabet;
pub mod cache;
mod columns;
mod confirm;
pub mod counters;
mod early;
mod error;
pub mod gate;
pub mod lowercase;
pub mod memory;
pub mod packed;
pub mod pass;
pub mod pattern;
mod scan;
mod set;
mod span;
mod stop;
pub mod time_spent;
mod unbroken;
pub mod workers;
pub mod worth;
pub mod wtf8;

pub use alphabet::{ByteSet, Text, Translation};
pub use columns::{Columns, Which};
pub use confirm::{Begin, Matches, Wanted};
pub use early::Beginnings;
pub use error::{BuildError, LoadError, ScanError};
pub use pattern::{CodePoints, LoweredPattern};
pub use scan::{Anchor, Answer, Glance, Groups, Region, Scan};
pub use set::{
    maker, Backend, Ids, Keyword, News, PatternId, PatternSet, Route, Routing, ShardId, SharedSet,
    Spec,
};
pub use span::Span;
pub use stop::Stop;
pub use unbroken::Unbroken;
