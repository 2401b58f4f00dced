//! The layer under test, its many types hidden, so that each law is written once and for one type.
//!
//! ```text
//! FnMut(ProbeService) -> S ──▶ Outer (boxed, cloned if S can be) ──▶ Flight (boxed future) ──▶ Response<OuterBody>
//! ```
//!
//! The box adds nothing a law could see: calls, wakers, frames and hints go straight through; a test holds the
//! identity layer against every law.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower_service::Service;

use crate::ProbeBody;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;
pub(super) type OuterBody = Pin<Box<dyn Body<Data = Bytes, Error = BoxError>>>;
pub(super) type Answered = Result<Response<OuterBody>, BoxError>;
pub(super) type Flight = Pin<Box<dyn Future<Output = Answered>>>;

/// A service under test, whatever its types.
pub(super) trait Outer {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>>;
    fn call(&mut self, request: Request<ProbeBody>) -> Flight;
    fn boxed_clone(&self) -> Option<Box<dyn Outer>>;
}

/// Hides the types of a service; `wrap` makes the request body that it takes, `copy` a second instance if it can.
pub(super) fn erase<S, B, R>(
    service: S,
    wrap: fn(ProbeBody) -> B,
    copy: Option<fn(&S) -> S>,
) -> Box<dyn Outer>
where
    S: Service<Request<B>, Response = Response<R>> + 'static,
    S::Error: Into<BoxError>,
    S::Future: 'static,
    B: 'static,
    R: Body + 'static,
    R::Error: Into<BoxError>,
{
    Box::new(Erased { service, wrap, copy })
}

struct Erased<S, B> {
    service: S,
    wrap: fn(ProbeBody) -> B,
    copy: Option<fn(&S) -> S>,
}

impl<S, B, R> Outer for Erased<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + 'static,
    S::Error: Into<BoxError>,
    S::Future: 'static,
    B: 'static,
    R: Body + 'static,
    R::Error: Into<BoxError>,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.service.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<ProbeBody>) -> Flight {
        // Called now, as every caller does: a layer may do its work in `call` itself.
        let answer = self.service.call(request.map(self.wrap));
        Box::pin(async move {
            let response = answer.await.map_err(Into::into)?;
            Ok(response.map(|body| Box::pin(BytesBody(Box::pin(body))) as OuterBody))
        })
    }

    fn boxed_clone(&self) -> Option<Box<dyn Outer>> {
        let service = (self.copy?)(&self.service);
        Some(Box::new(Self { service, wrap: self.wrap, copy: self.copy }))
    }
}

/// A body whose data is [`Bytes`], frame by frame.
struct BytesBody<R>(Pin<Box<R>>);

impl<R> Body for BytesBody<R>
where
    R: Body,
    R::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let poll = self.0.as_mut().poll_frame(cx);
        poll.map(|frame| {
            frame.map(|frame| match frame {
                Ok(frame) => Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))),
                Err(error) => Err(error.into()),
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
