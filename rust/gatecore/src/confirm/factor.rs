//! Long alternatives as a trie.
//!
//! An automaton for `no\s+risk|no\s+fee|…` has an entry for each branch, and all of them are alive at
//! every position: a state of a DFA for 2,000 such phrases lists thousands of states, and each new one
//! takes longer to make than the document has characters to make up for it. Branches that begin with
//! the same class share it here, level by level, so that few paths are alive at a time:
//!
//! ```text
//! no\s+risk|no\s+fee|at\s+risk    →    n o \s+ risk        a trie over classes, which stops where
//!                                          \s+ fee         something other than a class comes
//!                                      at\s+risk
//! ```
//!
//! Order decides which branch matches, so branches move past others only where those begin with
//! disjoint classes: of these at most one can go on at a position, so which is tried first does not
//! matter. Alternatives of plain literals are left to regex-automata, which makes tries of them in
//! both directions.

use std::borrow::Cow;

use crate::alphabet::ByteSet;
use crate::pattern::classes::Resolve;
use crate::pattern::Node;

/// Fewest branches that are worth a trie.
const MIN_BRANCHES: usize = 32;

/// Levels of the trie: it is walked recursively.
const MAX_DEPTH: u32 = 64;

/// Which alternatives become tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that are long.
    All,
    /// Those that are not plain literals.
    NoLiterals,
}

/// The pattern with its long alternatives as tries.
pub fn factored<'a>(node: &'a Node, classes: &dyn Resolve, which: Which) -> Cow<'a, Node> {
    let mut is_worth_it = false;
    node.walk(&mut |inner| {
        if let Node::Alternate(nodes) = inner {
            is_worth_it |= is_long(nodes, classes, which);
        }
    });
    if is_worth_it {
        Cow::Owned(rewritten(node, classes, which))
    } else {
        Cow::Borrowed(node)
    }
}

fn is_long(nodes: &[Node], classes: &dyn Resolve, which: Which) -> bool {
    let is_symbol =
        |node: &Node| matches!(node, Node::Class(class) if classes.class(*class).len() == 1);
    let is_literal = |node: &Node| match node {
        Node::Concat(nodes) => nodes.iter().all(is_symbol),
        node => is_symbol(node),
    };
    nodes.len() >= MIN_BRANCHES && (which == Which::All || !nodes.iter().all(is_literal))
}

fn rewritten(node: &Node, classes: &dyn Resolve, which: Which) -> Node {
    let all = |nodes: &[Node]| nodes.iter().map(|node| rewritten(node, classes, which)).collect();
    match node {
        Node::Concat(nodes) => Node::Concat(all(nodes)),
        Node::Alternate(nodes) if is_long(nodes, classes, which) => {
            let nodes: Vec<Node> = all(nodes);
            let branches = nodes.iter().map(|node| match node {
                Node::Concat(items) => items.as_slice(),
                Node::Empty => &[],
                item => std::slice::from_ref(item),
            });
            trie(branches.collect(), 0, classes)
        }
        Node::Alternate(nodes) => Node::Alternate(all(nodes)),
        Node::Repeat { min, max, kind, node } => {
            let node = Box::new(rewritten(node, classes, which));
            Node::Repeat { min: *min, max: *max, kind: *kind, node }
        }
        Node::Group { index, node } => {
            Node::Group { index: *index, node: Box::new(rewritten(node, classes, which)) }
        }
        leaf => leaf.clone(),
    }
}

/// Branches that begin with the same class, and that class.
struct Group<'a> {
    set: ByteSet,
    branches: Vec<&'a [Node]>,
}

/// Sequences of which the first that matches counts.
fn trie(branches: Vec<&[Node]>, depth: u32, classes: &dyn Resolve) -> Node {
    let mut done: Vec<Node> = Vec::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    let close = |groups: &mut Vec<Group<'_>>, done: &mut Vec<Node>| {
        done.extend(groups.drain(..).map(|group| path(group.branches, depth, classes)));
    };
    for branch in branches {
        let first = match branch.first() {
            Some(Node::Class(class)) if depth < MAX_DEPTH => Some(classes.class(*class)),
            _ => None,
        };
        let Some(set) = first else {
            close(&mut groups, &mut done);
            done.push(Node::Concat(branch.to_vec()));
            continue;
        };
        if let Some(group) = groups.iter_mut().find(|group| group.set == set) {
            group.branches.push(branch);
            continue;
        }
        if groups.iter().any(|group| !group.set.intersection(&set).is_empty()) {
            close(&mut groups, &mut done);
        }
        groups.push(Group { set, branches: vec![branch] });
    }
    close(&mut groups, &mut done);
    match done.len() {
        1 => done.swap_remove(0),
        _ => Node::Alternate(done),
    }
}

/// One group: what its branches have in common, then the rest of each.
fn path(branches: Vec<&[Node]>, depth: u32, classes: &dyn Resolve) -> Node {
    let [first, others @ ..] = branches.as_slice() else { return Node::Never };
    if others.is_empty() {
        return Node::Concat(first.to_vec());
    }
    let same = |at: usize| {
        let Some(Node::Class(class)) = first.get(at) else { return false };
        let set = classes.class(*class);
        others.iter().all(|branch| {
            matches!(branch.get(at), Some(Node::Class(class)) if classes.class(*class) == set)
        })
    };
    let common = (0..).take_while(|&at| same(at)).count();
    let mut nodes = first[..common].to_vec();
    let rests = branches.iter().map(|branch| &branch[common..]).collect();
    nodes.push(trie(rests, depth + 1, classes));
    Node::Concat(nodes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::confirm::{self, AutomatonKind, Blueprint};
    use crate::pattern::cases::{class, group, lazy};
    use crate::pattern::ClassId;
    use crate::span::Span;

    struct Classes;

    impl Resolve for Classes {
        fn class(&self, class: ClassId) -> ByteSet {
            let sets: [&[u8]; 4] = [b"aA", b"bB", b"ab", b"c"];
            sets[class.0 as usize].iter().copied().collect()
        }
    }

    /// A class, a repeated one or a group: mostly classes, so that branches share heads.
    fn item() -> impl Strategy<Value = Node> {
        let class = || prop::sample::select(vec![0, 0, 1, 1, 2, 3]).prop_map(class);
        prop_oneof![
            8 => class(),
            1 => class().prop_map(|class| lazy(0, None, class)),
            1 => class().prop_map(|class| group(0, class)),
        ]
    }

    fn numbered(nodes: Vec<Vec<Node>>) -> Node {
        let mut groups = 0;
        let mut number = |node: Node| match node {
            Node::Group { node, .. } => {
                groups += 1;
                Node::Group { index: groups, node }
            }
            other => other,
        };
        let branches = nodes.into_iter().map(|items| {
            let mut items: Vec<Node> = items.into_iter().map(&mut number).collect();
            items.push(class(2));
            Node::Concat(items)
        });
        Node::Alternate(branches.collect())
    }

    /// Every match with its groups, by the pattern as it stands or by its trie.
    fn found(node: &Node, factor: bool, symbols: &[u8]) -> Vec<Vec<Option<Span>>> {
        let hir = if factor {
            confirm::hir(&factored(node, &Classes, Which::NoLiterals), &Classes)
        } else {
            confirm::hir(node, &Classes)
        };
        let regex = Blueprint { hir, weight: node.weight() }.build(AutomatonKind::Groups).unwrap();
        let mut groups = Vec::new();
        let mut from = 0;
        while let Some(span) = confirm::first(&regex, symbols, from, false) {
            groups.push(confirm::groups(&regex, symbols, span, &[], || None).unwrap().spans);
            from = span.end();
        }
        groups
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_trie_matches_as_its_branches_in_their_order(
            branches in prop::collection::vec(prop::collection::vec(item(), 0..6), 32..50),
            texts in prop::collection::vec(
                prop::collection::vec(prop::sample::select(b"aAbBc".to_vec()), 0..20), 4),
        ) {
            let node = numbered(branches);
            prop_assert!(matches!(factored(&node, &Classes, Which::NoLiterals), Cow::Owned(_)));
            for text in texts {
                prop_assert_eq!(found(&node, true, &text), found(&node, false, &text));
            }
        }
    }

    #[test]
    fn phrases_share_their_heads() {
        let branches = (0..64u32).map(|number| {
            let bits = (0..6).map(|bit| number >> (5 - bit) & 1);
            Node::Concat(bits.chain([3, 3]).map(class).collect())
        });
        let node = Node::Alternate(branches.collect());
        let classes = |node: &Node| {
            let mut count = 0;
            node.walk(&mut |inner| count += usize::from(matches!(inner, Node::Class(_))));
            count
        };
        assert_eq!(classes(&node), 64 * 8);
        assert_eq!(
            classes(&factored(&node, &Classes, Which::NoLiterals)),
            2 + 4 + 8 + 16 + 32 + 64 + 64 * 2
        );
    }
}
