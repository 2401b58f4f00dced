//! A script's output as a response body: read when asked for, as long as the script said, or broken off.
//!
//! ```text
//! output ─▶ frames ─┬─ all there, and no more to come ────▶ one frame, whose length the client is told
//!                   ├─ as long as its Content-Length ──▶ the end; what comes after is thrown away
//!                   ├─ shorter, or the script was killed, or too late ─▶ an error, never a clean end
//!                   └─ dropped by the client ──────────▶ the script's group is killed
//! ```

use std::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::{
    BoxError, reason,
    run::{Feed, More, Run, RunFault},
};

/// The response body of a [`CgiService`](crate::CgiService). `Default` is the empty one.
#[derive(Default)]
pub struct CgiBody(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    /// All of it; the script has ended.
    Whole(Bytes),
    Script {
        run: Box<Run>,
        left: Option<u64>,
    },
    /// What another service answered to a local redirect.
    Other(Pin<Box<dyn Feed>>),
}

impl CgiBody {
    /// `run` has its first output or its end behind it; `length`: what its head said.
    pub(crate) fn script(run: Box<Run>, length: Option<u64>) -> Self {
        let mut body = Self(Kind::Script { run, left: length });
        if length == Some(0) {
            body.complete();
        }
        body
    }

    /// `run` has nothing more to say; its process may go on working.
    pub(crate) fn whole(mut run: Box<Run>) -> Self {
        tell(&run);
        let data = run.output.split().freeze();
        run.complete();
        Self(if data.is_empty() { Kind::Empty } else { Kind::Whole(data) })
    }

    pub(crate) fn other<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() { Self::default() } else { Self(Kind::Other(Box::pin(body))) }
    }

    fn complete(&mut self) {
        if let Kind::Script { run, .. } = std::mem::take(&mut self.0) {
            run.complete();
        }
    }
}

impl Body for CgiBody {
    type Data = Bytes;
    type Error = CgiError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CgiError>>> {
        let (run, left) = match &mut self.0 {
            Kind::Empty => return Poll::Ready(None),
            Kind::Other(body) => {
                let frame = ready!(body.as_mut().poll(cx));
                return Poll::Ready(frame.map(|frame| frame.map_err(|error| CgiError(Why::Other(error)))));
            }
            Kind::Whole(data) => {
                let data = std::mem::take(data);
                self.0 = Kind::Empty;
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            Kind::Script { run, left } => (run, left),
        };
        let end = run.output.is_empty() && {
            match ready!(run.poll_more(cx)) {
                Ok(more) => more == More::End,
                Err(fault) => return Poll::Ready(Some(Err(self.broken(Why::Run(fault))))),
            }
        };
        if end {
            if let Some(missing @ 1..) = *left {
                return Poll::Ready(Some(Err(self.broken(Why::Short(missing)))));
            }
            tell(run);
            self.complete();
            return Poll::Ready(None);
        }
        let data = run.output.split().freeze();
        Poll::Ready(Some(Ok(Frame::data(self.counted(data)))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(data) => SizeHint::with_exact(data.len() as u64),
            Kind::Script { left: Some(left), .. } => SizeHint::with_exact(*left),
            Kind::Script { left: None, .. } | Kind::Other(_) => SizeHint::default(),
        }
    }
}

impl CgiBody {
    /// No more than was promised: what follows would be read as the next response.
    fn counted(&mut self, mut data: Bytes) -> Bytes {
        let Kind::Script { left: Some(left), .. } = &mut self.0 else { return data };
        let length = data.len() as u64;
        if length > *left {
            reason::log("cgi.body-too-long", &"the script sends more than its Content-Length");
            data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
        }
        *left = left.saturating_sub(length);
        if *left == 0 {
            self.complete();
        }
        data
    }

    /// Gives the script up.
    #[cold]
    fn broken(&mut self, why: Why) -> CgiError {
        self.0 = Kind::Empty;
        let error = CgiError(why);
        reason::log(error.code(), &error);
        error
    }
}

/// Of an end in peace that is none in success.
fn tell(run: &Run) {
    if let Some(status) = run.exit().filter(|status| !status.success()) {
        tracing::warn!(target: "enfilade::cgi", "the script ended with {status}");
    }
}

impl fmt::Debug for CgiBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Empty => "CgiBody(empty)",
            Kind::Whole(_) => "CgiBody(whole)",
            Kind::Script { .. } => "CgiBody(script)",
            Kind::Other(_) => "CgiBody(other)",
        })
    }
}

/// Why a response broke off after its head was sent.
#[derive(Debug)]
pub struct CgiError(Why);

#[derive(Debug)]
enum Why {
    Run(RunFault),
    Short(u64),
    Other(BoxError),
}

impl CgiError {
    /// The stable reason code, as a refusal has it: `cgi.timeout`, `cgi.killed`, `cgi.body-too-short` …
    pub fn code(&self) -> &'static str {
        match &self.0 {
            Why::Run(fault) => fault.code(),
            Why::Short(_) => "cgi.body-too-short",
            Why::Other(_) => "cgi.redirect-broken",
        }
    }
}

impl fmt::Display for CgiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Run(fault) => fault.fmt(f),
            Why::Short(missing) => {
                write!(f, "the script's output is {missing} bytes shorter than its Content-Length")
            }
            Why::Other(_) => f.write_str("the answer to a local redirect broke off"),
        }
    }
}

impl Error for CgiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Why::Other(error) => Some(&**error),
            _ => None,
        }
    }
}
