//! HTTP/2 frames by hand, for what no well-behaved library would send, and the answers taken apart again.
//!
//! ```text
//! block([(":method", "GET"), …]) ─▶ headers(1, END, …) ─▶ socket ─▶ Frame { kind, flags, stream, payload } ─▶ status, reason
//! ```

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// `END_STREAM`; on SETTINGS and PING it is ACK.
pub(crate) const END: u8 = 1;
/// `END_HEADERS`.
pub(crate) const WHOLE: u8 = 4;
pub(crate) const PADDED: u8 = 8;
pub(crate) const PRIORITISED: u8 = 0x20;

pub(crate) type Field<'a> = (&'a str, &'a [u8]);

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame that fits").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Every field a literal that is not indexed, no Huffman coding (RFC 7541 §6.2.2).
pub(crate) fn block(fields: &[Field<'_>]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name.as_bytes(), value] {
            push_length(&mut block, text.len());
            block.extend(text);
        }
    }
    block
}

/// A length in a prefix of seven bits (RFC 7541 §5.1).
pub(crate) fn push_length(block: &mut Vec<u8>, length: usize) {
    let Some(mut rest) = length.checked_sub(127) else {
        return block.push(u8::try_from(length).expect("below 127"));
    };
    block.push(127);
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).expect("below 128") | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).expect("below 128"));
}

/// A whole HEADERS frame.
pub(crate) fn headers(stream: u32, flags: u8, fields: &[Field<'_>]) -> Vec<u8> {
    frame(HEADERS, WHOLE | flags, stream, &block(fields))
}

/// The fields of an ordinary request.
pub(crate) fn request<'a>(method: &'a str, path: &'a str) -> [Field<'a>; 4] {
    [(":method", method.as_bytes()), (":scheme", b"http"), (":path", path.as_bytes()), (":authority", b"a")]
}

/// SETTINGS with these.
pub(crate) fn settings(all: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> =
        all.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
    frame(SETTINGS, 0, 0, &payload)
}

pub(crate) fn window_update(stream: u32, by: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes())
}

pub(crate) fn reset(stream: u32, reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &reason.to_be_bytes())
}

/// A frame that came back.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// Takes the first whole frame out of what came.
    pub(crate) fn take(came: &mut Vec<u8>) -> Option<Self> {
        let [a, b, c, kind, flags, stream @ ..] = came.first_chunk::<9>()?;
        let end = 9 + u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (kind, flags, stream) = (*kind, *flags, u32::from_be_bytes(*stream) & (u32::MAX >> 1));
        let payload = came.get(9..end)?.to_vec();
        came.drain(..end);
        Some(Self { kind, flags, stream, payload })
    }

    /// The reason of a `RST_STREAM` or a GOAWAY.
    pub(crate) fn reason(&self) -> Option<u32> {
        let from = match self.kind {
            RST_STREAM => 0,
            GOAWAY => 4,
            _ => return None,
        };
        self.payload.get(from..from + 4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// The status of a response's HEADERS: h2 writes it first.
    pub(crate) fn status(&self) -> Option<u16> {
        // RFC 7541, Appendix A: 8 to 14 are statuses.
        const INDEXED: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
        match (self.kind, self.payload.as_slice()) {
            (HEADERS, [index @ 0x88..=0x8e, ..]) => Some(INDEXED[usize::from(index - 0x88)]),
            (HEADERS, [0x48 | 0x08 | 0x18, 3, digits @ ..]) => {
                str::from_utf8(digits.get(..3)?).ok()?.parse().ok()
            }
            (HEADERS, [0x48 | 0x08 | 0x18, 0x82, a, b, ..]) => huffman_digits([*a, *b, 0]),
            (HEADERS, [0x48 | 0x08 | 0x18, 0x83, a, b, c, ..]) => huffman_digits([*a, *b, *c]),
            _ => None,
        }
    }
}

/// Three digits in RFC 7541's Huffman code: 0, 1 and 2 have five bits, the others six.
fn huffman_digits([a, b, c]: [u8; 3]) -> Option<u16> {
    let bits = u32::from_be_bytes([0, a, b, c]);
    let (mut left, mut number) = (24, 0);
    for _ in 0..3 {
        let five = bits >> (left - 5) & 0b1_1111;
        let (digit, used) = match five {
            0..=2 => (five, 5),
            _ => ((bits >> (left - 6) & 0b11_1111).checked_sub(0b01_1001)? + 3, 6),
        };
        number = number * 10 + digit;
        left -= used;
    }
    u16::try_from(number).ok()
}

/// RFC 9113 §7.
pub(crate) fn name(reason: u32) -> &'static str {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    NAMES.get(reason as usize).copied().unwrap_or("unknown")
}
