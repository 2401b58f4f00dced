//! Odd requests over HTTP/1 and who decides about them.
//!
//! ```text
//! Hyper(status)      before any link: a bare answer, `http.parse` in the log, the connection closed
//! Us(status, code)   a link of ours; the connection is closed
//! Open(…) Last(…)    the app is asked, and said this; the connection stays open, or is closed
//! ```
//!
//! hyper's verdicts are pinned so that an upgrade which changes one is seen.

use enfilade_server::Limits;

use crate::kit::{Log, ask, connect, echo, say};
use Verdict::{Hyper, Last, Open, Us};

#[derive(Debug, PartialEq)]
enum Verdict {
    Hyper(u16),
    Us(u16, &'static str),
    Open(&'static str),
    Last(&'static str),
}

#[rustfmt::skip] // one request, one line
const TABLE: &[(&str, &[u8], Verdict)] = &[
    ("plain", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET / ")),
    ("lone LF line ends", b"GET / HTTP/1.1\nHost: a\n\n", Open("GET / ")),
    ("leading CRLFs", b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET / ")),
    ("leading LF", b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET / ")),
    ("CL then TE", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", Last("POST / ")),
    ("TE then CL", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", Last("POST / ")),
    ("two equal CLs", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", Open("POST / ok")),
    ("two different CLs", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", Hyper(400)),
    ("CL list", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\nok", Hyper(400)),
    ("CL +2", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nok", Hyper(400)),
    ("CL -2", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\nok", Hyper(400)),
    ("CL empty", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", Hyper(400)),
    ("CL huge", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", Hyper(400)),
    ("CL near max", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n", Hyper(431)),
    ("TE gzip, chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Us(400, "http.transfer-coding")),
    ("TE chunked, gzip", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", Hyper(400)),
    ("TE chunked, chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", Us(400, "http.transfer-coding")),
    ("TE chunked twice", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Us(400, "http.transfer-coding")),
    ("TE xchunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", Hyper(400)),
    ("TE identity", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", Hyper(400)),
    ("TE vertical tab", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", Hyper(400)),
    ("TE in HTTP/1.0", b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Hyper(400)),
    ("space before colon", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", Hyper(400)),
    ("obs-fold", b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", Hyper(400)),
    ("first field folded", b"GET / HTTP/1.1\r\n X: 1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("no colon", b"GET / HTTP/1.1\r\nHost: a\r\nGarbage\r\n\r\n", Hyper(400)),
    ("NUL in value", b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\x002\r\n\r\n", Hyper(400)),
    ("CR in value", b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n", Hyper(400)),
    ("bytes beyond ASCII in value", b"GET / HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\n", Open("GET / ")),
    ("empty name", b"GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n", Hyper(400)),
    ("version 0.9", b"GET /\r\n\r\n", Hyper(400)),
    ("version 1.2", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", Hyper(400)),
    ("version 2.0", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", Hyper(400)),
    ("version 3", b"GET / HTTP/3\r\nHost: a\r\n\r\n", Hyper(400)),
    ("version lower case", b"GET / http/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("two blanks in line", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("tab in line", b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("blank in target", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("no method", b" / HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("odd method", b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("unknown method", b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", Open("BREW / ")),
    ("lower case method", b"get / HTTP/1.1\r\nHost: a\r\n\r\n", Open("get / ")),
    ("fragment", b"GET /a#b?c HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET /a ")),
    ("fragment in absolute-form", b"GET http://a/b#c HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET http://a/b ")),
    ("non-ASCII target", b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", Us(400, "http.target-not-ascii")),
    ("bad UTF-8 target", b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("NUL in target", b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("DEL in target", b"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("quote in target", b"GET /\" HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET /\" ")),
    ("brackets in target", b"GET /<>^`{|}[] HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("backslash in target", b"GET /\\a HTTP/1.1\r\nHost: a\r\n\r\n", Us(400, "http.path-backslash")),
    ("double slash", b"GET //b/c HTTP/1.1\r\nHost: a\r\n\r\n", Us(400, "http.path-empty-segment")),
    ("query only", b"GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("bare word", b"GET admin HTTP/1.1\r\nHost: a\r\n\r\n", Us(400, "http.target-form")),
    ("authority-form", b"GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", Us(400, "http.target-form")),
    ("star with GET", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", Us(400, "http.target-form")),
    ("star with OPTIONS", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Open("OPTIONS * ")),
    ("star and query", b"OPTIONS *?a HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", Us(405, "http.connect-refused")),
    ("CONNECT with a path", b"CONNECT / HTTP/1.1\r\nHost: a:443\r\n\r\n", Us(405, "http.connect-refused")),
    ("absolute-form", b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET http://a/b ")),
    ("absolute-form, no path", b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET http://a/ ")),
    ("absolute-form, own port", b"GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET http://a:80/ ")),
    ("absolute-form, upper case", b"GET HTTP://A/ HTTP/1.1\r\nHost: a\r\n\r\n", Open("GET http://A/ ")),
    ("absolute-form, other host", b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", Us(400, "http.host-mismatch")),
    ("absolute-form, other port", b"GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", Us(400, "http.host-mismatch")),
    ("absolute-form, no Host", b"GET http://a/ HTTP/1.1\r\n\r\n", Us(400, "http.host-missing")),
    ("absolute-form, userinfo", b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", Us(400, "http.host-invalid")),
    ("absolute-form, ftp", b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Us(400, "http.target-form")),
    ("absolute-form, opaque", b"GET http:http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("absolute-form, no host", b"GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", Hyper(400)),
    ("Host missing", b"GET / HTTP/1.1\r\n\r\n", Us(400, "http.host-missing")),
    ("Host missing in 1.0", b"GET / HTTP/1.0\r\n\r\n", Last("GET / ")),
    ("Host twice", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Us(400, "http.host-repeated")),
    ("Host twice in 1.0", b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", Us(400, "http.host-repeated")),
    ("Host empty", b"GET / HTTP/1.1\r\nHost: \r\n\r\n", Us(400, "http.host-invalid")),
    ("Host list", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host list without a blank", b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host with userinfo", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host with path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host with scheme", b"GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host with bad port", b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host with port too large", b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host non-ASCII", b"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host v6", b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", Open("GET / ")),
    ("Host broken v6", b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host bare v6", b"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", Us(400, "http.host-invalid")),
    ("Host percent", b"GET / HTTP/1.1\r\nHost: a%2fb\r\n\r\n", Us(400, "http.host-invalid")),
    ("chunk size overflow", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", Us(400, "http.body-broken")),
    ("chunk size negative", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", Us(400, "http.body-broken")),
    ("chunk size 0x", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", Us(400, "http.body-broken")),
    ("chunk with lone LF", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", Us(400, "http.body-broken")),
    ("chunk data too long", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", Us(400, "http.body-broken")),
    ("chunk extension", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\n\r\n", Last("POST / a")),
    ("last chunk and lone LF, next request", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", Last("POST / ")),
    ("chunked, next request", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n", Last("POST / a")),
    ("upgrade ignored", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", Open("GET / ")),
    ("expect 100", b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok", Open("POST / ok")),
    ("expect other", b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\nok", Open("POST / ok")),
];

#[tokio::test(start_paused = true)]
async fn every_odd_request_gets_its_verdict() {
    for (name, raw, verdict) in TABLE {
        let log = Log::capture();
        let heard = ask(raw).await;
        let codes = log.codes();
        let code = codes.first().map(String::as_str);
        match *verdict {
            Hyper(status) => {
                assert_eq!((heard.statuses(), code), (vec![status], Some("http.parse")), "{name}: {heard:?}");
                assert!(heard.closed, "{name} is closed");
            }
            Us(status, expected) => {
                assert_eq!((heard.statuses(), code), (vec![status], Some(expected)), "{name}: {heard:?}");
                assert!(
                    heard.closed && heard.text.contains("connection: close"),
                    "{name} is closed: {heard:?}"
                );
            }
            Open(said) | Last(said) => {
                assert_eq!((heard.statuses(), code), (vec![200], None), "{name}: {heard:?}");
                assert!(heard.text.ends_with(&format!("<{said}>")), "{name}: {heard:?}");
                assert_eq!(heard.closed, matches!(verdict, Last(_)), "{name}: {heard:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_has_a_largest_size_and_a_largest_number_of_fields() {
    let small = Limits::default().with_max_header_size(2048);
    let request = |fields: usize, size: usize| {
        let field = format!("X: {}\r\n", "x".repeat(size)).repeat(fields);
        format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n").into_bytes()
    };
    for (fields, size, status) in
        [(99, 1, 200), (100, 1, 431), (1, 1900, 200), (1, 2048, 431), (1, 100_000, 431)]
    {
        let mut client = connect(small.clone(), tower::service_fn(echo));
        let heard = say(&mut client, &request(fields, size)).await;
        assert_eq!(heard.statuses(), [status], "{fields} fields of {size} bytes");
        assert_eq!(heard.closed, status != 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_refused_once_the_buffer_is_full() {
    let mut client = connect(Limits::default(), tower::service_fn(echo));
    let heard = say(&mut client, format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(70_000)).as_bytes()).await;
    assert_eq!(heard.statuses(), [431]);
    assert!(heard.closed);
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order_and_end_where_one_is_broken() {
    let heard = ask(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(heard.statuses(), [200, 200]);
    let (first, second) = (heard.text.find("<GET /1 >"), heard.text.find("<GET /2 >"));
    assert!(first < second && first.is_some() && !heard.closed, "{heard:?}");

    let heard = ask(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nX\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(heard.statuses(), [200, 400]);
    assert!(heard.closed && !heard.text.contains("/3"), "{heard:?}");

    let heard = ask(b"GET /1 HTTP/1.1\r\nHost: a@b\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(heard.statuses(), [400], "after a refusal of the strict link nothing is read");
}
