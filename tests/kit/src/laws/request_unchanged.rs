//! `request-unchanged`: method, target, headers, extensions and body reach the inner service as they came.
//!
//! ```text
//! POST /x · x-law: 1, 2 · extension · body [ one · two · trailers ] ──▶ the same, and perhaps more headers
//! ```
//!
//! **Why.** What stands behind a layer was written without knowing it. Extensions carry what outer links found out; a
//! layer that rebuilds the request from its parts loses them. A body that no longer tells its length goes upstream
//! chunked, and one that loses its trailers breaks gRPC.
//!
//! An upload that breaks off must break off inside too, or half a file looks whole.
//!
//! **How it is broken.** `Request::builder().uri(…).body(body)`; `Limited`-like wrappers without `size_hint`; a
//! wrapper that passes on data frames only, or ends where the body fails.
//!
//! **How to keep it.** `into_parts`, `from_parts`; in a body, pass on every frame, `size_hint` and `is_end_stream`.
//! Added headers are fine. A layer whose purpose is to change the request excepts this law and says so.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::RebuildsTheRequest).check();
//! assert_eq!(report.broken(), [Law::RequestUnchanged]);
//! ```

use http::{HeaderValue, Request};

use super::case::{Case, Checked, MakeRequest, Subject};
use crate::{Probe, ProbeBody, Seen, Trace};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Mark(u32);

pub(super) async fn check(subject: &Subject) -> Checked {
    let bodies = [
        ProbeBody::new(),
        ProbeBody::from("whole"),
        ProbeBody::new().data("one").data("two").trailer("x-sum", "6"),
    ];
    for body in bodies {
        arrives(subject, &subject.request, body).await?;
    }
    for request in &subject.also {
        arrives(subject, request, ProbeBody::new()).await?;
    }
    // A probe that cannot fail has no way to say that its request broke off.
    if subject.fails { breaks_off(subject).await } else { Ok(()) }
}

async fn arrives(subject: &Subject, head: &MakeRequest, body: ProbeBody) -> Checked {
    let case = Case::new(subject, Probe::ok().read_bodies());
    let mut a = case.instance();
    case.ready(&mut a).await?;
    let (sent, _) = Trace::read(body.clone()).await;
    let mut request = head().map(|()| body);
    for value in ["1", "2"] {
        request.headers_mut().append("x-law", HeaderValue::from_static(value));
    }
    request.extensions_mut().insert(Mark(7));
    case.did(format!("the request has `x-law: 1`, `x-law: 2`, an extension and the body {sent}"));
    let head = head_of(&request);
    let flight = case.call(&mut a, request);
    case.response(flight).await?;

    let requests = case.probe.requests();
    let seen = requests.first().ok_or_else(|| case.broken("the request reaches the probe", "nothing"))?;
    case.expect(head.method() == seen.method, "the same method", || seen.method.to_string())?;
    case.expect(head.uri() == &seen.uri, &format!("the target {}", head.uri()), || seen.uri.to_string())?;
    case.expect(head.version() == seen.version, "the same version", || format!("{:?}", seen.version))?;
    headers_arrive(&case, &head, seen)?;
    case.expect(seen.extensions.get() == Some(&Mark(7)), "the extension", || "it is gone".to_owned())?;
    match seen.trace() {
        Some(trace) => case.expect(*trace == sent, &format!("the body {sent}"), || trace.to_string()),
        None => Err(case.broken(format!("the body {sent}"), "a body that broke off")),
    }
}

async fn breaks_off(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok().read_bodies());
    let mut a = case.instance();
    case.ready(&mut a).await?;
    case.did("the request's body is \"one\", and then an error");
    let request = case.request(ProbeBody::new().data("one").error("cut off"));
    let flight = case.call(&mut a, request);
    // A response is fine: a layer may answer for errors.
    let _ = case.answer(flight).await?;
    let requests = case.probe.requests();
    match requests.first().and_then(Seen::trace) {
        Some(whole) => Err(case.broken("a body that breaks off at the probe", whole.to_string())),
        None => Ok(()),
    }
}

fn headers_arrive(case: &Case<'_>, head: &Request<()>, seen: &Seen) -> Checked {
    for name in head.headers().keys() {
        let values = |headers: &http::HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
        let (sent, found) = (values(head.headers()), values(&seen.headers));
        case.expect(sent == found, &format!("`{name}`: {sent:?}"), || format!("{found:?}"))?;
    }
    Ok(())
}

/// The request without its body, to compare with.
fn head_of(request: &Request<ProbeBody>) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = request.headers().clone();
    head
}
