//! Layers as they were before they were mended: a check of the laws, not of the layers.
//!
//! ```text
//! tower-resilience 0.9.0 ── calls fresh clones of its inner service ──▶ the laws must say so
//! ```

use std::time::Duration;

use enfilade_test::{Law, Laws, ProbeError};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_circuitbreaker::{CircuitBreakerError, CircuitBreakerLayer};
use tower_resilience_ratelimiter::RateLimiterLayer;
use tower_resilience_timelimiter::TimeLimiterLayer;

use crate::row::Row;

const CLONE: &str = "let mut inner = self.inner.clone();";

pub(crate) fn rows() -> Vec<Row> {
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(8).build();
    let rate = RateLimiterLayer::builder().limit_for_period(1_000_000).build();
    let breaker = CircuitBreakerLayer::builder().sliding_window_size(100).build();
    let breaker = Laws::of(breaker).inner_error(|error: &CircuitBreakerError<ProbeError>| match error {
        CircuitBreakerError::Inner(error) => Some(error),
        CircuitBreakerError::OpenCircuit => None,
    });
    let time =
        TimeLimiterLayer::builder().timeout_duration(Duration::from_secs(5)).cancel_running_future(true);
    vec![
        row("tower-resilience-bulkhead 0.9", "bulkhead of 8", Laws::of(bulkhead), "src/service.rs"),
        row("tower-resilience-ratelimiter 0.9", "rate limiter", Laws::of(rate), "src/lib.rs"),
        row("tower-resilience-circuitbreaker 0.9", "circuit breaker", breaker, "src/lib.rs"),
        row("tower-resilience-timelimiter 0.9", "time limiter", Laws::of(time.build()), "src/lib.rs"),
    ]
}

fn row(package: &'static str, layer: &'static str, laws: Laws, file: &'static str) -> Row {
    let why = "It polls its inner service ready, and calls a fresh clone of it. Version 0.9.4 keeps the law.";
    Row::of(package, layer, laws).fault(Law::ReadyBeforeCall, why, file, CLONE)
}
