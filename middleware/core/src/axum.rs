//! Feature `axum`: [`Principal`] as an axum 0.8 extractor and [`Rejection`] as an axum response.
//!
//! ```text
//! Principal            200 for somebody   401 auth.missing for nobody   500 auth.no-auth-link without Auth
//! Option<Principal>    Some               None                          500 auth.no-auth-link without Auth
//! ```

use axum_core::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request;

use crate::{Principal, Rejection, principal::no_auth_link};

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        Response::from_parts(self.into_parts(), Body::empty())
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Rejection;

    async fn from_request_parts(req: &mut request::Parts, _: &S) -> Result<Self, Rejection> {
        Self::require(req).cloned()
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = Rejection;

    async fn from_request_parts(req: &mut request::Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let who = Self::of(&req.extensions).ok_or_else(no_auth_link)?;
        Ok((!who.is_anonymous()).then(|| who.clone()))
    }
}
