//! The tower-resilience family.
//!
//! ```text
//! bulkhead · adaptive limit · rate limiter · circuit breaker · time limiter · retry · fallback · hedge
//! ```
//!
//! Their errors hold the inner one in a variant, and not as their `source`.

use std::time::Duration;

use enfilade_test::{Law, Laws, ProbeBody, ProbeError};
use http::{Request, Response};
use tower_resilience::{
    adaptive::{AdaptiveError, AdaptiveLimiterLayer, Aimd},
    bulkhead::{BulkheadLayer, BulkheadServiceError},
    circuitbreaker::{CircuitBreakerError, CircuitBreakerLayer},
    fallback::FallbackLayer,
    hedge::{HedgeError, HedgeLayer},
    ratelimiter::{RateLimiterLayer, RateLimiterServiceError},
    retry::RetryLayer,
    timelimiter::{TimeLimiterError, TimeLimiterLayer},
};

use crate::row::Row;

const LONG: Duration = Duration::from_secs(5);

type Asked = Request<ProbeBody>;
type Answered = Response<ProbeBody>;

/// The variant of an error that holds the inner one.
macro_rules! held_in {
    ($error:ident, $variant:ident) => {
        |error: &$error<ProbeError>| match error {
            $error::$variant(error) => Some(error),
            _ => None,
        }
    };
}

pub(crate) fn rows() -> Vec<Row> {
    [limits(), breakers(), again()].into_iter().flatten().collect()
}

fn row(layer: &'static str, laws: Laws) -> Row {
    Row::of("tower-resilience", layer, laws)
}

fn limits() -> Vec<Row> {
    let bulkhead = || BulkheadLayer::builder().max_concurrent_calls(8);
    let (fails_fast, one) = bulkhead().build_with_handle().expect("a limit");
    let (waits, other) = bulkhead().backpressure().build_with_handle().expect("a limit");
    let fails_fast = Laws::of(fails_fast).invariant(move || one.available_permits() == 8);
    let waits = Laws::of(waits).invariant(move || other.available_permits() == 8);
    let adaptive = Aimd::builder().initial_limit(8).build().expect("a limit");
    let adaptive = Laws::of(AdaptiveLimiterLayer::new(adaptive));
    let rate = Laws::of(RateLimiterLayer::builder().limit_for_period(1_000_000).build().expect("a limit"));
    vec![
        row("bulkhead of 8, fails fast", fails_fast.inner_error(held_in!(BulkheadServiceError, Inner))),
        row("bulkhead of 8, back-pressure", waits.inner_error(held_in!(BulkheadServiceError, Inner))),
        row("adaptive limit", adaptive.inner_error(held_in!(AdaptiveError, Service))),
        row("rate limiter", rate.inner_error(held_in!(RateLimiterServiceError, Inner))),
    ]
}

fn breakers() -> Vec<Row> {
    let breaker = CircuitBreakerLayer::builder().sliding_window_size(100).build().expect("a window");
    let time = |cancel| {
        let limit = TimeLimiterLayer::builder().timeout_duration(LONG).cancel_running_future(cancel);
        Laws::of(limit.build()).inner_error(held_in!(TimeLimiterError, Inner))
    };
    vec![
        row("circuit breaker", Laws::of(breaker).inner_error(held_in!(CircuitBreakerError, Inner))),
        row("time limiter", time(true)),
        row("time limiter, detached", time(false).except(Law::HangUpClean, "it is told to let calls run on")),
    ]
}

fn again() -> Vec<Row> {
    let retry = RetryLayer::<Asked, Answered, ProbeError>::builder()
        .max_attempts(2)
        .retry_on(|error: &ProbeError| error.to_string().contains("try again"));
    let fallback = FallbackLayer::<Asked, Answered, ProbeError>::from_error(|_| Answered::default());
    let hedge = HedgeLayer::builder().delay(LONG).max_hedged_attempts(2).build();
    let hedge = Laws::of(hedge).inner_error(|error: &HedgeError<ProbeError>| Some(error.inner()));
    let by_turns = "after an error it waits for its second attempt";
    vec![
        row("retry", Laws::of(retry.build())),
        row("fallback", Laws::of(fallback).except(Law::ErrorsUnchanged, "it is there to answer for errors")),
        row("hedge", hedge.except(Law::ErrorsUnchanged, by_turns)),
    ]
}
