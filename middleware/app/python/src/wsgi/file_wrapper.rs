//! `wsgi.file_wrapper`: a file as an answer's body, read by us where it is a file of the system.
//!
//! ```text
//! FileWrapper(open(path, "rb")) ─▶ its descriptor, from where it stands: length known, no Python for its bytes
//! FileWrapper(anything with read) ─▶ read(block size) until nothing comes
//! close() ─▶ the file's own, if it has one
//! ```

use std::{
    fs::{File, Metadata},
    io,
    os::{fd::BorrowedFd, unix::fs::FileExt as _},
};

use bytes::{Bytes, BytesMut};
use pyo3::{intern, prelude::*};

/// Bytes that are read at once.
const BLOCK: u64 = 64 << 10;

/// `wsgi.file_wrapper`.
#[pyclass(frozen, module = "enfilade", name = "FileWrapper")]
#[derive(Debug)]
pub(super) struct FileWrapper {
    filelike: Py<PyAny>,
    block: isize,
}

#[pymethods]
impl FileWrapper {
    #[new]
    #[pyo3(signature = (filelike, blksize = 8192, /))]
    fn new(filelike: Py<PyAny>, blksize: isize) -> Self {
        Self { filelike, block: blksize }
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let data = self.filelike.bind(py).call_method1(intern!(py, "read"), (self.block,))?;
        Ok(data.is_truthy()?.then_some(data))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match self.filelike.bind(py).getattr_opt(intern!(py, "close"))? {
            Some(close) => close.call0().map(drop),
            None => Ok(()),
        }
    }
}

/// A file of the system, from a place on.
#[derive(Debug)]
pub(super) struct RegularFile {
    file: File,
    at: u64,
    left: u64,
}

impl RegularFile {
    /// The file under a wrapper, if it is one of the system and of Python's own types. What else has a descriptor may
    /// say other bytes than those under it: a `GzipFile` has one.
    pub(super) fn under(py: Python<'_>, wrapper: &FileWrapper) -> Option<Self> {
        let filelike = wrapper.filelike.bind(py);
        let io = py.import(intern!(py, "io")).ok()?;
        let kind = filelike.get_type();
        let ours = ["BufferedReader", "FileIO", "BufferedRandom"];
        if !ours.iter().any(|name| io.getattr(*name).is_ok_and(|known| known.is(&kind))) {
            return None;
        }
        let at = filelike.call_method0(intern!(py, "tell")).ok()?.extract().ok()?;
        let descriptor: i32 = filelike.call_method0(intern!(py, "fileno")).ok()?.extract().ok()?;
        // SAFETY: Python's file owns it and is alive, and nothing here closes it.
        let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
        let file = File::from(descriptor.try_clone_to_owned().ok()?);
        let found = file.metadata().ok().filter(Metadata::is_file)?;
        Some(Self { file, at, left: found.len().saturating_sub(at) })
    }

    /// What is still to come.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// The next block; `None` at its end.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or became shorter.
    pub(super) fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut block = BytesMut::zeroed(usize::try_from(self.left.min(BLOCK)).unwrap_or(0));
        let read = self.file.read_at(&mut block, self.at)?;
        if read == 0 {
            return Err(io::Error::other("the file became shorter"));
        }
        block.truncate(read);
        self.at += read as u64;
        self.left -= read as u64;
        Ok(Some(block.freeze()))
    }
}
