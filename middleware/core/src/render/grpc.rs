//! A refusal as gRPC tells it: HTTP 200 with the status in the head, "trailers-only".
//!
//! ```text
//! 401 auth.missing ─▶ 200, content-type: application/grpc, grpc-status: 16, grpc-message: auth.missing
//! ```
//!
//! Statuses are those of `google.rpc.Code`, which names an HTTP status for each of its codes.

use std::fmt::Write as _;

use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    response,
};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// `application/grpc` and its `+` kinds. grpc-web is none: its trailers stand in the body.
pub(super) fn is_grpc(content_type: &HeaderValue) -> bool {
    const NAME: &[u8] = b"application/grpc";
    let value = content_type.as_bytes();
    value.len() >= NAME.len()
        && value[..NAME.len()].eq_ignore_ascii_case(NAME)
        && matches!(value.get(NAME.len()), None | Some(b'+' | b';' | b' '))
}

pub(super) fn write(head: &mut response::Parts, refused: StatusCode, code: &str) {
    head.status = StatusCode::OK;
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    head.headers.insert(GRPC_STATUS, HeaderValue::from_static(status(refused)));
    head.headers.insert(GRPC_MESSAGE, message(code));
}

/// What fits best for the client: whether to sign in, to ask less, to try again.
fn status(refused: StatusCode) -> &'static str {
    match refused.as_u16() {
        400 | 411 | 422 => "3",       // INVALID_ARGUMENT
        408 | 504 => "4",             // DEADLINE_EXCEEDED
        404 => "5",                   // NOT_FOUND
        409 => "10",                  // ABORTED
        403 => "7",                   // PERMISSION_DENIED
        413 | 414 | 429 | 431 => "8", // RESOURCE_EXHAUSTED
        412 | 428 => "9",             // FAILED_PRECONDITION
        405 | 501 => "12",            // UNIMPLEMENTED
        500 => "13",                  // INTERNAL
        502 | 503 => "14",            // UNAVAILABLE
        401 => "16",                  // UNAUTHENTICATED
        _ => "2",                     // UNKNOWN
    }
}

/// Percent-encoded as gRPC over HTTP/2 writes `Status-Message`: visible ASCII and blanks but for `%` stay.
fn message(code: &str) -> HeaderValue {
    let mut text = String::with_capacity(code.len());
    for byte in code.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => text.push(char::from(byte)),
            _ => _ = write!(text, "%{byte:02X}"),
        }
    }
    HeaderValue::from_str(&text).expect("only visible ASCII and blanks were written")
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::{is_grpc, message, status};

    #[test]
    fn only_grpc_itself_is_grpc() {
        for (value, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("Application/gRPC;charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/grpc-web-text", false),
            ("application/grpcx", false),
            ("application/json", false),
            ("", false),
        ] {
            assert_eq!(is_grpc(&HeaderValue::from_static(value)), expected, "{value}");
        }
    }

    #[test]
    fn statuses_say_what_a_client_can_do() {
        for (http, grpc) in
            [(401, "16"), (403, "7"), (429, "8"), (503, "14"), (400, "3"), (500, "13"), (418, "2")]
        {
            assert_eq!(status(StatusCode::from_u16(http).unwrap()), grpc, "{http}");
        }
    }

    #[test]
    fn messages_are_percent_encoded() {
        assert_eq!(message("auth.missing"), "auth.missing");
        assert_eq!(message("50% é\n"), "50%25 %C3%A9%0A");
    }
}
