//! What axum offers to write a layer with, in its least form.
//!
//! ```text
//! from_fn · from_fn_with_state · HandleError
//! ```

use std::convert::Infallible;

use axum::{
    BoxError, Router,
    body::Body,
    error_handling::HandleErrorLayer,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
};
use enfilade_test::{InfallibleProbe, Law, Laws, ProbeError};
use tower::Layer;

use crate::{policy::guard, row::Row};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("`from_fn`", over(middleware::from_fn(pass))),
        row("`from_fn`, a guard", guard(over(middleware::from_fn(key)))),
        row("`from_fn_with_state`", over(middleware::from_fn_with_state((), pass_with))),
        row("`HandleError`", handle_error()),
        row("`Router`", router(|router| router)),
        row("`Router` with a layer", router(|router| router.layer(middleware::from_fn(pass)))),
    ]
}

fn row(layer: &'static str, laws: Laws) -> Row {
    Row::of("axum", layer, laws)
}

fn over<L, R>(layer: L) -> Laws
where
    L: Layer<InfallibleProbe> + 'static,
    L::Service: tower::Service<Request, Response = Response<R>, Error = Infallible, Future: 'static>
        + Clone
        + 'static,
    R: http_body::Body<Error: Into<BoxError>> + 'static,
{
    Laws::service_with_body(Body::new, move |probe| layer.layer(probe.infallible()))
}

/// No layer, but what most layers stand before.
fn router(layers: fn(Router) -> Router) -> Laws {
    Laws::service_with_body(Body::new, move |probe| {
        layers(Router::new().route_service("/", probe.infallible()))
    })
    .request(|| http::Request::post("/"))
}

/// Its purpose is to make a service that cannot fail out of one that can.
fn handle_error() -> Laws {
    let layer = HandleErrorLayer::new(async |_: ProbeError| StatusCode::BAD_GATEWAY);
    Laws::service_with_body(Body::new, move |probe| layer.layer(probe))
        .except(Law::ErrorsUnchanged, "it is there to answer for errors")
}

async fn pass(request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn pass_with(State(()): State<()>, request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn key(request: Request, next: Next) -> Result<Response, StatusCode> {
    if request.headers().contains_key("x-key") {
        Ok(next.run(request).await)
    } else {
        Err(StatusCode::UNAUTHORIZED)
    }
}
