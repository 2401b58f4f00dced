//! The check page: what to do when the browser did not bring the session cookie back.
//!
//! ```text
//! POST /sign-in ─▶ 303 /check ── no cookie came back ──▶ this page ─▶ another browser, or --insecure-plain-cookies
//! ```

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Escaped, page};
use crate::demo::door::encode;

/// Shown right after a sign-in whose cookie did not come back.
pub(in crate::demo) fn check(next: &str) -> Response<Bytes> {
    let main = format!(
        "<div class=\"card narrow\">\n<h1>You are not signed in</h1>\n\
         <p>If you have just signed in, your browser did not keep the cookie that says so. It is marked \
         <code>Secure</code>, and over plain <code>http://</code> Safari drops it even on <code>localhost</code>; \
         others do when cookies are blocked for this site.</p>\n\
         <p>Open this address in Chromium or Firefox, or start the demo again with \
         <code>--insecure-plain-cookies</code> and sign in once more.</p>\n\
         <p><a href=\"/sign-in?next={}\">Back to the sign-in page</a></p>\n</div>",
        Escaped(&encode(next)),
    );
    page(StatusCode::OK, "Not signed in", &main)
}
