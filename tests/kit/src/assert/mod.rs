//! Assertions on what a layer decided and answered; a failure shows expected and found beside each other.
//!
//! ```text
//! what it decided   assert_refused!(x, 401, "auth.missing")    assert_passed!(x)  assert_passed!(x, 404)
//! what it offers    assert_challenge!(x, "Bearer", realm = "shop")                assert_challenge!(x, no "Basic")
//! what it sets      assert_set_cookie!(x, "sid" = "7"; Path = "/", HttpOnly)      assert_set_cookie!(x, "sid" removed)
//! what it says      assert_header!(x, "vary" = "accept")    assert_body!(x, "…")  assert_json!(x, r#"{"a": 1}"#)
//! ```
//!
//! `x` is a [`Reply`](crate::Reply), an `http::Response`, a gate's [`Verdict`](enfilade_core::Verdict), an
//! [`Entered`](crate::drive::Entered) gate; for the headers also a `HeaderMap`, a head, a `Rejection`. A failure names
//! the line of the test, marks only what differs, and never prints a whole body:
//!
//! ```text
//! expected this challenge
//!             expected          found
//!     scheme  Bearer            Bearer
//!     realm   shop              shop
//!   ≠ error   invalid_token     invalid_request
//!                     ^^^^^             ^^^^^^^
//! ```
//!
//! ```
//! use enfilade_test::{Answer, Drive, Probe, assert_challenge, assert_header, assert_set_cookie};
//!
//! let answer = Answer::status(401)
//!     .header("www-authenticate", r#"Bearer realm="shop", error="invalid_token""#)
//!     .header("set-cookie", "sid=; Path=/; Max-Age=0; HttpOnly");
//! let reply = Drive::service(Probe::ok().respond(answer).service()).get("/").send();
//!
//! assert_challenge!(reply, "Bearer", realm = "shop", error = "invalid_token", no scope);
//! assert_challenge!(reply, no "Basic");
//! assert_set_cookie!(reply, "sid" removed; Path = "/", HttpOnly);
//! assert_set_cookie!(reply, "theme" not set);
//! assert_header!(reply, "location" absent);
//! ```

mod body;
mod challenge;
mod header;
mod json;
mod set_cookie;
mod table;
mod verdict;

pub use self::challenge::{Offer, offers};
pub use self::header::HasHeaders;
pub use self::verdict::Judged;

// What the macros expand to.
#[doc(hidden)]
pub use self::{
    body::{body, json},
    challenge::{OfferTest, challenge, no_challenge, no_challenges},
    header::{HeaderTest, header, header_absent, header_lists},
    set_cookie::{CookieTest, set_cookie, set_cookie_absent},
    verdict::{passed, refused},
};
