//! The file that an app sends by its path: opened and read on threads that may wait, never on the loop's.
//!
//! ```text
//! http.response.pathsend ─▶ open, length ─▶ the head goes out ─▶ 64 KiB at a time, as the client reads
//!                                └─ none: `send` raises `OSError`, the head is still to come
//! ```

use std::{
    fs::File,
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, header::CONTENT_LENGTH};
use pyo3::prelude::*;
use rustix::fs::OFlags;
use tokio::{runtime::Handle, task::JoinHandle};

use super::{
    body::AsgiError,
    exchange::{Exchange, Head, Outgoing},
    leave::settle,
    send::{announced, wrong_length},
};

/// What is read at once.
const CHUNK: u64 = 64 << 10;

/// The body of a response that is a file.
pub(super) struct FileBody {
    file: Arc<File>,
    at: u64,
    end: u64,
    remote: Handle,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

/// Opens a file for a response; `future` is what `send` has returned.
pub(super) fn open(exchange: &Exchange, path: PathBuf, future: Py<PyAny>) {
    let exchange = exchange.clone();
    let remote = exchange.app().remote.clone();
    remote.spawn(async move {
        let opened = exchange.app().remote.spawn_blocking(move || regular(path)).await;
        let opened = opened.unwrap_or_else(|error| Err(io::Error::other(error)));
        let outcome = exchange.opened(opened);
        Python::attach(|py| settle(future.bind(py), outcome.map(|()| py.None())));
    });
}

fn regular(path: PathBuf) -> io::Result<(File, u64)> {
    // A pipe that nobody writes to would be waited for.
    let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = File::options().read(true).custom_flags(nonblock).open(path)?;
    let about = file.metadata()?;
    if about.is_file() { Ok((file, about.len())) } else { Err(io::Error::other("no regular file")) }
}

impl Exchange {
    fn opened(&self, opened: io::Result<(File, u64)>) -> PyResult<()> {
        let mut state = self.lock();
        let head = match std::mem::replace(&mut state.outgoing, Outgoing::Done) {
            Outgoing::Opening(head) => head,
            other => {
                state.outgoing = other;
                return Err(super::leave::client_gone());
            }
        };
        let checked = opened.map_err(PyErr::from).and_then(|(file, length)| {
            let announced = announced(&head.parts)?.filter(|announced| *announced != length);
            announced.map_or(Ok((file, length)), |announced| Err(wrong_length(announced, length)))
        });
        match checked {
            Err(error) => {
                state.outgoing = Outgoing::Started(head);
                Err(error)
            }
            Ok((file, length)) => {
                let Head { mut parts, .. } = head;
                parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
                state.complete = true;
                state.outgoing = if state.bodiless {
                    Outgoing::Whole(parts, Bytes::new())
                } else {
                    let remote = self.app().remote.clone();
                    let file = FileBody { file: Arc::new(file), at: 0, end: length, remote, reading: None };
                    Outgoing::File(parts, file)
                };
                state.wake();
                Ok(())
            }
        }
    }
}

impl FileBody {
    pub(super) fn left(&self) -> u64 {
        self.end - self.at
    }

    /// The next part; `None` at the end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, AsgiError>>> {
        if self.at == self.end {
            return Poll::Ready(None);
        }
        let reading = self.reading.get_or_insert_with(|| {
            let (file, at, want) = (self.file.clone(), self.at, CHUNK.min(self.end - self.at));
            self.remote.spawn_blocking(move || read(&file, at, want))
        });
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let Ok(Ok(data)) = read else {
            return Poll::Ready(Some(Err(AsgiError("sent a file that could not be read to its end"))));
        };
        self.at += data.len() as u64;
        Poll::Ready(Some(Ok(data)))
    }
}

fn read(file: &File, at: u64, want: u64) -> io::Result<Bytes> {
    let mut data = vec![0; usize::try_from(want).map_err(io::Error::other)?];
    file.read_exact_at(&mut data, at)?;
    Ok(data.into())
}
