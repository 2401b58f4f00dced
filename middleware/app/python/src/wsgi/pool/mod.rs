//! The app called on threads of its own, for blocking apps and for reactors that are not Python's.
//!
//! ```text
//! request ─▶ body, if it is small ─▶ queue ─▶ thread ─▶ head ─▶ chunks
//!              413, 400               503               504: nobody waits any longer, the thread goes on
//! ```

mod outlet;
mod pump;
mod threads;
mod work;

pub(super) use self::{outlet::Outlet, pump::Pump, threads::Threads};

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{
            AtomicU8,
            Ordering::{AcqRel, Acquire},
        },
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use enfilade_core::Rejection;
use http::{Response, request};
use http_body::Body;
use tokio::{
    pin,
    sync::oneshot,
    time::{Instant, sleep_until},
};

use self::work::Job;
use super::{
    body::WsgiBody,
    environ::Entity,
    input::Source,
    reason,
    service::Inner,
    spool::{self, IN_MEMORY},
};
use crate::BoxError;

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Until a thread takes it.
    pub(super) queue: Duration,
    /// Until it is answered.
    pub(super) answer: Duration,
}

/// Answers a request.
pub(super) async fn answer<B>(app: Arc<Inner>, head: request::Parts, body: B) -> Response<WsgiBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    try_answer(app, head, body).await.unwrap_or_else(Rejection::into_response)
}

async fn try_answer<B>(
    app: Arc<Inner>,
    head: request::Parts,
    body: B,
) -> Result<Response<WsgiBody>, Rejection>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (entity, pump) = entity(&app, &head, body).await?;
    let (reply, answer) = oneshot::channel();
    let ticket = Arc::new(Ticket::new());
    let patience = app.patience();
    let threads = app.threads().map_err(|_| reason::no_thread())?;
    let job = Job { app: app.clone(), head, entity, reply, ticket: ticket.clone() };
    if !threads.submit(job) {
        return Err(reason::busy());
    }
    drop(app);
    wait(answer, Abandon(ticket), patience, pump).await
}

/// A body of unknown length is read before: apps such as Django's believe only a `CONTENT_LENGTH`. A small one too: a
/// client that is slow to send it holds no thread.
async fn entity<B>(app: &Inner, head: &request::Parts, body: B) -> Result<(Entity, Option<Pump>), Rejection>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let said = spool::said(&head.headers)?;
    if body.is_end_stream() && said.unwrap_or(0) == 0 {
        return Ok((Entity { length: said, source: None }, None));
    }
    match said.or(body.size_hint().exact()) {
        Some(length) if length > app.max_body() => Err(reason::body_too_large()),
        Some(length) if length > IN_MEMORY => {
            let (pump, receiver) = Pump::new(body);
            let source = Some(Source::chunks(receiver, length));
            Ok((Entity { length: Some(length), source }, Some(pump)))
        }
        _ => Ok((spool::read(said, body, app.max_body()).await?, None)),
    }
}

async fn wait(
    mut answer: oneshot::Receiver<outlet::Reply>,
    abandon: Abandon,
    patience: Patience,
    mut pump: Option<Pump>,
) -> Result<Response<WsgiBody>, Rejection> {
    let begun = Instant::now();
    let timer = sleep_until(begun + patience.queue.min(patience.answer));
    pin!(timer);
    let answered = poll_fn(|cx| {
        if let Some(feeding) = &mut pump
            && feeding.poll(cx).is_ready()
        {
            pump = None;
        }
        if let Poll::Ready(reply) = std::pin::Pin::new(&mut answer).poll(cx) {
            return Poll::Ready(reply.unwrap_or_else(|_| Err(reason::no_thread())));
        }
        while timer.as_mut().poll(cx).is_ready() {
            if abandon.0.abandon() {
                return Poll::Ready(Err(reason::busy()));
            }
            if timer.deadline() >= begun + patience.answer {
                return Poll::Ready(Err(reason::timeout()));
            }
            timer.as_mut().reset(begun + patience.answer);
        }
        Poll::Pending
    });
    Ok(answered.await?.map(|body| body.with_pump(pump)))
}

/// Whether a thread has taken the request, or whoever asked has left before: one of both, never both.
pub(super) struct Ticket(AtomicU8);

impl Ticket {
    const WAITING: u8 = 0;
    const STARTED: u8 = 1;
    const ABANDONED: u8 = 2;

    fn new() -> Self {
        Self(AtomicU8::new(Self::WAITING))
    }

    /// Whether it is this thread's to do.
    fn start(&self) -> bool {
        self.0.compare_exchange(Self::WAITING, Self::STARTED, AcqRel, Acquire).is_ok()
    }

    /// Whether no thread has taken it, and none will.
    fn abandon(&self) -> bool {
        self.0.compare_exchange(Self::WAITING, Self::ABANDONED, AcqRel, Acquire).is_ok()
    }

    fn is_abandoned(&self) -> bool {
        self.0.load(Acquire) == Self::ABANDONED
    }
}

struct Abandon(Arc<Ticket>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
