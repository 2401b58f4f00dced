//! What a script says before its body is one head, which says the same when it is said again, or none.
//!
//! ```text
//! parsed or not · bytes ── head::parse ──▶ a fault, a path of ours, or a final status and clean fields ── again ──▶ the same
//! ```
#![no_main]

use enfilade_cgi::head::{Answer, Kind, ScriptHead, parse};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((way, head)) = data.split_first() else { return };
    let kind = if way & 1 == 0 { Kind::Parsed } else { Kind::NonParsed };
    match parse(head, kind) {
        Ok(Answer::Response(found)) => {
            check(&found, kind);
            match parse(&written(&found), Kind::Parsed) {
                Ok(Answer::Response(again)) => same(&found, &again),
                other => panic!("{found:?} became {other:?}"),
            }
            if !head.contains(&b'\r') {
                let ends: Vec<_> = head.split(|b| *b == b'\n').collect();
                match parse(&ends.join(&b"\r\n"[..]), kind) {
                    Ok(Answer::Response(again)) => same(&found, &again),
                    other => panic!("{found:?} with other line ends became {other:?}"),
                }
            }
        }
        Ok(Answer::Local(to)) => {
            assert_eq!(kind, Kind::Parsed, "a script that speaks HTTP answers itself");
            let to = to.as_str();
            assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains('#'), "{to}");
            assert!(to.bytes().all(|b| b.is_ascii_graphic()), "{to}");
        }
        Err(fault) => assert!(fault.code().starts_with("cgi."), "{fault:?}"),
    }
});

fn check(head: &ScriptHead, kind: Kind) {
    assert!((200..=999).contains(&head.status.as_u16()), "{}", head.status);
    for name in head.headers.keys() {
        let connection =
            ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];
        assert!(!connection.contains(&name.as_str()), "{name} is the server's to say");
        assert!(!name.as_str().starts_with("x-cgi-"), "{name} is not for clients");
        assert!(name != "status" || kind == Kind::NonParsed, "the status is no field");
        let values: Vec<_> = head.headers.get_all(name).iter().collect();
        let once = ["content-type", "content-length", "location"].contains(&name.as_str());
        assert!(!once || values.len() == 1, "{name} twice");
        for value in values {
            assert!(!value.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n' | 0)), "{value:?}");
        }
    }
    let said = head.headers.get("content-length").map(|value| value.to_str().expect("digits").parse::<u64>());
    assert_eq!(head.length, said.map(|length| length.expect("a number")));
    if let Some(location) = head.headers.get("location") {
        assert!(!location.is_empty() && location.as_bytes().iter().all(u8::is_ascii_graphic), "{location:?}");
    }
}

/// The head as a script would say it.
fn written(head: &ScriptHead) -> Vec<u8> {
    let mut text = format!("Status: {}\n", head.status.as_u16()).into_bytes();
    for (name, value) in &head.headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text.push(b'\n');
    text
}

fn same(one: &ScriptHead, other: &ScriptHead) {
    assert_eq!((one.status, &one.headers, one.length), (other.status, &other.headers, other.length));
}
