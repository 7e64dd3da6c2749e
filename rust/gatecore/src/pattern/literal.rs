//! What a pattern's source and flags say without a parser: which text it stands for, and what makes two
//! patterns the same.

const DEBUG: u32 = 128;
const UNICODE: u32 = 32;
const ASCII: u32 = 256;

/// Flags as a key has them, `gatecore.Pattern.key` as well: UNICODE is the default of text, DEBUG only
/// prints.
pub(crate) fn key_flags(flags: u32) -> u32 {
    let flags = flags & !DEBUG;
    if flags & ASCII == 0 {
        flags & !UNICODE
    } else {
        flags
    }
}

/// The text that a pattern without flags stands for, if it is one text: only escaped characters have a
/// meaning of their own.
pub(crate) fn literal(source: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(source.len());
    let mut characters = std::str::from_utf8(source).ok()?.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                escaped if escaped.is_ascii() && !escaped.is_ascii_alphanumeric() => {
                    text.push(escaped);
                }
                _ => return None,
            },
            '.' | '^' | '$' | '*' | '+' | '?' | '{' | '}' | '[' | ']' | '|' | '(' | ')' => {
                return None;
            }
            _ => text.push(character),
        }
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_a_pattern_that_means_one_text() {
        for (source, text) in [("no risk", "no risk"), (r"50\%\ a\.m\.", "50% a.m."), ("ß", "ß")]
        {
            assert_eq!(literal(source.as_bytes()).as_deref(), Some(text));
        }
        for source in ["", "a.", "a|b", r"\d", r"a\", r"\ß", "(a)", "x{2}"] {
            assert_eq!(literal(source.as_bytes()), None, "{source}");
        }
        assert_eq!(literal(b"\xED\xA0\x80"), None, "a lone surrogate");
    }

    #[test]
    fn flags_of_a_key() {
        assert_eq!(key_flags(2 | UNICODE | DEBUG), 2);
        assert_eq!(key_flags(2 | UNICODE | ASCII), 2 | UNICODE | ASCII);
    }
}
