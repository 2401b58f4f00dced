//! One `Set-Cookie` line taken apart as browsers do it (RFC 6265bis §5.6): nothing is repaired that they drop.
//!
//! ```text
//! sid=7; Path=/; HttpOnly ──▶ name · value · attributes, the last of each kind
//!        └─ a control character, nothing at all, more than 4096 bytes ──▶ dropped, with the reason
//! ```

use super::{SameSite, date};

/// Name and value together.
const MOST_PAIR: usize = 4096;
/// A longer attribute is as good as absent.
const MOST_ATTRIBUTE: usize = 1024;

/// What a line says; whether the browser believes it is for the [jar](super).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) domain: Option<&'a str>,
    pub(super) path: Option<&'a str>,
    pub(super) max_age: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) same_site: Option<SameSite>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) partitioned: bool,
}

impl<'a> Line<'a> {
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, &'static str> {
        if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err("a control character");
        }
        let mut parts = line.split(|byte| *byte == b';');
        let (name, value) = pair(parts.next().unwrap_or_default());
        let mut parsed = match value {
            Some(value) => Self { name, value, ..Self::default() },
            // Without `=` all of it is the value, and the cookie has no name.
            None => Self { value: name, ..Self::default() },
        };
        if [parsed.name, parsed.value].concat().contains(&b'\t') {
            return Err("a tab in the name or the value");
        }
        if parsed.name.is_empty() && parsed.value.is_empty() {
            return Err("neither name nor value");
        }
        // Sent as it stands, a server would take it for a pair.
        if parsed.name.is_empty() && parsed.value.contains(&b'=') {
            return Err("no name, and a value that looks like a pair");
        }
        if parsed.name.len() + parsed.value.len() > MOST_PAIR {
            return Err("name and value are over 4096 bytes");
        }
        for part in parts {
            let (name, value) = pair(part);
            let value = value.unwrap_or_default();
            if value.len() <= MOST_ATTRIBUTE {
                parsed.attribute(name, value)?;
            }
        }
        Ok(parsed)
    }

    fn attribute(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), &'static str> {
        let text = std::str::from_utf8(value).ok();
        match &*name.to_ascii_lowercase() {
            b"domain" => {
                let domain = text.filter(|text| text.is_ascii()).ok_or("a Domain that is not ASCII")?;
                self.domain = Some(domain).filter(|domain| !domain.is_empty());
            }
            b"path" => self.path = text.filter(|path| path.starts_with('/')),
            b"max-age" => self.max_age = text.and_then(seconds).or(self.max_age),
            b"expires" => self.expires = text.and_then(date::parse).or(self.expires),
            b"samesite" => self.same_site = text.and_then(SameSite::parse),
            b"secure" => self.secure = true,
            b"httponly" => self.http_only = true,
            b"partitioned" => self.partitioned = true,
            _ => {}
        }
        Ok(())
    }
}

/// `a = b` → (`a`, `b`), each without blanks around.
fn pair(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    match part.iter().position(|byte| *byte == b'=') {
        None => (trim(part), None),
        Some(at) => (trim(&part[..at]), Some(trim(&part[at + 1..]))),
    }
}

fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

/// Digits, perhaps after a sign; what is too long for a number is as far away as a number can be.
fn seconds(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let far = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(text.parse().unwrap_or(far))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_case_and_order_do_not_matter_and_the_last_attribute_counts() {
        let line =
            Line::parse(b" sid =\t7=8 ;path=/a; PATH = /b;samesite=LAX; secure ;HttpOnly=no; x").unwrap();
        let expected = Line {
            name: b"sid",
            value: b"7=8",
            path: Some("/b"),
            same_site: Some(SameSite::Lax),
            secure: true,
            http_only: true,
            ..Line::default()
        };
        assert_eq!(line, expected);
    }

    #[test]
    fn what_browsers_drop_is_dropped_with_a_reason() {
        let long = format!("a={}", "x".repeat(4096));
        for line in ["", "=", " ; Path=/", "a=\u{1}", "a=b\u{7f}", "a=b; Path=/\u{1b}", "a\tb", "=a=b", &long]
        {
            assert!(Line::parse(line.as_bytes()).is_err(), "{line:?}");
        }
        let most = format!("a={}; Path=/{}", "x".repeat(4095), "p".repeat(1024));
        let line = Line::parse(most.as_bytes()).unwrap();
        assert_eq!((line.value.len(), line.path), (4095, None), "a path of 1025 bytes is as good as absent");
        assert_eq!(Line::parse(b"=v").unwrap().value, b"v");
    }

    #[test]
    fn ages_that_are_no_numbers_are_ignored() {
        let age = |text: &str| Line::parse(format!("a=1; Max-Age={text}").as_bytes()).unwrap().max_age;
        assert_eq!([age("60"), age("+60"), age("-1"), age("0")], [Some(60), Some(60), Some(-1), Some(0)]);
        assert_eq!([age("1.5"), age(""), age("-"), age("+-1"), age("x")], [None; 5]);
        assert_eq!(
            [age(&"9".repeat(99)), age(&format!("-{}", "9".repeat(99)))],
            [Some(i64::MAX), Some(i64::MIN)]
        );
    }
}
