//! Numbers with a check digit or a fixed structure: whether a text is one.
//!
//! A group of a gate may ask that its matches are such numbers: `python/gatecore/gates/validity.py`
//! says the same more slowly and is the oracle. Only ASCII counts: a digit or a letter of another
//! script makes a text invalid, as does every character that is neither of the number nor a usual
//! separator. Each check reads a text once and stops at the first character too many.

use serde::Deserialize;

/// What a match has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// 12 to 19 digits of which the last is right by Luhn's sum (ISO/IEC 7812-1).
    Luhn,
    /// The same, with the beginning and the length of a payment card.
    Card,
    /// An NHS number: 10 digits, modulus 11.
    Nhs,
    /// A National Insurance number: prefixes that are given out, six digits, A to D.
    Nino,
    /// An international bank account number (ISO 13616): length of its country, modulus 97.
    Iban,
    /// A telephone number of the United Kingdom, with 0, +44 or 0044 before it.
    UkPhone,
}

/// Room for the longest number that any check knows, and one more.
const ROOM: usize = 40;

/// The letters (in upper case) and digits of a text without its separators.
struct Signs {
    signs: [u8; ROOM],
    count: usize,
    /// Whether the first character that is no separator is a plus sign.
    plus: bool,
}

impl Signs {
    fn of(text: &str) -> Option<Self> {
        let mut read = Signs { signs: [0; ROOM], count: 0, plus: false };
        for character in text.chars() {
            match character {
                'A'..='Z' | 'a'..='z' | '0'..='9' => {
                    *read.signs.get_mut(read.count)? = (character as u8).to_ascii_uppercase();
                    read.count += 1;
                }
                '+' if read.count == 0 && !read.plus => read.plus = true,
                _ if is_separator(character) => {}
                _ => return None,
            }
        }
        Some(read)
    }

    fn all(&self) -> &[u8] {
        &self.signs[..self.count]
    }
}

/// Spaces, hyphens and dashes, points, slashes, brackets, and what nobody sees.
fn is_separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t' | '\n' | '\r' | '.' | '/' | '(' | ')' | '-'
            | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}'
            | '\u{2010}'..='\u{2014}' | '\u{2212}'
            | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'
    )
}

impl Validity {
    /// Whether a text is such a number.
    ///
    /// ```
    /// use gatecore::gate::Validity;
    ///
    /// assert!(Validity::Nhs.holds("943 476 5919"));
    /// assert!(!Validity::Nhs.holds("943 476 5918"));
    /// ```
    pub fn holds(self, text: &str) -> bool {
        let Some(read) = Signs::of(text) else { return false };
        let signs = read.all();
        if self == Validity::UkPhone {
            return is_uk_phone(signs, read.plus);
        }
        !read.plus
            && match self {
                Validity::Luhn => is_luhn(signs),
                Validity::Card => is_card_length(signs) && is_luhn(signs),
                Validity::Nhs => is_nhs(signs),
                Validity::Nino => is_nino(signs),
                Validity::Iban => is_iban(signs),
                Validity::UkPhone => unreachable!("it was answered above"),
            }
    }
}

fn are_digits(signs: &[u8]) -> bool {
    signs.iter().all(u8::is_ascii_digit)
}

fn digit(sign: u8) -> u32 {
    u32::from(sign - b'0')
}

/// A number of nothing but noughts satisfies every sum and is nobody's.
fn is_zero(signs: &[u8]) -> bool {
    signs.iter().all(|&sign| sign == b'0')
}

fn is_luhn(signs: &[u8]) -> bool {
    if !(12..=19).contains(&signs.len()) || !are_digits(signs) || is_zero(signs) {
        return false;
    }
    let sum: u32 = signs
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &sign)| match (place % 2, digit(sign)) {
            (0, value) => value,
            (_, value) if value > 4 => 2 * value - 9,
            (_, value) => 2 * value,
        })
        .sum();
    sum % 10 == 0
}

/// Beginnings of card numbers from and to, and the lengths that they have.
///
/// Wider than what each scheme gives out today: a card that is not found is worse than a number that
/// happens to pass.
const CARDS: [(u32, u32, &[usize]); 8] = [
    (1000, 1999, &[15]),                             // UATP
    (2200, 2204, &[16, 17, 18, 19]),                 // Mir
    (2221, 2720, &[16]),                             // Mastercard
    (3000, 3999, &[14, 15, 16, 17, 18, 19]),         // Amex, Diners, JCB
    (4000, 4999, &[13, 16, 18, 19]),                 // Visa
    (5000, 6999, &[12, 13, 14, 15, 16, 17, 18, 19]), // Mastercard, Maestro, Discover, UnionPay
    (8100, 8299, &[16, 17, 18, 19]),                 // UnionPay, RuPay
    (9792, 9792, &[16]),                             // Troy
];

fn is_card_length(signs: &[u8]) -> bool {
    if signs.len() < 4 || !are_digits(signs) {
        return false;
    }
    let beginning = signs[..4].iter().fold(0, |number, &sign| 10 * number + digit(sign));
    CARDS.iter().any(|(from, to, lengths)| {
        (from..=to).contains(&&beginning) && lengths.contains(&signs.len())
    })
}

fn is_nhs(signs: &[u8]) -> bool {
    if signs.len() != 10 || !are_digits(signs) || is_zero(signs) {
        return false;
    }
    let sum: u32 = (2..=10).rev().zip(signs).map(|(weight, &sign)| weight * digit(sign)).sum();
    let check = 11 - sum % 11; // 11 stands for 0, and no number has the check digit 10
    check % 11 == digit(signs[9]) && check != 10
}

fn is_nino(signs: &[u8]) -> bool {
    let &[first, second, ref number @ .., last] = signs else { return false };
    number.len() == 6
        && are_digits(number)
        && first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
        && !b"DFIQUV".contains(&first)
        && !b"DFIOQUV".contains(&second)
        && !matches!(&[first, second], b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ")
        && (b'A'..=b'D').contains(&last)
}

/// How long the numbers of each country are, by the registry of ISO 13616.
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 \
    CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 \
    GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 \
    LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 \
    RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 \
    VG24 XK20 YE30";

fn is_iban(signs: &[u8]) -> bool {
    if signs.len() < 15 || !are_digits(&signs[2..4]) {
        return false;
    }
    let written =
        [signs[0], signs[1], b'0' + (signs.len() / 10) as u8, b'0' + (signs.len() % 10) as u8];
    if !IBAN_LENGTHS.split_whitespace().any(|known| known.as_bytes() == written) {
        return false;
    }
    let check = 10 * digit(signs[2]) + digit(signs[3]);
    let rest = signs[4..].iter().chain(&signs[..4]).fold(0, |rest, &sign| match sign {
        b'0'..=b'9' => (10 * rest + digit(sign)) % 97,
        _ => (100 * rest + u32::from(sign - b'A') + 10) % 97,
    });
    // 00, 01 and 99 leave the same rest as 97, 98 and 02, and are never given out.
    rest == 1 && (2..=98).contains(&check)
}

/// By Ofcom's National Telephone Numbering Plan: which first digits there are, and how many follow.
fn is_uk_phone(signs: &[u8], plus: bool) -> bool {
    if !are_digits(signs) {
        return false;
    }
    let abroad = if plus { signs.strip_prefix(b"44") } else { signs.strip_prefix(b"0044") };
    let national = match abroad {
        Some(rest) => rest.strip_prefix(b"0").unwrap_or(rest), // +44 (0)20 …
        None if plus => return false,
        None => match signs.strip_prefix(b"0") {
            Some(rest) => rest,
            None => return false,
        },
    };
    match national {
        [b'1', b'1'..=b'9', ..] => matches!(national.len(), 9 | 10),
        [b'2', b'0' | b'3' | b'4' | b'8' | b'9', ..] => national.len() == 10,
        [b'3', ..] | [b'5', b'5' | b'6', ..] | [b'7', ..] | [b'9', ..] => national.len() == 10,
        [b'8', ..] => matches!(national.len(), 7 | 9 | 10),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: [(Validity, &str); 14] = [
        (Validity::Luhn, "4111 1111 1111 1111"),
        (Validity::Luhn, "490154203237518"),
        (Validity::Card, "4111-1111-1111-1111"),
        (Validity::Card, "3782 822463 10005"),
        (Validity::Card, "5555555555554444"),
        (Validity::Nhs, "943 476 5919"),
        (Validity::Nhs, "987-654-3210"),
        (Validity::Nino, "ab 12 34 56 c"),
        (Validity::Iban, "GB82 WEST 1234 5698 7654 32"),
        (Validity::Iban, "NO93 8601 1117 947"),
        (Validity::UkPhone, "+44 (0)20 7946 0018"),
        (Validity::UkPhone, "07700 900123"),
        (Validity::UkPhone, "0044 7700 900123"),
        (Validity::UkPhone, "0800 1111"),
    ];

    #[test]
    fn every_digit_of_a_right_number_is_checked() {
        for (validity, text) in RIGHT {
            assert!(validity.holds(text), "{text}");
            if matches!(validity, Validity::Nino | Validity::UkPhone) {
                continue;
            }
            for (place, digit) in text.char_indices().filter(|(_, digit)| digit.is_ascii_digit()) {
                for other in ('0'..='9').filter(|&other| other != digit) {
                    let mut changed = text.to_owned();
                    changed.replace_range(place..=place, &other.to_string());
                    assert!(!validity.holds(&changed), "{changed}");
                }
            }
        }
    }

    #[test]
    fn other_characters_are_no_part_of_a_number() {
        for (validity, text) in RIGHT {
            let wide = text.replace('1', "\u{ff11}");
            assert!(wide == text || !validity.holds(&wide), "{wide}");
            for stranger in ["é", "?", "٣", "x9", "_", "\u{1d7d9}", "+", ","] {
                assert!(!validity.holds(&format!("{text}{stranger}")), "{text}{stranger}");
            }
            let spaced: String = text.chars().flat_map(|one| [one, '\u{ad}', '\u{a0}']).collect();
            assert!(validity.holds(&spaced), "{spaced}");
            assert!(!validity.holds(&text.repeat(10_000)));
        }
        for validity in [Validity::Luhn, Validity::Card, Validity::Nhs, Validity::Iban] {
            for zeros in 0..40 {
                assert!(!validity.holds(&"0".repeat(zeros)));
            }
        }
    }

    #[test]
    fn a_national_insurance_number_has_a_prefix_that_is_given_out() {
        let mut count = 0;
        for first in 'A'..='Z' {
            for second in 'A'..='Z' {
                count += u32::from(Validity::Nino.holds(&format!("{first}{second}123456A")));
            }
        }
        assert_eq!(count, 20 * 19 - 7);
        for last in 'A'..='Z' {
            assert_eq!(Validity::Nino.holds(&format!("AB123456{last}")), last <= 'D');
        }
    }
}
