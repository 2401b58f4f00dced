//! Every variable of RFC 3875 §4.1, and every trap of names, paths and bytes.

use std::net::IpAddr;

use enfilade_core::{AuthMethod, Canonical, Principal, RequestContext, UnixPeer, gateway::decode};
use http::{HeaderName, HeaderValue, Request, uri::Scheme};
use proptest::{collection::vec, prelude::*};

use super::*;

fn site() -> Site {
    Site::new("/srv/cgi/report.cgi", "/report.cgi")
}

fn head(request: request::Builder) -> request::Parts {
    request.body(()).expect("a request").into_parts().0
}

fn at_the_door(target: &str, client: ClientAddr) -> request::Parts {
    let mut head = head(Request::get(target));
    let host = Host::parse(&HeaderValue::from_static("Shop.Example:8443"));
    let path = decode(head.uri.path()).expect("a path");
    let canonical = Canonical::new(Scheme::HTTPS, host, Some(client)).with_path(&path);
    RequestContext::begin(&mut head.extensions, canonical);
    head
}

fn refused(head: &request::Parts) -> &'static str {
    site().variables(head, None).expect_err("a refusal").code()
}

#[track_caller]
fn assert_is(variables: &Variables, expected: &[(&str, Option<&str>)]) {
    for (name, value) in expected {
        assert_eq!(variables.get(name), value.map(OsStr::new), "{name}");
    }
}

#[test]
fn every_meta_variable_is_there_with_the_doors_word() {
    let mut site = site();
    site.document_root = Some("/srv/www/".into());
    let client = ClientAddr::Tcp(([192, 0, 2, 7], 4711).into());
    let mut head = at_the_door("/report.cgi/caf%C3%A9/may?x=%31&y", client);
    head.headers.insert("content-type", HeaderValue::from_static("text/plain"));
    head.headers.insert("host", HeaderValue::from_static("another.example"));
    Principal::new("ada").with_method(AuthMethod::Basic).put(&mut head.extensions);
    let variables = site.variables(&head, Some(7)).expect("an environment");
    assert_is(
        &variables,
        &[
            ("AUTH_TYPE", Some("Basic")),
            ("CONTENT_LENGTH", Some("7")),
            ("CONTENT_TYPE", Some("text/plain")),
            ("DOCUMENT_ROOT", Some("/srv/www/")),
            ("GATEWAY_INTERFACE", Some("CGI/1.1")),
            ("HTTPS", Some("on")),
            ("HTTP_HOST", Some("shop.example:8443")),
            ("PATH", Some("/usr/local/bin:/usr/bin:/bin")),
            ("PATH_INFO", Some("/café/may")),
            ("PATH_TRANSLATED", Some("/srv/www/café/may")),
            ("QUERY_STRING", Some("x=%31&y")),
            ("REMOTE_ADDR", Some("192.0.2.7")),
            ("REMOTE_HOST", Some("192.0.2.7")),
            ("REMOTE_IDENT", None),
            ("REMOTE_PORT", Some("4711")),
            ("REMOTE_USER", Some("ada")),
            ("REQUEST_METHOD", Some("GET")),
            ("REQUEST_SCHEME", Some("https")),
            ("REQUEST_URI", Some("/report.cgi/caf%C3%A9/may?x=%31&y")),
            ("SCRIPT_FILENAME", Some("/srv/cgi/report.cgi")),
            ("SCRIPT_NAME", Some("/report.cgi")),
            ("SERVER_NAME", Some("shop.example")),
            ("SERVER_PORT", Some("8443")),
            ("SERVER_PROTOCOL", Some("HTTP/1.1")),
            ("HTTP_CONTENT_TYPE", None),
        ],
    );
    let software = variables.get("SERVER_SOFTWARE").expect("set").to_str().expect("text");
    assert!(software.starts_with("enfilade/"), "{software}");
    for (at, (name, _)) in variables.iter().enumerate() {
        assert!(variables.iter().skip(at + 1).all(|(other, _)| other != name), "{name:?} twice");
    }
}

#[test]
fn without_a_door_target_and_host_are_read_here_and_nobody_is_made_up() {
    let head = head(Request::get("/report.cgi").header("host", "Shop.Example"));
    assert_is(
        &site().variables(&head, None).expect("an environment"),
        &[
            ("SERVER_NAME", Some("shop.example")),
            ("SERVER_PORT", Some("80")),
            ("PATH_INFO", Some("")),
            ("QUERY_STRING", Some("")),
            ("REMOTE_ADDR", None),
            ("REMOTE_USER", None),
            ("AUTH_TYPE", None),
            ("HTTPS", None),
            ("CONTENT_LENGTH", None),
            ("CONTENT_TYPE", None),
            ("PATH_TRANSLATED", None),
        ],
    );
}

#[test]
fn http2_names_its_host_in_the_target() {
    let head = head(Request::get("https://[2001:db8::1]:8443/report.cgi").version(Version::HTTP_2));
    assert_is(
        &site().variables(&head, None).expect("an environment"),
        &[
            ("SERVER_NAME", Some("[2001:db8::1]")),
            ("SERVER_PORT", Some("8443")),
            ("SERVER_PROTOCOL", Some("HTTP/2.0")),
            ("HTTP_HOST", Some("[2001:db8::1]:8443")),
            ("REQUEST_URI", Some("/report.cgi")),
            ("HTTPS", Some("on")),
        ],
    );
}

#[test]
fn clients_without_an_address_have_none() {
    let forwarded = ClientAddr::Forwarded("2001:db8::7".parse::<IpAddr>().expect("an address"));
    for (client, address, port) in [
        (forwarded, Some("2001:db8::7"), None),
        (ClientAddr::Hidden, None, None),
        (ClientAddr::Unix(UnixPeer::new(0, 0)), Some("unix:"), None),
    ] {
        let head = at_the_door("/report.cgi", client);
        let variables = site().variables(&head, None).expect("an environment");
        assert_is(&variables, &[("REMOTE_ADDR", address), ("REMOTE_PORT", port)]);
    }
}

#[test]
fn a_path_is_split_by_bytes_and_only_at_a_slash() {
    for (path, info) in [
        ("/report.cgi", Some("")),
        ("/report.cgi/", Some("/")),
        ("/report.cgi//a", Some("//a")),
        ("/report.cgi/%41%20b", Some("/A b")),
        ("/%72eport.cgi/a", Some("/a")),
        ("/report.cgix", None),
        ("/report.cg", None),
        ("/Report.cgi", None),
        ("/other", None),
    ] {
        let found = site().variables(&head(Request::get(path)), None);
        match info {
            Some(info) => assert_is(&found.expect(path), &[("PATH_INFO", Some(info))]),
            None => assert_eq!(found.expect_err(path).code(), "cgi.not-here"),
        }
    }
    let variables = site().variables(&head(Request::get("/report.cgi/%ff")), None).expect("an environment");
    assert_eq!(variables.get("PATH_INFO").map(OsStr::as_bytes), Some(&b"/\xff"[..]));
}

#[test]
fn unclear_paths_and_hosts_are_refused_where_no_door_did() {
    for path in
        ["/report.cgi/%2e%2e/x", "/report.cgi/../x", "/report.cgi/a%2fb", "/report.cgi/%00", "/report.cgi/%"]
    {
        assert_eq!(refused(&head(Request::get(path))), "cgi.path-unclear", "{path}");
    }
    for host in ["", "a b", "a@b", "a:b", "a,b"] {
        assert_eq!(
            refused(&head(Request::get("/report.cgi").header("host", host))),
            "cgi.host-unclear",
            "{host}"
        );
    }
    let twice = Request::get("/report.cgi").header("host", "a").header("host", "a");
    assert_eq!(refused(&head(twice)), "cgi.host-unclear");
}

#[test]
fn a_file_name_is_not_made_of_dot_segments_that_a_door_lets_in() {
    let mut site = site();
    site.document_root = Some("/srv/www".into());
    let mut head = head(Request::get("/report.cgi/x"));
    let canonical = Canonical::new(Scheme::HTTP, None, None).with_path(b"/report.cgi/../../etc/passwd");
    RequestContext::begin(&mut head.extensions, canonical);
    let variables = site.variables(&head, None).expect("an environment");
    assert_is(&variables, &[("PATH_INFO", Some("/../../etc/passwd")), ("PATH_TRANSLATED", None)]);
}

#[test]
fn fields_that_a_script_must_not_see_are_no_variables() {
    let hidden = [
        "proxy",
        "proxy-authorization",
        "authorization",
        "connection",
        "transfer-encoding",
        "te",
        "upgrade",
        "keep-alive",
        "trailer",
        "proxy-connection",
        "remote_user",
        "x_forwarded_for",
        "x.real.ip",
        "http_proxy",
        "proxy_",
        "bash_func_x%%",
        "content_length",
    ];
    let mut request = Request::get("/report.cgi");
    for name in hidden {
        request = request.header(name, "forged");
    }
    let variables = site().variables(&head(request), None).expect("an environment");
    for (name, value) in variables.iter() {
        assert_ne!(value, "forged", "{name:?}");
    }
}

#[test]
fn names_that_would_be_one_variable_are_refused() {
    for (name, twin) in [
        ("x_user", "x-user"),
        ("x.user", "x-user"),
        ("content_type", "content-type"),
        ("x-a_b", "x-a-b"),
        ("pro_xy", "pro-xy"),
        ("remote_user", "remote-user"),
    ] {
        let request = Request::get("/report.cgi").header(name, "1").header(twin, "2");
        assert_eq!(refused(&head(request)), "cgi.header-collision", "{name}");
    }
    let twice = Request::get("/report.cgi").header("content-type", "a/b").header("content-type", "c/d");
    assert_eq!(refused(&head(twice)), "cgi.header-repeated");
}

#[test]
fn a_forged_user_stays_in_header_space() {
    let request = Request::get("/report.cgi").header("remote-user", "root").header("auth-type", "Basic");
    let variables = site().variables(&head(request), None).expect("an environment");
    assert_is(&variables, &[("REMOTE_USER", None), ("AUTH_TYPE", None), ("HTTP_REMOTE_USER", Some("root"))]);
}

#[test]
fn repeated_fields_are_joined_by_their_own_separators_and_bytes_are_kept() {
    let request = Request::get("/report.cgi")
        .header("accept", "a/b")
        .header("accept", "c/d")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("x-raw", HeaderValue::from_bytes(b"caf\xe9").expect("a value"));
    let variables = site().variables(&head(request), None).expect("an environment");
    assert_is(&variables, &[("HTTP_ACCEPT", Some("a/b, c/d")), ("HTTP_COOKIE", Some("a=1; b=2"))]);
    assert_eq!(variables.get("HTTP_X_RAW").map(OsStr::as_bytes), Some(&b"caf\xe9"[..]));
}

#[test]
fn authorization_reaches_the_script_only_when_asked_for() {
    let mut site = site();
    site.authorization = true;
    let request =
        Request::get("/report.cgi").header("authorization", "Basic x").header("proxy-authorization", "y");
    let variables = site.variables(&head(request), None).expect("an environment");
    assert_is(&variables, &[("HTTP_AUTHORIZATION", Some("Basic x")), ("HTTP_PROXY_AUTHORIZATION", None)]);
}

#[test]
fn a_subject_that_no_variable_can_hold_is_refused() {
    for subject in ["", "ada\0root"] {
        let mut head = head(Request::get("/report.cgi"));
        Principal::new(subject).put(&mut head.extensions);
        assert_eq!(refused(&head), "cgi.user-unfit");
    }
    let mut head = head(Request::get("/report.cgi"));
    Principal::anonymous().put(&mut head.extensions);
    let variables = site().variables(&head, None).expect("an environment");
    assert_is(&variables, &[("REMOTE_USER", None), ("AUTH_TYPE", None)]);
}

proptest! {
    #[test]
    fn whatever_is_asked_no_variable_is_doubled_or_cut(
        path in "/report\\.cgi(/[ -~]{0,20})?",
        fields in vec(("[!#$%&'*+.^_`|~0-9a-z-]{1,16}", vec(0x20u8..=0xff, 0..12)), 0..12),
    ) {
        let uri = path.replace([' ', '"', '<', '>', '\\', '^', '`', '{', '|', '}', '#'], "");
        let Ok(request) = Request::get(uri).body(()) else { return Ok(()) };
        let (mut head, ()) = request.into_parts();
        for (name, value) in fields {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(&value)) {
                head.headers.append(name, value);
            }
        }
        let Ok(variables) = site().variables(&head, None) else { return Ok(()) };
        let mut names: Vec<_> = variables.iter().map(|(name, _)| name.to_owned()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        prop_assert_eq!(names.len(), count);
        prop_assert!(variables.get("HTTP_PROXY").is_none());
        for (name, value) in variables.iter() {
            let plain = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
            prop_assert!(name.as_bytes().iter().all(plain), "{:?}", name);
            prop_assert!(!value.as_bytes().contains(&0));
        }
    }
}
