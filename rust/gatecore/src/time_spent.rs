//! What a thread's time went into: passes, automata, `re`. Measured only while somebody asks for it.
//!
//! For hosts whose Python asks thousands of questions: those that two words of memory answer are not timed, as
//! the clock would take longer than they do.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What time goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// Passes over texts, translation included.
    Pass,
    /// Automata that are asked about a pattern.
    Confirmation,
    /// Calls that `re` answers.
    Re,
}

/// Nanoseconds, in the order of [`Spent`].
pub type Times = [u64; 3];

/// How many want it measured.
static WANTED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OF_THREAD: [Cell<u64>; 3] = const { [const { Cell::new(0) }; 3] };
}

/// Measures until it is dropped, on all threads.
#[derive(Debug)]
#[must_use]
pub struct Measuring(());

impl Measuring {
    /// Begins.
    pub fn begin() -> Self {
        WANTED.fetch_add(1, Ordering::Relaxed);
        Measuring(())
    }
}

impl Drop for Measuring {
    fn drop(&mut self) {
        WANTED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the calling thread's time went into since it began, as far as it was measured.
pub fn of_thread() -> Times {
    OF_THREAD.with(|times| std::array::from_fn(|place| times[place].get()))
}

/// Does work, and measures it if that is wanted. What is measured within it is not counted twice.
#[inline]
pub fn timed<T>(spent: Spent, work: impl FnOnce() -> T) -> T {
    if WANTED.load(Ordering::Relaxed) == 0 {
        return work();
    }
    measured(spent, work)
}

#[cold]
fn measured<T>(spent: Spent, work: impl FnOnce() -> T) -> T {
    let (before, since) = (of_thread().iter().sum::<u64>(), Instant::now());
    let done = work();
    let took = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let within = of_thread().iter().sum::<u64>() - before;
    OF_THREAD.with(|times| {
        let time = &times[spent as usize];
        time.set(time.get() + took.saturating_sub(within));
    });
    done
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_is_counted_once_and_only_while_it_is_wanted() {
        let short = Duration::from_millis(2);
        timed(Spent::Re, || sleep(short));
        assert_eq!(of_thread(), [0; 3]);
        let measuring = Measuring::begin();
        let since = Instant::now();
        timed(Spent::Confirmation, || {
            sleep(short);
            timed(Spent::Pass, || sleep(2 * short));
        });
        let wall = since.elapsed().as_nanos() as u64;
        drop(measuring);
        let [pass, confirmation, re] = of_thread();
        assert!(pass >= 4_000_000 && confirmation >= 2_000_000 && re == 0);
        assert!(pass + confirmation <= wall, "what is within is not counted twice");
        timed(Spent::Pass, || sleep(short));
        assert_eq!(of_thread(), [pass, confirmation, 0]);
    }
}
