//! Numbers and amounts of money, as people write them.

use super::{Currency, Decimal, Value};

/// White space as `str.isspace` and `\s` have it.
pub(super) fn is_space(character: char) -> bool {
    matches!(
        character,
        '\t'..='\r' | '\x1c'..=' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}'
            | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

pub(super) fn skip_space(text: &str) -> &str {
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
pub(super) fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(end)
}

/// Digits before and after the point.
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
            let after = &rest[separator.len_utf8()..];
            let Some(three) = after.get(..3).filter(|three| digits(three).1.is_empty()) else {
                break;
            };
            whole.extend_from_slice(three.as_bytes());
            rest = &after[3..];
        }
    }
    let mut part = "";
    if let Some(after) = rest.strip_prefix('.') {
        let (found, after) = digits(after);
        if !found.is_empty() {
            (part, rest) = (found, after);
        }
    }
    Some((Digits { whole, part: part.as_bytes().to_vec() }, rest))
}

#[rustfmt::skip]
const SMALL: [&str; 20] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
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

pub(super) fn number(text: &str) -> Option<Value> {
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
#[rustfmt::skip]
const BEFORE: [(&str, Currency); 6] = [
    ("£", Currency::Gbp), ("$", Currency::Usd), ("€", Currency::Eur),
    ("gbp", Currency::Gbp), ("usd", Currency::Usd), ("eur", Currency::Eur),
];
#[rustfmt::skip]
const AFTER: [(&str, Currency); 12] = [
    ("", Currency::Unsaid),
    ("gbp", Currency::Gbp), ("pound", Currency::Gbp), ("pounds", Currency::Gbp),
    ("p", Currency::Gbp), ("pence", Currency::Gbp),
    ("usd", Currency::Usd), ("dollar", Currency::Usd), ("dollars", Currency::Usd),
    ("eur", Currency::Eur), ("euro", Currency::Eur), ("euros", Currency::Eur),
];

pub(super) fn money(text: &str) -> Option<Value> {
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

/// What follows an amount: how far its point moves, the currency, and whether that is pence.
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
