//! `start_response` of one request, and the `write` that it returns.
//!
//! ```text
//! Waiting ── start_response ──▶ Ready(head) ── first non-empty chunk, write(), end ──▶ Committed ──▶ Over
//!                                │ again: AssertionError · with exc_info: replaced       │ with exc_info: raised
//! ```
//!
//! Inline, what is written waits until the app returns: it holds the thread that would send it. In a pool it is sent at
//! once, and `write` waits while the client does not read.

mod lease;

pub(super) use self::lease::Lease;

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use pyo3::{
    exceptions::{PyAssertionError, PyRuntimeError, PyTypeError},
    intern,
    prelude::*,
    types::{PyBytes, PyTuple},
};

use super::{head::Head, pool::Outlet};

/// What both callables belong to: they are its methods.
#[pyclass(frozen, module = "enfilade", name = "Exchange")]
pub(super) struct StartResponse(Mutex<State>);

struct State {
    stage: Stage,
    written: Vec<Bytes>,
    outlet: Option<Outlet>,
    /// Its own bound method; whoever has the lease takes it out, since it refers back.
    write: Option<Py<PyAny>>,
}

enum Stage {
    Waiting,
    Ready(Head),
    Committed,
    Over,
}

/// What an app has said so far.
pub(super) enum Due {
    Head(Head),
    /// `write` has sent it.
    Sent,
    Nothing,
}

impl StartResponse {
    fn new() -> Self {
        let stage = Stage::Waiting;
        Self(Mutex::new(State { stage, written: Vec::new(), outlet: None, write: None }))
    }

    /// The head, for good.
    pub(super) fn commit(&self) -> Due {
        let stage = &mut self.state().stage;
        match mem::replace(stage, Stage::Committed) {
            Stage::Ready(head) => Due::Head(head),
            Stage::Committed | Stage::Over => Due::Sent,
            Stage::Waiting => {
                *stage = Stage::Waiting;
                Due::Nothing
            }
        }
    }

    /// Whether the head must go out: `write` was called.
    pub(super) fn is_due(&self) -> bool {
        let state = self.state();
        !state.written.is_empty() || matches!(state.stage, Stage::Committed)
    }

    /// What was written and not sent.
    pub(super) fn written(&self) -> Vec<Bytes> {
        mem::take(&mut self.state().written)
    }

    /// Whether something was written.
    pub(super) fn has_written(&self) -> bool {
        !self.state().written.is_empty()
    }

    /// The way out, for whoever sends the rest.
    pub(super) fn outlet(&self) -> Option<Outlet> {
        self.state().outlet.take()
    }

    /// Nobody holds it while Python runs, so it is never waited for.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl StartResponse {
    #[pyo3(signature = (status, headers, exc_info = None, /))]
    fn start_response<'py>(
        slf: &Bound<'py, Self>,
        status: &Bound<'py, PyAny>,
        headers: &Bound<'py, PyAny>,
        exc_info: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let this = slf.get();
        let info = exc_info.filter(|info| !info.is_none());
        // What it holds may run the app's code, which may call this again: nothing is locked meanwhile.
        let refused = match (&this.state().stage, info.is_some()) {
            (Stage::Waiting, _) | (Stage::Ready(_), true) => None,
            (Stage::Ready(_) | Stage::Committed, false) => Some(called_before as fn() -> PyErr),
            (Stage::Committed | Stage::Over, _) => Some(over as fn() -> PyErr),
        };
        if let Some(refused) = refused {
            return Err(info.map_or_else(|| Ok(refused()), again)?);
        }
        let head = Head::of(status, headers)?;
        let mut state = this.state();
        state.stage = Stage::Ready(head);
        match &state.write {
            Some(write) => Ok(write.bind(slf.py()).clone()),
            None => Err(over()),
        }
    }

    #[pyo3(signature = (data, /))]
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let data = chunk(data)?;
        let mut state = self.state();
        let State { stage, written, outlet, .. } = &mut *state;
        if matches!(stage, Stage::Over) {
            return Err(over());
        }
        if data.is_empty() {
            return Ok(());
        }
        let Some(outlet) = outlet else {
            written.push(data);
            return Ok(());
        };
        let head = match mem::replace(stage, Stage::Committed) {
            Stage::Ready(head) => Some(head),
            Stage::Waiting | Stage::Committed | Stage::Over => None,
        };
        let sender = outlet.open(head)?;
        drop(state);
        sender.send(py, data)
    }
}

#[cold]
fn called_before() -> PyErr {
    PyAssertionError::new_err("start_response was called before: give exc_info")
}

/// For an app that keeps what it was given.
#[cold]
fn over() -> PyErr {
    PyRuntimeError::new_err("this request is over")
}

/// The exception that `exc_info` holds, to be raised where it came from: the head is out, nothing can be replaced.
#[cold]
fn again(info: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let info = info.cast::<PyTuple>().map_err(|_| PyTypeError::new_err("exc_info must be a tuple"))?;
    let value = info.get_item(1)?;
    let traced = value.call_method1(intern!(info.py(), "with_traceback"), (info.get_item(2)?,))?;
    Ok(PyErr::from_value(traced))
}

/// Bytes that an app gives: a small one is copied, a large one is shared; `bytes` cannot change.
///
/// # Errors
///
/// `TypeError` for anything but `bytes`, as PEP 3333 has it: a `str` has no encoding of its own.
pub(super) fn chunk(data: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    /// Shared bytes are let go of under Python's lock, or by whoever has it next: that costs more than copying a few.
    const SHARED: usize = 16 << 10;

    let Ok(data) = data.cast::<PyBytes>() else {
        let kind = data.get_type();
        return Err(PyTypeError::new_err(format!("the body must be bytes, not {kind}")));
    };
    let bytes = data.as_bytes();
    if bytes.len() < SHARED {
        return Ok(Bytes::copy_from_slice(bytes));
    }
    // SAFETY: the owner that goes along keeps the object, and a `bytes` object's data neither moves nor changes.
    let shared = unsafe { std::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) };
    Ok(Bytes::from_owner(Shared { data: shared, _owner: data.clone().unbind() }))
}

struct Shared {
    data: &'static [u8],
    _owner: Py<PyBytes>,
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.data
    }
}
