//! What an app is told about a request, and which requests cannot be told.

use std::net::SocketAddr;

use enfilade_core::{
    AuthMethod, Canonical, ClientAddr, Host, Principal, RequestContext, TlsSession, UnixPeer,
};
use enfilade_test::{Drive, assert_body, assert_passed, assert_refused};
use http::{HeaderValue, Method, Version, request, uri::Scheme};

use crate::kit::{Module, both, run};

/// Answers with the scope, a line each.
const SHOW: &str = "
async def app(scope, receive, send):
    assert type(scope) is dict
    await respond(send, ''.join(f'{key}={value!r}\\n' for key, value in sorted(scope.items())))
";

/// Answers with one expression over the scope.
fn show(expression: &str) -> String {
    format!("async def app(scope, receive, send):\n    await respond(send, {expression})\n")
}

#[test]
fn everything_that_a_request_says_is_there() {
    let reply = both(SHOW, |mut app| async move {
        app.post("/a%20b/caf%C3%A9?x=1&y=%41")
            .header("host", "Shop.Example:8080")
            .header("X-Thing", "one")
            .header("x-thing", "two")
            .header_bytes("x-bytes", b"caf\xe9")
            .body("tea")
            .send_async()
            .await
    });
    assert_body!(
        reply,
        "asgi={'version': '3.0', 'spec_version': '2.5'}\nclient=None\n\
         extensions={'http.response.pathsend': {}}\n\
         headers=[(b'host', b'Shop.Example:8080'), (b'x-thing', b'one'), (b'x-thing', b'two'), \
         (b'x-bytes', b'caf\\xe9')]\n\
         http_version='1.1'\nmethod='POST'\npath='/a b/café'\nquery_string=b'x=1&y=%41'\n\
         raw_path=b'/a%20b/caf%C3%A9'\nroot_path=''\nscheme='http'\nserver=None\n\
         state={'principal': None}\ntype='http'\n"
    );
}

#[test]
fn what_the_door_has_judged_is_believed() {
    let at_the_door = |head: &mut request::Parts| {
        let host = Host::parse(&HeaderValue::from_static("shop.example")).expect("a host");
        let client: SocketAddr = "192.0.2.7:50000".parse().expect("an address");
        let canonical = Canonical::new(Scheme::HTTPS, Some(host), Some(ClientAddr::Tcp(client)));
        RequestContext::begin(&mut head.extensions, canonical.with_path(b"/judged"));
    };
    let source = show("f\"{scope['scheme']} {scope['client']} {scope['server']} {scope['path']}\"");
    let reply =
        both(&source, move |mut app| async move { app.get("/raw").edit(at_the_door).send_async().await });
    assert_body!(reply, "https ('192.0.2.7', 50000) ('shop.example', 443) /judged");
}

#[test]
fn a_client_that_a_proxy_names_has_no_port_and_one_of_a_unix_socket_has_no_address() {
    let clients = [
        (ClientAddr::Forwarded("2001:db8::1".parse().expect("an address")), "('2001:db8::1', 0)"),
        (ClientAddr::Tcp("[::ffff:192.0.2.7]:5".parse().expect("an address")), "('192.0.2.7', 5)"),
        (ClientAddr::Unix(UnixPeer::new(0, 0)), "None"),
    ];
    run(&show("repr(scope['client'])"), |app, _| async move {
        let mut app = Drive::service(app);
        for (client, told) in clients {
            let canonical = Canonical::new(Scheme::HTTP, None, Some(client));
            let reply = app
                .get("/")
                .edit(|head| RequestContext::begin(&mut head.extensions, canonical))
                .send_async()
                .await;
            assert_body!(reply, told);
        }
    });
}

#[test]
fn what_was_agreed_on_by_tls_is_told_and_without_it_the_extension_is_not_there() {
    run(&show("repr(scope['extensions'].get('tls'))"), |app, _| async move {
        let mut app = Drive::service(app);
        let plain = Canonical::new(Scheme::HTTPS, None, None);
        let secured = plain.another().with_tls(TlsSession::new(0x0304, 0x1301));
        let told = "{'server_cert': None, 'client_cert_chain': (), 'client_cert_name': None, \
                    'client_cert_error': None, 'tls_version': 772, 'cipher_suite': 4865}";
        for (canonical, told) in [(plain, "None"), (secured, told)] {
            let reply = app
                .get("/")
                .edit(|head| RequestContext::begin(&mut head.extensions, canonical))
                .send_async()
                .await;
            assert_body!(reply, told);
        }
    });
}

#[test]
fn a_server_is_whom_the_client_has_asked_for() {
    run(&show("repr(scope['server'])"), |app, _| async move {
        let mut app = Drive::service(app);
        for (scheme, host, told) in [
            (Scheme::HTTP, "shop.example", "('shop.example', 80)"),
            (Scheme::HTTPS, "shop.example", "('shop.example', 443)"),
            (Scheme::HTTPS, "shop.example:8443", "('shop.example', 8443)"),
            (Scheme::HTTP, "[2001:db8::1]:81", "('2001:db8::1', 81)"),
            (Scheme::HTTP, "shop.example", "('shop.example', 80)"),
        ] {
            let host = Host::parse(&HeaderValue::from_static(host)).expect("a host");
            let canonical = Canonical::new(scheme, Some(host), None);
            let reply = app
                .get("/")
                .edit(|head| RequestContext::begin(&mut head.extensions, canonical))
                .send_async()
                .await;
            assert_body!(reply, told);
        }
    });
}

#[test]
fn below_its_root_path_an_app_answers_and_its_path_stays_whole() {
    run(&show("scope['root_path'] + '|' + scope['path']"), |app, _| async move {
        let mut app = Drive::service(app.with_root_path("/café").expect("a path"));
        assert_body!(app.get("/caf%C3%A9/x").send_async().await, "/café|/café/x");
        assert_body!(app.get("/caf%C3%A9").send_async().await, "/café|/café");
        assert_refused!(app.get("/caf%C3%A9s").send_async().await, 404, "asgi.not-here");
        assert_refused!(app.get("/").send_async().await, 404, "asgi.not-here");
    });
}

#[test]
fn a_root_path_begins_with_a_slash_and_ends_with_none() {
    run(&show("b''"), |app, _| async move {
        for path in ["shop", "/shop/", "/", "/a\0b"] {
            assert!(app.clone().with_root_path(path).is_err(), "{path:?}");
        }
        assert!(app.with_root_path("").is_ok());
    });
}

#[test]
fn a_path_that_is_no_text_or_can_be_read_in_two_ways_is_refused() {
    for path in ["/%ff", "/a%2fb", "/a%5cb", "/a%00", "/%zz", "/a/%2e%2e/b", "/caf%C3"] {
        let reply = both(&show("b''"), move |mut app| async move { app.get(path).send_async().await });
        assert_refused!(reply, 400, "asgi.path-unclear");
    }
}

#[test]
fn an_asterisk_is_a_path() {
    let reply = both(&show("repr((scope['path'], scope['raw_path']))"), |mut app| async move {
        app.request(Method::OPTIONS, "*").send_async().await
    });
    assert_body!(reply, "('*', b'*')");
}

#[test]
fn a_query_stays_as_it_came() {
    run(&show("repr(scope['query_string'])"), |app, _| async move {
        let mut app = Drive::service(app);
        for (target, told) in
            [("/", "b''"), ("/?", "b''"), ("/?a=%2F&b=%zz&&c", "b'a=%2F&b=%zz&&c'"), ("/?a?b", "b'a?b'")]
        {
            assert_body!(app.get(target).send_async().await, told);
        }
    });
}

#[test]
fn http_2_is_told_as_http_1_would_be() {
    let source = show("repr((scope['http_version'], scope['scheme'], scope['headers']))");
    run(&source, |app, _| async move {
        let mut app = Drive::service(app);
        let ask = app.get("/").http2().header("cookie", "a=1").header("x", "y").header("cookie", "b=2");
        assert_body!(
            ask.send_async().await,
            "('2', 'http', [(b'host', b'localhost'), (b'x', b'y'), (b'cookie', b'a=1; b=2')])"
        );
        let ask = app.get("/").authority("ada:secret@shop.example").http2();
        assert_body!(ask.scheme("https").send_async().await, "('2', 'https', [(b'host', b'shop.example')])");
        let ask = app.get("/").version(Version::HTTP_10).without("host");
        assert_body!(ask.send_async().await, "('1.0', 'http', [])");
    });
}

#[test]
fn odd_methods_are_told_as_they_came() {
    run(&show("scope['method']"), |app, _| async move {
        let mut app = Drive::service(app);
        for method in ["GET", "get", "PROPFIND", "M-SEARCH"] {
            let method = Method::from_bytes(method.as_bytes()).expect("a token");
            assert_body!(app.request(method.clone(), "/").send_async().await, method.to_string());
        }
    });
}

#[test]
fn an_extension_is_announced_where_it_can_be_used() {
    run(&show("' '.join(sorted(scope['extensions']))"), |app, _| async move {
        let (path, trailers) = ("http.response.pathsend", "http.response.pathsend http.response.trailers");
        let debug = "http.response.debug http.response.pathsend";
        let mut told = Drive::service(app.clone().with_debug());
        assert_body!(told.get("/").send_async().await, debug);
        let mut app = Drive::service(app);
        assert_body!(app.get("/").send_async().await, path);
        assert_body!(app.get("/").header("te", "gzip, Trailers").send_async().await, trailers);
        assert_body!(app.get("/").header("te", "trailers;q=0, x").send_async().await, path);
        assert_body!(app.get("/").http2().send_async().await, trailers);
        let old = app.get("/").header("te", "trailers").version(Version::HTTP_10);
        assert_body!(old.send_async().await, path);
    });
}

#[test]
fn who_is_proved_is_told_beside_the_headers() {
    let source = show(
        "repr((scope['extensions'].get('enfilade.principal'), scope['state']['principal'], \
         scope['extensions'].get('enfilade.principal') == scope['state']['principal']))",
    );
    run(&source, |app, _| async move {
        let mut app = Drive::service(app);
        let ada = Principal::new("ada").with_issuer("https://id.example").with_method(AuthMethod::Bearer);
        let reply = app.get("/").edit(|head| ada.put(&mut head.extensions)).send_async().await;
        let text = reply.text();
        assert!(text.contains("'subject': 'ada'") && text.ends_with("True)"), "{text}");
        assert!(text.contains("'issuer': 'https://id.example', 'method': 'bearer'"), "{text}");
        let nobody = app.get("/").edit(|head| Principal::anonymous().put(&mut head.extensions));
        assert_body!(nobody.send_async().await, "(None, None, True)");
        let forged = app
            .get("/")
            .header("enfilade.principal", "ada")
            .header("principal", "ada")
            .header("remote-user", "ada");
        assert_body!(forged.send_async().await, "(None, None, True)");
    });
}

#[test]
fn what_one_request_makes_of_its_principal_the_next_does_not_see() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    who = scope['state']['principal']
    text = repr((who['subject'], who['scopes'], who['roles'], 'mine' in who, scope['extensions']['enfilade.principal'] is who))
    who['subject'], who['mine'] = 'eve', True
    who['scopes'] += ('admin',)
    await respond(send, text)
";
    run(source, |app, _| async move {
        let mut app = Drive::service(app);
        let ada = Principal::new("ada").with_scopes(["read"]);
        let other = Principal::new("ada").with_scopes(["read"]).with_roles(["boss"]);
        for (who, roles) in [(&ada, "()"), (&ada, "()"), (&other, "('boss',)"), (&ada, "()")] {
            let who = who.clone();
            let reply = app.get("/").edit(|head| who.put(&mut head.extensions)).send_async().await;
            assert_body!(reply, format!("('ada', ('read',), {roles}, False, True)"));
        }
    });
}

#[test]
fn what_one_request_changes_the_next_does_not_see() {
    let source = "
async def app(scope, receive, send):
    if scope['type'] == 'lifespan':
        scope['state']['pool'] = ['a']
        await receive()
        await send({'type': 'lifespan.startup.complete'})
        return
    text = repr((scope['state'], scope['extensions'], scope['asgi'], scope['headers'], 'mine' in scope))
    scope['mine'] = True
    scope['state']['mine'] = True
    scope['extensions']['mine'] = True
    scope['headers'].append(True)
    await respond(send, text)
";
    run(source, |app, _| async move {
        let mut app = Drive::service(app);
        let told = "({'principal': None, 'pool': ['a']}, {'http.response.pathsend': {}}, \
                    {'version': '3.0', 'spec_version': '2.5'}, [(b'host', b'localhost')], False)";
        for _ in 0..3 {
            assert_body!(app.get("/").send_async().await, told);
        }
    });
}

#[test]
fn what_one_clone_is_told_to_be_another_is_not() {
    run(&show("scope['root_path']"), |app, _| async move {
        let below = app.clone().with_root_path("/shop").expect("a path");
        assert_body!(Drive::service(below).get("/shop").send_async().await, "/shop");
        assert_body!(Drive::service(app).get("/shop").send_async().await, "");
    });
}

#[test]
fn fields_that_come_again_and_again_are_told_truly() {
    // The pairs are kept by a hash of both ends: what stands in between must be told apart.
    run(&show("b';'.join(name + b'=' + value for name, value in scope['headers'])"), |app, _| async move {
        let mut app = Drive::service(app);
        for round in 0..3 {
            for middle in 0..200 {
                let value = format!("begin-begin-{middle:05}-end-of-it");
                let reply = app.get("/").without("host").header("x-a", &value).send_async().await;
                assert_body!(reply, format!("x-a={value}"));
            }
            let secret = format!("Bearer {round}");
            let reply = app.get("/").without("host").header("authorization", &secret).send_async().await;
            assert_body!(reply, format!("authorization={secret}"));
        }
    });
}

#[test]
fn a_class_and_an_object_and_a_function_that_gives_a_coroutine_are_apps() {
    for source in [
        "class App:\n    async def __call__(self, scope, receive, send):\n        await respond(send, b'x')\n\
         app = App()\n",
        "def app(scope, receive, send):\n    return respond(send, b'x')\n",
        "import functools\nasync def of(word, scope, receive, send):\n    await respond(send, word)\n\
         app = functools.partial(of, b'x')\n",
    ] {
        run(source, |app, _| async move {
            let reply = Drive::service(app).get("/").send_async().await;
            assert_passed!(reply);
            assert_body!(reply, "x");
        });
    }
}

#[test]
fn an_app_is_found_by_its_name() {
    let module = Module::new("class site:\n    app = staticmethod(lambda s, r, send: respond(send, b'x'))\n");
    let target = module.target().replace(":app", ":site.app");
    let ran = enfilade_python::AsgiApp::run(&target, |app| async move {
        Drive::service(app).get("/").send_async().await.text().to_owned()
    });
    assert_eq!(ran.expect("an app"), "x");
}
