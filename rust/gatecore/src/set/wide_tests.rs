//! Sets over symbols of several bytes beside the same sets over bytes: every answer, over all short texts.
//!
//! The other side is the path that `tests/differential` holds against `re`; `test_wide.py` asks `re` itself.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::alphabet::Limits;
use crate::confirm::{Begin, Wanted};
use crate::pattern::cases::{class, group, lazy, repeat, LOOKS};
use crate::pattern::{CodePoints, Look, LookAround, LoweredPattern, RepeatKind};
use crate::scan::{Anchor, Answer, Region};

/// The characters of texts; those that are words first.
const LETTERS: [u32; 5] = [97, 0xE9, 0x5B57, 0x2192, 10];

const CLASSES: [&[u32]; 9] = [
    &[97, 97],
    &[0xE9, 0xE9],
    &[0x5B57, 0x5B57],
    &[97, 97, 0x5B57, 0x5B57],
    &[0x2192, 0x2192],
    &[0, 9, 11, 0x10_FFFF],
    &[0, 0x10_FFFF],
    &[97, 97, 0xE9, 0xE9, 0x5B57, 0x5B57],
    &[0, 96, 98, 0x10_FFFF],
];

const LIMITS: [(usize, usize, usize); 5] = [(0, 0, 1), (0, 1, 1), (1, 1, 2), (2, 0, 1), (1, 4, 4)];

fn program(node: &Node, into: &mut Vec<u32>) {
    let all = |nodes: &[Node], into: &mut Vec<u32>| {
        into.push(nodes.len() as u32);
        nodes.iter().for_each(|node| program(node, into));
    };
    match node {
        Node::Empty => into.push(0),
        Node::Never => into.push(1),
        Node::Class(class) => into.extend([2, class.0]),
        Node::Look(look) => {
            let number = LOOKS.iter().position(|known| known == look).unwrap();
            into.extend([3, number as u32]);
        }
        Node::Concat(nodes) => {
            into.push(4);
            all(nodes, into);
        }
        Node::Alternate(nodes) => {
            into.push(5);
            all(nodes, into);
        }
        Node::Repeat { min, max, kind, node } => {
            let kind = u32::from(*kind == RepeatKind::Lazy);
            into.extend([6, *min, max.unwrap_or(u32::MAX), kind]);
            program(node, into);
        }
        Node::Group { index, node } => {
            into.extend([7, *index]);
            program(node, into);
        }
        Node::LookAround(look, content) => {
            into.extend([8, u32::from(look.behind) + 2 * u32::from(look.negative)]);
            program(content, into);
        }
        other => panic!("{other:?} is not made here"),
    }
}

fn pattern() -> impl Strategy<Value = Node> {
    let any_class = || (0..CLASSES.len() as u32).prop_map(class);
    let around = (any::<bool>(), any::<bool>(), any_class(), prop::option::of(any_class()));
    let around = around.prop_map(|(behind, negative, one, two)| {
        let content = two.map_or(one.clone(), |two| Node::Concat(vec![one, two]));
        Node::LookAround(LookAround { behind, negative }, Box::new(content))
    });
    let looks = vec![
        Look::Boundary,
        Look::Boundary,
        Look::NotBoundary,
        Look::LineStart,
        Look::LineEnd,
        Look::LastLineEnd,
        Look::TextStart,
        Look::TextEnd,
    ];
    let leaf = prop_oneof![
        12 => any_class(),
        2 => prop::sample::select(looks).prop_map(Node::Look),
        4 => around,
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        let bounds = prop::sample::select(vec![
            (0, Some(1)), (0, None), (1, None), (2, Some(2)), (1, Some(3)),
        ]);
        prop_oneof![
            5 => prop::collection::vec(inner.clone(), 2..4).prop_map(Node::Concat),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(Node::Alternate),
            2 => (bounds.clone(), inner.clone()).prop_map(|((min, max), node)| repeat(min, max, node)),
            1 => (bounds, inner.clone()).prop_map(|((min, max), node)| lazy(min, max, node)),
            2 => inner.prop_map(|node| group(0, node)),
        ]
    })
}

/// Groups are numbered by their opening.
fn numbered(node: &Node, groups: &mut u32) -> Node {
    let mut all = |nodes: &[Node]| nodes.iter().map(|node| numbered(node, groups)).collect();
    match node {
        Node::Concat(nodes) => Node::Concat(all(nodes)),
        Node::Alternate(nodes) => Node::Alternate(all(nodes)),
        Node::Repeat { min, max, kind, node } => {
            let node = Box::new(numbered(node, groups));
            Node::Repeat { min: *min, max: *max, kind: *kind, node }
        }
        Node::Group { node, .. } => {
            *groups += 1;
            let index = *groups;
            Node::Group { index, node: Box::new(numbered(node, groups)) }
        }
        other => other.clone(),
    }
}

fn build(nodes: &[Node], backend: Backend, limits: Limits) -> PatternSet {
    let lowered = |node: &Node| {
        let mut numbers = Vec::new();
        program(node, &mut numbers);
        let (source, program) = (Vec::new(), Some(numbers));
        LoweredPattern { source, flags: 0, caseless: false, section: 0, program }
    };
    let set = |flat: &&[u32]| CodePoints::from_flat(flat).unwrap();
    let spec = Spec {
        patterns: nodes.iter().map(lowered).collect(),
        classes: CLASSES.iter().map(set).collect(),
        words: set(&&[48, 57, 65, 90, 95, 95, 97, 122, 0xE9, 0xE9, 0x5B57, 0x5B57][..]),
        ascii_words: set(&&[48, 57, 65, 90, 95, 95, 97, 122][..]),
        backend,
    };
    PatternSet::build_with(&spec, limits, &Stop::never()).unwrap()
}

/// Every text up to a length.
fn texts(longest: u32) -> Vec<Vec<u32>> {
    let of_length = |length: u32| {
        (0..5usize.pow(length)).map(move |number| {
            (0..length).map(|place| LETTERS[number / 5usize.pow(place) % 5]).collect()
        })
    };
    (0..=longest).flat_map(of_length).collect()
}

/// Everything that a set says of a pattern and a text.
fn answers(set: &PatternSet, scan: &Scan, id: PatternId, regions: &[Region]) -> Vec<String> {
    let mut told = vec![format!("{:?}", scan.is_match(set, id))];
    for &region in regions {
        for anchor in [Anchor::Search, Anchor::Match, Anchor::FullMatch] {
            let found = scan.find(set, id, anchor, region);
            let groups = match &found {
                Answer::Known(Some(span)) => Some(scan.groups(set, id, anchor, *span, region.to)),
                _ => None,
            };
            told.push(format!("{anchor:?} {region:?} {found:?} {groups:?}"));
        }
        for is_taken in [false, true] {
            let begin = Begin { at: region.from, is_taken };
            for wanted in [Wanted::All, Wanted::AtMost(1)] {
                told.push(format!("{:?}", scan.some_spans(set, id, begin, region.to, wanted)));
            }
        }
    }
    told
}

#[test]
fn answers_do_not_depend_on_how_many_bytes_a_symbol_has() {
    let texts = texts(4);
    let cases = prop::collection::vec(pattern(), 6);
    let (compared, matches, other_routes) = (Cell::new(0), Cell::new(0), Cell::new(0));
    for (number, (singles, leads, trails)) in (0..).zip(LIMITS) {
        let limits = Limits { singles, leads, trails };
        let backend = Backend::available()[number % Backend::available().len()];
        let config = Config { failure_persistence: None, ..Config::with_cases(12) };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[number as u8; 32]);
        let result = TestRunner::new_with_rng(config, rng).run(&cases, |nodes| {
            let nodes: Vec<Node> = nodes.iter().map(|node| numbered(node, &mut 0)).collect();
            let narrow = build(&nodes, backend, Limits::default());
            let wide = build(&nodes, backend, limits);
            assert!(narrow.shards.iter().all(|shard| !shard.alphabet.is_wide()));
            let wide = PatternSet::from_bytes(&wide.to_bytes("test").unwrap(), "test").unwrap();
            for text in &texts {
                let utf32: Vec<u8> = text.iter().flat_map(|c| c.to_le_bytes()).collect();
                let scans = [&narrow, &wide].map(|set| set.scan(Text::Utf32(&utf32)).unwrap());
                let to = text.len();
                let mut regions = vec![Region { from: 0, to }];
                if to > 1 {
                    regions.extend([Region { from: 1, to }, Region { from: 0, to: to - 1 }]);
                    regions.extend([Region { from: 1, to: to - 1 }, Region { from: 2, to: 9 }]);
                }
                for id in narrow.ids() {
                    let place = wide.places[id.0 as usize];
                    if !wide.shards[place.shard as usize].alphabet.is_wide() {
                        continue; // it can match the empty text
                    }
                    if to == 0 && narrow.looks_inside_words(id) {
                        continue; // `re` is asked, unless the pass says no, which it need not
                    }
                    let reasons = [&narrow, &wide].map(|set| set.routing(id).irregular);
                    if reasons != [None, None] {
                        let is_other = usize::from(reasons[0] != reasons[1]);
                        other_routes.set(other_routes.get() + is_other);
                        continue;
                    }
                    let [one, other] = [(&narrow, &scans[0]), (&wide, &scans[1])]
                        .map(|(set, scan)| answers(set, scan, id, &regions));
                    prop_assert_eq!(one, other, "{:?} over {:?}", &nodes[id.0 as usize], text);
                    compared.set(compared.get() + 1);
                    let spans = scans[1].spans(&wide, id).known().unwrap_or_default();
                    matches.set(matches.get() + usize::from(!spans.is_empty()));
                }
            }
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{limits:?} {backend:?}: {error}"));
    }
    let (compared, matches) = (compared.get(), matches.get());
    assert!(compared > 80_000 && matches > compared / 10, "{matches} of {compared}");
    assert!(other_routes.get() < compared / 20, "{other_routes:?}");
}
