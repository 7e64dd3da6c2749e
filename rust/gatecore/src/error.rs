//! What can go wrong when a set is built or read. A scan of a document can only exceed a limit or be stopped.

/// A pattern set could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The lowered form breaks its own rules: a bug in whoever lowered it.
    #[error("the lowered form is malformed: {0}")]
    Malformed(&'static str),
    /// Gates break the rules of their JSON: a bug in whoever wrote it.
    #[error("the gates are malformed: {0}")]
    Gates(String),
    /// The SIMD pass was asked for and is not there.
    #[error("the SIMD pass is not available: {0}; use the backend \"portable\" or \"auto\"")]
    NoSimd(String),
    /// More patterns or larger ones than the engine takes.
    #[error("the set is too large for the engine: {0}; split it into several sets")]
    TooLarge(String),
    /// There was not enough memory.
    #[error("no memory is left to compile the set")]
    Memory,
    /// It was cancelled.
    #[error("compiling was cancelled")]
    Cancelled,
}

/// Bytes are not a pattern set that this build can use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes do not start as a stored set does.
    #[error("this is not a stored pattern set")]
    Foreign,
    /// A stored set of another version of gatecore, engine, processor or interpreter.
    #[error("the stored set was made by {found}, this is {expected}; compile it again")]
    OtherVersion {
        /// What the file says made it.
        found: String,
        /// What this process is.
        expected: String,
    },
    /// Cut short or changed.
    #[error("the stored set is damaged: {0}; compile it again")]
    Damaged(String),
}

/// A document could not be scanned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// Spans are of 32-bit numbers.
    #[error("a document of {0} characters is beyond the limit of 4294967295")]
    TooLarge(usize),
    /// The SIMD engine reported an unexpected status.
    #[error("the SIMD engine failed: {0}")]
    Engine(String),
    /// It was stopped.
    #[error("the scan was stopped")]
    Stopped,
}
