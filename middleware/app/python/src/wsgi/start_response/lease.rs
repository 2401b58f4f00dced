//! `start_response` for one request: the one that this thread has spare, if the last app has kept nothing of it.
//!
//! ```text
//! new ─▶ the spare, or three objects ─▶ request ─▶ dropped ─┬─ nobody else refers to it ─▶ the spare
//!                                                           └─ the app has kept it ──────▶ over: it does nothing more
//! ```

use std::cell::RefCell;

use pyo3::{ffi, intern, prelude::*};

use super::{Stage, StartResponse};
use crate::wsgi::pool::Outlet;

thread_local! {
    static SPARE: RefCell<Option<Parts>> = const { RefCell::new(None) };
}

/// `start_response` for one request.
pub(in crate::wsgi) struct Lease(Option<Parts>);

struct Parts {
    exchange: Py<StartResponse>,
    /// Its bound methods, each of which refers to it.
    start: Py<PyAny>,
    write: Py<PyAny>,
}

impl Lease {
    /// With an outlet, what the app writes is sent at once; without one it is kept.
    ///
    /// # Errors
    ///
    /// For want of memory.
    pub(in crate::wsgi) fn new(py: Python<'_>, outlet: Option<Outlet>) -> PyResult<Self> {
        let parts = match SPARE.take() {
            Some(parts) => parts,
            None => Parts::new(py)?,
        };
        let mut state = parts.exchange.get().state();
        state.stage = Stage::Waiting;
        state.outlet = outlet;
        state.write = Some(parts.write.clone_ref(py));
        drop(state);
        Ok(Self(Some(parts)))
    }

    /// What the app calls.
    pub(in crate::wsgi) fn callable(&self) -> &Py<PyAny> {
        &self.parts().start
    }

    /// What it has said.
    pub(in crate::wsgi) fn get(&self) -> &StartResponse {
        self.parts().exchange.get()
    }

    fn parts(&self) -> &Parts {
        self.0.as_ref().expect("it has its parts until it is dropped")
    }
}

impl Parts {
    #[cold]
    fn new(py: Python<'_>) -> PyResult<Self> {
        let exchange = Bound::new(py, StartResponse::new())?;
        let start = exchange.getattr(intern!(py, "start_response"))?.unbind();
        let write = exchange.getattr(intern!(py, "write"))?.unbind();
        Ok(Self { exchange: exchange.unbind(), start, write })
    }

    /// Whether nobody else can call it. Where threads run Python at once, a count says nothing for sure.
    fn is_free(&self, py: Python<'_>) -> bool {
        let count = |object: &Bound<'_, PyAny>| {
            // SAFETY: the object is alive, and this thread holds Python's lock.
            unsafe { ffi::Py_REFCNT(object.as_ptr()) }
        };
        cfg!(not(Py_GIL_DISABLED))
            && count(self.start.bind(py)) == 1
            && count(self.write.bind(py)) == 1
            && count(self.exchange.bind(py)) == 3
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(parts) = self.0.take() else { return };
        Python::attach(|py| {
            let mut state = parts.exchange.get().state();
            state.stage = Stage::Over;
            // What goes may run the app's code, which may call it: not while it is locked.
            let gone = (state.outlet.take(), state.write.take(), std::mem::take(&mut state.written));
            drop(state);
            drop(gone);
            if parts.is_free(py) {
                SPARE.set(Some(parts));
            }
        });
    }
}
