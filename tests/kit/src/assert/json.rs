//! As much of a JSON reader (RFC 8259) as a comparison needs: numbers stay as they are written.
//!
//! ```text
//! text ── parse ──▶ Json::{Object, Array, Text, Word}        an error says where
//! ```

use std::fmt;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Text(String),
    /// A number, `true`, `false` or `null`.
    Word(String),
}

/// The one member of a name; of several the last, as most readers do.
pub(super) fn member<'a>(members: &'a [(String, Json)], name: &str) -> Option<&'a Json> {
    members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
}

pub(super) fn parse(text: &str) -> Result<Json, String> {
    let mut reader = Reader { rest: text };
    let value = reader.value();
    reader.blanks();
    match value {
        Some(value) if reader.rest.is_empty() => Ok(value),
        _ => {
            let near: String = reader.rest.chars().take(20).collect();
            Err(format!("at byte {}, near `{near}`", text.len() - reader.rest.len()))
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Json> {
        self.blanks();
        match self.rest.chars().next()? {
            '{' => self
                .list('}', |reader| {
                    reader.blanks();
                    let name = reader.text()?;
                    reader.blanks();
                    reader.take(':')?;
                    Some((name, reader.value()?))
                })
                .map(Json::Object),
            '[' => self.list(']', Self::value).map(Json::Array),
            '"' => self.text().map(Json::Text),
            _ => self.word(),
        }
    }

    fn list<T>(&mut self, end: char, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.rest = &self.rest[1..];
        let mut all = Vec::new();
        self.blanks();
        if self.take(end).is_some() {
            return Some(all);
        }
        loop {
            all.push(one(self)?);
            self.blanks();
            if self.take(end).is_some() {
                return Some(all);
            }
            self.take(',')?;
        }
    }

    fn text(&mut self) -> Option<String> {
        self.take('"')?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.unit()?;
                let units = match high {
                    0xd800..0xdc00 => {
                        self.take('\\')?;
                        self.take('u')?;
                        vec![high, self.unit()?]
                    }
                    _ => vec![high],
                };
                char::decode_utf16(units).next()?.ok()?
            }
            c @ ('"' | '\\' | '/') => c,
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest.get(..4)?;
        let unit = u16::from_str_radix(digits, 16).ok()?;
        self.rest = &self.rest[4..];
        Some(unit)
    }

    fn word(&mut self) -> Option<Json> {
        let after = self.rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let word = &self.rest[..self.rest.len() - after.len()];
        let known =
            ["true", "false", "null"].contains(&word) || word.parse::<f64>().is_ok_and(f64::is_finite);
        known.then(|| {
            self.rest = after;
            Json::Word(word.to_owned())
        })
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn take(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(members) => write!(f, "{{…{} members}}", members.len()),
            Self::Array(values) => write!(f, "[…{} values]", values.len()),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_can_say_is_read() {
        let read = parse(r#" {"a":[1,-2.5e3,true,null],"b":"x\n\"\u00e4\ud83d\ude00","c":{}} "#)
            .expect("it is JSON");
        let Json::Object(members) = read else { panic!("an object") };
        assert_eq!(member(&members, "b"), Some(&Json::Text("x\n\"ä😀".to_owned())));
        assert_eq!(member(&members, "c"), Some(&Json::Object(Vec::new())));
        assert!(matches!(member(&members, "a"), Some(Json::Array(values)) if values.len() == 4));
    }

    #[test]
    fn what_is_no_json_says_where() {
        for bad in ["", "{", "[1,]", "{\"a\" 1}", "nul", "1 2", "\"\\x\"", "\"open", "\"\\ud800\""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("[1,]"), Err("at byte 3, near `]`".to_owned()));
    }
}
