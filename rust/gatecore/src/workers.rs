//! Threads that do long work, kept for the next piece of it.
//!
//! A thread costs 30 µs to start, and a document of 200,000 characters is asked hundreds of long
//! questions of 20 µs each: started anew for each they took four times as long. So a thread that is
//! done waits for more, at first awake, as the next question mostly comes at once, then asleep, and
//! ends after a second without any.

use std::hint::spin_loop;
use std::num::NonZero;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::memory::{self, NoMemory};

/// A pattern's automaton is built by recursion over its form.
const STACK: usize = 8 << 20;

/// A thread's of [`side_by_side`]: Rust's default.
const SMALL_STACK: usize = 2 << 20;

/// How long somebody stays awake for what is about to come: less than being woken costs.
const AWAKE: Duration = Duration::from_micros(20);

/// How long a thread without work is kept.
const KEPT: Duration = Duration::from_secs(1);

/// Most threads that are kept without work.
const MOST_KEPT: usize = 8;

/// A piece of work.
pub type Job = Box<dyn FnOnce() + Send>;

/// One thread's letter box.
struct Desk {
    job: Mutex<Option<Job>>,
    thread: Thread,
}

/// Those without work.
static IDLE: Mutex<Vec<Arc<Desk>>> = Mutex::new(Vec::new());

/// Whether a fork left the list locked by a thread that the child does not have.
static IS_LOST: AtomicBool = AtomicBool::new(false);

/// Gives work to a thread; hands it back where the machine refuses one. 2 µs if a thread is awake.
pub fn give(job: Job) -> Result<(), Job> {
    let idle = if IS_LOST.load(Ordering::Relaxed) { None } else { idle().pop() };
    let Some(desk) = idle else { return start(job) };
    *lock(&desk.job) = Some(job);
    desk.thread.unpark();
    Ok(())
}

/// Forgets the threads of the parent. To be called in a forked child, before it gives any work.
pub fn forget() {
    match IDLE.try_lock() {
        Ok(mut idle) => idle.clear(),
        Err(_) => IS_LOST.store(true, Ordering::Relaxed),
    }
}

fn start(job: Job) -> Result<(), Job> {
    if !memory::is_room_for_a_thread() {
        return Err(job);
    }
    // Where no thread is to be had the work is taken back.
    let first = Arc::new(Mutex::new(Some(job)));
    let taken = Arc::clone(&first);
    let thread = thread::Builder::new().name("gatecore".to_owned()).stack_size(STACK);
    let started = thread.spawn(move || {
        let job = lock(&taken).take();
        drop(taken);
        if let Some(job) = job {
            work(job);
        }
    });
    match started {
        Ok(_) => Ok(()),
        Err(_) => Err(lock(&first).take().expect("no thread took it")),
    }
}

/// What a thread does until it is not needed.
fn work(mut job: Job) {
    let desk = Arc::new(Desk { job: Mutex::new(None), thread: thread::current() });
    loop {
        let _ = catch_unwind(AssertUnwindSafe(job));
        if !is_kept(&desk) {
            return;
        }
        job = match next(&desk) {
            Some(job) => job,
            None => return,
        };
    }
}

fn is_kept(desk: &Arc<Desk>) -> bool {
    if IS_LOST.load(Ordering::Relaxed) {
        return false;
    }
    let mut idle = idle();
    if idle.len() >= MOST_KEPT {
        return false;
    }
    idle.push(Arc::clone(desk));
    true
}

/// Waits for work; `None` when the thread is to end.
fn next(desk: &Arc<Desk>) -> Option<Job> {
    let since = Instant::now();
    loop {
        if let Some(job) = lock(&desk.job).take() {
            return Some(job);
        }
        let waited = since.elapsed();
        if waited < AWAKE {
            for _ in 0..32 {
                spin_loop();
            }
        } else if waited < KEPT {
            thread::park_timeout(KEPT - waited);
        } else {
            let mut idle = idle();
            if let Some(at) = idle.iter().position(|other| Arc::ptr_eq(other, desk)) {
                idle.swap_remove(at);
                return None;
            }
            // Somebody took the desk just now, and the work is on its way.
            drop(idle);
            thread::yield_now();
        }
    }
}

fn idle() -> MutexGuard<'static, Vec<Arc<Desk>>> {
    lock(&IDLE)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does a job for each item on as many threads as there are processors; the first error wins.
pub(crate) fn side_by_side<I: Sync, T: Send + Sync, E: Send + Sync>(
    items: &[I],
    job: impl Fn(&I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if threads < 2 {
        return items.iter().map(job).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Vec<OnceLock<Result<Result<T, E>, NoMemory>>> =
        items.iter().map(|_| OnceLock::new()).collect();
    let work = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(item) = items.get(number) else { break };
        let _ = done[number].set(memory::caught(|| job(item)));
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Without other threads this one does it all.
            if !memory::is_room_for_a_thread() {
                break;
            }
            let _ = thread::Builder::new().stack_size(SMALL_STACK).spawn_scoped(scope, work);
        }
        work();
    });
    let done = done.into_iter().map(|result| result.into_inner().expect("every job was done"));
    done.map(|result| result.unwrap_or_else(|NoMemory| memory::exhausted())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::sync::mpsc::channel;

    #[test]
    fn work_is_done_by_threads_that_are_kept() {
        let (sender, receiver) = channel();
        let mut threads = HashSet::new();
        for number in 0..1_000 {
            let sender = sender.clone();
            let job = move || sender.send((number, thread::current().id())).unwrap();
            assert!(give(Box::new(job)).is_ok());
            let (got, thread) = receiver.recv().unwrap();
            assert_eq!(got, number);
            threads.insert(thread);
        }
        assert!(threads.len() < 500, "{} threads did 1,000 pieces of work", threads.len());
    }

    #[test]
    fn a_panic_costs_nobody_the_thread() {
        let (sender, receiver) = channel();
        assert!(give(Box::new(|| panic!("meant"))).is_ok());
        assert!(give(Box::new(move || sender.send(1).unwrap())).is_ok());
        assert_eq!(receiver.recv().unwrap(), 1);
    }
}
