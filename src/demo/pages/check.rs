//! The check page: what to do when the browser did not bring the session cookie back.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Escaped, page};

/// Shown right after a sign-in whose cookie did not come back.
pub(in crate::demo) fn check(next: &str) -> Response<Bytes> {
    let main = format!(
        "<div class=\"card narrow\">\n<h1>Your browser did not keep the cookie</h1>\n\
         <p>The name and the password were right. The cookie that says so is marked <code>Secure</code>, and over \
         plain <code>http://</code> your browser dropped it. Safari does that even on <code>localhost</code>; \
         others do it when cookies are blocked for this site.</p>\n\
         <p>Open this address in Chromium or Firefox, or start the demo again with \
         <code>--insecure-plain-cookies</code> and sign in once more.</p>\n\
         <p><a href=\"/sign-in?next={}\">Back to the sign-in page</a></p>\n</div>",
        Escaped(&encode(next)),
    );
    page(StatusCode::OK, "Cookie not kept", &main)
}

/// A path as the value of a query parameter.
fn encode(path: &str) -> String {
    form_urlencoded::byte_serialize(path.as_bytes()).collect()
}
