//! One walk: what expressions come to for one document.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use gatecore::{Anchor, Answer, Glance, Keyword, PatternId, Span};
use gatecore_ffi::cpython::number as make_number;
use gatecore_ffi::cpython::{call, call_method, call_with, empty_list, slice, tuple};
use pyo3::exceptions::{PyLookupError, PyOverflowError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::deadline::Limit;
use crate::document_class::scan_of;
use crate::re::answers;
use crate::re::call::Call;
use crate::re::expression::{Asked, Comparison, Expression, Found, Kept, Number, Place, VIEWS};
use crate::re::matched::Match;
use crate::scan::CoreScan;

/// What `lower()` of a document gives: mostly it was asked before.
fn lowered<'py>(document: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let lower = intern!(document.py(), "lower");
    let views = document.getattr(intern!(document.py(), "_views"))?;
    if let Some(known) = views.cast::<PyDict>()?.get_item(lower)? {
        return Ok(known);
    }
    call_method(document, lower, &[])
}

/// What is known of a truth.
const UNKNOWN: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;

/// The document or its `lower()`, and its scan.
struct View<'py> {
    text: Bound<'py, PyString>,
    scan: Bound<'py, CoreScan>,
}

/// All matches of a pattern, kept for the walk.
type Spans = Rc<Vec<Span>>;

/// A walk over the expressions of one gate.
pub struct Walk<'a, 'py> {
    kept: &'a [Arc<Kept>],
    /// Patterns, by view and address, all whose matches are asked for somewhere.
    spanned: &'a HashSet<(usize, usize)>,
    document: &'a Bound<'py, PyAny>,
    views: [Option<Rc<View<'py>>>; VIEWS],
    truths: Vec<u8>,
    spans: Vec<(usize, usize, Spans)>,
    firsts: Vec<(Number, Span)>,
    variables: Vec<(usize, Span)>,
}

fn gone(what: &str) -> PyErr {
    PyLookupError::new_err(what.to_owned())
}

impl<'a, 'py> Walk<'a, 'py> {
    pub fn new(
        kept: &'a [Arc<Kept>],
        spanned: &'a HashSet<(usize, usize)>,
        document: &'a Bound<'py, PyAny>,
    ) -> Self {
        Walk {
            kept,
            spanned,
            document,
            views: Default::default(),
            truths: vec![UNKNOWN; kept.len()],
            spans: Vec::new(),
            firsts: Vec::new(),
            variables: Vec::new(),
        }
    }

    fn py(&self) -> Python<'py> {
        self.document.py()
    }

    fn view(&mut self, number: usize) -> PyResult<Rc<View<'py>>> {
        if let Some(view) = &self.views[number] {
            return Ok(view.clone());
        }
        let text = match number {
            0 => self.document.clone(),
            _ => {
                let below = self.view(number - 1)?;
                lowered(below.text.as_any())?
            }
        };
        let scan = scan_of(&text).ok_or_else(|| gone("the text is no document"))?;
        let view = Rc::new(View { text: text.cast_into()?, scan });
        self.views[number] = Some(view.clone());
        Ok(view)
    }

    fn kept(&self, number: Number) -> PyResult<&'a Kept> {
        self.kept.get(number).map(|kept| &**kept).ok_or_else(|| gone("there is no such expression"))
    }

    /// Whether an expression holds.
    pub fn truth(&mut self, number: Number) -> PyResult<bool> {
        match self.truths.get(number) {
            Some(&TRUE) => return Ok(true),
            Some(&FALSE) => return Ok(false),
            _ => {}
        }
        let kept = self.kept(number)?;
        let truth = self.worked_out(number, &kept.expression)?;
        if kept.closed {
            self.truths[number] = if truth { TRUE } else { FALSE };
        }
        Ok(truth)
    }

    fn worked_out(&mut self, number: Number, expression: &'a Expression) -> PyResult<bool> {
        match expression {
            Expression::Has(asked) => self.has(asked),
            Expression::Contains { view, keyword, place } => {
                let view = self.view(*view)?;
                self.contains(&view, keyword.bind(self.py()), place)
            }
            Expression::Any(parts) => {
                for &part in parts {
                    if self.truth(part)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Expression::All(parts) => {
                for &part in parts {
                    if !self.truth(part)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Expression::Not(part) => Ok(!self.truth(*part)?),
            Expression::Choice(condition, yes, no) => {
                let chosen = if self.truth(*condition)? { yes } else { no };
                self.truth(*chosen)
            }
            Expression::Exists(asked, variable, condition) => {
                for &span in self.spans(asked)?.iter() {
                    if self.with_match(*variable, span, |walk| walk.truth(*condition))? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Expression::Compare(comparison, one, other) => {
                let (one, other) = (self.int(*one)?, self.int(*other)?);
                Ok(match comparison {
                    Comparison::Equal => one == other,
                    Comparison::NotEqual => one != other,
                    Comparison::Less => one < other,
                    Comparison::LessOrEqual => one <= other,
                    Comparison::Greater => one > other,
                    Comparison::GreaterOrEqual => one >= other,
                })
            }
            Expression::Truth(part) => self.object(*part)?.is_truthy(),
            _ => self.object(number)?.is_truthy(),
        }
    }

    fn with_match<T>(
        &mut self,
        variable: usize,
        span: Span,
        work: impl FnOnce(&mut Self) -> PyResult<T>,
    ) -> PyResult<T> {
        self.variables.push((variable, span));
        let done = work(self);
        self.variables.pop();
        done
    }

    fn is_spanned(&self, asked: &Asked) -> bool {
        self.spanned.contains(&(asked.view, asked.pattern.as_ptr() as usize))
    }

    fn has(&mut self, asked: &Asked) -> PyResult<bool> {
        let view = self.view(asked.view)?;
        let core = view.scan.get();
        let Some(id) = asked.number(self.py(), &core.set) else { return self.searched(asked) };
        if let Some(known) = self.glanced(&view, id)? {
            return Ok(known);
        }
        if self.is_spanned(asked) {
            // Its matches are asked for as well, mostly: one run tells both.
            let matches = !self.spans(asked)?.is_empty();
            core.scan.remember(id, matches);
            return Ok(matches);
        }
        match CoreScan::matches(&view.scan, id, &Limit::default())? {
            Answer::Known(answer) => {
                core.stats.served();
                Ok(answer)
            }
            Answer::AskRe => self.searched(asked),
        }
    }

    /// Whether a pattern matches, if that is known without a look at the document.
    #[inline]
    fn glanced(&self, view: &View<'py>, id: PatternId) -> PyResult<Option<bool>> {
        let core = view.scan.get();
        let set = &core.set.set;
        let known = match core.scan.glance(set, id) {
            Glance::No => Some(false),
            Glance::Yes => Some(true),
            Glance::LookCloser => {
                CoreScan::ensure(&view.scan, &view.text, id, &Limit::default())?;
                core.scan.known(set, id)
            }
        };
        if known.is_some() {
            core.stats.served();
        }
        Ok(known)
    }

    /// As `re.search`, for what the core does not know.
    #[cold]
    fn searched(&mut self, asked: &Asked) -> PyResult<bool> {
        let view = self.view(asked.view)?;
        let pattern = asked.pattern.bind(self.py());
        Ok(!answers::search(Call::of(pattern, view.text.as_any()))?.is_none())
    }

    /// Whether a pattern is known to have no match.
    fn is_out(&mut self, asked: &Asked) -> PyResult<bool> {
        let view = self.view(asked.view)?;
        let Some(id) = asked.number(self.py(), &view.scan.get().set) else { return Ok(false) };
        Ok(self.glanced(&view, id)? == Some(false))
    }

    fn contains(
        &mut self,
        view: &View<'py>,
        keyword: &Bound<'py, PyString>,
        place: &Place,
    ) -> PyResult<bool> {
        let core = view.scan.get();
        let set = &core.set;
        let found = place.number(set, || {
            let document = Arc::as_ptr(&core.stats) as usize;
            match keyword.to_str().ok().map(|text| set.keyword(text, document)) {
                Some(Keyword::Pattern(id)) => Some(id),
                _ => None,
            }
        });
        // What the set does not hold is counted and learned there.
        let Some(id) = found else { return view.text.as_any().contains(keyword) };
        if let Some(known) = self.glanced(view, id)? {
            return Ok(known);
        }
        match CoreScan::matches(&view.scan, id, &Limit::default())? {
            Answer::Known(answer) => {
                core.stats.served();
                Ok(answer)
            }
            Answer::AskRe => view.text.as_any().contains(keyword),
        }
    }

    /// All matches of a pattern.
    fn spans(&mut self, asked: &Asked) -> PyResult<Spans> {
        let pattern = asked.pattern.bind(self.py());
        let key = (asked.view, pattern.as_ptr() as usize);
        if let Some((_, _, spans)) = self.spans.iter().find(|(view, p, _)| (*view, *p) == key) {
            return Ok(spans.clone());
        }
        let view = self.view(asked.view)?;
        let call = Call::of(pattern, view.text.as_any());
        let found = match call.aim(call.scan(Anchor::Search)?)? {
            Ok(target) => target.spans(usize::MAX, false)?,
            Err(declined) => Err(declined),
        };
        let spans = match found {
            Ok(spans) => spans,
            Err(declined) => {
                let matches = call.ask_re(&declined, intern!(self.py(), "finditer"))?;
                let spans = matches.try_iter()?.map(|found| {
                    let span = call_method(&found?, intern!(self.py(), "span"), &[])?;
                    let (start, end) = span.extract()?;
                    Ok(Span::new(start, end))
                });
                spans.collect::<PyResult<Vec<_>>>()?
            }
        };
        let spans = Rc::new(spans);
        self.spans.push((key.0, key.1, spans.clone()));
        Ok(spans)
    }

    fn span(&mut self, number: Number) -> PyResult<Span> {
        match &self.kept(number)?.expression {
            Expression::Match(Found::Variable(variable)) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == variable);
                known.map(|(_, span)| *span).ok_or_else(|| gone("there is no such match"))
            }
            Expression::Match(Found::First(asked)) => {
                if let Some((_, span)) = self.firsts.iter().find(|(known, _)| *known == number) {
                    return Ok(*span);
                }
                let span = self.first(asked)?;
                self.firsts.push((number, span));
                Ok(span)
            }
            _ => Err(gone("it is no match")),
        }
    }

    fn first(&mut self, asked: &Asked) -> PyResult<Span> {
        let view = self.view(asked.view)?;
        let pattern = asked.pattern.bind(self.py());
        let call = Call::of(pattern, view.text.as_any());
        if let Ok(target) = call.aim(call.scan(Anchor::Search)?)? {
            let (id, region) = (target.id, target.region);
            let anchor = Anchor::Search;
            let limit = &target.limit;
            let found = CoreScan::find(&target.scan, id, anchor, region, limit)?;
            if let Answer::Known(found) = found {
                target.serve();
                return found.ok_or_else(|| gone("there is no match"));
            }
        }
        let found = answers::search(call)?;
        if found.is_none() {
            return Err(gone("there is no match"));
        }
        let span = call_method(&found, intern!(self.py(), "span"), &[])?;
        let (start, end) = span.extract()?;
        Ok(Span::new(start, end))
    }

    /// A whole number.
    fn int(&mut self, number: Number) -> PyResult<i64> {
        let sum = |one: i64, other: i64| {
            one.checked_add(other).ok_or_else(|| PyOverflowError::new_err("a number is too large"))
        };
        match &self.kept(number)?.expression {
            Expression::Constant(_, Some(value)) => Ok(*value),
            Expression::Length(view) => Ok(self.view(*view)?.scan.get().scan.whole().to as i64),
            Expression::Count(asked) => {
                if self.is_out(asked)? {
                    return Ok(0);
                }
                Ok(self.spans(asked)?.len() as i64)
            }
            Expression::Start(span) => Ok(self.span(*span)?.start() as i64),
            Expression::End(span) => Ok(self.span(*span)?.end() as i64),
            Expression::AsInt(part) => Ok(i64::from(self.truth(*part)?)),
            Expression::Sum(parts) => {
                let mut total = 0;
                for &part in parts {
                    total = sum(total, self.int(part)?)?;
                }
                Ok(total)
            }
            Expression::Minus(one, other) => {
                let (one, other) = (self.int(*one)?, self.int(*other)?);
                sum(one, other.checked_neg().unwrap_or(i64::MAX))
            }
            Expression::Max(one, other) => Ok(self.int(*one)?.max(self.int(*other)?)),
            Expression::Min(one, other) => Ok(self.int(*one)?.min(self.int(*other)?)),
            Expression::Choice(condition, yes, no) => {
                let chosen = if self.truth(*condition)? { yes } else { no };
                self.int(*chosen)
            }
            _ => self.object(number)?.extract(),
        }
    }

    /// What an expression comes to, made anew.
    pub fn object(&mut self, number: Number) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py();
        match &self.kept(number)?.expression {
            Expression::Constant(value, _) => Ok(value.bind(py).clone()),
            Expression::View(view) => Ok(self.view(*view)?.text.clone().into_any()),
            Expression::Has(_)
            | Expression::Contains { .. }
            | Expression::Any(_)
            | Expression::All(_)
            | Expression::Not(_)
            | Expression::Exists(..)
            | Expression::Compare(..)
            | Expression::Truth(_) => {
                let truth = self.truth(number)?;
                Ok(truth.into_pyobject(py)?.to_owned().into_any())
            }
            Expression::Length(_)
            | Expression::Count(_)
            | Expression::Start(_)
            | Expression::End(_)
            | Expression::AsInt(_)
            | Expression::Sum(_)
            | Expression::Minus(..)
            | Expression::Max(..)
            | Expression::Min(..) => make_number(py, self.int(number)? as isize),
            Expression::Slice(view, start, end) => {
                let view = self.view(*view)?;
                let length = view.scan.get().scan.whole().to as i64;
                let place = |value: i64| {
                    let value = if value < 0 { value + length } else { value };
                    value.clamp(0, length) as usize
                };
                let (start, end) = (place(self.int(*start)?), place(self.int(*end)?));
                slice(&view.text, start, end.max(start))
            }
            Expression::Concat(parts) => {
                let parts = self.filled(parts)?;
                let empty = PyString::new(py, "");
                call_method(empty.as_any(), intern!(py, "join"), &[&parts])
            }
            Expression::Choice(condition, yes, no) => {
                let chosen = if self.truth(*condition)? { yes } else { no };
                self.object(*chosen)
            }
            Expression::Apply(function, arguments) => {
                let function = function.bind(py);
                if let [one] = arguments[..] {
                    return call(function, &[&self.object(one)?]);
                }
                if let [one, other] = arguments[..] {
                    let (one, other) = (self.object(one)?, self.object(other)?);
                    return call(function, &[&one, &other]);
                }
                let arguments = arguments.iter().map(|&part| self.object(part));
                let arguments = tuple(py, arguments.collect::<Vec<_>>().into_iter())?;
                call_with(function, &arguments.cast_into::<PyTuple>()?, None)
            }
            Expression::List(entries) => Ok(self.filled(entries)?.into_any()),
            Expression::Tuple(entries) => {
                let entries = self.filled(entries)?;
                tuple(py, entries.iter().map(Ok))
            }
            Expression::Dict(prototype, rest) => {
                let made = prototype.bind(py).copy()?;
                for (key, value) in rest {
                    made.set_item(key.bind(py), self.object(*value)?)?;
                }
                Ok(made.into_any())
            }
            Expression::DictWhen(conditions, keys, values) => {
                let made = PyDict::new(py);
                for ((condition, key), value) in conditions.iter().zip(keys).zip(values) {
                    if self.truth(*condition)? {
                        made.set_item(self.object(*key)?, self.object(*value)?)?;
                    }
                }
                Ok(made.into_any())
            }
            Expression::Group(asked, span, method, group) => {
                self.group(asked, *span, method.bind(py), group.bind(py))
            }
            Expression::Match(_) | Expression::Each(..) | Expression::When(..) => {
                Err(gone("it is no value"))
            }
        }
    }

    fn filled(&mut self, entries: &'a [Number]) -> PyResult<Bound<'py, PyList>> {
        let list = empty_list(self.py())?;
        self.fill(entries, &list)?;
        Ok(list)
    }

    fn fill(&mut self, entries: &'a [Number], into: &Bound<'py, PyList>) -> PyResult<()> {
        for &entry in entries {
            match &self.kept(entry)?.expression {
                Expression::Each(asked, variable, inner) => {
                    if self.is_out(asked)? {
                        continue;
                    }
                    for &span in self.spans(asked)?.iter() {
                        self.with_match(*variable, span, |walk| walk.fill(inner, into))?;
                    }
                }
                Expression::When(condition, inner) => {
                    if self.truth(*condition)? {
                        self.fill(inner, into)?;
                    }
                }
                _ => into.append(self.object(entry)?)?,
            }
        }
        Ok(())
    }

    fn group(
        &mut self,
        asked: &Asked,
        span: Number,
        method: &Bound<'py, PyString>,
        group: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let span = self.span(span)?;
        let view = self.view(asked.view)?;
        let pattern = asked.pattern.bind(self.py());
        let call = Call::of(pattern, view.text.as_any());
        let Ok(target) = call.aim(call.scan(Anchor::Search)?)? else {
            return Err(gone("only re can tell the group"));
        };
        if target.is_out(Anchor::Search) {
            return Err(gone("there is no match"));
        }
        let found = Match::of(&target, Anchor::Search, Some(span))?;
        call_method(found.as_any(), method, &[group])
    }

    /// Works entries out and drops them: what raises here would have raised in the gate.
    pub fn check(&mut self, entries: &'a [Number]) -> PyResult<()> {
        self.filled(entries).map(drop)
    }
}
