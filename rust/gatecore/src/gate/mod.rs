//! Gates: named checks whose rules are evaluated on a scan.
//!
//! ```text
//! spec      what a gate asks: conditions over pattern numbers, branches in order
//! decode    how it arrives: flat lists of numbers
//! document  one document's answers, asked of whoever has them and remembered
//! units     its words, lines, sentences and paragraphs
//! value     what a captured text is worth: numbers, money, dates
//! equal     whether two lists of values have an equal pair, while both move
//! evaluate  the first branch that holds, and what it shows
//! ```
//!
//! Texts (messages, sources) stay with the caller: an answer names a branch by number.

mod decode;
mod document;
mod equal;
mod evaluate;
mod spec;
mod units;
mod value;

pub use decode::Decoder;
pub use document::{Answerer, Document};
pub use evaluate::{evaluate, Filled, Finding, Outcome};
pub use spec::{
    Average, Bounds, Branch, Capture, Captured, Condition, Edge, Evidence, Filling, Gate,
    GatePattern, Hole, Near, Other, Relation, Side, Take, Text, Unit, Window,
};
pub use value::{Kind, Value};
