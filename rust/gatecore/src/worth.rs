//! When a text is worth a scan: decided by counting questions, so that the same calls always take the
//! same way.
//!
//! A host that asks a line hundreds of patterns gains by a scan of it, one that asks three loses. What a
//! scan costs is known, and so is about what an answer from it saves, and so how many questions pay for
//! one. How many there will be is not known, but texts of one host are alike:
//!
//! ```text
//! texts so far were asked twice as many as pay     scan at the first question
//! they were not                                    scan once this text alone was asked as many, times `patience`
//! a scan did not pay                               patience doubles, up to a limit
//! one would have paid                              patience halves
//! ```
//!
//! So where nothing is gained, scans become rare, and where something is, they come back.

/// Nanoseconds of a scan, and of each character of it.
const SCAN: usize = 3_000;
const SCAN_CHARACTER: usize = 10;

/// Nanoseconds that an answer saves, and for each character that `re` need not look at.
const SAVED: usize = 100;
const SAVED_CHARACTER: usize = 4;

/// Most questions of a text that are taken into account.
const MOST_QUESTIONS: u32 = 4_096;

/// How often what would pay must have been asked of a text before it is scanned, at most.
const MOST_PATIENCE: u32 = 64;

/// Texts after which what was learned about a text is forgotten to one part in e.
const MEMORY: u32 = 8;

/// What is known of the texts of a thread.
#[derive(Debug)]
pub struct Worth {
    /// Questions of a text, on average; sixteenths.
    usual: u32,
    patience: u32,
}

impl Default for Worth {
    fn default() -> Self {
        Worth { usual: 0, patience: 1 }
    }
}

/// How many questions pay for a scan of a text of this many characters.
pub fn paying(characters: usize) -> u32 {
    let cost = SCAN + SCAN_CHARACTER * characters;
    (cost / (SAVED + SAVED_CHARACTER * characters)) as u32 + 1
}

impl Worth {
    /// At which question a text of this many characters is to be scanned; the first is 1.
    pub fn begin(&self, characters: usize) -> u32 {
        let paying = paying(characters);
        if self.patience == 1 && self.usual >= 16 * 2 * paying {
            return 1;
        }
        paying.saturating_mul(self.patience) + 1
    }

    /// A text was asked this many questions, the last of them of a scan if that began at `begin`.
    pub fn end(&mut self, characters: usize, questions: u32, begin: u32) {
        let questions = questions.min(MOST_QUESTIONS);
        self.usual = self.usual - self.usual / MEMORY + 16 * questions / MEMORY;
        let paying = paying(characters);
        if questions >= 2 * paying {
            self.patience = (self.patience / 2).max(1);
        } else if begin <= questions {
            self.patience = (2 * self.patience).min(MOST_PATIENCE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scans in a thousand texts of so many characters and questions, and how many of the questions they
    /// served.
    fn run(characters: usize, questions: u32) -> (u32, u32) {
        let (mut worth, mut scans, mut served) = (Worth::default(), 0, 0);
        for _ in 0..1_000 {
            let begin = worth.begin(characters);
            if begin <= questions {
                scans += 1;
                served += questions + 1 - begin;
            }
            worth.end(characters, questions, begin);
        }
        (scans, served)
    }

    #[test]
    fn texts_that_are_asked_often_are_scanned_at_once() {
        for characters in [10, 100, 1_000, 100_000] {
            let (scans, served) = run(characters, 300);
            assert!(scans >= 990, "{characters}: {scans}");
            assert!(served >= 290_000, "{characters}: {served}");
        }
    }

    #[test]
    fn texts_that_are_asked_little_are_not_scanned() {
        for characters in [10, 100, 1_000, 100_000] {
            for questions in 0..=paying(characters) {
                assert_eq!(run(characters, questions), (0, 0), "{characters}, {questions}");
            }
        }
    }

    #[test]
    fn what_did_not_pay_may_pay_later() {
        let (mut worth, mut scans) = (Worth::default(), 0);
        for text in 0..400 {
            let questions = if text < 200 { paying(100) + 1 } else { 50 };
            let begin = worth.begin(100);
            scans += u32::from(text >= 200 && begin == 1);
            worth.end(100, questions, begin);
        }
        assert!(scans > 180, "{scans}");
    }

    #[test]
    fn scans_that_do_not_pay_become_rare() {
        for characters in [10, 100, 1_000, 100_000] {
            let paying = paying(characters);
            for questions in paying + 1..2 * paying {
                let (scans, served) = run(characters, questions);
                assert!(scans * paying < 1_000, "{characters}, {questions}: {scans}");
                assert!(scans == 0 || served > 0);
            }
        }
    }
}
