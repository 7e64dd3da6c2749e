//! What character classes are over an alphabet's symbols, and which patterns cannot match for it.

use super::node::{ClassId, Node};
use crate::alphabet::ByteSet;

/// What a class is over symbols.
pub trait Resolve {
    /// The symbols of a class.
    fn class(&self, class: ClassId) -> ByteSet;
}

/// Whether a pattern can never match any text over these classes.
pub(crate) fn never_matches(node: &Node, classes: &dyn Resolve) -> bool {
    match node {
        Node::Never => true,
        Node::Class(class) => classes.class(*class).is_empty(),
        Node::Concat(nodes) => nodes.iter().any(|node| never_matches(node, classes)),
        Node::Alternate(nodes) => nodes.iter().all(|node| never_matches(node, classes)),
        Node::Repeat { min, node, .. } => *min > 0 && never_matches(node, classes),
        Node::Group { node, .. } | Node::Atomic(node) | Node::Quirk(node) => {
            never_matches(node, classes)
        }
        Node::Conditional(yes, no) => never_matches(yes, classes) && never_matches(no, classes),
        Node::Empty | Node::Look(_) | Node::LookAround(..) | Node::BackReference(_) => false,
    }
}
