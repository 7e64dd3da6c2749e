use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::confirm::{self, AutomatonKind, Begin, Blueprint, Wanted};
use crate::pass::form_cases::{self as cases, class, pattern, repeat, Table};
use crate::pass::forms::{Collapser, Form, Runs};
use crate::pass::Begins;

fn is_reported(sequences: &Sequences, document: &[u8], gaps: &[u8]) -> bool {
    let mut reported = Reported::new(1);
    sequences.scan(document, gaps, &mut reported, &Stop::never()).unwrap();
    reported.contains(0)
}

/// Two parts with a gap between them, each with choices and conditions.
fn parted() -> impl Strategy<Value = Node> {
    let letter = || {
        let one = prop::sample::select(&[cases::A, cases::B, cases::WORD, cases::DASH]);
        prop_oneof![
            5 => one.prop_map(class),
            1 => prop::sample::select(&[cases::BLANK, cases::SPACE, cases::ANY]).prop_map(class),
            1 => Just(Node::Alternate(vec![class(cases::A), class(cases::DASH)])),
            1 => Just(repeat(0, Some(1), class(cases::B))),
            1 => Just(repeat(1, None, class(cases::SPACE))),
            1 => Just(Node::Look(crate::pattern::Look::Boundary)),
        ]
    };
    let gap = prop::sample::select(vec![
        repeat(0, None, class(cases::NO_NEWLINE)),
        repeat(0, None, class(cases::ANY)),
        repeat(0, None, class(cases::NOT_A)),
        repeat(0, None, class(cases::SPACE)),
        repeat(1, None, class(cases::SPACE)),
        repeat(0, Some(4), class(cases::WORD)),
        repeat(0, None, Node::Concat(vec![class(cases::A), class(cases::B)])),
    ]);
    let part = || proptest::collection::vec(letter(), 2..4);
    (part(), gap, part(), letter()).prop_map(|(mut nodes, gap, part, more)| {
        nodes.push(gap);
        let part = Node::Concat(part);
        nodes.push(Node::Alternate(vec![part.clone(), Node::Concat(vec![part, more])]));
        Node::Concat(nodes)
    })
}

/// The exactness that the header of `expand` argues for: automata on the other side.
#[test]
fn a_pattern_that_is_taken_is_reported_exactly_when_it_matches() {
    let table = Table::new();
    let runs = Runs::new(table.class(cases::SPACE)).unwrap();
    let documents = cases::documents(&table, &Collapser::new(runs));
    let (plain, collapsed, chained) = (Cell::new(0), Cell::new(0), Cell::new(0));
    cases::runner(6_000)
        .run(&prop_oneof![2 => pattern(), 1 => parted()], |node| {
            if node.irregular().is_some() {
                return Ok(());
            }
            let automaton = Blueprint::of(&node, &table).build(AutomatonKind::Spans).unwrap();
            let mut as_it_is = Sequences::default();
            let in_plain = as_it_is.take(0, &node, &table, table.symbols(), None, Grams::Any);
            let mut in_form = Sequences::default();
            let classes = runs.classes(Form::Lines, &table);
            let bytes = runs.symbols(Form::Lines, &table.symbols());
            let in_collapsed = runs.express(&node, Form::Lines, &table).is_some_and(|node| {
                in_form.take(0, &node, &classes, bytes, Some(runs.bytes()), Grams::Any)
            });
            plain.set(plain.get() + usize::from(in_plain));
            collapsed.set(collapsed.get() + usize::from(in_collapsed));
            let has_chain = !as_it_is.chains.is_empty() || !in_form.chains.is_empty();
            chained.set(chained.get() + usize::from(has_chain));
            for (symbols, collapsed, lines) in &documents {
                let expected = automaton.is_match(symbols);
                if in_plain {
                    let got = is_reported(&as_it_is, symbols, symbols);
                    prop_assert_eq!(got, expected, "{:?}", symbols);
                }
                if in_collapsed {
                    let got = is_reported(&in_form, collapsed, lines);
                    prop_assert_eq!(got, expected, "collapsed {:?}", symbols);
                }
            }
            Ok(())
        })
        .unwrap();
    let tried = [plain, collapsed, chained].map(Cell::into_inner);
    assert!(tried[0] > 1_000 && tried[1] > 500 && tried[2] > 400, "{tried:?} were tried");
}

/// A long pattern without choices, and whether it has a gap.
fn long_pattern() -> impl Strategy<Value = Node> {
    let letter = prop_oneof![
        6 => prop::sample::select(&[cases::A, cases::B]).prop_map(class),
        2 => Just(class(cases::BLANK)),
        1 => prop::sample::select(&[cases::WORD, cases::DASH]).prop_map(class),
    ];
    let gap = prop::sample::select(vec![
        repeat(0, None, class(cases::NO_NEWLINE)),
        repeat(0, Some(7), class(cases::NO_NEWLINE)),
        repeat(1, None, class(cases::SPACE)),
        Node::Look(crate::pattern::Look::Boundary),
    ]);
    let part = || proptest::collection::vec(letter.clone(), 2..14);
    (part(), proptest::option::of((gap, part()))).prop_map(|(mut nodes, more)| {
        if let Some((gap, part)) = more {
            nodes.push(gap);
            nodes.extend(part);
        }
        Node::Concat(nodes)
    })
}

/// One of these, or a choice of them, with something in front and behind that a match may do without or
/// shares with a run.
fn choices() -> impl Strategy<Value = Node> {
    let edge = |is_front: bool| {
        let boundary = Node::Look(crate::pattern::Look::Boundary);
        let words = repeat(0, None, class(cases::WORD));
        let words = if is_front { vec![boundary, words] } else { vec![words, boundary] };
        prop_oneof![
            2 => Just(Node::Empty),
            3 => prop::sample::select(vec![
                repeat(0, None, class(cases::WORD)),
                repeat(0, None, class(cases::SPACE)),
                repeat(1, None, class(cases::SPACE)),
                repeat(0, Some(2), class(cases::B)),
                Node::Alternate(vec![Node::Empty, class(cases::A)]),
                Node::Concat(words),
            ]),
        ]
    };
    let nodes = proptest::collection::vec(long_pattern(), 1..4);
    (edge(true), nodes, edge(false)).prop_map(|(front, mut nodes, behind)| {
        let choice = if nodes.len() == 1 { nodes.remove(0) } else { Node::Alternate(nodes) };
        Node::Concat(vec![front, choice, behind])
    })
}

/// Many of them together in long documents, in which each of the shapes of grams occurs: each is found, no
/// match begins before the place that is noted, and all begin and end where it is said.
#[test]
fn many_long_patterns_are_found_where_they_stand() {
    let table = Table::new();
    let runs = Runs::new(table.class(cases::SPACE)).unwrap();
    let collapser = Collapser::new(runs);
    let seen = runs.classes(Form::Lines, &table);
    let bytes = runs.symbols(Form::Lines, &table.symbols());
    let letters = proptest::collection::vec(0..9usize, 0..400);
    let strategy =
        (proptest::collection::vec(choices(), 40), proptest::collection::vec(letters, 8));
    let (found, taken) = (Cell::new(0), Cell::new(0));
    let [placed, listed, whole] = [(); 3].map(|()| [Cell::new(0), Cell::new(0)]);
    cases::runner(100)
        .run(&strategy, |(nodes, texts)| {
            let (mut plain, mut collapsed) = (Sequences::default(), Sequences::default());
            let mut automata = Vec::new();
            for (slot, node) in nodes.iter().enumerate() {
                let in_plain = plain.take(slot, node, &table, table.symbols(), None, Grams::Any);
                let in_form = runs.express(node, Form::Lines, &table).is_some_and(|node| {
                    collapsed.take(slot, &node, &seen, bytes, Some(runs.bytes()), Grams::Any)
                });
                if in_plain || in_form {
                    let automaton = Blueprint::of(node, &table).build(AutomatonKind::Spans);
                    automata.push((slot, in_plain, in_form, automaton.unwrap()));
                }
            }
            taken.set(taken.get() + automata.len());
            for picks in texts {
                let text: Vec<u8> = picks.into_iter().map(|pick| b"aaabbb -\n"[pick]).collect();
                let symbols = table.symbols_of(&text);
                let lines = collapser.lines(&symbols);
                let form = collapser.collapse(&lines);
                let reported = [(&plain, &symbols, &symbols), (&collapsed, &form, &lines)];
                let reported = reported.map(|(sequences, document, gaps)| {
                    let mut reported = Reported::new(nodes.len());
                    sequences.scan(document, gaps, &mut reported, &Stop::never()).unwrap();
                    reported.finish();
                    reported
                });
                let places = [
                    plain.standing(&symbols, &reported[0], usize::MAX).map(places::plain),
                    collapsed.standing(&form, &reported[1], usize::MAX).map(|standing| {
                        places::in_form(standing, &collapser.origins(&symbols), symbols.len())
                    }),
                ];
                let places = places.map(|places| places::settled(places.unwrap()));
                for &(slot, in_plain, in_form, ref automaton) in &automata {
                    let expected = confirm::first(automaton, &symbols, 0, false);
                    found.set(found.get() + usize::from(expected.is_some()));
                    for (way, is_taken) in [in_plain, in_form].into_iter().enumerate() {
                        let reported = &reported[way];
                        let is_reported = reported.contains(slot);
                        let wanted = is_taken && expected.is_some();
                        prop_assert_eq!(is_reported, wanted, "{:?}", nodes[slot]);
                        let place = reported.not_before(slot);
                        let begin = expected.map_or(usize::MAX, |span| span.start());
                        prop_assert!(place <= begin, "{:?} {:?}", nodes[slot], symbols);
                        placed[way].set(placed[way].get() + usize::from(place > 0));
                        let own: Vec<Begins> = places[way]
                            .iter()
                            .filter(|at| at.slot as usize == slot)
                            .copied()
                            .collect();
                        if own.is_empty() {
                            continue;
                        }
                        let all = Wanted::All;
                        let wanted = confirm::some(automaton, &symbols, Begin::at(0), all, || None);
                        let got = confirm::beginning(automaton, &symbols, &own);
                        prop_assert_eq!(got, wanted, "{:?} {:?}", nodes[slot], symbols);
                        listed[way].set(listed[way].get() + own.len());
                        let are_known = own.iter().all(|at| at.end.is_some());
                        whole[way].set(whole[way].get() + usize::from(are_known));
                    }
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(found.get() > 2_000 && taken.get() > 2_500, "{} of {}", found.get(), taken.get());
    assert!(placed.iter().all(|count| count.get() > 150), "{placed:?} were placed");
    assert!(listed.iter().chain(&whole).all(|count| count.get() > 100), "{listed:?}, {whole:?}");
}

#[test]
fn a_sequence_is_found_at_every_place_also_where_the_document_is_looked_at_in_stretches() {
    let table = Table::new();
    let word = |text: &str| {
        let letter = |letter| match letter {
            b'a' => class(cases::A),
            b'b' => class(cases::B),
            _ => class(cases::BLANK),
        };
        Node::Concat(text.bytes().map(letter).collect())
    };
    for text in ["abbbabab bababbba", "ababbba", "abba", "aba", "ab"] {
        let mut sequences = Sequences::default();
        assert!(sequences.take(0, &word(text), &table, table.symbols(), None, Grams::Any));
        for around in [0, crate::stop::STRETCH] {
            for begin in around.saturating_sub(20)..around + 20 {
                for rest in 0..9 {
                    let mut document = vec![b'-'; begin];
                    document.extend(text.bytes());
                    document.extend(vec![b'-'; rest]);
                    assert!(is_reported(&sequences, &document, &document), "{text} at {begin}");
                    document[begin + 1] = b'-';
                    assert!(!is_reported(&sequences, &document, &document), "{text} at {begin}");
                }
                if around > 0 && begin % 5 > 0 {
                    break; // A megabyte each.
                }
            }
        }
    }
}

#[test]
fn what_is_written_is_read_and_what_is_damaged_is_refused() {
    let table = Table::new();
    let mut sequences = Sequences::default();
    let nodes = vec![class(cases::A), class(cases::WORD), class(cases::B)];
    assert!(sequences.take(3, &Node::Concat(nodes), &table, table.symbols(), None, Grams::Any));
    assert!(sequences.is_sound(4) && !sequences.is_sound(3));
    let damages: [fn(&mut Sequences); 5] = [
        |all| all.entries[0].end += 1,
        |all| all.entries[0].begin += 1,
        |all| all.classes[1] = 9,
        |all| all.sets.clear(),
        |all| all.entries[0].before.class = 7,
    ];
    for damage in damages {
        let mut copy = sequences.copy();
        damage(&mut copy);
        assert!(!copy.is_sound(4));
    }
}

#[test]
fn slots_are_taken_in_any_order() {
    let table = Table::new();
    let mut sequences = Sequences::default();
    let word = Node::Concat(vec![class(cases::A), class(cases::B), class(cases::A)]);
    for slot in [700, 3] {
        assert!(sequences.take(slot, &word, &table, table.symbols(), None, Grams::Any));
    }
    let mut reported = Reported::new(701);
    let document = table.symbols_of(b"a--------aba");
    sequences.scan(&document, &document, &mut reported, &Stop::never()).unwrap();
    reported.finish();
    assert_eq!(reported.iter().collect::<Vec<_>>(), [3, 700]);
    assert_eq!([3, 700].map(|slot| reported.not_before(slot)), [5, 5]);
    sequences.finish();
    assert!(sequences.is_sound(701) && sequences.copy().is_sound(701));
}
