//! Tells a client that takes no response from an app that has none to give, and ends what waits for the former.
//!
//! ```text
//! body polled, nothing there ─────▶ waits for the app     no deadline: long polls, events
//! a frame handed over, not polled
//!   again, or not polled at all ──▶ waits for the client  write_timeout, and a second for each KiB of the frame
//! body dropped ───────────────────▶ nothing is owed
//! ```
//!
//! 1. hyper asks a body for its next frame once the last one is on its way, so its silence is the client's. Bytes on
//!    the socket say nothing over HTTP/2: pings and settings are answered for a client that takes no response.
//! 2. A stream is cut alone: a paused download must not take the others of its connection along.
//! 3. The last byte of a large frame follows it alone: hyper takes a body for done once h2 has its last frame, and a
//!    client that opens no window could keep that frame for as long as the connection lives. hyper waits for the window
//!    with the next frame in hand, so that the body is not done before nearly all of it is on its way.
//! 4. What the body notes is read by the future that polled it, on the same thread: no allocation, no lock.

use std::{
    cell::Cell,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Shared, drive::poll_until};

/// What the log says of a client that takes no response.
pub(super) const NOT_TAKEN: &str = "a response was not taken in time";

/// Bytes a second that a client must take of a frame; a large frame is handed over long before it is sent.
const RATE: u64 = 1 << 10;

/// The largest frame that may stay in h2's buffer unwatched; times all streams, times all connections.
const SMALL: usize = 4 << 10;

/// What became of a response body while something was polled.
#[derive(Clone, Copy)]
enum Turn {
    Untouched,
    Free,
    Owed { bytes: u64 },
}

thread_local! {
    static TURN: Cell<Turn> = const { Cell::new(Turn::Untouched) };
}

/// Watches whatever polls one response body at a time: a connection over HTTP/1, a stream over HTTP/2.
#[derive(Debug)]
pub(super) struct Stall {
    span: Duration,
    until: Option<Instant>,
    // Made at the first stall; most responses leave at once.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    pub(super) fn new(span: Duration) -> Self {
        Self { span, until: None, sleep: None }
    }

    /// Polls by `work`; `None` when the client has taken nothing for too long.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        // An app may serve connections inside its own future: what is outside is put back.
        let outer = TURN.replace(Turn::Untouched);
        let done = work(cx);
        match (TURN.replace(outer), done) {
            (_, Poll::Ready(done)) => return Poll::Ready(Some(done)),
            (Turn::Untouched, _) => {}
            (Turn::Free, _) => self.until = None,
            (Turn::Owed { bytes }, _) => {
                self.until = Some(Instant::now() + self.span + Duration::from_secs(bytes / RATE));
            }
        }
        let Some(until) = self.until else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        poll_until(sleep.as_mut(), until, cx).map(|()| None)
    }
}

/// Runs HTTP/2 streams where the server can wait for them, and ends those whose response is not taken.
#[derive(Clone)]
pub(super) struct Spawn {
    pub(super) shared: Arc<Shared>,
    pub(super) client: Option<IpAddr>,
}

impl<F> hyper::rt::Executor<F> for Spawn
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let stall = Stall::new(self.shared.limits.write_timeout);
        self.shared.tasks.spawn(Stream { inner: stream, stall, spawn: self.clone() });
    }
}

pin_project! {
    struct Stream<F> {
        #[pin]
        inner: F,
        stall: Stall,
        spawn: Spawn,
    }
}

impl<F: Future> Future for Stream<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if ready!(this.stall.poll(cx, |cx| this.inner.poll(cx))).is_none() {
            // Dropping the stream resets it.
            this.spawn.shared.faults.report("http.timeout", this.spawn.client, &NOT_TAKEN);
        }
        Poll::Ready(())
    }
}

/// Says that a response was handed to hyper, whose body notes the rest.
#[inline]
pub(crate) fn handed_over() {
    TURN.set(Turn::Owed { bytes: 0 });
}

pin_project! {
    /// A response body that notes who waits for whom.
    pub(crate) struct Noted<R> {
        #[pin]
        inner: R,
        // The last byte of the frame before, which had so many.
        rest: Option<Bytes>,
        whole: u64,
        end: FreeAtEnd,
    }
}

impl<R> Noted<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, rest: None, whole: 0, end: FreeAtEnd }
    }
}

struct FreeAtEnd;

impl Drop for FreeAtEnd {
    fn drop(&mut self) {
        TURN.set(Turn::Free);
    }
}

impl<R: Body<Data = Bytes>> Body for Noted<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        let this = self.project();
        if let Some(rest) = this.rest.take() {
            TURN.set(Turn::Owed { bytes: *this.whole });
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        let mut polled = this.inner.poll_frame(cx);
        // Set after the poll: the body inside may be another server's.
        TURN.set(match &mut polled {
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.data_mut();
                *this.whole = data.as_ref().map_or(0, |data| data.len()) as u64;
                *this.rest =
                    data.filter(|data| data.len() > SMALL).map(|data| data.split_off(data.len() - 1));
                Turn::Owed { bytes: *this.whole }
            }
            _ => Turn::Free,
        });
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.inner.size_hint();
        if let Some(rest) = &self.rest {
            let more = rest.len() as u64;
            let upper = hint.upper().map(|upper| upper + more);
            hint.set_lower(hint.lower() + more);
            if let Some(upper) = upper {
                hint.set_upper(upper);
            }
        }
        hint
    }
}
