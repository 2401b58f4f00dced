//! Local redirects (RFC 3875 §6.2.2): the script names another path, and its answer is the client's.
//!
//! ```text
//! Location: /report.cgi/other ── below the script's own name ─▶ the script again, as a GET without a body
//! Location: /elsewhere ─┬─ with_local_redirects(service) ─────▶ that service
//!                       └─ none ──────────────────────────────▶ 502 cgi.redirect-elsewhere
//! five of them in one request ────────────────────────────────▶ 502 cgi.redirect-loop
//! ```
//!
//! No link before this service is asked again: the script's word is trusted for paths that are its own, and what else
//! may be reached is what the operator puts behind [`with_local_redirects`](crate::CgiService::with_local_redirects).

use std::{convert::Infallible, future::poll_fn, pin::Pin, sync::Arc};

use bytes::Bytes;
use enfilade_core::{Principal, RequestContext, gateway::decode};
use http::{
    Method, Request, Response, Uri,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING},
    request,
    uri::PathAndQuery,
};
use http_body::Body;
use tower_service::Service;

use crate::{BoxError, CgiBody, head::HeadFault};

/// Local redirects in one request, at most.
pub(crate) const MOST: u8 = 5;

/// How many there were; travels with a request to another service, which may be a script too.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turns(pub(crate) u8);

/// Who serves paths that are not the script's own.
#[derive(Clone)]
pub(crate) struct Elsewhere(Arc<Serve>);

type Serve =
    dyn Fn(Request<CgiBody>) -> Pin<Box<dyn Future<Output = Response<CgiBody>> + Send>> + Send + Sync;

impl Elsewhere {
    pub(crate) fn new<S, R>(service: S) -> Self
    where
        S: Service<Request<CgiBody>, Response = Response<R>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        Self(Arc::new(move |request| {
            let mut service = service.clone();
            Box::pin(async move {
                let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
                let Ok(response) = service.call(request).await;
                response.map(CgiBody::other)
            })
        }))
    }

    pub(crate) async fn serve(&self, head: request::Parts) -> Response<CgiBody> {
        (self.0)(Request::from_parts(head, CgiBody::default())).await
    }
}

/// The request that the redirect stands for: a GET (a HEAD stays one), without a body, by the same user.
pub(crate) fn follow(mut head: request::Parts, to: PathAndQuery) -> Result<request::Parts, HeadFault> {
    let path = decode(to.path()).ok_or(HeadFault::Location)?;
    if head.method != Method::HEAD {
        head.method = Method::GET;
    }
    for name in [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING] {
        head.headers.remove(name);
    }
    let mut uri = std::mem::take(&mut head.uri).into_parts();
    uri.path_and_query = Some(to);
    head.uri = Uri::from_parts(uri).map_err(|_| HeadFault::Location)?;
    let canonical = RequestContext::of(&head.extensions).and_then(RequestContext::canonical);
    if let Some(canonical) = canonical.map(|canonical| canonical.another().with_path(&path)) {
        let who = Principal::of(&head.extensions).cloned();
        RequestContext::begin(&mut head.extensions, canonical);
        if let Some(who) = who {
            who.put(&mut head.extensions);
        }
    }
    Ok(head)
}
