//! The page behind the door: who you are, how you proved it, how often you came, and the chain you came through.
//!
//! ```text
//! You are ada                    [Sign out]
//! Proved by …  Ends in …           3 visits
//! ┌ hosts ┬ auth ┬ cookies ┬ app ┐
//! ```

use std::fmt::Write as _;

use bytes::Bytes;
use enfilade_core::Principal;
use http::{Response, StatusCode};

use super::{Escaped, page};

/// `picture` is the chain's drawing for this very request, as HTML; `now` is in seconds since 1970.
pub(in crate::demo) fn home(who: &Principal, visits: u64, picture: &str, now: u64) -> Response<Bytes> {
    let subject = Escaped(who.subject());
    let main = format!(
        "<div class=\"row\">\n<h1>You are {subject}</h1>\n\
         <form method=\"post\" action=\"/sign-out\"><button class=\"quiet\" type=\"submit\">Sign out</button></form>\n\
         </div>\n<div class=\"who\">\n<section class=\"card\" aria-label=\"How you proved it\">\n{}</section>\n\
         <section class=\"card count\" aria-label=\"Visits\">\n<b>{visits}</b>\n<span>{}</span>\n\
         <span class=\"soft\">counted in a private cookie</span>\n</section>\n</div>\n\
         <h2 id=\"chain\">The way of this request</h2>\n\
         <figure class=\"card\" aria-labelledby=\"chain\">\n{picture}\n\
         <figcaption>What each link said on the way in. The whole trail, both ways and with times, is in the \
         <code>Server-Timing</code> header of this response.</figcaption>\n</figure>",
        facts(who, now),
        if visits == 1 { "visit" } else { "visits" },
    );
    page(StatusCode::OK, who.subject(), &main)
}

/// How the principal was proved, as a description list.
fn facts(who: &Principal, now: u64) -> String {
    let mut list = String::from("<dl>\n");
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(list, "<dt>{}</dt><dd>{}</dd>", Escaped(name), Escaped(value));
    };
    let proof = match who.method().as_str() {
        "bearer" => "a bearer token in Authorization",
        "basic" => "name and password in Authorization",
        "cookie" => "a signed token in a private cookie",
        other => other,
    };
    fact("Proved by", proof);
    if let Some(issuer) = who.issuer() {
        fact("Issuer", issuer);
    }
    let scopes: Vec<_> = who.scopes().collect();
    if !scopes.is_empty() {
        fact("Scopes", &scopes.join(" "));
    }
    let roles: Vec<_> = who.roles().collect();
    if !roles.is_empty() {
        fact("Roles", &roles.join(", "));
    }
    if let Some(seconds) = who.expires().map(|at| at.saturating_sub(now)) {
        fact("Ends in", &span(seconds));
    }
    list.push_str("</dl>\n");
    list
}

fn span(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=5_999 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
