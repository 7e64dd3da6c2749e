//! Stopping work that another thread does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Says to work that is going on elsewhere that nobody wants it any more.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Stops all work that was given this, within some milliseconds.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`Cancel::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for an engine that looks at it.
    #[cfg(feature = "simd")]
    pub(crate) fn flag(&self) -> &Arc<AtomicBool> {
        &self.0
    }
}
