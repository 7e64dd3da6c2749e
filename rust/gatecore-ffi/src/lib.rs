//! Everything that crosses a C interface, behind safe ones. This is the only crate of gatecore with
//! `unsafe` code, so that there is one place to look at.
//!
//! - [`hyperscan`], for the core: which of many expressions occur in these bytes?
//! - [`cpython`], for the binding: what it needs of CPython's C interface and PyO3 does not give.
//! - [`lookup`], for the core: a table looked up for 32 bytes at once, which takes the processor's own
//!   instructions.
//!
//! The first two are cargo features, as the core knows nothing of Python.

#[cfg(feature = "cpython")]
pub mod cpython;
#[cfg(feature = "hyperscan")]
pub mod hyperscan;
pub mod lookup;
