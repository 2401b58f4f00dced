//! So many threads, created once, so many requests that wait for one, and no more.
//!
//! ```text
//! request ──┬── a thread is idle ────▶ the one that was busy last: its caches are warm
//!           ├── the queue has room ──▶ waits its turn
//!           └── neither ─────────────▶ 503 wsgi.busy
//! ```
//!
//! A thread keeps its state in Python for life, or whatever an app keeps for each thread (Django's database
//! connections) would be made anew for each request. It lets go of Python's lock only to wait.

use std::{
    collections::VecDeque,
    io, mem,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use pyo3::Python;

use super::work::Job;

/// What a thread of C's own gets: Python's parsers and pickles recurse in C.
const STACK: usize = 8 << 20;

/// The threads; they end when it is dropped and they are idle.
pub(in crate::wsgi) struct Threads {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// One for each thread.
    bells: Vec<Condvar>,
    max_waiting: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    idle: Vec<usize>,
    /// A job for a thread that was idle.
    given: Vec<Option<Job>>,
    over: bool,
}

impl Threads {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(in crate::wsgi) fn start(count: usize, max_waiting: usize) -> io::Result<Self> {
        let mut state = State::default();
        state.given.resize_with(count, || None);
        let bells = (0..count).map(|_| Condvar::new()).collect();
        let this = Self { shared: Arc::new(Shared { state: Mutex::new(state), bells, max_waiting }) };
        for number in 0..count {
            let shared = this.shared.clone();
            let thread = thread::Builder::new().name(format!("wsgi-{number}")).stack_size(STACK);
            thread.spawn(move || work(&shared, number))?;
        }
        Ok(this)
    }

    /// Gives a job to a thread, or to the queue; whether there was a place.
    pub(in crate::wsgi) fn submit(&self, job: Job) -> bool {
        let mut state = self.shared.state();
        if let Some(number) = state.idle.pop() {
            state.given[number] = Some(job);
            drop(state);
            self.shared.bells[number].notify_one();
            return true;
        }
        if state.waiting.len() >= self.shared.max_waiting {
            // Of those who have left, none needs its place.
            state.waiting.retain(|job| !job.is_abandoned());
            if state.waiting.len() >= self.shared.max_waiting {
                return false;
            }
        }
        state.waiting.push_back(job);
        true
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.state().over = true;
        for bell in &self.shared.bells {
            bell.notify_one();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job for a thread; `None` when there will be none.
    fn next(&self, number: usize) -> Option<Job> {
        let mut state = self.state();
        if let Some(job) = state.waiting.pop_front() {
            return Some(job);
        }
        state.idle.push(number);
        loop {
            if let Some(job) = mem::take(&mut state.given[number]) {
                return Some(job);
            }
            if state.over {
                return None;
            }
            state = self.bells[number].wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn work(shared: &Shared, number: usize) {
    Python::attach(|py| {
        while let Some(job) = py.detach(|| shared.next(number)) {
            // Whoever waits finds that nobody answers; the thread is the next one's.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| job.run(py)));
        }
    });
}
