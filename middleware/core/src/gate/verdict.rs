//! What a gate answers: pass now, pass and come back, pass after some I/O, or refuse.
//!
//! ```text
//! Verdict = Ok(Pass::Now) | Ok(Pass::Then(Leave)) | Ok(Pass::Later(LaterEntry)) | Err(Rejection)
//! Exit    = Exit::Done    | Exit::Refuse(Rejection) | Exit::Later(LaterExit)
//! ```
//!
//! The way back is a closure inside the verdict, so it owns what it needs and no state type appears in the trait.
//!
//! ```
//! use enfilade_core::{Exit, Pass};
//!
//! let started = 7;
//! let pass = Pass::then(move |res| {
//!     res.headers.insert("x-started", started.into());
//! });
//! let (mut head, ()) = http::Response::new(()).into_parts();
//! assert!(matches!(pass.leave(&mut head), Exit::Done));
//! assert_eq!(head.headers["x-started"], "7");
//! ```

use std::{fmt, pin::Pin, sync::Arc};

use http::{request, response};

use crate::Rejection;

/// What [`Gate::enter`](super::Gate::enter) returns; `?` on anything that converts into a [`Rejection`] refuses.
pub type Verdict = Result<Pass, Rejection>;

/// The request may go on.
#[derive(Debug)]
#[must_use]
pub enum Pass {
    /// It may, and this gate has nothing to do with the response.
    Now,
    /// It may, and this gate wants to see the response: see [`Pass::then`].
    Then(Leave),
    /// It is known later, after I/O: see [`Pass::later`].
    Later(LaterEntry),
}

impl Pass {
    /// Passes, and runs `leave` on the response's head. One allocation, none when the closure captures nothing.
    ///
    /// The closure returns `()`, a `Result<(), Rejection>` or an [`Exit`].
    pub fn then<F, X>(leave: F) -> Self
    where
        F: FnOnce(&mut response::Parts) -> X + Send + 'static,
        X: Into<Exit>,
    {
        Self::Then(Leave(Way::Own(Box::new(move |res| leave(res).into()))))
    }

    /// Passes, and has what others hold too see the response's head: no allocation, where there is an [`Arc`] anyway.
    pub fn then_shared(leave: Arc<impl OnLeave>) -> Self {
        Self::Then(Leave(Way::Shared(Shared(Some(leave)))))
    }

    /// Waits for `io`, then applies what it found to the request's head: the future returns a closure.
    ///
    /// Boxed, and only for real I/O: a lookup in a store, a password hash on another thread.
    ///
    /// ```
    /// use enfilade_core::{Pass, gate_fn};
    /// use http::request;
    ///
    /// # async fn lookup() -> u64 { 3 }
    /// let gate = gate_fn("quota", |_req| {
    ///     Ok(Pass::later(async {
    ///         let left = lookup().await;
    ///         move |req: &mut request::Parts| {
    ///             req.extensions.insert(left);
    ///             Ok(Pass::Now)
    ///         }
    ///     }))
    /// });
    /// ```
    pub fn later<F, K>(io: F) -> Self
    where
        F: Future<Output = K> + Send + 'static,
        K: FnOnce(&mut request::Parts) -> Verdict + Send + 'static,
    {
        Self::Later(LaterEntry(Box::pin(async move { Box::new(io.await) as EntryFn })))
    }

    /// Runs the way back by hand, for tests. `Now` has none and is [`Exit::Done`].
    ///
    /// # Panics
    ///
    /// On `Later`: await [`LaterEntry::enter`] first.
    pub fn leave(self, res: &mut response::Parts) -> Exit {
        match self {
            Self::Now => Exit::Done,
            Self::Then(leave) => leave.run(res),
            Self::Later(_) => panic!("this verdict is still waiting: await `LaterEntry::enter` first"),
        }
    }
}

/// The way back of one gate; made by [`Pass::then`]. Opaque, so that its storage can change.
#[must_use]
pub struct Leave(Way);

enum Way {
    Own(Box<dyn FnOnce(&mut response::Parts) -> Exit + Send>),
    Shared(Shared),
}

/// `None`, once it has run.
struct Shared(Option<Arc<dyn OnLeave>>);

impl Leave {
    /// Runs it on the response's head.
    pub fn run(self, res: &mut response::Parts) -> Exit {
        match self.0 {
            Way::Own(leave) => leave(res),
            Way::Shared(mut shared) => shared.0.take().map_or(Exit::Done, |shared| shared.leave(res)),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.abandon();
        }
    }
}

/// A way back that others hold too: see [`Pass::then_shared`].
pub trait OnLeave: Send + Sync + 'static {
    /// Runs on the response's head.
    fn leave(&self, res: &mut response::Parts) -> Exit;

    /// There will be no response: the app failed, or the client hung up.
    fn abandon(&self) {}
}

/// What the way back says.
#[derive(Debug)]
#[must_use]
pub enum Exit {
    /// The response goes on outward.
    Done,
    /// The response is replaced by a refusal: a session that could not be committed is a 503, never a 200.
    /// Nothing of the app's head remains, nor of what gates further in added to it.
    Refuse(Rejection),
    /// The response waits for I/O: see [`Exit::later`].
    Later(LaterExit),
}

impl Exit {
    /// Holds the response's head back until `io` is done, then applies what it returned.
    ///
    /// When the client hangs up, `io` is dropped where it stands: spawn what must finish, and await its handle.
    pub fn later<F, K>(io: F) -> Self
    where
        F: Future<Output = K> + Send + 'static,
        K: FnOnce(&mut response::Parts) -> Exit + Send + 'static,
    {
        Self::Later(LaterExit(Box::pin(async move { Box::new(io.await) as ExitFn })))
    }
}

impl From<()> for Exit {
    fn from((): ()) -> Self {
        Self::Done
    }
}

impl From<Result<(), Rejection>> for Exit {
    fn from(result: Result<(), Rejection>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(rejection) => Self::Refuse(rejection),
        }
    }
}

pub(crate) type EntryFn = Box<dyn FnOnce(&mut request::Parts) -> Verdict + Send>;
pub(crate) type ExitFn = Box<dyn FnOnce(&mut response::Parts) -> Exit + Send>;

/// I/O on the way in; made by [`Pass::later`].
#[must_use]
pub struct LaterEntry(pub(super) Pin<Box<dyn Future<Output = EntryFn> + Send>>);

impl LaterEntry {
    /// Waits for the I/O; what it found is applied by the closure.
    pub(crate) async fn wait(self) -> EntryFn {
        self.0.await
    }

    /// Waits and applies the answer, for tests: the walker does this for a served request.
    ///
    /// # Errors
    ///
    /// What the awaited closure refused.
    pub async fn enter(self, req: &mut request::Parts) -> Verdict {
        (self.0.await)(req)
    }
}

/// I/O on the way out; made by [`Exit::later`].
#[must_use]
pub struct LaterExit(pub(super) Pin<Box<dyn Future<Output = ExitFn> + Send>>);

impl LaterExit {
    /// Waits for the I/O; what it found is applied by the closure.
    pub(crate) async fn wait(self) -> ExitFn {
        self.0.await
    }

    /// Waits and applies the answer, for tests: the walker does this for a served request.
    pub async fn leave(self, res: &mut response::Parts) -> Exit {
        (self.0.await)(res)
    }
}

impl fmt::Debug for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leave(..)")
    }
}

impl fmt::Debug for LaterEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaterEntry(..)")
    }
}

impl fmt::Debug for LaterExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaterExit(..)")
    }
}
