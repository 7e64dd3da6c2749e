//! Expressions over a document, as a followed gate is made of them (`gatecore.hosts.replay`).

use std::sync::atomic::{AtomicU64, Ordering};

use gatecore::{PatternId, SharedSet};
use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::re::cache;
use crate::re::pattern::CompiledPattern;

/// The number of an expression.
pub type Number = usize;

/// The document, what its `lower()` gives, and what that one's does.
pub const VIEWS: usize = 3;

/// A pattern asked of the document (0), of its `lower()` (1) or that one's (2).
pub struct Asked {
    pub view: usize,
    pub pattern: Py<CompiledPattern>,
    /// As a keyword's: kept here too, where the processor has it at hand.
    place: Place,
}

/// The set that was asked last, and the number of a pattern in it plus one; no number if it has none.
#[derive(Default)]
pub struct Place(AtomicU64);

impl Place {
    /// The number in a set, which `find` looks for in one that was not the last; a keyword without a number
    /// is looked for each time, as the set wants to know.
    #[inline]
    pub fn number(
        &self,
        set: &SharedSet,
        find: impl FnOnce() -> Option<PatternId>,
    ) -> Option<PatternId> {
        let place = self.0.load(Ordering::Relaxed);
        if place >> 32 == u64::from(set.id) && place as u32 != 0 {
            return Some(PatternId(place as u32 - 1));
        }
        let found = find()?;
        self.0.store(u64::from(set.id) << 32 | (u64::from(found.0) + 1), Ordering::Relaxed);
        Some(found)
    }
}

impl Asked {
    /// The pattern's number in a set.
    #[inline]
    pub fn number(&self, py: Python<'_>, set: &SharedSet) -> Option<PatternId> {
        self.place.number(set, || {
            let pattern = self.pattern.bind(py).get();
            pattern.known_number(set).unwrap_or_else(|| pattern.number(py, set))
        })
    }
}

/// Where a match comes from.
pub enum Found {
    First(Asked),
    /// The match that a loop is at.
    Variable(usize),
}

#[derive(Clone, Copy)]
pub enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    NotEqual,
}

/// An expression.
pub enum Expression {
    Constant(Py<PyAny>, Option<i64>),
    View(usize),
    // Truths.
    Has(Asked),
    Contains {
        view: usize,
        keyword: Py<PyString>,
        place: Place,
    },
    Any(Vec<Number>),
    All(Vec<Number>),
    Not(Number),
    Exists(Asked, usize, Number),
    Compare(Comparison, Number, Number),
    Truth(Number),
    // Whole numbers.
    Length(usize),
    Count(Asked),
    Start(Number),
    End(Number),
    AsInt(Number),
    Sum(Vec<Number>),
    Minus(Number, Number),
    Max(Number, Number),
    Min(Number, Number),
    // Matches.
    Match(Found),
    /// What a method of a match gives for a group.
    Group(Asked, Number, Py<PyString>, Py<PyAny>),
    // Values.
    Slice(usize, Number, Number),
    Concat(Vec<Number>),
    Choice(Number, Number, Number),
    Apply(Py<PyAny>, Vec<Number>),
    List(Vec<Number>),
    Tuple(Vec<Number>),
    /// A copy of a dict with all keys in their order and what is constant, and the rest.
    Dict(Py<PyDict>, Vec<(Py<PyAny>, Number)>),
    /// A dict whose keys are there under conditions.
    DictWhen(Vec<Number>, Vec<Number>, Vec<Number>),
    // Entries of lists.
    Each(Asked, usize, Vec<Number>),
    When(Number, Vec<Number>),
}

impl Expression {
    /// What Python tells: a name and its arguments.
    pub fn of(
        name: &str,
        arguments: &Bound<'_, PyTuple>,
        known: &[std::sync::Arc<Kept>],
    ) -> PyResult<Self> {
        let given = Given { arguments, place: std::cell::Cell::new(0) };
        Ok(match name {
            "const" => {
                let value = given.next()?;
                let number = value.extract().ok();
                Expression::Constant(value.unbind(), number)
            }
            "view" => Expression::View(given.view()?),
            "has" => Expression::Has(given.asked()?),
            "contains" => Expression::Contains {
                view: given.view()?,
                keyword: given.next()?.cast_into::<PyString>()?.unbind(),
                place: Place::default(),
            },
            "any" => Expression::Any(given.get()?),
            "all" => Expression::All(given.get()?),
            "not" => Expression::Not(given.get()?),
            "exists" => Expression::Exists(given.asked()?, given.get()?, given.get()?),
            "compare" => {
                let comparison = match given.get::<String>()?.as_str() {
                    "==" => Comparison::Equal,
                    "!=" => Comparison::NotEqual,
                    "<" => Comparison::Less,
                    "<=" => Comparison::LessOrEqual,
                    ">" => Comparison::Greater,
                    ">=" => Comparison::GreaterOrEqual,
                    other => return Err(unknown(other)),
                };
                Expression::Compare(comparison, given.get()?, given.get()?)
            }
            "truth" => Expression::Truth(given.get()?),
            "length" => Expression::Length(given.view()?),
            "count" => Expression::Count(given.asked()?),
            "start" => Expression::Start(given.get()?),
            "end" => Expression::End(given.get()?),
            "as_int" => Expression::AsInt(given.get()?),
            "sum" => Expression::Sum(given.get()?),
            "minus" => Expression::Minus(given.get()?, given.get()?),
            "max" => Expression::Max(given.get()?, given.get()?),
            "min" => Expression::Min(given.get()?, given.get()?),
            "first" => Expression::Match(Found::First(given.asked()?)),
            "var" => Expression::Match(Found::Variable(given.get()?)),
            "group" => Expression::Group(
                given.asked()?,
                given.get()?,
                given.next()?.cast_into::<PyString>()?.unbind(),
                given.next()?.unbind(),
            ),
            "slice" => Expression::Slice(given.view()?, given.get()?, given.get()?),
            "concat" => Expression::Concat(given.get()?),
            "choice" => Expression::Choice(given.get()?, given.get()?, given.get()?),
            "apply" => Expression::Apply(given.next()?.unbind(), given.get()?),
            "list" => Expression::List(given.get()?),
            "tuple" => Expression::Tuple(given.get()?),
            "dict_when" => Expression::DictWhen(given.get()?, given.get()?, given.get()?),
            "dict" => given.dict(known)?,
            "each" => Expression::Each(given.asked()?, given.get()?, given.get()?),
            "when" => Expression::When(given.get()?, given.get()?),
            other => return Err(unknown(other)),
        })
    }
}

fn unknown(name: &str) -> PyErr {
    PyValueError::new_err(format!("there is no expression {name:?}"))
}

/// An expression, and whether it is the same wherever it is asked about in one walk.
pub struct Kept {
    pub expression: Expression,
    pub closed: bool,
}

/// Arguments, one after the other.
struct Given<'a, 'py> {
    arguments: &'a Bound<'py, PyTuple>,
    place: std::cell::Cell<usize>,
}

impl<'py> Given<'_, 'py> {
    fn next(&self) -> PyResult<Bound<'py, PyAny>> {
        let place = self.place.replace(self.place.get() + 1);
        self.arguments.get_item(place)
    }

    fn get<T>(&self) -> PyResult<T>
    where
        T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
    {
        self.next()?.extract()
    }

    fn view(&self) -> PyResult<usize> {
        let view: usize = self.next()?.extract()?;
        if view < VIEWS {
            Ok(view)
        } else {
            Err(unknown("view"))
        }
    }

    fn asked(&self) -> PyResult<Asked> {
        let view = self.view()?;
        let source = self.next()?.cast_into::<PyString>()?;
        let pattern = cache::object(&source, self.next()?.extract()?)?;
        Ok(Asked { view, pattern: pattern.unbind(), place: Place::default() })
    }

    fn dict(&self, known: &[std::sync::Arc<Kept>]) -> PyResult<Expression> {
        let (keys, values): (Vec<Number>, Vec<Number>) =
            (self.next()?.extract()?, self.next()?.extract()?);
        let py = self.arguments.py();
        let (prototype, mut rest) = (PyDict::new(py), Vec::new());
        let constant = |number: Number| match known.get(number).map(|kept| &kept.expression) {
            Some(Expression::Constant(value, _)) => Some(value),
            _ => None,
        };
        for (key, value) in keys.into_iter().zip(values) {
            let key = constant(key).ok_or_else(|| unknown("key"))?;
            match constant(value) {
                Some(value) => prototype.set_item(key, value)?,
                None => {
                    prototype.set_item(key, py.None())?;
                    rest.push((key.clone_ref(py), value));
                }
            }
        }
        Ok(Expression::Dict(prototype.unbind(), rest))
    }
}

/// Whether something kept is still what it was: an item of a dict, a list's elements, a function's code.
pub struct Watched {
    owner: Py<PyAny>,
    key: Py<PyAny>,
    value: Option<Py<PyAny>>,
}

impl Watched {
    /// `missing` stands for an item that is not there.
    pub fn new(
        owner: &Bound<'_, PyAny>,
        key: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        missing: &Bound<'_, PyAny>,
    ) -> Self {
        let value = (!value.is(missing)).then(|| value.clone().unbind());
        Watched { owner: owner.clone().unbind(), key: key.clone().unbind(), value }
    }

    /// Shows the garbage collector what is held.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.owner)?;
        visit.call(&self.value)
    }

    /// Whether it is what it was.
    pub fn holds(&self, py: Python<'_>) -> PyResult<bool> {
        let (owner, key) = (self.owner.bind(py), self.key.bind(py));
        let expected = self.value.as_ref().map(|value| value.bind(py));
        if let Ok(dict) = owner.cast_exact::<PyDict>() {
            if key.is_none() {
                return same_items(dict, expected);
            }
            let found = dict.get_item(key)?;
            return Ok(match (found, expected) {
                (None, None) => true,
                (Some(found), Some(expected)) => found.is(expected),
                _ => false,
            });
        }
        let Some(expected) = expected else { return Ok(!owner.contains(key)?) };
        if let Ok(list) = owner.cast_exact::<PyList>() {
            let expected = expected.cast::<PyTuple>()?;
            let same = list.len() == expected.len();
            return Ok(same && list.iter().zip(expected.iter()).all(|(one, other)| one.is(&other)));
        }
        if key.is_none() {
            return Ok(owner.getattr(pyo3::intern!(py, "__code__"))?.is(expected));
        }
        match key.cast::<PyString>() {
            Ok(name) if owner.hasattr("__code__")? => Ok(owner.getattr(name)?.is(expected)),
            _ => Ok(owner.get_item(key).is_ok_and(|found| found.is(expected))),
        }
    }
}

fn same_items(dict: &Bound<'_, PyDict>, expected: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    let Some(expected) = expected else { return Ok(false) };
    let expected = expected.cast::<PyTuple>()?;
    if dict.len() != expected.len() {
        return Ok(false);
    }
    for ((key, value), other) in dict.iter().zip(expected.iter()) {
        let other = other.cast_into::<PyTuple>()?;
        if !key.is(&other.get_item(0)?) || !value.is(&other.get_item(1)?) {
            return Ok(false);
        }
    }
    Ok(true)
}
