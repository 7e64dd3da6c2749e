//! Look-around, rounds that can be empty, groups in repeats and empty matches against a backtracker as `re` is
//! one: every choice in order, conditions tried where they stand, and an optional round that took nothing is
//! a repeat's last.

use proptest::prelude::*;

use super::tests::Classes;
use super::*;
use crate::alphabet::{FINAL_NEWLINE, NEWLINE};
use crate::confirm::{self, AutomatonKind, Wanted};
use crate::pattern::cases::{class, repeat};
use crate::pattern::{Look, LookAround, RepeatKind};

struct Backtracker<'a> {
    symbols: &'a [u8],
    /// The spans of a match and its groups: group 0 is the match.
    groups: Vec<Option<Span>>,
    last: Option<u32>,
}

/// What is left of a repeat.
#[derive(Clone, Copy)]
struct Rest<'a> {
    min: u32,
    max: Option<u32>,
    kind: RepeatKind,
    body: &'a Node,
    /// Where its last optional round began.
    begun: Option<usize>,
}

impl<'a> Backtracker<'a> {
    fn new(symbols: &'a [u8]) -> Self {
        Backtracker { symbols, groups: vec![None], last: None }
    }

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
                let (min, max, kind) = (*min, *max, *kind);
                self.rounds(Rest { min, max, kind, body, begun: None }, at, next)
            }
            Node::Group { index, node } => self.ways(node, at, &mut |this, end| {
                let place = *index as usize;
                if this.groups.len() <= place {
                    this.groups.resize(place + 1, None);
                }
                let before = this.groups[place].replace(Span::new(at, end));
                let last = this.last.replace(*index);
                let taken = next(this, end);
                if !taken {
                    this.groups[place] = before;
                    this.last = last;
                }
                taken
            }),
            Node::Look(look) => self.look(*look, at) && next(self, at),
            Node::LookAround(LookAround { behind, negative }, content) => {
                let width = content.min_length() as usize;
                let begin = if *behind { at.checked_sub(width) } else { Some(at) };
                let holds = begin.is_some_and(|begin| {
                    let mut inner = Backtracker::new(self.symbols);
                    inner.ways(content, begin, &mut |_, end| !behind || end == at)
                });
                holds != *negative && next(self, at)
            }
            _ => false,
        }
    }

    fn rounds(
        &mut self,
        rest: Rest<'_>,
        at: usize,
        next: &mut dyn FnMut(&mut Self, usize) -> bool,
    ) -> bool {
        let Rest { min, max, kind, body, begun } = rest;
        let max_left = max.map(|max| max.saturating_sub(1));
        if min > 0 {
            let rest = Rest { min: min - 1, max: max_left, ..rest };
            return self.ways(body, at, &mut |this, end| this.rounds(rest, end, next));
        }
        let may_go_on = max != Some(0) && begun != Some(at);
        let rest = Rest { max: max_left, begun: Some(at), ..rest };
        let again = |this: &mut Self, next: &mut dyn FnMut(&mut Self, usize) -> bool| {
            may_go_on && this.ways(body, at, &mut |this, end| this.rounds(rest, end, next))
        };
        match kind {
            RepeatKind::Lazy => next(self, at) || again(self, next),
            _ => again(self, next) || next(self, at),
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
    fn begins(node: &Node, symbols: &[u8], begin: Begin, whole: bool) -> Option<Groups> {
        let mut this = Backtracker::new(symbols);
        let mut found = None;
        this.ways(node, begin.at, &mut |_, end| {
            let taken = (!whole || end == symbols.len()) && !(begin.is_taken && end == begin.at);
            if taken {
                found = Some(end);
            }
            taken
        });
        this.groups[0] = Some(Span::new(begin.at, found?));
        Some(Groups { spans: this.groups, last: this.last })
    }

    fn list(node: &Node, symbols: &[u8], mut from: Begin) -> Vec<Groups> {
        let mut all = Vec::new();
        loop {
            let next = |at| if at == from.at { from } else { Begin::at(at) };
            let found = (from.at..=symbols.len())
                .find_map(|at| Self::begins(node, symbols, next(at), false));
            let Some(groups) = found else { return all };
            from = Begin::after(groups.spans[0].expect("a match has a span"));
            all.push(groups);
        }
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
                let node = Box::new(node);
                Node::Repeat { min, max: max.map(|max| min + max), kind, node }
            }),
            2 => (any::<bool>(), inner.clone()).prop_map(around(false)),
            1 => inner.prop_map(|node| Node::Group { index: 1, node: Box::new(node) }),
        ]
    })
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let symbols = prop::collection::vec(prop::sample::select(b"aaabbc \x0b".to_vec()), 0..14);
    (symbols, any::<bool>()).prop_map(|(mut symbols, newline)| {
        symbols.extend(newline.then_some(FINAL_NEWLINE));
        symbols
    })
}

/// Numbers the groups from 1 and takes away those in look-arounds.
fn numbered(node: Node, count: &mut Option<u32>) -> Node {
    let within = |node: Box<Node>, count: &mut Option<u32>| Box::new(numbered(*node, count));
    match node {
        Node::Concat(nodes) => {
            Node::Concat(nodes.into_iter().map(|node| numbered(node, count)).collect())
        }
        Node::Alternate(nodes) => {
            Node::Alternate(nodes.into_iter().map(|node| numbered(node, count)).collect())
        }
        Node::Repeat { min, max, kind, node } => {
            Node::Repeat { min, max, kind, node: within(node, count) }
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
            groups.spans.resize(count.unwrap_or(0) as usize + 1, None);
            groups
        };
        let span_of = |groups: &Groups| groups.spans[0].expect("a match has a span");
        let expected = Backtracker::list(&node, &symbols, Begin::at(0));
        let spans: Vec<Span> = expected.iter().map(span_of).collect();
        let plain = Listing::new(&node, &Classes).unwrap();
        let grouping = Listing::with_groups(&node, &Classes).unwrap();
        let search = confirm::automaton(&node, &Classes, AutomatonKind::Spans).unwrap();
        let told = confirm::automaton(&node, &Classes, AutomatonKind::Groups).unwrap();
        let full = confirm::automaton(&node, &Classes, AutomatonKind::Full).unwrap();
        let closing = node.closing_order();
        for budget in [BUDGET, 1_000, 0] {
            let mut listed = Vec::new();
            plain.list_within(budget, &symbols, Begin::at(0), &mut listed);
            prop_assert_eq!(&listed, &spans);
            for groups in expected.iter().filter(|_| !node.has_look_around()) {
                let told = grouping.groups_within(budget, &symbols, span_of(groups)).unwrap();
                prop_assert_eq!(groups_of(told), groups_of(groups.clone()));
            }
        }
        let begins = (0..=symbols.len()).flat_map(|at| {
            [false, true].map(|is_taken| Begin { at, is_taken })
        });
        for from in begins {
            let rest = Backtracker::list(&node, &symbols, from);
            prop_assert_eq!(plain.first(&symbols, from, false), rest.first().map(span_of));
            let mut listed = Vec::new();
            plain.list(&symbols, from, &mut listed);
            let rest_spans: Vec<Span> = rest.iter().map(span_of).collect();
            prop_assert_eq!(&listed, &rest_spans);
            if from.is_taken && matches!(search, confirm::Automaton::Search(_)) {
                continue; // a search that never finds the empty text
            }
            let listed = confirm::some(&search, &symbols, from, Wanted::All, || None).spans;
            prop_assert_eq!(listed, &rest_spans[..]);
            for groups in &rest {
                let told = confirm::groups(&told, &symbols, span_of(groups), &closing, || None);
                prop_assert_eq!(groups_of(told.unwrap()), groups_of(groups.clone()));
            }
            let here = Backtracker::begins(&node, &symbols, from, false);
            prop_assert_eq!(plain.first(&symbols, from, true), here.as_ref().map(span_of));
            if from.is_taken {
                continue;
            }
            let first = confirm::first(&search, &symbols, from.at, false);
            prop_assert_eq!(first, rest_spans.first().copied());
            let anchored = confirm::first(&search, &symbols, from.at, true);
            prop_assert_eq!(anchored, here.as_ref().map(span_of));
            let whole = Backtracker::begins(&node, &symbols, from, true);
            let told = confirm::first(&full, &symbols, from.at, true);
            prop_assert_eq!(told, whole.as_ref().map(span_of));
            if let Some(whole) = whole {
                let told = confirm::groups(&full, &symbols, span_of(&whole), &closing, || None);
                prop_assert_eq!(groups_of(told.unwrap()), groups_of(whole));
            }
        }
    }
}
