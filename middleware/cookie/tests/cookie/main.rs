//! How the cookie link behaves: over a request and its response, a module per side of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod fuzzed;
mod laws;
mod link;
mod ring;
mod seal;
mod seen;

use enfilade_cookie::{CookieError, Emit, Jar};
use http::{HeaderValue, Request, Response, request};

/// A request's head with these `Cookie` fields.
fn request(cookies: &[&str]) -> request::Parts {
    let (mut parts, ()) = Request::new(()).into_parts();
    for cookie in cookies {
        let cookie = HeaderValue::from_bytes(cookie.as_bytes()).unwrap();
        parts.headers.append("cookie", cookie);
    }
    parts
}

/// The jar of a request with these cookies, open for writing for ever.
fn jar(cookies: &[&str]) -> Jar {
    let (jar, emit) = Jar::enter(&mut request(cookies));
    std::mem::forget(emit);
    jar
}

/// The `Set-Cookie` lines that a duty to emit leads to.
fn lines(emit: Emit) -> Vec<String> {
    let (mut head, ()) = Response::new(()).into_parts();
    emit.run(&mut head);
    head.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}

/// What a response sets when `write` has written to the jar of a request with these cookies.
fn set_by(cookies: &[&str], write: impl FnOnce(&Jar) -> Result<(), CookieError>) -> Vec<String> {
    let (jar, emit) = Jar::enter(&mut request(cookies));
    write(&jar).unwrap();
    lines(emit.expect("nobody made the jar before"))
}

/// `name=value` of a `Set-Cookie` line: what the browser sends back.
fn pair(line: &str) -> &str {
    line.split(';').next().unwrap()
}
