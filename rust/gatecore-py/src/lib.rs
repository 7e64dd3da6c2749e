//! The extension module `gatecore._gatecore`: converts, nothing else.
//!
//! Every class is frozen. Work that can take longer than a microsecond runs without the GIL
//! (`Python::detach`). Text crosses the boundary in `text.rs`, the one file that knows characters and
//! bytes; errors are turned into `gatecore.errors` in `errors.rs`.

mod errors;
mod gates;
mod scan;
mod set;
mod text;

/// Which passes this build can run here, the preferred one first.
#[pyo3::pyfunction]
fn engines() -> Vec<&'static str> {
    gatecore::Engine::available().iter().map(|engine| engine.name()).collect()
}

#[pyo3::pymodule(gil_used = false)]
mod _gatecore {
    #[pymodule_export]
    use super::engines;
    #[pymodule_export]
    use super::gates::CoreGates;
    #[pymodule_export]
    use super::scan::CoreScan;
    #[pymodule_export]
    use super::set::{maker, CoreSet};
}
