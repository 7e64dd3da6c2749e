//! How much of its stack a thread has left.
//!
//! The interpreter counts frames, a thousand by default, whatever the stack. Ours are larger than `re`'s,
//! so a replacement that replaces in turn may come to the end of a thread's stack before they are counted:
//! 1 MB is enough for `re` and was not for us. Before that happens it is told to stop.

/// Bytes that a call into Python code and back may need.
const ENOUGH: usize = 96 << 10;

/// Whether the calling thread's stack is about to end. `false` where that cannot be known.
pub fn is_low() -> bool {
    let here = 0_u8;
    match lowest() {
        Some(lowest) => (&raw const here as usize).saturating_sub(lowest) < ENOUGH,
        None => false,
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn lowest() -> Option<usize> {
    use std::cell::Cell;

    thread_local! {
        /// 0 as long as it was not asked, 1 if it cannot be known.
        static LOWEST: Cell<usize> = const { Cell::new(0) };
    }
    LOWEST.with(|known| {
        if known.get() == 0 {
            known.set(pthread::lowest().unwrap_or(1));
        }
        (known.get() > 1).then_some(known.get())
    })
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn lowest() -> Option<usize> {
    None
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod pthread {
    use std::ffi::{c_int, c_ulong, c_void};
    use std::ptr;

    /// `pthread_attr_t`: 56 bytes in glibc and musl on 64-bit machines, 64 on some.
    #[repr(C, align(16))]
    struct Attributes([u64; 16]);

    extern "C" {
        fn pthread_self() -> c_ulong;
        fn pthread_getattr_np(thread: c_ulong, attributes: *mut Attributes) -> c_int;
        fn pthread_attr_getstack(
            attributes: *const Attributes,
            address: *mut *mut c_void,
            size: *mut usize,
        ) -> c_int;
        fn pthread_attr_destroy(attributes: *mut Attributes) -> c_int;
    }

    /// The lowest address of the calling thread's stack.
    pub fn lowest() -> Option<usize> {
        let mut attributes = Attributes([0; 16]);
        // SAFETY: it takes nothing and cannot fail.
        let thread = unsafe { pthread_self() };
        // SAFETY: the thread is the calling one, and the attributes are ours and large enough.
        if unsafe { pthread_getattr_np(thread, &mut attributes) } != 0 {
            return None;
        }
        let (mut address, mut size) = (ptr::null_mut(), 0);
        // SAFETY: the attributes were just filled, and both places are ours.
        let failed = unsafe { pthread_attr_getstack(&attributes, &mut address, &mut size) } != 0;
        // SAFETY: they were filled and are not used any more.
        unsafe { pthread_attr_destroy(&mut attributes) };
        (!failed && size > 0).then_some(address as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth_until_low(depth: usize) -> usize {
        let space = std::hint::black_box([depth; 128]);
        if is_low() || depth > 1 << 20 {
            return depth;
        }
        depth_until_low(depth + 1) + usize::from(space[0] != depth)
    }

    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn a_stack_is_low_before_it_ends() {
        let small = std::thread::Builder::new().stack_size(512 << 10);
        let depth = small.spawn(|| depth_until_low(0)).unwrap().join().unwrap();
        assert!((100..450).contains(&depth), "{depth}");
    }
}
