//! What an app gives `start_response`, judged strictly; what is wrong is an exception where the app called.
//!
//! ```text
//! "404 Gone fishing" ─▶ 404, and its phrase where HTTP has another      1xx: not the app's to send
//! [("X", "1"), …]    ─▶ fields: a list of pairs of str, tokens and Latin-1 without CR, LF, NUL
//! Connection, Transfer-Encoding, … ─▶ refused: they are the server's (PEP 3333)      Content-Length: once, digits
//! ```

mod field;

use http::{HeaderMap, StatusCode};
use hyper::ext::ReasonPhrase;
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyList, PyString, PyTuple, string::PyStringData},
};

use self::field::{Kind, Unfit};

/// Fields that the links before may add: with room for them from the start the map need not grow.
const MORE: usize = 4;

/// Fields that there is room for from the start; an app that gives more makes the map grow.
const MOST: usize = 60;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    /// Where it is not the usual one.
    pub(super) reason: Option<ReasonPhrase>,
    pub(super) headers: HeaderMap,
    /// How long the body is, if the app says so.
    pub(super) length: Option<u64>,
}

impl Head {
    /// Judges what the app gives.
    ///
    /// # Errors
    ///
    /// `TypeError` and `ValueError`, for the app to see.
    pub(super) fn of(status: &Bound<'_, PyAny>, headers: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (status, reason) = self::status(status)?;
        let Ok(list) = headers.cast::<PyList>() else {
            return Err(PyTypeError::new_err("headers must be a list of pairs"));
        };
        let headers = HeaderMap::with_capacity(list.len().min(MOST) + MORE);
        let mut head = Self { status, reason, headers, length: None };
        for field in list {
            head.add(&field)?;
        }
        Ok(head)
    }

    fn add(&mut self, field: &Bound<'_, PyAny>) -> PyResult<()> {
        let pair = || PyTypeError::new_err("each header must be a pair of str");
        let field = field.cast::<PyTuple>().map_err(|_| pair())?;
        if field.len() != 2 {
            return Err(pair());
        }
        let (name, value) = (field.get_borrowed_item(0)?, field.get_borrowed_item(1)?);
        let name = name.cast::<PyString>().map_err(|_| pair())?;
        let value = value.cast::<PyString>().map_err(|_| pair())?;
        let refused = |why: &str| PyValueError::new_err(format!("header {name:?}: {why}"));
        let bytes = latin1(&name).ok_or(Unfit::Name).and_then(|name| {
            let value = latin1(&value).ok_or(Unfit::Value)?;
            field::of(name, value)
        });
        let (name, value, kind) = match bytes {
            Ok(field) => field,
            Err(Unfit::Name) => return Err(refused("its name is no token")),
            Err(Unfit::Value) => return Err(refused("its value is not Latin-1 without control characters")),
            Err(Unfit::HopByHop) => {
                return Err(refused("it belongs to the connection, which is the server's"));
            }
        };
        if kind == Kind::Length {
            let length = digits(value.as_bytes()).ok_or_else(|| refused("it is no number"))?;
            if self.length.replace(length).is_some() {
                return Err(refused("it is there twice"));
            }
        }
        self.headers.try_append(name, value).map_err(|_| refused("there are too many"))?;
        Ok(())
    }
}

/// `NNN reason`; the phrase is kept where it is not the usual one.
fn status(status: &Bound<'_, PyAny>) -> PyResult<(StatusCode, Option<ReasonPhrase>)> {
    let status = status.cast::<PyString>().map_err(|_| PyTypeError::new_err("the status must be a str"))?;
    let refused = |why: &str| PyValueError::new_err(format!("status {status:?}: {why}"));
    let text = latin1(status).ok_or_else(|| refused("it is not Latin-1"))?;
    let Some((digits, [b' ', reason @ ..])) = text.split_at_checked(3) else {
        return Err(refused("write three digits, a blank and a reason, such as \"200 OK\""));
    };
    let code = StatusCode::from_bytes(digits).map_err(|_| refused("it does not begin with three digits"))?;
    if code.is_informational() {
        return Err(refused("a final answer has a status of 200 or more"));
    }
    if code.canonical_reason().is_some_and(|usual| usual.as_bytes() == reason) {
        return Ok((code, None));
    }
    let reason = ReasonPhrase::try_from(reason).map_err(|_| refused("its reason has control characters"))?;
    Ok((code, Some(reason)))
}

/// The bytes that a text stands for (PEP 3333, "Unicode Issues"); `None` if it has characters beyond Latin-1.
fn latin1<'a>(text: &'a Bound<'_, PyString>) -> Option<&'a [u8]> {
    // SAFETY: a string's data does not change, and it lives as long as the borrow.
    match unsafe { text.data() } {
        Ok(PyStringData::Ucs1(bytes)) => Some(bytes),
        _ => None,
    }
}

/// `1*DIGIT`.
fn digits(value: &[u8]) -> Option<u64> {
    let add = |number: u64, digit: &u8| match digit {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    };
    (!value.is_empty()).then(|| value.iter().try_fold(0, add)).flatten()
}
