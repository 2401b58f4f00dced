//! The fields of a response's head or trailers, as an app gives them: pairs of bytes, in any iterable.
//!
//! ```text
//! names in any case ─▶ lower case        set-cookie ─▶ as often as it is there       connection, keep-alive … ─▶ left out
//! ```

use std::cell::RefCell;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyList, PyTuple},
};

use super::{
    message::wrong,
    places::{LONGEST, PLACES, place},
};

thread_local! {
    /// Apps send nearly the same fields with every response.
    static SENT: RefCell<Vec<Option<(HeaderName, HeaderValue)>>> =
        RefCell::new((0..PLACES).map(|_| None).collect());
}

/// Fields that the links before may add: with room for them from the start the map need not grow.
const MORE: usize = 4;

/// Fields that there is room for from the start; an app that gives more makes the map grow.
const MOST: usize = 60;

/// Where the fields stand.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// With `trailers`, the head may name those that follow.
    Head {
        trailers: bool,
    },
    Trailers,
}

/// Adds them to a map.
pub(super) fn add(map: &mut HeaderMap, headers: &Bound<'_, PyAny>, of: Of) -> PyResult<()> {
    if let Ok(list) = headers.cast::<PyList>() {
        map.reserve(list.len().min(MOST) + MORE);
        return list.iter().try_for_each(|pair| field(map, &pair, of));
    }
    let pairs = headers.try_iter().map_err(|_| wrong("`headers`", "an iterable of pairs", headers))?;
    pairs.into_iter().try_for_each(|pair| field(map, &pair?, of))
}

fn field(map: &mut HeaderMap, pair: &Bound<'_, PyAny>, of: Of) -> PyResult<()> {
    let (name, value) = if let Ok(pair) = pair.cast_exact::<PyTuple>()
        && pair.len() == 2
    {
        (pair.get_item(0)?, pair.get_item(1)?)
    } else {
        let pair: [Bound<'_, PyAny>; 2] =
            pair.extract().map_err(|_| wrong("a header", "a pair of bytes", pair))?;
        pair.into()
    };
    let (name, value) = (bytes("name", &name)?, bytes("value", &value)?);
    let bad = |what: &str| {
        PyValueError::new_err(format!("a header's {what} cannot be sent: {}", name.as_bytes().escape_ascii()))
    };
    let (parsed, value) = parse(name.as_bytes(), trimmed(value.as_bytes())).map_err(bad)?;
    // Of this connection, and so the server's (ASGI: "servers may ignore them"); the framing follows the body.
    if is_of_the_connection(&parsed)
        || matches!(of, Of::Head { trailers: false } if parsed == header::TRAILER)
    {
        return Ok(());
    }
    if parsed == header::CONTENT_LENGTH {
        // RFC 9110 §6.5.1: what says how a message is framed is no trailer.
        if matches!(of, Of::Trailers) {
            return Err(bad("name"));
        }
        if map.contains_key(&parsed) {
            return Err(PyValueError::new_err("`content-length` is there twice"));
        }
    }
    map.try_append(parsed, value).map(drop).map_err(|_| PyValueError::new_err("too many headers"))
}

/// Without the blanks around it (RFC 9110 §5.5); a line break is none.
fn trimmed(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let begin = value.iter().position(|byte| !blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !blank(byte)).map_or(begin, |last| last + 1);
    &value[begin..end]
}

/// Both parts, or which of them is none.
fn parse(name: &[u8], value: &[u8]) -> Result<(HeaderName, HeaderValue), &'static str> {
    let new = || {
        let name = HeaderName::from_bytes(name).map_err(|_| "name")?;
        let value = HeaderValue::from_bytes(value).map_err(|_| "value")?;
        Ok((name, value))
    };
    // What signs somebody in is not kept longer than it must be.
    if value.len() > LONGEST || name.eq_ignore_ascii_case(b"set-cookie") {
        return new();
    }
    let place = place(name, value);
    SENT.with_borrow_mut(|sent| {
        if let Some((known, same)) = &sent[place]
            && known.as_str().as_bytes() == name
            && same.as_bytes() == value
        {
            return Ok((known.clone(), same.clone()));
        }
        let (name, value) = new()?;
        sent[place] = Some((name.clone(), value.clone()));
        Ok((name, value))
    })
}

fn bytes<'a, 'py>(what: &str, part: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyBytes>> {
    part.cast::<PyBytes>().map_err(|_| wrong(&format!("a header's {what}"), "bytes", part))
}

fn is_of_the_connection(name: &HeaderName) -> bool {
    matches!(*name, header::CONNECTION | header::TRANSFER_ENCODING | header::UPGRADE | header::TE)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}
