//! What a script says before its body (RFC 3875 §6), parsed strictly: a pure function of bytes.
//!
//! ```text
//! Content-Type: text/plain          ─▶ Answer::Response 200       Status: 404 Not Found ─▶ 404
//! Location: https://elsewhere/      ─▶ Answer::Response 302       Location and Status   ─▶ as they say
//! Location: /path?query  alone      ─▶ Answer::Local              with other fields     ─▶ 302, so that none is lost
//! HTTP/1.1 200 OK  from nph-script  ─▶ Answer::Response 200       (§5)
//! ```
//!
//! Lines end in LF or CRLF, and the block in an empty one. What is no field (a blank before the colon, a folded line, a
//! control character), a second `Status`, `Content-Type`, `Content-Length` or `Location`, and a status that no final
//! response has, are faults. Fields of the connection are removed (RFC 9110 §7.6.1), and so are `X-CGI-` extensions
//! (RFC 3875 §6.3.5).
//!
//! ```
//! use enfilade_cgi::head::{Answer, Kind, parse};
//!
//! let Ok(Answer::Response(head)) = parse(b"Status: 404 Gone fishing\nContent-Type: text/plain\n\n", Kind::Parsed)
//! else { panic!("a head") };
//! assert_eq!(head.status, 404);
//! assert_eq!(parse(b"Content-Type : text/plain\n\n", Kind::Parsed).unwrap_err().code(), "cgi.head-bad");
//! ```

mod block;
mod fault;
mod field;

pub use self::fault::HeadFault;
pub(crate) use self::{block::Block, field::length};

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, TRANSFER_ENCODING},
    uri::PathAndQuery,
};

/// Who writes the status line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// We do: the script says `Status`, or nothing.
    Parsed,
    /// The script does, as HTTP has it: its file name begins with `nph-`.
    NonParsed,
}

/// What a script answers.
#[derive(Debug)]
pub enum Answer {
    /// A response; its body follows.
    Response(ScriptHead),
    /// Another path, which is to be served instead (§6.2.2).
    Local(PathAndQuery),
}

/// The head of a response.
#[derive(Debug)]
#[non_exhaustive]
pub struct ScriptHead {
    /// The status, 200 or more.
    pub status: StatusCode,
    /// The fields that go to the client.
    pub headers: HeaderMap,
    /// How long the body is, if the script says so.
    pub length: Option<u64>,
}

/// Fields that belong to the connection, which is the server's and not the script's.
const HOP_BY_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Parses a whole head, its empty line included.
///
/// # Errors
///
/// What is no head by the rules of the [module](self).
pub fn parse(head: &[u8], kind: Kind) -> Result<Answer, HeadFault> {
    let mut lines = field::lines(head);
    let line = match kind {
        Kind::Parsed => None,
        Kind::NonParsed => Some(field::status_line(lines.next().ok_or(HeadFault::Empty)?.1)?),
    };
    let mut fields = Fields { status: line, ..Fields::default() };
    for (number, line) in lines {
        let (name, value) = field::field(line).ok_or(HeadFault::Line(number))?;
        fields.add(name, value, kind)?;
    }
    fields.answer(kind)
}

#[derive(Default)]
struct Fields {
    status: Option<StatusCode>,
    headers: HeaderMap,
    any: bool,
}

impl Fields {
    fn add(&mut self, name: HeaderName, value: HeaderValue, kind: Kind) -> Result<(), HeadFault> {
        self.any = true;
        if name == "status" {
            if kind == Kind::NonParsed || self.status.is_some() {
                return Err(HeadFault::Repeated("status"));
            }
            self.status = Some(field::status(value.as_bytes())?);
            return Ok(());
        }
        for once in [CONTENT_TYPE, CONTENT_LENGTH, LOCATION] {
            if name == once && self.headers.contains_key(&name) {
                return Err(HeadFault::Repeated(match once {
                    CONTENT_TYPE => "content-type",
                    CONTENT_LENGTH => "content-length",
                    _ => "location",
                }));
            }
        }
        if name.as_str().starts_with("x-cgi-") {
            return Ok(());
        }
        self.headers.try_append(name, value).map_err(|_| HeadFault::TooLarge)?;
        Ok(())
    }

    fn answer(mut self, kind: Kind) -> Result<Answer, HeadFault> {
        if kind == Kind::Parsed && !self.any {
            return Err(HeadFault::Empty);
        }
        if kind == Kind::NonParsed && self.headers.contains_key(TRANSFER_ENCODING) {
            return Err(HeadFault::Encoded);
        }
        self.leave_the_connection_out();
        if let Some(location) = self.headers.get(LOCATION) {
            let location = location.as_bytes();
            if location.is_empty() || !location.iter().all(u8::is_ascii_graphic) {
                return Err(HeadFault::Location);
            }
            if self.status.is_none() {
                if let Some(path) = self.local(location)? {
                    return Ok(Answer::Local(path));
                }
                self.status = Some(StatusCode::FOUND);
            }
        }
        let length = self.headers.get(CONTENT_LENGTH).map(|value| length(value.as_bytes())).transpose()?;
        let status = self.status.unwrap_or(StatusCode::OK);
        Ok(Answer::Response(ScriptHead { status, headers: self.headers, length }))
    }

    /// The other path, if that is all that the script says.
    fn local(&self, location: &[u8]) -> Result<Option<PathAndQuery>, HeadFault> {
        // A browser takes `//name` for another host, a script for a path: it is neither.
        if location.starts_with(b"//") {
            return Err(HeadFault::Location);
        }
        let alone = self.headers.keys().all(|name| *name == LOCATION || *name == CONTENT_TYPE);
        if !location.starts_with(b"/") || location.contains(&b'#') || !alone {
            return Ok(None);
        }
        PathAndQuery::try_from(location).map(Some).map_err(|_| HeadFault::Location)
    }

    fn leave_the_connection_out(&mut self) {
        let named: Vec<HeaderName> = self
            .headers
            .get_all(CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|b| *b == b','))
            .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
            .collect();
        for name in named {
            self.headers.remove(name);
        }
        for name in HOP_BY_HOP {
            self.headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests;
