//! The layers of tower itself.
//!
//! ```text
//! timeout · limits · load shed · buffer · retry · filters · util
//! ```

use std::{sync::Arc, time::Duration};

use enfilade_test::{Law, Laws};
use http::{Request, Response};
use tokio::sync::Semaphore;
use tower::{
    BoxError, Layer as _,
    buffer::BufferLayer,
    filter::{AsyncFilterLayer, FilterLayer},
    limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer, RateLimitLayer},
    load_shed::LoadShedLayer,
    retry::RetryLayer,
    spawn_ready::SpawnReadyLayer,
    timeout::TimeoutLayer,
    util::{AndThenLayer, BoxCloneServiceLayer, MapErrLayer, MapRequestLayer, MapResponseLayer, ThenLayer},
};

use crate::{
    policy::{Again, NO_CLONE, check, guard},
    row::Row,
};

const LONG: Duration = Duration::from_secs(5);

pub(crate) fn rows() -> Vec<Row> {
    [limits(), decisions(), maps()].into_iter().flatten().collect()
}

fn row(layer: &'static str, laws: Laws) -> Row {
    Row::of("tower", layer, laws)
}

fn limits() -> Vec<Row> {
    let permits = Arc::new(Semaphore::new(8));
    let global = Laws::of(GlobalConcurrencyLimitLayer::with_semaphore(permits.clone()));
    vec![
        row("timeout", Laws::of(TimeoutLayer::new(LONG))),
        row("concurrency limit of 8", Laws::of(ConcurrencyLimitLayer::new(8))),
        row("global concurrency limit of 8", global.invariant(move || permits.available_permits() == 8)),
        row("load shed", Laws::of(LoadShedLayer::new())),
        buffer(),
        row("spawn ready", Laws::service_without_clone(|probe| SpawnReadyLayer::new().layer(probe))),
        row("rate limit", Laws::service_without_clone(|probe| RateLimitLayer::new(1_000, LONG).layer(probe))),
    ]
}

fn buffer() -> Row {
    row("buffer of 8", Laws::of(BufferLayer::new(8)))
        .fault(
            Law::HangUpClean,
            "The worker looks whether a request's client is still there only when it is polled, and while the inner \
             service is not ready nothing polls it: the request, its body and its place in the queue stay.",
            "src/buffer/worker.rs",
            "self.current_message = Some(msg);",
        )
        .fault(
            Law::PanicSurvived,
            "The worker calls the inner service; a panic in that call ends the worker, and every later request of \
             every clone fails.",
            "src/buffer/worker.rs",
            "let response = self.service.call(msg.request);",
        )
}

fn decisions() -> Vec<Row> {
    let filter = Laws::of(FilterLayer::new(check)).except(Law::RefusalReturnsReadiness, NO_CLONE);
    let async_filter = Laws::of(AsyncFilterLayer::new(async |request| check(request)));
    let retry = Laws::of(RetryLayer::new(Again { after: "error" }));
    vec![
        row("retry, of other errors", Laws::of(RetryLayer::new(Again { after: "try again" }))),
        row(
            "retry, of this error",
            retry.except(Law::ErrorsUnchanged, "it is there to try again after an error"),
        ),
        row("filter", guard(filter)),
        row("async filter", guard(async_filter)),
    ]
}

fn maps() -> Vec<Row> {
    vec![
        row("`map_request`", Laws::of(MapRequestLayer::new(|request: Request<_>| request))),
        row("`map_response`", Laws::of(MapResponseLayer::new(|response: Response<_>| response))),
        row("`map_err`", Laws::of(MapErrLayer::new(BoxError::from))),
        row("`and_then`", Laws::of(AndThenLayer::new(async |response| Ok::<_, BoxError>(response)))),
        row("`then`", Laws::of(ThenLayer::new(async |answered| answered))),
        row("boxed", Laws::of(BoxCloneServiceLayer::new(tower::layer::layer_fn(|inner| inner)))),
    ]
}
