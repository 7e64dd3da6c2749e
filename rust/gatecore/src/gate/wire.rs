//! Gates as they arrive: JSON, read strictly.
//!
//! `python/gatecore/gates/wire.py` writes it. The types say what is read; here is what types alone
//! cannot say: a literal has a value, and numbers are those of patterns that are there.

use std::sync::Arc;

use serde::Deserialize;

use super::spec::{
    Branch, Capture, Condition, Filling, Gate, GatePattern, Gates, Hole, Other, Relation,
};
use super::value::{Kind, Value};
use crate::error::BuildError;

/// Brackets that may stand in each other. Gate files nest 50 deep, which is five brackets at most where
/// `not` has several keys; serde's own limit is 128.
const MAX_DEPTH: usize = 400;

/// How many brackets stand in each other, as far as the text is JSON.
fn depth_of(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl Gates {
    /// Reads gates.
    ///
    /// ```
    /// use gatecore::gate::Gates;
    ///
    /// let error = Gates::from_json(r#"{"patterns": [], "marks": {}, "gates": [
    /// {"relevant": {"AnyOf": {"groups": [7]}}, "branches": []}]}"#);
    /// let error = error.unwrap_err().to_string();
    /// assert!(error.ends_with("gate 0 names pattern 7 of 0"), "{error}");
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Gates`] with the line and column of what is wrong, or the number of the gate.
    pub fn from_json(text: &str) -> Result<Self, BuildError> {
        let malformed = |error: serde_json::Error| BuildError::Gates(error.to_string());
        if depth_of(text) > MAX_DEPTH {
            return Err(BuildError::Gates("conditions are nested too deeply".to_owned()));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        reader.disable_recursion_limit();
        let gates = Gates::deserialize(&mut reader).map_err(malformed)?;
        reader.end().map_err(malformed)?;
        let count = gates.patterns.len();
        let unknown = |pattern: &GatePattern| pattern.0 as usize >= count;
        if let Some(mark) = gates.marks.values().find(|mark| unknown(mark)) {
            let message = format!("a unit's marks are pattern {} of {count}", mark.0);
            return Err(BuildError::Gates(message));
        }
        if let Some(masked) = gates.masked.iter().find(|masked| unknown(masked)) {
            let message = format!("masked is pattern {} of {count}", masked.0);
            return Err(BuildError::Gates(message));
        }
        for (number, gate) in gates.gates.iter().enumerate() {
            let left_out = |branch: &Branch, hole: &Hole| match hole.filling {
                Filling::LeftOut(evidence) => evidence as usize >= branch.evidence.len(),
                _ => false,
            };
            let mut branches = gate.branches.iter();
            if branches.any(|b| b.texts.iter().flat_map(|text| &text.holes).any(|h| left_out(b, h)))
            {
                let message = format!("gate {number} counts what no evidence leaves out");
                return Err(BuildError::Gates(message));
            }
            if let Some(pattern) = patterns_of(gate).into_iter().find(unknown) {
                let message = format!("gate {number} names pattern {} of {count}", pattern.0);
                return Err(BuildError::Gates(message));
            }
        }
        Ok(gates)
    }
}

/// Every pattern that a gate names.
fn patterns_of(gate: &Gate) -> Vec<GatePattern> {
    let mut found = Vec::new();
    let mut conditions: Vec<&Condition> = gate.relevant.iter().collect();
    let captured = |captures: &[Capture], found: &mut Vec<GatePattern>| {
        found.extend(captures.iter().map(|capture| capture.pattern));
    };
    for branch in &gate.branches {
        conditions.extend(&branch.when);
        for evidence in &branch.evidence {
            conditions.extend(&evidence.when);
            found.extend(evidence.groups.iter().map(|(_, pattern)| *pattern));
        }
        for text in &branch.texts {
            conditions.extend(&text.when);
            for hole in &text.holes {
                conditions.extend(&hole.when);
                match &hole.filling {
                    Filling::Earliest(patterns) | Filling::Count(patterns) => {
                        found.extend(patterns)
                    }
                    Filling::Captured(captures) => captured(captures, &mut found),
                    Filling::LeftOut(_) => {}
                }
            }
        }
    }
    while let Some(condition) = conditions.pop() {
        match condition {
            Condition::AnyOf { groups }
            | Condition::AllOf { groups }
            | Condition::NoneOf { groups }
            | Condition::AtLeast { groups, .. }
            | Condition::Count { groups, .. } => found.extend(groups),
            Condition::Every { conditions: inner }
            | Condition::Either { conditions: inner }
            | Condition::Enough { conditions: inner, .. } => conditions.extend(inner),
            Condition::Not { condition: inner } | Condition::Part { when: inner, .. } => {
                conditions.push(inner);
            }
            Condition::Around { groups, when, .. } => {
                found.extend(groups);
                conditions.push(when);
            }
            Condition::Compare(compare) => {
                captured(&compare.left, &mut found);
                if let Other::Captured(right) = &compare.right {
                    captured(right, &mut found);
                }
            }
            Condition::DocumentLength { .. }
            | Condition::SentenceLength { .. }
            | Condition::Average { .. } => {}
        }
    }
    found
}

/// A comparison whose literal was not read yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Compare {
    left: Vec<Capture>,
    kind: Kind,
    relation: Relation,
    right: Right,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Right {
    Literal(String),
    Captured(Vec<Capture>),
}

impl TryFrom<Compare> for super::spec::Compare {
    type Error = String;

    fn try_from(read: Compare) -> Result<Self, String> {
        let Compare { left, kind, relation, right } = read;
        let right = match right {
            Right::Captured(captures) => Other::Captured(captures),
            Right::Literal(text) => {
                let value = Value::parse(&text, kind);
                Other::Literal(Arc::new(value.ok_or(format!("{text:?} is not a {kind:?}"))?))
            }
        };
        Ok(super::spec::Compare { left, kind, relation, right })
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{self, Bounds, PatternRef, Side, Unit, View, Window};
    use super::super::validity::Validity;
    use super::*;

    /// Gates over three patterns, the first of which has such a relevance.
    fn with_relevant(condition: &str) -> Result<Gates, BuildError> {
        let pattern = r#"{"view": "text", "in_unbroken": false, "number": 0}"#;
        Gates::from_json(&format!(
            r#"{{"patterns": [{pattern}, {pattern}, {pattern}], "marks": {{"words": 2}},
            "gates": [{{"relevant": {condition}, "branches": []}}]}}"#
        ))
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_place_and_never_panics() {
        let deep =
            format!("{}1{}", r#"{"Not": {"condition": "#.repeat(100_000), "}}".repeat(100_000));
        for (condition, message) in [
            ("", "expected value at line 2"),
            (r#"{"AnyOf": {"groups": [1, 3]}}"#, "gate 0 names pattern 3 of 3"),
            (r#"{"AnyOf": {"groups": [-1]}}"#, "invalid value: integer `-1`"),
            (r#"{"AnyOf": {"groups": ["fee"]}}"#, r#"invalid type: string "fee""#),
            (r#"{"AnyOf": {"patterns": [1]}}"#, "unknown field `patterns`"),
            (r#"{"AnyOf": {"groups": [1], "count": 1}}"#, "unknown field `count`"),
            (r#"{"AtLeast": {"groups": [1]}}"#, "missing field `count`"),
            (r#"{"Neither": {"groups": [1]}}"#, "unknown variant `Neither`"),
            (&deep, "nested too deeply"),
            (
                r#"{"Count": {"groups": [1], "bounds": {"at_least": 1e30, "at_most": null}}}"#,
                "expected usize",
            ),
            (
                r#"{"Part": {"edge": "last", "unit": "words", "amount": 0, "when": {}}}"#,
                "expected a nonzero usize",
            ),
            (
                r#"{"Average": {"unit": "lines", "bounds": {"at_least": 1}}}"#,
                "unknown variant `lines`",
            ),
            (
                r#"{"Compare": {"left": [{"pattern": 0, "group": 1}], "kind": "money",
                "relation": "above", "right": "soon"}}"#,
                r#""soon" is not a Money"#,
            ),
            (
                r#"{"Compare": {"left": [], "kind": "money", "relation": "above",
                "right": [{"pattern": 9, "group": 1}]}}"#,
                "gate 0 names pattern 9 of 3",
            ),
        ] {
            let error = with_relevant(condition).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        let counting = r#"{"patterns": [], "marks": {}, "gates": [{"branches": [{"evidence": [],
            "texts": [{"holes": [{"filling": {"LeftOut": 0}}]}]}]}]}"#;
        let masked = r#"{"patterns": [], "marks": {}, "gates": [], "masked": [0]}"#;
        let marks = r#"{"patterns": [], "marks": {"words": 0}, "gates": []}"#;
        for text in ["", "[]", counting, masked, marks] {
            assert!(Gates::from_json(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_right_is_read_to_the_end() {
        let read = |condition| with_relevant(condition).unwrap().gates.remove(0).relevant.unwrap();
        let groups = |numbers: &[u32]| numbers.iter().copied().map(GatePattern).collect();
        assert_eq!(
            read(
                r#"{"Every": {"conditions": [{"AnyOf": {"groups": [2]}}, {"Not": {"condition":
            {"NoneOf": {"groups": []}}}}]}}"#
            ),
            Condition::Every {
                conditions: vec![
                    Condition::AnyOf { groups: groups(&[2]) },
                    Condition::Not { condition: Box::new(Condition::NoneOf { groups: vec![] }) },
                ]
            }
        );
        assert_eq!(
            read(
                r#"{"Around": {"groups": [0], "window": {"side": "after", "unit": "words",
            "distance": 40}, "when": {"Count": {"groups": [1], "bounds": {"at_least": 1,
            "at_most": null}}}}}"#
            ),
            Condition::Around {
                groups: groups(&[0]),
                window: Window { side: Side::After, unit: Some(Unit::Words), distance: 40 },
                when: Box::new(Condition::Count {
                    groups: groups(&[1]),
                    bounds: Bounds { at_least: 1, at_most: None },
                }),
            }
        );
        assert_eq!(
            read(
                r#"{"Compare": {"left": [{"pattern": 2, "group": 1}], "kind": "money",
            "relation": "above", "right": "five pounds"}}"#
            ),
            Condition::Compare(spec::Compare {
                left: vec![Capture { pattern: GatePattern(2), group: 1 }],
                kind: Kind::Money,
                relation: Relation::Above,
                right: Other::Literal(Arc::new(Value::parse("£5.00", Kind::Money).unwrap())),
            })
        );
        let deep = |text: &str| {
            format!("{}{text}{}", r#"{"Not": {"condition": "#.repeat(190), "}}".repeat(190))
        };
        read(&deep(r#"{"AnyOf": {"groups": []}}"#));
        assert_eq!(depth_of(r#"{"[\"[": "\\"}[[]]"#), 2);
        let all = Gates::from_json(
            r#"{"patterns": [{"view": "lowercase", "in_unbroken": true, "number": 3, "valid": "nhs"}],
            "marks": {}, "masked": [0],
            "gates": [{"branches": [{"evidence": [{"groups": [[4, 0]], "take": "first_of_each",
            "at_most": 7}], "texts": [{"holes": [{"filling": {"Count": [0]}}]}]}]}]}"#,
        );
        let filling = Filling::Count(groups(&[0]));
        let evidence = spec::Evidence {
            groups: vec![(4, GatePattern(0))],
            take: spec::Take::FirstOfEach,
            window: None,
            when: None,
            at_most: std::num::NonZeroUsize::new(7),
        };
        let hole = spec::Hole { filling, window: None, when: None };
        let text = spec::Text { when: None, holes: vec![hole] };
        let branch = Branch { when: None, evidence: vec![evidence], texts: vec![text] };
        let gates = vec![Gate { relevant: None, branches: vec![branch] }];
        let view = View::Lowercase;
        let patterns =
            vec![PatternRef { view, in_unbroken: true, number: 3, valid: Some(Validity::Nhs) }];
        let masked = groups(&[0]);
        assert_eq!(all.unwrap(), Gates { patterns, marks: Default::default(), gates, masked });
    }
}
