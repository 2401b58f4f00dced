//! HTTP/2 requests frame by frame, each with its verdict and the clause that allows or forbids it.
//!
//! ```text
//! what ── frames behind preface and SETTINGS ── verdict ── clause, such as `9113 §8.3.1`
//! ```

use std::fmt::Write as _;

use super::{
    frames::{
        self, CONTINUATION, DATA, END, Field, GOAWAY, HEADERS, PADDED, PING, PRIORITISED, PRIORITY,
        PUSH_PROMISE, RST_STREAM, SETTINGS, WHOLE, WINDOW_UPDATE,
    },
    verdict::Verdict::{self, App, Goaway, Hyper, Last, Reset, Us},
};

pub(crate) type Row = (&'static str, &'static [Part], Verdict, &'static str);

/// A frame of a client's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// HEADERS on stream 1 that end it.
    Ask(&'static [Field<'static>]),
    /// HEADERS on a stream that do not.
    Open(u32, &'static [Field<'static>]),
    /// Any: kind, flags, stream, payload.
    Raw(u8, u8, u32, &'static [u8]),
    /// The same, its payload so many times.
    Long(u8, u8, u32, &'static [u8], usize),
}

impl Part {
    pub(crate) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Ask(fields) => frames::headers(1, END, fields),
            Self::Open(stream, fields) => frames::headers(stream, 0, fields),
            Self::Raw(kind, flags, stream, payload) => frames::frame(kind, flags, stream, payload),
            Self::Long(kind, flags, stream, payload, times) => {
                frames::frame(kind, flags, stream, &payload.repeat(times))
            }
        }
    }

    /// As a page shows it.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Ask(fields) => format!("HEADERS end {}", list(fields)),
            Self::Open(stream, fields) => format!("HEADERS {} {}", on(stream), list(fields)),
            Self::Raw(kind, flags, stream, payload) => {
                format!("{} {flags:#x} {} {}", name(kind), on(stream), payload.escape_ascii())
            }
            Self::Long(kind, flags, stream, payload, times) => {
                format!("{} {flags:#x} {} {times} × {}", name(kind), on(stream), payload.escape_ascii())
            }
        }
    }
}

fn on(stream: u32) -> String {
    format!("on {stream}")
}

fn list(fields: &[Field<'_>]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{}: {}", name.escape_default(), value.escape_ascii());
    }
    text
}

fn name(kind: u8) -> &'static str {
    match kind {
        DATA => "DATA",
        HEADERS => "HEADERS",
        PRIORITY => "PRIORITY",
        RST_STREAM => "RST_STREAM",
        SETTINGS => "SETTINGS",
        PUSH_PROMISE => "PUSH_PROMISE",
        PING => "PING",
        GOAWAY => "GOAWAY",
        WINDOW_UPDATE => "WINDOW_UPDATE",
        CONTINUATION => "CONTINUATION",
        _ => "an unknown kind",
    }
}

pub(crate) const GROUPS: [(&str, &[Row]); 4] = [
    ("Pseudo-header fields", PSEUDO),
    ("Fields over HTTP/2", FIELDS),
    ("Bodies and trailers over HTTP/2", BODIES),
    ("Frames", FRAMES),
];

const METHOD: Field<'_> = (":method", b"GET");
const SCHEME: Field<'_> = (":scheme", b"http");
const PATH: Field<'_> = (":path", b"/");
const HOST: Field<'_> = (":authority", b"a");
const GET: &[Field<'_>] = &[METHOD, SCHEME, PATH, HOST];
const POST: &[Field<'_>] = &[(":method", b"POST"), SCHEME, PATH, HOST];

use Part::{Ask, Long, Open, Raw};

#[rustfmt::skip] // one request, one line
const PSEUDO: &[Row] = &[
    ("plain", &[Ask(GET)], App("GET /"), "9113 §8.1"),
    ("host in place of :authority", &[Ask(&[METHOD, SCHEME, PATH, ("host", b"a")])], App("GET /"), "9113 §8.3.1"),
    ("both, the same", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("host", b"a:80")])], App("GET /"), "9113 §8.3.1"),
    ("both, different", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("host", b"b")])], Us(400, "http.host-mismatch"), "9113 §8.3.1"),
    ("neither", &[Ask(&[METHOD, SCHEME, PATH])], Us(400, "http.host-missing"), "9113 §8.3.1"),
    ("host twice", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("host", b"a"), ("host", b"a")])], Us(400, "http.host-repeated"), "9110 §7.2"),
    ("host empty", &[Ask(&[METHOD, SCHEME, PATH, ("host", b"")])], Us(400, "http.host-invalid"), "9110 §4.2.1"),
    ("host is a list", &[Ask(&[METHOD, SCHEME, PATH, ("host", b"a, b")])], Us(400, "http.host-invalid"), "9110 §7.2"),
    ("a user", &[Ask(&[METHOD, SCHEME, PATH, (":authority", b"u@a")])], Us(400, "http.host-invalid"), "9113 §8.3.1"),
    ("a port that is none", &[Ask(&[METHOD, SCHEME, PATH, (":authority", b"a:b")])], Us(400, "http.host-invalid"), "9110 §7.2"),
    ("a dot at the end", &[Ask(&[METHOD, SCHEME, PATH, (":authority", b"a."), ("host", b"a")])], App("GET /"), "3986 §3.2.2"),
    ("two dots at the end", &[Ask(&[METHOD, SCHEME, PATH, (":authority", b"a..")])], Us(400, "http.host-invalid"), "9110 §4.2.1"),
    (":authority twice", &[Ask(&[METHOD, SCHEME, PATH, HOST, HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.3"),
    (":authority with a path", &[Ask(&[METHOD, SCHEME, PATH, (":authority", b"a/b")])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    (":authority empty", &[Ask(&[METHOD, SCHEME, PATH, (":authority", b"")])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    (":authority beyond ASCII", &[Ask(&[METHOD, SCHEME, PATH, (":authority", b"\xc3\xa9")])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    ("https without TLS", &[Ask(&[METHOD, (":scheme", b"https"), PATH, HOST])], App("GET /"), "9113 §8.3.1"),
    ("another scheme", &[Ask(&[METHOD, (":scheme", b"ftp"), PATH, HOST])], Us(400, "http.target-form"), "9110 §4.2"),
    ("a scheme that is none", &[Ask(&[METHOD, (":scheme", b"ht tp"), PATH, HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    ("no scheme", &[Ask(&[METHOD, PATH, HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    ("no method", &[Ask(&[SCHEME, PATH, HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    ("two methods", &[Ask(&[METHOD, (":method", b"POST"), SCHEME, PATH, HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.3"),
    ("a method that is no token", &[Ask(&[(":method", b"G T"), SCHEME, PATH, HOST])], Goaway("PROTOCOL_ERROR"), "9110 §9.1"),
    ("no path", &[Ask(&[METHOD, SCHEME, HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    ("an empty path", &[Ask(&[METHOD, SCHEME, (":path", b""), HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    ("a path without a slash", &[Ask(&[METHOD, SCHEME, (":path", b"x"), HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    ("an absolute path", &[Ask(&[METHOD, SCHEME, (":path", b"http://a/"), HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.3.1"),
    ("a path beyond ASCII", &[Ask(&[METHOD, SCHEME, (":path", b"/\xc3\xa9"), HOST])], Us(400, "http.target-not-ascii"), "3986 §2"),
    ("a blank in a path", &[Ask(&[METHOD, SCHEME, (":path", b"/a b"), HOST])], Reset("PROTOCOL_ERROR"), "3986 §2"),
    ("a line break in a path", &[Ask(&[METHOD, SCHEME, (":path", b"/\r\nx: y"), HOST])], Reset("PROTOCOL_ERROR"), "9113 §10.3"),
    ("a fragment is cut off", &[Ask(&[METHOD, SCHEME, (":path", b"/a#b"), HOST])], App("GET /a"), "9113 §8.3.1"),
    ("an asterisk with GET", &[Ask(&[METHOD, SCHEME, (":path", b"*"), HOST])], Us(400, "http.target-form"), "9113 §8.3.1"),
    ("an asterisk with OPTIONS", &[Ask(&[(":method", b"OPTIONS"), SCHEME, (":path", b"*"), HOST])], App("OPTIONS *"), "9113 §8.3.1"),
    ("CONNECT", &[Ask(&[(":method", b"CONNECT"), HOST])], Us(405, "http.connect-refused"), "9113 §8.5"),
    ("CONNECT with a scheme and a path", &[Ask(&[(":method", b"CONNECT"), SCHEME, PATH, HOST])], Reset("PROTOCOL_ERROR"), "9113 §8.5"),
    ("a WebSocket by extended CONNECT, which was not offered", &[Ask(&[(":method", b"CONNECT"), (":protocol", b"websocket"), SCHEME, PATH, HOST])], Reset("PROTOCOL_ERROR"), "8441 §3"),
    ("an unknown one", &[Ask(&[METHOD, SCHEME, PATH, HOST, (":x", b"1")])], Goaway("PROTOCOL_ERROR"), "9113 §8.3"),
    ("an answer's", &[Ask(&[METHOD, SCHEME, PATH, HOST, (":status", b"200")])], Reset("PROTOCOL_ERROR"), "9113 §8.3"),
    ("one behind a field", &[Ask(&[METHOD, SCHEME, HOST, ("x", b"1"), PATH])], Reset("PROTOCOL_ERROR"), "9113 §8.3"),
];

#[rustfmt::skip] // one request, one line
const FIELDS: &[Row] = &[
    ("a blank before a value", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("x", b" 1")])], Us(400, "http.field-blank"), "9113 §8.2.1"),
    ("a tab after a value", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("x", b"1\t")])], Us(400, "http.field-blank"), "9113 §8.2.1"),
    ("a blank in a value", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("x", b"1 2")])], App("GET /"), "9110 §5.5"),
    ("a line break in a value", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("x", b"1\r\n2")])], Goaway("PROTOCOL_ERROR"), "9113 §8.2.1"),
    ("NUL in a value", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("x", b"1\x002")])], Goaway("PROTOCOL_ERROR"), "9113 §8.2.1"),
    ("bytes beyond ASCII in a value", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("x", b"\xff")])], App("GET /"), "9110 §5.5"),
    ("a name in upper case", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("X", b"1")])], Goaway("PROTOCOL_ERROR"), "9113 §8.2.1"),
    ("a blank in a name", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("x y", b"1")])], Goaway("PROTOCOL_ERROR"), "9113 §8.2.1"),
    ("a colon in a name", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("x:y", b"1")])], Goaway("PROTOCOL_ERROR"), "9113 §8.2.1"),
    ("no name", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("", b"1")])], Goaway("PROTOCOL_ERROR"), "9113 §8.2.1"),
    ("connection", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("connection", b"close")])], Reset("PROTOCOL_ERROR"), "9113 §8.2.2"),
    ("keep-alive", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("keep-alive", b"1")])], Reset("PROTOCOL_ERROR"), "9113 §8.2.2"),
    ("proxy-connection", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("proxy-connection", b"close")])], Reset("PROTOCOL_ERROR"), "9113 §8.2.2"),
    ("upgrade", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("upgrade", b"websocket")])], Reset("PROTOCOL_ERROR"), "9113 §8.2.2"),
    ("transfer-encoding", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("transfer-encoding", b"chunked")])], Reset("PROTOCOL_ERROR"), "9113 §8.2.2"),
    ("te: trailers", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("te", b"trailers")])], App("GET /"), "9113 §8.2.2"),
    ("te: gzip", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("te", b"gzip")])], Reset("PROTOCOL_ERROR"), "9113 §8.2.2"),
    ("cookie crumbs", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("cookie", b"a=b"), ("cookie", b"c=d")])], App("GET /"), "9113 §8.2.3"),
    ("a field of 17 KiB", &[Raw(HEADERS, END, 1, b"\x82\x86\x84\x01\x01a\x00\x01x\x7f\x81\x87\x01"), Long(CONTINUATION, 0, 1, b"y", 16_384), Long(CONTINUATION, WHOLE, 1, b"y", 1_024)], Hyper(431), "9113 §10.5.1"),
    ("forwarding fields, removed", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("x-forwarded-host", b"b"), ("forwarded", b"host=b")])], App("GET /"), "9110 §7.6.3"),
];

#[rustfmt::skip] // one request, one line
const BODIES: &[Row] = &[
    ("a body", &[Open(1, POST), Raw(DATA, END, 1, b"ok")], App("POST / ok"), "9113 §8.1"),
    ("a body in two, padded", &[Open(1, POST), Raw(DATA, PADDED, 1, b"\x02o\0\0"), Raw(DATA, END, 1, b"k")], App("POST / ok"), "9113 §6.1"),
    ("padding longer than the frame", &[Open(1, POST), Raw(DATA, PADDED | END, 1, b"\x09ok")], Goaway("PROTOCOL_ERROR"), "9113 §6.1"),
    ("the length that it has", &[Open(1, &[(":method", b"POST"), SCHEME, PATH, HOST, ("content-length", b"2")]), Raw(DATA, END, 1, b"ok")], App("POST / ok"), "9113 §8.1.1"),
    ("a length with zeros before it", &[Open(1, &[(":method", b"POST"), SCHEME, PATH, HOST, ("content-length", b"002")]), Raw(DATA, END, 1, b"ok")], App("POST / ok"), "9110 §8.6"),
    ("longer than its length", &[Open(1, &[(":method", b"POST"), SCHEME, PATH, HOST, ("content-length", b"1")]), Raw(DATA, END, 1, b"ok")], Reset("PROTOCOL_ERROR"), "9113 §8.1.1"),
    ("shorter than its length", &[Open(1, &[(":method", b"POST"), SCHEME, PATH, HOST, ("content-length", b"3")]), Raw(DATA, END, 1, b"ok")], Reset("PROTOCOL_ERROR"), "9113 §8.1.1"),
    ("a length and no body", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("content-length", b"3")])], Reset("PROTOCOL_ERROR"), "9113 §8.1.1"),
    ("a length of nothing", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("content-length", b"0")])], App("GET /"), "9113 §8.1.1"),
    ("two lengths", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("content-length", b"0"), ("content-length", b"0")])], Us(400, "http.content-length"), "9110 §8.6"),
    ("a length with a sign", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("content-length", b"+0")])], Reset("PROTOCOL_ERROR"), "9110 §8.6"),
    ("a list of lengths", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("content-length", b"0, 0")])], Reset("PROTOCOL_ERROR"), "9110 §8.6"),
    ("an empty length", &[Ask(&[METHOD, SCHEME, PATH, HOST, ("content-length", b"")])], Us(400, "http.content-length"), "9110 §8.6"),
    ("more than the limit", &[Open(1, &[(":method", b"POST"), SCHEME, PATH, HOST, ("content-length", b"2097153")])], Us(413, "http.body-too-large"), "9110 §15.5.14"),
    ("trailers", &[Open(1, POST), Raw(DATA, 0, 1, b"ok"), Raw(HEADERS, END | WHOLE, 1, b"\0\x06digest\x01x")], App("POST / ok"), "9113 §8.1"),
    ("trailers that frame, removed", &[Open(1, POST), Raw(DATA, 0, 1, b"ok"), Raw(HEADERS, END | WHOLE, 1, b"\0\x04host\x01b")], App("POST / ok"), "9110 §6.5.1"),
    ("trailers with a pseudo-header field, dropped", &[Open(1, POST), Raw(DATA, 0, 1, b"ok"), Raw(HEADERS, END | WHOLE, 1, b"\0\x05:path\x01/")], App("POST / ok"), "9113 §8.1; h2 drops the field"),
    ("trailers that are not the end", &[Open(1, POST), Raw(HEADERS, WHOLE, 1, b"\0\x06digest\x01x")], Reset("PROTOCOL_ERROR"), "9113 §8.1"),
    ("data after the end", &[Ask(POST), Raw(DATA, END, 1, b"ok")], Goaway("PROTOCOL_ERROR"), "9113 §5.1"),
];

#[rustfmt::skip] // one request, one line
const FRAMES: &[Row] = &[
    ("SETTINGS with an unknown one", &[Raw(SETTINGS, 0, 0, b"\xaa\xaa\0\0\0\x01"), Ask(GET)], App("GET /"), "9113 §6.5.2"),
    ("SETTINGS of half a setting", &[Raw(SETTINGS, 0, 0, b"\0\x04\0"), Ask(GET)], Goaway("PROTOCOL_ERROR"), "9113 §6.5"),
    ("SETTINGS on a stream", &[Raw(SETTINGS, 0, 1, b""), Ask(GET)], Goaway("PROTOCOL_ERROR"), "9113 §6.5"),
    ("SETTINGS with a window that is too large", &[Raw(SETTINGS, 0, 0, b"\0\x04\x80\0\0\0"), Ask(GET)], Goaway("PROTOCOL_ERROR"), "9113 §6.5.2"),
    ("SETTINGS with a frame size that is too small", &[Raw(SETTINGS, 0, 0, b"\0\x05\0\0\0\x01"), Ask(GET)], Goaway("PROTOCOL_ERROR"), "9113 §6.5.2"),
    ("SETTINGS with push 2", &[Raw(SETTINGS, 0, 0, b"\0\x02\0\0\0\x02"), Ask(GET)], Goaway("PROTOCOL_ERROR"), "9113 §6.5.2"),
    ("an acknowledgement with a payload", &[Raw(SETTINGS, END, 0, b"\0\x04\0\0\0\0"), Ask(GET)], Goaway("PROTOCOL_ERROR"), "9113 §6.5"),
    ("PING", &[Raw(PING, 0, 0, b"12345678"), Ask(GET)], App("GET /"), "9113 §6.7"),
    ("PING on a stream", &[Raw(PING, 0, 1, b"12345678"), Ask(GET)], Goaway("PROTOCOL_ERROR"), "9113 §6.7"),
    ("PING of seven bytes", &[Raw(PING, 0, 0, b"1234567"), Ask(GET)], Goaway("PROTOCOL_ERROR"), "9113 §6.7"),
    ("PRIORITY", &[Raw(PRIORITY, 0, 3, b"\0\0\0\0\x10"), Ask(GET)], App("GET /"), "9113 §5.3.2"),
    ("PRIORITY of a stream on itself", &[Raw(PRIORITY, 0, 1, b"\0\0\0\x01\x10"), Ask(GET)], Reset("PROTOCOL_ERROR"), "9113 §5.3.2"),
    ("HEADERS with a priority, padded", &[Raw(HEADERS, END | WHOLE | PADDED | PRIORITISED, 1, b"\x02\0\0\0\0\x10\x82\x86\x84\x01\x01a\0\0")], App("GET /"), "9113 §6.2"),
    ("HEADERS with more padding than there is", &[Raw(HEADERS, END | WHOLE | PADDED, 1, b"\xff\x82\x86\x84")], Goaway("PROTOCOL_ERROR"), "9113 §6.2"),
    ("HEADERS in two frames", &[Raw(HEADERS, END, 1, b"\x82\x86"), Raw(CONTINUATION, WHOLE, 1, b"\x84\x01\x01a")], App("GET /"), "9113 §6.10"),
    ("HEADERS in two frames, another between", &[Raw(HEADERS, END, 1, b"\x82\x86"), Raw(PING, 0, 0, b"12345678")], Goaway("PROTOCOL_ERROR"), "9113 §6.10"),
    ("CONTINUATION of another stream", &[Raw(HEADERS, END, 1, b"\x82\x86"), Raw(CONTINUATION, WHOLE, 3, b"\x84\x01\x01a")], Goaway("PROTOCOL_ERROR"), "9113 §6.10"),
    ("CONTINUATION of nothing", &[Raw(CONTINUATION, WHOLE, 1, b"\x84")], Goaway("PROTOCOL_ERROR"), "9113 §6.10"),
    ("a stream of the server's", &[Open(2, GET)], Goaway("PROTOCOL_ERROR"), "9113 §5.1.1"),
    ("stream 0", &[Open(0, GET)], Goaway("PROTOCOL_ERROR"), "9113 §6.2"),
    ("streams in the wrong order", &[Open(3, GET), Open(1, GET)], Goaway("PROTOCOL_ERROR"), "9113 §5.1.1"),
    ("DATA on a stream that never was", &[Raw(DATA, END, 1, b"ok")], Goaway("PROTOCOL_ERROR"), "9113 §5.1"),
    ("DATA on stream 0", &[Raw(DATA, END, 0, b"ok")], Goaway("PROTOCOL_ERROR"), "9113 §6.1"),
    ("RST_STREAM on a stream that never was", &[Raw(RST_STREAM, 0, 1, b"\0\0\0\x08")], Goaway("PROTOCOL_ERROR"), "9113 §6.4"),
    ("WINDOW_UPDATE on a stream that never was", &[Raw(WINDOW_UPDATE, 0, 1, b"\0\0\0\x01")], Goaway("PROTOCOL_ERROR"), "9113 §5.1"),
    ("WINDOW_UPDATE by nothing", &[Raw(WINDOW_UPDATE, 0, 0, b"\0\0\0\0")], Goaway("PROTOCOL_ERROR"), "9113 §6.9"),
    ("WINDOW_UPDATE beyond the largest window", &[Raw(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff")], Goaway("FLOW_CONTROL_ERROR"), "9113 §6.9.1"),
    ("a stream's window beyond the largest", &[Open(1, POST), Raw(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff")], Reset("FLOW_CONTROL_ERROR"), "9113 §6.9.1"),
    ("a promise of a client's", &[Raw(PUSH_PROMISE, WHOLE, 1, b"\0\0\0\x02")], Goaway("PROTOCOL_ERROR"), "9113 §8.4"),
    ("an unknown kind", &[Raw(0xbb, 0xff, 1, b"x"), Ask(GET)], App("GET /"), "9113 §5.5"),
    ("a frame of 16,385 bytes", &[Long(0xbb, 0, 0, b"x", 16_385)], Goaway("FRAME_SIZE_ERROR"), "9113 §4.2"),
    ("a head that cannot be decoded", &[Raw(HEADERS, END | WHOLE, 1, b"\xff\xff\xff\xff\xff\xff")], Goaway("PROTOCOL_ERROR"), "9113 §4.3"),
    ("a head with index 0", &[Raw(HEADERS, END | WHOLE, 1, b"\x80")], Goaway("PROTOCOL_ERROR"), "7541 §6.1"),
    ("a table larger than was offered", &[Raw(HEADERS, END | WHOLE, 1, b"\x3f\xe1\x3f\x82\x86\x84\x01\x01a")], Goaway("PROTOCOL_ERROR"), "7541 §6.3"),
    ("a client that said goodbye", &[Raw(GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\0"), Ask(GET)], Last("GET /"), "9113 §6.8"),
];
