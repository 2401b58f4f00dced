//! Predicates, policies and keys that some layers ask for.
//!
//! ```text
//! with_key ── the filters     Again ── retry     OneKey ── a rate limit
//! ```

use std::future::{Ready, ready};

use enfilade_test::{Laws, ProbeBody, ProbeError};
use http::{Request, Response, request};
use tower::{BoxError, retry::Policy};

/// Why most layers that refuse in `call` stay ready.
pub(crate) const NO_CLONE: &str = "it does not ask that its inner service be `Clone`, so there is no fresh instance to put in the ready one's place";

/// Holds a guard against the laws: it asks for a key.
pub(crate) fn guard(laws: Laws) -> Laws {
    laws.request(with_key).refused("without a key", without_key)
}

/// A request that a guard lets pass.
pub(crate) fn with_key() -> request::Builder {
    Request::post("/").header("x-key", "1")
}

/// A request that a guard refuses.
fn without_key() -> request::Builder {
    Request::post("/")
}

/// What a guard asks for.
pub(crate) fn check<B>(request: Request<B>) -> Result<Request<B>, BoxError> {
    if request.headers().contains_key("x-key") { Ok(request) } else { Err("no key".into()) }
}

/// Tries again after an error that has this word.
#[derive(Clone)]
pub(crate) struct Again {
    pub(crate) after: &'static str,
}

impl Policy<Request<ProbeBody>, Response<ProbeBody>, ProbeError> for Again {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<ProbeBody>,
        answered: &mut Result<Response<ProbeBody>, ProbeError>,
    ) -> Option<Ready<()>> {
        let error = answered.as_ref().err()?;
        error.to_string().contains(self.after).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<ProbeBody>) -> Option<Request<ProbeBody>> {
        Some(request.clone())
    }
}
