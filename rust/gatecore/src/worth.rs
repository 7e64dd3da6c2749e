//! When a text is worth a scan: decided by counting questions, so that the same calls always take the
//! same way.
//!
//! A host that asks a line hundreds of patterns gains by a scan of it, one that asks three loses. What a
//! scan costs is known, and so is about what an answer from it saves, and so how many questions pay for
//! one. How many there will be is not known, but texts of one host are alike:
//!
//! ```text
//! texts so far were asked twice as many as pay     scan at the first question
//! they were not                                    scan once this text alone was asked as many
//! a scan did not pay, nor did those before it      the next one waits for twice as many texts that are asked
//! ```                                                  enough, 64 at most, and a quarter of that once one pays
//!
//! A pattern that `re` looks for letter by letter counts as several questions ([`weight`]).
//!
//! What pays are questions that the pass has ruled out. So where nothing is gained scans become rare, and
//! where something is they come back.

/// Nanoseconds of a scan, and of each character of it.
const SCAN: usize = 3_000;
const SCAN_CHARACTER: usize = 10;

/// Nanoseconds that an answer saves, and for each character that `re` need not look at.
const SAVED: usize = 50;
const SAVED_CHARACTER: usize = 3;

/// Nanoseconds that `re` took for each of 53 patterns of secrets on lines of 40 characters: 150 to 200 for
/// the 27 that begin with a letter, which it finds as fast as memory is read, 130 to 9,700 for the others,
/// 970 in the middle of their upper half.
const SLOW: u32 = 4;

/// Flags of `re`: IGNORECASE, VERBOSE.
const CASELESS: u32 = 2;
const VERBOSE: u32 = 64;

/// Most questions of a text that are taken into account.
const MOST_QUESTIONS: u32 = 4_096;

/// How many texts that are asked enough go by without a scan, at most, after scans that did not pay.
const MOST_PATIENCE: u32 = 64;

/// How many scans that do not pay are made up for by one that paid: a host asks a document a thousand
/// questions, and its upper-case form one.
const MOST_CREDIT: u32 = 16;

/// Texts after which what was learned about a text is forgotten to one part in e.
const MEMORY: u32 = 8;

/// What is known of the texts of a thread.
#[derive(Debug, Default)]
pub struct Worth {
    /// Questions of a text, on average; sixteenths.
    usual: u32,
    /// How many texts that are asked enough go by between two scans.
    patience: u32,
    /// How many did since the last.
    waited: u32,
    /// Scans that were paid by what others gained.
    credit: u32,
}

/// How many questions pay for a scan of a text of this many characters.
pub fn paying(characters: usize) -> u32 {
    let cost = SCAN + SCAN_CHARACTER * characters;
    (cost / (SAVED + SAVED_CHARACTER * characters)) as u32 + 1
}

/// How many questions a question about a pattern counts as: what `re` has to try at each place takes
/// longer than a pattern that begins with a letter as it stands.
///
/// ```
/// use gatecore::worth::weight;
///
/// assert!(weight("BEGIN KEY", 0) < weight("BEGIN KEY", 2));
/// assert!(weight("key-[0-9]+", 0) < weight("(key|pwd)", 0));
/// assert!(weight(r"\(", 0) < weight(r"\s", 0));
/// ```
pub fn weight(source: &str, flags: u32) -> u32 {
    // A sign that is no letter stands for itself behind a backslash.
    let literal = source.strip_prefix('\\').filter(|rest| !rest.starts_with(char::is_alphanumeric));
    let mut rest = literal.unwrap_or(source).chars();
    let is_plain = |c: char| literal.is_some() || !"\\.^$*+?{}[]()|".contains(c);
    let is_fast =
        rest.next().is_some_and(is_plain) && !matches!(rest.next(), Some('?' | '*' | '{'));
    if is_fast && flags & (CASELESS | VERBOSE) == 0 && !has_alternatives(source) {
        1
    } else {
        SLOW
    }
}

/// Whether there may be alternatives outside of groups.
fn has_alternatives(source: &str) -> bool {
    let mut depth = 0;
    let mut characters = source.bytes();
    while let Some(character) = characters.next() {
        match character {
            b'\\' => drop(characters.next()),
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'|' if depth <= 0 => return true,
            _ => {}
        }
    }
    false
}

impl Worth {
    /// At which question a text of this many characters is to be scanned; the first is 1.
    pub fn begin(&self, characters: usize) -> u32 {
        let paying = paying(characters);
        match self.patience {
            0 if self.usual >= 16 * 2 * paying => 1,
            patience if self.waited >= patience => paying + 1,
            _ => u32::MAX,
        }
    }

    /// A text was asked this many questions, and if there was a scan, the pass had ruled this many out.
    pub fn end(&mut self, characters: usize, questions: u32, is_scanned: bool, ruled_out: u32) {
        let questions = questions.min(MOST_QUESTIONS);
        self.usual = self.usual - self.usual / MEMORY + 16 * questions / MEMORY;
        let paying = paying(characters);
        if is_scanned {
            self.waited = 0;
            if ruled_out >= paying {
                self.patience /= 4;
                self.credit = (self.credit + ruled_out / paying - 1).min(MOST_CREDIT);
            } else if self.credit > 0 {
                self.credit -= 1;
            } else {
                self.patience = (2 * self.patience).clamp(1, MOST_PATIENCE);
            }
        } else if questions >= 2 * paying {
            self.waited += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a thousand texts the scans, and the questions that they ruled out, if one in `yes` matches.
    fn run(characters: usize, questions: u32, yes: u32) -> (u32, u32) {
        let (mut worth, mut scans, mut all_ruled_out) = (Worth::default(), 0, 0);
        for _ in 0..1_000 {
            let begin = worth.begin(characters);
            let is_scanned = begin <= questions;
            let answered = (questions + 1).saturating_sub(begin);
            let ruled_out = answered - answered / yes;
            scans += u32::from(is_scanned);
            all_ruled_out += ruled_out;
            worth.end(characters, questions, is_scanned, ruled_out);
        }
        (scans, all_ruled_out)
    }

    const LENGTHS: [usize; 4] = [10, 100, 1_000, 100_000];

    #[test]
    fn texts_that_are_asked_often_are_scanned_at_once() {
        for characters in LENGTHS {
            let (scans, ruled_out) = run(characters, 300, 50);
            assert!(scans >= 990, "{characters}: {scans}");
            assert!(ruled_out >= 280_000, "{characters}: {ruled_out}");
        }
    }

    #[test]
    fn texts_that_are_asked_little_are_not_scanned() {
        for characters in LENGTHS {
            for questions in 0..=paying(characters) {
                assert_eq!(run(characters, questions, 50), (0, 0), "{characters}, {questions}");
            }
        }
    }

    #[test]
    fn scans_that_do_not_pay_become_rare() {
        for characters in LENGTHS {
            let paying = paying(characters);
            for questions in paying + 1..2 * paying {
                let (scans, _) = run(characters, questions, 50);
                assert!(scans <= 1, "{characters}, {questions}: {scans}");
            }
            let (scans, ruled_out) = run(characters, 300, 1);
            assert!(scans < 25 && ruled_out == 0, "all match, {characters}: {scans}");
        }
    }

    #[test]
    fn what_pays_for_much_may_be_followed_by_what_does_not() {
        let (mut worth, mut scans) = (Worth::default(), 0);
        for text in 0..1_000 {
            let questions = if text % 8 == 0 { 1_000 } else { 1 };
            let begin = worth.begin(4_000);
            let is_scanned = begin <= questions;
            scans += u32::from(is_scanned && questions == 1_000);
            worth.end(4_000, questions, is_scanned, (questions + 1).saturating_sub(begin));
        }
        assert!(scans >= 124, "{scans}");
    }

    #[test]
    fn what_did_not_pay_may_pay_later() {
        let (mut worth, mut scans) = (Worth::default(), 0);
        for text in 0..800 {
            let begin = worth.begin(100);
            let is_scanned = begin <= 50;
            scans += u32::from(text >= 400 && begin == 1);
            let ruled_out = if text < 400 || !is_scanned { 0 } else { 51 - begin };
            worth.end(100, 50, is_scanned, ruled_out);
        }
        assert!(scans > 300, "{scans}");
    }
}
