//! Turns the head of a refusal into the head and body that the client reads: a pure function.
//!
//! ```text
//! head with a Rejection + Asked ─▶ head with Content-Type, Content-Length, Vary, … + bytes
//! ```

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
        CONTENT_TYPE, Entry, REFERRER_POLICY, TRANSFER_ENCODING, VARY, X_CONTENT_TYPE_OPTIONS,
    },
    response,
};
use serde_derive::Serialize;

use super::{
    OwnPage,
    asked::{Asked, RenderContext, Voice},
    format::Format,
    grpc,
    page::Page,
};
use crate::Rejection;

/// Writes the head and gives the body.
pub(super) fn write(
    head: &mut response::Parts,
    rejection: &Rejection,
    asked: &Asked,
    own_page: Option<&OwnPage>,
) -> Bytes {
    head.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let format = match asked.voice() {
        Voice::Grpc => {
            grpc::write(head, rejection.status(), rejection.code());
            return Bytes::new();
        }
        // A redirect's target is the answer; a 204 and a 304 have no body at all (RFC 9110 §15).
        Voice::Http(_) if has_no_body(rejection.status()) => return Bytes::new(),
        Voice::Http(format) => format,
    };
    // What a compressing link said about the empty body would make this one unreadable.
    for stale in [CONTENT_ENCODING, CONTENT_RANGE, TRANSFER_ENCODING] {
        head.headers.remove(stale);
    }
    let body = body(&mut head.headers, format, rejection, &asked.context(&head.extensions), own_page);
    vary_by_accept(&mut head.headers);
    head.headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    head.headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // Also for HEAD, where it tells what GET would have sent (RFC 9110 §8.6).
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if asked.is_head() { Bytes::new() } else { body.into() }
}

fn has_no_body(status: StatusCode) -> bool {
    status.is_informational()
        || status.is_redirection()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT)
}

fn body(
    headers: &mut HeaderMap,
    format: Format,
    rejection: &Rejection,
    context: &RenderContext<'_>,
    own_page: Option<&OwnPage>,
) -> String {
    let (kind, body) = match format {
        Format::Problem => ("application/problem+json", problem(rejection, context)),
        Format::Text => ("text/plain; charset=utf-8", text(rejection, context)),
        Format::Html => {
            let own = own_page.and_then(|page| page(rejection, context));
            let page = own.unwrap_or_else(|| Page::ours(rejection, context));
            headers.insert(CONTENT_SECURITY_POLICY, page.csp);
            ("text/html; charset=utf-8", page.html)
        }
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    body
}

/// A problem (RFC 9457). `about:blank` says that the title is the status's; `code` is what programs match on.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

fn problem(rejection: &Rejection, context: &RenderContext<'_>) -> String {
    let problem = Problem {
        r#type: "about:blank",
        title: reason(rejection),
        status: rejection.status().as_u16(),
        detail: rejection.detail(),
        code: rejection.code(),
        request_id: context.request_id(),
    };
    serde_json::to_string(&problem).expect("text and numbers are JSON")
}

fn text(rejection: &Rejection, context: &RenderContext<'_>) -> String {
    let mut text = format!("{} {}\n", rejection.status().as_u16(), reason(rejection));
    for line in [rejection.detail(), rejection.code()] {
        if !line.is_empty() {
            text.push_str(line);
            text.push('\n');
        }
    }
    if let Some(id) = context.request_id() {
        text.push_str("request ");
        text.push_str(id);
        text.push('\n');
    }
    text
}

fn reason(rejection: &Rejection) -> &'static str {
    rejection.status().canonical_reason().unwrap_or("Refused")
}

/// Adds `Accept` to what the response already varies by.
fn vary_by_accept(headers: &mut HeaderMap) {
    let names = |value: &HeaderValue| {
        let names = value.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii);
        names.into_iter().any(|name| name == b"*" || name.eq_ignore_ascii_case(b"accept"))
    };
    match headers.entry(VARY) {
        Entry::Occupied(entry) if entry.iter().any(names) => {}
        Entry::Occupied(mut entry) => entry.append(HeaderValue::from_static("accept")),
        Entry::Vacant(entry) => _ = entry.insert(HeaderValue::from_static("accept")),
    }
}
