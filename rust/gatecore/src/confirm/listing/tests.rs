use proptest::prelude::*;

use super::*;
use crate::alphabet::{ByteSet, FINAL_NEWLINE};
use crate::confirm::{self, AutomatonKind, Blueprint, Wanted};
use crate::pattern::cases::{class, group, lazy, repeat, LOOKS};
use crate::pattern::{ClassId, Look, RepeatKind};

/// Classes over the symbols `a b c blank` and the two newlines, the final one at the end of a text
/// only.
pub(super) struct Classes;

const SETS: [&[u8]; 7] = [b"a", b"b", b"c", b"ab", b"abc ", b"\x0b\r", b"abc \x0b\r"];

impl Resolve for Classes {
    fn class(&self, class: ClassId) -> ByteSet {
        SETS[class.0 as usize].iter().copied().collect()
    }
}

/// The node, or one like it that cannot match the empty text.
fn solid(node: Node) -> Node {
    match node.min_length() {
        0 => Node::Concat(vec![node, class(3)]),
        _ => node,
    }
}

fn node() -> impl Strategy<Value = Node> {
    let look = prop::sample::select(&LOOKS);
    let leaf = prop_oneof![
        8 => (0..SETS.len() as u32).prop_map(class),
        1 => Just(Node::Empty),
        1 => look.prop_map(Node::Look),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let kind = prop::sample::select(vec![RepeatKind::Greedy, RepeatKind::Lazy]);
        let max = prop_oneof![Just(None), (0..4u32).prop_map(Some)];
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Concat),
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Alternate),
            3 => (0..3u32, max, kind, inner.clone()).prop_map(|(min, max, kind, node)| {
                let node = Box::new(solid(node));
                Node::Repeat { min, max: max.map(|max| min + max), kind, node }
            }),
            2 => inner.prop_map(|node| group(1, node)),
        ]
    })
    .prop_map(solid)
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let runs = (prop::sample::select(b"aaabbc \x0b".to_vec()), 1..4usize);
    let runs = prop::collection::vec(runs, 0..30);
    (runs, any::<bool>()).prop_map(|(runs, newline)| {
        let mut symbols: Vec<u8> =
            runs.into_iter().flat_map(|(symbol, count)| vec![symbol; count]).collect();
        if newline {
            symbols.push(FINAL_NEWLINE);
        }
        symbols
    })
}

fn list(node: &Node, symbols: &[u8], from: usize, budget: usize) -> Vec<Span> {
    let mut spans = Vec::new();
    Listing::new(node, &Classes).unwrap().list_within(budget, symbols, Begin::at(from), &mut spans);
    spans
}

fn searched(node: &Node, symbols: &[u8]) -> Vec<Span> {
    let regex = Blueprint::of(node, &Classes).build(AutomatonKind::Spans).unwrap();
    confirm::some(&regex, symbols, Begin::at(0), Wanted::All, || None).spans
}

/// Numbers the groups from 1 and takes those in loops away.
fn numbered(node: Node, in_loop: bool, groups: &mut u32) -> Node {
    match node {
        Node::Concat(nodes) => {
            Node::Concat(nodes.into_iter().map(|node| numbered(node, in_loop, groups)).collect())
        }
        Node::Alternate(nodes) => {
            Node::Alternate(nodes.into_iter().map(|node| numbered(node, in_loop, groups)).collect())
        }
        Node::Repeat { min, max, kind, node } => {
            let in_loop = in_loop || max.is_none_or(|max| max > 1);
            let node = Box::new(numbered(*node, in_loop, groups));
            Node::Repeat { min, max, kind, node }
        }
        Node::Group { node, .. } if in_loop => numbered(*node, in_loop, groups),
        Node::Group { node, .. } => {
            *groups += 1;
            let index = *groups;
            group(index, numbered(*node, in_loop, groups))
        }
        leaf => leaf,
    }
}

/// How many futures and choices a walk has to work out, which is what takes its time: all else is
/// looking up.
fn worked_out(listing: &Listing, symbols: &[u8], ends: Ends) -> (usize, u32) {
    let mut futures = Futures::new(listing, Known::default(), BUDGET, ends);
    let mut spans = Vec::new();
    let mut walk = Walk::new(listing, symbols, super::Wanted::All, &mut spans);
    read_off(&mut futures, symbols, 0..symbols.len(), &mut walk);
    (futures.count(), walk.looks())
}

#[test]
fn a_longer_text_is_no_more_to_work_out() {
    let many = |node| repeat(0, None, node);
    let option = |node| lazy(0, Some(1), node);
    let (a, b, c, any) = (0, 1, 2, 6);
    let rounds = many(Node::Concat(vec![class(a), option(group(1, class(b)))]));
    let patterns = [
        // (any*)c, ((?:a(b)??)*)c, (any)(any*c)?? and any*$
        Node::Concat(vec![group(1, many(class(any))), class(c)]),
        Node::Concat(vec![group(2, rounds), class(c)]),
        Node::Concat(vec![
            group(1, class(any)),
            option(group(2, Node::Concat(vec![many(class(any)), class(c)]))),
        ]),
        Node::Concat(vec![many(class(any)), Node::Look(Look::LastLineEnd)]),
    ];
    for node in patterns {
        let listing = Listing::with_groups(&node, &Classes).unwrap();
        for ends in [Ends::AtEnd, Ends::Anywhere] {
            let text = |pumps: usize| [&b"ab".repeat(pumps)[..], b"c"].concat();
            let (short, long) = (text(1_000), text(400_000));
            let expected = worked_out(&listing, &short, ends);
            assert_eq!(worked_out(&listing, &long, ends), expected, "{node:?}");
            assert!(expected.0 < 20 && expected.1 < 20, "{expected:?} for {node:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lists_what_searches_find(node in node(), symbols in text()) {
        prop_assume!(node.irregular().is_none());
        // Budgets for one stretch, for several, and for stretches of one symbol.
        let expected = searched(&node, &symbols);
        for budget in [BUDGET, 1_000, 0] {
            prop_assert_eq!(&list(&node, &symbols, 0, budget), &expected);
        }
        // From the end of each match on, as it is when it takes over.
        for (index, span) in expected.iter().enumerate() {
            prop_assert_eq!(&list(&node, &symbols, span.end(), BUDGET), &expected[index + 1..]);
        }
    }

    #[test]
    fn tells_the_groups_that_a_search_tells(node in node(), symbols in text()) {
        prop_assume!(node.irregular().is_none());
        let mut count = 0;
        let node = numbered(node, false, &mut count);
        let regex = Blueprint::of(&node, &Classes).build(AutomatonKind::Groups).unwrap();
        let padded = |mut groups: Groups| {
            groups.spans.resize(count as usize + 1, None);
            groups
        };
        let listing = Listing::with_groups(&node, &Classes).unwrap();
        for span in searched(&node, &symbols) {
            let closing = node.closing_order();
            let expected = confirm::groups(&regex, &symbols, span, &closing, || None).unwrap();
            for budget in [BUDGET, 1_000, 0] {
                let groups = listing.groups_within(budget, &symbols, span).unwrap();
                prop_assert_eq!(padded(groups), padded(expected.clone()));
            }
        }
    }
}
