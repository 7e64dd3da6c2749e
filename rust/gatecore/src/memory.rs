//! Running out of memory as an answer, where Rust's own collections end the process.
//!
//! What grows with a document or a set is allocated by the functions here. Where there is not enough memory they
//! unwind with [`NoMemory`], past loops that have nothing to say about it, up to [`caught`], which the
//! binding puts around every question and which turns it into an ordinary error. (It is what `-Z oom=panic`
//! will do for all allocations once it is stable. A result through every loop was tried on paper: eleven
//! signatures, and it does not reach the libraries' own allocations either.)
//!
//! Allocations of a few kilobytes, and those inside the automata libraries, cannot be caught. Before such
//! work [`headroom`] asks for more than it will take and gives it back: at the edge of a limit the answer
//! is then an error as well, unless another thread takes that memory in between.

use std::fmt;
use std::hint::black_box;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

/// There was not enough memory for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

impl fmt::Display for NoMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not enough memory")
    }
}

impl std::error::Error for NoMemory {}

/// Does work, or tells that memory was not enough for it. Takes nanoseconds.
///
/// ```
/// use gatecore::memory::{caught, with_capacity, NoMemory};
///
/// assert_eq!(caught(|| with_capacity::<u8>(10).len()), Ok(0));
/// assert_eq!(caught(|| with_capacity::<u64>(usize::MAX / 16).len()), Err(NoMemory));
/// ```
///
/// # Errors
/// [`NoMemory`].
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, NoMemory> {
    // Nothing that others see is left half done: what is kept is set when it is complete.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| match payload.downcast::<NoMemory>() {
        Ok(_) => NoMemory,
        Err(other) => resume_unwind(other),
    })
}

/// Ends the work in progress, up to [`caught`]. No message is printed.
#[cold]
pub fn exhausted() -> ! {
    resume_unwind(Box::new(NoMemory))
}

/// Makes sure that this many bytes are available, for work that cannot report that they are not. The
/// memory is not touched: two system calls, 3 µs, from 128 KB on.
pub fn headroom(bytes: usize) {
    drop(black_box(with_capacity::<u8>(bytes))); // or the compiler might leave the unused list out
}

/// Whether there is room for another thread, whose first allocations end the process where they fail.
///
/// glibc takes what is larger than 32 MB from the system, whatever its heap has free. So does a thread
/// for which it cannot make a heap (64 MB of addresses): it cannot use what is free in the others'.
pub fn is_room_for_a_thread() -> bool {
    caught(|| headroom(THREAD)).is_ok()
}

const THREAD: usize = 34 << 20;

/// An empty list with room for this many.
pub fn with_capacity<T>(count: usize) -> Vec<T> {
    let mut list = Vec::new();
    reserve(&mut list, count);
    list
}

/// Makes room for exactly this many more.
pub fn reserve<T>(list: &mut Vec<T>, more: usize) {
    if list.try_reserve_exact(more).is_err() {
        exhausted();
    }
}

/// Adds one; the list doubles when it is full.
#[inline]
pub fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() && list.try_reserve(1).is_err() {
        exhausted();
    }
    list.push(item);
}

/// Adds copies of some; the list doubles when it is full.
pub fn extend<T: Copy>(list: &mut Vec<T>, items: &[T]) {
    if list.try_reserve(items.len()).is_err() {
        exhausted();
    }
    list.extend_from_slice(items);
}

/// Adds all of another list.
pub fn append<T>(list: &mut Vec<T>, other: &mut Vec<T>) {
    if list.is_empty() {
        std::mem::swap(list, other); // there may be no room for two copies of a long list
        return;
    }
    if list.try_reserve(other.len()).is_err() {
        exhausted();
    }
    list.append(other);
}

/// A list of what an iterator of known length gives.
pub fn collected<T>(items: impl ExactSizeIterator<Item = T>) -> Vec<T> {
    let mut list = with_capacity(items.len());
    list.extend(items);
    list
}

/// A copy.
pub fn copied<T: Copy>(items: &[T]) -> Vec<T> {
    let mut list = with_capacity(items.len());
    list.extend_from_slice(items);
    list
}

/// A list of bytes to which a serializer writes.
#[derive(Debug, Default)]
pub struct Writer(pub Vec<u8>);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.try_reserve(bytes.len()).is_err() {
            exhausted();
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_an_error_and_not_the_end() {
        let too_much = || black_box(with_capacity::<u64>(usize::MAX / 16)).len();
        assert_eq!(caught(too_much), Err(NoMemory));
        assert_eq!(caught(|| headroom(usize::MAX / 2)), Err(NoMemory));
        assert_eq!(caught(|| collected([1, 2].iter().copied())), Ok(vec![1, 2]));
    }

    #[test]
    fn other_panics_are_not_taken_for_it() {
        let other = catch_unwind(|| caught(|| resume_unwind(Box::new(7))));
        assert_eq!(other.unwrap_err().downcast_ref::<i32>(), Some(&7));
    }

    #[test]
    fn lists_grow() {
        let mut list = Vec::new();
        (0..100).for_each(|number| push(&mut list, number));
        append(&mut list, &mut vec![100]);
        assert_eq!(list, (0..=100).collect::<Vec<_>>());
    }
}
