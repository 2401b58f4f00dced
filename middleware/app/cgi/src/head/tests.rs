//! What is a head and what is none, by table and by chance.

use proptest::{collection::vec, prelude::*};

use super::*;

fn response(head: &str) -> ScriptHead {
    match parse(head.as_bytes(), Kind::Parsed) {
        Ok(Answer::Response(head)) => head,
        other => panic!("{head:?}: {other:?}"),
    }
}

#[test]
fn a_status_is_three_digits_and_perhaps_a_reason() {
    for (status, expected) in [
        ("200", Ok(200)),
        ("404 Not Found", Ok(404)),
        ("299 ", Ok(299)),
        ("418 caf\u{e9}", Ok(418)),
        ("100 Continue", Err(HeadFault::Status)),
        ("101 Switching Protocols", Err(HeadFault::Status)),
        ("20", Err(HeadFault::Status)),
        ("2000", Err(HeadFault::Status)),
        ("200\u{a0}OK", Err(HeadFault::Status)),
        ("OK", Err(HeadFault::Status)),
        ("+20", Err(HeadFault::Status)),
        ("", Err(HeadFault::Status)),
    ] {
        let head = format!("Status: {status}\nContent-Type: text/plain\n\n");
        let found = parse(head.as_bytes(), Kind::Parsed).map(|answer| match answer {
            Answer::Response(head) => head.status.as_u16(),
            Answer::Local(_) => 0,
        });
        assert_eq!(found, expected, "{status:?}");
    }
}

#[test]
fn what_is_no_field_is_a_fault_and_names_its_line() {
    for bad in [
        "no colon",
        "Content-Type : text/plain",
        " Folded: line",
        "\tfolded",
        ": no name",
        "Na me: x",
        "Caf\u{e9}: x",
        "X: a\u{1}b",
        "X: a\rb",
        "X: a\0b",
        "HTTP/1.1 200 OK",
    ] {
        let head = format!("A: 1\n{bad}\n\n");
        assert_eq!(parse(head.as_bytes(), Kind::Parsed).unwrap_err(), HeadFault::Line(2), "{bad:?}");
    }
    assert_eq!(parse(b"\n", Kind::Parsed).unwrap_err(), HeadFault::Empty);
    assert_eq!(parse(b"\r\n", Kind::Parsed).unwrap_err(), HeadFault::Empty);
}

#[test]
fn what_may_be_there_once_is_a_fault_when_it_is_there_twice() {
    for name in ["Status: 200", "Content-Type: text/plain", "Content-Length: 1", "Location: /a"] {
        let head = format!("{name}\nX: 1\n{}\n\n", name.to_uppercase().replace("TEXT/PLAIN", "x/y"));
        let fault = parse(head.as_bytes(), Kind::Parsed).unwrap_err();
        assert_eq!(fault.code(), "cgi.field-repeated", "{name}");
    }
    let head = response("Set-Cookie: a=1\nset-cookie: b=2\nContent-Type: text/plain\n\n");
    assert_eq!(head.headers.get_all("set-cookie").iter().count(), 2);
}

#[test]
fn bytes_of_a_value_are_kept_and_blanks_around_it_are_not() {
    let Ok(Answer::Response(head)) = parse(b"X:\t a\xff b \t\r\nY:\n\n", Kind::Parsed) else {
        panic!("a head")
    };
    assert_eq!(head.headers["x"].as_bytes(), b"a\xff b");
    assert_eq!(head.headers["y"].as_bytes(), b"");
}

#[test]
fn fields_of_the_connection_and_extensions_of_cgi_do_not_leave() {
    let head = response(
        "Connection: close, X-Mine\nX-Mine: 1\nKeep-Alive: 1\nTransfer-Encoding: chunked\nUpgrade: h2c\nTrailer: a\n\
         TE: a\nProxy-Connection: a\nX-CGI-Debug: 1\nContent-Type: text/plain\nX-Other: 1\n\n",
    );
    let left: Vec<_> = head.headers.keys().map(HeaderName::as_str).collect();
    assert_eq!(left, ["content-type", "x-other"]);
}

#[test]
fn a_location_is_a_local_path_a_redirect_or_a_fault() {
    enum Means {
        Local,
        Status(u16),
        Fault,
    }
    for (head, means) in [
        ("Location: /a?b=c", Means::Local),
        ("Location: /a\nContent-Type: text/html", Means::Local),
        ("Location: https://a/", Means::Status(302)),
        ("Location: mailto:a@b", Means::Status(302)),
        ("Location: other", Means::Status(302)),
        ("Location: /a#b", Means::Status(302)),
        ("Location: /a\nSet-Cookie: a=1", Means::Status(302)),
        ("Location: /a\nStatus: 303 See Other", Means::Status(303)),
        ("Location: /a\nStatus: 201", Means::Status(201)),
        ("Location: //evil.example/", Means::Fault),
        ("Location:", Means::Fault),
        ("Location: /a b", Means::Fault),
        ("Location: /caf\u{e9}", Means::Fault),
    ] {
        let found = parse(format!("{head}\n\n").as_bytes(), Kind::Parsed);
        match (means, found) {
            (Means::Local, Ok(Answer::Local(_))) | (Means::Fault, Err(HeadFault::Location)) => {}
            (Means::Status(status), Ok(Answer::Response(found))) => {
                assert_eq!(found.status, status, "{head}");
                assert!(found.headers.contains_key("location"), "{head}");
            }
            (_, found) => panic!("{head}: {found:?}"),
        }
    }
}

#[test]
fn a_non_parsed_head_begins_with_a_status_line_and_does_not_frame_its_body() {
    let parsed = |head: &str| parse(head.as_bytes(), Kind::NonParsed);
    let Ok(Answer::Response(head)) = parsed("HTTP/1.0 404 Not Found\r\nX: 1\r\n\r\n") else {
        panic!("a head")
    };
    assert_eq!((head.status.as_u16(), head.headers.len()), (404, 1));
    let Ok(Answer::Response(head)) = parsed("HTTP/1.1 302 Found\nLocation: /a\n\n") else { panic!("a head") };
    assert_eq!(head.status, 302);
    for (head, fault) in [
        ("HTTP/2 200 OK\n\n", HeadFault::Line(1)),
        ("http/1.1 200 OK\n\n", HeadFault::Line(1)),
        ("HTTP/1.1  200 OK\n\n", HeadFault::Status),
        ("HTTP/1.1 200OK\n\n", HeadFault::Status),
        ("HTTP/1.1 100 Continue\n\n", HeadFault::Status),
        ("Content-Type: text/plain\n\n", HeadFault::Line(1)),
        ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", HeadFault::Encoded),
        ("HTTP/1.1 200 OK\nStatus: 404\n\n", HeadFault::Repeated("status")),
    ] {
        assert_eq!(parsed(head).unwrap_err(), fault, "{head:?}");
    }
}

#[test]
fn a_length_is_digits() {
    for (length, expected) in [
        ("0", Some(0)),
        ("0010", Some(10)),
        ("+1", None),
        ("1,1", None),
        ("", None),
        ("99999999999999999999", None),
    ] {
        let found = parse(format!("Content-Length: {length}\n\n").as_bytes(), Kind::Parsed);
        let found = found.ok().and_then(|answer| match answer {
            Answer::Response(head) => head.length,
            Answer::Local(_) => None,
        });
        assert_eq!(found, expected, "{length:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_break_the_parser(head in vec(any::<u8>(), 0..200), nph: bool) {
        let kind = if nph { Kind::NonParsed } else { Kind::Parsed };
        if let Ok(Answer::Response(head)) = parse(&head, kind) {
            prop_assert!(!head.status.is_informational());
        }
    }

    #[test]
    fn whatever_is_parsed_is_a_head_that_can_be_sent(
        fields in vec(("[A-Za-z-]{1,12}", "[ -~\t]{0,20}"), 1..8),
        crlf: bool,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let head = fields.iter().fold(String::new(), |head, (name, value)| head + name + ": " + value + end);
        if let Ok(Answer::Response(head)) = parse(format!("{head}{end}").as_bytes(), Kind::Parsed) {
            for name in HOP_BY_HOP {
                prop_assert!(!head.headers.contains_key(name));
            }
        }
    }
}
