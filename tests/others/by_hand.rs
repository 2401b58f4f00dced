//! Each fault in the table once more, by hand and without the kit: the laws must not be their own witness.
//!
//! ```text
//! Buffer keeps a dead request · Buffer dies of a panic · TimeoutBody, DecompressionBody forget what they wrap
//! ```

use std::{convert::Infallible, future::ready, panic, sync::Arc, time::Duration};

use http::{Request, Response};
use http_body::Body;
use tokio::{sync::Semaphore, task::yield_now};
use tower::{
    BoxError, Layer, Service as _, ServiceExt as _, buffer::Buffer, limit::GlobalConcurrencyLimitLayer,
    service_fn,
};
use tower_http::{
    decompression::DecompressionLayer,
    timeout::{DeadlineBody, TimeoutBody},
};

const LONG: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_buffer_keeps_a_request_whose_client_has_gone() {
    let permits = Arc::new(Semaphore::new(0));
    let busy = GlobalConcurrencyLimitLayer::with_semaphore(permits.clone());
    let app = busy.layer(service_fn(async |_: Arc<()>| Ok::<_, Infallible>(())));
    let mut buffer = Buffer::new(app, 8);
    let request = Arc::new(());
    let answer = buffer.ready().await.unwrap().call(request.clone());
    others_run().await;
    drop(answer);
    others_run().await;
    assert_eq!(Arc::strong_count(&request), 2, "the worker holds it, though nobody waits for the answer");
    permits.add_permits(1);
    others_run().await;
    assert_eq!(Arc::strong_count(&request), 1, "it is dropped when the service below is ready");
}

#[tokio::test]
async fn a_buffer_does_not_survive_a_panic_in_the_call_below() {
    let app = service_fn(|panics: bool| {
        if panics {
            panic::resume_unwind(Box::new("scripted"));
        }
        ready(Ok::<_, Infallible>(()))
    });
    let mut buffer = Buffer::new(app, 8);
    let mut other = buffer.clone();
    other.ready().await.unwrap().call(false).await.unwrap();
    buffer.ready().await.unwrap().call(true).await.unwrap_err();
    let error = other.ready().await.unwrap_err();
    assert_eq!(error.to_string(), "buffer's worker closed unexpectedly");
}

#[tokio::test]
async fn a_body_under_a_timeout_forgets_its_length_and_its_end() {
    let (timeout, deadline) = (TimeoutBody::new(LONG, String::new()), DeadlineBody::new(LONG, String::new()));
    assert_eq!((timeout.size_hint().exact(), timeout.is_end_stream()), (None, false));
    assert_eq!((deadline.size_hint().exact(), deadline.is_end_stream()), (Some(0), true));
}

#[tokio::test]
async fn a_body_under_decompression_forgets_its_end() {
    let app = service_fn(async |_: Request<String>| Ok::<_, BoxError>(Response::new(String::new())));
    let response = DecompressionLayer::new().layer(app).oneshot(Request::default()).await.unwrap();
    assert!(String::new().is_end_stream());
    assert!(!response.body().is_end_stream());
}

async fn others_run() {
    for _ in 0..16 {
        yield_now().await;
    }
}
