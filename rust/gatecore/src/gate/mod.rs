//! Gates: named checks whose rules are evaluated on a scan.
//!
//! ```text
//! spec      what a gate asks: conditions over pattern numbers, branches in order
//! wire      how it arrives: JSON
//! document  one document's answers, asked of whoever has them and remembered
//! units     its words, lines, sentences and paragraphs
//! value     values of captured texts: numbers, money, dates
//! equal     whether two lists of values have an equal pair, while both move
//! validity  whether a match is a number with a right check digit
//! evaluate  the first branch that holds, and what it shows
//! counters  what judging cost, and what came of it
//! ```
//!
//! Texts (messages, sources) stay with the caller: an answer names a branch by number.

mod counters;
mod document;
mod equal;
mod evaluate;
mod spec;
mod units;
mod validity;
mod value;
mod wire;

pub use counters::{
    Asked, Counters, Detail, DocumentCounts, GateCounts, GateDetail, Histogram, Meter, Parts,
    PatternDetail, Quantiles, Told,
};
pub use document::{Answerer, Document};
pub use evaluate::{evaluate, masked, Filled, Finding, Outcome};
pub use spec::{
    Bounds, Branch, Capture, Compare, Condition, Edge, Evidence, Filling, Gate, GatePattern, Gates,
    Hole, Near, Other, PatternRef, Relation, SentenceUnit, Side, Take, Text, Unit, View, Window,
};
pub use validity::Validity;
pub use value::{Kind, Value};
