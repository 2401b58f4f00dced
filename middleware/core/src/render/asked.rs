//! What a rendered refusal needs to know of its request, copied while the request is at hand.
//!
//! ```text
//! Request ── call ──▶ Asked { voice, method, target ≤ 2 KiB, request id } ── refused? ──▶ RenderContext
//! ```

use http::{
    Extensions, HeaderMap, HeaderName, Method, Request,
    header::{ACCEPT, CONTENT_TYPE},
};
use smallvec::SmallVec;

use super::{format::Format, grpc};

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A longer target is cut: nobody reads it in a log, and no page can lead back to it.
const MOST_TARGET: usize = 2048;
/// A longer id is none of ours.
const MOST_ID: usize = 128;

/// The copy. Nothing in it keeps a piece of the request alive.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) voice: Voice,
    method: Method,
    target: SmallVec<[u8; 64]>,
    cut: bool,
    id: Option<Id>,
}

/// Room for a UUID without an allocation.
pub(super) type Id = SmallVec<[u8; 36]>;

/// How the refusal is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    Http(Format),
    Grpc,
}

impl Asked {
    pub(super) fn of<B>(req: &Request<B>) -> Self {
        let fields = req.headers();
        let voice = if fields.get(CONTENT_TYPE).is_some_and(grpc::is_grpc) {
            Voice::Grpc
        } else {
            Voice::Http(Format::negotiate(fields.get_all(ACCEPT).iter().map(http::HeaderValue::as_bytes)))
        };
        let target = req.uri().path_and_query().map_or("", |target| target.as_str());
        let cut = target.len() > MOST_TARGET;
        let target = if cut { &target.as_bytes()[..MOST_TARGET] } else { target.as_bytes() };
        Self {
            voice,
            method: req.method().clone(),
            target: SmallVec::from_slice(target),
            cut,
            id: request_id(fields),
        }
    }

    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// With the id that a link further in gave, where the request came without one.
    pub(super) fn or_id_of(mut self, response: &HeaderMap) -> Self {
        self.id = self.id.or_else(|| request_id(response));
        self
    }

    pub(super) fn context<'a>(&'a self, extensions: &'a Extensions) -> RenderContext<'a> {
        RenderContext { asked: self, extensions }
    }
}

/// Visible ASCII only: an id is repeated in headers, bodies and log lines.
fn request_id(fields: &HeaderMap) -> Option<Id> {
    let id = fields.get(X_REQUEST_ID)?.as_bytes();
    let fine = (1..=MOST_ID).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
    fine.then(|| SmallVec::from_slice(id))
}

/// What is known of the refused request, for a page of yours: see
/// [`RenderRejections::with_page`](super::RenderRejections::with_page).
#[derive(Clone, Copy, Debug)]
pub struct RenderContext<'a> {
    asked: &'a Asked,
    extensions: &'a Extensions,
}

impl<'a> RenderContext<'a> {
    /// The request's method.
    pub fn method(&self) -> &'a Method {
        &self.asked.method
    }

    /// The request's path and query, as they came; `None` when they are longer than 2 KiB.
    pub fn target(&self) -> Option<&'a str> {
        if self.asked.cut { None } else { std::str::from_utf8(&self.asked.target).ok() }
    }

    /// The request's path without the query, as it came, for logs: at most 2 KiB of it.
    pub fn path(&self) -> &'a str {
        let path = self.asked.target.split(|b| *b == b'?').next().unwrap_or_default();
        match std::str::from_utf8(path) {
            Ok(path) => path,
            // Cut inside a character.
            Err(error) => std::str::from_utf8(&path[..error.valid_up_to()]).unwrap_or_default(),
        }
    }

    /// The request's id: visible ASCII, at most 128 characters.
    pub fn request_id(&self) -> Option<&'a str> {
        std::str::from_utf8(self.asked.id.as_deref()?).ok()
    }

    /// The response's extensions: what links further in left there.
    pub fn extensions(&self) -> &'a Extensions {
        self.extensions
    }
}
