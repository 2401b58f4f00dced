//! Drives a hyper connection: its deadlines, its part in a drain, its end.
//!
//! ```text
//! stop? cut ─▶ drain? say goodbye ─▶ poll hyper ─▶ observe the pulse ─▶ late? cut, or goodbye if it only rests
//! ```

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use http_body::Body;
use hyper::{
    body::Incoming,
    rt::{Read, Write},
    server::conn::{http1, http2},
};
use tokio::{
    task::coop::has_budget_remaining,
    time::{Instant, Sleep, sleep_until},
};

use super::{
    pulse::{Phase, Pulse, Watch},
    stall::{NOT_TAKEN, Spawn, Stall},
};
use crate::{
    BoxError,
    drain::{Drain, Stage},
};

/// Why a connection is over.
#[derive(Debug)]
pub(super) enum End {
    /// As it should be.
    Over,
    /// A deadline passed.
    TooSlow(&'static str),
    /// TLS could not begin.
    #[cfg(feature = "tls")]
    NoHandshake(std::io::Error),
    /// hyper or the socket failed.
    Failed(BoxError),
}

/// hyper's two kinds of connection.
pub(super) trait Conn: Future<Output = hyper::Result<()>> {
    /// No more requests: HTTP/1 closes after the one in flight, HTTP/2 sends GOAWAY.
    fn goodbye(self: Pin<&mut Self>);
}

impl<I, S, B> Conn for http1::UpgradeableConnection<I, S>
where
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    I: Read + Write + Unpin + Send + 'static,
    B: Body + 'static,
    B::Error: Into<BoxError>,
{
    fn goodbye(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S, B> Conn for http2::Connection<I, S, Spawn>
where
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    I: Read + Write + Unpin,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn goodbye(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Polls `conn` until it is over, or is ended.
pub(super) async fn drive(
    mut conn: Pin<&mut impl Conn>,
    pulse: &Pulse,
    mut watch: Watch,
    mut stall: Stall,
    drain: &Drain,
) -> End {
    let mut listener = pin!(drain.listen());
    let mut sleep = pin!(sleep_until(watch.until()));
    let mut armed: Option<Waker> = None;
    let mut leaving = false;
    poll_fn(|cx| {
        pulse.turn();
        match listener.as_mut().poll_stage(cx) {
            Stage::Open => {}
            Stage::Draining if leaving => {}
            Stage::Draining => {
                leaving = true;
                conn.as_mut().goodbye();
            }
            Stage::Stopped => return Poll::Ready(End::Over),
        }
        loop {
            if let Poll::Ready(done) = stall.poll(cx, |cx| conn.as_mut().poll(cx)) {
                return Poll::Ready(match done {
                    Some(Ok(())) => End::Over,
                    Some(Err(error)) => End::Failed(error.into()),
                    None => End::TooSlow(NOT_TAKEN),
                });
            }
            let now = watch.observe(pulse.beat(), Instant::now);
            // The timer has this task's waker, and the clock says that it is not due: nearly every request's case.
            let due = now.is_none_or(|now| now >= sleep.deadline()) || watch.until() < sleep.deadline();
            if !due && armed.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            if poll_until(sleep.as_mut(), watch.until(), cx).is_pending() {
                // A task without budget looked at no timer; it is woken at once, to look then.
                armed = has_budget_remaining().then(|| cx.waker().clone());
                return Poll::Pending;
            }
            match watch.phase() {
                Phase::First => return Poll::Ready(End::TooSlow("no request came in time")),
                Phase::Head => return Poll::Ready(End::TooSlow("a request's head did not end in time")),
                Phase::Busy => watch.snooze(Instant::now()),
                Phase::Idle if leaving => return Poll::Ready(End::Over),
                Phase::Idle => {
                    leaving = true;
                    conn.as_mut().goodbye();
                    watch.farewell(Instant::now());
                }
            }
        }
    })
    .await
}

/// Sleeps until `until`, moving the timer only when it is too late: a deadline that moves on with every request would
/// otherwise cost a turn of the timer wheel for each.
pub(super) fn poll_until(mut sleep: Pin<&mut Sleep>, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
    if until < sleep.deadline() {
        sleep.as_mut().reset(until);
    }
    while sleep.as_mut().poll(cx).is_ready() {
        if until <= sleep.deadline() {
            return Poll::Ready(());
        }
        sleep.as_mut().reset(until);
    }
    Poll::Pending
}
