//! Telling work on another thread that it is no longer wanted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Whether work is still wanted. Copies share one answer.
///
/// Our own loops check it every `STRETCH` (2²⁰) characters, the SIMD engine's scan whenever it has found
/// something and between its databases, its compiler at every allocation; a single search of an automaton
/// does not.
///
/// ```
/// use gatecore::Stop;
///
/// let stop = Stop::on_request();
/// let copy = stop.clone();
/// assert!(!copy.is_stopped());
/// stop.stop();
/// assert!(copy.is_stopped());
/// assert!(!Stop::never().is_stopped());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop(Option<Arc<AtomicBool>>);

/// Characters between two checks: a millisecond at most.
pub(crate) const STRETCH: usize = 1 << 20;

impl Stop {
    /// Work that is always wanted.
    pub fn never() -> Self {
        Stop(None)
    }

    /// Work that may be stopped.
    pub fn on_request() -> Self {
        Stop(Some(Arc::default()))
    }

    /// Tells the work to stop.
    pub fn stop(&self) {
        if let Some(flag) = &self.0 {
            flag.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it was told to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// The flag, for the engine's compiler, which runs on a thread of its own.
    #[cfg(feature = "simd")]
    pub(crate) fn shared(&self) -> Arc<AtomicBool> {
        self.0.clone().unwrap_or_default()
    }

    /// The flag, for the engine's callback.
    #[cfg(feature = "simd")]
    pub(crate) fn flag(&self) -> Option<&AtomicBool> {
        self.0.as_deref()
    }
}
