//! A link from an async closure: `from_fn(async |req, next| …)`, without boxing anything.
//!
//! ```text
//! request ──▶ your closure ── next.run(req).await ──▶ inner service
//!                          ◀── Result<Response, E> ──
//! ```
//!
//! 1. [`Next`] owns the *readied* inner service and [`Next::run`] consumes it: calling an unready clone, or
//!    calling twice, cannot be written.
//! 2. A closure of its own state takes it as an argument: [`from_fn_with`].
//! 3. A refusal is a response: `Ok(rejection.into_response())`.
//!
//! It costs one clone of the inner service for each link and request, so use gates for what is common and
//! `from_fn` for what needs the body or the future.
//!
//! ```
//! use enfilade_core::from_fn;
//! use enfilade_test::{Probe, assert_passed, drive};
//! use http::HeaderValue;
//!
//! let stamp = from_fn(async |req, next| {
//!     let mut res = next.run(req).await?;
//!     res.headers_mut().insert("x-seen", HeaderValue::from_static("1"));
//!     Ok(res)
//! });
//!
//! let probe = Probe::ok();
//! let reply = drive(stamp, &probe).get("/").send();
//! assert_passed!(reply);
//! assert_eq!(reply.header("x-seen"), Some("1"));
//! ```

use std::{
    fmt,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::chain::returning::note_call;

/// A layer from a closure `(request, next) -> Result<Response, E>`. See the [module docs](self).
///
/// The closure is cloned with the service, so what it captures should be cheap to clone.
pub fn from_fn<F, B, S, Fut, R, E>(f: F) -> FromFnLayer<F>
where
    F: FnMut(Request<B>, Next<S>) -> Fut,
    Fut: Future<Output = Result<Response<R>, E>>,
{
    FromFnLayer { f }
}

/// A layer from a closure `(state, request, next) -> Result<Response, E>`; the state is cloned for each request.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
///
/// use enfilade_core::from_fn_with;
/// use enfilade_test::{Probe, drive};
///
/// let count = Arc::new(AtomicU64::new(0));
/// let layer = from_fn_with(count.clone(), async |count: Arc<AtomicU64>, req, next| {
///     count.fetch_add(1, Ordering::Relaxed);
///     next.run(req).await
/// });
/// drive(layer, &Probe::ok()).get("/").send();
/// assert_eq!(count.load(Ordering::Relaxed), 1);
/// ```
pub fn from_fn_with<T, F, B, S, Fut, R, E>(state: T, f: F) -> FromFnLayer<WithState<T, F>>
where
    T: Clone,
    F: FnMut(T, Request<B>, Next<S>) -> Fut,
    Fut: Future<Output = Result<Response<R>, E>>,
{
    FromFnLayer { f: WithState { state, f } }
}

/// The layer of [`from_fn`] and [`from_fn_with`].
#[derive(Clone, Copy)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct FromFnLayer<F> {
    f: F,
}

impl<S, F: Clone> Layer<S> for FromFnLayer<F> {
    type Service = FromFn<F, S>;

    fn layer(&self, inner: S) -> FromFn<F, S> {
        FromFn { f: self.f.clone(), inner }
    }
}

/// The service of [`from_fn`] and [`from_fn_with`].
#[derive(Clone, Copy)]
pub struct FromFn<F, S> {
    f: F,
    inner: S,
}

impl<F, S, B> Service<Request<B>> for FromFn<F, S>
where
    S: Service<Request<B>> + Clone,
    F: Middleware<S, B, Error = S::Error>,
{
    type Response = F::Response;
    type Error = S::Error;
    type Future = F::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> F::Future {
        // The clone was never polled ready; `Next` gets the one that was.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        note_call();
        self.f.run(req, Next { inner: ready })
    }
}

/// The rest of the chain: the inner service, ready to be called once.
pub struct Next<S> {
    inner: S,
}

impl<S> Next<S> {
    /// Calls the rest of the chain.
    pub fn run<B, R>(mut self, req: Request<B>) -> Run<S::Future, R, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>>,
    {
        Run { future: self.inner.call(req), output: PhantomData }
    }
}

pin_project! {
    /// The future of [`Next::run`].
    ///
    /// Its type spells out `Result<Response<R>, E>`: with `S::Future` alone, `res.headers_mut()` in a closure
    /// whose `S` is still unknown is error E0282.
    #[must_use = "futures do nothing unless awaited"]
    pub struct Run<F, R, E> {
        #[pin]
        future: F,
        output: PhantomData<fn() -> Result<Response<R>, E>>,
    }
}

impl<F, R, E> Future for Run<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx)
    }
}

/// What [`from_fn`] and [`from_fn_with`] accept; implemented for their closures, not to be implemented by hand.
#[diagnostic::on_unimplemented(
    message = "this closure cannot stand as a link around `{S}`",
    label = "expected `async |req: Request<B>, next: Next<S>| -> Result<Response<_>, _>`",
    note = "the error type must be the inner service's: refuse with `Ok(rejection.into_response())`, never with `Err`",
    note = "a closure that captures state takes it as its first argument: `from_fn_with(state, async |state, req, next| ..)`"
)]
pub trait Middleware<S, B> {
    /// The response.
    type Response;
    /// The error, which must be the inner service's.
    type Error;
    /// The closure's own future, unboxed.
    type Future: Future<Output = Result<Self::Response, Self::Error>>;

    /// Runs the closure.
    fn run(&mut self, req: Request<B>, next: Next<S>) -> Self::Future;
}

#[diagnostic::do_not_recommend]
impl<F, S, B, Fut, R, E> Middleware<S, B> for F
where
    F: FnMut(Request<B>, Next<S>) -> Fut,
    Fut: Future<Output = Result<Response<R>, E>>,
{
    type Response = Response<R>;
    type Error = E;
    type Future = Fut;

    fn run(&mut self, req: Request<B>, next: Next<S>) -> Fut {
        self(req, next)
    }
}

/// A closure with its state; made by [`from_fn_with`].
#[derive(Clone, Copy)]
pub struct WithState<T, F> {
    state: T,
    f: F,
}

#[diagnostic::do_not_recommend]
impl<T, F, S, B, Fut, R, E> Middleware<S, B> for WithState<T, F>
where
    T: Clone,
    F: FnMut(T, Request<B>, Next<S>) -> Fut,
    Fut: Future<Output = Result<Response<R>, E>>,
{
    type Response = Response<R>;
    type Error = E;
    type Future = Fut;

    fn run(&mut self, req: Request<B>, next: Next<S>) -> Fut {
        (self.f)(self.state.clone(), req, next)
    }
}

macro_rules! opaque_debug {
    ($($type:ident<$($param:ident),+>),+ $(,)?) => {$(
        impl<$($param),+> fmt::Debug for $type<$($param),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(..)"))
            }
        }
    )+};
}

opaque_debug!(FromFnLayer<F>, FromFn<F, S>, Next<S>, Run<F, R, E>, WithState<T, F>);
