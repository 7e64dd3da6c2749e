//! Look-around against a backtracker as `re` is one: every choice in order, conditions tried where they
//! stand.

use proptest::prelude::*;

use super::tests::Classes;
use super::*;
use crate::alphabet::{FINAL_NEWLINE, NEWLINE};
use crate::confirm::{self, AutomatonKind, Wanted};
use crate::pattern::cases::{class, repeat};
use crate::pattern::{Look, LookAround, RepeatKind};

/// The spans of a match and its groups: group 0 is the match.
type Groups = Vec<Option<Span>>;

struct Backtracker<'a> {
    symbols: &'a [u8],
    groups: Groups,
}

impl Backtracker<'_> {
    /// Tries the ways through a node from `at` on, in order, until `next` takes one.
    fn ways(
        &mut self,
        node: &Node,
        at: usize,
        next: &mut dyn FnMut(&mut Self, usize) -> bool,
    ) -> bool {
        match node {
            Node::Empty => next(self, at),
            Node::Class(class) => {
                self.symbols.get(at).is_some_and(|&symbol| Classes.class(*class).contains(symbol))
                    && next(self, at + 1)
            }
            Node::Concat(nodes) => match nodes.split_first() {
                None => next(self, at),
                Some((first, rest)) => {
                    let rest = Node::Concat(rest.to_vec());
                    self.ways(first, at, &mut |this, at| this.ways(&rest, at, next))
                }
            },
            Node::Alternate(nodes) => nodes.iter().any(|node| self.ways(node, at, next)),
            Node::Repeat { min, max, kind, node: body } => {
                let again = |this: &mut Self, next: &mut dyn FnMut(&mut Self, usize) -> bool| {
                    if *max == Some(0) {
                        return false;
                    }
                    let rest = Node::Repeat {
                        min: min.saturating_sub(1),
                        max: max.map(|max| max - 1),
                        kind: *kind,
                        node: body.clone(),
                    };
                    this.ways(body, at, &mut |this, end| this.ways(&rest, end, next))
                };
                match (min, kind) {
                    (0, RepeatKind::Lazy) => next(self, at) || again(self, next),
                    (0, _) => again(self, next) || next(self, at),
                    _ => again(self, next),
                }
            }
            Node::Group { index, node } => self.ways(node, at, &mut |this, end| {
                let index = *index as usize;
                if this.groups.len() <= index {
                    this.groups.resize(index + 1, None);
                }
                let before = this.groups[index].replace(Span::new(at, end));
                let taken = next(this, end);
                if !taken {
                    this.groups[index] = before;
                }
                taken
            }),
            Node::Look(look) => self.look(*look, at) && next(self, at),
            Node::LookAround(LookAround { behind, negative }, content) => {
                let width = content.min_length() as usize;
                let begin = if *behind { at.checked_sub(width) } else { Some(at) };
                let holds = begin.is_some_and(|begin| {
                    let mut inner = Backtracker { symbols: self.symbols, groups: Vec::new() };
                    inner.ways(content, begin, &mut |_, end| !behind || end == at)
                });
                holds != *negative && next(self, at)
            }
            _ => false,
        }
    }

    fn look(&self, look: Look, at: usize) -> bool {
        let before = at.checked_sub(1).map(|at| self.symbols[at]);
        let after = self.symbols.get(at).copied();
        let word = |symbol: Option<u8>| symbol.is_some_and(|symbol| symbol.is_ascii_alphanumeric());
        let line = |symbol| matches!(symbol, None | Some(NEWLINE | FINAL_NEWLINE));
        match look {
            Look::TextStart => before.is_none(),
            Look::TextEnd => after.is_none(),
            Look::LineStart => line(before),
            Look::LineEnd => line(after),
            Look::LastLineEnd => matches!(after, None | Some(FINAL_NEWLINE)),
            Look::Boundary | Look::AsciiBoundary => word(before) != word(after),
            Look::NotBoundary | Look::NotAsciiBoundary => word(before) == word(after),
        }
    }

    /// The match that begins at a place, and that ends the text if it has to.
    fn begins(node: &Node, symbols: &[u8], at: usize, whole: bool) -> Option<Groups> {
        let mut this = Backtracker { symbols, groups: vec![None] };
        let mut found = None;
        this.ways(node, at, &mut |_, end| {
            let taken = !whole || end == symbols.len();
            if taken {
                found = Some(end);
            }
            taken
        });
        this.groups[0] = Some(Span::new(at, found?));
        Some(this.groups)
    }

    fn list(node: &Node, symbols: &[u8], mut from: usize) -> Vec<Groups> {
        let mut all = Vec::new();
        while let Some(groups) =
            (from..=symbols.len()).find_map(|at| Self::begins(node, symbols, at, false))
        {
            from = groups[0].expect("a match has a span").end();
            all.push(groups);
        }
        all
    }
}

/// A node that cannot match the empty text, which loops and patterns need.
fn solid(node: Node) -> Node {
    match node.min_length() {
        0 => Node::Concat(vec![node, class(3)]),
        _ => node,
    }
}

fn fixed() -> impl Strategy<Value = Node> {
    let sequence = prop::collection::vec((0..7u32).prop_map(class), 1..4).prop_map(Node::Concat);
    let pair =
        || (0..7u32, 0..7u32).prop_map(|(one, two)| Node::Concat(vec![class(one), class(two)]));
    prop_oneof![
        3 => (0..7u32).prop_map(class),
        2 => sequence,
        1 => prop::collection::vec(pair(), 2..4).prop_map(Node::Alternate),
        1 => (1..4u32, (0..7u32)).prop_map(|(times, set)| repeat(times, Some(times), class(set))),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    let look = prop::sample::select(vec![
        Look::TextStart,
        Look::TextEnd,
        Look::LineStart,
        Look::LineEnd,
        Look::LastLineEnd,
        Look::Boundary,
        Look::NotBoundary,
    ]);
    let around = |behind| {
        move |(negative, node)| Node::LookAround(LookAround { behind, negative }, Box::new(node))
    };
    let leaf = prop_oneof![
        8 => (0..7u32).prop_map(class),
        1 => Just(Node::Empty),
        1 => look.prop_map(Node::Look),
        2 => (any::<bool>(), fixed()).prop_map(around(true)),
    ];
    leaf.prop_recursive(4, 20, 4, move |inner| {
        let kind = prop::sample::select(vec![RepeatKind::Greedy, RepeatKind::Lazy]);
        let max = prop_oneof![Just(None), (0..3u32).prop_map(Some)];
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Concat),
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Alternate),
            2 => (0..3u32, max, kind, inner.clone()).prop_map(|(min, max, kind, node)| {
                let node = Box::new(solid(node));
                Node::Repeat { min, max: max.map(|max| min + max), kind, node }
            }),
            2 => (any::<bool>(), inner.clone()).prop_map(around(false)),
            1 => inner.prop_map(|node| Node::Group { index: 1, node: Box::new(node) }),
        ]
    })
    .prop_map(solid)
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let symbols = prop::collection::vec(prop::sample::select(b"aaabbc \x0b".to_vec()), 0..14);
    (symbols, any::<bool>()).prop_map(|(mut symbols, newline)| {
        symbols.extend(newline.then_some(FINAL_NEWLINE));
        symbols
    })
}

/// Numbers the groups from 1 and takes away those in loops and look-arounds.
fn numbered(node: Node, count: &mut Option<u32>) -> Node {
    let within = |node: Box<Node>, count: &mut Option<u32>| Box::new(numbered(*node, count));
    match node {
        Node::Concat(nodes) => {
            Node::Concat(nodes.into_iter().map(|node| numbered(node, count)).collect())
        }
        Node::Alternate(nodes) => {
            Node::Alternate(nodes.into_iter().map(|node| numbered(node, count)).collect())
        }
        Node::Repeat { min, max, kind, node } if max == Some(1) => {
            Node::Repeat { min, max, kind, node: within(node, count) }
        }
        Node::Repeat { min, max, kind, node } => {
            Node::Repeat { min, max, kind, node: within(node, &mut None) }
        }
        Node::LookAround(look, node) => Node::LookAround(look, within(node, &mut None)),
        Node::Group { node, .. } => match count {
            None => *within(node, &mut None),
            Some(number) => {
                *number += 1;
                let index = *number;
                Node::Group { index, node: within(node, count) }
            }
        },
        leaf => leaf,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn finds_what_a_backtracker_finds(node in node(), symbols in text()) {
        prop_assume!(node.irregular().is_none());
        let mut count = Some(0);
        let node = numbered(node, &mut count);
        let groups_of = |mut groups: Groups| {
            groups.resize(count.unwrap_or(0) as usize + 1, None);
            groups
        };
        let span_of = |groups: &Groups| groups[0].expect("a match has a span");
        let expected = Backtracker::list(&node, &symbols, 0);
        let spans: Vec<Span> = expected.iter().map(span_of).collect();
        let plain = Listing::new(&node, &Classes).unwrap();
        let grouping = Listing::with_groups(&node, &Classes).unwrap();
        let search = confirm::automaton(&node, &Classes, AutomatonKind::Spans).unwrap();
        let told = confirm::automaton(&node, &Classes, AutomatonKind::Groups).unwrap();
        let full = confirm::automaton(&node, &Classes, AutomatonKind::Full).unwrap();
        for budget in [BUDGET, 1_000, 0] {
            let mut listed = Vec::new();
            plain.list_within(budget, &symbols, 0, &mut listed);
            prop_assert_eq!(&listed, &spans);
            for groups in &expected {
                let told = grouping.groups_within(budget, &symbols, span_of(groups)).unwrap();
                prop_assert_eq!(groups_of(told), groups_of(groups.clone()));
            }
        }
        for from in 0..=symbols.len() {
            let rest = Backtracker::list(&node, &symbols, from);
            prop_assert_eq!(plain.first(&symbols, from, false), rest.first().map(span_of));
            let mut listed = Vec::new();
            plain.list(&symbols, from, &mut listed);
            let rest_spans: Vec<Span> = rest.iter().map(span_of).collect();
            prop_assert_eq!(&listed, &rest_spans);
            let first = confirm::first(&search, &symbols, from, false);
            prop_assert_eq!(first, rest_spans.first().copied());
            let listed = confirm::some(&search, &symbols, from, Wanted::All, || None).spans;
            prop_assert_eq!(listed, rest_spans);
            for groups in &rest {
                let groups_told = confirm::groups(&told, &symbols, span_of(groups), || None).unwrap();
                prop_assert_eq!(groups_of(groups_told), groups_of(groups.clone()));
            }
            let here = Backtracker::begins(&node, &symbols, from, false);
            prop_assert_eq!(plain.first(&symbols, from, true), here.as_ref().map(span_of));
            let anchored = confirm::first(&search, &symbols, from, true);
            prop_assert_eq!(anchored, here.as_ref().map(span_of));
            let whole = Backtracker::begins(&node, &symbols, from, true);
            prop_assert_eq!(confirm::first(&full, &symbols, from, true), whole.as_ref().map(span_of));
            if let Some(whole) = whole {
                let told = confirm::groups(&full, &symbols, span_of(&whole), || None).unwrap();
                prop_assert_eq!(groups_of(told), groups_of(whole));
            }
        }
    }
}
