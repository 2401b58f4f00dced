//! Texts that are told again and again, made once: names of variables, and values that equal those of the last request.
//!
//! ```text
//! accept-language ─▶ HTTP_ACCEPT_LANGUAGE      a connection that stays open says nearly the same each time
//! ```

use pyo3::{
    ffi,
    prelude::*,
    types::{PyString, string::PyStringData},
};

/// Longer values are not kept.
const KEPT: usize = 256;

/// Bytes as the text that PEP 3333 has for them, a character each.
pub(super) fn latin1<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    let length = bytes.len().cast_signed();
    // SAFETY: it reads so many bytes, and gives a new string or a null pointer, for want of memory only.
    unsafe {
        let text = ffi::PyUnicode_DecodeLatin1(bytes.as_ptr().cast(), length, std::ptr::null());
        Bound::from_owned_ptr(py, text).cast_into_unchecked()
    }
}

/// The last value of something, as text.
#[derive(Debug, Default)]
pub(super) struct Last(Option<Py<PyString>>);

impl Last {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// The text of these bytes: the last one, if it is the same.
    pub(super) fn text<'py>(&mut self, py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
        if let Some(text) = &self.0
            && is(text.bind(py), bytes)
        {
            return text.bind(py).clone();
        }
        let text = latin1(py, bytes);
        self.0 = (bytes.len() <= KEPT).then(|| text.clone().unbind());
        text
    }
}

fn is(text: &Bound<'_, PyString>, bytes: &[u8]) -> bool {
    // SAFETY: a string's data does not change.
    matches!(unsafe { text.data() }, Ok(PyStringData::Ucs1(data)) if data == bytes)
}
