//! Messages to a client, written as frames: one each, never masked, compressed if it was agreed on.
//!
//! ```text
//! text, bytes ─▶ [deflate] ─▶ header ─ payload        ping, pong, close ─▶ header ─ payload
//! ```

use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

use super::deflate::Deflater;

/// The state between frames.
#[derive(Default)]
pub(super) struct Encoder {
    pub(super) deflater: Option<Deflater>,
}

/// Shorter ones do not become shorter by so much that the work pays.
const WORTH: usize = 64;

impl Encoder {
    pub(super) fn message(&mut self, text: bool, payload: &[u8], out: &mut Vec<u8>) {
        let opcode = OpCode::Data(if text { Data::Text } else { Data::Binary });
        match &mut self.deflater {
            Some(deflater) if payload.len() >= WORTH => {
                deflater.deflate(payload, |compressed| frame(opcode, true, compressed, out));
            }
            _ => frame(opcode, false, payload, out),
        }
    }
}

pub(super) fn ping(out: &mut Vec<u8>) {
    frame(OpCode::Control(Control::Ping), false, b"", out);
}

pub(super) fn pong(payload: &[u8], out: &mut Vec<u8>) {
    frame(OpCode::Control(Control::Pong), false, payload, out);
}

/// Without a code it is empty, as an answer to an empty one is.
pub(super) fn close(code: Option<u16>, reason: &str, out: &mut Vec<u8>) {
    let mut payload = Vec::with_capacity(2 + reason.len());
    if let Some(code) = code {
        payload.extend_from_slice(&code.to_be_bytes());
        payload.extend_from_slice(reason.as_bytes());
    }
    frame(OpCode::Control(Control::Close), false, &payload, out);
}

fn frame(opcode: OpCode, compressed: bool, payload: &[u8], out: &mut Vec<u8>) {
    let header = FrameHeader { opcode, rsv1: compressed, ..FrameHeader::default() };
    let length = payload.len() as u64;
    out.reserve(header.len(length) + payload.len());
    header.format(length, out).expect("a write to memory does not fail");
    out.extend_from_slice(payload);
}
