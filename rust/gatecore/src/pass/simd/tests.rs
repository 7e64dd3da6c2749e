use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::confirm::{self, AutomatonKind, Confirm};
use crate::pass::view_cases::{self as cases, class, pattern, repeat, Table};

/// `count` patterns such as `ab--\s+a`, which give a view enough users.
fn users(count: u32, gap: &Node) -> impl Iterator<Item = Node> + '_ {
    (1..=count).map(move |dashes| {
        let dashes = repeat(dashes, Some(dashes), class(cases::DASH));
        let (a, b) = (class(cases::A), class(cases::B));
        Node::Concat(vec![a.clone(), b, dashes, gap.clone(), a])
    })
}

/// Automata of one's own against the engine over every view, stored and read again.
#[test]
fn what_the_pass_decides_over_its_views_is_what_automata_decide_over_the_document() {
    let table = Table::new();
    let documents: Vec<_> = cases::texts(5).map(|text| table.symbols_of(&text)).collect();
    let gap = repeat(1, None, class(cases::SPACE));
    let far =
        Node::Concat(vec![gap.clone(), class(cases::B), repeat(0, None, class(cases::NO_NEWLINE))]);
    let fixed: Vec<Node> = users(8, &gap)
        .chain(users(8, &far))
        .chain([repeat(2, Some(2), class(cases::BLANK))])
        .collect();
    let decided = [View::Plain, View::Collapsed, View::Lines].map(|view| (view, Cell::new(0)));
    let strategy = proptest::collection::vec(pattern(), 40);
    cases::runner(40)
        .run(&strategy, |nodes| {
            let nodes: Vec<Node> = nodes.into_iter().chain(fixed.iter().cloned()).collect();
            let slots: Vec<Slot<'_>> = nodes
                .iter()
                .map(|node| Slot { node, regular: node.irregular().is_none() })
                .collect();
            let (pass, coverage) =
                SimdPass::build(&slots, &table, table.symbols(), Runs::choose(&slots, &table))
                    .unwrap();
            let stored = pass.to_stored().unwrap();
            let pass = SimdPass::from_stored(stored, &coverage).unwrap();
            for (view, decided) in &decided {
                let parts = pass.parts.iter().filter(|part| part.view == *view);
                let count: usize = parts.map(|part| part.slots.len()).sum();
                prop_assert!(count > 0, "{:?} is not used", view);
                decided.set(decided.get() + count);
            }
            let automata: Vec<Confirm> = nodes.iter().map(|_| Confirm::default()).collect();
            for symbols in &documents {
                let reported = pass.scan(symbols, &Views::default(), &Stop::never()).unwrap();
                for (number, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.regular) {
                    let hir = || Some(confirm::hir(slot.node, &table));
                    let matches = automata[number]
                        .automaton(AutomatonKind::Spans, hir)
                        .unwrap()
                        .is_match(symbols);
                    let found = reported.contains(number);
                    let right = match coverage[number] {
                        Coverage::Decides => found == matches,
                        _ => found || !matches,
                    };
                    prop_assert!(right, "{:?} {:?} {}", slot.node, symbols, found);
                }
            }
            Ok(())
        })
        .unwrap();
    for (view, decided) in decided {
        assert!(decided.get() > 100, "{view:?} decided {}", decided.get());
    }
}

#[test]
fn few_users_make_no_view() {
    let table = Table::new();
    let gap = repeat(1, None, class(cases::SPACE));
    for (count, expected) in [(7, false), (8, true)] {
        let nodes: Vec<Node> = users(count, &gap).collect();
        let slots: Vec<Slot<'_>> = nodes.iter().map(|node| Slot { node, regular: true }).collect();
        let (pass, _) =
            SimdPass::build(&slots, &table, table.symbols(), Runs::choose(&slots, &table)).unwrap();
        assert_eq!(pass.runs.is_some(), expected);
        assert!(pass.parts.iter().all(|part| (part.view == View::Plain) != expected));
    }
}
