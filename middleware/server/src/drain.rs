//! How a server ends: it drains, and what is not done by the end of the grace period is cut.
//!
//! ```text
//! Open ── signal ──▶ Draining ── all done, grace period over or second signal ──▶ Stopped
//! ```
//!
//! ```no_run
//! # async fn program() {
//! let (first, second) = enfilade_server::signals().expect("this system has signals");
//! first.await; // SIGTERM or SIGINT: drain
//! second.await; // one more: end at once
//! # }
//! ```
//!
//! A response that goes on for long, or what a connection was upgraded to, asks to be told:
//!
//! ```
//! use enfilade_server::{Draining, RequestBody};
//! use http::{Request, Response};
//!
//! async fn events(req: Request<RequestBody>) -> Response<String> {
//!     if let Some(draining) = Draining::of(req.extensions()) {
//!         draining.begun().await; // in a real app: beside the next event
//!     }
//!     Response::new("event: goodbye\n\n".to_owned())
//! }
//! ```

use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use enfilade_core::{Carried, RequestContext, Slot};
use http::Extensions;
use pin_project_lite::pin_project;
use tokio::sync::{Notify, futures::Notified};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Open,
    Draining,
    Stopped,
}

/// The stage that a server has reached, and how its connections hear of it.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    stage: AtomicU8,
    moved: Notify,
}

impl Drain {
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(SeqCst) {
            0 => Stage::Open,
            1 => Stage::Draining,
            _ => Stage::Stopped,
        }
    }

    pub(crate) fn reach(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, SeqCst);
        self.moved.notify_waiters();
    }

    pub(crate) fn listen(&self) -> Listener<'_> {
        Listener { drain: self, moved: self.moved.notified(), waker: None }
    }

    /// Runs `future`, unless a drain begins before it is done.
    pub(crate) async fn unless_begun<F: Future>(&self, mut future: Pin<&mut F>) -> Option<F::Output> {
        let mut listener = pin!(self.listen());
        poll_fn(|cx| {
            if listener.as_mut().poll_stage(cx) > Stage::Open {
                return Poll::Ready(None);
            }
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }
}

impl Carried for Drain {
    const SLOT: Slot = Slot::Draining;
}

/// The word that the server ends, for whoever would go on until then. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Draining(Arc<Drain>);

impl Draining {
    /// Of the server that this request came in by; `None` where it is not one of ours.
    ///
    /// Take it out of the request before an upgrade or a long response begins: both outlive the request.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        RequestContext::of(extensions)?.carried().map(Self)
    }

    /// Whether a drain has begun.
    pub fn has_begun(&self) -> bool {
        self.0.stage() > Stage::Open
    }

    /// Done when a drain begins, at once when one has. From then on there is the grace period, and no more.
    pub async fn begun(&self) {
        let mut listener = pin!(self.0.listen());
        poll_fn(|cx| match listener.as_mut().poll_stage(cx) {
            Stage::Open => Poll::Pending,
            Stage::Draining | Stage::Stopped => Poll::Ready(()),
        })
        .await;
    }
}

pin_project! {
    /// One task's ear. Registers once, not at every poll: waiting costs a lock that all connections share.
    pub(crate) struct Listener<'a> {
        drain: &'a Drain,
        #[pin]
        moved: Notified<'a>,
        waker: Option<std::task::Waker>,
    }
}

impl Listener<'_> {
    /// The stage now; the task is woken when it changes.
    pub(crate) fn poll_stage(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Stage {
        let mut this = self.project();
        let stage = this.drain.stage();
        let registered = this.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if registered && stage == Stage::Open {
            return stage;
        }
        while this.moved.as_mut().poll(cx).is_ready() {
            this.moved.set(this.drain.moved.notified());
        }
        *this.waker = Some(cx.waker().clone());
        // Once more: it may have moved just before the task was registered.
        this.drain.stage()
    }
}

/// The first SIGTERM or SIGINT, and the second.
///
/// # Errors
///
/// When the system refuses to install the handlers.
#[cfg(unix)]
pub fn signals() -> io::Result<(impl Future<Output = ()> + Send, impl Future<Output = ()> + Send)> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut next = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let (first, second) =
        (tokio_util::sync::CancellationToken::new(), tokio_util::sync::CancellationToken::new());
    let told = (first.clone(), second.clone());
    tokio::spawn(async move {
        for token in [first, second] {
            poll_fn(|cx| {
                let came = next.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
                if came { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            token.cancel();
        }
    });
    Ok((told.0.cancelled_owned(), told.1.cancelled_owned()))
}
