//! The demo's pages: plain HTML that works without a script, on a phone and on a desk, in light and dark.
//!
//! ```text
//! page(status, title, main) ─▶ head + one <style> + header + <main>   with the headers that every page of ours has
//! ```
//!
//! Everything that comes from outside goes through [`Escaped`].

mod check;
mod home;
mod sign_in;

pub(super) use self::{check::check, home::home, sign_in::sign_in};

use std::{
    fmt::{self, Write as _},
    sync::LazyLock,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use enfilade_core::plan;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::app::private;

/// A page as a response. `main` is HTML; the title is text.
pub(super) fn page(status: StatusCode, title: &str, main: &str) -> Response<Bytes> {
    let mut html = String::with_capacity(STYLE.len() + main.len() + 1024);
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{} · Enfilade</title>\n\
         <style>{}</style>\n</head>\n<body>\n\
         <header class=\"top\"><a href=\"/\">Enfilade</a><span>demo</span></header>\n\
         <main>\n{main}\n</main>\n</body>\n</html>\n",
        Escaped(title),
        *STYLE,
    );
    let mut response = Response::new(Bytes::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    private(&mut response);
    response
}

/// Text as HTML, safe between tags and inside double quotes.
pub(super) struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

static STYLE: LazyLock<String> = LazyLock::new(|| format!("{}{}", include_str!("style.css"), plan::css()));

/// Nothing but our own style, by its hash, and forms to ourselves.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::try_from(policy).expect("base64 and fixed words are visible ASCII")
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_can_open_a_tag_or_leave_an_attribute() {
        let text = Escaped("<script>\"'&</script>").to_string();
        assert_eq!(text, "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;");
    }

    #[test]
    fn a_page_allows_its_own_style_and_nothing_else() {
        let response = page(StatusCode::OK, "t", "m");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!STYLE.contains("</style"), "the style must not end its own element");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}
