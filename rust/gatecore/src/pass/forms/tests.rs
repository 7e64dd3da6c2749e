use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::confirm::{AutomatonKind, Blueprint};
use crate::pass::form_cases::{self as cases, class, pattern, repeat, Table};

fn runs(table: &Table) -> Runs {
    Runs::new(table.class(cases::SPACE)).unwrap()
}

/// What the translation does, in the plainest way.
fn lines_by_hand(table: &Table, symbols: &[u8]) -> Vec<u8> {
    let space = table.class(cases::SPACE);
    let mut out = Vec::new();
    for part in symbols.chunk_by(|a, b| space.contains(*a) && space.contains(*b)) {
        match part {
            [first, ..] if !space.contains(*first) => out.extend_from_slice(part),
            _ if part.iter().any(|byte| newlines().contains(*byte)) => out.push(NEWLINE),
            _ => out.push(b' '),
        }
    }
    out
}

#[test]
fn a_run_is_one_byte_that_tells_whether_it_has_a_newline() {
    let table = Table::new();
    let collapser = Collapser::new(runs(&table));
    let strategy = proptest::collection::vec(0..8usize, 0..200);
    cases::runner(2_000)
        .run(&strategy, |picks| {
            let text: Vec<u8> = picks.into_iter().map(|pick| b"ab-ab \n\t"[pick]).collect();
            let symbols = table.symbols_of(&text);
            let lines = collapser.lines(&symbols);
            prop_assert_eq!(&lines, &lines_by_hand(&table, &symbols));
            let collapsed = collapser.collapse(&lines);
            let blanks: Vec<u8> =
                lines.iter().map(|&byte| if byte == NEWLINE { b' ' } else { byte }).collect();
            prop_assert_eq!(collapsed, blanks);
            Ok(())
        })
        .unwrap();
}

/// The exactness that the header argues for, without the engine: automata on both sides.
#[test]
fn a_pattern_that_a_view_takes_matches_there_exactly_when_it_matches_the_document() {
    let table = Table::new();
    let runs = runs(&table);
    let documents = cases::documents(&table, &Collapser::new(runs));
    let taken = [Cell::new(0), Cell::new(0)];
    cases::runner(4_000)
        .run(&pattern(), |node| {
            if node.irregular().is_some() {
                return Ok(());
            }
            let plain = Blueprint::of(&node, &table).build(AutomatonKind::Spans).unwrap();
            for (form, taken) in [Form::Collapsed, Form::Lines].into_iter().zip(&taken) {
                let Some(seen) = runs.express(&node, form, &table) else { continue };
                taken.set(taken.get() + 1);
                let classes = runs.classes(form, &table);
                let seen = Blueprint::of(&seen, &classes);
                let automaton = seen.build(AutomatonKind::Spans).unwrap();
                for (symbols, collapsed, lines) in &documents {
                    let text = if form == Form::Collapsed { collapsed } else { lines };
                    prop_assert_eq!(
                        automaton.is_match(text),
                        plain.is_match(symbols),
                        "{:?} {:?}",
                        form,
                        symbols
                    );
                }
            }
            Ok(())
        })
        .unwrap();
    let [collapsed, lines] = taken.map(Cell::into_inner);
    assert!(collapsed > 500 && lines > collapsed + 100, "{collapsed} and {lines} were tried");
}

#[test]
fn what_could_need_a_run_twice_or_sees_into_it_stays_plain() {
    let table = Table::new();
    let a = || class(cases::A);
    let gap = || repeat(1, None, class(cases::SPACE));
    let maybe_gap = || repeat(0, None, class(cases::SPACE));
    let dots = || repeat(0, None, class(cases::NO_NEWLINE));
    let anything = || repeat(0, None, class(cases::ANY));
    let boundary = || Node::Look(Look::Boundary);
    let option = |node| repeat(0, Some(1), node);
    let rows: Vec<(Vec<Node>, Option<Form>)> = vec![
        (vec![a(), gap(), a()], Some(Form::Collapsed)),
        (vec![a(), maybe_gap(), gap(), boundary(), a()], Some(Form::Collapsed)),
        (vec![a(), gap(), option(Node::Concat(vec![a(), gap()])), a()], Some(Form::Collapsed)),
        (vec![a(), gap(), anything(), a()], Some(Form::Collapsed)),
        (vec![a(), repeat(1, None, class(cases::ANY)), a()], Some(Form::Collapsed)),
        (vec![a(), gap(), dots(), a()], Some(Form::Lines)),
        (vec![a(), gap(), gap(), a()], None),
        (vec![a(), gap(), anything(), gap(), a()], None),
        (vec![a(), gap(), option(a()), gap(), a()], None),
        (vec![a(), gap(), boundary(), gap(), a()], None),
        (vec![a(), gap(), repeat(1, None, class(cases::ANY)), a()], None),
        (vec![repeat(1, None, Node::Concat(vec![gap(), option(a())])), a()], None),
        (
            vec![repeat(2, Some(2), Node::Concat(vec![gap(), a(), maybe_gap()])), a()],
            Some(Form::Collapsed),
        ),
        (vec![repeat(2, Some(2), Node::Concat(vec![gap(), a(), gap()])), a()], None),
        (vec![a(), repeat(1, None, class(cases::NO_NEWLINE)), a()], None),
        (vec![a(), repeat(0, Some(9), class(cases::ANY)), a()], None),
        (vec![a(), repeat(0, None, class(cases::BLANK_OR_A)), a()], None),
        (vec![a(), class(cases::SPACE), a()], None),
        (vec![a(), class(cases::BLANK), a()], None),
        (vec![a(), gap(), Node::Look(Look::NotBoundary), a()], None),
        (vec![a(), gap(), Node::Look(Look::LastLineEnd)], None),
    ];
    for (nodes, expected) in rows {
        let node = Node::Concat(nodes);
        let takes = |form: &Form| runs(&table).express(&node, *form, &table).is_some();
        let found = [Form::Collapsed, Form::Lines].into_iter().find(takes);
        assert_eq!(found, expected, "{node:?}");
    }
}

#[test]
fn runs_of_word_symbols_collapse_only_for_patterns_without_a_boundary() {
    let table = Table::new();
    let runs = Runs::new(table.class(cases::WORD)).unwrap();
    let words = repeat(1, None, class(cases::WORD));
    let blank = class(cases::BLANK);
    let plain = Node::Concat(vec![words.clone(), blank.clone()]);
    let bounded = Node::Concat(vec![Node::Look(Look::Boundary), words, blank]);
    assert!(runs.express(&plain, Form::Collapsed, &table).is_some());
    assert!(runs.express(&bounded, Form::Collapsed, &table).is_none());
}
