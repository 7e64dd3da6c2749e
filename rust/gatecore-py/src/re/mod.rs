//! `re`, answered from the pass: its functions, `re.Pattern`, `re.Match`, and the `str` that carries a pass.
//!
//! ```text
//! call ─▶ is the text a Document? ─▶ is the pattern in its set? ─▶ does the core know? ─▶ served
//!              │ no                      │ no: learned                 │ AskRe
//!              └─────────────────────────┴─────────────────────────────┴─▶ re, counted with a reason
//! ```
//!
//! What is served never asks `re` for a match. What is not goes to `re`'s own compiled pattern with the
//! arguments as they came, so that its errors and oddities are its own.
//!
//! A file uses only files above it (held by `tests/meta/test_binding.py`):
//!
//! ```text
//! pattern          a pattern of a source and flags; `re` compiles it when that is needed
//! stats            what was served, what fell through
//!   ../scan        one document: where and how long a question about a pattern runs
//!   ../document_class  whether a text is a document, and its scan
//! texts            plain texts that are asked so much that they are scanned
//! call             a call with its arguments; what it asks of the core
//! matched          `re.Match`
//! candidates       matches of a pattern that only `re` answers, where one may begin
//! iterator         the matches of one pattern, as they are asked for
//! answers          search, match, fullmatch, finditer, findall
//! substitute       split, sub, subn
//! cache            the patterns that were seen
//! pattern_methods  `re.Pattern`
//! functions        the functions of `gatecore.re`
//! document         keyword in document
//! expression       what a followed gate asks, and what it makes of the answers
//! walk             what expressions come to for one document
//! replay           a followed gate as a tree
//! ```

pub mod answers;
pub mod cache;
pub mod call;
pub mod candidates;
pub mod document;
pub mod expression;
pub mod functions;
pub mod iterator;
pub mod matched;
pub mod pattern;
pub mod pattern_methods;
pub mod replay;
pub mod stats;
pub mod substitute;
pub mod texts;
pub mod walk;
