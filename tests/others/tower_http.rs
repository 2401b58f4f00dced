//! The layers of tower-http.
//!
//! ```text
//! log · time · size · refusal · encoding · headers · bodies
//! ```

use std::time::Duration;

use enfilade_test::{Law, Laws};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use tower_http::{
    auth::{AddAuthorizationLayer, AsyncRequireAuthorizationLayer},
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::CorsLayer,
    csrf::CsrfLayer,
    decompression::{DecompressionLayer, RequestDecompressionLayer},
    limit::RequestBodyLimitLayer,
    map_request_body::MapRequestBodyLayer,
    map_response_body::MapResponseBodyLayer,
    metrics::InFlightRequestsLayer,
    normalize_path::NormalizePathLayer,
    propagate_header::PropagateHeaderLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    sensitive_headers::SetSensitiveHeadersLayer,
    set_header::{SetRequestHeaderLayer, SetResponseHeaderLayer},
    set_status::SetStatusLayer,
    timeout::{
        RequestBodyDeadlineLayer, RequestBodyTimeoutLayer, ResponseBodyDeadlineLayer,
        ResponseBodyTimeoutLayer, TimeoutLayer,
    },
    trace::TraceLayer,
    validate_request::ValidateRequestHeaderLayer,
};

use crate::{
    policy::{NO_CLONE, guard, with_key},
    row::Row,
};

const LONG: Duration = Duration::from_secs(5);
const KEY: HeaderName = HeaderName::from_static("x-key");

pub(crate) fn rows() -> Vec<Row> {
    [watching(), times(), refusals(), encodings(), headers()].into_iter().flatten().collect()
}

fn row(layer: &'static str, laws: Laws) -> Row {
    Row::of("tower-http", layer, laws)
}

fn watching() -> Vec<Row> {
    let (in_flight, counter) = InFlightRequestsLayer::pair();
    vec![
        row("trace", Laws::of(TraceLayer::new_for_http())),
        row("in-flight requests", Laws::of(in_flight).invariant(move || counter.get() == 0)),
        row("catch panic", Laws::of(CatchPanicLayer::new())),
    ]
}

fn times() -> Vec<Row> {
    let timeout = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, LONG);
    vec![
        row("timeout", Laws::of(timeout)),
        row("request body timeout", Laws::of(RequestBodyTimeoutLayer::new(LONG))).fault(
            Law::RequestUnchanged,
            "`TimeoutBody` has `poll_frame` alone, so the request's length and its end are no longer known.",
            "src/timeout/body.rs",
            "impl<B> Body for TimeoutBody<B>",
        ),
        row("request body deadline", Laws::of(RequestBodyDeadlineLayer::new(LONG))),
        row("response body timeout", Laws::of(ResponseBodyTimeoutLayer::new(LONG))).fault(
            Law::FramesSurvive,
            "The same body: a response whose length was known is sent without one.",
            "src/timeout/body.rs",
            "impl<B> Body for TimeoutBody<B>",
        ),
        row("response body deadline", Laws::of(ResponseBodyDeadlineLayer::new(LONG))),
    ]
}

fn refusals() -> Vec<Row> {
    let required = ValidateRequestHeaderLayer::has_header_value("x-key", "1").expect("a header");
    let async_auth = AsyncRequireAuthorizationLayer::new(authorize);
    let limit = Laws::of(RequestBodyLimitLayer::new(64));
    let too_long = || Request::post("/").header("content-length", "100");
    let csrf = Laws::of(CsrfLayer::new());
    let cross_site = || Request::post("/").header("sec-fetch-site", "cross-site");
    let cors = Laws::of(CorsLayer::permissive());
    let preflight =
        || Request::options("/").header("origin", "https://b").header("access-control-request-method", "PUT");
    vec![
        row("request body limit", ready_still(limit.refused("with a length over the limit", too_long))),
        row("csrf", ready_still(csrf.refused("from another site", cross_site))),
        row("cors", ready_still(cors.refused("for a preflight", preflight))),
        row("validate request", ready_still(guard(Laws::of(required)))),
        row("require authorization (async)", guard(Laws::of(async_auth))),
    ]
}

fn ready_still(laws: Laws) -> Laws {
    laws.except(Law::RefusalReturnsReadiness, NO_CLONE)
}

async fn authorize<B, R: Default>(request: Request<B>) -> Result<Request<B>, Response<R>> {
    if request.headers().contains_key("x-key") {
        return Ok(request);
    }
    let mut refusal = Response::new(R::default());
    *refusal.status_mut() = StatusCode::UNAUTHORIZED;
    Err(refusal)
}

fn encodings() -> Vec<Row> {
    let gzip = || Request::post("/").header("accept-encoding", "gzip");
    let compression = Laws::of(CompressionLayer::new()).request(gzip);
    vec![
        row("compression, not asked for", Laws::of(CompressionLayer::new())),
        row("compression, asked for", compression.except(Law::FramesSurvive, "it gives another body")),
        row("decompression", Laws::of(DecompressionLayer::new())).fault(
            Law::FramesSurvive,
            "`DecompressionBody` has no `is_end_stream`: an empty body that nothing encoded no longer says that it is \
             at its end.",
            "src/decompression/body.rs",
            "fn size_hint(&self) -> SizeHint",
        ),
        row("request decompression", Laws::of(RequestDecompressionLayer::new())).fault(
            Law::RequestUnchanged,
            "The same body: a request without a body no longer says that it has none.",
            "src/decompression/body.rs",
            "fn size_hint(&self) -> SizeHint",
        ),
    ]
}

fn headers() -> Vec<Row> {
    let one = HeaderValue::from_static("1");
    let set_status = Laws::of(SetStatusLayer::new(StatusCode::OK))
        .except(Law::ResponseUnchanged, "it is there to change the status");
    vec![
        row("set request header", Laws::of(SetRequestHeaderLayer::if_not_present(KEY, one.clone()))),
        row("set response header", Laws::of(SetResponseHeaderLayer::if_not_present(KEY, one))),
        row("propagate header", Laws::of(PropagateHeaderLayer::new(KEY)).request(with_key)),
        row("set request id", Laws::of(SetRequestIdLayer::x_request_id(MakeRequestUuid))),
        row("propagate request id", Laws::of(PropagateRequestIdLayer::x_request_id())),
        row(
            "sensitive headers",
            Laws::of(SetSensitiveHeadersLayer::new([header::SET_COOKIE, header::COOKIE])),
        ),
        row("add authorization", Laws::of(AddAuthorizationLayer::bearer("token"))),
        row("normalize path", Laws::of(NormalizePathLayer::trim_trailing_slash())),
        row("set status", set_status),
        row("map request body", Laws::of(MapRequestBodyLayer::new(|body: enfilade_test::ProbeBody| body))),
        row("map response body", Laws::of(MapResponseBodyLayer::new(|body: enfilade_test::ProbeBody| body))),
    ]
}
