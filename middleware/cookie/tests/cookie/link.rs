//! The link: who makes the jar, who emits it, and what becomes of the app's own lines.

use enfilade_cookie::{CookieError, Cookies, Gate as _, Jar, Profile, Rejection, SetCookie};
use enfilade_core::{Gates, Pass, gate_fn};
use enfilade_test::{
    Answer, Probe, assert_header, assert_passed, assert_refused, assert_set_cookie, drive, enter,
};
use http::StatusCode;

use crate::{jar, lines, request, set_by};

fn theme() -> SetCookie {
    SetCookie::new("__Host-theme", "dark")
}

const EARLY: &str = "__Host-early=1; Path=/; Secure; HttpOnly; SameSite=Lax";
const THEME: &str = "__Host-theme=dark; Path=/; Secure; HttpOnly; SameSite=Lax";

/// A link that stands where Auth may stand: it makes the jar if nobody did, and sets a cookie.
fn early() -> impl enfilade_cookie::Gate {
    gate_fn("early", |req| {
        let (jar, emit) = Jar::enter(req);
        jar.add(SetCookie::new("__Host-early", "1"))?;
        Ok(emit.map_or(Pass::Now, Pass::from))
    })
}

#[test]
fn both_orders_emit_once() {
    let cookies = || Gates::of(Cookies::new());
    for layer in [cookies().gate(early()), Gates::of(early()).gate(Cookies::new())] {
        assert_header!(drive(layer, &Probe::ok()).get("/").send(), "set-cookie" = EARLY);
    }
}

#[test]
fn cookies_are_emitted_on_refusals() {
    let refusing = gate_fn("refusing", |req| {
        Jar::require(&req.extensions)?.remove("__Host-token", &Profile::host())?;
        Err(Rejection::new(StatusCode::UNAUTHORIZED, "test.refused"))
    });
    let reply = drive(Gates::of(Cookies::new()).gate(refusing), &Probe::ok()).get("/").send();
    assert_refused!(reply, 401, "test.refused");
    assert_set_cookie!(
        reply, "__Host-token" removed; Path = "/", Secure, HttpOnly, SameSite = "Lax",
        Max-Age = 0, Expires = "Thu, 01 Jan 1970 00:00:00 GMT", nothing else
    );
    assert_header!(reply, "cache-control" = "no-store");
}

#[test]
fn a_link_that_needs_the_jar_and_has_none_refuses() {
    let needing = gate_fn("needing", |req| Jar::require(&req.extensions).map(|_| Pass::Now));
    assert_refused!(enter(&needing, "/"), 500, "cookie.no-jar");
}

#[test]
fn nothing_is_added_to_a_response_without_cookies() {
    let mut door = drive(Cookies::new(), &Probe::ok());
    let reply = door.get("/").cookie("a", "1").send();
    assert_passed!(reply);
    assert_header!(reply, "set-cookie" absent);
    assert_header!(reply, "cache-control" absent);
}

#[test]
fn the_apps_own_lines_come_first_and_give_way_under_the_same_key() {
    let answer = Answer::ok()
        .header("set-cookie", "app=1; Path=/; strange")
        .header("set-cookie", "__Host-theme=app; Path=/; Secure")
        .header("set-cookie", "__Host-theme=app; Path=/deep");
    let adding =
        gate_fn("adding", |req| Ok(Jar::require(&req.extensions)?.add(theme()).map(|()| Pass::Now)?));
    let reply = drive(Gates::of(Cookies::new()).gate(adding), &Probe::ok().respond(answer)).get("/").send();
    assert_header!(reply, "set-cookie" = ["app=1; Path=/; strange", "__Host-theme=app; Path=/deep", THEME]);
}

/// N20 of the research: our own session cookie never reaches the app, and the app cannot set one.
#[test]
fn a_reserved_cookie_belongs_to_the_links_alone() {
    let probe = Probe::ok().respond(
        Answer::ok()
            .header("set-cookie", "__Host-sid=forged; Path=/")
            .header("set-cookie", "__hOsT-SID=forged; Domain=example.com")
            .header("set-cookie", "app=1"),
    );
    let reading = gate_fn("reading", |req| {
        let jar = Jar::require(&req.extensions)?;
        assert_eq!(jar.text("__Host-sid"), Some("secret"));
        jar.add(SetCookie::new("__Host-sid", "ours"))?;
        Ok(Pass::Now)
    });
    let cookies = Cookies::new().reserve(["__Host-sid"]).unwrap();
    let mut door = drive(Gates::of(cookies).gate(reading), &probe);
    let reply =
        door.get("/").cookie("a", "1").cookie("__Host-sid", "secret").cookie("__HOST-sid", "2").send();
    assert_header!(probe.last(), "cookie" = "a=1");
    assert_header!(
        reply,
        "set-cookie" = ["app=1", "__Host-sid=ours; Path=/; Secure; HttpOnly; SameSite=Lax"]
    );

    let alone = door.get("/").cookie("__Host-sid", "secret").send();
    assert_passed!(alone);
    assert_header!(probe.last(), "cookie" absent);
}

#[test]
fn a_reserving_link_behind_auth_leaves_what_auth_sets() {
    let cookies = Cookies::new().reserve(["__Host-early"]).unwrap();
    let probe = Probe::ok().respond(Answer::ok().header("set-cookie", "__Host-early=app; Path=/"));
    let reply = drive(Gates::of(early()).gate(cookies), &probe).get("/").send();
    assert_header!(reply, "set-cookie" = EARLY);
}

#[test]
fn what_comes_too_late_is_an_error_and_not_lost() {
    let mut req = request(&[]);
    let (jar, emit) = Jar::enter(&mut req);
    assert!(lines(emit.unwrap()).is_empty());
    assert_eq!(jar.add(theme()), Err(CookieError::TooLate));
    assert_eq!(jar.remove("__Host-theme", &Profile::host()), Err(CookieError::TooLate));
}

#[test]
fn a_request_that_is_sent_again_has_its_jar_emitted_again() {
    let mut req = request(&["a=1"]);
    let (_, first) = Jar::enter(&mut req);
    assert!(Jar::enter(&mut req).1.is_none(), "the first has the duty");
    drop(lines(first.unwrap()));
    let (jar, second) = Jar::enter(&mut req);
    jar.add(theme()).unwrap();
    assert_eq!(lines(second.unwrap()), [THEME]);
}

#[test]
fn the_last_word_on_a_key_counts() {
    let removed = set_by(&[], |jar| {
        jar.add(theme())?;
        jar.remove("__Host-theme", &Profile::host())
    });
    assert!(removed.len() == 1 && removed[0].contains("Max-Age=0"), "{removed:?}");
    let set = set_by(&[], |jar| {
        jar.remove("__Host-theme", &Profile::host())?;
        jar.add(theme())
    });
    assert_eq!(set, [THEME]);
}

#[test]
fn a_removal_has_every_attribute_that_its_profile_demands() {
    let gone = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let cases = [
        ("__Host-a", Profile::host(), "Path=/; GONE; Secure; HttpOnly; SameSite=Lax"),
        (
            "__Host-a",
            Profile::host().partitioned(),
            "Path=/; GONE; Secure; HttpOnly; SameSite=Lax; Partitioned",
        ),
        (
            "__Secure-a",
            Profile::secure().with_domain(".example.com").with_path("/shop"),
            "Path=/shop; Domain=example.com; GONE; Secure; HttpOnly; SameSite=Lax",
        ),
        ("a", Profile::insecure_plain(), "Path=/; GONE; HttpOnly; SameSite=Lax"),
    ];
    for (name, profile, attributes) in cases {
        let set = set_by(&[], |jar| jar.remove(name, &profile));
        assert_eq!(set, [format!("{name}=; {}", attributes.replace("GONE", gone))]);
    }
}

#[test]
fn a_jar_takes_half_of_the_header_limit() {
    let big = |at: usize| SetCookie::new(format!("__Host-{at}"), "x".repeat(2000));
    let jar_of = |cookies: Cookies| {
        let mut req = request(&[]);
        let pass = cookies.enter(&mut req).unwrap();
        (Jar::of(&req.extensions).unwrap(), pass)
    };
    let (jar, _pass) = jar_of(Cookies::new());
    (0..3).for_each(|at| jar.add(big(at)).unwrap());
    jar.add(SetCookie::new("__Host-rest", "x".repeat(1900))).unwrap();
    assert!(matches!(jar.add(big(4)), Err(CookieError::JarFull { limit: 8192, .. })));
    // Room is made by what goes.
    jar.remove("__Host-0", &Profile::host()).unwrap();
    jar.add(big(4)).unwrap();

    let (jar, _pass) = jar_of(Cookies::new().with_header_limit(4096));
    jar.add(big(0)).unwrap();
    assert!(matches!(jar.add(big(1)), Err(CookieError::JarFull { limit: 2048, .. })));
}

#[test]
fn what_the_browser_has_counts_too() {
    let have = format!("old={}", "x".repeat(8000));
    let jar = jar(&[&have]);
    assert!(matches!(jar.add(SetCookie::new("__Host-a", "x".repeat(200))), Err(CookieError::JarFull { .. })));
    jar.add(SetCookie::new("old", "small").with_profile(Profile::insecure_plain())).unwrap();
    jar.add(SetCookie::new("__Host-a", "x".repeat(200))).unwrap();
}

#[test]
fn a_request_whose_first_answer_never_came_can_be_sent_again() {
    let mut req = request(&[]);
    let (jar, emit) = Jar::enter(&mut req);
    jar.add(theme()).unwrap();
    drop(emit);
    assert_eq!(jar.add(theme()), Err(CookieError::TooLate));
    let (_, again) = Jar::enter(&mut req);
    assert!(lines(again.expect("the duty is there again")).is_empty());
}

#[test]
fn a_line_without_a_name_cannot_set_a_reserved_cookie() {
    let answer = Answer::ok()
        .header("set-cookie", "=sid=forged; Path=/")
        .header("set-cookie", " = sid=forged")
        .header("set-cookie", "sid; Path=/")
        .header("set-cookie", "side=1");
    let cookies = Cookies::new().reserve(["sid"]).unwrap();
    let reply = drive(cookies, &Probe::ok().respond(answer)).get("/").send();
    assert_header!(reply, "set-cookie" = "side=1");
}

#[test]
fn a_jar_is_written_by_many_at_once() {
    let (jar, emit) = Jar::enter(&mut request(&["a=1; b=2"]));
    std::thread::scope(|scope| {
        for at in 0..8 {
            let jar = jar.clone();
            scope.spawn(move || {
                assert_eq!(jar.text("b"), Some("2"));
                jar.add(SetCookie::new(format!("__Host-{at}"), "1")).unwrap();
            });
        }
    });
    assert_eq!(lines(emit.unwrap()).len(), 8);
}
