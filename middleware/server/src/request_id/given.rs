//! What a request brings under the names of the ids: found in one walk over its fields, and mostly not there.
//!
//! ```text
//! x-request-id, in any spelling ──▶ removed; read first from a peer that is trusted
//! traceparent, tracestate ────────▶ checked: see trace_context
//! ```

use enfilade_core::{RequestId, TraceContext};
use http::{HeaderMap, Request};

use super::X_REQUEST_ID;
use crate::{
    strict::aliases,
    trace_context::{self, TRACEPARENT, TRACESTATE},
};

/// Whether there is anything to take.
pub(super) fn look(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| may_be(name.as_str()))
}

/// Whether a field is one of those. Three lengths of names tell nearly all of them apart.
#[inline]
pub(crate) fn may_be(name: &str) -> bool {
    match name.len() {
        10 => *name == TRACESTATE,
        11 => *name == TRACEPARENT,
        12 => is_id(name),
        _ => false,
    }
}

/// Takes the id out, leaves of the trace's fields what may stay, and gives what is believed.
#[cold]
pub(super) fn take<B>(
    req: &mut Request<B>,
    ids: bool,
    traces: bool,
) -> (Option<RequestId>, Option<TraceContext>) {
    let headers = req.headers_mut();
    let mut given = headers.get_all(X_REQUEST_ID).iter();
    let id = match (given.next(), given.next()) {
        (Some(id), None) if ids => RequestId::parse(id.as_bytes()),
        _ => None,
    };
    aliases::remove(headers, is_id);
    (id, trace_context::settle(headers, traces))
}

fn is_id(name: &str) -> bool {
    aliases::same(name, X_REQUEST_ID.as_str())
}
