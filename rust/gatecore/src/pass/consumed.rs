//! A pattern whose look-arounds at its ends are consumed: the same question for the pass.
//!
//! ```text
//! (?<=B)A  →  BA        A(?=B)  →  AB        \b(?:(?<=B)A|C)  stays
//! ```
//!
//! The pass is asked whether there is a match anywhere, not where. `(?<=B)A` matches at a place exactly if `B`
//! ends there and `A` begins there, so if `BA` matches where that `B` begins; nothing of the pattern comes
//! before, so no other part of it is moved. The same holds at the other end, and in each alternative
//! and each part that is taken once at most. Conditions at the same place stay between the two. Of
//! several look-arounds at one place only one can be consumed; the others stay, as do negative ones
//! and those inside: `expression.rs` writes them as classes, or drops them and is a superset.
//!
//! What is inside an atomic or conditional part is left alone.

use std::borrow::Cow;

use crate::pattern::{LookAround, Node};

/// Which end of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Head,
    Tail,
}

/// A pattern that matches somewhere exactly if this one does.
pub fn consumed(node: &Node) -> Cow<'_, Node> {
    if !node.has_look_around() {
        return Cow::Borrowed(node);
    }
    Cow::Owned(at(at(node.clone(), End::Head), End::Tail))
}

/// As [`consumed`], and how many characters before a match of the pattern one of this begins: those of a
/// look-behind at the head of all of its ways.
pub fn consumed_with_offset(node: &Node) -> (Node, usize) {
    let node = at(node.clone(), End::Tail);
    let Node::Concat(nodes) = node else { return (node, 0) };
    let (_, place) = consumable(&nodes, End::Head);
    let width = match place.map(|place| &nodes[place]) {
        Some(Node::LookAround(_, content)) => usize::try_from(content.min_length()).unwrap_or(0),
        _ => 0,
    };
    if width == 0 {
        return (Node::Concat(nodes), 0);
    }
    (sequence(nodes, End::Head), width)
}

fn at(node: Node, end: End) -> Node {
    match node {
        Node::LookAround(..) => sequence(vec![node], end),
        Node::Concat(nodes) => sequence(nodes, end),
        Node::Alternate(nodes) => {
            Node::Alternate(nodes.into_iter().map(|node| at(node, end)).collect())
        }
        Node::Repeat { min, max: Some(1), kind, node } => {
            Node::Repeat { min, max: Some(1), kind, node: Box::new(at(*node, end)) }
        }
        Node::Group { index, node } => Node::Group { index, node: Box::new(at(*node, end)) },
        other => other,
    }
}

/// How many conditions stand at the beginning, and which of them can be consumed there.
fn consumable(nodes: &[Node], end: End) -> (usize, Option<usize>) {
    let is_zero_width =
        |node: &&Node| matches!(node, Node::Empty | Node::Look(_) | Node::LookAround(..));
    let run = nodes.iter().take_while(is_zero_width).count();
    let wanted = LookAround { behind: end == End::Head, negative: false };
    let is_wanted = |node: &Node| matches!(node, Node::LookAround(look, _) if *look == wanted);
    (run, nodes[..run].iter().position(is_wanted))
}

fn sequence(mut nodes: Vec<Node>, end: End) -> Node {
    if end == End::Tail {
        nodes.reverse();
    }
    let (run, place) = consumable(&nodes, end);
    if let Some(place) = place {
        if let Node::LookAround(_, content) = nodes.remove(place) {
            nodes.insert(0, at(*content, end));
        }
    } else if run == 0 && !nodes.is_empty() {
        let first = nodes.remove(0);
        nodes.insert(0, at(first, end));
    }
    if end == End::Tail {
        nodes.reverse();
    }
    Node::Concat(nodes)
}
