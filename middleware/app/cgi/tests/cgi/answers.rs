//! What a script may answer, and what becomes of what it may not.

use std::fs;

use enfilade_test::{assert_body, assert_header, assert_passed, assert_refused};

use crate::kit::{Dir, drive, gone};

#[tokio::test]
async fn a_document_has_the_scripts_type_status_and_fields() {
    let dir = Dir::new();
    let mut app = drive(
        &dir,
        r"printf 'Status: 404 Gone fishing\r\nContent-Type: text/plain\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nno'",
    );
    let reply = app.get("/").send_async().await;
    assert_eq!(reply.status(), 404);
    assert_header!(reply, "content-type" = "text/plain");
    assert_eq!(reply.header_all("set-cookie"), ["a=1", "b=2"]);
    assert_body!(reply, "no");
}

#[tokio::test]
async fn without_a_status_it_is_200() {
    let dir = Dir::new();
    let reply = drive(&dir, r"printf 'Content-Type: text/plain\n\nyes'").get("/").send_async().await;
    assert_passed!(reply);
    assert_body!(reply, "yes");
}

#[tokio::test]
async fn it_runs_in_its_own_directory_with_an_environment_of_the_request_only_and_no_arguments() {
    let dir = Dir::new();
    let lines = r#"printf 'Content-Type: text/plain\n\n'; pwd; echo "$#"; env | sort"#;
    let reply = drive(&dir, lines).get("/a?one+two").header("accept", "x").send_async().await;
    let mut said = reply.text().lines();
    let pwd = dir.path("");
    assert_eq!(said.next(), Some(pwd.to_str().expect("text").trim_end_matches('/')));
    assert_eq!(said.next(), Some("0"));
    let names: Vec<_> = said.filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    let expected = [
        "GATEWAY_INTERFACE",
        "HTTP_ACCEPT",
        "HTTP_HOST",
        "PATH",
        "PATH_INFO",
        "PWD",
        "QUERY_STRING",
        "REQUEST_METHOD",
        "REQUEST_SCHEME",
        "REQUEST_URI",
        "SCRIPT_FILENAME",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PORT",
        "SERVER_PROTOCOL",
        "SERVER_SOFTWARE",
    ];
    // A shell adds names of its own; ours are all there, and nothing is inherited.
    let own = ["OLDPWD", "PWD", "SHLVL", "_"];
    let ours: Vec<_> = names.iter().filter(|name| !own.contains(name)).collect();
    let expected: Vec<_> = expected.iter().filter(|name| !own.contains(name)).collect();
    assert_eq!(ours, expected);
}

#[tokio::test]
async fn what_is_no_answer_is_a_bad_gateway_with_its_reason() {
    let dir = Dir::new();
    for (lines, code) in [
        (":", "cgi.no-answer"),
        ("exit 3", "cgi.no-answer"),
        ("printf 'Content-Type: text/plain'", "cgi.head-incomplete"),
        (r"printf 'Content-Type: text/plain\nX: 1\n'", "cgi.head-incomplete"),
        ("echo; echo body", "cgi.head-empty"),
        (r"printf 'hello\n\n'", "cgi.head-bad"),
        (r"printf 'X: 1\n\nbody'", "cgi.content-type-missing"),
        (r"printf 'Status: 404\n\nbody'", "cgi.content-type-missing"),
        (r"printf 'Status: abc\n\n'", "cgi.status-bad"),
        (r"printf 'Content-Length: x\n\n'", "cgi.length-bad"),
        (r"printf 'Location: //other\n\n'", "cgi.location-bad"),
        (r"printf 'Content-Type: a/b\ncontent-type: c/d\n\n'", "cgi.field-repeated"),
        (r"printf 'HTTP/1.1 200 OK\nContent-Type: a/b\n\n'", "cgi.head-bad"),
        ("kill -9 $$", "cgi.killed"),
        (r"printf 'Content-Type: text'; kill -9 $$", "cgi.killed"),
    ] {
        let reply = drive(&dir, lines).get("/").send_async().await;
        assert_refused!(reply, 502, code);
        assert_body!(reply, "");
    }
}

#[tokio::test]
async fn a_head_is_not_longer_than_allowed() {
    let dir = Dir::new();
    for lines in [
        r"printf 'Content-Type: text/plain\nX: 0123456789012345678901234567890123456789\n\n'",
        "while :; do printf 'X: 0123456789'; done",
    ] {
        let mut app = enfilade_test::Drive::service(dir.cgi(lines).with_max_head(40));
        assert_refused!(app.get("/").send_async().await, 502, "cgi.head-too-large");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_needs_no_type() {
    let dir = Dir::new();
    for (lines, status) in [
        (r"printf 'Status: 404\n\n'", 404),
        (r"printf 'X: 1\n\n'", 200),
        (r"printf 'Status: 204\nContent-Length: 4\n\nbody'", 204),
        (r"printf 'Status: 304\n\nbody'", 304),
        (r"printf 'Content-Length: 0\nX: 1\n\nbody'", 200),
    ] {
        let reply = drive(&dir, lines).get("/").send_async().await;
        assert_eq!(reply.status(), status, "{lines}");
        assert_body!(reply, "");
    }
}

#[tokio::test]
async fn a_client_redirect_is_a_302_unless_the_script_says_otherwise() {
    let dir = Dir::new();
    for (lines, status, location, body) in [
        (r"printf 'Location: https://a.example/x?y\n\n'", 302, "https://a.example/x?y", ""),
        (r"printf 'Location: /x\nSet-Cookie: a=1\n\n'", 302, "/x", ""),
        (r"printf 'Status: 303 See\nLocation: /x\nContent-Type: a/b\n\nthere'", 303, "/x", "there"),
    ] {
        let reply = drive(&dir, lines).get("/").send_async().await;
        assert_eq!(reply.status(), status);
        assert_eq!(reply.header("location"), Some(location));
        assert_body!(reply, body);
    }
}

#[tokio::test]
async fn the_answer_to_a_head_has_no_body_and_the_script_ends_in_peace() {
    let dir = Dir::new();
    let lines = "echo $$ > pid; echo \"$REQUEST_METHOD\" > method\n\
                 printf 'Content-Type: text/plain\\nContent-Length: 300000\\n\\n'\n\
                 head -c 300000 /dev/zero && echo whole > end";
    let reply = drive(&dir, lines).head("/").send_async().await;
    assert_passed!(reply);
    assert_header!(reply, "content-length" = "300000");
    assert_body!(reply, "");
    assert_eq!(dir.told("method").await, "HEAD");
    assert_eq!(dir.told("end").await, "whole");
    gone(&dir.told("pid").await).await;
}

#[tokio::test]
async fn a_body_is_as_long_as_the_script_says() {
    let dir = Dir::new();
    let said = |length, body| format!("printf 'Content-Type: a/b\\nContent-Length: {length}\\n\\n{body}'");
    let reply = drive(&dir, &said(4, "four")).get("/").send_async().await;
    assert_body!(reply, "four");
    assert_header!(reply, "content-length" = "4");

    let reply = drive(&dir, &said(4, "fives")).get("/").send_async().await;
    assert_body!(reply, "five");
    assert_eq!(reply.body_error(), None);

    let reply = drive(&dir, &said(4, "tea")).get("/").send_async().await;
    assert!(reply.body_error().expect("it breaks off").contains("1 bytes shorter"), "{reply:?}");
}

#[tokio::test]
async fn a_non_parsed_head_script_writes_its_own_status_line() {
    let dir = Dir::new();
    let nph = |lines: &str| {
        let script = dir.script("nph-test.cgi", lines);
        enfilade_test::Drive::service(enfilade_cgi::CgiService::new(script).expect("a script"))
    };
    let reply = nph(r"printf 'HTTP/1.1 201 Made\r\nConnection: close\r\nX: 1\r\n\r\nbody'")
        .get("/")
        .send_async()
        .await;
    assert_eq!(reply.status(), 201);
    assert_header!(reply, "connection" absent);
    assert_header!(reply, "x" = "1");
    assert_body!(reply, "body");
    let reply = nph(r"printf 'Content-Type: a/b\n\nbody'").get("/").send_async().await;
    assert_refused!(reply, 502, "cgi.head-bad");
    let reply =
        nph(r"printf 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n\n'").get("/").send_async().await;
    assert_refused!(reply, 502, "cgi.body-encoded");
}

#[tokio::test]
async fn a_script_that_cannot_be_executed_says_so_in_the_log_only() {
    let dir = Dir::new();
    let path = dir.path("text.cgi");
    fs::write(&path, "no interpreter is named here").expect("a file");
    std::process::Command::new("chmod").arg("755").arg(&path).status().expect("chmod");
    let mut app =
        enfilade_test::Drive::service(enfilade_cgi::CgiService::new(&path).expect("a file to execute"));
    let reply = app.get("/").send_async().await;
    assert_refused!(reply, 500, "cgi.not-started");
    assert!(reply.rejection().expect("refused").log().expect("a hint").contains("#!"));
    fs::remove_file(&path).expect("ours");
    assert_refused!(app.get("/").send_async().await, 500, "cgi.not-started");
}
