//! By which names a request is found again: the id that the server gives it, and the trace that it is part of.
//!
//! ```text
//! RequestContext ─┬─ RequestId      9f2c61d07ab3e415-1c                   one for each request, ours
//!                 └─ TraceContext   4bf92f3577b34da6a3ce929d0e0e4736 …    one for each user's action, a client's
//! ```
//!
//! Both are plain numbers, so that to have them costs no allocation; their text is written where it is read.
//!
//! ```
//! use enfilade_core::{RequestContext, RequestId};
//!
//! let mut request = http::Request::new(());
//! RequestContext::identify(request.extensions_mut(), RequestId::new(0x9f2c, 28), None);
//! let context = RequestContext::of(request.extensions()).unwrap();
//! assert_eq!(context.request_id().unwrap().to_string(), "0000000000009f2c-1c");
//! assert!(context.trace().is_none());
//! ```

mod hexadecimal;
mod request_id;
mod trace_context;

pub use self::{
    request_id::{RequestId, RequestIdText},
    trace_context::{SpanId, TraceContext, TraceId},
};

use http::Extensions;
use once_cell::sync::OnceCell;

use crate::RequestContext;

/// The part of the [`RequestContext`] that names the request.
#[derive(Clone, Default)]
pub(crate) struct Ids {
    id: OnceCell<RequestId>,
    trace: OnceCell<TraceContext>,
}

impl Ids {
    pub(crate) fn of(id: RequestId, trace: Option<TraceContext>) -> Self {
        Self { id: OnceCell::with_value(id), trace: trace.map(OnceCell::with_value).unwrap_or_default() }
    }
}

impl RequestContext {
    /// Names the request: for the outermost link. One that has a name keeps it, and its trace; returns the name it has.
    pub fn identify(extensions: &mut Extensions, id: RequestId, trace: Option<TraceContext>) -> RequestId {
        let Some(context) = Self::of(extensions) else {
            extensions.insert(Self::with_ids(Ids::of(id, trace)));
            return id;
        };
        if let Some(trace) = trace {
            context.put_trace(trace);
        }
        *context.ids().id.get_or_init(|| id)
    }

    /// Says which trace the request is part of; the first word stays.
    pub fn put_trace(&self, trace: TraceContext) {
        let _ = self.ids().trace.set(trace);
    }

    /// The request's id, where a link has given it one.
    pub fn request_id(&self) -> Option<RequestId> {
        self.ids().id.get().copied()
    }

    /// The trace that the request is part of, where it came with one that is believed.
    pub fn trace(&self) -> Option<TraceContext> {
        self.ids().trace.get().copied()
    }
}
