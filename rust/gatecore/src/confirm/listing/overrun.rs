//! Which patterns' searches may look at the same characters many times over.

use std::collections::HashSet;

use crate::alphabet::ByteSet;
use crate::pattern::classes::{never_matches, Resolve};
use crate::pattern::{ClassId, Node};

/// Whether searches for this pattern may look at the same characters many times over.
///
/// What a search looks at beyond its match was taken by a path that led nowhere: stretches taken by a
/// repeat, and between them at most as many characters as the pattern has classes. If every match
/// needs a character that the repeat cannot take, no match lies inside such a stretch, so only a few
/// searches, limited by the pattern's length, look at the same place. `no\s+risk` is of this kind, `a.*b|a`
/// is not. Nor can a path come to nothing in a repeat at the pattern's end, as in `\w+`: each round
/// ends in a match.
pub fn may_overrun(node: &Node, classes: &dyn Resolve) -> bool {
    let mut taken = HashSet::new();
    open_loops(node, true, classes, &mut taken);
    taken.into_iter().any(|taken| !never_matches(node, &Within { taken, classes }))
}

/// Adds what each repeat can take, unless after each of its rounds the pattern has matched. `at_end`:
/// nothing that has to take a symbol or to hold follows the node.
fn open_loops(node: &Node, at_end: bool, classes: &dyn Resolve, loops: &mut HashSet<ByteSet>) {
    match node {
        Node::Concat(nodes) => {
            let mut at_end = at_end;
            for node in nodes.iter().rev() {
                open_loops(node, at_end, classes, loops);
                at_end &= node.min_length() == 0;
                node.walk(&mut |inner| at_end &= !matches!(inner, Node::Look(_)));
            }
        }
        Node::Alternate(nodes) => {
            nodes.iter().for_each(|node| open_loops(node, at_end, classes, loops));
        }
        Node::Group { node, .. } => open_loops(node, at_end, classes, loops),
        Node::Repeat { min, max, node, .. } => {
            let at_end = at_end && *min <= 1;
            if !at_end && max.is_none_or(|max| max > 1) {
                let mut taken = ByteSet::EMPTY;
                node.walk(&mut |inner| {
                    if let Node::Class(class) = inner {
                        taken = taken.union(&classes.class(*class));
                    }
                });
                loops.insert(taken);
            }
            open_loops(node, at_end, classes, loops);
        }
        _ => {}
    }
}

/// Classes over a text that holds certain symbols only.
struct Within<'a> {
    taken: ByteSet,
    classes: &'a dyn Resolve,
}

impl Resolve for Within<'_> {
    fn class(&self, class: ClassId) -> ByteSet {
        self.classes.class(class).intersection(&self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Classes;
    use super::*;
    use crate::pattern::cases::{class, repeat};
    use crate::pattern::Look;

    #[test]
    fn searches_for_ordinary_patterns_do_not_overrun() {
        let many = |node| repeat(1, None, node);
        let (a, b, any) = (class(0), class(1), class(4));
        let to_b = Node::Concat(vec![a.clone(), many(any.clone()), b.clone()]);
        let cases = [
            (many(any.clone()), false),
            (Node::Concat(vec![a.clone(), many(b.clone()), a.clone()]), false),
            (Node::Concat(vec![a.clone(), many(Node::Concat(vec![b.clone(), a.clone()]))]), false),
            (to_b.clone(), true),
            (Node::Alternate(vec![to_b, a.clone()]), true),
            (Node::Concat(vec![many(any.clone()), Node::Look(Look::TextEnd)]), true),
            (Node::Alternate(vec![Node::Concat(vec![many(a.clone()), b]), a.clone()]), true),
            (Node::Concat(vec![a.clone(), Node::Look(Look::LastLineEnd)]), false),
            (Node::Concat(vec![many(a), Node::Look(Look::LastLineEnd)]), true),
        ];
        for (node, expected) in cases {
            assert_eq!(may_overrun(&node, &Classes), expected, "{node:?}");
        }
    }
}
