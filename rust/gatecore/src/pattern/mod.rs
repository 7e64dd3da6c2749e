//! Patterns as the core sees them: no regex syntax, no Unicode, no flags.
//!
//! ```text
//! program      how a pattern arrives: numbers in prefix order
//! node         the tree that they are read into, and its measures
//! behind       what a look-behind looks for, written out
//! irregular    why an automaton may not answer a pattern as `re` does
//! code_points  what a character class matches, as the interpreter says
//! classes      what it is over symbols, once there is an alphabet
//! literal      the text that a pattern's source stands for, and the flags of its key
//! ```

pub(crate) mod behind;
pub mod classes;
mod code_points;
mod irregular;
pub(crate) mod literal;
mod node;
mod program;

pub use code_points::{CodePoints, CODE_POINTS};
pub(crate) use irregular::MAX_EXCESS_TRIED;
pub use irregular::{Irregular, MAX_EXCESS, MAX_WEIGHT};
pub use node::{ClassId, Look, LookAround, Node, RepeatKind};
pub use program::decode;
pub(crate) use program::{pack, unpack};

/// A pattern as the caller lowered it.
///
/// ```
/// use gatecore::pattern::decode;
/// use gatecore::LoweredPattern;
///
/// // `a|b` over a table of classes of which the first is [a] and the second [b]
/// let program = vec![5, 2, /* class */ 2, 0, /* class */ 2, 1];
/// assert!(decode(&program, 2)?.is_some());
/// let source = b"a|b".to_vec();
/// let program = Some(program);
/// let pattern = LoweredPattern { source, flags: 0, caseless: false, section: 0, program };
/// # assert_eq!(pattern.section, 0);
/// # Ok::<(), gatecore::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LoweredPattern {
    /// Its source in UTF-8, lone surrogates encoded as WTF-8 does. Kept, never read.
    pub source: Vec<u8>,
    /// The flags it was given. Kept, never read.
    pub flags: u32,
    /// Whether it ignores case: patterns of one case share letters, and so shards.
    pub caseless: bool,
    /// Which section it is in: 0 is scanned with the document, the others when one of their patterns
    /// is first asked about.
    pub section: u32,
    /// The pattern as numbers: see [`decode`]. `None` if the caller could not walk it, and then only
    /// `re` answers it.
    pub program: Option<Vec<u32>>,
}

/// Short words for the patterns of tests.
#[cfg(test)]
pub(crate) mod cases {
    pub(crate) use super::program::LOOKS;
    use super::{ClassId, Node, RepeatKind};

    pub fn class(number: u32) -> Node {
        Node::Class(ClassId(number))
    }

    pub fn repeat(min: u32, max: Option<u32>, node: Node) -> Node {
        Node::Repeat { min, max, kind: RepeatKind::Greedy, node: Box::new(node) }
    }

    pub fn lazy(min: u32, max: Option<u32>, node: Node) -> Node {
        Node::Repeat { min, max, kind: RepeatKind::Lazy, node: Box::new(node) }
    }

    pub fn group(index: u32, node: Node) -> Node {
        Node::Group { index, node: Box::new(node) }
    }
}
