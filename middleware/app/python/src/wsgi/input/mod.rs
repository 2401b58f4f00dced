//! `wsgi.input`: the request's body as a file, with every method that PEP 3333 names.
//!
//! ```text
//! read([size])  readline([size])  readlines([hint])  for line in input      size: None and negative are "all"
//! ```
//!
//! It ends where the body ends (`wsgi.input_terminated`), so that an app may read on until nothing comes. What still
//! arrives is waited for without Python's lock. A body that breaks off raises `OSError`.

mod source;

pub(super) use self::source::Source;

use std::{
    io::{self, BufRead, Read as _},
    sync::{Mutex, MutexGuard, PoisonError},
};

use pyo3::{
    exceptions::{PyOSError, PyOverflowError, PyTypeError},
    prelude::*,
    sync::MutexExt as _,
    types::{PyBytes, PyList},
};

/// `wsgi.input`. One without a source is empty, holds nothing of a request, and serves all that have no body.
#[pyclass(frozen, module = "enfilade", name = "Input")]
#[derive(Debug)]
pub(super) struct Input(Option<Mutex<Source>>);

impl Input {
    /// Of a body.
    pub(super) fn new(source: Source) -> Self {
        Self(Some(Mutex::new(source)))
    }

    /// Of no body.
    pub(super) fn empty() -> Self {
        Self(None)
    }

    /// Who waits for the source lets go of Python's lock: whoever reads may need it to go on.
    fn source(&self, py: Python<'_>) -> Option<MutexGuard<'_, Source>> {
        Some(self.0.as_ref()?.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner))
    }

    /// What `job` finds in the source, or nothing; the lock on Python is held only where nothing has to be waited for.
    fn read_by<'py>(
        &self,
        py: Python<'py>,
        job: impl FnOnce(&mut Source) -> io::Result<Vec<u8>> + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let Some(mut source) = self.source(py) else { return Ok(PyBytes::new(py, b"")) };
        let found = match &mut *source {
            source @ Source::Memory(_) => job(source),
            source => py.detach(|| job(source)),
        };
        found.map(|found| PyBytes::new(py, &found)).map_err(broken)
    }

    fn line<'py>(&self, py: Python<'py>, most: Option<usize>) -> PyResult<Bound<'py, PyBytes>> {
        self.read_by(py, |source| line(source, most))
    }
}

#[pymethods]
impl Input {
    #[pyo3(signature = (size = None, /))]
    fn read<'py>(&self, py: Python<'py>, size: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyBytes>> {
        let most = self::size(size)?;
        // The usual case without a copy in between.
        if let Some(mut source) = self.source(py)
            && let Source::Memory(cursor) = &mut *source
        {
            let ready = cursor.fill_buf().unwrap_or_default();
            let count = most.unwrap_or(usize::MAX).min(ready.len());
            let data = PyBytes::new(py, &ready[..count]);
            cursor.consume(count);
            return Ok(data);
        }
        self.read_by(py, |source| {
            let mut found = Vec::new();
            source.take(most.map_or(u64::MAX, |most| most as u64)).read_to_end(&mut found)?;
            Ok(found)
        })
    }

    #[pyo3(signature = (size = None, /))]
    fn readline<'py>(
        &self,
        py: Python<'py>,
        size: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.line(py, self::size(size)?)
    }

    #[pyo3(signature = (hint = None, /))]
    fn readlines<'py>(
        &self,
        py: Python<'py>,
        hint: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        // Of a hint, as files have it, 0 is no limit either.
        let most = size(hint)?.filter(|most| *most > 0);
        let lines = PyList::empty(py);
        let mut read = 0;
        loop {
            let line = self.line(py, None)?;
            let length = line.as_bytes().len();
            if length == 0 {
                return Ok(lines);
            }
            lines.append(line)?;
            read += length;
            if most.is_some_and(|most| read >= most) {
                return Ok(lines);
            }
        }
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let line = self.line(py, None)?;
        Ok((!line.as_bytes().is_empty()).then_some(line))
    }
}

/// `None` for all: no size, `None`, a negative number, or one beyond every body.
fn size(size: Option<&Bound<'_, PyAny>>) -> PyResult<Option<usize>> {
    let Some(size) = size.filter(|size| !size.is_none()) else { return Ok(None) };
    match size.extract::<isize>() {
        Ok(size) => Ok(usize::try_from(size).ok()),
        Err(error) if error.is_instance_of::<PyOverflowError>(size.py()) => Ok(None),
        Err(_) => Err(PyTypeError::new_err("the size must be an integer or None")),
    }
}

/// One line with its end, or as much of it as is asked for, or what is left.
fn line(source: &mut Source, most: Option<usize>) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    source.take(most.map_or(u64::MAX, |most| most as u64)).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn broken(error: io::Error) -> PyErr {
    PyOSError::new_err(error.to_string())
}
