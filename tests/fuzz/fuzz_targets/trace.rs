//! Whatever a request says of its trace and its id: what is handed on is by the letter, and what is refused is gone.
//!
//! ```text
//! fields ──▶ RequestIds ──▶ app: traceparent as parsed, tracestate within its limits, an id of one of three forms
//! ```
#![no_main]

use std::{convert::Infallible, future::Ready, future::ready};

use enfilade_core::{RequestContext, RequestId, TraceContext};
use enfilade_server::{RequestIds, Trust, trace_context};
use http::{HeaderMap, Request, Response};
use tower::{Layer, Service, service_fn};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // A text by itself: what is read is what it begins with, and an id is written again to the letter.
    if let Some(trace) = TraceContext::parse(data) {
        let (version, flags) = (trace.version(), trace.flags());
        let known = format!("{version:02x}-{}-{}-{flags:02x}", trace.trace_id(), trace.parent_id());
        assert!(data.starts_with(known.as_bytes()) && version != 0xff);
        assert!(known.len() == data.len() || (version > 0 && data[known.len()] == b'-'));
    }
    if let Some(id) = RequestId::parse(data) {
        assert_eq!(id.text().as_bytes(), data);
    }

    let mut headers = HeaderMap::new();
    for (name, value) in fuzz::fields(data) {
        headers.append(name, value);
    }
    let judged = trace_context::judge(&headers);
    let trust = Trust::forwarded(["10.0.0.1"]).expect("an address");
    let peer = enfilade_core::ClientAddr::Tcp("10.0.0.1:9".parse().expect("an address"));
    let ids = RequestIds::new().with_ids_of_peers().with_trust(trust).with_client(peer);
    for (ids, given) in [(RequestIds::new(), None), (ids, given(&headers))] {
        let (id, trace, left) = seen(&ids, headers.clone());
        assert!(given.is_none_or(|given| given == id));
        assert_eq!(trace, judged.map(|(trace, _)| trace));
        assert_eq!(left.get_all("traceparent").iter().count(), usize::from(trace.is_some()));
        assert_eq!(
            left.contains_key("tracestate"),
            headers.contains_key("tracestate") && judged.is_some_and(|(_, state)| state)
        );
        let state: Vec<_> = left.get_all("tracestate").iter().map(|value| value.as_bytes()).collect();
        assert!(state.concat().len() <= 512 && trace_context::is_valid_state(state.into_iter()));
        // Nothing else is touched, and no spelling of the id is left.
        let others = |all: &HeaderMap| {
            let mut all: Vec<_> = all.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            all.retain(|(name, _)| {
                !["traceparent", "tracestate"].contains(&name.as_str()) && !is_id(name.as_str())
            });
            // Of two names either may come first (RFC 9110 §5.3); of one name's values the order stays.
            all.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
            all
        };
        assert_eq!(others(&left), others(&headers));
        assert!(!left.keys().any(|name| is_id(name.as_str())));
    }
});

fn is_id(name: &str) -> bool {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "-") == "x-request-id"
}

/// The id of a trusted peer that has to be taken.
fn given(headers: &HeaderMap) -> Option<RequestId> {
    let mut all = headers.get_all("x-request-id").iter();
    let one = all.next().filter(|_| all.next().is_none())?;
    RequestId::parse(one.as_bytes())
}

/// What an app sees behind the link.
fn seen(ids: &RequestIds, headers: HeaderMap) -> (RequestId, Option<TraceContext>, HeaderMap) {
    let mut seen = None;
    let app = service_fn(|req: Request<()>| -> Ready<Result<Response<()>, Infallible>> {
        let context = RequestContext::of(req.extensions()).expect("made by the link");
        seen = Some((context.request_id().expect("given"), context.trace(), req.headers().clone()));
        ready(Ok(Response::new(())))
    });
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    drop(ids.layer(app).call(request));
    seen.expect("the app was asked")
}
