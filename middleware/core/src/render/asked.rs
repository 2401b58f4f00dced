//! What a rendered refusal needs to know of its request, copied while the request is at hand.
//!
//! ```text
//! Request ── call ──▶ Asked { method, target, Accept, ids } ── refused? ──▶ RenderContext
//! ```

use std::fmt;

use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request,
    header::{ACCEPT, CONTENT_TYPE},
};
use smallvec::SmallVec;

use super::{format::Format, grpc};
use crate::{RequestContext, RequestId, TraceContext, TraceId};

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A longer target is cut: nobody reads it in a log, and no page can lead back to it.
const MOST_TARGET: usize = 2048;
/// Of longer `Accept` fields only the beginning counts.
const MOST_ACCEPT: usize = 1024;
/// A longer id is none of ours.
const MOST_ID: usize = 128;

/// The copy. Nothing in it keeps a piece of the request alive, and `Accept` is judged only when it matters.
pub struct Asked {
    grpc: bool,
    method: Method,
    /// Target, `Accept` fields each with a line feed behind it, id: one buffer. Wider than what most programs send, and
    /// no wider: it is moved with each future around it.
    text: SmallVec<[u8; 64]>,
    target_end: usize,
    accept_end: usize,
    cut: bool,
    id: Option<RequestId>,
    trace: Option<TraceId>,
}

/// How the refusal is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    Http(Format),
    Grpc,
}

impl Asked {
    /// Copies from a request that a link further out may have named.
    pub(super) fn of<B>(req: &Request<B>) -> Self {
        let fields = req.headers();
        let context = RequestContext::of(req.extensions());
        let id = context.and_then(RequestContext::request_id);
        let trace = context.and_then(RequestContext::trace);
        let mut asked = Self::copied(req, fields.contains_key(ACCEPT), id, trace);
        if id.is_none() {
            asked.text.extend_from_slice(request_id(fields));
        }
        asked
    }

    /// Copies from a request whose ids are known before its context is made; `accepts` says whether it has an `Accept`.
    #[inline]
    pub fn named<B>(req: &Request<B>, accepts: bool, id: RequestId, trace: Option<TraceContext>) -> Self {
        Self::copied(req, accepts, Some(id), trace)
    }

    #[inline]
    fn copied<B>(
        req: &Request<B>,
        accepts: bool,
        id: Option<RequestId>,
        trace: Option<TraceContext>,
    ) -> Self {
        let fields = req.headers();
        let target = req.uri().path_and_query().map_or("", |target| target.as_str()).as_bytes();
        let mut text = SmallVec::from_slice(&target[..target.len().min(MOST_TARGET)]);
        let target_end = text.len();
        if accepts {
            copy_accept(fields, &mut text);
        }
        let accept_end = text.len();
        Self {
            // gRPC is POST alone: nothing else is looked up for.
            grpc: *req.method() == Method::POST && fields.get(CONTENT_TYPE).is_some_and(grpc::is_grpc),
            method: req.method().clone(),
            text,
            target_end,
            accept_end,
            cut: target.len() > MOST_TARGET,
            id,
            trace: trace.map(|trace| trace.trace_id()),
        }
    }

    pub(super) fn voice(&self) -> Voice {
        if self.grpc {
            return Voice::Grpc;
        }
        let accept = &self.text[self.target_end..self.accept_end];
        Voice::Http(Format::negotiate(accept.split(|b| *b == b'\n')))
    }

    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Adds the id's text: that of the context, the request's field, or what a link further in gave.
    pub(super) fn add_id(&mut self, response: &HeaderMap) {
        match self.id {
            Some(id) => self.text.extend_from_slice(id.text().as_bytes()),
            None if self.text.len() == self.accept_end => self.text.extend_from_slice(request_id(response)),
            None => {}
        }
    }

    pub(super) fn context<'a>(&'a self, extensions: &'a Extensions) -> RenderContext<'a> {
        RenderContext { asked: self, extensions }
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("method", &self.method).finish_non_exhaustive()
    }
}

fn copy_accept(fields: &HeaderMap, text: &mut SmallVec<[u8; 64]>) {
    let most = text.len() + MOST_ACCEPT;
    for field in fields.get_all(ACCEPT) {
        let space = most.saturating_sub(text.len());
        text.extend_from_slice(&field.as_bytes()[..field.len().min(space)]);
        text.extend_from_slice(if space > 0 { b"\n" } else { b"" });
    }
}

/// Visible ASCII only: an id is repeated in headers, bodies and log lines. Empty when there is none.
fn request_id(fields: &HeaderMap) -> &[u8] {
    let id = fields.get(X_REQUEST_ID).map_or(&[][..], HeaderValue::as_bytes);
    if id.len() <= MOST_ID && id.iter().all(u8::is_ascii_graphic) { id } else { &[] }
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
        if self.asked.cut { None } else { std::str::from_utf8(self.bytes()).ok() }
    }

    /// The request's path without the query, as it came, for logs: at most 2 KiB of it.
    pub fn path(&self) -> &'a str {
        let path = self.bytes().split(|b| *b == b'?').next().unwrap_or_default();
        match std::str::from_utf8(path) {
            Ok(path) => path,
            // Cut inside a character.
            Err(error) => std::str::from_utf8(&path[..error.valid_up_to()]).unwrap_or_default(),
        }
    }

    /// The request's id: visible ASCII, at most 128 characters.
    pub fn request_id(&self) -> Option<&'a str> {
        let id: &'a [u8] = &self.asked.text[self.asked.accept_end..];
        std::str::from_utf8(id).ok().filter(|id| !id.is_empty())
    }

    /// The trace that the request is part of, if it came with one.
    pub fn trace_id(&self) -> Option<TraceId> {
        self.asked.trace
    }

    /// The response's extensions: what links further in left there.
    pub fn extensions(&self) -> &'a Extensions {
        self.extensions
    }

    fn bytes(&self) -> &'a [u8] {
        &self.asked.text[..self.asked.target_end]
    }
}
