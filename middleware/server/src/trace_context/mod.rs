//! W3C Trace Context: what a request says of the trace that it is part of is checked, handed on unchanged, and logged.
//!
//! ```text
//! traceparent valid ─────▶ unchanged to the app · RequestContext::trace · `trace` in the log
//!             invalid ───▶ removed, and tracestate with it      as if the request had come without
//! tracestate  invalid ───▶ removed alone
//! ```
//!
//! | what comes | what the app gets | clause (level 2) |
//! |---|---|---|
//! | `traceparent` twice, or not as in [`TraceContext::parse`] | neither field | §3.2.2, §4.3 |
//! | `tracestate` without a `traceparent` | neither field | §3.3 |
//! | `tracestate` of more than 32 members or 512 bytes, or with one that is no `key=value` | `traceparent` alone | §3.3.1 |
//! | one `tracestate` in several fields, empty members, one key twice | as it came | §3.3.1 |
//!
//! 1. **None is begun.** A trace begins where a span is recorded, and this server records none: a program that does (by
//!    `tracing-opentelemetry`, say) begins one when it finds no `traceparent`. The request id is there in any case.
//! 2. **Whose word it is.** From [anyone](TraceSource::Anyone) by default, as the standard asks of who takes no part in
//!    a trace. A stranger can then choose the id under which his requests are logged, and, by the sampled flag, make an
//!    app record that samples as its parent did: it costs storage, never access. At the edge of a network use
//!    [`TraceSource::TrustedPeers`], or a sampler that does not follow remote parents.
//! 3. The request id is another matter, and ours: see [`request_id`](crate::request_id).
//!
//! On a [`Server`](crate::Server) [`RequestIds`](crate::RequestIds) does this in the same walk over the fields. The gate
//! here is for other stacks:
//!
//! ```
//! use enfilade_core::TraceContext;
//! use enfilade_server::TraceContexts;
//! use enfilade_test::{Ask, enter};
//!
//! let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
//! let passed = enter(&TraceContexts::new(), Ask::get("/").header("traceparent", parent)).passed();
//! assert_eq!(passed.request().headers["traceparent"], parent);
//! let trace = TraceContext::of(&passed.request().extensions).unwrap();
//! assert_eq!(trace.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
//!
//! let passed = enter(&TraceContexts::new(), Ask::get("/").header("traceparent", "00-0-0-01")).passed();
//! assert!(!passed.request().headers.contains_key("traceparent"));
//! ```

mod state;

pub use self::state::is_valid as is_valid_state;

use enfilade_core::{Canonical, ClientAddr, Gate, Pass, RequestContext, TraceContext, Verdict};
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};

use crate::Trust;

/// The field that names the trace.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The field in which each party of a trace keeps a note of its own.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Whose word about a trace is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceSource {
    /// Everybody's.
    #[default]
    Anyone,
    /// That of the peers that a [`Trust`] names. A stranger's fields are removed.
    TrustedPeers,
    /// Nobody's: the fields are removed.
    Nobody,
}

impl TraceSource {
    pub(crate) fn believes(self, trusted: bool) -> bool {
        match self {
            Self::Anyone => true,
            Self::TrustedPeers => trusted,
            Self::Nobody => false,
        }
    }
}

/// The gate that checks a request's trace. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use = "a gate does nothing until it stands in a chain"]
pub struct TraceContexts {
    peers: Option<Trust>,
}

impl TraceContexts {
    /// Believes everybody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Believes these peers only, where a door before it has said who the peer is; otherwise nobody.
    pub fn from_peers(peers: Trust) -> Self {
        Self { peers: Some(peers) }
    }

    fn believes(&self, peer: Option<ClientAddr>) -> bool {
        self.peers.as_ref().is_none_or(|peers| peer.is_some_and(|peer| peers.trusts(peer)))
    }
}

impl Gate for TraceContexts {
    fn enter(&self, req: &mut Parts) -> Verdict {
        if req.headers.contains_key(TRACEPARENT) || req.headers.contains_key(TRACESTATE) {
            let canonical = RequestContext::of(&req.extensions).and_then(RequestContext::canonical);
            let believed = self.believes(canonical.and_then(Canonical::peer));
            if let Some(trace) = settle(&mut req.headers, believed) {
                RequestContext::ensure(&mut req.extensions).put_trace(trace);
            }
        }
        Ok(Pass::Now)
    }
}

/// What the fields say, understood: the trace, and whether its `tracestate` may stay.
pub fn judge(headers: &HeaderMap) -> Option<(TraceContext, bool)> {
    let mut parents = headers.get_all(TRACEPARENT).iter();
    let (parent, None) = (parents.next()?, parents.next()) else { return None };
    let trace = TraceContext::parse(parent.as_bytes())?;
    let states = headers.get_all(TRACESTATE);
    Some((trace, state::is_valid(states.iter().map(HeaderValue::as_bytes))))
}

/// Leaves of both fields what may stay, and gives the trace.
#[cold]
pub(crate) fn settle(headers: &mut HeaderMap, believed: bool) -> Option<TraceContext> {
    let judged = if believed { judge(headers) } else { None };
    if judged.is_none() {
        headers.remove(TRACEPARENT);
    }
    if judged.is_none_or(|(_, state)| !state) {
        headers.remove(TRACESTATE);
    }
    judged.map(|(trace, _)| trace)
}
