use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::confirm::{AutomatonKind, Blueprint};
use crate::pass::form_cases::{self as cases, class, pattern, repeat, Table};

/// `count` patterns such as `ab--\s+a`, which give a form enough users.
fn users(count: u32, gap: &Node) -> impl Iterator<Item = Node> + '_ {
    (1..=count).map(move |dashes| {
        let dashes = repeat(dashes, Some(dashes), class(cases::DASH));
        let (a, b) = (class(cases::A), class(cases::B));
        Node::Concat(vec![a.clone(), b, dashes, gap.clone(), a])
    })
}

/// Automata of one's own against the engine over every form, stored and read again.
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
    let decided = [Form::Plain, Form::Collapsed, Form::Lines].map(|form| (form, Cell::new(0)));
    let strategy = proptest::collection::vec(pattern(), 40);
    cases::runner(40)
        .run(&strategy, |nodes| {
            let nodes: Vec<Node> = nodes.into_iter().chain(fixed.iter().cloned()).collect();
            let slots: Vec<Slot<'_>> = nodes
                .iter()
                .map(|node| Slot { node, regular: node.irregular().is_none() })
                .collect();
            let never = Stop::never();
            let budget = Budget::of(slots.len(), slots.len(), &never);
            let (pass, known) = SimdPass::build(
                &slots,
                &table,
                table.symbols(),
                Runs::choose(&slots, &table),
                budget,
            )
            .unwrap();
            let coverage: Vec<Coverage> = known.iter().map(|known| known.coverage).collect();
            let stored = pass.to_stored().unwrap();
            let pass = SimdPass::from_stored(stored, &coverage).unwrap();
            for (form, decided) in &decided {
                let parts = pass.parts.iter().filter(|part| part.form == *form);
                let count: usize = parts.map(|part| part.slots.len()).sum();
                prop_assert!(count > 0, "{:?} is not used", form);
                decided.set(decided.get() + count);
            }
            let automata = slots.iter().map(|slot| {
                let blueprint = slot.regular.then(|| Blueprint::of(slot.node, &table));
                blueprint?.build(AutomatonKind::Spans)
            });
            let automata: Vec<_> = automata.collect();
            for symbols in &documents {
                let reported = pass.scan(symbols, &Forms::default(), &Stop::never()).unwrap();
                for (number, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.regular) {
                    let matches = automata[number].as_ref().unwrap().is_match(symbols);
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
    for (form, decided) in decided {
        assert!(decided.get() > 100, "{form:?} decided {}", decided.get());
    }
}

#[test]
fn few_users_make_no_view() {
    let table = Table::new();
    let gap = repeat(1, None, class(cases::SPACE));
    for (count, expected) in [(7, false), (8, true)] {
        let nodes: Vec<Node> = users(count, &gap).collect();
        let slots: Vec<Slot<'_>> = nodes.iter().map(|node| Slot { node, regular: true }).collect();
        let (never, runs) = (Stop::never(), Runs::choose(&slots, &table));
        let budget = Budget::of(slots.len(), slots.len(), &never);
        let (pass, _) = SimdPass::build(&slots, &table, table.symbols(), runs, budget).unwrap();
        assert_eq!(pass.collapser.is_some(), expected);
        assert!(pass.parts.iter().all(|part| (part.form == Form::Plain) != expected));
    }
}
