//! The link as a middleware function of axum, and its test as axum's documentation writes tests.

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};

/// While the shop is read-only, only reads pass, and each answer says so.
async fn read_only(req: Request, next: Next) -> Response {
    if req.method() != Method::GET {
        return (StatusCode::SERVICE_UNAVAILABLE, "read-only.closed").into_response();
    }
    let mut res = next.run(req).await;
    res.headers_mut().insert("x-mode", HeaderValue::from_static("read-only"));
    res
}

// -- test --

use axum::{Router, body::Body, routing::get};
use tower::ServiceExt;

async fn reached() {
    panic!("the write reached the app");
}

#[tokio::test]
async fn reads_pass_and_writes_do_not() {
    let orders = get(async || StatusCode::OK).post(reached);
    let shop = Router::new().route("/orders", orders).layer(from_fn(read_only));

    let req = Request::builder().method("POST").uri("/orders").body(Body::empty()).unwrap();
    let res = shop.clone().oneshot(req).await.unwrap();
    assert_eq!(res.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = axum::body::to_bytes(res.into_body(), 1024).await.unwrap();
    assert_eq!(body, "read-only.closed");

    let req = Request::builder().uri("/orders").body(Body::empty()).unwrap();
    let res = shop.oneshot(req).await.unwrap();
    assert_eq!(res.status(), StatusCode::OK);
    assert_eq!(res.headers()["x-mode"], "read-only");
}
