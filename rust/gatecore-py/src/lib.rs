//! The extension module `gatecore._gatecore`: converts, nothing else.
//!
//! Every class is frozen. Work that can take longer than a microsecond runs without the GIL, through
//! `door.rs`. Text crosses the boundary in `text.rs`, the one file that knows characters and
//! bytes; errors are turned into `gatecore.errors` in `errors.rs`.

mod compiled;
mod document;
mod door;
mod drop_in;
mod errors;
mod gates;
mod limit;
mod matched;
mod scan;
mod serve;
mod set;
mod stats;
mod text;

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
        super::door::watch(module)
    }

    #[pymodule_export]
    use super::backends;
    #[pymodule_export]
    use super::compiled::CompiledPattern;
    #[pymodule_export]
    use super::document::DocumentMethods;
    #[pymodule_export]
    use super::drop_in::{
        compile, findall, finditer, fullmatch, pattern_object, purge, r#match, reasons,
        reset_stats, search, split, stats, sub, subn, thread_counts,
    };
    #[pymodule_export]
    use super::gates::CoreGates;
    #[pymodule_export]
    use super::limit::Deadline;
    #[pymodule_export]
    use super::matched::{Match, MatchIterator};
    #[pymodule_export]
    use super::scan::CoreScan;
    #[pymodule_export]
    use super::serve::register_document;
    #[pymodule_export]
    use super::set::{maker, CoreSet, Databases};
}
