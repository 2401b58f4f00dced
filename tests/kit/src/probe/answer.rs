//! One scripted answer: a response, an error, a panic, or none at all.
//!
//! ```text
//! Answer::status(200).header(…).body(…) | Answer::error(…) | Answer::hang() | Answer::panic(…) | Answer::with(|req| …)
//!     └─ wait(&latch): not before the test opens it
//! ```

use std::{fmt, panic, sync::Arc};

use http::{Response, StatusCode, request};

use crate::{
    Latch, ProbeBody,
    body::{ProbeError, field},
};

/// What a [`Probe`](crate::Probe) does with one request.
///
/// ```
/// use enfilade_test::{Answer, Drive, Probe, ProbeBody};
///
/// let answer = Answer::ok().body(ProbeBody::new().data("half").error("cut off"));
/// let reply = Drive::service(Probe::ok().respond(answer).service()).get("/").send();
/// assert_eq!((reply.text(), reply.body_error()), ("half", Some("cut off")));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Answer {
    kind: Kind,
    wait: Vec<Latch>,
}

#[derive(Clone)]
enum Kind {
    Respond(Box<Response<ProbeBody>>),
    Error(String),
    Hang,
    Panic(String),
    PanicOnCall(String),
    With(Arc<dyn Fn(&request::Parts) -> Answer + Send + Sync>),
}

/// What is left to do once the request is known: wait, then act.
pub(super) struct Plan {
    pub(super) wait: Vec<Latch>,
    pub(super) act: Act,
}

pub(super) enum Act {
    Finish(Result<Response<ProbeBody>, ProbeError>),
    Hang,
    Panic(String),
}

impl Answer {
    /// 200 with an empty body.
    pub fn ok() -> Self {
        Self::status(200)
    }

    /// A response with an empty body.
    ///
    /// # Panics
    ///
    /// If `status` is not between 100 and 999.
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or_else(|_| panic!("{status} is no status"));
        status.into()
    }

    /// Adds a header to the response.
    ///
    /// # Panics
    ///
    /// If this answer is no response, or the header is none.
    pub fn header(self, name: &str, value: &str) -> Self {
        let (name, value) = field(name, value);
        self.edit(|response| {
            response.headers_mut().append(name, value);
        })
    }

    /// Gives the response a body: a text, bytes, or frames of a [`ProbeBody`].
    ///
    /// # Panics
    ///
    /// If this answer is no response.
    pub fn body(self, body: impl Into<ProbeBody>) -> Self {
        self.edit(|response| *response.body_mut() = body.into())
    }

    /// Puts a value into the response's extensions.
    ///
    /// # Panics
    ///
    /// If this answer is no response.
    pub fn extension<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.edit(|response| {
            response.extensions_mut().insert(value);
        })
    }

    /// The service fails: an `Err`, not a response.
    pub fn error(message: impl Into<String>) -> Self {
        Kind::Error(message.into()).into()
    }

    /// The answer never comes.
    pub fn hang() -> Self {
        Kind::Hang.into()
    }

    /// The response's future panics.
    pub fn panic(message: impl Into<String>) -> Self {
        Kind::Panic(message.into()).into()
    }

    /// `call` itself panics, before there is a future.
    pub fn panic_on_call(message: impl Into<String>) -> Self {
        Kind::PanicOnCall(message.into()).into()
    }

    /// Holds the answer back until the test opens the latch. Several latches are waited for in order.
    pub fn wait(mut self, latch: &Latch) -> Self {
        self.wait.push(latch.clone());
        self
    }

    /// The answer depends on the request.
    pub fn with(answer: impl Fn(&request::Parts) -> Self + Send + Sync + 'static) -> Self {
        Kind::With(Arc::new(answer)).into()
    }

    pub(super) fn resolve(self, req: &request::Parts) -> Plan {
        let act = match self.kind {
            Kind::Respond(response) => Act::Finish(Ok(*response)),
            Kind::Error(message) => Act::Finish(Err(ProbeError::new(message))),
            Kind::Hang => Act::Hang,
            Kind::Panic(message) => Act::Panic(message),
            Kind::PanicOnCall(message) => panic::resume_unwind(Box::new(message)),
            Kind::With(answer) => {
                let inner = answer(req).resolve(req);
                return Plan { wait: [self.wait, inner.wait].concat(), act: inner.act };
            }
        };
        Plan { wait: self.wait, act }
    }

    fn edit(mut self, change: impl FnOnce(&mut Response<ProbeBody>)) -> Self {
        match &mut self.kind {
            Kind::Respond(response) => change(response),
            _ => panic!("{self:?} is no response: it has no headers and no body"),
        }
        self
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self::ok()
    }
}

impl From<Kind> for Answer {
    fn from(kind: Kind) -> Self {
        Self { kind, wait: Vec::new() }
    }
}

impl From<u16> for Answer {
    fn from(status: u16) -> Self {
        Self::status(status)
    }
}

impl From<StatusCode> for Answer {
    fn from(status: StatusCode) -> Self {
        let mut response = Response::new(ProbeBody::new());
        *response.status_mut() = status;
        response.into()
    }
}

impl From<Response<ProbeBody>> for Answer {
    fn from(response: Response<ProbeBody>) -> Self {
        Kind::Respond(Box::new(response)).into()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Respond(response) => write!(f, "Answer::status({})", response.status().as_u16()),
            Kind::Error(message) => write!(f, "Answer::error({message:?})"),
            Kind::Hang => f.write_str("Answer::hang()"),
            Kind::Panic(message) => write!(f, "Answer::panic({message:?})"),
            Kind::PanicOnCall(message) => write!(f, "Answer::panic_on_call({message:?})"),
            Kind::With(_) => f.write_str("Answer::with(..)"),
        }
    }
}
