//! Days, as people write them.

use super::grammar::{digits, skip_space};
use super::{Currency, Decimal, Value};

#[rustfmt::skip]
const MONTHS: [&str; 12] = [
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
];

pub(super) fn date(text: &str) -> Option<Value> {
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
