use std::thread::{self, sleep};

use super::*;
use crate::gate::{Branch, Gate};

fn gates() -> Vec<Gate> {
    let branch = || Branch { when: None, evidence: Vec::new(), texts: Vec::new() };
    let gate =
        |count: usize| Gate { relevant: None, branches: (0..count).map(|_| branch()).collect() };
    vec![gate(2), gate(1)]
}

const SHORT: Duration = Duration::from_millis(2);

fn long_enough(nanoseconds: u64, times: u64) -> bool {
    nanoseconds >= times * SHORT.as_nanos() as u64
}

#[test]
fn every_answer_of_every_thread_is_counted() {
    let counters = Counters::new(&gates(), 1);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..250 {
                    let meter = counters.document(10, Duration::from_nanos(3));
                    meter.begin();
                    meter.gate(0, Some(Told::Branch(round % 2)), false);
                    meter.gate(1, None, false);
                    meter.gate(1, Some(Told::NotRelevant), false);
                    meter.by_re();
                }
            });
        }
    });
    counters.unfinished(5, Duration::from_nanos(1), [1].into_iter());
    let all = counters.documents();
    assert_eq!((all.documents, all.characters, all.pass_nanoseconds), (1_001, 10_005, 3_001));
    assert_eq!(all.asked_of_re, 1_000);
    let [first, second] = &counters.gates()[..] else { panic!("there are two gates") };
    assert_eq!(
        (&first.branches[..], first.not_relevant, first.unanswered),
        (&[500, 500][..], 0, 0)
    );
    assert_eq!((second.judged(), second.not_relevant, second.unanswered), (1_001, 1_000, 1));
    assert!(counters.detail().is_none(), "nothing is measured in detail unless it was asked for");
}

#[test]
fn a_pass_is_nobodys_own_time() {
    let counters = Counters::new(&gates(), 1);
    counters.set_profiling(true);
    let since = Instant::now();
    let meter = counters.document(1, Duration::ZERO);
    meter.begin();
    let asked = meter.ask();
    meter.pass(|| sleep(5 * SHORT));
    sleep(SHORT);
    meter.answered(asked, GatePattern(0), Some(true));
    meter.gate(0, Some(Told::Branch(0)), true);
    sleep(SHORT);
    meter.gate(1, Some(Told::Branch(0)), false);
    meter.masking();
    let wall = since.elapsed().as_nanos() as u64;
    let gates = counters.gates();
    let pass = counters.documents().pass_nanoseconds;
    assert!(long_enough(pass, 5));
    assert!(gates.iter().all(|gate| long_enough(gate.nanoseconds, 1)), "{gates:?}");
    let judged = gates.iter().map(|gate| gate.nanoseconds).sum::<u64>();
    assert!(pass + judged <= wall, "nothing is counted twice: {pass} + {judged} in {wall}");
    let detail = counters.detail().expect("it was switched on");
    let of_gates: Vec<GateDetail> = detail.gates().collect();
    assert_eq!(of_gates[0].shown, (1, gates[0].nanoseconds));
    assert_eq!(of_gates[1].silent, (1, gates[1].nanoseconds));
    assert!(long_enough(of_gates[0].confirmation, 1));
    assert!(of_gates[0].confirmation <= gates[0].nanoseconds);
    assert_eq!(of_gates[1].confirmation, 0);
    let parts = detail.parts();
    assert_eq!(parts.pass, pass);
    assert_eq!((parts.handing_over, parts.reports), (0, 0), "no report was made");
    detail.report(&[(1, 40)], wall, 100);
    let parts = detail.parts();
    assert_eq!((parts.reports, parts.report), (1, 100));
    assert_eq!(parts.pass + judged + parts.masking + parts.handing_over, wall);
    assert_eq!(detail.gates().nth(1).map(|gate| gate.report), Some(40));
    assert_eq!(parts.confirmation + parts.re + parts.rules, judged);
}

#[test]
fn questions_are_counted_by_what_they_cost_and_found() {
    let counters = Counters::new(&gates(), 3);
    counters.set_profiling(true);
    let meter = counters.document(1, Duration::ZERO);
    meter.begin();
    meter.known(GatePattern(0), true);
    meter.known(GatePattern(0), false);
    meter.known(GatePattern(0), false);
    let asked = meter.ask();
    sleep(SHORT);
    meter.answered_by_re(asked, GatePattern(2), None);
    let detail = counters.detail().expect("it was switched on");
    let patterns: Vec<PatternDetail> = detail.patterns().collect();
    let [known, by_re] = &patterns[..] else { panic!("two were asked about: {patterns:?}") };
    assert_eq!((known.known, known.matched, known.quantiles), ((1, 2), (0, 0), [0; 4]));
    assert_eq!((by_re.pattern, by_re.asked_of_re, by_re.unmatched.0), (GatePattern(2), 1, 1));
    assert!(long_enough(by_re.unmatched.1, 1));
    assert_eq!(by_re.quantiles[3], by_re.unmatched.1);
    counters.set_profiling(false);
    let meter = counters.document(1, Duration::ZERO);
    meter.known(GatePattern(0), true);
    assert!(meter.ask().is_none());
    assert_eq!(detail.patterns().collect::<Vec<_>>(), patterns, "what was measured stays");
}
