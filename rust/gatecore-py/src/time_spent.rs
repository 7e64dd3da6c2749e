//! `TimeSpent`: what threads' time goes into, for whoever profiles a host.

use std::sync::{Mutex, PoisonError};

use gatecore::time_spent::{self, Measuring, Times};
use pyo3::prelude::*;

/// While it is open, it is measured what the time of threads goes into.
#[pyclass(frozen, module = "gatecore._gatecore")]
pub struct TimeSpent(Mutex<Option<Measuring>>);

#[pymethods]
impl TimeSpent {
    #[new]
    fn new() -> Self {
        TimeSpent(Mutex::new(Some(Measuring::begin())))
    }

    /// What the calling thread's time went into, in nanoseconds since it began: passes over texts, automata,
    /// `re`.
    fn of_thread(&self) -> Times {
        time_spent::of_thread()
    }

    /// Ends it.
    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
