//! What must hold for any input: one function a target, which panics where it does not.
//!
//! ```text
//! passes   the SIMD pass and the portable one give the same answers about the same patterns
//! stored   damaged bytes of a set are refused, or are a set with the same answers
//! wire     whatever bytes a caller sends as gates are read or refused
//! ```
//!
//! The targets are libFuzzer's: inputs are found by coverage, failures are minimised and kept, and
//! `cargo fuzz run passes --fuzz-dir rust/fuzz` works as in any project. cargo-fuzz wants a nightly
//! compiler for the address sanitizer alone, which sees nothing of the engine's C++, and the core has no
//! `unsafe`. The instrumentation itself is stable (`-C passes=sancov-module`), so `make fuzz` hands the
//! same flags to the stable compiler (`tools/fuzz-rust`). A seeded driver over `Unstructured` would need
//! no C++ to build, but has no coverage to follow.
//!
//! What the passes are asked here is small. Whole regexes, all of Unicode, and `re` as the oracle are the
//! work of `tests/differential/fuzz.py`.

use std::sync::OnceLock;

use arbitrary::{Arbitrary, Result, Unstructured};
use gatecore::{
    Answer, Backend, CodePoints, LoadError, LoweredPattern, PatternId, PatternSet, Scan, Spec, Text,
};

/// What texts are made of: letters, a blank, a newline, a sign, and a letter beyond ASCII.
const LETTERS: [char; 8] = ['a', 'b', 'A', '_', ' ', '\n', '-', 'é'];

/// The classes of which patterns are made, as ranges.
const CLASSES: [&[u32]; 8] = [
    &[97, 97],
    &[98, 98],
    &[65, 65, 97, 97],
    &[9, 10, 32, 32],
    &[0, 9, 11, 0x10_FFFF],
    &[0, 0x10_FFFF],
    &[48, 57, 65, 90, 95, 95, 97, 122],
    &[0, 96, 98, 0x10_FFFF],
];

/// Deepest nesting of nodes.
const DEPTH: u32 = 5;

fn code_points(flat: &[u32]) -> CodePoints {
    CodePoints::from_flat(flat).expect("the ranges ascend")
}

fn spec(patterns: Vec<LoweredPattern>, backend: Backend) -> Spec {
    Spec {
        patterns,
        classes: CLASSES.map(code_points).into(),
        words: code_points(&[48, 57, 65, 90, 95, 95, 97, 122, 0xE9, 0xE9]),
        ascii_words: code_points(CLASSES[6]),
        backend,
    }
}

/// A few patterns, as numbers: see [`gatecore::pattern::decode`].
fn patterns(input: &mut Unstructured<'_>) -> Result<Vec<LoweredPattern>> {
    (0..input.int_in_range(1..=6)?)
        .map(|number| {
            let mut program = Vec::new();
            node(input, 0, &mut program)?;
            let section = u32::from(u8::arbitrary(input)? % 8 == 0);
            let source = vec![b'a' + number as u8];
            let program = Some(program);
            Ok(LoweredPattern { source, flags: 0, caseless: false, section, program })
        })
        .collect()
}

fn node(input: &mut Unstructured<'_>, depth: u32, program: &mut Vec<u32>) -> Result<()> {
    let class = |input: &mut Unstructured<'_>| input.int_in_range(0..=CLASSES.len() as u32 - 1);
    let kinds = if depth < DEPTH { 19 } else { 9 };
    let inner = depth + 1;
    match input.int_in_range(0..=kinds)? {
        0 => program.push(0),
        1 => program.extend([3, input.int_in_range(0..=8)?]),
        2..=9 => program.extend([2, class(input)?]),
        kind @ 10..=14 => {
            let count = input.int_in_range(1..=4)?;
            program.extend([if kind < 13 { 4 } else { 5 }, count]);
            for _ in 0..count {
                node(input, inner, program)?;
            }
        }
        15..=16 => {
            let min = input.int_in_range(0..=3)?;
            let max = if bool::arbitrary(input)? {
                u32::MAX
            } else {
                min + u32::from(u8::arbitrary(input)? % 4)
            };
            program.extend([6, min, max, input.int_in_range(0..=2)?]);
            node(input, inner, program)?;
        }
        17 => {
            program.extend([7, 1]);
            node(input, inner, program)?;
        }
        18 => {
            program.extend([8, input.int_in_range(0..=3)?]);
            node(input, inner, program)?;
        }
        _ => {
            let kind = input.int_in_range(9..=12)?;
            program.push(kind);
            if kind == 9 {
                program.push(1);
                return Ok(());
            }
            for _ in 0..if kind == 10 { 2 } else { 1 } {
                node(input, inner, program)?;
            }
        }
    }
    Ok(())
}

/// A text in UTF-32.
fn text(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let letters = (0..input.int_in_range(0..=80)?).map(|_| input.choose(&LETTERS).copied());
    let letters = letters.collect::<Result<Vec<char>>>()?;
    Ok(letters.into_iter().flat_map(|letter| u32::from(letter).to_le_bytes()).collect())
}

/// Both passes against each other.
pub fn passes(data: &[u8]) {
    let _ = compare_passes(&mut Unstructured::new(data));
}

fn compare_passes(input: &mut Unstructured<'_>) -> Result<()> {
    let (patterns, texts) = (patterns(input)?, [text(input)?, text(input)?]);
    let [simd, portable] = [Backend::Auto, Backend::Portable].map(|backend| {
        PatternSet::build(&spec(patterns.clone(), backend)).expect("such patterns compile")
    });
    for text in &texts {
        let text = Text::Utf32(text);
        let [one, other] = [&simd, &portable].map(|set| set.scan(text).expect("it is short"));
        for id in (0..patterns.len() as u32).map(PatternId) {
            let matches = [one.is_match(&simd, id), other.is_match(&portable, id)];
            let what =
                || format!("{:?} {matches:?} of {:?} in {text:?}", id, patterns[id.0 as usize]);
            if simd.routing(id).irregular.is_some() {
                // Each may rule out what only `re` can confirm.
                assert!(!matches.contains(&Answer::Known(true)), "{}", what());
            } else {
                let spans = [one.spans(&simd, id), other.spans(&portable, id)];
                assert_eq!(spans[0], spans[1], "{}", what());
                let Answer::Known(spans) = &spans[0] else { panic!("not known: {}", what()) };
                let expected = Answer::Known(!spans.is_empty());
                assert!(matches.iter().all(|answer| *answer == expected), "{}", what());
            }
        }
    }
    Ok(())
}

/// A set as bytes, and the answers that it gives.
struct Stored {
    bytes: Vec<u8>,
    answers: Vec<Answer<Vec<gatecore::Span>>>,
}

const TEXT: &[u8] = b"a -ab\nA_b aab --a\n";

fn stored_sets() -> &'static [Stored] {
    static SETS: OnceLock<Vec<Stored>> = OnceLock::new();
    SETS.get_or_init(|| {
        // Any bytes will do, as long as they are the same in each run.
        let seed: Vec<u8> =
            (0..4096u32).map(|place| (place.wrapping_mul(2654435761) >> 24) as u8).collect();
        let patterns = patterns(&mut Unstructured::new(&seed)).expect("a seed never ends");
        let built = Backend::available().iter().map(|&backend| {
            let set = PatternSet::build(&spec(patterns.clone(), backend)).expect("it compiles");
            let bytes = set.to_bytes("fuzz").expect("it is written");
            Stored { bytes, answers: answers(&set) }
        });
        built.collect()
    })
}

fn scanned(set: &PatternSet) -> Scan {
    set.scan(Text::Ascii(TEXT)).expect("it is short")
}

fn answers(set: &PatternSet) -> Vec<Answer<Vec<gatecore::Span>>> {
    let scan = scanned(set);
    (0..set.len() as u32).map(|id| scan.spans(set, PatternId(id))).collect()
}

/// Stored sets with a few bytes changed or cut off.
pub fn stored(data: &[u8]) {
    let _ = damage(&mut Unstructured::new(data));
}

fn damage(input: &mut Unstructured<'_>) -> Result<()> {
    let forged = bool::arbitrary(input)?;
    // Forged databases of the engine are not claimed to be safe: see `PatternSet::from_bytes`.
    let sets = if forged { &stored_sets()[stored_sets().len() - 1..] } else { stored_sets() };
    let Stored { bytes, answers: expected } = input.choose(sets)?;
    let mut damaged = bytes.clone();
    for _ in 0..input.int_in_range(1..=8)? {
        let place = input.choose_index(damaged.len())?;
        damaged[place] ^= u8::arbitrary(input)?;
    }
    if u8::arbitrary(input)? % 8 == 0 {
        damaged.truncate(input.choose_index(damaged.len())?);
    }
    if forged {
        sign(&mut damaged);
    }
    match PatternSet::from_bytes(&damaged, "fuzz") {
        Ok(set) if forged => drop(scanned(&set)),
        Ok(set) => assert_eq!(&answers(&set), expected),
        Err(LoadError::Foreign | LoadError::OtherVersion { .. } | LoadError::Damaged(_)) => {}
        Err(other) => panic!("{other}"),
    }
    Ok(())
}

/// Makes the checksum and the length right again, as a forger would.
fn sign(bytes: &mut [u8]) {
    const MAKER: usize = 12; // after "gatecore" and the format
    let Some(length) = bytes.get(MAKER..MAKER + 4) else { return };
    let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
    let Some(sums) = length.checked_add(MAKER + 4) else { return };
    if sums.saturating_add(16) > bytes.len() {
        return;
    }
    let (head, body) = bytes.split_at_mut(sums + 16);
    head[sums..sums + 8].copy_from_slice(&xxhash_rust::xxh3::xxh3_64(body).to_le_bytes());
    head[sums + 8..].copy_from_slice(&(body.len() as u64).to_le_bytes());
}

/// Any bytes as gates: an error with a place, or gates.
pub fn wire(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = gatecore::gate::Gates::from_json(text);
    }
}
