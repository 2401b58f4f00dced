//! Where the header block ends in output that comes piece by piece; each byte is looked at once.

use bytes::{Bytes, BytesMut};

/// How far the search has come.
#[derive(Debug, Default)]
pub(crate) struct Block {
    line: usize,
    searched: usize,
}

impl Block {
    /// Takes the block, its empty line included, off the output once it is whole.
    pub(crate) fn take(&mut self, output: &mut BytesMut) -> Option<Bytes> {
        while let Some(at) = output[self.searched..].iter().position(|b| *b == b'\n') {
            let end = self.searched + at;
            let line = &output[self.line..end];
            self.searched = end + 1;
            if matches!(line, b"" | b"\r") {
                return Some(output.split_to(end + 1).freeze());
            }
            self.line = end + 1;
        }
        self.searched = output.len();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_found_in_whatever_pieces_it_comes() {
        for (output, head) in [
            (&b"A: 1\nB: 2\n\nbody\n\n"[..], &b"A: 1\nB: 2\n\n"[..]),
            (b"A: 1\r\n\r\nbody", b"A: 1\r\n\r\n"),
            (b"A: 1\r\n\nbody", b"A: 1\r\n\n"),
            (b"\nbody", b"\n"),
        ] {
            for size in 1..=output.len() {
                let (mut block, mut seen, mut found) = (Block::default(), BytesMut::new(), None);
                for piece in output.chunks(size) {
                    seen.extend_from_slice(piece);
                    found = found.or_else(|| block.take(&mut seen));
                }
                assert_eq!(found.as_deref(), Some(head), "by {size}");
                assert_eq!([head, &seen].concat(), output);
            }
        }
        assert!(Block::default().take(&mut BytesMut::from("A: 1\n \n")).is_none());
    }
}
