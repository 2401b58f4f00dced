//! permessage-deflate (RFC 7692): messages are compressed, each with what the ones before have taught if both sides keep
//! it.
//!
//! ```text
//! Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, … ── agree ──▶ Agreed ─▶ Inflater, Deflater
//! ```
//!
//! The memory is allocated with the first message that needs it.

mod agree;

pub(super) use self::agree::Agreed;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::decode::Fault;

/// What ends each flushed block, is left out of a message and is put back to read it (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// What a look at the output gains at least.
const STEP: usize = 4 << 10;

/// Messages from the client.
pub(super) struct Inflater {
    takeover: bool,
    inner: Option<Decompress>,
}

impl Inflater {
    pub(super) fn new(takeover: bool) -> Self {
        Self { takeover, inner: None }
    }

    /// Adds what a fragment inflates to; what would be larger than `limit` is not inflated further.
    pub(super) fn inflate(
        &mut self,
        input: &[u8],
        last: bool,
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), Fault> {
        let inner = self.inner.get_or_insert_with(|| Decompress::new(false));
        run(inner, input, out, limit)?;
        if last {
            run(inner, &TAIL, out, limit)?;
            if !self.takeover {
                self.inner = None;
            }
        }
        Ok(())
    }
}

fn run(inner: &mut Decompress, mut input: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), Fault> {
    loop {
        // One byte beyond the limit is room enough to know.
        let room =
            limit.saturating_add(1).saturating_sub(out.len()).min(STEP.max(input.len().saturating_mul(2)));
        out.reserve(room);
        let (before, filled) = (inner.total_in(), out.len());
        let capacity = out.capacity();
        let status = inner
            .decompress_vec(input, out, FlushDecompress::Sync)
            .map_err(|_| Fault::Protocol("a message that cannot be inflated"))?;
        if out.len() > limit {
            return Err(Fault::TooBig);
        }
        let used = usize::try_from(inner.total_in() - before).expect("no more than there was");
        input = &input[used..];
        if status == Status::StreamEnd {
            // A block that says it is the last (§7.2.3.4): what follows begins anew.
            inner.reset(false);
        } else if out.len() < capacity && (input.is_empty() || (used == 0 && out.len() == filled)) {
            return Ok(());
        }
        if input.is_empty() && status == Status::StreamEnd {
            return Ok(());
        }
    }
}

/// Messages to the client.
pub(super) struct Deflater {
    takeover: bool,
    window: u8,
    inner: Option<Compress>,
}

impl Deflater {
    pub(super) fn new(takeover: bool, window: u8) -> Self {
        Self { takeover, window, inner: None }
    }

    /// Gives a message's compressed form to `then`.
    pub(super) fn deflate(&mut self, mut input: &[u8], then: impl FnOnce(&[u8])) {
        let window = self.window;
        let inner = self
            .inner
            .get_or_insert_with(|| Compress::new_with_window_bits(Compression::default(), false, window));
        let mut out = Vec::with_capacity(STEP.min(input.len()) + STEP / 4);
        loop {
            let before = inner.total_in();
            // Its only error is that there is no room, and there is.
            let _ = inner.compress_vec(input, &mut out, FlushCompress::Sync);
            let used = usize::try_from(inner.total_in() - before).expect("no more than there was");
            input = &input[used..];
            if input.is_empty() && out.len() < out.capacity() {
                break;
            }
            out.reserve(STEP.max(input.len() / 2));
        }
        if !self.takeover {
            inner.reset();
        }
        then(out.strip_suffix(&TAIL).unwrap_or(&out));
    }
}
