//! What a captured text is worth: numbers, amounts of money and dates.
//!
//! The grammar is that of `python/gatecore/values.py`, which is the oracle; a text that it does not
//! know has no value. Numbers are exact and of any length: they stay decimal digits.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::ops::Range;

use super::spec::Relation;

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A number or a number word.
    Number,
    /// An amount of money.
    Money,
    /// A day.
    Date,
}

/// A decimal number, exact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Decimal {
    /// Never for zero.
    negative: bool,
    /// Without leading zeros.
    whole: Vec<u8>,
    /// Without trailing zeros.
    part: Vec<u8>,
}

impl Decimal {
    /// Digits before and behind the point, which is then moved to the right (or to the left).
    fn new(negative: bool, whole: &[u8], part: &[u8], shift: i32) -> Self {
        let mut point = whole.len();
        let mut digits = [whole, part].concat();
        if shift < 0 {
            let shift = shift.unsigned_abs() as usize;
            let missing = shift.saturating_sub(point);
            digits.splice(0..0, std::iter::repeat_n(b'0', missing));
            point = point + missing - shift;
        } else {
            point += shift as usize;
            digits.resize(digits.len().max(point), b'0');
        }
        let (whole, part) = digits.split_at(point);
        let leading = whole.iter().take_while(|&&digit| digit == b'0').count();
        let trailing = part.iter().rev().take_while(|&&digit| digit == b'0').count();
        let (whole, part) = (whole[leading..].to_vec(), part[..part.len() - trailing].to_vec());
        let negative = negative && !(whole.is_empty() && part.is_empty());
        Decimal { negative, whole, part }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |of: &Self, to: &Self| {
            let whole = of.whole.len().cmp(&to.whole.len());
            whole.then_with(|| of.whole.cmp(&to.whole)).then_with(|| of.part.cmp(&to.part))
        };
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What money is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Currency {
    /// Not said; also of what is no money.
    Unsaid,
    /// Pounds.
    Gbp,
    /// Dollars.
    Usd,
    /// Euros.
    Eur,
}

impl Currency {
    /// All of them.
    pub const ALL: [Currency; 4] = [Currency::Unsaid, Currency::Gbp, Currency::Usd, Currency::Eur];

    /// Whether amounts can be compared.
    pub fn goes_with(self, other: Currency) -> bool {
        self == other || self == Currency::Unsaid || other == Currency::Unsaid
    }
}

/// A value: its size, and of money the currency. Of a day the size is its digits, year first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// Values of currencies that do not go together are not compared.
    pub currency: Currency,
    size: Decimal,
}

impl Value {
    /// The value of a text; `None` if it has none.
    pub fn parse(text: &str, kind: Kind) -> Option<Value> {
        let text = text.trim_matches(is_space).to_ascii_lowercase();
        match kind {
            Kind::Number => number(&text),
            Kind::Money => money(&text),
            Kind::Date => date(&text),
        }
    }

    /// The same without its currency.
    pub(super) fn bare(&self) -> Value {
        Value { currency: Currency::Unsaid, size: self.size.clone() }
    }
}

/// Numbers of the least and the most value of each currency.
type Ends = [Option<(u32, u32)>; Currency::ALL.len()];

/// Values in the order of their matches; `None` for a match without one.
#[derive(Debug)]
pub struct Values {
    values: Vec<Option<Value>>,
    /// A tree of ranges: those of 1 are the last half, and range `n` is ranges `2 n` and `2 n + 1`.
    ends: OnceCell<Vec<Ends>>,
}

impl Values {
    /// Values that nothing was asked about yet.
    pub fn new(values: Vec<Option<Value>>) -> Self {
        Values { values, ends: OnceCell::new() }
    }

    /// All of them.
    pub fn all(&self) -> &[Option<Value>] {
        &self.values
    }

    /// Of the values with these numbers those that decide whether one of them stands in a relation:
    /// all that are to equal others, and for any other relation the ends of each currency, which
    /// take logarithmic time to find.
    pub fn that_decide(
        &self,
        relation: Relation,
        numbers: Range<usize>,
    ) -> impl Iterator<Item = &Value> {
        let (all, ends) = match relation {
            Relation::Equals => (numbers, Ends::default()),
            _ => (0..0, self.ends(numbers)),
        };
        let ends = ends.into_iter().flatten().flat_map(|(least, most)| [least, most]);
        all.chain(ends.map(|number| number as usize))
            .filter_map(|number| self.values[number].as_ref())
    }

    fn ends(&self, numbers: Range<usize>) -> Ends {
        let count = self.values.len();
        let tree = self.ends.get_or_init(|| {
            let mut tree = vec![Ends::default(); count];
            tree.extend((0..).zip(&self.values).map(|(number, value)| {
                let mut ends = Ends::default();
                if let Some(value) = value {
                    ends[value.currency as usize] = Some((number, number));
                }
                ends
            }));
            for range in (1..count).rev() {
                tree[range] = self.joined(&tree[2 * range], &tree[2 * range + 1]);
            }
            tree
        });
        let (mut first, mut end) = (numbers.start + count, numbers.end + count);
        let mut ends = Ends::default();
        while first < end {
            if first % 2 == 1 {
                ends = self.joined(&ends, &tree[first]);
                first += 1;
            }
            if end % 2 == 1 {
                end -= 1;
                ends = self.joined(&ends, &tree[end]);
            }
            (first, end) = (first / 2, end / 2);
        }
        ends
    }

    fn joined(&self, one: &Ends, other: &Ends) -> Ends {
        let size = |number: u32| self.values[number as usize].as_ref().map(|value| &value.size);
        let mut ends = *one;
        for (ends, other) in ends.iter_mut().zip(other) {
            *ends = match (*ends, *other) {
                (Some((least, most)), Some((other_least, other_most))) => Some((
                    if size(other_least) < size(least) { other_least } else { least },
                    if size(other_most) > size(most) { other_most } else { most },
                )),
                (one, other) => one.or(other),
            };
        }
        ends
    }
}

/// Whether some value of the left stands in a relation to some value of the right.
///
/// Linear but for equality, which sorts: no pair is looked at.
pub fn stand(left: &[Value], relation: Relation, right: &[Value]) -> bool {
    let of = |values: &[Value], currency| -> Vec<Decimal> {
        let in_it = values.iter().filter(|value| value.currency == currency);
        in_it.map(|value| value.size.clone()).collect()
    };
    Currency::ALL.into_iter().any(|currency| {
        let left = of(left, currency);
        let others = Currency::ALL.into_iter().filter(|other| currency.goes_with(*other));
        others.into_iter().any(|other| sizes_stand(&left, relation, of(right, other)))
    })
}

fn sizes_stand(left: &[Decimal], relation: Relation, mut right: Vec<Decimal>) -> bool {
    let ends =
        |values: &[Decimal]| Some((values.iter().min()?.clone(), values.iter().max()?.clone()));
    let (Some((least, most)), Some((right_least, right_most))) = (ends(left), ends(&right)) else {
        return false;
    };
    match relation {
        Relation::Above => most > right_least,
        Relation::AtLeast => most >= right_least,
        Relation::Below => least < right_most,
        Relation::AtMost => least <= right_most,
        Relation::DiffersFrom => least != right_most || most != right_least,
        Relation::Equals => {
            right.sort_unstable();
            left.iter().any(|value| right.binary_search(value).is_ok())
        }
    }
}

/// White space as `str.isspace` and `\s` have it.
fn is_space(character: char) -> bool {
    matches!(
        character,
        '\t'..='\r' | '\x1c'..=' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}'
            | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

fn is_separator(character: char) -> bool {
    matches!(character, ',' | '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

/// A sign, and what follows.
fn sign(text: &str) -> (bool, &str) {
    match text.chars().next() {
        Some('+') => (false, &text[1..]),
        Some(minus @ ('-' | '\u{2212}')) => (true, &text[minus.len_utf8()..]),
        _ => (false, text),
    }
}

/// The ASCII digits that a text begins with, and what follows.
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(end)
}

/// Digits before and behind the point.
struct Digits {
    whole: Vec<u8>,
    part: Vec<u8>,
}

/// `1,234.50` and what follows. Separators are taken while three digits follow: where they end no
/// other reading could go on, so there is nothing to go back for.
fn plain(text: &str) -> Option<(Digits, &str)> {
    let (first, mut rest) = digits(text);
    if first.is_empty() {
        return None;
    }
    let mut whole = first.as_bytes().to_vec();
    if first.len() <= 3 {
        while let Some(separator) = rest.chars().next().filter(|&next| is_separator(next)) {
            let behind = &rest[separator.len_utf8()..];
            let Some(three) = behind.get(..3).filter(|three| digits(three).1.is_empty()) else {
                break;
            };
            whole.extend_from_slice(three.as_bytes());
            rest = &behind[3..];
        }
    }
    let mut part = "";
    if let Some(behind) = rest.strip_prefix('.') {
        let (found, after) = digits(behind);
        if !found.is_empty() {
            (part, rest) = (found, after);
        }
    }
    Some((Digits { whole, part: part.as_bytes().to_vec() }, rest))
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] =
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Every number word that a text may begin with, and what follows each.
fn words(text: &str) -> Vec<(Digits, &str)> {
    let mut found = Vec::new();
    let mut push = |value: usize, rest| {
        let whole = value.to_string().into_bytes();
        found.push((Digits { whole, part: Vec::new() }, rest));
    };
    for (value, word) in SMALL.iter().enumerate() {
        if let Some(rest) = text.strip_prefix(word) {
            push(value, rest);
        }
    }
    for (ten, word) in TENS.iter().enumerate() {
        let Some(rest) = text.strip_prefix(word) else { continue };
        push(10 * (ten + 2), rest);
        let Some(rest) = rest.strip_prefix(['-', ' ']) else { continue };
        for (one, word) in SMALL.iter().enumerate().take(10).skip(1) {
            if let Some(rest) = rest.strip_prefix(word) {
                push(10 * (ten + 2) + one, rest);
            }
        }
    }
    found
}

fn number(text: &str) -> Option<Value> {
    let value = |negative: bool, digits: &Digits| {
        let size = Decimal::new(negative, &digits.whole, &digits.part, 0);
        Some(Value { currency: Currency::Unsaid, size })
    };
    let (negative, rest) = sign(text);
    if let Some((digits, rest)) = plain(rest) {
        return match rest {
            "" => value(negative, &digits),
            _ => (skip_space(rest) == "%").then(|| value(negative, &digits))?,
        };
    }
    let (digits, _) = words(text).into_iter().find(|(_, rest)| rest.is_empty())?;
    value(false, &digits)
}

const SCALES: [(&str, i32); 7] =
    [("", 0), ("k", 3), ("m", 6), ("bn", 9), ("thousand", 3), ("million", 6), ("billion", 9)];
const BEFORE: [(&str, Currency); 6] = [
    ("£", Currency::Gbp),
    ("$", Currency::Usd),
    ("€", Currency::Eur),
    ("gbp", Currency::Gbp),
    ("usd", Currency::Usd),
    ("eur", Currency::Eur),
];
const AFTER: [(&str, Currency); 12] = [
    ("", Currency::Unsaid),
    ("gbp", Currency::Gbp),
    ("usd", Currency::Usd),
    ("eur", Currency::Eur),
    ("pound", Currency::Gbp),
    ("pounds", Currency::Gbp),
    ("dollar", Currency::Usd),
    ("dollars", Currency::Usd),
    ("euro", Currency::Eur),
    ("euros", Currency::Eur),
    ("p", Currency::Gbp),
    ("pence", Currency::Gbp),
];

fn money(text: &str) -> Option<Value> {
    let (negative, rest) = sign(text);
    let symbol = rest.starts_with('£');
    let before =
        BEFORE.iter().find_map(|(name, currency)| Some((currency, rest.strip_prefix(name)?)));
    let (before, rest) = before.map_or((Currency::Unsaid, rest), |(&said, rest)| (said, rest));
    let rest = skip_space(rest);
    let mut amounts = words(rest);
    amounts.extend(plain(rest));
    for (digits, rest) in amounts {
        if let Some((shift, after, is_pence)) = tail(rest) {
            if !before.goes_with(after) || is_pence && (symbol || shift != -2) {
                return None;
            }
            let currency = if after == Currency::Unsaid { before } else { after };
            let size = Decimal::new(negative, &digits.whole, &digits.part, shift);
            return Some(Value { currency, size });
        }
    }
    None
}

/// What stands behind an amount: how far its point moves, the currency, and whether that is pence.
fn tail(text: &str) -> Option<(i32, Currency, bool)> {
    let rest = skip_space(text);
    for (name, scale) in SCALES {
        let Some(rest) = rest.strip_prefix(name) else { continue };
        let rest = skip_space(rest);
        if let Some((after, currency)) = AFTER.iter().find(|(after, _)| *after == rest) {
            let is_pence = matches!(*after, "p" | "pence");
            return Some((if is_pence { scale - 2 } else { scale }, *currency, is_pence));
        }
    }
    None
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn date(text: &str) -> Option<Value> {
    let (year, month, day) = iso(text).or_else(|| british(text)).or_else(|| written(text))?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year == 0 || day == 0 || day > days {
        return None;
    }
    let digits = format!("{year:04}{month:02}{day:02}");
    let size = Decimal::new(false, digits.as_bytes(), b"", 0);
    Some(Value { currency: Currency::Unsaid, size })
}

/// A number of `least` to `most` digits, and what follows.
fn numeral(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let (found, rest) = digits(text);
    if (least..=most).contains(&found.len()) {
        Some((found.parse().ok()?, rest))
    } else {
        None
    }
}

/// A year that ends the text.
fn year(text: &str) -> Option<u32> {
    numeral(text, 4, 4).and_then(|(year, rest)| rest.is_empty().then_some(year))
}

/// `2024-03-05`.
fn iso(text: &str) -> Option<(u32, u32, u32)> {
    let (year, rest) = numeral(text, 4, 4)?;
    let (month, rest) = numeral(rest.strip_prefix('-')?, 2, 2)?;
    let (day, rest) = numeral(rest.strip_prefix('-')?, 2, 2)?;
    rest.is_empty().then_some((year, month, day))
}

/// `5/3/2024`, day first.
fn british(text: &str) -> Option<(u32, u32, u32)> {
    let (day, rest) = numeral(text, 1, 2)?;
    let joint = rest.chars().next().filter(|joint| matches!(joint, '/' | '.' | '-'))?;
    let (month, rest) = numeral(&rest[1..], 1, 2)?;
    Some((year(rest.strip_prefix(joint)?)?, month, day))
}

/// `5th of March, 2024` and `March 5th, 2024`.
fn written(text: &str) -> Option<(u32, u32, u32)> {
    let end = |rest: &str| year(gap(rest.strip_prefix(',').unwrap_or(rest))?);
    if let Some((day, rest)) = nth(text) {
        let rest = gap(rest)?;
        let rest = rest.strip_prefix("of").and_then(gap).unwrap_or(rest);
        return months(rest).into_iter().find_map(|(month, rest)| Some((end(rest)?, month, day)));
    }
    months(text).into_iter().find_map(|(month, rest)| {
        let (day, rest) = nth(gap(rest)?)?;
        Some((end(rest)?, month, day))
    })
}

/// White space, and what follows.
fn gap(text: &str) -> Option<&str> {
    let rest = skip_space(text);
    (rest.len() < text.len()).then_some(rest)
}

/// `5` or `5th`, and what follows.
fn nth(text: &str) -> Option<(u32, &str)> {
    let (day, rest) = numeral(text, 1, 2)?;
    let ending = ["st", "nd", "rd", "th"].iter().find_map(|ending| rest.strip_prefix(ending));
    Some((day, ending.unwrap_or(rest)))
}

/// The month that a text may begin with, in full or short, and what follows.
fn months(text: &str) -> Vec<(u32, &str)> {
    let mut found = Vec::new();
    for (number, name) in (1..).zip(MONTHS) {
        if let Some(rest) = text.strip_prefix(name) {
            found.push((number, rest));
        }
        let short = if name == "september" { &["sep", "sept"][..] } else { &[&name[..3]] };
        for rest in short.iter().filter_map(|short| text.strip_prefix(short)) {
            found.push((number, rest.strip_prefix('.').unwrap_or(rest)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RELATIONS: [Relation; 6] = [
        Relation::Above,
        Relation::AtLeast,
        Relation::Below,
        Relation::AtMost,
        Relation::Equals,
        Relation::DiffersFrom,
    ];

    fn some_values() -> impl Strategy<Value = (Vec<Option<Value>>, Range<usize>)> {
        let text = prop::sample::select(vec!["", "£1", "$1", "1", "£2", "$2", "-3", "€0", "£1.0"]);
        prop::collection::vec(text, 0..12).prop_flat_map(|texts| {
            let values: Vec<_> = texts.iter().map(|text| Value::parse(text, Kind::Money)).collect();
            let places = (0..=values.len(), 0..=values.len());
            (Just(values), places.prop_map(|(one, other)| one.min(other)..one.max(other)))
        })
    }

    proptest! {
        #[test]
        fn those_that_decide_stand_as_all_do(
            (left, from) in some_values(),
            (right, to) in some_values(),
        ) {
            let all = |values: &[Option<Value>], range: &Range<usize>| -> Vec<Value> {
                values[range.clone()].iter().flatten().cloned().collect()
            };
            let (all_left, all_right) = (all(&left, &from), all(&right, &to));
            let (left, right) = (Values::new(left), Values::new(right));
            for relation in RELATIONS {
                let some = |values: &Values, range: &Range<usize>| -> Vec<Value> {
                    values.that_decide(relation, range.clone()).cloned().collect()
                };
                prop_assert_eq!(
                    stand(&some(&left, &from), relation, &some(&right, &to)),
                    stand(&all_left, relation, &all_right),
                    "{:?}", relation
                );
            }
        }
    }

    fn order(left: &str, right: &str, kind: Kind) -> Ordering {
        let value =
            |text| Value::parse(text, kind).unwrap_or_else(|| panic!("{text:?} has a value"));
        value(left).size.cmp(&value(right).size)
    }

    #[test]
    fn numbers_are_exact_however_they_are_written() {
        for (small, large) in [
            ("-2", "-1.5"),
            ("−0.5", "0"),
            ("9", "10"),
            ("0.09", "0.1"),
            ("99.9 %", "1,000"),
            ("nineteen", "twenty-one"),
            ("4 000", "4001"),
        ] {
            assert_eq!(order(small, large, Kind::Number), Ordering::Less, "{small} {large}");
        }
        for (one, other) in
            [("-0", "0"), ("007", "seven"), ("1.50", " +1.5\n"), ("1’000.0", "1000")]
        {
            assert_eq!(order(one, other, Kind::Number), Ordering::Equal, "{one} {other}");
        }
        let long = "9".repeat(5_000);
        assert_eq!(order(&long, &format!("{long}.01"), Kind::Number), Ordering::Less);
        for text in
            ["", "-", "1,00", "1,0000", "1234,567", ".5", "5.", "٣", "-one", "five %", "1e3"]
        {
            assert_eq!(Value::parse(text, Kind::Number), None, "{text:?}");
        }
    }

    #[test]
    fn money_has_scales_and_currencies() {
        for (one, other) in [
            ("£3.5m", "3,500,000 pounds"),
            ("99p", "£0.99"),
            ("gbp 2bn", "£2000 million"),
            ("5 pence", "0.05"),
            ("$1 usd", "one dollar"),
            ("fivek", "£5,000"),
        ] {
            assert_eq!(order(one, other, Kind::Money), Ordering::Equal, "{one} {other}");
        }
        for text in ["£5p", "£5 usd", "5k p", "five", "£", "£5 5", "p"] {
            let value = Value::parse(text, Kind::Money);
            assert_eq!(value.is_some(), text == "five", "{text:?}");
        }
    }

    #[test]
    fn dates_exist_in_the_calendar() {
        for text in
            ["2024-02-29", "29/2/2024", "29th of feb., 2024", "Feb 29 2024", "29 FEBRUARY 2024"]
        {
            assert_eq!(order(text, "29.02.2024", Kind::Date), Ordering::Equal, "{text}");
        }
        assert_eq!(order("31 Dec 0999", "1 Jan 1000", Kind::Date), Ordering::Less);
        for text in
            ["2023-02-29", "30/2/2024", "1/1-2024", "1 june. 2024", "0000-01-01", "1/13/2024"]
        {
            assert_eq!(Value::parse(text, Kind::Date), None, "{text}");
        }
    }
}
