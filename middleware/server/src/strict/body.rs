//! A request body whose trailers hold nothing that belongs into a head.
//!
//! ```text
//! data … data   trailers ── framing, routing, credentials, cookies, forwarding, identity, ids removed ──▶ app
//! ```
//!
//! Identity is a list of name beginnings, such as `remote-` and `x-auth`: an app that merges trailers into its head
//! must not take a user's name from there. Request ids and trace context are checked in the head, so that in the trailers
//! they would be unchecked. A name that is not on the list is the app's to distrust.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderName, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::aliases;

pin_project! {
    /// The body that [`Strict`](super::Strict) hands on.
    #[derive(Debug, Default)]
    pub struct CleanBody<B> {
        #[pin]
        inner: B,
    }
}

impl<B> CleanBody<B> {
    /// Wraps a body.
    pub fn new(inner: B) -> Self {
        Self { inner }
    }
}

impl<B: Body> Body for CleanBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut polled = ready!(self.project().inner.poll_frame(cx));
        if let Some(Ok(frame)) = &mut polled
            && let Some(trailers) = frame.trailers_mut()
        {
            aliases::remove(trailers, is_forbidden);
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// RFC 9110 §6.5.1: fields that frame, route, authenticate, modify the request or say how to read its content.
fn is_forbidden(name: &str) -> bool {
    const NAMES: [HeaderName; 22] = [
        header::AUTHORIZATION,
        header::CACHE_CONTROL,
        header::CONNECTION,
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::CONTENT_TYPE,
        header::COOKIE,
        header::EXPECT,
        header::HOST,
        header::IF_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_NONE_MATCH,
        header::IF_UNMODIFIED_SINCE,
        header::MAX_FORWARDS,
        header::ORIGIN,
        header::PROXY_AUTHORIZATION,
        header::RANGE,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    // In which proxies and login services name the user; they remove them from a head, and forget trailers.
    const IDENTITY: [&str; 14] = [
        "auth-",
        "authenticated",
        "cf-access-",
        "remote-",
        "ssl-client",
        "tailscale-",
        "x-amzn-oidc-",
        "x-auth",
        "x-client-",
        "x-goog-",
        "x-remote-",
        "x-ssl-",
        "x-user",
        "x-webauth-",
    ];
    // By which a request is found again: ours, W3C Trace Context and Baggage, B3, and what proxies call theirs.
    const IDS: [&str; 8] = [
        "b3",
        "baggage",
        "request-id",
        "traceparent",
        "tracestate",
        "x-correlation-id",
        "x-request-id",
        "x-trace-id",
    ];
    aliases::is_forwarding(name)
        || IDENTITY.iter().any(|prefix| aliases::begins(name, prefix))
        || aliases::begins(name, "x-b3-")
        || IDS.iter().any(|known| aliases::same(name, known))
        || NAMES.iter().any(|known| aliases::same(name, known.as_str()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn trailers_keep_checksums_and_lose_what_a_head_decides_by() {
        let mut trailers = HeaderMap::new();
        for name in [
            "content-digest",
            "grpc-status",
            "Authorization",
            "HOST",
            "Cookie",
            "x_forwarded_for",
            "X-Request-Id",
            "X.Request.Id",
            "Request-Id",
            "X-Correlation-Id",
            "traceparent",
            "Tracestate",
            "baggage",
            "X_B3_TraceId",
            "Remote-User",
            "REMOTE_USER",
            "x-remote-user",
            "x.remote.groups",
            "Auth-User",
            "X-Auth-Request-Email",
            "x-forwarded-user",
        ] {
            trailers.insert(name.parse::<HeaderName>().expect("a name"), HeaderValue::from_static("v"));
        }
        aliases::remove(&mut trailers, is_forbidden);
        let mut kept: Vec<_> = trailers.keys().map(HeaderName::as_str).collect();
        kept.sort_unstable();
        assert_eq!(kept, ["content-digest", "grpc-status"]);
    }
}
