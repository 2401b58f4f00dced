//! The descriptors that Python waits for: database drivers, subprocesses, signals, asyncio's own self-pipe.
//!
//! ```text
//! Python's descriptors ──▶ an epoll of their own ──▶ one descriptor in tokio's
//! ```
//!
//! asyncio wants to be told again and again while a descriptor is ready (level-triggered), tokio tells once. So the
//! inner epoll is asked until it says that none is ready, and only then tokio's word is waited for.

use std::{
    cell::Cell,
    io,
    mem::MaybeUninit,
    os::fd::{BorrowedFd, OwnedFd, RawFd},
    task::{Context, Poll, ready},
};

use rustix::event::{
    Timespec,
    epoll::{self, CreateFlags, EventData, EventFlags},
};
use tokio::io::{Interest, unix::AsyncFd};

/// As `selectors` numbers them.
pub(super) const READ: u8 = 1;
pub(super) const WRITE: u8 = 2;

/// What one look gives at most; the rest comes with the next.
const MOST: usize = 64;

pub(super) struct Descriptors {
    epoll: AsyncFd<OwnedFd>,
    /// Whether the last look found some: then there may be more, of which tokio says nothing.
    found: Cell<bool>,
}

impl Descriptors {
    /// In a runtime.
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        // SAFETY: the descriptor is owned by the value that is registered, and closed with it.
        let epoll = unsafe { AsyncFd::register_with_interest(epoll, Interest::READABLE) }?;
        Ok(Self { epoll, found: Cell::new(false) })
    }

    pub(super) fn add(&self, fd: RawFd, events: u8) -> io::Result<()> {
        Ok(epoll::add(self.epoll.get_ref(), borrow(fd), data(fd), flags(events))?)
    }

    pub(super) fn modify(&self, fd: RawFd, events: u8) -> io::Result<()> {
        Ok(epoll::modify(self.epoll.get_ref(), borrow(fd), data(fd), flags(events))?)
    }

    pub(super) fn delete(&self, fd: RawFd) -> io::Result<()> {
        Ok(epoll::delete(self.epoll.get_ref(), borrow(fd))?)
    }

    /// Whether a look is worth it.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.found.get() {
            return Poll::Ready(());
        }
        // A reactor that has gone has no events; the turn ends by itself then.
        let Ok(mut guard) = ready!(self.epoll.poll_read_ready(cx)) else { return Poll::Ready(()) };
        guard.clear_ready();
        self.found.set(true);
        Poll::Ready(())
    }

    /// Those that are ready, if a look is worth it.
    pub(super) fn look(&self, mut each: impl FnMut(RawFd, u8)) -> io::Result<()> {
        if !self.found.get() {
            return Ok(());
        }
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; MOST];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let (events, _) = match epoll::wait(self.epoll.get_ref(), &mut events, Some(&now)) {
            Err(rustix::io::Errno::INTR) => return Ok(()),
            other => other?,
        };
        self.found.set(!events.is_empty());
        for event in events {
            let fd = i32::try_from(event.data.u64()).unwrap_or(-1);
            each(fd, numbers(event.flags));
        }
        Ok(())
    }
}

fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: it is only named in a call that fails for one that is not open: no more is asked of a program in Python.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

fn data(fd: RawFd) -> EventData {
    EventData::new_u64(u64::try_from(fd).unwrap_or(u64::MAX))
}

fn flags(events: u8) -> EventFlags {
    let mut flags = EventFlags::empty();
    flags.set(EventFlags::IN, events & READ != 0);
    flags.set(EventFlags::OUT, events & WRITE != 0);
    flags
}

/// An error or a hang-up is told to whoever waits for either, as `selectors.EpollSelector` does.
fn numbers(flags: EventFlags) -> u8 {
    let readable = if (flags & !EventFlags::OUT).is_empty() { 0 } else { READ };
    let writable = if (flags & !EventFlags::IN).is_empty() { 0 } else { WRITE };
    readable | writable
}
