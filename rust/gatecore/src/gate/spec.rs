//! What gates ask: conditions over pattern numbers, and branches in order.
//!
//! `python/gatecore/gates/spec.py` says what each of these means. Names of conditions, windows, bounds and
//! evidence are the same there, so that one generic function there writes the JSON that serde reads
//! here; only `groups` are pattern numbers instead of names, and a text is the holes in it.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::Deserialize;

use super::validity::Validity;
use super::value::{Kind, Value};

/// Number of a pattern in [`Gates::patterns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub struct GatePattern(pub u32);

/// What a pattern is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The document.
    Text,
    /// The document in lower case.
    Lowercase,
}

/// Where the matches of a pattern come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternRef {
    /// What it is looked for in.
    pub view: View,
    /// Whether that is first freed of invisible characters, such as soft hyphens.
    pub in_unbroken: bool,
    /// Its number in the pattern set of the view.
    pub number: u32,
    /// What the text of a match has to be; others are none.
    #[serde(default)]
    pub valid: Option<Validity>,
}

/// A range of numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The least.
    pub at_least: usize,
    /// The most; `None` for no end.
    pub at_most: Option<usize>,
}

impl Bounds {
    /// Whether a number is within.
    pub fn hold(self, number: usize) -> bool {
        self.at_least <= number && self.at_most.is_none_or(|most| number <= most)
    }
}

/// What lengths and distances are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Characters.
    Characters,
    /// Runs of characters that are not white space.
    Words,
    /// Lines.
    Lines,
    /// Sentences.
    Sentences,
    /// Paragraphs.
    Paragraphs,
}

/// What a sentence's length is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentenceUnit {
    /// Characters, from the start of its first word to the end of its last.
    Characters,
    /// Words.
    Words,
}

/// Where another match has to lie to be in a match's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Before, after or overlapping.
    Both,
    /// It ends where the match starts, or earlier.
    Before,
    /// It starts where the match ends, or later.
    After,
    /// Within the match.
    Inside,
    /// The match itself and no other.
    Itself,
}

/// The surroundings of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Where.
    pub side: Side,
    /// What is counted between the two; `None` for any distance.
    pub unit: Option<Unit>,
    /// How many of them may lie between the two.
    pub distance: usize,
}

/// Which end of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Its beginning.
    First,
    /// Its end.
    Last,
}

/// The surroundings that a match must have: its window, and what has to hold of the matches there.
pub type Near<'a> = (&'a Window, &'a Condition);

/// A group of a pattern, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The pattern.
    pub pattern: GatePattern,
    /// Its group.
    pub group: u32,
}

/// How two values may compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The left is larger.
    Above,
    /// The left is not smaller.
    AtLeast,
    /// The left is smaller.
    Below,
    /// The left is not larger.
    AtMost,
    /// Both are the same.
    Equals,
    /// They differ.
    DiffersFrom,
}

/// What captured values are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// A value that the gate names.
    Literal(Arc<Value>),
    /// Captured values.
    Captured(Vec<Capture>),
}

/// A comparison of captured values.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "super::wire::Compare")]
pub struct Compare {
    /// The captured values.
    pub left: Vec<Capture>,
    /// How texts are read.
    pub kind: Kind,
    /// The relation.
    pub relation: Relation,
    /// To what.
    pub right: Other,
}

/// Something that holds for a document or does not. `groups` are the patterns of the groups.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // each field is described in `gates/spec.py`
pub enum Condition {
    /// At least one of the patterns matches.
    AnyOf { groups: Vec<GatePattern> },
    /// Every pattern matches.
    AllOf { groups: Vec<GatePattern> },
    /// No pattern matches.
    NoneOf { groups: Vec<GatePattern> },
    /// At least this many of the patterns match.
    AtLeast { count: usize, groups: Vec<GatePattern> },
    /// The number of matches of all patterns is in bounds.
    Count { groups: Vec<GatePattern>, bounds: Bounds },
    /// All conditions hold.
    Every { conditions: Vec<Condition> },
    /// At least one condition holds.
    Either { conditions: Vec<Condition> },
    /// At least this many conditions hold.
    Enough { count: usize, conditions: Vec<Condition> },
    /// The condition does not hold.
    Not { condition: Box<Condition> },
    /// Some match of the patterns has such surroundings.
    Around { groups: Vec<GatePattern>, window: Window, when: Box<Condition> },
    /// The condition holds of the first or last units of the document.
    Part { edge: Edge, unit: Unit, amount: NonZeroUsize, when: Box<Condition> },
    /// The length of the document is in bounds.
    DocumentLength { unit: Unit, bounds: Bounds },
    /// The number of sentences whose length is in `bounds` is in `count`.
    SentenceLength { unit: SentenceUnit, bounds: Bounds, count: Bounds },
    /// The mean length of the sentences is in bounds.
    Average { unit: SentenceUnit, bounds: Bounds },
    /// Some captured value compares as asked with another value.
    Compare(Compare),
}

/// Which matches evidence shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// All.
    Every,
    /// The first of each pattern.
    FirstOfEach,
    /// The first match of the first pattern that has one.
    First,
    /// The one that starts first.
    Earliest,
}

/// Matches that are shown, in the order in which their patterns are listed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The patterns, each after its number among all that the gate lists.
    pub groups: Vec<(u32, GatePattern)>,
    /// Which matches.
    pub take: Take,
    /// Around a match: where the matches lie of which `when` has to hold.
    pub window: Option<Window>,
    /// What has to hold of them.
    pub when: Option<Condition>,
    /// How many are shown at most.
    #[serde(default)]
    pub at_most: Option<NonZeroUsize>,
}

impl Evidence {
    /// The surroundings that a match must have, if any are asked for.
    pub fn near(&self) -> Option<Near<'_>> {
        self.window.as_ref().zip(self.when.as_ref())
    }
}

/// A hole in a text; it speaks of the matches that have such surroundings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hole {
    /// What fills it.
    pub filling: Filling,
    /// As of [`Evidence`].
    pub window: Option<Window>,
    /// As of [`Evidence`].
    pub when: Option<Condition>,
}

impl Hole {
    /// The surroundings that a match must have, if any are asked for.
    pub fn near(&self) -> Option<Near<'_>> {
        self.window.as_ref().zip(self.when.as_ref())
    }
}

/// What fills a hole in a text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum Filling {
    /// The earliest match.
    Earliest(Vec<GatePattern>),
    /// How many matches there are.
    Count(Vec<GatePattern>),
    /// What the earliest match captured whose group took part.
    Captured(Vec<Capture>),
    /// How many matches this evidence of the branch has left out.
    LeftOut(u32),
}

/// A text with holes that a branch shows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// When it is shown; `None` for always.
    pub when: Option<Condition>,
    /// Its holes in order.
    pub holes: Vec<Hole>,
}

/// One possible answer of a gate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// When it is the answer; `None` for the otherwise.
    pub when: Option<Condition>,
    /// What is shown with it.
    pub evidence: Vec<Evidence>,
    /// Its message, suggestion and details; empty if none of them has a hole or a condition.
    pub texts: Vec<Text>,
}

/// A named check, without its name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// When the gate has anything to say; `None` for always.
    pub relevant: Option<Condition>,
    /// The first whose condition holds is the answer.
    pub branches: Vec<Branch>,
}

/// Gates that are judged together, and the patterns that they share.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// Every pattern that a gate or a unit asks about.
    pub patterns: Vec<PatternRef>,
    /// The patterns whose matches make up the units that the gates count in.
    pub marks: HashMap<Unit, GatePattern>,
    /// The gates.
    pub gates: Vec<Gate>,
    /// The patterns whose matches must not be shown as they are.
    #[serde(default)]
    pub masked: Vec<GatePattern>,
}
