//! Forms of a document in which a run of white space is one byte.
//!
//! Half of the SIMD pass's work on real patterns is `\s+`: it ends a literal. In a copy of the
//! document in which each longest run of white space is one byte, `no\s+risk` is a plain literal:
//!
//! ```text
//! Plain        n o ␠ ␠ ⏎ r i s k ␠ i s     the symbols; every pattern can be asked here
//! Collapsed    n o ␠ r i s k ␠ i s         a run is `blank`;               \s+ → ␠   \s* → ␠?
//! Lines        n o ⏎ r i s k ␠ i s         a run with a newline is `line`; \s+ → [␠⏎]
//!                                          .* → [^⏎]*
//! ```
//!
//! # Why the answer stays the same
//!
//! *S* is the set of symbols whose runs collapse. Nothing below needs it to be white space, so
//! [`Runs::choose`] takes the class by which most patterns gain; here `\s` stands for it.
//! [`Runs::express`] takes a pattern to a form only if it is built of
//!
//! - classes without a symbol of *S*,
//! - `\s+`, `\s*`, and `X*`, `X+` for classes `X` that hold all of *S*,
//! - in Lines also `X*` for classes that hold of *S* all but the newlines,
//! - `\b`, if *S* has no word symbol,
//! - sequences, alternatives, repeats and groups of these,
//!
//! and if *no run has to feed two*: on every way through the pattern a symbol outside *S* stands
//! between one `\s+` or `X+` and the next ([`Flow`]). Then it has a match in the document exactly if
//! its translation has one in the form. A match is a way through the pattern with a stretch of text
//! for each atom. Order, choices and rounds stay as they are; only who takes a run is settled anew:
//!
//! - *From the form to the document.* Whoever took a run's byte takes the whole run: `\s+` and `\s*`
//!   may, and `X` holds that byte in the form only if it holds every symbol of such runs.
//! - *From the document to the form.* The stretches inside one run belong to neighbouring atoms. At
//!   most one of these is a `\s+`, or an `X+` that took nothing but symbols of this run: it takes the
//!   run's byte, and the others take nothing of the run, which leaves them what they took elsewhere or
//!   is allowed for them. Without such a one, any that holds the byte takes it. If none does, all of them
//!   are `X*` without newlines in a run with one; none took that newline, so the match begins
//!   or ends inside the run, and its translation begins after or ends before the run's byte.
//! - *`\b`* holds next to a word symbol only, so never inside a run: the stretches of a run stand on
//!   one side of it, and in both texts it sees no word symbol there.
//!
//! `\s+\s+`, `\s+.*\s+`, `\s{2}`, `\s`, a literal blank, `\B` and `^ $ \A \Z` see how long a run is,
//! what is in it or where the text ends: patterns with these stay in the plain form.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::Slot;
use crate::alphabet::{is_word_symbol, ByteSet, FINAL_NEWLINE, NEWLINE};
use crate::memory;
use crate::pattern::classes::Resolve;
use crate::pattern::{ClassId, Look, Node, RepeatKind};

/// Fewest patterns for which a form is made, and in a later section for which it is used.
///
/// Making one costs 0.1 ms for 100,000 characters and so does a scan with one more database.
pub const MIN_USERS: usize = 8;

/// How many classes [`Runs::choose`] tries.
const MAX_CANDIDATES: usize = 4;

/// How many symbols [`Collapser::lines`] looks at together.
const STRIDE: usize = 32;

/// A form in which a document is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// The symbols as they are.
    Plain,
    /// Every run is one byte.
    Collapsed,
    /// Every run is one of two bytes: with a newline or without.
    Lines,
}

/// The symbols whose runs collapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// Not empty.
    members: ByteSet,
    /// The byte of a run without a newline. A member, so that it stands for nothing else in a form.
    blank: u8,
    /// The byte of a run with a newline: another member, or `blank` if no member is a newline.
    line: u8,
}

/// Runs with what each symbol is in [`Form::Lines`] before any collapses: worked out once, as a short
/// text would pay more for the table than for its copies.
#[derive(Clone, Debug)]
pub struct Collapser {
    /// The runs.
    pub runs: Runs,
    bytes: [u8; 256],
}

/// The copies of one document, made when first asked for.
///
/// Passes over the same document share them if they see the same runs, as the passes of one shard do.
#[derive(Debug, Default)]
pub struct Forms(OnceLock<(Runs, Copies)>);

/// A document in both forms.
#[derive(Clone, Debug, Default)]
pub struct Copies {
    /// As [`Form::Lines`].
    pub lines: Vec<u8>,
    /// As [`Form::Collapsed`].
    pub collapsed: Vec<u8>,
}

impl Forms {
    /// The copies for these runs; only the first ones asked for are kept.
    pub fn of(&self, collapser: &Collapser, symbols: &[u8]) -> Cow<'_, Copies> {
        let copies = || {
            let lines = collapser.lines(symbols);
            let collapsed = collapser.collapse(&lines);
            Copies { lines, collapsed }
        };
        let (known, kept) = self.0.get_or_init(|| (collapser.runs, copies()));
        if *known == collapser.runs {
            Cow::Borrowed(kept)
        } else {
            Cow::Owned(copies())
        }
    }
}

impl Runs {
    /// Runs of these symbols; `None` if there are none.
    pub fn new(members: ByteSet) -> Option<Self> {
        let (newlines, others) = (members.intersection(&newlines()), without_newlines(&members));
        let first = others.iter().next().or_else(|| newlines.iter().last())?;
        let blank = if others.contains(b' ') { b' ' } else { first };
        let line = newlines.iter().next().unwrap_or(blank);
        Some(Runs { members, blank, line })
    }

    /// The runs from which most slots gain, if those are worth a form.
    pub fn choose(slots: &[Slot<'_>], classes: &dyn Resolve) -> Option<Self> {
        let mut candidates: Vec<(ByteSet, usize)> = Vec::new();
        for slot in slots.iter().filter(|slot| slot.regular) {
            slot.node.walk(&mut |node| {
                let Node::Repeat { min: 1, max: None, node, .. } = node else { return };
                let Node::Class(class) = **node else { return };
                let set = classes.class(class);
                match candidates.iter_mut().find(|(known, _)| *known == set) {
                    Some((_, count)) => *count += 1,
                    None => candidates.push((set, 1)),
                }
            });
        }
        candidates.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let candidates = candidates.into_iter().take(MAX_CANDIDATES);
        let gains = candidates.filter_map(|(set, _)| {
            let runs = Runs::new(set)?;
            let gains = |slot: &&Slot<'_>| {
                slot.regular
                    && runs.gains(slot.node, classes)
                    && runs.express(slot.node, Form::Lines, classes).is_some()
            };
            Some((slots.iter().filter(gains).count(), runs))
        });
        let best = gains.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.filter(|&(count, _)| count >= MIN_USERS).map(|(_, runs)| runs)
    }

    /// The bytes of a run without a newline and of one with.
    pub fn bytes(&self) -> (u8, u8) {
        (self.blank, self.line)
    }

    /// Whether runs that were read from a file are ones that [`Runs::new`] makes.
    pub fn is_sound(&self) -> bool {
        Runs::new(self.members) == Some(*self)
    }

    /// Whether a pattern that a form takes has a `\s+` or `\s*`, and so gains by it.
    pub fn gains(&self, node: &Node, classes: &dyn Resolve) -> bool {
        let mut found = false;
        node.walk(&mut |node| {
            if let Node::Class(class) = node {
                found |= classes.class(*class) == self.members;
            }
        });
        found
    }

    /// The pattern as it reads in a form, over the classes of [`Runs::classes`]. `None` where that
    /// would not have the same answer.
    pub fn express(&self, node: &Node, form: Form, classes: &dyn Resolve) -> Option<Node> {
        // What is proven above is proven for rounds that take text.
        if node.has_empty_rounds() {
            return None;
        }
        let (node, flow) = Reader { runs: self, form, classes }.read(node)?;
        flow.0[CLEAR].map(|_| node)
    }

    /// The classes of a pattern over the bytes of a form.
    pub fn classes<'a>(&self, form: Form, classes: &'a dyn Resolve) -> FormClasses<'a> {
        FormClasses { runs: *self, form, classes }
    }

    /// The bytes of a form over these symbols.
    pub fn symbols(&self, form: Form, symbols: &ByteSet) -> ByteSet {
        self.class(form, symbols)
    }

    fn class(&self, form: Form, set: &ByteSet) -> ByteSet {
        if form == Form::Plain {
            return *set;
        }
        let shared = set.intersection(&self.members);
        let mut seen = set.intersection(&self.members.complement());
        let whole = shared == self.members;
        if whole || (form == Form::Lines && shared == without_newlines(&self.members)) {
            seen.insert(self.blank);
        }
        if whole && form == Form::Lines {
            seen.insert(self.line);
        }
        seen
    }
}

impl Collapser {
    /// Prepares to collapse these runs.
    pub fn new(runs: Runs) -> Self {
        let mut bytes = [0u8; 256];
        for (byte, symbol) in bytes.iter_mut().zip(0..=u8::MAX) {
            *byte = match symbol {
                NEWLINE | FINAL_NEWLINE if runs.members.contains(symbol) => runs.line,
                _ if runs.members.contains(symbol) => runs.blank,
                _ => symbol,
            };
        }
        Collapser { runs, bytes }
    }

    /// A document as [`Form::Lines`]. About 0.5 ns a character, 2.5 ns where all runs are long.
    pub fn lines(&self, symbols: &[u8]) -> Vec<u8> {
        let Runs { blank, line, .. } = self.runs;
        let mut seen =
            memory::collected(symbols.iter().map(|&symbol| self.bytes[usize::from(symbol)]));
        let in_run = |byte: u8| (byte == blank) | (byte == line);
        let (mut length, mut last) = (0, None);
        for start in (0..seen.len()).step_by(STRIDE) {
            let end = seen.len().min(start + STRIDE);
            // Most runs are one symbol, so most stretches stay as they are. This loop has no branch,
            // which makes it SIMD instructions, nor has the one below, where it would be mispredicted.
            let inner = seen[start..end].iter().zip(&seen[start + 1..end]);
            let pairs =
                inner.fold(0, |any, (&one, &next)| any | u8::from(in_run(one) & in_run(next)));
            if pairs == 0 && !(last.is_some_and(in_run) && in_run(seen[start])) {
                last = Some(seen[end - 1]);
                seen.copy_within(start..end, length);
                length += end - start;
                continue;
            }
            let mut before = last.unwrap_or(0);
            let mut before_in_run = last.is_some_and(in_run);
            for at in start..end {
                let byte = seen[at];
                let goes_on = in_run(byte) & before_in_run;
                before_in_run = in_run(byte);
                before = if goes_on & (before == line) { before } else { byte };
                length -= usize::from(goes_on);
                seen[length] = before;
                length += 1;
            }
            last = Some(before);
        }
        seen.truncate(length);
        seen
    }

    /// The symbol of a document with which each symbol of its forms begins.
    pub fn origins(&self, symbols: &[u8]) -> Vec<u32> {
        let mut origins = Vec::new();
        memory::reserve(&mut origins, symbols.len());
        let mut before_in_run = false;
        for (at, &symbol) in (0..).zip(symbols) {
            let in_run = self.runs.members.contains(symbol);
            if !(in_run && before_in_run) {
                origins.push(at);
            }
            before_in_run = in_run;
        }
        origins
    }

    /// A document as [`Form::Collapsed`], from its lines.
    pub fn collapse(&self, lines: &[u8]) -> Vec<u8> {
        let Runs { blank, line, .. } = self.runs;
        let byte = |&byte| if byte == line { blank } else { byte };
        memory::collected(lines.iter().map(byte))
    }
}

fn newlines() -> ByteSet {
    [NEWLINE, FINAL_NEWLINE].into_iter().collect()
}

fn without_newlines(set: &ByteSet) -> ByteSet {
    set.intersection(&newlines().complement())
}

/// Looks classes up as they are in a form.
pub struct FormClasses<'a> {
    runs: Runs,
    form: Form,
    classes: &'a dyn Resolve,
}

impl Resolve for FormClasses<'_> {
    fn class(&self, class: ClassId) -> ByteSet {
        self.runs.class(self.form, &self.classes.class(class))
    }
}

/// The two states of a way through a pattern, and sets of them as bits.
const CLEAR: usize = 0;
const TAKEN: usize = 1;

/// What passing a node does to the current run: from each state the states after it, `None` where a
/// way needs a run twice.
///
/// A way is *taken* when an atom that needs a share of a run took one and no symbol outside the runs
/// came since; else it is *clear*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flow([Option<u8>; 2]);

impl Flow {
    /// `\b`, nothing, and atoms that may take nothing of a run: the state stays.
    const PASS: Flow = Flow([Some(1 << CLEAR), Some(1 << TAKEN)]);
    /// A symbol outside the runs.
    const CLEARS: Flow = Flow([Some(1 << CLEAR); 2]);
    /// `\s+`.
    const TAKES: Flow = Flow([Some(1 << TAKEN), None]);
    /// No way through.
    const NEVER: Flow = Flow([Some(0); 2]);

    fn or(self, other: Flow) -> Flow {
        Flow([0, 1].map(|state| Some(self.0[state]? | other.0[state]?)))
    }

    fn then(self, next: Flow) -> Flow {
        Flow(self.0.map(|middle| {
            let middle = middle?;
            let reached = [CLEAR, TAKEN].into_iter().filter(|state| middle & (1 << state) != 0);
            reached.map(|state| next.0[state]).try_fold(0, |all, states| Some(all | states?))
        }))
    }

    /// Any number of rounds from `min` on.
    fn repeated(self, min: u32, max: Option<u32>) -> Flow {
        if max == Some(0) {
            return Flow::PASS;
        }
        let mut all = if min == 0 { self.or(Flow::PASS) } else { self };
        if max != Some(1) {
            // There are two states: after three rounds nothing new can appear.
            for _ in 0..3 {
                all = all.or(all.then(self));
            }
        }
        all
    }
}

struct Reader<'a> {
    runs: &'a Runs,
    form: Form,
    classes: &'a dyn Resolve,
}

impl Reader<'_> {
    /// The node as it reads in the form, and its flow. `None` for what cannot be expressed there.
    fn read(&self, node: &Node) -> Option<(Node, Flow)> {
        Some(match node {
            Node::Empty => (Node::Empty, Flow::PASS),
            Node::Never => (Node::Never, Flow::NEVER),
            Node::Class(class) => {
                let shared = self.classes.class(*class).intersection(&self.runs.members);
                (shared.is_empty().then(|| node.clone())?, Flow::CLEARS)
            }
            Node::Concat(nodes) => {
                let (nodes, flow) = self.all(nodes, Flow::PASS, Flow::then)?;
                (Node::Concat(nodes), flow)
            }
            Node::Alternate(nodes) => {
                let (nodes, flow) = self.all(nodes, Flow::NEVER, Flow::or)?;
                (Node::Alternate(nodes), flow)
            }
            Node::Repeat { kind: RepeatKind::Possessive, .. } => return None,
            Node::Repeat { min: min @ (0 | 1), max: None, kind, node: body } => {
                match self.loop_over(*min, *kind, body) {
                    Some(read) => read,
                    None => self.repeat(*min, None, *kind, body)?,
                }
            }
            Node::Repeat { min, max, kind, node } => self.repeat(*min, *max, *kind, node)?,
            Node::Group { index, node } => {
                let (node, flow) = self.read(node)?;
                (Node::Group { index: *index, node: Box::new(node) }, flow)
            }
            Node::Look(Look::Boundary | Look::AsciiBoundary)
                if !self.runs.members.iter().any(is_word_symbol) =>
            {
                (node.clone(), Flow::PASS)
            }
            Node::Look(_)
            | Node::LookAround(..)
            | Node::BackReference(_)
            | Node::Conditional(..)
            | Node::Atomic(_)
            | Node::Quirk(_) => return None,
        })
    }

    fn all(
        &self,
        nodes: &[Node],
        mut flow: Flow,
        join: fn(Flow, Flow) -> Flow,
    ) -> Option<(Vec<Node>, Flow)> {
        let read = nodes.iter().map(|node| {
            let (node, next) = self.read(node)?;
            flow = join(flow, next);
            Some(node)
        });
        Some((read.collect::<Option<_>>()?, flow))
    }

    fn repeat(
        &self,
        min: u32,
        max: Option<u32>,
        kind: RepeatKind,
        body: &Node,
    ) -> Option<(Node, Flow)> {
        let (body, flow) = self.read(body)?;
        let node = Node::Repeat { min, max, kind, node: Box::new(body) };
        Some((node, flow.repeated(min, max)))
    }

    /// `X*` or `X+`, if `X` holds the symbols of runs that the form tells apart.
    fn loop_over(&self, min: u32, kind: RepeatKind, body: &Node) -> Option<(Node, Flow)> {
        let Node::Class(class) = body else { return None };
        let set = self.classes.class(*class);
        let shared = set.intersection(&self.runs.members);
        let body = || Box::new(Node::Class(*class));
        let same = || Node::Repeat { min, max: None, kind, node: body() };
        let whole = shared == self.runs.members;
        Some(match (whole, min) {
            _ if shared.is_empty() => return None,
            (true, 0) if set == self.runs.members => {
                (Node::Repeat { min: 0, max: Some(1), kind, node: body() }, Flow::PASS)
            }
            (true, _) if set == self.runs.members => (Node::Class(*class), Flow::TAKES),
            (true, 0) => (same(), Flow::PASS.or(Flow::CLEARS)),
            // It may take symbols of a run only, or others as well.
            (true, _) => (same(), Flow([Some(1 << CLEAR | 1 << TAKEN), None])),
            (false, 0)
                if self.form == Form::Lines && shared == without_newlines(&self.runs.members) =>
            {
                (same(), Flow::PASS.or(Flow::CLEARS))
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
