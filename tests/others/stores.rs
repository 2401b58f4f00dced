//! Cookies, sessions and a rate limiter.
//!
//! ```text
//! tower-cookies · tower-sessions (in memory) · tower_governor
//! ```

use axum::body::Body;
use enfilade_test::{Law, Laws};
use tower::ServiceBuilder;
use tower_cookies::CookieManagerLayer;
use tower_governor::{
    GovernorError, GovernorLayer, governor::GovernorConfigBuilder, key_extractor::KeyExtractor,
};
use tower_sessions::{MemoryStore, SessionManagerLayer};

use crate::{
    policy::{NO_CLONE, guard},
    row::Row,
};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::of("tower-cookies", "cookie manager", Laws::of(CookieManagerLayer::new())),
        Row::of(
            "tower-sessions",
            "session manager",
            Laws::of(SessionManagerLayer::new(MemoryStore::default())),
        ),
        Row::of("tower_governor", "rate limit", governor()),
    ]
}

/// Its refusal has axum's body, so the service below must have it too.
fn governor() -> Laws {
    let laws = Laws::service(|probe| {
        let mut config = GovernorConfigBuilder::default().key_extractor(Key);
        let config = config.burst_size(1_000).finish().expect("a burst and a period");
        let bodies = |response: http::Response<_>| response.map(Body::new);
        ServiceBuilder::new().layer(GovernorLayer::new(config)).map_response(bodies).service(probe)
    });
    guard(laws).except(Law::RefusalReturnsReadiness, NO_CLONE)
}

/// One budget for all who have a key, and a refusal for others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key;

impl KeyExtractor for Key {
    type Key = ();

    fn extract<B>(&self, request: &http::Request<B>) -> Result<(), GovernorError> {
        request.headers().get("x-key").map(drop).ok_or(GovernorError::UnableToExtractKey)
    }
}
