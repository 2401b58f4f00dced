//! What came back, read to its end.
//!
//! ```text
//! Response<R> ── read every frame ──▶ Reply { head, body, trailers, body_error }
//! ```
//!
//! ```
//! use enfilade_test::{Answer, Drive, Probe};
//!
//! let answer = Answer::status(303).header("location", "/in").header("set-cookie", "sid=7; Path=/");
//! let reply = Drive::service(Probe::ok().respond(answer).service()).get("/").send();
//! assert_eq!((reply.status().as_u16(), reply.header("location")), (303, Some("/in")));
//! assert_eq!(reply.set_cookie("sid"), Some("7"));
//! ```

use std::fmt;

use bytes::Bytes;
use enfilade_core::Rejection;
use http::{Extensions, HeaderMap, Response, StatusCode, response};
use http_body::Body;

use crate::body::read_whole;

/// A response whose body was read.
pub struct Reply {
    head: response::Parts,
    body: Bytes,
    trailers: Option<HeaderMap>,
    body_error: Option<String>,
}

impl Reply {
    pub(super) async fn read<R>(response: Response<R>) -> Self
    where
        R: Body,
        R::Error: fmt::Display,
    {
        let (head, body) = response.into_parts();
        let (body, trailers, end) = read_whole(body).await;
        Self { head, body, trailers, body_error: end.err().map(|error| error.to_string()) }
    }

    /// A reply without a body.
    pub(super) fn empty(head: response::Parts) -> Self {
        Self { head, body: Bytes::new(), trailers: None, body_error: None }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// A header's value as text; `None` when it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// Every value of a header, in order; what is not text is left out.
    pub fn header_all(&self, name: &str) -> Vec<&str> {
        self.head.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// The value that the reply sets a cookie to, to send it back; the last line of that name counts.
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        let lines = self.header_all("set-cookie").into_iter().rev();
        let pairs = lines.filter_map(|line| line.split(';').next()?.split_once('='));
        pairs.filter(|(known, _)| known.trim() == name).map(|(_, value)| value.trim()).next()
    }

    /// What links left for those further out.
    pub fn extensions(&self) -> &Extensions {
        &self.head.extensions
    }

    /// The refusal, if a link of ours refused.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.head.extensions.get()
    }

    /// The refusal's reason code.
    pub fn code(&self) -> Option<&'static str> {
        self.rejection().map(Rejection::code)
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// If it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body that is text")
    }

    /// The trailers, if any came.
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }

    /// How the body broke off, if it did.
    pub fn body_error(&self) -> Option<&str> {
        self.body_error.as_deref()
    }
}

/// The head, and how much of a body: a page in a failure's message hides what failed.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.head.status)
            .field("headers", &self.head.headers)
            .field("rejection", &self.rejection())
            .field("body_bytes", &self.body.len())
            .field("trailers", &self.trailers)
            .field("body_error", &self.body_error)
            .finish()
    }
}
