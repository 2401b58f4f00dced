//! The measured body: it sends as many bytes as its head says, or fails.

use std::{
    error::Error,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::{BoxError, log};

pin_project! {
    /// The response body that [`Measuring`](super::Measuring) hands out.
    #[derive(Debug)]
    pub struct Measured<R> {
        #[pin]
        inner: Option<R>,
        left: Left,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// So many bytes are still to come.
    Bytes(u64),
    /// Until it ends.
    Open,
    /// Nothing is sent, but it looks as if.
    Declared,
}

impl<R> Measured<R> {
    pub(super) fn counted(inner: R, length: u64) -> Self {
        Self { inner: Some(inner), left: Left::Bytes(length) }
    }

    pub(super) fn open(inner: R) -> Self {
        Self { inner: Some(inner), left: Left::Open }
    }

    /// For a 304 over HTTP/1: beside an empty body hyper drops the `content-length` of anything but a HEAD response;
    /// beside one of unknown length it writes the field, and then no body, because of the status.
    pub(super) fn declared() -> Self {
        Self { inner: None, left: Left::Declared }
    }
}

impl<R> Default for Measured<R> {
    fn default() -> Self {
        Self { inner: None, left: Left::Bytes(0) }
    }
}

impl<R> Body for Measured<R>
where
    R: Body,
    R::Error: Into<BoxError>,
{
    type Data = R::Data;
    type Error = LengthError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, LengthError>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let polled = catch_unwind(AssertUnwindSafe(|| inner.poll_frame(cx)));
        let judged = match polled {
            Ok(polled) => match ready!(polled) {
                Some(Ok(frame)) => this.left.take(&frame).map(|()| Some(frame)),
                Some(Err(error)) => Err(LengthError(Kind::App(error.into()))),
                None => this.left.end().map(|()| None),
            },
            Err(_payload) => Err(LengthError(Kind::Panicked)),
        };
        Poll::Ready(match judged {
            Ok(frame) => frame.map(Ok),
            Err(error) => {
                // After a panic it must not be polled again; dropping it may panic once more.
                let _ = catch_unwind(AssertUnwindSafe(|| this.inner.set(None)));
                error.report();
                Some(Err(error))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        match (&self.inner, self.left) {
            (_, Left::Declared) => false,
            (None, _) => true,
            // A body that claims to be over too early is asked once more, and fails.
            (Some(inner), Left::Bytes(left)) => left == 0 && inner.is_end_stream(),
            (Some(inner), Left::Open) => inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.inner, self.left) {
            (_, Left::Declared) => SizeHint::default(),
            // Also after an error, whatever was still to come: `is_end_stream` says that it is over.
            (None, _) => SizeHint::with_exact(0),
            (Some(_), Left::Bytes(left)) => SizeHint::with_exact(left),
            (Some(inner), Left::Open) => inner.size_hint(),
        }
    }
}

impl Left {
    fn take<D: Buf>(&mut self, frame: &Frame<D>) -> Result<(), LengthError> {
        let (Self::Bytes(left), Some(data)) = (self, frame.data_ref()) else { return Ok(()) };
        *left = left.checked_sub(data.remaining() as u64).ok_or(LengthError(Kind::TooLong))?;
        Ok(())
    }

    fn end(self) -> Result<(), LengthError> {
        if matches!(self, Self::Bytes(1..)) { Err(LengthError(Kind::TooShort)) } else { Ok(()) }
    }
}

/// Why a response's body broke off.
#[derive(Debug)]
pub struct LengthError(Kind);

#[derive(Debug)]
enum Kind {
    TooLong,
    TooShort,
    Panicked,
    App(BoxError),
}

impl LengthError {
    #[cold]
    fn report(&self) {
        let code = match self.0 {
            Kind::TooLong | Kind::TooShort => "server.length-mismatch",
            Kind::Panicked => "server.panic",
            Kind::App(_) => "server.app-error",
        };
        log::fault(code, &log::Causes(self));
    }
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::TooLong => "the response's body is longer than its content-length",
            Kind::TooShort => "the response's body is shorter than its content-length",
            Kind::Panicked => "the response's body panicked",
            Kind::App(_) => "the response's body failed",
        })
    }
}

impl Error for LengthError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::App(error) => Some(&**error),
            _ => None,
        }
    }
}
