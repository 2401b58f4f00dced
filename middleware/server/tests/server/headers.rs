//! Security headers: on every answer, refusals too; the app's own word first; HSTS over https alone.

use std::time::Duration;

use bytes::Bytes;
use enfilade_core::{Canonical, ClientAddr, Gates, Rejection, RenderRejections, RequestContext, gate_fn};
use enfilade_server::{
    Connections, Limits, RequestBody, SecurityHeaders, StrictRequest, Trust, security_headers::Hsts,
};
use enfilade_test::{Answer, Probe, Reply, drive};
use http::{HeaderMap, Request, Response, StatusCode, header, uri::Scheme};
use http_body_util::Full;
use tokio::io::{AsyncWriteExt, duplex};
use tower::{ServiceBuilder, service_fn};

use crate::kit::{Heard, hear};

const NOSNIFF: (&str, &str) = ("x-content-type-options", "nosniff");
const REFERRER: (&str, &str) = ("referrer-policy", "strict-origin-when-cross-origin");
const FRAME: (&str, &str) = ("x-frame-options", "SAMEORIGIN");
const HSTS: &str = "strict-transport-security";

fn year() -> Hsts {
    Hsts::new(Duration::from_secs(31_536_000))
}

/// What comes of an app's answer.
fn after(headers: SecurityHeaders, answer: Answer) -> Reply {
    drive(headers, &Probe::ok().respond(answer)).get("/").send()
}

fn all(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let mut all: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    all.sort_unstable();
    all
}

#[test]
fn three_are_safe_for_any_app_and_no_other_is_a_default() {
    let reply = after(SecurityHeaders::new(), Answer::ok());
    assert_eq!(all(reply.headers()), [REFERRER, NOSNIFF, FRAME]);
    assert!(after(SecurityHeaders::none(), Answer::ok()).headers().is_empty());
}

#[test]
fn what_the_app_says_itself_stays_and_nothing_is_doubled() {
    let ours = SecurityHeaders::new()
        .with_scheme(Scheme::HTTPS)
        .with_hsts(year())
        .and_then(|headers| headers.with_content_security_policy("default-src 'self'"))
        .and_then(|headers| headers.with_header("permissions-policy", "camera=()"))
        .unwrap();
    let own = [
        ("content-security-policy", "default-src 'none'"),
        ("permissions-policy", "camera=(self)"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=0"),
        ("x-content-type-options", "other"),
        ("x-frame-options", "DENY"),
    ];
    let answer = own.iter().fold(Answer::ok(), |answer, (name, value)| answer.header(name, value));
    assert_eq!(all(after(ours.clone(), answer).headers()), own);

    // An app's two policies are both in force; ours would be a third.
    let twice = Answer::ok()
        .header("content-security-policy", "default-src 'none'")
        .header("content-security-policy", "img-src 'self'");
    assert_eq!(after(ours, twice).headers().get_all("content-security-policy").iter().count(), 2);
}

#[test]
fn whoever_may_frame_by_the_apps_policy_is_not_kept_out_by_the_older_header() {
    for (policy, framed) in [
        ("frame-ancestors https://partner.example", false),
        ("default-src 'self'; FRAME-ANCESTORS *", false),
        ("default-src 'self'", true),
    ] {
        let reply = after(SecurityHeaders::new(), Answer::ok().header("content-security-policy", policy));
        assert_eq!(reply.header("x-frame-options").is_some(), framed, "{policy}");
    }
    assert!(
        after(SecurityHeaders::new().insecure_with_frames(), Answer::ok())
            .header("x-frame-options")
            .is_none()
    );
    let denied = after(SecurityHeaders::new().with_frames_denied(), Answer::ok());
    assert_eq!(denied.header("x-frame-options"), Some("DENY"));
}

#[test]
fn the_operators_word_about_the_server_stands_for_the_apps() {
    let app = || {
        Answer::ok()
            .header("server", "shop/1.2.3 (Debian)")
            .header("x-powered-by", "PHP/8.1")
            .header("x-powered-by", "Express")
            .header("x-aspnet-version", "4")
            .header("x-runtime", "0.1")
            .header("x-other", "stays")
    };
    let told = |headers: SecurityHeaders| {
        let reply = after(headers, app());
        let names = ["server", "x-powered-by", "x-aspnet-version", "x-runtime", "x-other"];
        names.map(|name| reply.header(name).map(str::to_owned))
    };
    let text = |text: &str| Some(text.to_owned());
    let stays = text("stays");
    assert_eq!(told(SecurityHeaders::new())[0], text("shop/1.2.3 (Debian)"));
    assert_eq!(told(SecurityHeaders::new().without_app_signature()), [None, None, None, None, stays.clone()]);
    let named = SecurityHeaders::new().without_app_signature().with_server("shop").unwrap();
    assert_eq!(told(named), [text("shop"), None, None, None, stays]);
    let reply = after(SecurityHeaders::new().with_server("shop").unwrap(), app());
    assert_eq!(reply.headers().get_all("server").iter().count(), 1);
}

#[test]
fn hsts_goes_out_where_the_canonical_request_is_https_and_nowhere_else() {
    let hsts = || SecurityHeaders::new().with_hsts(year()).unwrap();
    let sent = |layers, target: &str, judged: Option<Scheme>| {
        let probe = Probe::ok();
        let mut door = drive(layers, &probe);
        let ask = door.get(target).edit(|head| {
            if let Some(scheme) = judged {
                RequestContext::begin(&mut head.extensions, Canonical::new(scheme, None, None));
            }
        });
        ask.send().header(HSTS).map(str::to_owned)
    };
    let (https, http) = (Some(Scheme::HTTPS), Some(Scheme::HTTP));
    let value = Some("max-age=31536000".to_owned());
    assert_eq!(sent(hsts(), "/", https.clone()), value);
    assert_eq!(sent(hsts(), "/", http), None);
    assert_eq!(sent(hsts(), "/", None), None, "nobody has judged it");
    assert_eq!(sent(hsts(), "https://a/", None), None, "a target is a client's word");
    assert_eq!(sent(hsts().with_scheme(Scheme::HTTPS), "/", None), value);
    assert_eq!(sent(hsts().with_scheme(Scheme::HTTP), "/", https.clone()), None);
    assert_eq!(sent(SecurityHeaders::new(), "/", https), None, "it is no default");
}

#[test]
fn a_door_further_in_may_find_out_that_it_is_https() {
    let proxy = ClientAddr::Tcp("10.0.0.1:5".parse().unwrap());
    for (peer, sent) in [("10.0.0.0/8", true), ("192.0.2.0/24", false)] {
        let strict = StrictRequest::new().with_client(proxy).with_trust(Trust::x_forwarded([peer]).unwrap());
        let layers =
            ServiceBuilder::new().layer(SecurityHeaders::new().with_hsts(year()).unwrap()).layer(strict);
        let probe = Probe::ok();
        let mut door = drive(layers, &probe);
        let ask = door.get("/").header("host", "a").header("x-forwarded-proto", "https");
        assert_eq!(ask.send().header(HSTS).is_some(), sent, "{peer}");
    }
}

#[test]
fn a_refusal_has_them_beside_the_renderers_own_and_an_upgrade_has_none() {
    let layers = || {
        let closed = gate_fn("closed", |_| Err(Rejection::new(StatusCode::FORBIDDEN, "closed.today")));
        ServiceBuilder::new()
            .layer(SecurityHeaders::new())
            .layer(RenderRejections::new())
            .layer(Gates::of(closed))
    };
    for (accept, once, never) in [
        // A page of the renderer's says itself that nobody may frame it.
        ("text/html", "content-security-policy", "x-frame-options"),
        ("*/*", "x-frame-options", "content-security-policy"),
    ] {
        let reply = drive(layers(), &Probe::ok()).get("/").header("accept", accept).send();
        assert_eq!(reply.status(), 403);
        for name in ["x-content-type-options", "referrer-policy", once] {
            assert_eq!(reply.headers().get_all(name).iter().count(), 1, "{name}");
        }
        assert_eq!(reply.header(never), None, "{accept}");
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"), "the renderer's stays");
    }
    assert!(after(SecurityHeaders::new(), Answer::status(101)).headers().is_empty());
    assert_eq!(after(SecurityHeaders::new(), Answer::status(304)).headers().len(), 3);
}

#[test]
fn what_cannot_be_sent_does_not_build_and_says_what_to_do() {
    let new = SecurityHeaders::new;
    for (built, part) in [
        (new().with_header("x y", "1"), "name"),
        (new().with_header("", "1"), "name"),
        (new().with_header("x-a", ""), "visible ASCII"),
        (new().with_header("x-a", " \t"), "visible ASCII"),
        (new().with_header("x-a", "a\r\nset-cookie: b"), "visible ASCII"),
        (new().with_header("x-a", "caf\u{e9}"), "visible ASCII"),
        (new().with_header("Transfer-Encoding", "chunked"), "server to say"),
        (new().with_header("Content-Length", "0"), "server to say"),
        (new().with_header("Set-Cookie", "a=b"), "only the app"),
        (new().with_header("Date", "now"), "the time itself"),
        (new().with_header("X-Request-Id", "1"), "RequestIds"),
        (new().with_header("Strict-Transport-Security", "max-age=1"), "with_hsts"),
        (new().with_header("X-Frame-Options", "ALLOWALL"), "insecure_with_frames"),
        (new().with_header("Server", "shop"), "with_server"),
        (new().with_header("Referrer-Policy", "none"), "same-origin"),
        (new().with_header("Content-Security-Policy-Report-Only", "default-src: 'self'"), "its name"),
        (new().with_server("a\nb"), "visible ASCII"),
        (new().with_referrer_policy("same-origin, never"), "same-origin"),
        (new().with_content_security_policy("default_src 'self'"), "its name"),
        (new().with_content_security_policy("img-src a; IMG-SRC b"), "join them"),
        (new().with_content_security_policy(""), "visible ASCII"),
        (new().with_hsts(year().with_preload()), "subdomains"),
    ] {
        let error = built.unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("cannot be sent") && !error.contains('\n'), "{error}");
    }
    let _ = new().with_referrer_policy("no-referrer, strict-origin").unwrap();
    let _ = new()
        .with_content_security_policy("default-src 'self'; upgrade-insecure-requests, img-src a")
        .unwrap();
}

/// A server with these headers that answers `raw`.
async fn serve(headers: SecurityHeaders, own_date: bool, raw: &[u8]) -> Heard {
    let connections = Connections::new(Limits::default()).unwrap().with_security_headers(headers);
    let app = service_fn(move |_: Request<RequestBody>| async move {
        let mut response = Response::new(Full::<Bytes>::from("hello"));
        if own_date {
            let date = http::HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT");
            response.headers_mut().insert(header::DATE, date);
        }
        Ok::<_, std::convert::Infallible>(response)
    });
    let (mut client, server) = duplex(1 << 16);
    tokio::spawn(connections.serve(server, None, app));
    client.write_all(raw).await.unwrap();
    hear(&mut client, Duration::from_secs(1)).await
}

#[tokio::test(start_paused = true)]
async fn the_servers_own_refusals_have_them_and_a_plain_connection_no_hsts() {
    let raw = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a@b\r\n\r\n";
    let heard = serve(SecurityHeaders::new().with_hsts(year()).unwrap(), false, raw).await;
    assert_eq!(heard.statuses(), [200, 400], "{heard:?}");
    for (name, _) in [NOSNIFF, REFERRER, FRAME] {
        assert_eq!(heard.text.matches(&format!("\r\n{name}: ")).count(), 2, "{name}: {heard:?}");
    }
    assert!(!heard.text.contains(HSTS), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn hyper_writes_one_date_and_leaves_the_apps_own_and_nobody_names_the_server() {
    let raw = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let heard = serve(SecurityHeaders::new(), false, raw).await;
    let dates: Vec<_> = heard.text.lines().filter_map(|line| line.strip_prefix("date: ")).collect();
    assert!(dates.len() == 1 && dates[0].len() == 29 && dates[0].ends_with(" GMT"), "{heard:?}");
    assert!(!heard.text.contains("\r\nserver:"), "{heard:?}");
    let heard = serve(SecurityHeaders::new(), true, raw).await;
    assert_eq!(heard.text.matches("\r\ndate: ").count(), 1, "{heard:?}");
    assert!(heard.text.contains("\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"), "{heard:?}");
}
