//! What calling the app comes to: a head, what of the body is there, and what is still to be pulled.
//!
//! ```text
//! app(environ, start_response) ─┬─ [b"…"], (b"…",) ─▶ all of it at once
//!                               ├─ FileWrapper(file) ─▶ its blocks
//!                               └─ any iterable ─▶ pulled to the first chunk that is not empty, then the head is due
//! ```

use bytes::Bytes;
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    intern,
    prelude::*,
    types::{PyDict, PyIterator, PyList, PyTuple},
};

use super::{
    file_wrapper::{FileWrapper, RegularFile},
    head::Head,
    panic::caught,
    reason,
    start_response::{Due, Lease, StartResponse, chunk},
};

/// What calling the app comes to.
pub(super) struct Answer {
    /// `None` where `write` has sent it.
    pub(super) head: Option<Head>,
    pub(super) chunks: Chunks,
    pub(super) rest: Option<Rest>,
}

/// What of a body is there. Most have one chunk.
pub(super) enum Chunks {
    One(Bytes),
    Many(Vec<Bytes>),
}

impl Chunks {
    /// How long it is all together.
    pub(super) fn sum(&self) -> u64 {
        match self {
            Self::One(chunk) => chunk.len() as u64,
            Self::Many(chunks) => chunks.iter().map(|chunk| chunk.len() as u64).sum(),
        }
    }

    pub(super) fn into_vec(self) -> Vec<Bytes> {
        match self {
            Self::One(chunk) => vec![chunk],
            Self::Many(chunks) => chunks,
        }
    }

    fn after(self, mut written: Vec<Bytes>) -> Self {
        if written.is_empty() {
            return self;
        }
        match self {
            Self::One(chunk) => written.push(chunk),
            Self::Many(chunks) => written.extend(chunks),
        }
        Self::Many(written)
    }
}

/// Calls the app.
///
/// # Errors
///
/// Whatever it raises, and what is no answer, as an exception; `close()` was called then.
pub(super) fn call(
    py: Python<'_>,
    app: &Py<PyAny>,
    environ: &Bound<'_, PyDict>,
    lease: &Lease,
) -> PyResult<Answer> {
    caught(|| try_call(py, app, environ, lease))
}

fn try_call(py: Python<'_>, app: &Py<PyAny>, environ: &Bound<'_, PyDict>, lease: &Lease) -> PyResult<Answer> {
    let result = app.bind(py).call1((environ, lease.callable()))?;
    let start = lease.get();
    if let Some(chunks) = listed(&result)? {
        let chunks = if start.has_written() { chunks.after(start.written()) } else { chunks };
        return Ok(Answer { head: due(start)?, chunks, rest: None });
    }
    let mut rest = Rest::of(py, &result)?;
    let first = rest.first(py, start)?;
    let written = start.written();
    let (chunks, ended) = match first {
        First::Chunk(chunk) => (Chunks::One(chunk).after(written), false),
        First::Written => (Chunks::Many(written), false),
        First::End => (Chunks::Many(written), true),
    };
    let head = due(start)?;
    // What is promised is there: the app's next step could only be to end.
    let complete = head.as_ref().is_some_and(|head| head.length == Some(chunks.sum()));
    if ended || complete {
        rest.close(py);
        return Ok(Answer { head, chunks, rest: None });
    }
    Ok(Answer { head, chunks, rest: Some(rest) })
}

/// All of the body, where it is a list or a tuple.
fn listed(result: &Bound<'_, PyAny>) -> PyResult<Option<Chunks>> {
    if let Ok(list) = result.cast_exact::<PyList>() {
        if list.len() == 1 {
            return Ok(Some(Chunks::One(chunk(&list.get_item(0)?)?)));
        }
        return list
            .iter()
            .map(|item| chunk(&item))
            .collect::<PyResult<_>>()
            .map(|all| Some(Chunks::Many(all)));
    }
    let Ok(tuple) = result.cast_exact::<PyTuple>() else { return Ok(None) };
    tuple.iter_borrowed().map(|item| chunk(&item)).collect::<PyResult<_>>().map(|all| Some(Chunks::Many(all)))
}

/// The head, where it is not sent already.
fn due(start: &StartResponse) -> PyResult<Option<Head>> {
    match start.commit() {
        Due::Head(head) => Ok(Some(head)),
        Due::Sent => Ok(None),
        Due::Nothing => Err(PyValueError::new_err("the app answered without calling start_response")),
    }
}

/// What is still to be pulled; `close()` is called when it is dropped, if not before.
pub(super) struct Rest {
    source: Source,
    /// What the app returned, until it is closed.
    returned: Option<Py<PyAny>>,
}

enum Source {
    Iterator(Py<PyIterator>),
    File(RegularFile),
}

enum First {
    Chunk(Bytes),
    Written,
    End,
}

impl Rest {
    fn of(py: Python<'_>, result: &Bound<'_, PyAny>) -> PyResult<Self> {
        let wrapper = result.cast_exact::<FileWrapper>().ok();
        if let Some(file) = wrapper.and_then(|wrapper| RegularFile::under(py, wrapper.get())) {
            return Ok(Self { source: Source::File(file), returned: Some(result.clone().unbind()) });
        }
        match result.try_iter() {
            Ok(iterator) => Ok(Self {
                source: Source::Iterator(iterator.unbind()),
                returned: Some(result.clone().unbind()),
            }),
            Err(error) => {
                close(result);
                let kind = result.get_type();
                let told =
                    PyTypeError::new_err(format!("the app must return an iterable of bytes, not {kind}"));
                told.set_cause(py, Some(error));
                Err(told)
            }
        }
    }

    fn first(&mut self, py: Python<'_>, start: &StartResponse) -> PyResult<First> {
        if self.exact().is_some() {
            return Ok(First::Written);
        }
        loop {
            if start.is_due() {
                return Ok(First::Written);
            }
            match self.next(py)? {
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => return Ok(First::Chunk(chunk)),
                None if start.has_written() => return Ok(First::Written),
                None => return Ok(First::End),
            }
        }
    }

    /// How much is still to come, where that is known.
    pub(super) fn exact(&self) -> Option<u64> {
        match &self.source {
            Source::File(file) => Some(file.left()),
            Source::Iterator(_) => None,
        }
    }

    /// The next chunk, which may be empty; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the app raises, or what is no `bytes`.
    pub(super) fn next(&mut self, py: Python<'_>) -> PyResult<Option<Bytes>> {
        match &mut self.source {
            Source::Iterator(iterator) => {
                caught(|| iterator.bind(py).clone().next().map(|item| chunk(&item?)).transpose())
            }
            Source::File(file) => Ok(py.detach(|| file.next())?),
        }
    }

    /// Calls `close()`, once.
    pub(super) fn close(&mut self, py: Python<'_>) {
        if let Some(returned) = self.returned.take() {
            close(returned.bind(py));
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if self.returned.is_some() {
            Python::attach(|py| self.close(py));
        }
    }
}

/// PEP 3333: "if the iterable has a `close()` method, it must be called", however the request ended.
fn close(returned: &Bound<'_, PyAny>) {
    let py = returned.py();
    let closed = caught(|| match returned.getattr_opt(intern!(py, "close"))? {
        Some(close) => close.call0().map(drop),
        None => Ok(()),
    });
    if let Err(error) = closed {
        reason::raised(py, &error);
    }
}
