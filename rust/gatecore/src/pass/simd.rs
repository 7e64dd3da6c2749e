//! The SIMD pass: every pattern as a Hyperscan expression, compiled together and scanned at once.
//!
//! A pattern is offered in its exact form first. What the engine refuses, or what no automaton can
//! say, is offered as a superset, and if that says nothing, not at all (`expression.rs`).
//!
//! A document is seen in up to three forms, each with databases of its own: most patterns are cheaper
//! where a run of white space is one byte (`forms.rs`). 2,500 patterns of a host over 100,000
//! characters take 2.9 ms with the three forms and 6.3 ms without.

use std::borrow::Cow;

use gatecore_ffi::hyperscan::{Database, Error};
use serde::{Deserialize, Serialize};

use super::expression::{offer, unbounded};
use super::forms::{Collapser, Copies, Form, Forms, Runs, MIN_USERS};
use super::portable::has_literal;
use super::sequences::{places, Grams, Sequences};
use super::{memo, of_empty, Apart, Begins, Coverage, Cut, Known, Reported, Singles, Slot};
use crate::alphabet::ByteSet;
use crate::error::{BuildError, ScanError};
use crate::pattern::classes::{never_matches, Resolve};
use crate::pattern::Node;
use crate::stop::Stop;

/// Patterns without a literal that are compiled together.
///
/// Such patterns become automata that the compiler merges pair by pair: 16 of them take 0.2 s, 48
/// take 1.6 s, 200 take 20 s. A scan with one more database costs 0.1 ms for 100,000 characters.
const LITERAL_FREE_BATCH: usize = 16;

/// Patterns to which repeats add more states than `HEAVY` are compiled apart, up to `HEAVY_BATCH` states
/// together: 199 of the kind `foo\W+(?:\w+\W+){0,n}?bar` in one database took 24 s.
const HEAVY: u64 = 250;
const HEAVY_BATCH: u64 = 4_000;

/// Beyond this many states of heavy patterns in one form, further ones lose their bounds and become
/// candidates: each database costs a scan of its own.
const HEAVY_BUDGET: u64 = 40_000;

/// Fewer phrases are left to the engine, which looks for up to a hundred literals at 0.1 ns a character.
const MANY: usize = 160;

/// Work for what is compiled together, and for each expression in it. A million takes about 0.2 s.
///
/// Shipped gates take 90,000 an expression, large sets of plain ones 5,000 to 10,000.
const BATCH_WORK: u64 = 5_000_000;
const EXPRESSION_WORK: u64 = 100_000;

/// Work that a set may need beyond that, because some of its patterns were tried in vain.
const SPARE_WORK: u64 = 30_000_000;

/// What compiling may still take. Counted, not timed, so that the same patterns always take the same
/// routes.
#[derive(Debug)]
pub struct Budget<'a> {
    left: u64,
    stop: &'a Stop,
}

impl<'a> Budget<'a> {
    /// For some patterns of a set.
    pub fn of(patterns: usize, in_set: usize, stop: &'a Stop) -> Self {
        let (patterns, in_set) = (patterns as u64, in_set.max(patterns).max(1) as u64);
        let left = work_for(patterns) + SPARE_WORK * patterns / in_set;
        Budget { left, stop }
    }

    /// What the memo has, or else compiled and noted there.
    fn compile(&mut self, texts: &[&str]) -> Result<Database, Error> {
        if let Some(known) = memo::find(texts) {
            return known;
        }
        let most = self.left.min(work_for(texts.len() as u64));
        let (made, spent) = Database::compile_within(texts, most, &self.stop.shared());
        self.left -= spent;
        memo::note(texts, &made)?;
        made
    }
}

fn work_for(expressions: u64) -> u64 {
    BATCH_WORK + EXPRESSION_WORK * expressions
}

/// Compiled databases and the slots of their expressions.
#[derive(Debug)]
pub struct SimdPass {
    /// Patterns that are sequences of classes, in the document as it is.
    plain: Sequences,
    /// And in the collapsed one.
    collapsed: Sequences,
    parts: Vec<Part>,
    collapser: Option<Box<Collapser>>,
    apart: Apart,
}

#[derive(Debug)]
struct Part {
    form: Form,
    database: Database,
    /// Slot of each expression.
    slots: Vec<u32>,
}

/// A database as bytes and the slot of each of its expressions.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredPart {
    form: Form,
    #[serde(with = "serde_bytes")]
    database: Vec<u8>,
    slots: Vec<u32>,
}

/// A [`SimdPass`] as it is in a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredSimdPass {
    plain: Sequences,
    collapsed: Sequences,
    parts: Vec<StoredPart>,
    runs: Option<Runs>,
    singles: Singles,
}

impl SimdPass {
    /// Compiles the slots, 1 to 20 ms each. `runs` is what the forms collapse.
    ///
    /// What exceeds the budget is offered as something wider, then not at all.
    ///
    /// # Errors
    /// [`BuildError::TooLarge`] when the engine refuses the set as a whole, [`BuildError::Memory`],
    /// [`BuildError::Cancelled`].
    pub fn build(
        slots: &[Slot<'_>],
        classes: &dyn Resolve,
        symbols: ByteSet,
        runs: Option<Runs>,
        mut budget: Budget<'_>,
    ) -> Result<(Self, Vec<Known>), BuildError> {
        let mut known = vec![Known::of(Coverage::Never); slots.len()];
        let mut singles = Singles::default();
        let mut rest = Vec::with_capacity(slots.len());
        for (number, slot) in slots.iter().enumerate() {
            if never_matches(slot.node, classes) {
                continue;
            }
            if let Some(coverage) = of_empty(slot) {
                known[number] = Known::of(coverage);
            } else if slot.regular && singles.take(number, slot.node, classes) {
                known[number] = Known::of(Coverage::Decides);
            } else {
                rest.push(number);
            }
        }
        let mut taken = Vec::new();
        let mut collapsed = Sequences::default();
        if let Some(runs) = &runs {
            (taken, collapsed) = phrases(slots, &mut rest, Some(runs), classes, symbols);
        }
        let (others, mut plain) = phrases(slots, &mut rest, None, classes, symbols);
        for slot in taken.into_iter().chain(others) {
            known[slot] = Known::of(Coverage::Decides);
        }
        let mut parts = Vec::new();
        if let Some(runs) = &runs {
            for form in [Form::Collapsed, Form::Lines] {
                let wanted = wanted(slots, &rest, runs, form, classes, symbols);
                let is_wanted = |slot| wanted.binary_search_by_key(&slot, |wish| wish.slot).is_ok();
                rest.retain(|&number| !is_wanted(number as u32));
                for wish in &wanted {
                    known[wish.slot as usize] = Known::of(Coverage::Decides);
                }
                let (classes, symbols) =
                    (runs.classes(form, classes), runs.symbols(form, &symbols));
                parts.extend(compile(form, wanted, &classes, symbols, &mut known, &mut budget)?);
            }
        }
        let mut wishes = Vec::new();
        for number in rest {
            let slot = &slots[number];
            let (offered, text) = offer(slot, classes, symbols);
            known[number] = offered;
            // A list of thousands of words, for one, is too large for the engine.
            if slot.regular
                && !matches!(offered.coverage, Coverage::Decides | Coverage::Never)
                && plain.take(number, slot.node, classes, symbols, None, Grams::Any)
            {
                known[number] = Known::of(Coverage::Decides);
                continue;
            }
            let node = Cow::Borrowed(slots[number].node);
            wishes.extend(text.map(|text| Wish { slot: number as u32, node, text }));
        }
        parts.extend(compile(Form::Plain, wishes, classes, symbols, &mut known, &mut budget)?);
        let runs = runs
            .filter(|_| !collapsed.is_empty() || parts.iter().any(|part| part.form != Form::Plain));
        plain.finish();
        collapsed.finish();
        let apart = Apart::new(singles, known.iter().map(|known| known.coverage));
        let collapser = runs.map(|runs| Box::new(Collapser::new(runs)));
        Ok((SimdPass { plain, collapsed, parts, collapser, apart }, known))
    }

    /// The slots that may match.
    ///
    /// # Errors
    /// [`ScanError::Engine`], [`ScanError::Stopped`].
    pub fn scan(&self, symbols: &[u8], forms: &Forms, stop: &Stop) -> Result<Reported, ScanError> {
        let mut reported = self.apart.scan(symbols, stop)?;
        let none = || Cow::Owned(Copies::default());
        let copies = self.collapser.as_deref();
        let copies = copies.map_or_else(none, |collapser| forms.of(collapser, symbols));
        self.plain.scan(symbols, symbols, &mut reported, stop)?;
        self.collapsed.scan(&copies.collapsed, &copies.lines, &mut reported, stop)?;
        for part in &self.parts {
            if stop.is_stopped() {
                return Err(ScanError::Stopped);
            }
            let seen = match part.form {
                Form::Plain => symbols,
                Form::Collapsed => &copies.collapsed,
                Form::Lines => &copies.lines,
            };
            let mut report = |expression: usize| {
                // Each number has a slot; a panic here would end the process.
                if let Some(&slot) = part.slots.get(expression) {
                    reported.insert(slot as usize);
                }
            };
            let scanned = part.database.scan(seen, stop.flag(), &mut report);
            scanned.map_err(|error| match error {
                Error::Stopped => ScanError::Stopped,
                _ => ScanError::Engine(error.to_string()),
            })?;
        }
        reported.finish();
        Ok(reported)
    }

    /// Where the matches of slots that were reported may begin, for those of which that is known: all places
    /// of a slot, ascending. `None` if they are too many to be worth it. About as long as a scan for phrases.
    pub fn begins(
        &self,
        symbols: &[u8],
        forms: &Forms,
        reported: &Reported,
    ) -> Option<Vec<Begins>> {
        let most = symbols.len();
        let mut all = places::plain(self.plain.standing(symbols, reported, most)?);
        if let Some(collapser) = self.collapser.as_deref().filter(|_| !self.collapsed.is_empty()) {
            let copies = forms.of(collapser, symbols);
            let standing = self.collapsed.standing(&copies.collapsed, reported, most)?;
            all.append(&mut places::in_form(standing, &collapser.origins(symbols), symbols.len()));
        }
        Some(places::settled(all))
    }

    /// The pass as it is stored.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn to_stored(&self) -> Result<StoredSimdPass, Error> {
        let parts = self.parts.iter().map(|part| {
            let database = part.database.to_bytes()?;
            Ok(StoredPart { form: part.form, database, slots: part.slots.clone() })
        });
        Ok(StoredSimdPass {
            plain: self.plain.copy(),
            collapsed: self.collapsed.copy(),
            parts: parts.collect::<Result<_, Error>>()?,
            runs: self.collapser.as_ref().map(|collapser| collapser.runs),
            singles: self.apart.singles.clone(),
        })
    }

    /// The pass again.
    ///
    /// # Errors
    /// [`Error::Serialized`].
    pub fn from_stored(stored: StoredSimdPass, coverage: &[Coverage]) -> Result<Self, Error> {
        let runs = stored.runs;
        if runs.is_some_and(|runs| !runs.is_sound()) || !stored.singles.is_sound(coverage.len()) {
            return Err(Error::Serialized("it is damaged"));
        }
        let is_sound = |sequences: &Sequences| sequences.is_sound(coverage.len());
        if !is_sound(&stored.plain)
            || !is_sound(&stored.collapsed)
            || (runs.is_none() && !stored.collapsed.is_empty())
        {
            return Err(Error::Serialized("it is damaged"));
        }
        let mut parts = Vec::with_capacity(stored.parts.len());
        for part in stored.parts {
            let is_foreign = |&slot: &u32| slot as usize >= coverage.len();
            if (runs.is_none() && part.form != Form::Plain) || part.slots.iter().any(is_foreign) {
                return Err(Error::Serialized("it is damaged"));
            }
            let database = Database::from_bytes(&part.database)?;
            parts.push(Part { form: part.form, database, slots: part.slots });
        }
        let apart = Apart::new(stored.singles, coverage.iter().copied());
        let collapser = runs.map(|runs| Box::new(Collapser::new(runs)));
        let StoredSimdPass { plain, collapsed, .. } = stored;
        Ok(SimdPass { plain, collapsed, parts, collapser, apart })
    }
}

/// Takes the slots of `rest` that are phrases, which leave it, if they are many.
fn phrases(
    slots: &[Slot<'_>],
    rest: &mut Vec<usize>,
    runs: Option<&Runs>,
    classes: &dyn Resolve,
    symbols: ByteSet,
) -> (Vec<usize>, Sequences) {
    let form = if runs.is_some() { Form::Lines } else { Form::Plain };
    let seen = runs.map(|runs| runs.classes(form, classes));
    let bytes = runs.map_or(symbols, |runs| runs.symbols(form, &symbols));
    let merged = runs.map(Runs::bytes);
    let (mut users, mut sequences) = (0, Sequences::default());
    let (taken, left): (Vec<usize>, Vec<usize>) = rest.iter().partition(|&&number| {
        let slot = &slots[number];
        if !slot.regular {
            return false;
        }
        let (Some(runs), Some(seen)) = (runs, &seen) else {
            return sequences.take(number, slot.node, classes, bytes, merged, Grams::OfPhrases);
        };
        let node = runs.express(slot.node, form, classes);
        let is_taken = node.is_some_and(|node| {
            sequences.take(number, &node, seen, bytes, merged, Grams::OfPhrases)
        });
        users += usize::from(is_taken && runs.gains(slot.node, classes));
        is_taken
    });
    if sequences.len() < MANY || (runs.is_some() && users < MIN_USERS) {
        return Default::default();
    }
    *rest = left;
    (taken, sequences)
}

/// An expression on its way into a database, and the pattern that it says.
struct Wish<'a> {
    slot: u32,
    node: Cow<'a, Node>,
    text: String,
}

/// The slots of `rest` that a form decides; none if too few of them gain.
///
/// Slots that have nothing to do with runs are included.
fn wanted(
    slots: &[Slot<'_>],
    rest: &[usize],
    runs: &Runs,
    form: Form,
    classes: &dyn Resolve,
    symbols: ByteSet,
) -> Vec<Wish<'static>> {
    let (seen, bytes) = (runs.classes(form, classes), runs.symbols(form, &symbols));
    let mut users = 0;
    let wishes = rest.iter().filter_map(|&number| {
        let slot = &slots[number];
        let node = slot.regular.then(|| runs.express(slot.node, form, classes))??;
        let (known, text) = offer(&Slot { node: &node, regular: true }, &seen, bytes);
        let text = text.filter(|_| known.coverage == Coverage::Decides)?;
        users += usize::from(runs.gains(slot.node, classes));
        Some(Wish { slot: number as u32, node: Cow::Owned(node), text })
    });
    let wishes: Vec<Wish<'static>> = wishes.collect();
    if users < MIN_USERS {
        return Vec::new();
    }
    wishes
}

/// Compiles the expressions of a form: those with literals together, the others in batches.
fn compile(
    form: Form,
    wishes: Vec<Wish<'_>>,
    classes: &dyn Resolve,
    symbols: ByteSet,
    known: &mut [Known],
    budget: &mut Budget<'_>,
) -> Result<Vec<Part>, BuildError> {
    let (mut light, mut heavy, mut spent) = (Vec::new(), Vec::new(), 0);
    for mut wish in wishes {
        let excess = wish.node.excess();
        if excess <= HEAVY {
            light.push(wish);
        } else if spent + excess <= HEAVY_BUDGET {
            spent += excess;
            heavy.push(wish);
        } else {
            let wider = unbounded(&wish.node, classes, symbols);
            if widen(&mut wish, wider, Cut::Bounds, known) {
                light.push(wish);
            }
        }
    }
    let (literal, free): (Vec<_>, Vec<_>) =
        light.into_iter().partition(|wish| has_literal(&wish.node, classes));
    let free = split(free, LITERAL_FREE_BATCH as u64, |_| 1);
    let heavy = split(heavy, HEAVY_BATCH, |wish| wish.node.excess());
    // Each database costs a scan of its own: 0.1 µs where the text is short, 7 µs for 100,000 characters.
    let mut batches = vec![literal];
    for kind in [free, heavy] {
        let mut kind = kind.into_iter();
        batches[0].extend(kind.next().into_iter().flatten());
        batches.extend(kind);
    }
    let mut parts = Vec::new();
    for batch in batches {
        for (database, slots) in compile_batch(batch, classes, symbols, known, budget)? {
            parts.push(Part { form, database, slots });
        }
    }
    Ok(parts)
}

/// Cuts a list where the sizes of its members add up to more than `most`.
fn split<'a>(
    wishes: Vec<Wish<'a>>,
    most: u64,
    size: impl Fn(&Wish<'a>) -> u64,
) -> Vec<Vec<Wish<'a>>> {
    let (mut batches, mut sum) = (Vec::new(), u64::MAX);
    for wish in wishes {
        let next = size(&wish);
        if sum.saturating_add(next) > most {
            batches.push(Vec::new());
            sum = 0;
        }
        sum += next;
        batches.last_mut().expect("a batch was just opened").push(wish);
    }
    batches
}

/// Offers a wider expression in place of a wish; without one the slot is blind. Returns whether it
/// stays.
fn widen(wish: &mut Wish<'_>, wider: Option<String>, cut: Cut, known: &mut [Known]) -> bool {
    let known = &mut known[wish.slot as usize];
    known.cut = Some(cut);
    match wider.filter(|text| *text != wish.text) {
        Some(text) => {
            known.coverage = Coverage::Narrows;
            wish.text = text;
            true
        }
        None => {
            known.coverage = Coverage::Blind;
            false
        }
    }
}

/// Compiles expressions together. What the engine takes alone but refuses here, or what exceeds the
/// budget, is offered as a superset, then not at all, which `known` records. A batch that is refused as a
/// whole or exceeds the budget is halved.
fn compile_batch(
    mut wishes: Vec<Wish<'_>>,
    classes: &dyn Resolve,
    symbols: ByteSet,
    known: &mut [Known],
    budget: &mut Budget<'_>,
) -> Result<Vec<(Database, Vec<u32>)>, BuildError> {
    while !wishes.is_empty() {
        let texts: Vec<&str> = wishes.iter().map(|wish| wish.text.as_str()).collect();
        let (at, cut) = match budget.compile(&texts) {
            Ok(database) => {
                return Ok(vec![(database, wishes.iter().map(|wish| wish.slot).collect())]);
            }
            Err(Error::Refused { expression: Some(at), .. }) if at < wishes.len() => {
                (at, Cut::Refused)
            }
            Err(Error::Refused { .. }) if wishes.len() == 1 => (0, Cut::Refused),
            Err(Error::Budget) if wishes.len() == 1 => (0, Cut::Work),
            Err(Error::Refused { .. } | Error::Budget) => {
                let second = wishes.split_off(wishes.len() / 2);
                let mut parts = compile_batch(wishes, classes, symbols, known, budget)?;
                parts.extend(compile_batch(second, classes, symbols, known, budget)?);
                return Ok(parts);
            }
            Err(Error::Cancelled) => return Err(BuildError::Cancelled),
            Err(Error::Memory) => return Err(BuildError::Memory),
            Err(error) => return Err(BuildError::TooLarge(error.to_string())),
        };
        let wider = unbounded(&wishes[at].node, classes, symbols);
        if !widen(&mut wishes[at], wider, cut, known) {
            wishes.remove(at);
        }
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests;
