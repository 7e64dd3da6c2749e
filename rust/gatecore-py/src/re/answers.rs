//! How the answers of `search`, `match`, `fullmatch`, `finditer` and `findall` are made.

use gatecore::counters::Reason;
use gatecore::{Anchor, Answer, Glance};
use gatecore_ffi::cpython::empty_list;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::deadline::Limit;
use crate::document_class::scan_of;
use crate::errors;
use crate::re::call::{Call, Served, Target, BATCH};
use crate::re::candidates::ByCandidates;
use crate::re::iterator::MatchIterator;
use crate::re::matched::Match;
use crate::scan::CoreScan;

/// The first match as an object.
#[inline]
pub fn first<'py>(target: &Target<'_, 'py>, anchor: Anchor) -> PyResult<Served<'py>> {
    let py = target.py();
    let core = target.scan.get();
    let is_search_of_all = target.is_whole() && anchor == Anchor::Search;
    if is_search_of_all && core.scan.glance(&core.set.set, target.id) == Glance::Yes {
        target.serve();
        return Ok(Ok(Match::of(target, anchor, None)?.into_any()));
    }
    if target.is_out(anchor) {
        return Ok(Ok(py.None().into_bound(py)));
    }
    let answer = CoreScan::find(&target.scan, target.id, anchor, target.region, &target.limit)?;
    let Answer::Known(span) = answer else {
        let candidates = match anchor {
            Anchor::Search => ByCandidates::of(target)?,
            Anchor::Match | Anchor::FullMatch => None,
        };
        return match candidates {
            Some(candidates) => first_by_re(target, candidates).map(Ok),
            None => Ok(Err(target.declined(Reason::Fallback))),
        };
    };
    if is_search_of_all {
        core.scan.remember(target.id, span.is_some());
    }
    target.serve_as(anchor);
    Ok(Ok(match span {
        None => py.None().into_bound(py),
        Some(_) => Match::of(target, anchor, span)?.into_any(),
    }))
}

/// The first match of what only `re` answers.
fn first_by_re<'py>(
    target: &Target<'_, 'py>,
    mut candidates: ByCandidates,
) -> PyResult<Bound<'py, PyAny>> {
    let Target { pattern, text, ref scan, id, region, ref limit } = *target;
    let py = target.py();
    let found = candidates.next(scan, text, pattern.get().real(py)?, limit)?;
    match candidates.asked_re() {
        true => target.count_fallback(),
        false => target.serve(),
    }
    if target.is_whole() {
        scan.get().scan.remember(id, found.is_some());
    }
    match found {
        None => Ok(py.None().into_bound(py)),
        Some(real) => Ok(Match::of_re(pattern, text, scan.clone(), id, region, real)?.into_any()),
    }
}

macro_rules! answer {
    ($name:ident, $method:literal, $anchor:ident, $answer:expr $(, gives $nothing:expr)?) => {
        #[doc = concat!("As `re.Pattern.", $method, "`.")]
        #[inline]
        pub fn $name<'py>(call: Call<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
            let method = || intern!(call.string.py(), $method);
            let scan = call.scan(Anchor::$anchor)?;
            $(if call.is_ruled_out(scan.as_ref(), Anchor::$anchor) {
                return $nothing(call.string.py());
            })?
            let target = match call.aim(scan)? {
                Ok(target) => target,
                Err(declined) => return call.ask_re(&declined, method()),
            };
            match $answer(&target)? {
                Ok(found) => Ok(found),
                Err(declined) => {
                    let found = call.ask_re(&declined, method())?;
                    if $method == "search" && target.is_whole() {
                        target.scan.get().scan.remember(target.id, !found.is_none());
                    }
                    Ok(found)
                }
            }
        }
    };
}

fn none(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    Ok(py.None().into_bound(py))
}

fn no_texts(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    Ok(empty_list(py)?.into_any())
}

answer!(searched, "search", Search, |target| first(target, Anchor::Search), gives none);
answer!(matched, "match", Match, |target| first(target, Anchor::Match), gives none);
answer!(fullmatch, "fullmatch", FullMatch, |target| first(target, Anchor::FullMatch), gives none);
answer!(iterated, "finditer", Search, matches);
answer!(findall, "findall", Search, texts, gives no_texts);

/// As `re.Pattern.search`. Most calls are about a whole document whose pass has the answer: they come
/// first and build nothing but the match.
#[inline(always)]
pub fn search<'py>(call: Call<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    if call.pos.is_none() && call.endpos.is_none() {
        if let Some(scan) = scan_of(call.string) {
            let core = scan.get();
            if let Some(Some(id)) = call.pattern.get().known_number(&core.set) {
                let mut glance = core.scan.glance(&core.set.set, id);
                if glance == Glance::LookCloser {
                    let text = call.string.cast::<PyString>()?;
                    if CoreScan::is_early(&scan, text, id, &Limit::default())? {
                        glance = core.scan.glance(&core.set.set, id);
                    }
                }
                match glance {
                    Glance::No => {
                        call.pattern.get().note_asked();
                        core.stats.served();
                        return Ok(call.string.py().None().into_bound(call.string.py()));
                    }
                    Glance::Yes => {
                        call.pattern.get().note_asked();
                        core.stats.served();
                        let text = call.string.cast::<PyString>()?;
                        let (region, anchor) = (core.scan.whole(), Anchor::Search);
                        let found = Match::new(call.pattern, text, scan, id, region, anchor, None)?;
                        return Ok(found.into_any());
                    }
                    Glance::LookCloser => {}
                }
            }
        }
    }
    searched(call)
}

/// As `re.Pattern.finditer`. Half of what a host asks finds nothing, and the pass knows it: that takes
/// no look at the pattern's automaton, neither here nor when the iterator is asked.
#[inline]
pub fn finditer<'py>(call: Call<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    if call.pos.is_none() && call.endpos.is_none() {
        if let Some(scan) = scan_of(call.string) {
            let core = scan.get();
            if let Some(Some(id)) = call.pattern.get().known_number(&core.set) {
                if core.scan.glance(&core.set.set, id) == Glance::No {
                    call.pattern.get().note_asked();
                    core.stats.served();
                    let text = call.string.cast::<PyString>()?;
                    let region = core.scan.whole();
                    let none = MatchIterator::none(call.pattern, text, scan, id, region)?;
                    return Ok(none.into_any());
                }
            }
        }
    }
    iterated(call)
}

/// The matches of a target, looked for as they are asked for.
pub fn matches<'py>(target: &Target<'_, 'py>) -> PyResult<Served<'py>> {
    let core = target.scan.get();
    if target.is_out(Anchor::Search) {
        let Target { pattern, text, ref scan, id, region, .. } = *target;
        return Ok(Ok(MatchIterator::none(pattern, text, scan.clone(), id, region)?.into_any()));
    }
    if core.scan.is_for_re(&core.set.set, target.id, target.region.to) {
        return Ok(Err(target.declined(Reason::Fallback)));
    }
    if errors::caught(|| core.set.set.tells_spans(target.id))? {
        target.serve();
        return Ok(Ok(MatchIterator::of(target, None)?.into_any()));
    }
    match ByCandidates::of(target)? {
        Some(candidates) => {
            target.count_fallback();
            Ok(Ok(MatchIterator::of(target, Some(candidates))?.into_any()))
        }
        None => Ok(Err(target.declined(Reason::Fallback))),
    }
}

/// The text of each match, or of its groups.
pub fn texts<'py>(target: &Target<'_, 'py>) -> PyResult<Served<'py>> {
    let py = target.py();
    if target.is_out(Anchor::Search) {
        return Ok(Ok(empty_list(py)?.into_any()));
    }
    let groups = target.pattern.get().group_count(py)?;
    let spans = match target.spans(usize::MAX, groups > 0)? {
        Ok(spans) => spans,
        Err(declined) => return Ok(Err(declined)),
    };
    let list = empty_list(py)?;
    let empty = PyString::new(py, "").into_any();
    for (number, span) in spans.into_iter().enumerate() {
        let found = || Match::of(target, Anchor::Search, Some(span));
        list.append(match groups {
            0 => target.slice(span.start(), span.end())?,
            1 => found()?.get().text(py, 1, &empty)?,
            _ => found()?.get().texts(&empty)?,
        })?;
        if number % BATCH == BATCH - 1 {
            py.check_signals()?;
        }
    }
    Ok(Ok(list.into_any()))
}
