//! The link as a tower layer with a future of its own, and its test with tower-test.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Method, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

/// While the shop is read-only, only reads pass, and each answer says so.
#[derive(Clone)]
struct ReadOnlyLayer;

impl<S> Layer<S> for ReadOnlyLayer {
    type Service = ReadOnly<S>;

    fn layer(&self, inner: S) -> ReadOnly<S> {
        ReadOnly { inner }
    }
}

#[derive(Clone)]
struct ReadOnly<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for ReadOnly<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ReadOnlyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        if req.method() != Method::GET {
            return ReadOnlyFuture::Refused;
        }
        ReadOnlyFuture::Passed { inner: self.inner.call(req) }
    }
}

pin_project! {
    #[project = Projected]
    enum ReadOnlyFuture<F> { Refused, Passed { #[pin] inner: F } }
}

impl<F, R, E> Future for ReadOnlyFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        Poll::Ready(Ok(match self.project() {
            Projected::Refused => {
                let mut res = Response::new(R::default());
                *res.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                res.headers_mut().insert("x-reason", HeaderValue::from_static("read-only.closed"));
                res
            }
            Projected::Passed { inner } => {
                let mut res = ready!(inner.poll(cx))?;
                res.headers_mut().insert("x-mode", HeaderValue::from_static("read-only"));
                res
            }
        }))
    }
}

// -- test --

use tokio_test::{assert_pending, assert_ready_ok, task};
use tower_test::mock;

#[tokio::test]
async fn reads_pass_and_writes_do_not() {
    let (mut shop, mut app) = mock::spawn_layer(ReadOnlyLayer);

    assert_ready_ok!(shop.poll_ready());
    let req = Request::post("/orders").body(String::new()).unwrap();
    let res = shop.call(req).await.unwrap();
    assert_eq!(res.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(res.headers()["x-reason"], "read-only.closed");
    assert_pending!(task::spawn(app.next_request()).poll());

    assert_ready_ok!(shop.poll_ready());
    let req = Request::get("/orders").body(String::new()).unwrap();
    let answer = shop.call(req);
    let (_, send) = app.next_request().await.unwrap();
    send.send_response(Response::new(String::new()));
    let res = answer.await.unwrap();
    assert_eq!(res.headers()["x-mode"], "read-only");
}
