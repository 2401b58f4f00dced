//! Sends a request that was built, and waits for it: here, inside a runtime, or not at all.
//!
//! ```text
//! Sending ─┬─ send() · try_send()              on this thread, without a runtime
//!          ├─ send_async() · try_send_async()  inside a runtime
//!          ├─ start()  ──▶ InFlight            poll by hand, drop it to hang up
//!          └─ stream() ──▶ Streaming           the head has come; the body frame by frame
//! ```

use std::{
    fmt,
    future::poll_fn,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{Ask, InFlight, Reply, Streaming, block::block_on};

/// A request that is being built for a service; see [`Ask`] for the words it knows.
pub type Sending<'a, S, B> = Ask<&'a mut S, B>;

impl<S, B, R> Ask<&mut S, B>
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
        poll_fn(|cx| self.to.poll_ready(cx)).await?;
        let request = Request::from_parts(self.parts, self.body.unwrap_or_default());
        let response = self.to.call(request).await?;
        Ok(Reply::read(response).await)
    }

    /// Calls the service, which must be ready, and leaves its answer in flight. Dropping it is a hang-up.
    ///
    /// The answer borrows nothing: several may be in flight from one [`Drive`](super::Drive), or from its clones.
    ///
    /// # Panics
    ///
    /// If the service is not ready; ask with [`Drive::is_ready`](super::Drive::is_ready).
    #[track_caller]
    pub fn start(self) -> InFlight<S::Future> {
        let ready = self.to.poll_ready(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(ready, Poll::Ready(Ok(()))), "the service is not ready: {ready:?}");
        let request = Request::from_parts(self.parts, self.body.unwrap_or_default());
        InFlight::new(self.to.call(request))
    }

    /// Sends the request, waits for the response's head on this thread, and leaves the body to be read by hand.
    ///
    /// # Panics
    ///
    /// If the service is not ready or fails, or the head waits for something that only a runtime can bring.
    #[track_caller]
    pub fn stream(self) -> Streaming<R> {
        let head = self.start().head();
        head.unwrap_or_else(|error| panic!("the service failed instead of answering: {error:?}"))
    }
}
