//! What asyncio takes for a selector: the interface of Python's `selectors.BaseSelector`, over a turn of tokio.
//!
//! ```text
//! register, modify, unregister, get_key, get_map ──▶ Descriptors
//! select(timeout) ──▶ Turn ──▶ [(key, events), …]
//! ```

use std::{os::fd::RawFd, pin::pin, rc::Rc, sync::Arc};

use pyo3::{
    exceptions::{PyKeyError, PyValueError},
    intern,
    prelude::*,
    types::{PyDict, PyList, PyTuple},
};

use super::{
    Local,
    descriptors::{Descriptors, READ, WRITE},
    turn::{Turn, Wait},
};
use crate::PythonRuntime;

/// The selector of one loop.
#[pyclass(frozen, unsendable, module = "enfilade")]
pub(crate) struct Selector {
    local: Rc<Local>,
    descriptors: Descriptors,
    keys: Py<Keys>,
    nothing: Py<PyTuple>,
    key_type: Py<PyAny>,
    runtime: Arc<PythonRuntime>,
}

impl Selector {
    pub(super) fn new(py: Python<'_>, local: Rc<Local>, runtime: Arc<PythonRuntime>) -> PyResult<Self> {
        let entered = runtime.enter();
        let descriptors = Descriptors::new()?;
        drop(entered);
        Ok(Self {
            local,
            descriptors,
            keys: Py::new(py, Keys(PyDict::new(py).unbind()))?,
            nothing: PyTuple::empty(py).unbind(),
            key_type: py.import("selectors")?.getattr("SelectorKey")?.unbind(),
            runtime,
        })
    }

    fn turn(&self, wait: Wait) {
        let turn = Turn::new(&self.local, &self.descriptors, wait);
        if let Wait::For(span) = wait {
            self.runtime.turn(async {
                let sleep = pin!(tokio::time::sleep(span));
                turn.with_sleep(sleep).await;
            });
        } else {
            self.runtime.turn(turn);
        }
    }

    fn key(
        &self,
        py: Python<'_>,
        file: &Bound<'_, PyAny>,
        fd: RawFd,
        events: u8,
        data: Py<PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let key = self.key_type.call1(py, (file, fd, events, data))?;
        self.keys(py).set_item(fd, &key)?;
        Ok(key)
    }
}

#[pymethods]
impl Selector {
    #[pyo3(signature = (timeout=None))]
    fn select(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Py<PyAny>> {
        self.turn(Wait::of(timeout));
        if let Some(error) = self.local.raised.take() {
            return Err(error);
        }
        let mut found: Option<Bound<'_, PyList>> = None;
        let mut failed = Ok(());
        self.descriptors.look(|fd, events| {
            let mut add = || -> PyResult<()> {
                let Some(key) = self.keys(py).get_item(fd)? else { return Ok(()) };
                let wanted: u8 = key.getattr(intern!(py, "events"))?.extract()?;
                let events = events & wanted;
                if events == 0 {
                    return Ok(());
                }
                found.get_or_insert_with(|| PyList::empty(py)).append((key, events))
            };
            if let Err(error) = add() {
                failed = Err(error);
            }
        })?;
        failed?;
        Ok(match found {
            Some(found) => found.into_any().unbind(),
            None => self.nothing.clone_ref(py).into_any(),
        })
    }

    #[pyo3(signature = (fileobj, events, data=None))]
    fn register(
        &self,
        py: Python<'_>,
        fileobj: Bound<'_, PyAny>,
        events: u8,
        data: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        check(events)?;
        let fd = descriptor(&fileobj)?;
        if self.keys(py).contains(fd)? {
            return Err(PyKeyError::new_err(format!("descriptor {fd} is registered already")));
        }
        self.descriptors.add(fd, events)?;
        self.key(py, &fileobj, fd, events, data.unwrap_or_else(|| py.None()))
    }

    #[pyo3(signature = (fileobj, events, data=None))]
    fn modify(
        &self,
        py: Python<'_>,
        fileobj: Bound<'_, PyAny>,
        events: u8,
        data: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        check(events)?;
        let fd = self.known_descriptor(py, &fileobj)?;
        self.known(py, fd)?;
        if let Err(error) = self.descriptors.modify(fd, events) {
            // One that was closed is known no more, and may be registered anew.
            self.keys(py).del_item(fd)?;
            return Err(error.into());
        }
        self.key(py, &fileobj, fd, events, data.unwrap_or_else(|| py.None()))
    }

    fn unregister(&self, py: Python<'_>, fileobj: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let fd = self.known_descriptor(py, &fileobj)?;
        let key = self.known(py, fd)?;
        self.keys(py).del_item(fd)?;
        // One that was closed before has left the epoll by itself.
        let _ = self.descriptors.delete(fd);
        Ok(key)
    }

    fn get_key(&self, py: Python<'_>, fileobj: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.known(py, self.known_descriptor(py, &fileobj)?)
    }

    fn get_map(&self, py: Python<'_>) -> Py<Keys> {
        self.keys.clone_ref(py)
    }

    fn close(&self, py: Python<'_>) {
        self.keys(py).clear();
    }
}

impl Selector {
    fn keys<'py>(&self, py: Python<'py>) -> &Bound<'py, PyDict> {
        self.keys.get().0.bind(py)
    }

    fn known_descriptor(&self, py: Python<'_>, file: &Bound<'_, PyAny>) -> PyResult<RawFd> {
        self.keys.get().descriptor(py, file)
    }

    fn known(&self, py: Python<'_>, fd: RawFd) -> PyResult<Py<PyAny>> {
        let key = self.keys(py).get_item(fd)?;
        key.map(Bound::unbind)
            .ok_or_else(|| PyKeyError::new_err(format!("descriptor {fd} is not registered")))
    }
}

/// Descriptor → `selectors.SelectorKey`, and what has a descriptor as well: asyncio looks here since Python 3.13.
#[pyclass(frozen, mapping, module = "enfilade")]
struct Keys(Py<PyDict>);

impl Keys {
    /// The descriptor of something; of what is closed, that which it was registered by.
    fn descriptor(&self, py: Python<'_>, file: &Bound<'_, PyAny>) -> PyResult<RawFd> {
        descriptor(file).or_else(|error| {
            for (fd, key) in self.0.bind(py) {
                if key.getattr(intern!(py, "fileobj"))?.is(file) {
                    return fd.extract();
                }
            }
            Err(error)
        })
    }
}

#[pymethods]
impl Keys {
    #[pyo3(signature = (file, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        file: Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.bind(py).get_item(self.descriptor(py, &file)?)?.or(default))
    }

    fn __getitem__<'py>(&self, py: Python<'py>, file: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let fd = self.descriptor(py, &file)?;
        self.0.bind(py).get_item(fd)?.ok_or_else(|| PyKeyError::new_err(file.unbind()))
    }

    fn __contains__(&self, py: Python<'_>, file: Bound<'_, PyAny>) -> PyResult<bool> {
        self.0.bind(py).contains(self.descriptor(py, &file)?)
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.0.bind(py).len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.bind(py).call_method0(intern!(py, "__iter__"))
    }
}

fn check(events: u8) -> PyResult<()> {
    let fits = events != 0 && events & !(READ | WRITE) == 0;
    if fits { Ok(()) } else { Err(PyValueError::new_err(format!("no such events: {events}"))) }
}

/// A descriptor, or what has one.
fn descriptor(file: &Bound<'_, PyAny>) -> PyResult<RawFd> {
    let fd: RawFd = match file.extract() {
        Ok(fd) => fd,
        Err(_) => file.call_method0(intern!(file.py(), "fileno"))?.extract()?,
    };
    if fd < 0 { Err(PyValueError::new_err(format!("no descriptor: {fd}"))) } else { Ok(fd) }
}
