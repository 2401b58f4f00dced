//! Where `wsgi.input` reads from, as one buffered reader.
//!
//! ```text
//! nothing · memory · an unnamed file · chunks that still arrive
//! ```

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
};

use bytes::{Buf as _, Bytes};
use tokio::sync::mpsc::Receiver;

/// Where `wsgi.input` reads from.
#[derive(Debug)]
pub(in crate::wsgi) enum Source {
    Memory(Cursor<Bytes>),
    File(BufReader<File>),
    Chunks { receiver: Receiver<Bytes>, rest: Bytes, left: u64 },
}

impl Source {
    /// What is in memory.
    pub(in crate::wsgi) fn memory(data: Bytes) -> Self {
        Self::Memory(Cursor::new(data))
    }

    /// What was written to a file, from where it stands.
    pub(in crate::wsgi) fn file(file: File) -> Self {
        Self::File(BufReader::with_capacity(64 << 10, file))
    }

    /// What arrives, and how much it is to be.
    pub(in crate::wsgi) fn chunks(receiver: Receiver<Bytes>, length: u64) -> Self {
        Self::Chunks { receiver, rest: Bytes::new(), left: length }
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Memory(cursor) => cursor.fill_buf(),
            Self::File(file) => file.fill_buf(),
            Self::Chunks { receiver, rest, left } => {
                while rest.is_empty() && *left > 0 {
                    let Some(chunk) = receiver.blocking_recv() else {
                        // Never a clean end: the app would take a part for the whole.
                        return Err(io::Error::other("the request's body broke off"));
                    };
                    let Some(after) = left.checked_sub(chunk.len() as u64) else {
                        return Err(io::Error::other("the request's body is longer than was said"));
                    };
                    *left = after;
                    *rest = chunk;
                }
                Ok(rest)
            }
        }
    }

    fn consume(&mut self, count: usize) {
        match self {
            Self::Memory(cursor) => cursor.consume(count),
            Self::File(file) => file.consume(count),
            Self::Chunks { rest, .. } => rest.advance(count),
        }
    }
}
