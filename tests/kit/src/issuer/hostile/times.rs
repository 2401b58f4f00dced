//! Times: over, not begun, at the edge of the leeway, and numbers that are no times.
//!
//! ```text
//!           expired │◀─ leeway ─▶ now ◀─ leeway ─▶│ not yet valid
//!  exp ≤ now − leeway                              nbf, iat > now + leeway
//! ```

use super::{Forge, code};

const EXPIRED: &str = "it is over (RFC 7519 §4.1.4)";
const EXPIRED_EDGE: &str =
    "at the end of the leeway it is over: the current time must be before `exp` (RFC 7519 §4.1.4)";
const NOT_YET: &str = "it has not begun (RFC 7519 §4.1.5)";
const FUTURE: &str = "a token from the future tells of a wrong clock (RFC 7519 §4.1.6)";
const NO_TIME: &str = "a time is a number of seconds, not negative, before the year 10000 (RFC 7519 §2)";

/// What no time is. JSON allows the numbers; they overflow, wrap or saturate where they are computed with.
const NO_TIMES: &[(&str, &str)] = &[
    ("null", "null"),
    ("string", r#""1800003600""#),
    ("empty-string", r#""""#),
    ("date", r#""2099-01-01T00:00:00Z""#),
    ("true", "true"),
    ("array", "[1800003600]"),
    ("object", "{}"),
    ("negative", "-1"),
    ("negative-fraction", "-0.5"),
    ("negative-zero", "-0"),
    ("least-i64", "-9223372036854775808"),
    ("greatest-i64", "9223372036854775807"),
    ("greatest-u64", "18446744073709551615"),
    ("beyond-u64", "18446744073709551616"),
    ("1e308", "1e308"),
    ("beyond-f64", "1e400"),
    ("minus-1e308", "-1e308"),
    ("milliseconds", "1800003600000"),
    ("year-10000", "253402300800"),
];

pub(super) fn all(forge: &mut Forge<'_>) {
    for claim in ["exp", "nbf", "iat", "auth_time"] {
        for (what, json) in NO_TIMES {
            let token = forge.good().without(claim).raw_claim(claim, json).sign();
            forge.refuse(code::CLAIMS, format!("{claim}/{what}"), NO_TIME, token);
        }
    }
    over(forge);
    not_begun(forge);
}

fn over(forge: &mut Forge<'_>) {
    let (now, leeway) = (forge.issuer.now(), forge.target.leeway.as_secs());
    let edge = now.saturating_sub(leeway);
    for (name, why, json) in [
        ("exp/an-hour-ago", EXPIRED, now.saturating_sub(leeway + 3600).to_string()),
        ("exp/at-the-edge", EXPIRED_EDGE, edge.to_string()),
        ("exp/fraction-before-the-edge", EXPIRED_EDGE, format!("{}.999", edge.saturating_sub(1))),
        ("exp/fraction-at-the-edge", "a fraction does not lengthen its life", format!("{edge}.9")),
        ("exp/with-exponent", EXPIRED, "1e3".to_owned()),
        ("exp/1970", EXPIRED, "0".to_owned()),
    ] {
        // An old `iat` with it, or a clock that stands at the beginning would see the future.
        let token = forge.good().claim("iat", 0).without("exp").raw_claim("exp", &json).sign();
        forge.refuse(code::EXPIRED, name, why, token);
    }
    let escaped = forge.good().without("exp").raw_claim("\\u0065xp", "1").sign();
    forge.refuse(code::EXPIRED, "exp/name-written-with-escapes", EXPIRED, escaped);
    let both = forge.good().claim("exp", 1).claim("nbf", now + leeway + 3600);
    forge.refuse(code::EXPIRED, "exp/before-nbf", "it is never valid", both.sign());
}

fn not_begun(forge: &mut Forge<'_>) {
    let (now, leeway, margin) = (forge.issuer.now(), forge.target.leeway.as_secs(), forge.issuer.margin);
    let edge = now + leeway;
    for (claim, why) in [("nbf", NOT_YET), ("iat", FUTURE)] {
        for (what, json) in [
            ("in-an-hour", (edge + 3600).to_string()),
            ("just-beyond-the-leeway", (edge + margin).to_string()),
            ("fraction-beyond-the-leeway", format!("{}.1", edge + margin - 1)),
            ("year-9999", "253402300799".to_owned()),
        ] {
            let token = forge.good().expires_at(edge + 7200).without(claim).raw_claim(claim, &json).sign();
            forge.refuse(code::NOT_YET_VALID, format!("{claim}/{what}"), why, token);
        }
    }
}
