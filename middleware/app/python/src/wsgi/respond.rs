//! From a head and what there is of a body to a response: which bodies are sent, and how long they are.
//!
//! ```text
//! HEAD, 204, 205, 304 ─▶ no body; what was still to come is closed       204, 205: no content-length
//! otherwise           ─▶ as long as the head says, or as is known, or to its end
//! ```

use http::{HeaderValue, Method, Response, StatusCode, header::CONTENT_LENGTH};

use super::{body::WsgiBody, head::Head};

/// A response without its body, and whether it has one.
pub(super) struct Begun {
    pub(super) response: Response<WsgiBody>,
    pub(super) has_body: bool,
    /// How long the body is to be, where that is known.
    pub(super) length: Option<u64>,
}

/// `known`: how long the body is, where all of it is there or it is a file.
pub(super) fn begin(method: &Method, head: Head, known: Option<u64>) -> Begun {
    let Head { status, reason, mut headers, length } = head;
    let empty = matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
    if empty {
        headers.remove(CONTENT_LENGTH);
    }
    let is_head = *method == Method::HEAD;
    if is_head
        && !empty
        && length.is_none()
        && let Some(known @ 1..) = known
    {
        // What a GET would have said (RFC 9110 §8.6). An empty body says nothing: apps answer HEAD with one.
        headers.insert(CONTENT_LENGTH, HeaderValue::from(known));
    }
    let mut response = Response::new(WsgiBody::default());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if let Some(reason) = reason {
        response.extensions_mut().insert(reason);
    }
    let has_body = !empty && !is_head && status != StatusCode::NOT_MODIFIED;
    Begun { response, has_body, length: length.or(known) }
}
