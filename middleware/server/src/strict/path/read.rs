//! A path read once, byte by byte: nearly every one is its own canonical form, and only looked at.
//!
//! ```text
//! scan ──┬── nothing unusual ──────────▶ as it is           five instructions a byte, no allocation
//!        ├── a segment begins with `.` ▶ judge segments     /.well-known
//!        └── an escape, a rare byte ───▶ decode ▶ judge segments ▶ Spelled
//! ```

use super::{Fault, PathRules, bit};

/// A path that is not its own canonical form.
pub(in crate::strict) struct Spelled {
    /// The canonical path.
    pub(in crate::strict) path: Vec<u8>,
    /// Its one spelling in a target, where that is asked for and the client's is another.
    pub(in crate::strict) target: Option<String>,
}

/// Reads a path that begins with `/`; `None` says that it is its own canonical form.
#[inline]
pub(in crate::strict) fn read(raw: &[u8], rules: PathRules) -> Result<Option<Box<Spelled>>, Fault> {
    if raw.len() > rules.max_size {
        return Err(Fault::TooLong);
    }
    match scan(raw) {
        seen::PLAIN | seen::SLASH => Ok(None),
        seen::DOT_OR_SLASH => judge_segments(raw, rules).map(|()| None),
        _ => decode(raw, rules).map(Some),
    }
}

/// What a scan has seen so far, each state five bits above the one before: see [`MACHINE`].
mod seen {
    pub(super) const PLAIN: u32 = 0;
    /// A slash comes right before.
    pub(super) const SLASH: u32 = 5;
    /// A dot or another slash stood right behind a slash.
    pub(super) const DOT_OR_SLASH: u32 = 10;
    /// An escape, or a byte that has no business in most paths.
    pub(super) const ODD: u32 = 15;
}

/// For each byte the next state behind each state: the row shifted down by the state. A step is a look-up and a shift.
const MACHINE: [u32; 256] = {
    let mut machine = [0; 256];
    let mut byte = 0u8;
    loop {
        let (plain, slash, found) = match byte {
            b'/' => (seen::SLASH, seen::DOT_OR_SLASH, seen::DOT_OR_SLASH),
            b'.' => (seen::PLAIN, seen::DOT_OR_SLASH, seen::DOT_OR_SLASH),
            byte if is_pchar(byte) && byte != b';' => (seen::PLAIN, seen::PLAIN, seen::DOT_OR_SLASH),
            _ => (seen::ODD, seen::ODD, seen::ODD),
        };
        machine[byte as usize] =
            plain | slash << seen::SLASH | found << seen::DOT_OR_SLASH | seen::ODD << seen::ODD;
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    machine
};

fn scan(raw: &[u8]) -> u32 {
    let step = |state: u32, byte: u8| MACHINE[usize::from(byte)] >> (state & 31);
    let (fours, rest) = raw.as_chunks();
    let state =
        fours.iter().fold(seen::PLAIN, |state, [a, b, c, d]| [*a, *b, *c, *d].into_iter().fold(state, step));
    rest.iter().copied().fold(state, step) & 31
}

#[inline(never)]
fn decode(raw: &[u8], rules: PathRules) -> Result<Box<Spelled>, Fault> {
    let mut path = Vec::with_capacity(raw.len());
    let mut target = rules.has(bit::ONE_SPELLING).then(|| String::with_capacity(raw.len()));
    let mut rest = raw;
    while let Some((byte, escaped, tail)) = unit(rest)? {
        if escaped {
            judge_escaped(byte, tail, rules)?;
        } else {
            judge_raw(byte, rules)?;
        }
        match (byte, escaped) {
            (b'/', true) => path.extend_from_slice(ENCODED_SLASH),
            _ => path.push(byte),
        }
        if let Some(target) = &mut target {
            let plain = if escaped { is_unreserved(byte) } else { byte == b'/' || is_pchar(byte) };
            spell(target, byte, plain);
        }
        rest = tail;
    }
    judge_segments(&path, rules)?;
    if !rules.has(bit::ANY_BYTES) && !path.is_ascii() && std::str::from_utf8(&path).is_err() {
        return Err(Fault::NotUtf8);
    }
    let target = target.filter(|target| target.as_bytes() != raw);
    Ok(Box::new(Spelled { path, target }))
}

const ENCODED_SLASH: &[u8] = b"%2F";

/// A byte, whether it was escaped, and what follows.
type Unit<'a> = (u8, bool, &'a [u8]);

fn unit(raw: &[u8]) -> Result<Option<Unit<'_>>, Fault> {
    match raw {
        [] => Ok(None),
        [b'%', high, low, rest @ ..] => match (hex(*high), hex(*low)) {
            (Some(high), Some(low)) => Ok(Some((high << 4 | low, true, rest))),
            _ => Err(Fault::Escape),
        },
        [b'%', ..] => Err(Fault::Escape),
        [byte, rest @ ..] => Ok(Some((*byte, false, rest))),
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn judge_escaped(byte: u8, rest: &[u8], rules: PathRules) -> Result<(), Fault> {
    let (fault, let_in) = match byte {
        0..0x20 | 0x7f => (Fault::Control, 0),
        b'/' => (Fault::EncodedSlash, bit::ENCODED_SLASHES),
        b'\\' => (Fault::Backslash, bit::BACKSLASHES),
        b'?' | b'#' => (Fault::Delimiter, bit::ENCODED_DELIMITERS),
        b';' => (Fault::Parameter, bit::SEMICOLONS),
        b'%' => return judge_percent(rest, rules),
        _ => return Ok(()),
    };
    if rules.has(let_in) { Ok(()) } else { Err(fault) }
}

/// What stands behind `%25`: two digits are an escape for whoever decodes again.
fn judge_percent(rest: &[u8], rules: PathRules) -> Result<(), Fault> {
    let Some((high, high_escaped, rest)) = unit(rest)? else { return Ok(()) };
    let Some((low, low_escaped, _)) = unit(rest)? else { return Ok(()) };
    let is_escape = hex(high).is_some() && hex(low).is_some();
    let is_slash = [high, low].eq_ignore_ascii_case(b"2f");
    let evades = is_escape && (high_escaped || low_escaped);
    if evades || is_slash && rules.has(bit::ENCODED_SLASHES) { Err(Fault::DoubleEscape) } else { Ok(()) }
}

fn judge_raw(byte: u8, rules: PathRules) -> Result<(), Fault> {
    match byte {
        0..0x20 | 0x7f => Err(Fault::Control),
        b'\\' => Err(Fault::Backslash),
        // Not in a target's path, but in what others hand in.
        b'?' | b'#' => Err(Fault::Delimiter),
        b';' if !rules.has(bit::SEMICOLONS) => Err(Fault::Parameter),
        0x80.. => Err(Fault::NotAscii),
        _ => Ok(()),
    }
}

/// Dot segments and empty ones, in a path that is decoded.
#[inline(never)]
fn judge_segments(path: &[u8], rules: PathRules) -> Result<(), Fault> {
    let mut rest = &path[1..];
    let mut before = None;
    loop {
        let (segment, after, tail) = split(rest, rules);
        // RFC 3986 §3.3 leaves parameters to each server: one that cuts them off finds the dots.
        if matches!(segment.split(|b| *b == b';').next(), Some(b"." | b"..")) {
            return Err(Fault::DotSegment);
        }
        let is_first = before.is_none();
        let between_slashes = before == Some(b'/') && after == Some(b'/');
        let refused = is_first || between_slashes && !rules.has(bit::EMPTY_SEGMENTS);
        if segment.is_empty() && after.is_some() && refused {
            return Err(Fault::EmptySegment);
        }
        if after.is_none() {
            return Ok(());
        }
        (before, rest) = (after, tail);
    }
}

/// A segment, the first byte of what ends it, and what follows. Whatever somebody takes for a slash ends one.
fn split(path: &[u8], rules: PathRules) -> (&[u8], Option<u8>, &[u8]) {
    let length = |at: &usize| match path[*at..] {
        [b'/' | b'\\', ..] => 1,
        // Only a kept one can look like this: `%252F` is refused with it.
        [b'%', b'2', b'F', ..] if rules.has(bit::ENCODED_SLASHES) => ENCODED_SLASH.len(),
        _ => 0,
    };
    match (0..path.len()).find(|at| length(at) > 0) {
        Some(at) => (&path[..at], Some(path[at]), &path[at + length(&at)..]),
        None => (path, None, &[]),
    }
}

fn spell(target: &mut String, byte: u8, plain: bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if plain {
        target.push(char::from(byte));
    } else {
        let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
        target.extend(['%', digit(byte >> 4), digit(byte & 15)]);
    }
}

/// RFC 3986 §2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 §3.3, without escapes.
const fn is_pchar(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unusual_is_looked_at_twice() {
        for plain in ["/", "/a", "/a.b/c-d_e~f/", "/a:b@c!d$e&f'g(h)i*j+k,l=m", "/a./b.."] {
            assert!(matches!(scan(plain.as_bytes()), seen::PLAIN | seen::SLASH), "{plain}");
        }
        for dots in ["/.", "//", "/.well-known/x", "/a//b", "/a/..", "/a/.", "/./a"] {
            assert_eq!(scan(dots.as_bytes()), seen::DOT_OR_SLASH, "{dots}");
        }
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/.-_~!$&'()*+,=:@".contains(byte);
        for byte in (0..=255).filter(|byte| !plain(byte)) {
            for odd in [[b'/', byte, b'a'], [b'/', b'/', byte], [b'/', b'a', byte], [b'/', byte, b'.']] {
                assert_eq!(scan(&odd), seen::ODD, "{}", odd.escape_ascii());
            }
        }
    }

    #[test]
    fn where_in_a_path_something_stands_makes_no_difference() {
        for length in 2..20 {
            for at in 1..length {
                let mut path = vec![b'a'; length];
                path[0] = b'/';
                for (byte, state) in
                    [(b'%', seen::ODD), (b';', seen::ODD), (0xc3, seen::ODD), (b'|', seen::ODD)]
                {
                    path[at] = byte;
                    assert_eq!(scan(&path), state, "{}", path.escape_ascii());
                }
                path[at - 1] = b'/';
                for byte in [b'/', b'.'] {
                    path[at] = byte;
                    assert_eq!(scan(&path), seen::DOT_OR_SLASH, "{}", path.escape_ascii());
                }
            }
        }
    }
}
