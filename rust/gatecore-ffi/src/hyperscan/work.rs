//! Compiling with a budget of work, and with somebody who may stop it.
//!
//! The engine's compiler can take minutes for a few hundred bytes of expression. What it has done is
//! counted in allocations (`cpp/work.cc` says why these), so that a budget means the same everywhere:
//! a million takes about 0.2 s.

use std::hint::black_box;
use std::ptr;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Once};
use std::thread;

use super::{ffi, Error};

/// As `Work` in `cpp/work.cc`.
#[repr(C)]
pub(crate) struct Work {
    left: u64,
    cancelled: *const u8,
    stopped: u8,
    lost: extern "C" fn(*mut Work),
}

const SPENT: u8 = 1;
const CANCELLED: u8 = 2;
const NO_MEMORY: u8 = 3;

/// Bytes that have to be there for a thread: see `gatecore::memory::is_room_for_a_thread`.
const ROOM: usize = 34 << 20;

/// What a piece of work came to, and the allocations that it made.
type Outcome<T> = (Result<T, Error>, u64);

/// Does a job of the engine on a thread of its own, with at most `budget` allocations and until
/// `cancelled` is set.
///
/// Returns what it made and how many it took.
///
/// # Errors
/// The job's own, [`Error::Budget`], [`Error::Cancelled`] or [`Error::Memory`].
pub(crate) fn within<T: Send + 'static>(
    budget: u64,
    cancelled: &Arc<AtomicBool>,
    job: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Outcome<T> {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        // SAFETY: it only sets the handler of std::terminate, once.
        unsafe { ffi::gatecore_work_prepare() };
    });
    let (sender, receiver) = mpsc::channel();
    let cancelled = Arc::clone(cancelled);
    let named = thread::Builder::new().name("gatecore compile".to_owned());
    // A lost thread keeps its own sender, so the receiver never sees the channel closed early.
    // What a new thread does first cannot fail, so there has to be room for it.
    let mut room: Vec<u8> = Vec::new();
    let is_room = room.try_reserve_exact(ROOM).is_ok();
    drop(black_box(room)); // a list that nobody sees might be left out
    if !is_room {
        return (Err(Error::Memory), 0);
    }
    let spawned = named.spawn(move || {
        let outcome = on_this_thread(budget, &cancelled, &sender, job);
        let _ = sender.send(outcome);
    });
    if spawned.is_err() {
        return (Err(Error::Memory), 0);
    }
    receiver.recv().unwrap_or((Err(Error::Memory), budget))
}

/// What is counted, and who is told if the thread is lost.
#[repr(C)]
struct Counted<T> {
    /// First, so that a pointer to it is one to the whole.
    work: Work,
    budget: u64,
    sender: *const Sender<Outcome<T>>,
}

fn on_this_thread<T>(
    budget: u64,
    cancelled: &AtomicBool,
    sender: &Sender<Outcome<T>>,
    job: impl FnOnce() -> Result<T, Error>,
) -> Outcome<T> {
    let cancelled = cancelled.as_ptr().cast_const().cast();
    let work = Work { left: budget, cancelled, stopped: 0, lost: report_and_sleep::<T> };
    let mut counted = Counted { work, budget, sender };
    let pointer = &raw mut counted;
    // SAFETY: `counted`, and what it points to, outlives the job: counting ends below, on this thread.
    unsafe { ffi::gatecore_work_on(pointer.cast()) };
    let made = job();
    // SAFETY: a null pointer ends the counting.
    unsafe { ffi::gatecore_work_on(ptr::null_mut()) };
    let Work { left, stopped, .. } = counted.work;
    (made.map_err(|error| why(stopped).unwrap_or(error)), budget - left)
}

/// Why work was stopped from here, if it was.
fn why(stopped: u8) -> Option<Error> {
    match stopped {
        SPENT => Some(Error::Budget),
        CANCELLED => Some(Error::Cancelled),
        NO_MEMORY => Some(Error::Memory),
        _ => None,
    }
}

/// Called where a job can be neither finished nor unwound. Its memory stays with the thread.
extern "C" fn report_and_sleep<T>(work: *mut Work) {
    // SAFETY: `work` is the first field of the `Counted` that this thread counts on, which is alive as
    // its job never returns.
    let counted = unsafe { &*work.cast::<Counted<T>>() };
    // SAFETY: the closure that owns the sender never returns either.
    let sender = unsafe { &*counted.sender };
    let error = why(counted.work.stopped).unwrap_or(Error::Memory);
    let _ = sender.send((Err(error), counted.budget - counted.work.left));
    loop {
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::super::Database;
    use super::*;

    /// Expressions that take the compiler some 100,000 allocations, in many of its parts.
    const EXPRESSIONS: [&str; 4] =
        ["foo[^q]*bar", "(?:a|b.{0,30}){7}", "[a-f]+[0-9]{1,9}[b-z]+x", r"\bup to [0-9]{1,3}x?\b"];

    fn compile(budget: u64, cancelled: &Arc<AtomicBool>) -> Outcome<Database> {
        Database::compile_within(&EXPRESSIONS, budget, cancelled)
    }

    #[test]
    fn work_is_the_same_each_time() {
        let taken = [(); 3].map(|()| compile(u64::MAX, &Arc::default()).1);
        assert!(taken[0] > 10_000, "{taken:?}");
        assert_eq!(taken, [taken[0]; 3]);
    }

    /// Wherever it stops, the process goes on, and so does the engine.
    #[test]
    fn a_budget_stops_it_anywhere() {
        let (made, whole) = compile(u64::MAX, &Arc::default());
        made.unwrap();
        let mut budget = 0;
        while budget < whole {
            let (made, spent) = compile(budget, &Arc::default());
            assert_eq!(made.unwrap_err(), Error::Budget, "with {budget} of {whole}");
            assert_eq!(spent, budget);
            budget += 1 + whole / 150;
        }
        let (made, spent) = compile(whole, &Arc::default());
        assert!(made.is_ok());
        assert_eq!(spent, whole);
    }

    #[test]
    fn what_is_cancelled_is_not_made() {
        let cancelled = Arc::new(AtomicBool::new(true));
        assert_eq!(compile(u64::MAX, &cancelled).0.unwrap_err(), Error::Cancelled);
    }
}
