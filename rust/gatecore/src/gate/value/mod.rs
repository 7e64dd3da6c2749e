//! Values of captured texts: numbers, amounts of money, dates, and words that are compared as such.
//!
//! ```text
//! grammar  numbers and money as people write them
//! dates    days of the calendar
//! ranges   the values of a pattern's matches, and which of a range decide a comparison
//! ```
//!
//! The grammar is that of `python/gatecore/gates/values.py`, which is the oracle; a text that it does
//! not know has no value. Numbers are exact and of any length: they stay decimal digits.

mod dates;
mod grammar;
mod ranges;

use std::cmp::Ordering;

use serde::Deserialize;

use super::spec::Relation;
pub use ranges::Values;

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number or a number word.
    Number,
    /// An amount of money.
    Money,
    /// A day.
    Date,
    /// The words themselves, which only are the same or not.
    Words,
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
    /// Digits before and after the point, which is then moved to the right (or to the left).
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
    /// Not said; also of what is not money.
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

/// A value: its size, and of money the currency. Of a day the size is its digits, year first; of words
/// it is their letters, whose order means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// Values of currencies that do not go together are not compared.
    pub currency: Currency,
    size: Decimal,
}

impl Value {
    /// The value of a text; `None` if it has none.
    pub fn parse(text: &str, kind: Kind) -> Option<Value> {
        let text = text.trim_matches(grammar::is_space).to_ascii_lowercase();
        match kind {
            Kind::Number => grammar::number(&text),
            Kind::Money => grammar::money(&text),
            Kind::Date => dates::date(&text),
            Kind::Words => words(&text),
        }
    }

    /// The same without its currency.
    pub(super) fn bare(&self) -> Value {
        Value { currency: Currency::Unsaid, size: self.size.clone() }
    }
}

/// Words with one space between them; ASCII capitals were made small before.
fn words(text: &str) -> Option<Value> {
    let words: Vec<&str> = text.split(grammar::is_space).filter(|word| !word.is_empty()).collect();
    let whole = words.join(" ").into_bytes();
    let size = Decimal { negative: false, whole, part: Vec::new() };
    (!words.is_empty()).then_some(Value { currency: Currency::Unsaid, size })
}

/// Whether some value of the left compares as asked with some value of the right.
///
/// Linear but for equality, which sorts: no pair is looked at.
pub fn some_compare(left: &[Value], relation: Relation, right: &[Value]) -> bool {
    let of = |values: &[Value], currency| -> Vec<Decimal> {
        let in_it = values.iter().filter(|value| value.currency == currency);
        in_it.map(|value| value.size.clone()).collect()
    };
    Currency::ALL.into_iter().any(|currency| {
        let left = of(left, currency);
        let others = Currency::ALL.into_iter().filter(|other| currency.goes_with(*other));
        others.into_iter().any(|other| sizes_compare(&left, relation, of(right, other)))
    })
}

fn sizes_compare(left: &[Decimal], relation: Relation, mut right: Vec<Decimal>) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn words_are_the_same_however_they_are_spaced() {
        for (one, other) in [("Share your", " share\n\u{a0}YOUR "), ("007", "007"), ("É", "É")] {
            assert_eq!(order(one, other, Kind::Words), Ordering::Equal, "{one} {other}");
        }
        for (one, other) in [("7", "007"), ("é", "É"), ("a b", "ab"), ("10", "9")] {
            assert_ne!(order(one, other, Kind::Words), Ordering::Equal, "{one} {other}");
        }
        assert_eq!(Value::parse(" \n", Kind::Words), None);
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
