//! Header fields as `HTTP_*` variables (RFC 3875 §4.1.18).
//!
//! ```text
//! accept-language        ─▶ HTTP_ACCEPT_LANGUAGE      repeated fields joined by `, `, cookies by `; `
//! authorization          ─▶ nothing, unless asked for
//! proxy                  ─▶ nothing, ever: programs take HTTP_PROXY for the way out (httpoxy)
//! accept_language        ─▶ nothing: whoever strips a name strips its hyphens; 400 beside `accept-language`
//! ```

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
};

use enfilade_core::Rejection;
use http::{
    HeaderMap, HeaderName,
    header::{AUTHORIZATION, COOKIE},
};

use super::Variables;
use crate::reason;

/// Variables of their own, fields of the connection (RFC 9110 §7.6.1), and what a script must not see.
const NEVER: [&str; 12] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Adds a variable for each field that a script may see.
pub(super) fn add(
    variables: &mut Variables,
    headers: &HeaderMap,
    with_authorization: bool,
) -> Result<(), Rejection> {
    for name in headers.keys() {
        let text = name.as_str();
        if let Some(twin) = twin(text) {
            // Fields of either spelling would be one variable: the client could speak for whoever sent the other.
            if headers.contains_key(&twin) {
                return Err(reason::collision(text));
            }
            continue;
        }
        if NEVER.contains(&text) || (name == AUTHORIZATION && !with_authorization) {
            continue;
        }
        variables.0.push((variable(name).into(), joined(headers, name)));
    }
    Ok(())
}

/// The name that this one would be taken for, if it holds anything but letters, digits and hyphens.
fn twin(name: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if name.bytes().all(plain) {
        return None;
    }
    Some(name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect())
}

fn variable(name: &HeaderName) -> OsString {
    let mut variable = Vec::with_capacity(5 + name.as_str().len());
    variable.extend_from_slice(b"HTTP_");
    variable.extend(name.as_str().bytes().map(|b| if b == b'-' { b'_' } else { b.to_ascii_uppercase() }));
    OsString::from_vec(variable)
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> OsString {
    // RFC 9113 §8.2.3 for cookies, whose own syntax has no comma; RFC 9110 §5.3 for the others.
    let separator = if name == COOKIE { "; " } else { ", " };
    let mut values = headers.get_all(name).iter().map(|value| OsStr::from_bytes(value.as_bytes()));
    let mut all = values.next().unwrap_or_default().to_owned();
    for value in values {
        all.push(separator);
        all.push(value);
    }
    all
}
