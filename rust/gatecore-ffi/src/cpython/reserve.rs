//! An allocator that keeps a reserve for small allocations.
//!
//! Rust ends the process when an allocation fails that does not ask whether it may, and the small ones of
//! libraries never ask: the cache of an automaton, the object of an error. When memory runs out the reserve
//! is given back, which serves such allocations until the question at hand is done; the next one finds the
//! reserve gone ([`is_there`]) and is refused. What is large is allocated by those who ask
//! (`gatecore::memory`).

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Bytes of the reserve. They are never touched, so they take addresses and no memory.
const SIZE: usize = 1 << 20;

/// Larger allocations are never served from the reserve.
const SMALL: usize = SIZE / 8;

static RESERVE: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

fn layout() -> Layout {
    Layout::new::<[u8; SIZE]>()
}

/// Whether the reserve is there, or could be had again.
#[inline]
pub fn is_there() -> bool {
    !RESERVE.load(Ordering::Relaxed).is_null() || restock()
}

#[cold]
fn restock() -> bool {
    // SAFETY: the layout is not of size zero.
    let new = unsafe { System.alloc(layout()) };
    let empty = ptr::null_mut();
    if RESERVE.compare_exchange(empty, new, Ordering::AcqRel, Ordering::Relaxed).is_err() {
        give_back(new); // another thread was faster
        return true;
    }
    !new.is_null()
}

fn give_back(reserve: *mut u8) {
    if !reserve.is_null() {
        // SAFETY: it was allocated by `restock` with this layout, and whoever calls has taken it.
        unsafe { System.dealloc(reserve, layout()) };
    }
}

/// The system's allocator with the reserve behind it.
pub struct Allocator;

/// Tries again without the reserve what failed for want of little memory.
#[inline]
fn or_from_reserve(first: *mut u8, size: usize, again: impl FnOnce() -> *mut u8) -> *mut u8 {
    if !first.is_null() || size > SMALL {
        return first;
    }
    give_back(RESERVE.swap(ptr::null_mut(), Ordering::AcqRel));
    again()
}

// SAFETY: all is done by the system's allocator, with the arguments as they came.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller guarantees; the same holds below.
        let alloc = || unsafe { System.alloc(layout) };
        or_from_reserve(alloc(), layout.size(), alloc)
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above.
        let alloc = || unsafe { System.alloc_zeroed(layout) };
        or_from_reserve(alloc(), layout.size(), alloc)
    }

    #[inline]
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: see above; a failed call leaves the old block as it was.
        let realloc = || unsafe { System.realloc(old, layout, size) };
        or_from_reserve(realloc(), size, realloc)
    }

    #[inline]
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: see above.
        unsafe { System.dealloc(old, layout) };
    }
}
