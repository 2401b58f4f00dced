//! A request's fields as an app reads them: `[(b"name", b"value"), …]`, names in lower case.
//!
//! ```text
//! :authority, no Host ─▶ (b"host", …) first        cookie, cookie ─▶ one, joined by "; "
//! a pair that was made before ─▶ the same tuple: bytes and tuples do not change
//! ```

use std::cell::RefCell;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION, TE},
    request,
};
use pyo3::{
    Borrowed,
    prelude::*,
    types::{PyBytes, PyList, PyTuple},
};

use crate::asgi::places::{LONGEST, PLACES, place};

thread_local! {
    /// Pairs by a hash of both parts. Clients send nearly the same fields with every request, and proxies do for all
    /// their clients.
    static PAIRS: RefCell<Vec<Option<Py<PyTuple>>>> = RefCell::new((0..PLACES).map(|_| None).collect());
}

/// The fields, and whether `te` is among them.
pub(super) fn list<'py>(py: Python<'py>, head: &request::Parts) -> PyResult<(Bound<'py, PyList>, bool)> {
    let headers = &head.headers;
    let list = PyList::empty(py);
    if let Some(authority) = head.uri.authority()
        && !headers.contains_key(HOST)
    {
        let host = PyBytes::new(py, host_and_port(authority.as_str()).as_bytes());
        list.append((PyBytes::new(py, b"host"), host))?;
    }
    // As many names as values: no field is there twice.
    let repeated = headers.len() != headers.keys_len();
    let many_cookies = repeated && headers.get_all(COOKIE).iter().nth(1).is_some();
    let mut has_te = false;
    for (name, value) in headers {
        if many_cookies && *name == COOKIE {
            continue;
        }
        has_te |= *name == TE;
        list.append(pair(py, name, value)?)?;
    }
    if many_cookies {
        list.append((PyBytes::new(py, b"cookie"), PyBytes::new(py, &joined(headers))))?;
    }
    Ok((list, has_te))
}

/// Without the user, of which nobody should make a host.
fn host_and_port(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, rest)| rest)
}

/// RFC 9113 §8.2.3: the crumbs of HTTP/2 are one field to whoever knows HTTP/1.
fn joined(headers: &HeaderMap) -> Vec<u8> {
    let crumbs: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    crumbs.join(&b"; "[..])
}

fn pair<'py>(py: Python<'py>, name: &HeaderName, value: &HeaderValue) -> PyResult<Bound<'py, PyTuple>> {
    let (name_bytes, value_bytes) = (name.as_str().as_bytes(), value.as_bytes());
    // What signs somebody in is not kept longer than it must be.
    let secret =
        value.is_sensitive() || *name == AUTHORIZATION || *name == COOKIE || *name == PROXY_AUTHORIZATION;
    if secret || value_bytes.len() > LONGEST {
        return new(py, name_bytes, value_bytes);
    }
    let place = place(name_bytes, value_bytes);
    PAIRS.with_borrow_mut(|pairs| {
        let kept = &mut pairs[place];
        if let Some(pair) = kept
            && is(pair.bind(py), name_bytes, value_bytes)
        {
            return Ok(pair.bind(py).clone());
        }
        let made = new(py, name_bytes, value_bytes)?;
        *kept = Some(made.clone().unbind());
        Ok(made)
    })
}

fn new<'py>(py: Python<'py>, name: &[u8], value: &[u8]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, [PyBytes::new(py, name), PyBytes::new(py, value)])
}

fn is(pair: &Bound<'_, PyTuple>, name: &[u8], value: &[u8]) -> bool {
    let part = |place| pair.get_borrowed_item(place).ok();
    let same = |part: Option<Borrowed<'_, '_, PyAny>>, bytes: &[u8]| {
        part.is_some_and(|part| part.cast::<PyBytes>().is_ok_and(|part| part.as_bytes() == bytes))
    };
    same(part(1), value) && same(part(0), name)
}
