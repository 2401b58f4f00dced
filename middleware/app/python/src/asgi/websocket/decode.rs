//! Bytes from a client, read as frames (RFC 6455 §5) and put together to messages.
//!
//! ```text
//! [header ─ mask ─ payload] ─▶ Binary, Text, Ping, Pong, Close
//!   a rule of the RFC is broken ─▶ 1002      no UTF-8 ─▶ 1007      larger than the limit ─▶ 1009
//! ```
//!
//! A payload is unmasked where it lies, and an event borrows it from there: a message of one frame is not copied.

use std::io::Cursor;

use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

use super::deflate::Inflater;

/// What a client has said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    /// The code, if there is one, and the reason.
    Close(Option<(u16, &'a str)>),
}

/// Why a connection fails (RFC 6455 §7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Protocol(&'static str),
    NoText,
    TooBig,
}

impl Fault {
    pub(super) fn code(self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::NoText => 1007,
            Self::TooBig => 1009,
        }
    }

    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Protocol(why) => why,
            Self::NoText => "a text that is no UTF-8",
            Self::TooBig => "the message is too big",
        }
    }
}

/// The state between frames.
pub(super) struct Decoder {
    limit: usize,
    inflater: Option<Inflater>,
    begun: Option<Begun>,
    /// The fragments of a message, inflated.
    message: Vec<u8>,
    /// Whether `message` was given out, and is to be emptied.
    given: bool,
}

/// A message whose end has not come.
#[derive(Clone, Copy)]
struct Begun {
    text: bool,
    compressed: bool,
    /// So many bytes are UTF-8 for sure.
    valid: usize,
}

/// Memory that an idle connection may keep for the next message in parts.
const KEPT: usize = 4 << 10;

impl Decoder {
    pub(super) fn new(limit: usize, inflater: Option<Inflater>) -> Self {
        Self { limit, inflater, begun: None, message: Vec::new(), given: false }
    }

    /// Reads the first frame: how many bytes it took, and what it says unless a message goes on. `None`: more bytes are
    /// needed.
    pub(super) fn next<'a>(
        &'a mut self,
        bytes: &'a mut [u8],
    ) -> Result<Option<(usize, Option<Event<'a>>)>, Fault> {
        if std::mem::take(&mut self.given) {
            self.message.clear();
            self.message.shrink_to(KEPT);
        }
        let mut cursor = Cursor::new(&*bytes);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Fault::Protocol("no such opcode"))?;
        let Some((header, length)) = parsed else { return Ok(None) };
        let start = usize::try_from(cursor.position()).expect("a position within the slice");
        let length = self.judge(&header, length, start)?;
        let end = start + length;
        let Some(payload) = bytes.get_mut(start..end) else { return Ok(None) };
        unmask(payload, header.mask.unwrap_or_default());
        let event = match header.opcode {
            OpCode::Control(kind) => Some(control(kind, payload)?),
            OpCode::Data(kind) => self.data(kind, &header, payload)?,
        };
        Ok(Some((end, event)))
    }

    /// What a header may not say is refused before a byte of its payload is waited for.
    fn judge(&self, header: &FrameHeader, length: u64, size: usize) -> Result<usize, Fault> {
        if header.mask.is_none() {
            return Err(Fault::Protocol("a frame without a mask"));
        }
        if header.len(length) != size {
            return Err(Fault::Protocol("a length that is longer than it must be"));
        }
        if header.rsv2 || header.rsv3 {
            return Err(Fault::Protocol("a reserved bit"));
        }
        let (first, limit) = match header.opcode {
            OpCode::Control(_) if !header.is_final => {
                return Err(Fault::Protocol("a control frame in fragments"));
            }
            OpCode::Control(_) if length > 125 => return Err(Fault::Protocol("a long control frame")),
            OpCode::Control(_) => (false, 125),
            OpCode::Data(kind) => {
                let goes_on = kind == Data::Continue;
                if goes_on != self.begun.is_some() {
                    return Err(Fault::Protocol("a fragment out of order"));
                }
                let compressed = header.rsv1 || self.begun.is_some_and(|begun| begun.compressed);
                // Bytes that do not compress become a few more.
                let slack = if compressed { self.limit / 1000 + 64 } else { 0 };
                (!goes_on, self.limit.saturating_add(slack))
            }
        };
        if header.rsv1 && !(first && self.inflater.is_some()) {
            return Err(Fault::Protocol("a reserved bit"));
        }
        usize::try_from(length).ok().filter(|length| *length <= limit).ok_or(Fault::TooBig)
    }

    fn data<'a>(
        &'a mut self,
        kind: Data,
        header: &FrameHeader,
        payload: &'a [u8],
    ) -> Result<Option<Event<'a>>, Fault> {
        let mut begun = match self.begun.take() {
            Some(begun) => begun,
            None => Begun { text: kind == Data::Text, compressed: header.rsv1, valid: 0 },
        };
        let whole = header.is_final && kind != Data::Continue && !begun.compressed;
        if whole {
            return event(begun.text, payload).map(Some);
        }
        self.append(begun.compressed, header.is_final, payload)?;
        if header.is_final {
            self.given = true;
            return event(begun.text, &self.message).map(Some);
        }
        if begun.text {
            begun.valid += check(&self.message[begun.valid..])?;
        }
        self.begun = Some(begun);
        Ok(None)
    }

    fn append(&mut self, compressed: bool, last: bool, payload: &[u8]) -> Result<(), Fault> {
        match &mut self.inflater {
            Some(inflater) if compressed => inflater.inflate(payload, last, &mut self.message, self.limit),
            _ => {
                if payload.len() > self.limit - self.message.len() {
                    return Err(Fault::TooBig);
                }
                self.message.extend_from_slice(payload);
                Ok(())
            }
        }
    }
}

fn event(text: bool, payload: &[u8]) -> Result<Event<'_>, Fault> {
    if text {
        std::str::from_utf8(payload).map(Event::Text).map_err(|_| Fault::NoText)
    } else {
        Ok(Event::Binary(payload))
    }
}

/// How many bytes are UTF-8 for sure; a character that is cut at the end may go on.
fn check(text: &[u8]) -> Result<usize, Fault> {
    match std::str::from_utf8(text) {
        Ok(text) => Ok(text.len()),
        Err(error) if error.error_len().is_none() => Ok(error.valid_up_to()),
        Err(_) => Err(Fault::NoText),
    }
}

fn control(kind: Control, payload: &[u8]) -> Result<Event<'_>, Fault> {
    match kind {
        Control::Ping => Ok(Event::Ping(payload)),
        Control::Pong => Ok(Event::Pong),
        Control::Close => close(payload).map(Event::Close),
        Control::Reserved(_) => Err(Fault::Protocol("no such opcode")),
    }
}

fn close(payload: &[u8]) -> Result<Option<(u16, &str)>, Fault> {
    match payload {
        [] => Ok(None),
        [_] => Err(Fault::Protocol("half a close code")),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !CloseCode::from(code).is_allowed() {
                return Err(Fault::Protocol("no such close code"));
            }
            let reason = std::str::from_utf8(reason).map_err(|_| Fault::NoText)?;
            Ok(Some((code, reason)))
        }
    }
}

/// Eight bytes at a time, which compilers make into more.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::asgi::websocket::encode::Encoder;

    #[derive(Clone, Debug, PartialEq)]
    enum Said {
        Text(String),
        Binary(Vec<u8>),
        Ping(Vec<u8>),
        Pong,
        Close(Option<(u16, String)>),
        Fault(u16),
    }

    /// What bytes say that come in parts of so many.
    fn read(
        bytes: &[u8],
        limit: usize,
        inflater: Option<Inflater>,
        mut sizes: impl FnMut() -> usize,
    ) -> Vec<Said> {
        let mut decoder = Decoder::new(limit, inflater);
        let (mut said, mut unread, mut rest) = (Vec::new(), Vec::new(), bytes);
        while !rest.is_empty() {
            let (part, after) = rest.split_at(sizes().clamp(1, rest.len()));
            unread.extend_from_slice(part);
            rest = after;
            loop {
                let (used, event) = match decoder.next(&mut unread) {
                    Ok(Some((used, event))) => (used, event),
                    Ok(None) => break,
                    Err(fault) => {
                        said.push(Said::Fault(fault.code()));
                        return said;
                    }
                };
                said.extend(event.map(|event| match event {
                    Event::Text(text) => Said::Text(text.to_owned()),
                    Event::Binary(data) => Said::Binary(data.to_vec()),
                    Event::Ping(data) => Said::Ping(data.to_vec()),
                    Event::Pong => Said::Pong,
                    Event::Close(close) => Said::Close(close.map(|(code, reason)| (code, reason.to_owned()))),
                }));
                unread.drain(..used);
            }
        }
        said
    }

    fn frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let opcode = OpCode::from(first & 0x0f);
        let header = FrameHeader {
            is_final: first & 0x80 != 0,
            rsv1: first & 0x40 != 0,
            rsv2: false,
            rsv3: false,
            opcode,
            mask: Some(mask),
        };
        header.format(payload.len() as u64, &mut bytes).expect("a write to memory does not fail");
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    /// A message in fragments, with pings between them.
    fn message(text: bool, payload: &[u8], cuts: &[usize], mask: [u8; 4]) -> Vec<u8> {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (payload.len() + 1)).collect();
        cuts.sort_unstable();
        let (mut bytes, mut at, mut opcode) = (Vec::new(), 0, if text { 1 } else { 2 });
        for cut in cuts {
            bytes.extend(frame(opcode, &payload[at..cut], mask));
            bytes.extend(frame(0x89, b"p", mask));
            (at, opcode) = (cut, 0);
        }
        bytes.extend(frame(0x80 | opcode, &payload[at..], mask));
        bytes
    }

    proptest! {
        #[test]
        fn messages_arrive_however_they_are_cut(
            texts in prop::collection::vec((".{0,200}", prop::collection::vec(any::<usize>(), 0..4)), 1..5),
            mask: [u8; 4],
            sizes in prop::collection::vec(1_usize..300, 1..20),
        ) {
            let mut bytes = Vec::new();
            for (number, (text, cuts)) in texts.iter().enumerate() {
                bytes.extend(message(number % 2 == 0, text.as_bytes(), cuts, mask));
            }
            let mut sizes = sizes.into_iter().cycle();
            let said = read(&bytes, 1 << 20, None, || sizes.next().expect("for ever"));
            let said: Vec<_> = said.into_iter().filter(|said| *said != Said::Ping(b"p".to_vec())).collect();
            let expected: Vec<_> = texts.into_iter().enumerate().map(|(number, (text, _))| {
                if number % 2 == 0 { Said::Text(text) } else { Said::Binary(text.into_bytes()) }
            }).collect();
            prop_assert_eq!(said, expected);
        }

        #[test]
        fn any_bytes_say_the_same_however_they_come(
            bytes in prop::collection::vec(prop_oneof![Just(0x81_u8), Just(0x80), Just(0x00), Just(0xc1), any::<u8>()], 0..400),
            sizes in prop::collection::vec(1_usize..40, 1..10),
            compressed: bool,
        ) {
            let inflater = || compressed.then(|| Inflater::new(true));
            let whole = read(&bytes, 100, inflater(), || usize::MAX);
            let mut sizes = sizes.into_iter().cycle();
            prop_assert_eq!(whole, read(&bytes, 100, inflater(), || sizes.next().expect("for ever")));
        }

        #[test]
        fn any_bytes_inflate_within_the_limit(bytes in prop::collection::vec(any::<u8>(), 0..2000), limit in 0_usize..3000) {
            let frames = frame(0xc2, &bytes, [0; 4]);
            for said in read(&frames, limit, Some(Inflater::new(true)), || usize::MAX) {
                match said {
                    Said::Binary(data) => prop_assert!(data.len() <= limit),
                    said => prop_assert!(matches!(said, Said::Fault(1002 | 1009)), "{:?}", said),
                }
            }
        }

        #[test]
        fn what_our_own_deflate_makes_inflates(
            texts in prop::collection::vec("[a-d]{0,3000}", 1..6), takeover: bool, window in 9_u8..=15,
        ) {
            let mut encoder = Encoder { deflater: Some(super::super::deflate::Deflater::new(takeover, window)) };
            let mut bytes = Vec::new();
            for text in &texts {
                let mut out = Vec::new();
                encoder.message(true, text.as_bytes(), &mut out);
                let (header, length) =
                    FrameHeader::parse(&mut Cursor::new(&out)).expect("a header").expect("a whole one");
                let payload = &out[out.len() - usize::try_from(length).expect("it fits")..];
                bytes.extend(frame(0x81 | (u8::from(header.rsv1) << 6), payload, [1, 2, 3, 4]));
            }
            let said = read(&bytes, 1 << 20, Some(Inflater::new(takeover)), || usize::MAX);
            prop_assert_eq!(said, texts.into_iter().map(Said::Text).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_header_alone_is_judged() {
        let header = frame(0x82, &[0; 200], [0; 4]);
        assert_eq!(read(&header[..8], 100, None, || 8), [Said::Fault(1009)]);
        assert_eq!(read(&header[..8], 200, None, || 8), []);
    }

    #[test]
    fn a_close_has_a_code_and_a_reason_or_neither() {
        let close = |payload: &[u8]| read(&frame(0x88, payload, [9; 4]), 10, None, || 1);
        assert_eq!(close(b""), [Said::Close(None)]);
        assert_eq!(close(&[3, 232]), [Said::Close(Some((1000, String::new())))]);
        assert_eq!(close(&[3, 232, b'x']), [Said::Close(Some((1000, "x".into())))]);
        assert_eq!(close(&[3]), [Said::Fault(1002)]);
    }
}
