//! Whether a request loads a page: a browser's address bar, link or form, and not a script or a program.
//!
//! ```text
//! Sec-Fetch-Mode present   navigate: yes, anything else: no
//! absent                   GET or HEAD, no X-Requested-With, and Accept prefers HTML to JSON
//! ```

use http::{HeaderMap, Method, header::ACCEPT, request};

/// Whether a person is looking at what this request brings.
pub(crate) fn is_page_load(req: &request::Parts) -> bool {
    // Browsers leave `Sec-Fetch-Mode` out on plain HTTP beyond loopback, so its absence says nothing.
    match req.headers.get("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => {
            matches!(req.method, Method::GET | Method::HEAD)
                && !req.headers.contains_key("x-requested-with")
                && prefers_html(&req.headers)
        }
    }
}

/// RFC 9110 §12.5.1: HTML is named, and weighs more than JSON would by name or by wildcard.
fn prefers_html(headers: &HeaderMap) -> bool {
    let (mut html, mut json, mut any) = (0, None, 0);
    for range in headers.get_all(ACCEPT).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let weight =
            parts.find_map(|p| p.strip_prefix("q=").or(p.strip_prefix("Q="))).map_or(1000, thousandths);
        if media.eq_ignore_ascii_case("text/html") || media.eq_ignore_ascii_case("application/xhtml+xml") {
            html = html.max(weight);
        } else if media.eq_ignore_ascii_case("application/json") {
            json = Some(weight);
        } else if media == "*/*" || media.eq_ignore_ascii_case("application/*") {
            any = any.max(weight);
        }
    }
    html > json.unwrap_or(any)
}

/// `0.8` → 800; what is no weight counts as 0.
fn thousandths(q: &str) -> u16 {
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    let digits_only = fraction.bytes().all(|b| b.is_ascii_digit()) && fraction.len() <= 3;
    match whole {
        "1" if digits_only => 1000,
        "0" if digits_only => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], bool);

    #[test]
    fn browsers_load_pages_and_programs_do_not() {
        let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        let table: &[Row<'_>] = &[
            ("GET", &[("sec-fetch-mode", "navigate")], true),
            ("POST", &[("sec-fetch-mode", "navigate")], true),
            ("GET", &[("sec-fetch-mode", "cors"), ("accept", "text/html")], false),
            ("GET", &[("sec-fetch-mode", "websocket")], false),
            ("GET", &[("accept", chromium)], true),
            ("HEAD", &[("accept", chromium)], true),
            ("POST", &[("accept", chromium)], false),
            ("GET", &[("accept", chromium), ("x-requested-with", "XMLHttpRequest")], false),
            ("GET", &[("accept", "*/*")], false),
            ("GET", &[("accept", "application/json, text/plain, */*")], false),
            ("GET", &[("accept", "text/html, application/json")], false),
            ("GET", &[("accept", "text/html;q=0.5, application/json;q=0.4")], true),
            ("GET", &[("accept", "text/html;q=0")], false),
            ("GET", &[("accept", "TEXT/HTML; level=1 ; q=0.9, */*;q=0.1")], true),
            ("GET", &[("accept", "text/html;q=banana")], false),
            ("GET", &[], false),
        ];
        for (method, headers, expected) in table {
            let mut req = Request::builder().method(*method);
            for (name, value) in *headers {
                req = req.header(*name, *value);
            }
            let (req, ()) = req.body(()).unwrap().into_parts();
            assert_eq!(is_page_load(&req), *expected, "{method} {headers:?}");
        }
    }
}
