//! Gates: named checks whose rules are evaluated on a scan.
//!
//! [`spec`] is what a gate asks, [`evaluate`] gives its answer. Texts (messages, sources) stay with
//! the caller: an answer names a branch by number.

mod evaluate;
mod spec;

pub use evaluate::{evaluate, Answerer, Finding, Outcome};
pub use spec::{Branch, Condition, Evidence, Gate};
