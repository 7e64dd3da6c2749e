//! What a gate asks: conditions over pattern numbers, and branches in order.
//!
//! `python/gatecore/gate_spec.py` says in words what each means; the names are the same.

use super::value::{Kind, Value};

/// Number of a pattern among those of all gates, whatever view it is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GatePattern(pub u32);

/// A range of numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub at_least: usize,
    /// The most; `usize::MAX` for no end.
    pub at_most: usize,
}

impl Bounds {
    /// Whether a number is within.
    pub fn hold(self, number: usize) -> bool {
        self.at_least <= number && number <= self.at_most
    }
}

/// What lengths and distances are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Characters.
    Characters,
    /// Runs of characters that are no white space.
    Words,
    /// Lines.
    Lines,
    /// Sentences.
    Sentences,
    /// Paragraphs.
    Paragraphs,
}

/// Where another match has to lie to be in a match's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where.
    pub side: Side,
    /// How much may stand between; `None` for any distance.
    pub within: Option<(Unit, usize)>,
}

/// Which end of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Its begin.
    First,
    /// Its end.
    Last,
}

/// Surroundings for which a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// Of each match.
    pub window: Window,
    /// What has to hold of the matches in the window.
    pub when: Condition,
}

/// A group of a pattern, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capture {
    /// The pattern.
    pub pattern: GatePattern,
    /// Its group.
    pub group: u32,
}

/// What was captured.
pub type Captured = Vec<Capture>;

/// How two values may stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// What captured values are compared to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// A value that the gate names, and its number among all such.
    Literal(u32, Value),
    /// Captured values.
    Captured(Captured),
}

/// What a sentence's or a mean length is counted in.
pub use super::units::SentenceUnit as Average;

/// A truth about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// At least one of the patterns matches.
    Any(Vec<GatePattern>),
    /// Every pattern matches.
    All(Vec<GatePattern>),
    /// No pattern matches.
    None(Vec<GatePattern>),
    /// At least so many of the patterns match.
    AtLeast(usize, Vec<GatePattern>),
    /// The number of matches of all patterns.
    Count(Bounds, Vec<GatePattern>),
    /// All conditions hold.
    Every(Vec<Condition>),
    /// At least one condition holds.
    Either(Vec<Condition>),
    /// At least so many conditions hold.
    Enough(usize, Vec<Condition>),
    /// The condition does not hold.
    Not(Box<Condition>),
    /// Some match of the patterns has such surroundings.
    Around(Vec<GatePattern>, Box<Near>),
    /// The condition holds of the first or last so many units.
    Part(Edge, Unit, usize, Box<Condition>),
    /// The length of the document.
    DocumentLength(Unit, Bounds),
    /// The number of sentences of such a length.
    SentenceLength {
        /// What length is counted in.
        unit: Average,
        /// Which lengths.
        bounds: Bounds,
        /// How many sentences.
        count: Bounds,
    },
    /// The mean length of the sentences.
    Average(Average, Bounds),
    /// Some captured value stands in a relation to another value.
    Compare {
        /// The captured values.
        left: Captured,
        /// How texts are read.
        kind: Kind,
        /// The relation.
        relation: Relation,
        /// To what.
        right: Other,
    },
}

/// Which matches evidence shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The patterns, with the caller's number of their group.
    pub patterns: Vec<(u32, GatePattern)>,
    /// Which matches.
    pub take: Take,
    /// Which surroundings they must have.
    pub near: Option<Near>,
}

/// A hole in a text, and which surroundings the matches must have of which it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// What fills it.
    pub filling: Filling,
    /// Which surroundings.
    pub near: Option<Near>,
}

/// What fills a hole in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filling {
    /// The earliest match.
    Earliest(Vec<GatePattern>),
    /// How many matches there are.
    Count(Vec<GatePattern>),
    /// What the earliest match captured whose group took part.
    Capture(Captured),
}

/// A text with holes that a branch shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// When it is shown; `None` for always.
    pub when: Option<Condition>,
    /// Its holes in order.
    pub holes: Vec<Hole>,
}

/// One possible answer of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// When it is the answer; `None` for the otherwise.
    pub when: Option<Condition>,
    /// What is shown with it.
    pub evidence: Vec<Evidence>,
    /// What is said with it.
    pub texts: Vec<Text>,
}

/// A named check, without its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// When the gate has anything to say; `None` for always.
    pub relevant: Option<Condition>,
    /// The first whose condition holds is the answer.
    pub branches: Vec<Branch>,
}
