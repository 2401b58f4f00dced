//! Bodies frame by frame, with trailers; hostile ones break off, or are all empty frames.
//!
//! ```text
//! ["na", "me=ada"] + x-sum: 7        hostile: ["", "", "", …] │ ["{\"a\":", error] │ trailer authorization: Bearer …
//! ```

use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::ProbeBody;

/// No body, a form, a JSON text or any bytes, in a few frames, perhaps with a trailer.
pub fn body() -> impl Strategy<Value = ProbeBody> {
    let text = prop_oneof![
        3 => Just(Vec::new()),
        2 => "([a-z]{1,5}=[a-z0-9+]{0,8}(&[a-z]{1,5}=[a-z0-9+]{0,8}){0,3})?".prop_map(String::into_bytes),
        1 => Just(br#"{"name":"ada","tags":["a",1,null]}"#.to_vec()),
        1 => vec(any::<u8>(), 0..60),
    ];
    (text, 1..20_usize, option::weighted(0.2, "[a-z0-9]{1,10}")).prop_map(|(text, size, trailer)| {
        let body = text.chunks(size).fold(ProbeBody::new(), |body, frame| body.data(frame.to_vec()));
        trailer.into_iter().fold(body, |body, sum| body.trailer("x-sum", &sum))
    })
}

/// Frames of any size, empty ones among them, hostile trailers, an error at the end. None hangs.
pub fn hostile_body() -> impl Strategy<Value = ProbeBody> {
    let text = select(TEXTS.to_vec()).prop_map(|text| text.as_bytes().to_vec());
    let large = (any::<u8>(), 1..40_000_usize).prop_map(|(byte, length)| vec![byte; length]);
    let frame = prop_oneof![
        3 => vec(any::<u8>(), 0..30),
        3 => text,
        2 => Just(Vec::new()),
        1 => large,
    ];
    let trailers = vec(select(TRAILERS.to_vec()), 0..4);
    (vec(frame, 0..8), trailers, any::<bool>()).prop_map(|(frames, trailers, breaks)| {
        let body = frames.into_iter().fold(ProbeBody::new(), ProbeBody::data);
        let body = trailers.into_iter().fold(body, |body, (name, value)| body.trailer(name, value));
        if breaks { body.error("the client is gone") } else { body }
    })
}

const TEXTS: [&str; 12] = [
    "name=ada&password=wrong&next=%2F",
    "name=ada&name=bob",
    "&&&==&",
    "%",
    "name=%zz%00%ff",
    "next=//evil.example",
    "{\"a\":",
    "[[[[[[[[[[[[[[[[[[[[",
    "\u{feff}{}",
    "--boundary\r\n",
    "0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "\0\0\0\0\u{5}hello",
];

const TRAILERS: [(&str, &str); 6] = [
    ("x-sum", "7"),
    ("authorization", "Bearer a.b.c"),
    ("content-length", "7"),
    ("host", "evil.example"),
    ("set-cookie", "a=1"),
    ("transfer-encoding", "chunked"),
];
