//! Lines, fields and the few values that we read ourselves.

use http::{HeaderName, HeaderValue, StatusCode};

use super::HeadFault;

/// The lines before the empty one, without their ends, counted from 1.
pub(super) fn lines(head: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    head.split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .take_while(|(_, line)| !line.is_empty())
}

/// `name ":" OWS value OWS` (RFC 9110 §5.5); a name with a blank, or a line that continues the one before, is none.
pub(super) fn field(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|b| *b == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = value.iter().position(|b| !blank(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !blank(b)).map_or(start, |at| at + 1);
    Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(&value[start..end]).ok()?))
}

/// `HTTP/1.x SP 3DIGIT [SP reason]` (RFC 9112 §4).
pub(super) fn status_line(line: &[u8]) -> Result<StatusCode, HeadFault> {
    let status_and_reason = line
        .strip_prefix(b"HTTP/1.1 ")
        .or_else(|| line.strip_prefix(b"HTTP/1.0 "))
        .ok_or(HeadFault::Line(1))?;
    status(status_and_reason)
}

/// `3DIGIT [SP reason]` (RFC 3875 §6.3.3). The reason is not kept: HTTP/2 has none.
pub(super) fn status(value: &[u8]) -> Result<StatusCode, HeadFault> {
    let (digits, rest) = value.split_at_checked(3).ok_or(HeadFault::Status)?;
    if !matches!(rest.first(), None | Some(b' ')) {
        return Err(HeadFault::Status);
    }
    let status = StatusCode::from_bytes(digits).map_err(|_| HeadFault::Status)?;
    if status.is_informational() { Err(HeadFault::Status) } else { Ok(status) }
}

/// `1*DIGIT`.
pub(crate) fn length(value: &[u8]) -> Result<u64, HeadFault> {
    let digits = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or(HeadFault::Length)
}
