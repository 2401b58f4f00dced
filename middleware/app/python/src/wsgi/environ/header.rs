//! Header fields as `HTTP_*` variables, as `enfilade-cgi` has them, save one.
//!
//! ```text
//! accept-language        ─▶ HTTP_ACCEPT_LANGUAGE      repeated fields joined by `, `, cookies by `; `
//! authorization          ─▶ HTTP_AUTHORIZATION: Flask, Django and others check credentials of their own by it, and the
//!                           environ is no environment: no other process can read it
//! proxy                  ─▶ nothing, ever: programs take HTTP_PROXY for the way out (httpoxy)
//! accept_language        ─▶ nothing: whoever strips a name strips its hyphens; 400 beside `accept-language`
//! ```

use std::cell::RefCell;

use http::{HeaderMap, HeaderValue, header::COOKIE};
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyString},
};

use super::words::{Last, latin1};
use crate::request::Fault;

/// Variables of their own, fields of the connection (RFC 9110 §7.6.1), and what an app must not see.
const NEVER: [&str; 11] = [
    "connection",
    "content-length",
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

/// Words in the names of fields whose values are not kept.
const SECRETS: [&str; 8] = ["auth", "cookie", "csrf", "key", "password", "secret", "session", "token"];

/// Fields that browsers and tools send.
const USUAL: [&str; 24] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "cookie",
    "dnt",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "origin",
    "pragma",
    "priority",
    "range",
    "referer",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "traceparent",
    "upgrade-insecure-requests",
    "user-agent",
    "x-csrftoken",
    "x-requested-with",
];

/// Names that are remembered; each has its place, and another that falls on it takes it over.
const PLACES: usize = 256;

thread_local! {
    static NAMES: RefCell<Vec<Option<Name>>> = const { RefCell::new(Vec::new()) };
}

/// A field's name, what it is to the app, and the last value that it had.
struct Name {
    sent: Box<str>,
    meaning: Meaning,
    last: Last,
}

enum Meaning {
    Variable(Py<PyString>),
    /// A variable whose value is not kept: a secret.
    Secret(Py<PyString>),
    Never,
    /// A name with other signs than letters, digits and hyphens; this is the one that it would be taken for.
    Odd(Box<str>),
}

/// Adds a variable for each field that an app may see.
pub(super) fn add(environ: &Bound<'_, PyDict>, headers: &HeaderMap) -> PyResult<Result<(), Fault>> {
    NAMES.with_borrow_mut(|names| {
        if names.is_empty() {
            names.resize_with(PLACES, || None);
        }
        if headers.len() == headers.keys_len() {
            for (name, value) in headers {
                if let Err(fault) = one(environ, headers, names, name.as_str(), value.as_bytes())? {
                    return Ok(Err(fault));
                }
            }
            return Ok(Ok(()));
        }
        for name in headers.keys() {
            let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
            if values.len() > 1 && name == http::header::CONTENT_TYPE {
                return Ok(Err(Fault::Repeated("content-type")));
            }
            // RFC 9113 §8.2.3 for cookies, whose own syntax has no comma; RFC 9110 §5.3 for the others.
            let separator: &[u8] = if name == COOKIE { b"; " } else { b", " };
            if let Err(fault) = one(environ, headers, names, name.as_str(), &values.join(separator))? {
                return Ok(Err(fault));
            }
        }
        Ok(Ok(()))
    })
}

fn one(
    environ: &Bound<'_, PyDict>,
    headers: &HeaderMap,
    names: &mut [Option<Name>],
    name: &str,
    value: &[u8],
) -> PyResult<Result<(), Fault>> {
    let py = environ.py();
    let place = &mut names[place(name.as_bytes())];
    let known = match place {
        Some(known) if *known.sent == *name => known,
        place => place.insert(Name::of(py, name)),
    };
    match &known.meaning {
        Meaning::Variable(variable) => {
            known.last.with(py, value, |text| environ.set_item(variable, text))?;
        }
        Meaning::Secret(variable) => environ.set_item(variable, latin1(py, value))?,
        // Fields of either spelling would be one variable: the client could speak for whoever sent the other.
        Meaning::Odd(twin) if headers.contains_key(&**twin) => {
            return Ok(Err(Fault::Collision(name.to_owned())));
        }
        Meaning::Odd(_) | Meaning::Never => {}
    }
    Ok(Ok(()))
}

impl Name {
    #[cold]
    fn of(py: Python<'_>, name: &str) -> Self {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let meaning = if !name.bytes().all(plain) {
            Meaning::Odd(name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect())
        } else if NEVER.contains(&name) {
            Meaning::Never
        } else if name == "content-type" {
            Meaning::Variable(intern!(py, "CONTENT_TYPE").clone().unbind())
        } else {
            let variable = variable(py, name);
            let secret = SECRETS.iter().any(|word| name.contains(word));
            if secret { Meaning::Secret(variable) } else { Meaning::Variable(variable) }
        };
        Self { sent: name.into(), meaning, last: Last::default() }
    }
}

/// The usual ones are interned, so that looking one up compares no bytes. Others are not: since Python 3.12 an interned
/// string stays for ever, and a client may send a new name each time.
fn variable(py: Python<'_>, name: &str) -> Py<PyString> {
    let mut variable = String::with_capacity(5 + name.len());
    variable.push_str("HTTP_");
    variable.extend(name.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_uppercase() }));
    let usual = USUAL.contains(&name);
    if usual { PyString::intern(py, &variable) } else { PyString::new(py, &variable) }.unbind()
}

/// Where a name has its place: its first word, its last and its length, mixed.
fn place(name: &[u8]) -> usize {
    let first = name.first_chunk().map_or_else(|| short(name), |word: &[u8; 8]| u64::from_le_bytes(*word));
    let last = name.last_chunk().map_or(0, |word: &[u8; 8]| u64::from_le_bytes(*word));
    let mixed = (first ^ last.rotate_left(23) ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 56).unwrap_or_default()
}

fn short(name: &[u8]) -> u64 {
    name.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}
