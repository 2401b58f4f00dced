//! A request's body, read before the app is called: a small one in memory, a larger one in a file without a name.
//!
//! ```text
//! chunks ─┬─ up to 64 KiB ─▶ memory
//!         ├─ more ─────────▶ an unnamed file in the system's folder for such (TMPDIR)
//!         └─ more than the limit ─▶ 413
//! ```

use std::{
    fs::File,
    io::{Seek as _, Write as _},
    pin::pin,
};

use bytes::{Bytes, BytesMut};
use enfilade_core::Rejection;
use http::{HeaderMap, header::CONTENT_LENGTH};
use http_body::Body;
use http_body_util::BodyExt as _;

use super::{environ::Entity, input::Source, reason};
use crate::{BoxError, request::Fault};

/// What is kept in memory.
pub(super) const IN_MEMORY: u64 = 64 << 10;

/// What the request says about its body's length.
pub(super) fn said(headers: &HeaderMap) -> Result<Option<u64>, Rejection> {
    // Of so few names, to look at each costs less than to hash one.
    let mut values = headers.iter().filter(|(name, _)| *name == CONTENT_LENGTH).map(|(_, value)| value);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Fault::Repeated("content-length").reject(&reason::CODES));
    }
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let length = digits.and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| Fault::Length.reject(&reason::CODES))
}

/// Reads it all.
pub(super) async fn read<B>(said: Option<u64>, body: B, most: u64) -> Result<Entity, Rejection>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    if said.is_some_and(|length| length > most) {
        return Err(reason::body_too_large());
    }
    let mut body = pin!(body);
    let mut spool = Spool::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| reason::body_broken(error.into().to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if spool.length + data.len() as u64 > most {
            return Err(reason::body_too_large());
        }
        spool.add(data)?;
    }
    if said.is_some_and(|length| length != spool.length) {
        return Err(reason::body_broken("it is not as long as its content-length says"));
    }
    spool.entity()
}

#[derive(Default)]
struct Spool {
    length: u64,
    /// The only chunk so far: most bodies have one, and it is not copied.
    first: Bytes,
    memory: BytesMut,
    file: Option<File>,
}

impl Spool {
    /// Written at once where it goes to a file: to the page cache, as a rule.
    fn add(&mut self, data: Bytes) -> Result<(), Rejection> {
        let before = self.length;
        self.length += data.len() as u64;
        if let Some(file) = &mut self.file {
            return file.write_all(&data).map_err(|error| reason::spool(&error));
        }
        if before == 0 && self.length <= IN_MEMORY {
            self.first = data;
            return Ok(());
        }
        if !self.first.is_empty() {
            self.memory.extend_from_slice(&self.first);
            self.first.clear();
        }
        self.memory.extend_from_slice(&data);
        if self.length > IN_MEMORY {
            self.spill().map_err(|error| reason::spool(&error))?;
        }
        Ok(())
    }

    fn spill(&mut self) -> std::io::Result<()> {
        let mut file = tempfile::tempfile()?;
        file.write_all(&self.memory)?;
        self.memory = BytesMut::new();
        self.file = Some(file);
        Ok(())
    }

    fn entity(self) -> Result<Entity, Rejection> {
        let source = match self.file {
            Some(mut file) => {
                file.rewind().map_err(|error| reason::spool(&error))?;
                Source::file(file)
            }
            None if self.memory.is_empty() => Source::memory(self.first),
            None => Source::memory(self.memory.freeze()),
        };
        Ok(Entity { length: Some(self.length), source: Some(source) })
    }
}
