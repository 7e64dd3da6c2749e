//! The one pass: which of many patterns may match a document, decided together.
//!
//! A pass is built over one alphabet and answers with a set of *slots*. What an answer is worth is
//! fixed when the pass is built, by slot, as a [`Coverage`]. The invariant that everything rests on:
//! **a slot that is not reported has no match.**
//!
//! Two passes keep it, and tests hold them against each other and against `re`:
//! [`simd`] (Hyperscan) and [`portable`] (pure Rust: literals by aho-corasick).

pub mod portable;
#[cfg(feature = "simd")]
pub mod simd;

use serde::{Deserialize, Serialize};

use crate::confirm::Resolve;
use crate::lowered::Node;

/// What the pass knows of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coverage {
    /// Reported exactly when the pattern matches.
    Decides,
    /// Reported whenever the pattern matches, and sometimes when it does not.
    Narrows,
    /// Always reported: the pass has nothing to search for.
    Blind,
    /// Never reported, as the pattern cannot match any text.
    Never,
}

/// A pattern on its way into a pass.
#[derive(Debug)]
pub struct Slot<'a> {
    /// Its lowered form.
    pub node: &'a Node,
    /// Whether its form is regular, so that a pass may decide it.
    pub regular: bool,
}

/// Which slots were reported, as bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported(Vec<u64>);

impl Reported {
    /// No slot of `slots`.
    pub fn new(slots: usize) -> Self {
        Reported(vec![0; slots.div_ceil(64)])
    }

    /// Adds a slot.
    #[inline]
    pub fn insert(&mut self, slot: usize) {
        self.0[slot / 64] |= 1 << (slot % 64);
    }

    /// Whether the slot was reported.
    #[inline]
    pub fn contains(&self, slot: usize) -> bool {
        self.0[slot / 64] & (1 << (slot % 64)) != 0
    }
}

/// Whether a form can never match any text over these classes.
pub(crate) fn never_matches(node: &Node, classes: &dyn Resolve) -> bool {
    match node {
        Node::Never => true,
        Node::Class(class) => classes.class(*class).is_empty(),
        Node::Concat(nodes) => nodes.iter().any(|node| never_matches(node, classes)),
        Node::Alternate(nodes) => nodes.iter().all(|node| never_matches(node, classes)),
        Node::Repeat { min, node, .. } => *min > 0 && never_matches(node, classes),
        Node::Group { node, .. } | Node::Atomic(node) => never_matches(node, classes),
        Node::Conditional(yes, no) => never_matches(yes, classes) && never_matches(no, classes),
        Node::Empty | Node::Look(_) | Node::LookAround(..) | Node::BackReference(_) => false,
    }
}
