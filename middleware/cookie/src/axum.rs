//! Feature `axum`: [`Jar`] as an axum 0.8 extractor.
//!
//! ```text
//! Jar    the request's jar    500 cookie.no-jar without a link that makes it
//! ```

use axum_core::extract::FromRequestParts;
use enfilade_core::Rejection;
use http::request;

use crate::Jar;

impl<S: Sync> FromRequestParts<S> for Jar {
    type Rejection = Rejection;

    async fn from_request_parts(req: &mut request::Parts, _: &S) -> Result<Self, Rejection> {
        Self::require(&req.extensions)
    }
}
