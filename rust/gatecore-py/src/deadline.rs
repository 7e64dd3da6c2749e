//! How long an answer may take: until Ctrl-C, and until a deadline if there is one.
//!
//! The engines cannot be interrupted: a search of an automaton of thousands of states over a million
//! characters takes a minute, a pass over 300 MB half of one. So what may take long runs on a thread of
//! its own, while the thread that asked waits and looks up now and then:
//!
//! ```text
//! the caller   ──▶ is it long? ──no──▶ does it itself
//!                     │ yes
//!                     ├─▶ a thread of ours: the work, which owns all that it uses
//!                     └─▶ waits; every 50 ms: signals? deadline? ──▶ "stop", and raises
//! ```
//!
//! Abandoned work is told to stop. Our own loops do at once, the engines' at the end of their search;
//! until then it is harmless: it holds its document and its set, no lock and no GIL, and an interpreter
//! that ends or forks does not wait for it. There is a limit to how much of it may be running
//! ([`most_abandoned`]); beyond that the next long question waits for its turn, so that deadlines cannot
//! pile up threads.
//!
//! Short questions never come here: a thread costs 30 µs, and one that is kept some 5.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use gatecore::{workers, Stop};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{self, DeadlineError};
use crate::gil::{is_closed, rest_at_the_end, ABANDONED};

/// Between two looks for signals. `re` answers Ctrl-C after a few milliseconds, people notice 200.
const LOOK: Duration = Duration::from_millis(50);

/// Until when answers are wanted: this many seconds from now, until it is cancelled, or both.
///
/// Args:
///     seconds: How many from now; if not given, only `cancel` ends it.
///
/// Raises:
///     ValueError: The seconds are negative or not a number.
///
/// >>> from gatecore import Deadline, PatternSet
/// >>> deadline = Deadline(2.5)
/// >>> PatternSet(["plain"]).scan("plain text", deadline=deadline).ids()
/// [0]
/// >>> deadline.cancel()
/// >>> deadline.is_over, deadline.remaining
/// (True, 0.0)
#[pyclass(frozen, module = "gatecore")]
pub struct Deadline {
    clock: Arc<Clock>,
}

#[derive(Debug)]
struct Clock {
    seconds: Option<f64>,
    at: Option<Instant>,
    cancelled: AtomicBool,
}

impl Clock {
    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn left(&self) -> Option<Duration> {
        if self.is_cancelled() {
            return Some(Duration::ZERO);
        }
        self.at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    fn is_over(&self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    fn error(&self) -> PyErr {
        DeadlineError::new_err(match self.seconds {
            Some(seconds) if !self.is_cancelled() => format!("the deadline of {seconds} s passed"),
            _ => "it was cancelled".to_owned(),
        })
    }
}

#[pymethods]
impl Deadline {
    #[new]
    #[pyo3(signature = (seconds=None))]
    fn new(seconds: Option<f64>) -> PyResult<Self> {
        let at = match seconds {
            None => None,
            Some(seconds) if seconds >= 0.0 => {
                // A time beyond the clock's end never comes.
                let long = Duration::try_from_secs_f64(seconds).ok();
                long.and_then(|long| Instant::now().checked_add(long))
            }
            Some(seconds) => {
                return Err(PyValueError::new_err(format!(
                    "a deadline is a number of seconds from now, 0 or more, not {seconds}"
                )))
            }
        };
        let cancelled = AtomicBool::new(false);
        Ok(Deadline { clock: Arc::new(Clock { seconds, at, cancelled }) })
    }

    /// Ends it now, from any thread: whoever waits for an answer gets `DeadlineError`.
    fn cancel(&self) {
        self.clock.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    #[getter]
    fn is_cancelled(&self) -> bool {
        self.clock.is_cancelled()
    }

    /// Whether it passed or was cancelled.
    #[getter]
    fn is_over(&self) -> bool {
        self.clock.is_over()
    }

    /// The seconds it was made with, `None` if only `cancel` ends it.
    #[getter]
    fn seconds(&self) -> Option<f64> {
        self.clock.seconds
    }

    /// The seconds that are left, `None` if only `cancel` ends it.
    #[getter]
    fn remaining(&self) -> Option<f64> {
        self.clock.left().map(|left| left.as_secs_f64())
    }

    /// Raises `DeadlineError` if it is over.
    fn check(&self) -> PyResult<()> {
        if self.clock.is_over() {
            return Err(self.clock.error());
        }
        Ok(())
    }

    fn __repr__(&self) -> String {
        let seconds = self.clock.seconds.map_or(String::new(), |seconds| seconds.to_string());
        let state = match self.clock.left() {
            None => "not cancelled".to_owned(),
            Some(_) if self.clock.is_cancelled() => "cancelled".to_owned(),
            Some(left) => format!("{:.3} s left", left.as_secs_f64()),
        };
        format!("<gatecore.Deadline({seconds}), {state}>")
    }
}

/// How long an answer may take.
#[derive(Clone, Debug, Default)]
pub struct Limit(Option<Arc<Clock>>);

impl Limit {
    /// Until a deadline, or as long as nobody presses Ctrl-C.
    pub fn of(deadline: Option<&Bound<'_, Deadline>>) -> Self {
        Limit(deadline.map(|deadline| Arc::clone(&deadline.get().clock)))
    }

    /// Whether there is a deadline.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Raises if the time is over. Nanoseconds without a deadline.
    #[inline]
    pub fn check(&self) -> PyResult<()> {
        match &self.0 {
            Some(clock) if clock.is_over() => Err(clock.error()),
            _ => Ok(()),
        }
    }

    /// Looks for signals and at the clock. To be called without the GIL.
    fn look(&self) -> PyResult<()> {
        rest_at_the_end();
        Python::attach(|py| py.check_signals())?;
        self.check()
    }

    fn until_next_look(&self) -> Duration {
        self.0.as_ref().and_then(|clock| clock.left()).map_or(LOOK, |left| left.min(LOOK))
    }
}

/// Characters times bytes of automata that take 20 ms at worst.
const WORTH_A_LOOK: usize = 1 << 26;

/// Looks up every 50 ms, for loops of ours that run without the GIL.
pub struct Looks<'a> {
    limit: &'a Limit,
    last: Instant,
    /// Characters times bytes of automata that were gone through since.
    done: usize,
}

impl<'a> Looks<'a> {
    pub fn new(limit: &'a Limit) -> Self {
        Looks { limit, last: Instant::now(), done: 0 }
    }

    /// As [`Looks::look`], once small questions have added up: a look at the clock takes 50 ns, and the
    /// gates ask a hundred small questions of a short document.
    #[inline]
    pub fn look_after(&mut self, work: usize) -> PyResult<()> {
        self.done = self.done.saturating_add(work);
        if self.done < WORTH_A_LOOK {
            return Ok(());
        }
        self.done = 0;
        self.look()
    }

    /// To be called once a microsecond or less often.
    pub fn look(&mut self) -> PyResult<()> {
        if self.last.elapsed() >= LOOK {
            self.last = Instant::now();
            return self.limit.look();
        }
        self.limit.check()
    }
}

/// Takes a lock that may be held for long.
pub fn lock<'a>(mutex: &'a Mutex<()>, limit: &Limit) -> PyResult<std::sync::MutexGuard<'a, ()>> {
    let mut pause = Duration::from_micros(50);
    let mut looks = Looks::new(limit);
    loop {
        match mutex.try_lock() {
            Ok(guard) => return Ok(guard),
            Err(std::sync::TryLockError::Poisoned(error)) => return Ok(error.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => {}
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(2));
        looks.look()?;
    }
}

/// How many abandoned questions may still be running before the next long one has to wait.
fn most_abandoned() -> usize {
    2 * thread::available_parallelism().map_or(2, usize::from)
}

const RUNNING: u8 = 0;
const DONE: u8 = 1;
const GIVEN_UP: u8 = 2;

fn take<T>(place: &Mutex<Option<T>>) -> Option<T> {
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Does long work while looking up. To be called without the GIL; `work` owns what it uses, as it may
/// be abandoned.
pub fn long<T: Send + 'static>(
    limit: &Limit,
    work: impl FnOnce(&Stop) -> T + Send + 'static,
) -> PyResult<T> {
    if is_closed() {
        return errors::caught(|| work(&Stop::never()));
    }
    limit.check()?;
    while ABANDONED.load(Ordering::Relaxed) >= most_abandoned() {
        thread::sleep(limit.until_next_look());
        limit.look()?;
    }
    let (stop, state) = (Stop::on_request(), Arc::new(AtomicU8::new(RUNNING)));
    let (sender, receiver) = sync_channel(1);
    // Where the machine refuses a thread the work is taken back.
    let work = Arc::new(Mutex::new(Some(work)));
    let job = {
        let (stop, state, work) = (stop.clone(), Arc::clone(&state), Arc::clone(&work));
        move || {
            let Some(work) = take(&work) else { return };
            let result = catch_unwind(AssertUnwindSafe(|| errors::caught(|| work(&stop))));
            let _ = sender.send(result);
            if state.swap(DONE, Ordering::Relaxed) == GIVEN_UP {
                ABANDONED.fetch_sub(1, Ordering::Relaxed);
            }
        }
    };
    if workers::give(Box::new(job)).is_err() {
        let work = take(&work).expect("no thread took it");
        return errors::caught(|| work(&Stop::never()));
    }
    loop {
        match receiver.recv_timeout(limit.until_next_look()) {
            Ok(Ok(result)) => return result,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(RecvTimeoutError::Disconnected) => unreachable!("the thread sends before it ends"),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Err(error) = limit.look() {
            stop.stop();
            ABANDONED.fetch_add(1, Ordering::Relaxed);
            if state.swap(GIVEN_UP, Ordering::Relaxed) == DONE {
                ABANDONED.fetch_sub(1, Ordering::Relaxed);
            }
            return Err(error);
        }
    }
}
