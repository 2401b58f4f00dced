//! JSON as issuers write it, taken apart without a parser: no blanks, no escapes, whole numbers.
//!
//! ```text
//! {"sub":"ada","aud":["shop"],"exp":1764460800}  ──▶  sub "ada"   aud ["shop"]   exp 1764460800
//! {"sub": "ada"}   {"a":1e9}   {"a":"\n"}        ──▶  None: left to serde_json, whose word is the one that counts
//! ```
//!
//! What is taken apart here is what `serde_json` would make of it, a test says; it takes a third of the instructions.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{Member, USUAL};

/// Roles are two objects deep in some tokens. A reader that recurses must end somewhere.
const DEPTH: u8 = 8;

/// A longer number may not fit.
const DIGITS: usize = 17;

/// Name and value of each member, if all of the text is that plain.
pub(super) fn members(text: &str) -> Option<SmallVec<[Member<'_>; USUAL]>> {
    let mut reader = Reader { text: text.as_bytes(), at: 0 };
    let mut members = SmallVec::new();
    reader.byte(b'{')?;
    let mut more = !reader.takes(b'}');
    while more {
        let start = reader.at + 1;
        let name = text.get(start..reader.string()?)?;
        reader.byte(b':')?;
        let start = reader.at;
        reader.value(DEPTH)?;
        members.push((Cow::Borrowed(name), text.get(start..reader.at)?));
        more = reader.goes_on(b'}')?;
    }
    (reader.at == text.len()).then_some(members)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn next(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.takes(byte).then_some(())
    }

    /// Whether a comma follows; nothing, if neither it nor the end does.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let next = self.next()?;
        self.at += 1;
        (next == b',' || next == end).then_some(next == b',')
    }

    fn value(&mut self, depth: u8) -> Option<()> {
        match self.next()? {
            b'"' => self.string().map(drop),
            b'0'..=b'9' => self.number(),
            b'[' => self.list(depth.checked_sub(1)?),
            b'{' => self.object(depth.checked_sub(1)?),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => None,
        }
    }

    /// Returns where its last quote is.
    fn string(&mut self) -> Option<usize> {
        self.byte(b'"')?;
        let end = self.at + no_letter(&self.text[self.at..])?;
        self.at = end + 1;
        (self.text[end] == b'"').then_some(end)
    }

    fn number(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += digits;
        (digits == 1 || digits <= DIGITS && rest[0] != b'0').then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn list(&mut self, depth: u8) -> Option<()> {
        self.byte(b'[')?;
        let mut more = !self.takes(b']');
        while more {
            self.value(depth)?;
            more = self.goes_on(b']')?;
        }
        Some(())
    }

    fn object(&mut self, depth: u8) -> Option<()> {
        self.byte(b'{')?;
        let mut more = !self.takes(b'}');
        while more {
            self.string()?;
            self.byte(b':')?;
            self.value(depth)?;
            more = self.goes_on(b'}')?;
        }
        Some(())
    }
}

/// Where the first byte stands that no string holds as it is: a quote, a backslash, a control character. Eight at once.
fn no_letter(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    // Tops are exact up to the first that is set, and that is the one that counts.
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word & TOPS;
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = is(b'"') | is(b'\\') | below(word, b' ');
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let last = rest.iter().position(|b| matches!(b, b'"' | b'\\' | ..b' '))?;
    Some(words.len() * 8 + last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::Object, *};

    fn taken(text: &str) -> Option<Vec<(String, &str)>> {
        members(text)
            .map(|members| members.into_iter().map(|(name, value)| (name.into_owned(), value)).collect())
    }

    #[test]
    fn what_issuers_write_is_taken_apart() {
        assert_eq!(taken("{}"), Some(vec![]));
        let text =
            r#"{"sub":"ada ü","aud":["a","b"],"exp":17,"x":{"roles":["r",{"d":[]}],"n":null},"t":true}"#;
        let expected = [
            ("sub", r#""ada ü""#),
            ("aud", r#"["a","b"]"#),
            ("exp", "17"),
            ("x", r#"{"roles":["r",{"d":[]}],"n":null}"#),
            ("t", "true"),
        ];
        assert_eq!(taken(text), Some(expected.map(|(name, value)| (name.to_owned(), value)).to_vec()));
        assert!(Object::parse(text).is_some_and(|object| object.is_plain));
    }

    #[test]
    fn what_is_not_plain_is_left_to_serde_json() {
        for text in [
            "",
            "{",
            "{}x",
            "{} ",
            " {}",
            "[]",
            r#"{"a": 1}"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a":01}"#,
            r#"{"a":-1}"#,
            r#"{"a":1.5}"#,
            r#"{"a":1e9}"#,
            r#"{"a":123456789012345678}"#,
            r#"{"a":"\n"}"#,
            "{\"a\":\"\n\"}",
            "{\"a\":\"\u{1f}\"}",
            r#"{"a":"b}"#,
            r#"{"a":tru}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[1 ]}"#,
            r#"{"a":[1}"#,
            r#"{"a"}"#,
            "{a:1}",
            r#"{"a":[[[[[[[[[]]]]]]]]]}"#,
        ] {
            assert_eq!(taken(text), None, "{text}");
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            "\"[a-c\\\\\"nü\u{1}\u{7f} ]{0,5}\"",
            "-?[0-9]{1,20}(\\.[0-9]{1,3})?([eE][0-9])?",
            "(true|false|null|nul|x)",
        ];
        let value = scalar.prop_recursive(4, 24, 4, |inner| {
            let member =
                ("[ab\\\\]{0,2}", inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(","))),
                prop::collection::vec(member, 0..4).prop_map(|all| format!("{{{}}}", all.join(","))),
            ]
        });
        let member = ("[a-f]{0,2}", value).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        (prop::collection::vec(member, 0..6), "[ ,}x]{0,1}")
            .prop_map(|(all, end)| format!("{{{}}}{end}", all.join(",")))
    }

    proptest! {
        #[test]
        fn eight_at_once_find_what_one_after_the_other_does(text in "[ !a\"\\\\\u{1f}\u{20}\u{7f}ü\u{80}\u{a2}]{0,40}") {
            let first = text.bytes().position(|b| matches!(b, b'"' | b'\\' | ..b' '));
            prop_assert_eq!(no_letter(text.as_bytes()), first);
        }

        #[test]
        fn whatever_is_taken_apart_is_what_serde_json_reads(text in prop_oneof![json(), "[{}\\[\\]:,\"\\\\a01 ]{0,12}"]) {
            if let Some(members) = taken(&text) {
                let whole: serde_json::Value = serde_json::from_str(&text).expect("serde_json reads it");
                prop_assert!(whole.is_object());
                let parsed = Object::strictly(&text);
                let names: Vec<_> = members.iter().map(|(name, _)| &**name).collect();
                let doubled = (1..names.len()).any(|at| names[..at].contains(&names[at]));
                prop_assert_eq!(parsed.is_none(), doubled);
                if let Some(parsed) = parsed {
                    prop_assert!(parsed.members().eq(members.iter().map(|(name, value)| (&**name, *value))));
                }
            }
        }
    }
}
