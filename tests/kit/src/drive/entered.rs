//! A gate driven by hand: entered with a request's head, left with a response's, without a service or a runtime.
//!
//! ```text
//! enter(&gate, Ask::get("/x").bearer(…)) ──▶ Entered ─┬─ refused("auth.missing") ──▶ Rejection
//!                                                     └─ passed() ──▶ Passed ── leave(200) ──▶ Reply
//! ```
//!
//! 1. What a gate waits for (`Pass::later`, `Exit::later`) is waited for on this thread; what needs a runtime uses
//!    `enter_async` and `leave_async` there.
//! 2. Dropping a [`Passed`] is what happens when the client hangs up or the app fails: the way back is not run.
//!
//! ```
//! use enfilade_core::{Gate, Pass, Rejection, gate_fn};
//! use enfilade_test::{Ask, assert_header, enter};
//! use http::{HeaderValue, StatusCode};
//!
//! let polite = gate_fn("polite", |req| match req.headers.remove("please") {
//!     None => Err(Rejection::new(StatusCode::FORBIDDEN, "polite.missing")),
//!     Some(_) => Ok(Pass::then(|res| {
//!         res.headers.insert("thank", HeaderValue::from_static("you"));
//!     })),
//! });
//! enter(&polite, "/").refused("polite.missing");
//!
//! let passed = enter(&polite, Ask::get("/").header("please", "1")).passed();
//! assert!(!passed.request().headers.contains_key("please"));
//! assert_header!(passed.leave(200), "thank" = "you");
//! ```

use enfilade_core::{Exit, Gate, Pass, Rejection, Verdict};
use http::{Request, Response, StatusCode, request, response};

use super::{Ask, Reply, block::block_on};
use crate::assert;

/// Enters the gate and waits for its verdict on this thread.
///
/// # Panics
///
/// If the gate waits for something that only a runtime can bring.
#[track_caller]
pub fn enter<G: Gate + ?Sized>(gate: &G, request: impl IntoHead<request::Parts>) -> Entered {
    block_on(enter_async(gate, request))
}

/// Enters the gate inside a runtime.
pub async fn enter_async<G: Gate + ?Sized>(gate: &G, request: impl IntoHead<request::Parts>) -> Entered {
    let mut request = request.into_head();
    let mut verdict = gate.enter(&mut request);
    while let Ok(Pass::Later(later)) = verdict {
        verdict = later.enter(&mut request).await;
    }
    Entered { request, verdict }
}

/// What a gate decided, and what it made of the request's head. See the [module docs](self).
#[derive(Debug)]
#[must_use = "a verdict that nobody looks at tests nothing"]
pub struct Entered {
    request: request::Parts,
    verdict: Verdict,
}

impl Entered {
    /// The request's head as the gate left it.
    pub fn request(&self) -> &request::Parts {
        &self.request
    }

    /// The refusal, if it is one.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.verdict.as_ref().err()
    }

    /// Asserts that the gate let the request pass.
    ///
    /// # Panics
    ///
    /// If it refused.
    #[track_caller]
    pub fn passed(self) -> Passed {
        assert::passed(&self, None);
        match self.verdict {
            Ok(pass) => Passed { request: self.request, pass },
            Err(_) => unreachable!("it was asserted that the gate passed"),
        }
    }

    /// Asserts that the gate refused with this reason code.
    ///
    /// # Panics
    ///
    /// If it passed, or refused with another.
    #[track_caller]
    pub fn refused(self, code: &str) -> Rejection {
        let status = self.rejection().map_or(0, |rejection| rejection.status().as_u16());
        assert::refused(&self, status, code);
        self.verdict.expect_err("it was asserted that the gate refused")
    }

    /// The verdict itself; never [`Pass::Later`].
    ///
    /// # Errors
    ///
    /// The refusal.
    pub fn verdict(self) -> Verdict {
        self.verdict
    }
}

/// A request that a gate let pass; the way back is still to go.
#[derive(Debug)]
#[must_use = "dropping it is a hang-up: the way back is not run"]
pub struct Passed {
    request: request::Parts,
    pass: Pass,
}

impl Passed {
    /// The request's head as the gate left it.
    pub fn request(&self) -> &request::Parts {
        &self.request
    }

    /// Whether the gate wants to see the response.
    pub fn comes_back(&self) -> bool {
        matches!(self.pass, Pass::Then(_))
    }

    /// Runs the way back on a response's head: a status, a `Response`, its `Parts`.
    ///
    /// # Panics
    ///
    /// If the way back waits for something that only a runtime can bring.
    #[track_caller]
    pub fn leave(self, response: impl IntoHead<response::Parts>) -> Reply {
        block_on(self.leave_async(response))
    }

    /// The same inside a runtime.
    pub async fn leave_async(self, response: impl IntoHead<response::Parts>) -> Reply {
        let mut head = response.into_head();
        let mut exit = self.pass.leave(&mut head);
        loop {
            exit = match exit {
                Exit::Done => return Reply::empty(head),
                // The refusal replaces the whole head, as it does in a chain.
                Exit::Refuse(rejection) => return Reply::empty(rejection.into_parts()),
                Exit::Later(later) => later.leave(&mut head).await,
            }
        }
    }
}

/// Whatever has a head, of a request or of a response, or can stand for one.
pub trait IntoHead<H> {
    /// The head alone.
    fn into_head(self) -> H;
}

/// A target: a GET request.
impl IntoHead<request::Parts> for &str {
    fn into_head(self) -> request::Parts {
        Ask::get(self).parts
    }
}

impl<B> IntoHead<request::Parts> for Ask<(), B> {
    fn into_head(self) -> request::Parts {
        self.parts
    }
}

impl<B> IntoHead<request::Parts> for Request<B> {
    fn into_head(self) -> request::Parts {
        self.into_parts().0
    }
}

impl IntoHead<request::Parts> for request::Parts {
    fn into_head(self) -> request::Parts {
        self
    }
}

impl IntoHead<response::Parts> for u16 {
    fn into_head(self) -> response::Parts {
        let status = StatusCode::from_u16(self);
        status.unwrap_or_else(|_| panic!("{self} is no status")).into_head()
    }
}

impl IntoHead<response::Parts> for StatusCode {
    fn into_head(self) -> response::Parts {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = self;
        head
    }
}

impl<B> IntoHead<response::Parts> for Response<B> {
    fn into_head(self) -> response::Parts {
        self.into_parts().0
    }
}

impl IntoHead<response::Parts> for response::Parts {
    fn into_head(self) -> response::Parts {
        self
    }
}
