//! The extension module `gatecore._gatecore`: converts, nothing else.
//!
//! Every class is frozen. Work that can take longer than a microsecond runs without the GIL, through
//! `gil.rs`. Documents cross the boundary in `text.rs`; errors
//! become those of `gatecore.errors` in `errors.rs`.
//!
//! A file uses only files above it; held by `tests/meta/test_binding.py`, and [`re`] has the files of that
//! folder:
//!
//! ```text
//! imports · errors       what Python modules have; what is raised
//! gil                    the one way out of the GIL
//! deadline               deadlines, Ctrl-C, long work on a thread of its own
//! text · lowercase       characters; offsets in `lower()`
//! scan · document_class  one document (above them: re/pattern, re/stats)
//! re/…                   functions and objects of `re`
//! scan_methods · many · set   a document, many and a set, as Python asks them
//! gates                  gates over sets
//! cache                  answers kept in memory, and their keys
//! packed                 outcomes of many validations, counted
//! time_spent             what threads' time goes into
//! ```

mod cache;
mod deadline;
mod document_class;
mod errors;
mod gates;
mod gil;
mod imports;
mod lowercase;
mod many;
mod packed;
mod re;
mod scan;
mod scan_methods;
mod set;
mod text;
mod time_spent;

#[global_allocator]
static ALLOCATOR: gatecore_ffi::cpython::reserve::Allocator =
    gatecore_ffi::cpython::reserve::Allocator;

/// Which passes this build can run here, the preferred one first.
///
/// >>> from gatecore import backends
/// >>> backends()[-1]
/// 'portable'
#[pyo3::pyfunction]
fn backends() -> Vec<&'static str> {
    gatecore::Backend::available().iter().map(|backend| backend.name()).collect()
}

#[pyo3::pymodule(gil_used = false)]
mod _gatecore {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.getattr("backends")?.setattr("__module__", "gatecore")?;
        super::gil::watch(module)
    }

    #[pymodule_export]
    use super::backends;
    #[pymodule_export]
    use super::cache::{cache_key, CacheHold, CoreCache};
    #[pymodule_export]
    use super::deadline::Deadline;
    #[pymodule_export]
    use super::document_class::register_document;
    #[pymodule_export]
    use super::gates::CoreGates;
    #[pymodule_export]
    use super::lowercase::LowercaseOffsets;
    #[pymodule_export]
    use super::packed::count_numbers;
    #[pymodule_export]
    use super::re::document::DocumentMethods;
    #[pymodule_export]
    use super::re::functions::{
        compile, compile_served, findall, finditer, fullmatch, pattern_object, purge, r#match,
        reasons, replace_keys, reset_stats, search, split, stats, sub, subn, thread_counts, totals,
    };
    #[pymodule_export]
    use super::re::iterator::MatchIterator;
    #[pymodule_export]
    use super::re::matched::Match;
    #[pymodule_export]
    use super::re::pattern::CompiledPattern;
    #[pymodule_export]
    use super::re::replay::CoreReplay;
    #[pymodule_export]
    use super::re::texts::{gain_of, lend_scan};
    #[pymodule_export]
    use super::scan::CoreScan;
    #[pymodule_export]
    use super::set::{maker, CoreSet, Databases};
    #[pymodule_export]
    use super::time_spent::TimeSpent;
}
