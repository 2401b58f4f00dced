//! Texts that are told again and again, made once: the last value that each field had.
//!
//! ```text
//! accept-language: de ─▶ a connection that stays open says the same each time
//! ```

use pyo3::{ffi, prelude::*, types::PyString};

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

/// The last value of something: its bytes, and their text.
#[derive(Debug, Default)]
pub(super) struct Last(Option<(Box<[u8]>, Py<PyString>)>);

impl Last {
    /// Gives `then` the text of these bytes: the last one, if it is the same.
    pub(super) fn with<T>(
        &mut self,
        py: Python<'_>,
        bytes: &[u8],
        then: impl FnOnce(&Bound<'_, PyString>) -> T,
    ) -> T {
        if let Some((last, text)) = &self.0
            && **last == *bytes
        {
            return then(text.bind(py));
        }
        let text = latin1(py, bytes);
        let told = then(&text);
        self.0 = (bytes.len() <= KEPT).then(|| (bytes.into(), text.unbind()));
        told
    }
}
