//! Symbols of several bytes: what `wide` says of them, character by character.

use super::*;
use crate::pattern::cases::class;
use crate::pattern::{Look, LookAround};

fn set(flat: &[u32]) -> CodePoints {
    CodePoints::from_flat(flat).unwrap()
}

/// Classes that tell about 400 kinds apart, most of them words.
fn classes() -> Vec<CodePoints> {
    let mut classes: Vec<CodePoints> = (0x4E00..0x4F00).map(CodePoints::single).collect();
    classes.extend((0x61..0x7B).map(CodePoints::single));
    classes.extend((0x2190..0x21D0).map(CodePoints::single));
    classes.extend([
        set(&[9, 13, 28, 32, 0xA0, 0xA0]),
        set(&[0, 9, 11, 0x10_FFFF]),
        set(&[0x30, 0x39, 0x660, 0x669]),
        set(&[0x61, 0x6D, 0x2195, 0x21A0, 0x4E10, 0x4E7F]),
        set(&[0, 0x4E7F, 0x4E81, 0x10_FFFF]),
        set(&[0xD800, 0xDFFF]),
        CodePoints::default(),
    ]);
    classes
}

fn words() -> CodePoints {
    set(&[0x30, 0x39, 0x41, 0x5A, 0x5F, 0x5F, 0x61, 0x7A, 0xB2, 0xB3, 0x660, 0x669, 0x4E00, 0x9FFF])
}

const LIMITS: [Limits; 6] = [
    Limits { singles: usize::MAX, leads: usize::MAX, trails: usize::MAX },
    Limits { singles: 0, leads: 0, trails: usize::MAX },
    Limits { singles: 0, leads: usize::MAX, trails: usize::MAX },
    Limits { singles: 1, leads: 2, trails: 5 },
    Limits { singles: 20, leads: 9, trails: 9 },
    Limits { singles: usize::MAX, leads: 0, trails: 3 },
];

/// How many ways through a tree of classes take exactly these bytes, or some of them from the left.
fn ways(node: &Node, bytes: &[u8], alphabet: &Alphabet) -> Vec<usize> {
    match node {
        Node::Class(class) => {
            let is_taken =
                bytes.first().is_some_and(|&byte| alphabet.class(class.0 as usize).contains(byte));
            Vec::from_iter(is_taken.then_some(1))
        }
        Node::Concat(nodes) => nodes.iter().fold(vec![0], |ends, node| {
            let go =
                |end: usize| ways(node, &bytes[end..], alphabet).into_iter().map(move |n| end + n);
            ends.into_iter().flat_map(go).collect()
        }),
        Node::Alternate(nodes) => {
            nodes.iter().flat_map(|node| ways(node, bytes, alphabet)).collect()
        }
        Node::Never => Vec::new(),
        other => panic!("{other:?} in a class"),
    }
}

fn utf32(text: &[u32]) -> Vec<u8> {
    text.iter().flat_map(|code_point| code_point.to_le_bytes()).collect()
}

#[test]
fn a_class_takes_one_symbol_in_one_way_exactly_if_it_holds_its_character() {
    let classes = classes();
    let borrowed: Vec<&CodePoints> = classes.iter().collect();
    let words = words();
    let ends = |set: &CodePoints| -> Vec<u32> {
        set.ranges().iter().flat_map(|&(lo, hi)| [lo, hi, lo.saturating_sub(1), hi + 1]).collect()
    };
    let mut code_points: Vec<u32> = classes.iter().chain([&words]).flat_map(ends).collect();
    code_points.sort_unstable();
    code_points.dedup();
    code_points.retain(|&code_point| code_point < CODE_POINTS);
    assert!(code_points.len() > 350);
    for (limits, words) in
        LIMITS.into_iter().flat_map(|limits| [(limits, Some(&words)), (limits, None)])
    {
        let alphabet = Alphabet::wide(&borrowed, words, &vec![1; classes.len()], limits).unwrap();
        assert!(alphabet.is_sound(classes.len()) && alphabet.is_wide());
        let number = |class: ClassId| Some(class.0 as usize);
        let expanded = |index: usize| alphabet.expand(&class(index as u32), &number).unwrap();
        let expanded: Vec<Node> = (0..classes.len()).map(expanded).collect();
        let mut lengths = [0; 4];
        for &code_point in &code_points {
            let symbols = alphabet.translate(Text::Utf32(&utf32(&[code_point, 0x20])));
            let places = alphabet.places(&symbols);
            assert_eq!(places.len(), 2, "{code_point:x} is one symbol");
            let symbol = &symbols[..places.byte(1)];
            lengths[symbol.len()] += 1;
            assert!(symbol.iter().all(|&byte| alphabet.symbols().contains(byte)));
            let holds = |set: &CodePoints| {
                set.ranges().iter().any(|&(lo, hi)| (lo..=hi).contains(&code_point))
            };
            for (node, class) in expanded.iter().zip(&classes) {
                let expected = Vec::from_iter(holds(class).then_some(symbol.len()));
                assert_eq!(ways(node, &symbols, &alphabet), expected, "{code_point:x} {limits:?}");
                for inside in 1..symbol.len() {
                    assert_eq!(ways(node, &symbols[inside..], &alphabet), [0; 0]);
                }
            }
            if let Some(words) = words {
                for byte in [symbol[0], symbol[symbol.len() - 1]] {
                    assert_eq!(is_word_symbol(byte), holds(words), "{code_point:x} {limits:?}");
                }
            }
        }
        assert!(lengths[2] + lengths[3] > 20, "{lengths:?}");
    }
}

#[test]
fn frequent_characters_have_short_symbols() {
    let classes = classes();
    let borrowed: Vec<&CodePoints> = classes.iter().collect();
    let usage = vec![1; classes.len()];
    let alphabet = Alphabet::wide(&borrowed, Some(&words()), &usage, Limits::default()).unwrap();
    let text = b"the quick brown fox, 12 of them\n";
    let symbols = alphabet.translate(Text::Ascii(text));
    assert_eq!(symbols.len(), text.len());
    assert_eq!(symbols.last(), Some(&FINAL_NEWLINE));
    let wide = alphabet.translate(Text::Utf32(&utf32(&text.map(u32::from))));
    assert_eq!(symbols, wide);
}

#[test]
fn a_whole_class_is_few_sequences() {
    let classes = classes();
    let borrowed: Vec<&CodePoints> = classes.iter().collect();
    let usage = vec![1; classes.len()];
    let alphabet = Alphabet::wide(&borrowed, Some(&words()), &usage, Limits::default()).unwrap();
    let but_newline =
        (0..classes.len()).find(|&index| classes[index] == set(&[0, 9, 11, 0x10_FFFF]));
    let node = class(but_newline.unwrap() as u32);
    let node = alphabet.expand(&node, &|class| Some(class.0 as usize)).unwrap();
    assert!(node.weight() <= 16, "{node:?}");
}

#[test]
fn look_behinds_of_several_widths_are_split() {
    let classes = classes();
    let borrowed: Vec<&CodePoints> = classes.iter().collect();
    let limits = Limits { singles: 3, leads: 4, trails: 4 };
    let alphabet = Alphabet::wide(&borrowed, None, &vec![1; classes.len()], limits).unwrap();
    let but_newline =
        (0..classes.len()).find(|&index| classes[index] == set(&[0, 9, 11, 0x10_FFFF])).unwrap();
    for negative in [false, true] {
        let look = LookAround { behind: true, negative };
        let content = Node::Concat(vec![class(but_newline as u32), class(but_newline as u32)]);
        let node = Node::LookAround(look, Box::new(content));
        let node = alphabet.expand(&node, &|class| Some(class.0 as usize)).unwrap();
        let (Node::Alternate(looks) | Node::Concat(looks)) = &node else { panic!("{node:?}") };
        assert_eq!(matches!(node, Node::Concat(_)), negative);
        let mut widths = Vec::new();
        for node in looks {
            let Node::LookAround(_, content) = node else { panic!("{node:?}") };
            let sequences = crate::pattern::behind::sequences(content).expect("one width");
            widths.push(sequences[0].len());
        }
        assert_eq!(widths, [2, 3, 4, 5, 6]);
    }
    let plain = Node::Look(Look::Boundary);
    assert_eq!(alphabet.expand(&plain, &|class| Some(class.0 as usize)), Some(plain));
}
