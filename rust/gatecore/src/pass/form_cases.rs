//! Small patterns and texts for the tests of [`forms`](super::forms): everything that a form takes
//! and everything that it must refuse, over `a b - ␠ ⏎ ⇥`.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::alphabet::{Alphabet, ByteSet, Text};
use crate::pass::forms::Collapser;
pub use crate::pattern::cases::{class, repeat};
use crate::pattern::cases::{group, lazy};
use crate::pattern::classes::Resolve;
use crate::pattern::{ClassId, CodePoints, Look, Node};

pub const A: u32 = 0;
pub const B: u32 = 1;
pub const WORD: u32 = 2;
pub const SPACE: u32 = 3;
pub const NO_NEWLINE: u32 = 4;
pub const ANY: u32 = 5;
pub const NOT_A: u32 = 6;
pub const BLANK: u32 = 7;
pub const NEWLINES: u32 = 8;
pub const BLANK_OR_A: u32 = 9;
pub const NOT_A_NO_NEWLINE: u32 = 10;
pub const DASH: u32 = 11;

/// The code points of each class above, as ranges.
const CLASSES: [&[u32]; 12] = [
    &[97, 97],
    &[98, 98],
    &[97, 98],
    &[9, 10, 32, 32],
    &[0, 9, 11, 0x10_FFFF],
    &[0, 0x10_FFFF],
    &[0, 96, 98, 0x10_FFFF],
    &[32, 32],
    &[10, 10],
    &[32, 32, 97, 97],
    &[0, 9, 11, 96, 98, 0x10_FFFF],
    &[45, 45],
];

/// The classes over an alphabet whose word characters are letters.
pub struct Table(Alphabet);

impl Table {
    pub fn new() -> Self {
        let sets = CLASSES.map(|flat| CodePoints::from_flat(flat).unwrap());
        let words = CodePoints::from_flat(&[97, 122]).unwrap();
        Table(Alphabet::new(&sets.each_ref(), Some(&words)).unwrap())
    }

    pub fn class(&self, number: u32) -> ByteSet {
        self.0.class(number as usize)
    }

    pub fn symbols(&self) -> ByteSet {
        self.0.symbols()
    }

    pub fn symbols_of(&self, text: &[u8]) -> Vec<u8> {
        self.0.translate(Text::Ascii(text))
    }
}

impl Resolve for Table {
    fn class(&self, class: ClassId) -> ByteSet {
        self.0.class(class.0 as usize)
    }
}

/// Runs this many cases, the same ones every time.
pub fn runner(cases: u32) -> TestRunner {
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Every text over `a b ␠ ⏎ ⇥` up to a length.
pub fn texts(longest: u32) -> impl Iterator<Item = Vec<u8>> {
    (0..=longest).flat_map(|length| {
        (0..5usize.pow(length)).map(move |number| {
            (0..length).map(|place| b"ab \n\t"[number / 5usize.pow(place) % 5]).collect()
        })
    })
}

/// Every text up to five symbols: as it is, collapsed, and as lines.
pub fn documents(table: &Table, collapser: &Collapser) -> Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let symbols = texts(5).map(|text| table.symbols_of(&text));
    symbols
        .map(|symbols| {
            let lines = collapser.lines(&symbols);
            (symbols, collapser.collapse(&lines), lines)
        })
        .collect()
}

/// A pattern, about half of them ones that a form takes.
pub fn pattern() -> impl Strategy<Value = Node> {
    let gap = |min| repeat(min, None, class(SPACE));
    let star = |number| repeat(0, None, class(number));
    let leaf = prop_oneof![
        12 => prop::sample::select(&[A, B, WORD, DASH]).prop_map(class),
        8 => Just(gap(1)),
        3 => Just(gap(0)),
        1 => Just(lazy(1, None, class(SPACE))),
        5 => prop::sample::select(vec![
            star(NO_NEWLINE), star(ANY), star(NOT_A), star(NOT_A_NO_NEWLINE), star(WORD),
            repeat(1, None, class(ANY)), repeat(1, None, class(NOT_A)),
        ]),
        3 => Just(Node::Look(Look::Boundary)),
        2 => prop::sample::select(vec![
            class(SPACE), class(BLANK), class(NEWLINES), class(ANY), class(BLANK_OR_A),
            star(BLANK_OR_A), star(NEWLINES), repeat(1, None, class(NO_NEWLINE)),
            repeat(2, None, class(SPACE)), repeat(0, Some(2), class(SPACE)),
            Node::Look(Look::NotBoundary), Node::Look(Look::LineStart),
            Node::Look(Look::LastLineEnd), Node::Look(Look::TextEnd), Node::Empty,
        ]),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let bounds = prop_oneof![
            4 => Just((0, Some(1))),
            1 => Just((0, None)),
            1 => Just((1, None)),
            1 => Just((2, Some(2))),
            1 => Just((1, Some(3))),
        ];
        prop_oneof![
            6 => proptest::collection::vec(inner.clone(), 2..5).prop_map(Node::Concat),
            2 => proptest::collection::vec(inner.clone(), 2..4).prop_map(Node::Alternate),
            2 => (bounds, inner.clone()).prop_map(|((min, max), node)| repeat(min, max, node)),
            1 => inner.prop_map(|node| group(1, node)),
        ]
    })
}
