//! What an app is told about a request, and which requests cannot be told.

use std::net::SocketAddr;

use enfilade_core::{AuthMethod, Canonical, ClientAddr, Host, Principal, RequestContext};
use enfilade_test::{Drive, assert_body, assert_refused};
use http::{HeaderValue, Method, Version, header::HOST, request, uri::Scheme};

use crate::kit::{app, both, foreign, inline};

/// Answers with the environ's texts, a line each.
const SHOW: &str = "
def app(environ, start):
    assert type(environ) is dict
    text(start)
    for key, value in sorted(environ.items()):
        if type(value) is str:
            yield f'{key}={value!a}\\n'.encode()
";

const TYPES: &str = "
def app(environ, start):
    text(start)
    return [' '.join(f'{key[5:]}={environ[key]}' for key in sorted(environ)
        if key.startswith('wsgi.') and type(environ[key]) in (bool, tuple, str)).encode()]
";

#[test]
fn everything_that_a_request_says_is_there() {
    let reply = both(SHOW, async |app| {
        app.post("/a%20b/caf%C3%A9?x=1&y=%41")
            .header("host", "Shop.Example:8080")
            .header("content-type", "text/plain")
            .header("content-length", "3")
            .header("x-thing", "one")
            .body("tea")
            .send_async()
            .await
    });
    assert_body!(
        reply,
        "CONTENT_LENGTH='3'\nCONTENT_TYPE='text/plain'\nHTTP_HOST='shop.example:8080'\nHTTP_X_THING='one'\n\
         PATH_INFO='/a b/caf\\xc3\\xa9'\nQUERY_STRING='x=1&y=%41'\nRAW_URI='/a%20b/caf%C3%A9?x=1&y=%41'\n\
         REQUEST_METHOD='POST'\nREQUEST_URI='/a%20b/caf%C3%A9?x=1&y=%41'\nSCRIPT_NAME=''\n\
         SERVER_NAME='shop.example'\nSERVER_PORT='8080'\nSERVER_PROTOCOL='HTTP/1.1'\n\
         SERVER_SOFTWARE='enfilade/0.1.0'\nwsgi.url_scheme='http'\n"
    );
}

#[test]
fn what_one_request_says_is_not_told_to_the_next() {
    inline(async {
        let mut app = Drive::service(app(SHOW));
        let first = app.post("/a?x").header("x-one", "1").body("tea").send_async().await;
        let second = app.get("/b").header("x-two", "2").send_async().await;
        let third = app.get("/a").header("x-one", "11").header("x-two", "2").send_async().await;
        assert!(first.text().contains("HTTP_X_ONE='1'"));
        assert!(!second.text().contains("X_ONE") && !second.text().contains("CONTENT_LENGTH"));
        assert!(second.text().contains("QUERY_STRING=''"));
        assert!(third.text().contains("HTTP_X_ONE='11'") && third.text().contains("HTTP_X_TWO='2'"));
    });
}

#[test]
fn the_servers_own_words_are_true() {
    let expected = |multithread| {
        format!(
            "input_terminated=True multiprocess=False multithread={multithread} run_once=False \
             url_scheme=http version=(1, 0)"
        )
    };
    assert_body!(both(TYPES, async |app| app.get("/").send_async().await), expected("False"));
    let many = foreign(async { Drive::service(app(TYPES).with_threads(2)).get("/").send_async().await });
    assert_body!(many, expected("True"));
}

#[test]
fn the_path_is_split_at_the_apps_own_name_and_others_are_not_here() {
    inline(async {
        let app = app("
def app(environ, start):
    text(start)
    return [(environ['SCRIPT_NAME'] + '|' + environ['PATH_INFO']).encode('latin-1')]
");
        let mut app = Drive::service(app.with_script_name("/café").expect("a path"));
        assert_body!(app.get("/caf%C3%A9/x").send_async().await, "/café|/x");
        assert_body!(app.get("/caf%C3%A9").send_async().await, "/café|");
        assert_refused!(app.get("/caf%C3%A9s").send_async().await, 404, "wsgi.not-here");
        assert_refused!(app.get("/").send_async().await, 404, "wsgi.not-here");
    });
}

#[test]
fn an_asterisk_has_no_path() {
    let reply = both(SHOW, async |app| app.request(Method::OPTIONS, "*").send_async().await);
    assert!(
        reply.text().contains("PATH_INFO=''") && reply.text().contains("REQUEST_URI='*'"),
        "{}",
        reply.text()
    );
}

#[test]
fn a_path_that_can_be_read_in_two_ways_is_refused() {
    for path in ["/a%2fb", "/a%00", "/%zz", "/a/%2e%2e/b"] {
        let reply = both(SHOW, async |app| app.get(path).send_async().await);
        assert_refused!(reply, 400, "wsgi.path-unclear");
    }
}

#[test]
fn a_host_is_named_once() {
    let reply = both(SHOW, async |app| {
        let twice = |head: &mut request::Parts| {
            head.headers.append(HOST, HeaderValue::from_static("b"));
        };
        app.get("/").edit(twice).send_async().await
    });
    assert_refused!(reply, 400, "wsgi.host-unclear");
    let nameless =
        both(SHOW, async |app| app.get("/").without("host").version(Version::HTTP_10).send_async().await);
    assert!(nameless.text().contains("SERVER_NAME='localhost'"), "{}", nameless.text());
    assert!(nameless.text().contains("SERVER_PROTOCOL='HTTP/1.0'") && !nameless.text().contains("HTTP_HOST"));
}

#[test]
fn repeated_fields_are_joined_and_cookies_by_their_own_sign() {
    let reply = both(SHOW, async |app| {
        app.get("/")
            .headers([("accept", "a"), ("x", "1"), ("accept", "b"), ("cookie", "c=1"), ("cookie", "d=2")])
            .send_async()
            .await
    });
    let text = reply.text();
    assert!(text.contains("HTTP_ACCEPT='a, b'") && text.contains("HTTP_COOKIE='c=1; d=2'"), "{text}");
    let twice = both(SHOW, async |app| {
        app.get("/").header("content-type", "a/b").header("content-type", "c/d").send_async().await
    });
    assert_refused!(twice, 400, "wsgi.header-repeated");
}

#[test]
fn fields_that_would_be_one_variable_are_refused_and_a_name_with_other_signs_is_not_told() {
    for twin in ["remote_user", "x_y", "x.y"] {
        let plain = twin.replace(['_', '.'], "-");
        let both_there =
            both(SHOW, async |app| app.get("/").header(&plain, "1").header(twin, "2").send_async().await);
        assert_refused!(both_there, 400, "wsgi.header-collision");
        let alone = both(SHOW, async |app| app.get("/").header(twin, "2").send_async().await);
        assert!(!alone.text().contains("='2'"), "{}", alone.text());
    }
}

#[test]
fn what_belongs_to_the_connection_or_misleads_is_not_told() {
    let reply = both(SHOW, async |app| {
        app.get("/")
            .headers([
                ("proxy", "http://evil.example"),
                ("connection", "keep-alive"),
                ("te", "trailers"),
                ("proxy-authorization", "Basic x"),
                ("upgrade", "x"),
            ])
            .send_async()
            .await
    });
    for name in ["HTTP_PROXY", "HTTP_CONNECTION", "HTTP_TE", "HTTP_UPGRADE"] {
        assert!(!reply.text().contains(name), "{}", reply.text());
    }
}

#[test]
fn the_users_own_credentials_are_told_to_the_app_that_may_check_them() {
    let reply = both(SHOW, async |app| app.get("/").bearer("token").send_async().await);
    assert!(reply.text().contains("HTTP_AUTHORIZATION='Bearer token'"));
}

#[test]
fn the_user_is_who_is_proved_and_no_field_can_say_so() {
    let who = |principal: Principal| {
        both(SHOW, async |app| {
            let principal = principal.clone();
            app.get("/")
                .headers([("remote-user", "eve"), ("x-remote-user", "eve"), ("auth-type", "x")])
                .edit(move |head| principal.put(&mut head.extensions))
                .send_async()
                .await
        })
    };
    let ada = who(Principal::new("ada").with_method(AuthMethod::Basic));
    assert!(
        ada.text().contains("\nREMOTE_USER='ada'\n") && ada.text().contains("AUTH_TYPE='Basic'\n"),
        "{}",
        ada.text()
    );
    assert!(ada.text().contains("HTTP_REMOTE_USER='eve'"));
    let nobody = who(Principal::anonymous());
    assert!(!nobody.text().contains("\nREMOTE_USER=") && !nobody.text().contains("\nAUTH_TYPE="));
    for unfit in ["", "a\0b"] {
        assert_refused!(who(Principal::new(unfit)), 500, "wsgi.user-unfit");
    }
    let umlaut = who(Principal::new("jürgen"));
    assert!(umlaut.text().contains("REMOTE_USER='j\\xc3\\xbcrgen'"), "bytes as Latin-1: {}", umlaut.text());
}

#[test]
fn the_doors_word_on_target_and_client_is_what_counts() {
    let peer: SocketAddr = "[::ffff:192.0.2.7]:4242".parse().expect("an address");
    let host = Host::parse(&HeaderValue::from_static("shop.example")).expect("a host");
    let reply = both(SHOW, async |app| {
        let canonical = Canonical::new(Scheme::HTTPS, Some(host.clone()), Some(ClientAddr::Tcp(peer)));
        app.get("/seen")
            .edit(move |head| RequestContext::begin(&mut head.extensions, canonical.with_path(b"/judged")))
            .send_async()
            .await
    });
    for line in [
        "HTTPS='on'",
        "HTTP_HOST='shop.example'",
        "PATH_INFO='/judged'",
        "REMOTE_ADDR='192.0.2.7'",
        "REMOTE_PORT='4242'",
        "SERVER_PORT='443'",
        "wsgi.url_scheme='https'",
    ] {
        assert!(reply.text().contains(line), "{line}: {}", reply.text());
    }
}

#[test]
fn no_spelling_of_a_name_speaks_for_the_user() {
    let names = [
        "remote_user",
        "REMOTE-USER",
        "Remote.User",
        "http_remote_user",
        "http-remote-user",
        "auth_type",
        "auth-type",
        "x_remote_user",
        "remote_addr",
        "remote-addr",
        "script_name",
        "path_info",
        "wsgi.url_scheme",
        "https",
    ];
    for name in names {
        let reply = both(SHOW, async |app| app.get("/").header(name, "forged").send_async().await);
        for line in reply.text().lines().filter(|line| line.contains("forged")) {
            assert!(line.starts_with("HTTP_"), "{name}: {line}");
        }
        for variable in ["REMOTE_USER=", "AUTH_TYPE=", "REMOTE_ADDR=", "HTTPS="] {
            let told = reply.text().lines().any(|line| line.starts_with(variable));
            assert!(!told, "{name}: {}", reply.text());
        }
    }
}
