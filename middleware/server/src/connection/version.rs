//! Which HTTP a connection speaks: HTTP/2 by prior knowledge when it begins with the preface, HTTP/1 otherwise.
//!
//! ```text
//! "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  all 24 bytes ──▶ HTTP/2
//! the first byte that differs ──────────────────────▶ HTTP/1
//! ```

use std::{future::poll_fn, io, pin::Pin, task::ready};

use tokio::io::{AsyncRead, ReadBuf};

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What was read to find out.
#[derive(Debug, Default)]
pub(super) struct Begun {
    bytes: [u8; PREFACE.len()],
    from: usize,
    to: usize,
}

impl Begun {
    pub(super) fn is_empty(&self) -> bool {
        self.from == self.to
    }

    /// The next bytes, at most so many.
    pub(super) fn take(&mut self, most: usize) -> &[u8] {
        let from = self.from;
        self.from = self.to.min(from + most);
        &self.bytes[from..self.from]
    }

    fn read(&self) -> &[u8] {
        &self.bytes[..self.to]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// Reads until it is known which. A connection that ends before that is left to HTTP/1, which knows what to say.
///
/// Safe to drop at any time: what was read stays in `begun`.
pub(super) async fn detect<IO: AsyncRead + Unpin>(io: &mut IO, begun: &mut Begun) -> io::Result<Version> {
    loop {
        if !PREFACE.starts_with(begun.read()) {
            return Ok(Version::Http1);
        }
        if begun.to == PREFACE.len() {
            return Ok(Version::Http2);
        }
        let read = poll_fn(|cx| {
            let mut buf = ReadBuf::new(&mut begun.bytes[begun.to..]);
            ready!(Pin::new(&mut *io).poll_read(cx, &mut buf))?;
            std::task::Poll::Ready(io::Result::Ok(buf.filled().len()))
        })
        .await?;
        if read == 0 {
            return Ok(Version::Http1);
        }
        begun.to += read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_bytes_tell_the_version_and_are_not_lost() {
        for (sent, version) in [
            (&b"GET / HTTP/1.1\r\n"[..], Version::Http1),
            (b"PRI * HTTP/1.1\r\n", Version::Http1),
            (b"PUT / HTTP/1.1\r\n", Version::Http1),
            (b"", Version::Http1),
            (b"PRI * HT", Version::Http1),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrest", Version::Http2),
        ] {
            let mut rest = sent;
            let mut begun = Begun::default();
            assert_eq!(detect(&mut rest, &mut begun).await.expect("memory does not fail"), version);
            let mut all = begun.take(3).to_vec();
            all.extend_from_slice(begun.take(100));
            all.extend_from_slice(rest);
            assert_eq!(all, sent);
            assert!(begun.is_empty());
        }
    }
}
