//! A [`Rejection`] is a refusal of ours: a response with a stable reason code, never an error.
//!
//! ```text
//! Rejection { code "auth.token-expired", status 401, challenges, headers, detail (client), log (log only) }
//!     ├── into_parts / into_response ──▶ complete HTTP: status, WWW-Authenticate, empty body, itself in the extensions
//!     └── RenderRejections (outermost) ──▶ the same with a body: problem+json, HTML, text or gRPC
//! ```
//!
//! ```
//! use enfilade_core::{Challenge, Rejection};
//! use http::StatusCode;
//!
//! let refused = Rejection::new(StatusCode::UNAUTHORIZED, "auth.token-expired")
//!     .with_challenge(Challenge::bearer().with_error("invalid_token", "the token has expired"))
//!     .with_detail("the token has expired")
//!     .with_log("exp 1700000000");
//! let response: http::Response<()> = refused.into_response();
//! assert_eq!(response.status(), 401);
//! assert_eq!(
//!     response.headers()["www-authenticate"],
//!     r#"Bearer error="invalid_token", error_description="the token has expired""#,
//! );
//! let kept = response.extensions().get::<Rejection>().unwrap();
//! assert_eq!(kept.code(), "auth.token-expired");
//! ```

mod challenge;

pub use self::challenge::Challenge;

use std::{borrow::Cow, fmt};

use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, WWW_AUTHENTICATE},
    response,
};

use crate::EmptyBody;

/// A refusal: complete HTTP, with a stable reason code. See the [module docs](self).
#[derive(Clone)]
#[must_use = "a refusal refuses nothing until it is returned"]
pub struct Rejection(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: &'static str,
    status: StatusCode,
    challenges: Vec<Challenge>,
    headers: HeaderMap,
    detail: Cow<'static, str>,
    log: Option<String>,
}

impl Rejection {
    /// A refusal with its status and its stable reason code: `link.reason`, lower case, words joined by `-`.
    ///
    /// Codes are part of a link's public interface: logs, tests and dashboards match on them.
    pub fn new(status: StatusCode, code: &'static str) -> Self {
        Self(Box::new(Inner {
            code,
            status,
            challenges: Vec::new(),
            headers: HeaderMap::new(),
            detail: Cow::Borrowed(""),
            log: None,
        }))
    }

    /// What the client may read, in one short sentence that says what to do next.
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// What only the log may read. Never a secret: no token, cookie, password or key.
    pub fn with_log(mut self, log: impl Into<String>) -> Self {
        self.0.log = Some(log.into());
        self
    }

    /// Adds a `WWW-Authenticate` challenge (RFC 9110 §11.6.1); a 401 must carry at least one.
    pub fn with_challenge(mut self, challenge: Challenge) -> Self {
        self.0.challenges.push(challenge);
        self
    }

    /// Replaces all challenges.
    pub fn with_challenges(mut self, challenges: impl IntoIterator<Item = Challenge>) -> Self {
        self.0.challenges = challenges.into_iter().collect();
        self
    }

    /// Adds a response header, such as `Retry-After` or `Location`.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// The stable reason code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The challenges, in order.
    pub fn challenges(&self) -> &[Challenge] {
        &self.0.challenges
    }

    /// The extra response headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// What the client may read; empty when there is nothing to say beyond the status.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What only the log may read.
    pub fn log(&self) -> Option<&str> {
        self.0.log.as_deref()
    }

    /// The refusal as a response head: status, challenges, headers, `no-store`, and itself in the extensions.
    pub fn into_parts(self) -> response::Parts {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = self.0.status;
        head.headers = self.0.headers.clone();
        for challenge in &self.0.challenges {
            head.headers.append(WWW_AUTHENTICATE, challenge.to_header_value());
        }
        head.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        head.extensions.insert(self);
        head
    }

    /// The refusal as a response with an empty body.
    pub fn into_response<R: EmptyBody>(self) -> Response<R> {
        Response::from_parts(self.into_parts(), R::empty())
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("code", &self.0.code)
            .field("status", &self.0.status.as_u16())
            .field("detail", &self.0.detail)
            .field("log", &self.0.log)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.code, self.0.status.as_u16())
    }
}

impl std::error::Error for Rejection {}
