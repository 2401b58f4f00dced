//! Cookies, sessions and a rate limiter.
//!
//! ```text
//! tower-cookies · tower-sessions (in memory) · tower_governor
//! ```

use axum::body::Body;
use enfilade_test::{Law, Laws, ProbeBody};
use http::{Request, Response};
use tower::{BoxError, Layer as _, ServiceBuilder, filter::AsyncFilterLayer, util::MapRequestLayer};
use tower_cookies::{Cookie, CookieManagerLayer, Cookies};
use tower_governor::{
    GovernorError, GovernorLayer, governor::GovernorConfigBuilder, key_extractor::KeyExtractor,
};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use crate::{
    policy::{NO_CLONE, guard},
    row::Row,
};

pub(crate) fn rows() -> Vec<Row> {
    let cookies = CookieManagerLayer::new();
    let adds = MapRequestLayer::new(|request: Request<ProbeBody>| {
        if let Some(cookies) = request.extensions().get::<Cookies>() {
            cookies.add(Cookie::new("seen", "1"));
        }
        request
    });
    vec![
        Row::of("tower-cookies", "cookie manager", Laws::of(cookies.clone())),
        Row::of(
            "tower-cookies",
            "with a new cookie",
            Laws::service(move |probe| cookies.layer(adds.layer(probe))),
        ),
        Row::of("tower-sessions", "session manager", Laws::of(sessions())),
        Row::of("tower-sessions", "with a session that changes", changing()),
        Row::of("tower_governor", "rate limit", governor()),
    ]
}

fn sessions() -> SessionManagerLayer<MemoryStore> {
    SessionManagerLayer::new(MemoryStore::default())
}

fn changing() -> Laws {
    let counts = async |request: Request<ProbeBody>| {
        if let Some(session) = request.extensions().get::<Session>() {
            session.insert("seen", 1).await?;
        }
        Ok::<_, BoxError>(request)
    };
    let (sessions, counts) = (sessions(), AsyncFilterLayer::new(counts));
    Laws::service(move |probe| sessions.layer(counts.layer(probe)))
}

/// Its refusal has axum's body, so the service below must have it too.
fn governor() -> Laws {
    let laws = Laws::service(|probe| {
        let mut config = GovernorConfigBuilder::default().key_extractor(Key);
        let config = config.burst_size(1_000).finish().expect("a burst and a period");
        let bodies = |response: Response<_>| response.map(Body::new);
        ServiceBuilder::new().layer(GovernorLayer::new(config)).map_response(bodies).service(probe)
    });
    guard(laws).except(Law::RefusalReturnsReadiness, NO_CLONE)
}

/// One budget for all who have a key, and a refusal for others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key;

impl KeyExtractor for Key {
    type Key = ();

    fn extract<B>(&self, request: &Request<B>) -> Result<(), GovernorError> {
        request.headers().get("x-key").map(drop).ok_or(GovernorError::UnableToExtractKey)
    }
}
