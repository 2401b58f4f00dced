//! [`HashPool`]: passwords are hashed on threads of their own, so many at once, and so many may wait.
//!
//! ```text
//! run(work) ──▶ queue (bounded) ──▶ cores − 1 threads ──▶ the answer
//!          └──▶ Busy, when the queue is full: 503 with Retry-After
//! ```
//!
//! 1. Threads of the standard library, so that any runtime will do; started when they are first needed.
//! 2. A caller that went away leaves its work in the queue, where it is skipped, and makes room when the queue is full.
//! 3. A panic in a hashing crate is caught; the thread lives on.

use std::{
    collections::VecDeque,
    fmt,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

use tokio::sync::oneshot;

/// Threads that hash passwords. Cheap to clone; the threads end with the last clone. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct HashPool(Arc<Handle>);

#[derive(Debug)]
struct Handle(Arc<Shared>);

struct Shared {
    threads: usize,
    waiting: usize,
    queue: Mutex<Queue>,
    ready: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Box<dyn Job>>,
    started: usize,
    idle: usize,
    is_closed: bool,
}

impl HashPool {
    /// The pool that all Basic links of this process share: one thread less than there are cores, at least one,
    /// and 64 waiting for each.
    pub fn shared() -> Self {
        static SHARED: OnceLock<HashPool> = OnceLock::new();
        SHARED
            .get_or_init(|| {
                let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
                let threads = NonZeroUsize::new(cores - 1).unwrap_or(NonZeroUsize::MIN);
                Self::new(threads, threads.get() * 64)
            })
            .clone()
    }

    /// A pool of its own: so many hashes at once, and so many waiting. Argon2 takes 19 MiB for each thread.
    pub fn new(threads: NonZeroUsize, waiting: usize) -> Self {
        let shared =
            Shared { threads: threads.get(), waiting, queue: Mutex::default(), ready: Condvar::new() };
        Self(Arc::new(Handle(Arc::new(shared))))
    }

    /// Does the work on a thread of the pool. It is dropped undone when the caller has gone before it began.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let (answer, answered) = oneshot::channel();
        let job = Work { work, answer };
        self.0.0.submit(Box::new(job))?;
        answered.await.map_err(|_| Undone::Panicked)
    }
}

/// Why the pool did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undone {
    Busy,
    Panicked,
}

trait Job: Send {
    fn is_wanted(&self) -> bool;
    fn run(self: Box<Self>);
}

struct Work<F, T> {
    work: F,
    answer: oneshot::Sender<T>,
}

impl<F: FnOnce() -> T + Send, T: Send> Job for Work<F, T> {
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn run(self: Box<Self>) {
        let Self { work, answer } = *self;
        // After a panic the sender is dropped unused, which is what the caller sees.
        if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
            let _ = answer.send(done);
        }
    }
}

impl Shared {
    fn submit(self: &Arc<Self>, job: Box<dyn Job>) -> Result<(), Undone> {
        let mut queue = self.queue();
        // Threads that are about to take a job, or to be started, leave their place in the queue to others.
        let room = self.waiting + queue.idle + (self.threads - queue.started);
        if queue.jobs.len() >= room {
            queue.jobs.retain(|job| job.is_wanted());
            if queue.jobs.len() >= room {
                return Err(Undone::Busy);
            }
        }
        if queue.idle <= queue.jobs.len() && queue.started < self.threads {
            match self.start_thread() {
                Ok(()) => queue.started += 1,
                Err(error) if queue.started == 0 => {
                    tracing::error!(target: "enfilade::auth", %error, "cannot start a thread for password hashing");
                    return Err(Undone::Busy);
                }
                Err(_) => {}
            }
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.ready.notify_one();
        Ok(())
    }

    fn start_thread(self: &Arc<Self>) -> std::io::Result<()> {
        let shared = self.clone();
        let thread = thread::Builder::new().name("enfilade-hash".to_owned());
        thread.spawn(move || shared.work()).map(drop)
    }

    /// Until the pool is closed, and what was wanted then is done.
    fn work(&self) {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                if job.is_wanted() {
                    job.run();
                }
                queue = self.queue();
            } else if queue.is_closed {
                return;
            } else {
                queue.idle += 1;
                queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.queue().is_closed = true;
        self.0.ready.notify_all();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("threads", &self.threads)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::mpsc,
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn pool(threads: usize, waiting: usize) -> HashPool {
        HashPool::new(NonZeroUsize::new(threads).unwrap(), waiting)
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn begin<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Keeps one thread until the sender is used or dropped; returns once the thread has begun.
    fn occupy(pool: &HashPool) -> (mpsc::Sender<()>, impl Future<Output = Result<(), Undone>>) {
        let (release, released) = mpsc::channel::<()>();
        let (tell, began) = mpsc::channel();
        let pool = pool.clone();
        let mut work = Box::pin(async move {
            pool.run(move || {
                let _ = tell.send(());
                let _ = released.recv();
            })
            .await
        });
        assert!(begin(work.as_mut()).is_pending());
        began.recv().unwrap();
        (release, work)
    }

    #[test]
    fn work_is_done_elsewhere() {
        let here = thread::current().id();
        assert_ne!(block_on(pool(1, 1).run(|| thread::current().id())), Ok(here));
    }

    #[test]
    fn when_the_queue_is_full_the_next_is_refused_and_the_others_are_served() {
        let pool = pool(1, 1);
        let (release, first) = occupy(&pool);
        let mut second = pin!(pool.run(|| 2));
        assert!(begin(second.as_mut()).is_pending());
        assert_eq!(block_on(pool.run(|| 3)), Err(Undone::Busy));
        drop(release);
        assert_eq!(block_on(first), Ok(()));
        assert_eq!(block_on(second), Ok(2));
    }

    #[test]
    fn who_has_gone_makes_room_and_costs_no_hash() {
        let pool = pool(1, 1);
        let (release, first) = occupy(&pool);
        let (tell, was_done) = mpsc::channel();
        {
            let mut gone = pin!(pool.run(move || tell.send(())));
            assert!(begin(gone.as_mut()).is_pending());
        }
        let mut next = pin!(pool.run(|| 3));
        assert!(begin(next.as_mut()).is_pending());
        drop(release);
        assert_eq!(block_on(first), Ok(()));
        assert_eq!(block_on(next), Ok(3));
        assert!(was_done.recv().is_err(), "the abandoned work was never begun");
    }

    #[test]
    fn a_panic_is_told_and_the_thread_lives_on() {
        let pool = pool(1, 1);
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        assert_eq!(
            block_on(pool.run(|| panic!("a fault of the hashing crate"))),
            Err::<(), _>(Undone::Panicked)
        );
        std::panic::set_hook(quiet);
        assert_eq!(block_on(pool.run(|| 2)), Ok(2));
    }

    #[test]
    fn no_more_threads_than_asked_work_at_once() {
        let pool = pool(2, 8);
        let (one, first) = occupy(&pool);
        let (two, second) = occupy(&pool);
        let mut third = pin!(pool.run(|| 3));
        assert!(begin(third.as_mut()).is_pending());
        assert_eq!(pool.0.0.queue().started, 2);
        drop((one, two));
        assert_eq!(block_on(third), Ok(3));
        let _ = (block_on(first), block_on(second));
    }
}
