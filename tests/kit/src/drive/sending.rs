//! One request on its way: built, sent, or held in flight.
//!
//! ```text
//! Sending ─┬─ send() · try_send()              on this thread, without a runtime
//!          ├─ send_async() · try_send_async()  inside a runtime
//!          └─ start() ──▶ InFlight             poll by hand, drop it to hang up
//! ```

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, Method, Request, Response, header, request};
use http_body::Body;
use tower_service::Service;

use super::{Reply, block::block_on};
use crate::body::field;

/// A request that is being built; nothing happens until it is sent.
#[must_use = "a request does nothing until it is sent"]
pub struct Sending<'a, S, B> {
    service: &'a mut S,
    parts: request::Parts,
    body: Option<B>,
}

impl<'a, S, B> Sending<'a, S, B> {
    pub(super) fn new(service: &'a mut S, method: Method, target: &str) -> Self {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = method;
        parts.uri = target.parse().unwrap_or_else(|e| panic!("`{target}` is no request target: {e}"));
        parts.headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        Self { service, parts, body: None }
    }

    /// Adds a header; `host` replaces the one that is there.
    ///
    /// # Panics
    ///
    /// If `name` or `value` cannot be a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = field(name, value);
        if name == header::HOST {
            self.parts.headers.remove(header::HOST);
        }
        self.parts.headers.append(name, value);
        self
    }

    /// Leaves a header out, such as `host`.
    pub fn without(mut self, name: &str) -> Self {
        self.parts.headers.remove(name);
        self
    }

    /// `Authorization: Bearer …` (RFC 6750).
    ///
    /// # Panics
    ///
    /// If the token cannot stand in a header.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// `Authorization: Basic …` (RFC 7617).
    pub fn basic(self, user: &str, password: &str) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {pair}"))
    }

    /// Adds a cookie to the one `Cookie` header.
    ///
    /// # Panics
    ///
    /// If the cookie cannot stand in a header.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        let pair = format!("{name}={value}");
        let all = match self.parts.headers.remove(header::COOKIE) {
            Some(before) => [before.as_bytes(), b"; ", pair.as_bytes()].concat(),
            None => pair.into_bytes(),
        };
        let all = HeaderValue::from_bytes(&all).expect("a cookie that can stand in a header");
        self.parts.headers.insert(header::COOKIE, all);
        self
    }

    /// Puts a value into the request's extensions, as an outer link would.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.parts.extensions.insert(value);
        self
    }

    /// Changes the request's head in any way.
    pub fn edit(mut self, change: impl FnOnce(&mut request::Parts)) -> Self {
        change(&mut self.parts);
        self
    }

    /// Gives the request a body.
    pub fn body(mut self, body: impl Into<B>) -> Self {
        self.body = Some(body.into());
        self
    }
}

impl<S, B, R> Sending<'_, S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: fmt::Debug,
    R: Body,
    R::Error: fmt::Display,
    B: Default,
{
    /// Sends the request and waits for the whole reply on this thread.
    ///
    /// # Panics
    ///
    /// If the service fails, or the reply waits for something that only a runtime can bring.
    #[track_caller]
    pub fn send(self) -> Reply {
        self.try_send().unwrap_or_else(|error| panic!("the service failed instead of answering: {error:?}"))
    }

    /// The same, with the service's error as a value.
    ///
    /// # Panics
    ///
    /// If the reply waits for something that only a runtime can bring.
    #[track_caller]
    pub fn try_send(self) -> Result<Reply, S::Error> {
        block_on(self.try_send_async())
    }

    /// Sends the request inside a runtime.
    ///
    /// # Panics
    ///
    /// If the service fails.
    pub async fn send_async(self) -> Reply {
        let result = self.try_send_async().await;
        result.unwrap_or_else(|error| panic!("the service failed instead of answering: {error:?}"))
    }

    /// The same, with the service's error as a value.
    pub async fn try_send_async(self) -> Result<Reply, S::Error> {
        poll_fn(|cx| self.service.poll_ready(cx)).await?;
        let request = Request::from_parts(self.parts, self.body.unwrap_or_default());
        let response = self.service.call(request).await?;
        Ok(Reply::read(response).await)
    }

    /// Calls the service, which must be ready, and leaves its answer in flight. Dropping it is a hang-up.
    ///
    /// # Panics
    ///
    /// If the service is not ready.
    #[track_caller]
    pub fn start(self) -> InFlight<S::Future> {
        let ready = self.service.poll_ready(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(ready, Poll::Ready(Ok(()))), "the service is not ready: {ready:?}");
        let request = Request::from_parts(self.parts, self.body.unwrap_or_default());
        InFlight::new(self.service.call(request))
    }
}

impl<S, B> fmt::Debug for Sending<'_, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("parts", &self.parts).finish_non_exhaustive()
    }
}

/// An answer that the test polls by hand; dropping it is what happens when a client hangs up.
///
/// ```
/// use enfilade_test::{Answer, Drive, Probe};
///
/// let probe = Probe::ok().respond(Answer::hang());
/// let mut app = Drive::service(probe.service());
/// let mut flight = app.get("/").start();
/// assert!(flight.is_pending());
/// drop(flight);
/// probe.reached();
/// ```
#[must_use = "dropping an answer in flight is a hang-up"]
pub struct InFlight<F: Future> {
    future: Pin<Box<F>>,
    answer: Option<F::Output>,
    wakes: Arc<Wakes>,
}

impl<F: Future> InFlight<F> {
    fn new(future: F) -> Self {
        Self { future: Box::pin(future), answer: None, wakes: Arc::default() }
    }

    /// Polls once, unless the answer has come, and says whether it is still to come.
    pub fn is_pending(&mut self) -> bool {
        if self.answer.is_none() {
            let waker = Waker::from(self.wakes.clone());
            let poll = self.future.as_mut().poll(&mut Context::from_waker(&waker));
            self.answer = match poll {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => None,
            };
        }
        self.answer.is_none()
    }

    /// How often the answer's waker was woken.
    pub fn woken(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    /// Waits for the whole reply on this thread.
    ///
    /// # Errors
    ///
    /// What the service failed with.
    ///
    /// # Panics
    ///
    /// If the reply waits for something that only a runtime can bring.
    #[track_caller]
    pub fn finish<R, E>(self) -> Result<Reply, E>
    where
        F: Future<Output = Result<Response<R>, E>>,
        R: Body,
        R::Error: fmt::Display,
    {
        block_on(async move {
            let answer = match self.answer {
                Some(answer) => answer,
                None => self.future.await,
            };
            Ok(Reply::read(answer?).await)
        })
    }
}

impl<F: Future> fmt::Debug for InFlight<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").field("woken", &self.woken()).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
