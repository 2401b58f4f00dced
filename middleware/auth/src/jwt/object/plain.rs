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

    use super::{
        super::{List, Object, Rounded, Value},
        *,
    };

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

    /// All that a reader of claims asks of an object, in words.
    fn said(object: &Object<'_>, text: &str) -> String {
        let member = |(name, raw)| {
            let mut value = Value::of("it");
            value.set(raw);
            let seconds = (value.seconds(Rounded::Down), value.seconds(Rounded::Up));
            let inner = object.object(name).map(|inner| inner.map(|inner| said(&inner, raw)));
            let inner = inner.ok().flatten().unwrap_or_default();
            let texts = (value.string(), value.name(), value.array());
            let list = object.list_at(name).map(|list| list.map(List::into_words));
            format!("{name} {raw} {seconds:?} {texts:?} {list:?} {} ({inner})\n", object.has(name))
        };
        let members: String = object.members().map(member).collect();
        format!("{members}{}", object.is_readable(text))
    }

    /// Panics unless both ways to read `text` say the same.
    #[track_caller]
    fn assert_read_alike(text: &str) {
        let strict = Object::strictly(text);
        let either = Object::parse(text);
        let said = |object: Option<Object<'_>>| object.map(|object| said(&object, text));
        assert_eq!(said(either), said(strict), "{text}");
        if members(text).is_some() {
            serde_json::from_str::<serde_json::Value>(text).expect("what is taken apart is JSON");
        }
    }

    #[test]
    fn every_number_and_depth_is_read_as_serde_json_reads_it() {
        let numbers = "0 -0 00 01 1 1.0 1.5 1. .5 1e0 1e5 1E+5 1e-5 1e309 -1 +1 0x1 1_0 NaN ١ 253402300799 253402300800 \
            253402300799.5 12345678901234567 123456789012345678 18446744073709551615 18446744073709551616 \
            99999999999999999999 -9223372036854775809";
        for number in numbers.split_whitespace() {
            assert_read_alike(&format!("{{\"exp\":{number}}}"));
            assert_read_alike(&format!("{{\"a\":[{number}],\"b\":{{\"c\":{number}}}}}"));
        }
        for depth in (0..12).chain(120..132) {
            for (open, inner, close) in [("[", "1", "]"), ("{\"a\":", "{}", "}"), ("[{\"a\":", "\"\"", "}]")]
            {
                let value = [&open.repeat(depth), inner, &close.repeat(depth)].concat();
                assert_read_alike(&format!("{{\"a\":{value}}}"));
            }
        }
    }

    #[test]
    fn names_that_are_there_twice_are_found_among_few_and_among_many() {
        for many in [2, 15, 16, 17, 40] {
            for again in [0, many / 2, many - 1, many] {
                let names = (0..many).chain((again < many).then_some(again));
                let text = names.map(|at| format!("\"n{at}\":{at}")).collect::<Vec<_>>().join(",");
                let text = format!("{{{text}}}");
                assert_eq!(Object::parse(&text).is_none(), again < many, "{text}");
                assert_read_alike(&text);
                assert_read_alike(&text.replacen("n0", "\\u006e0", 1));
            }
        }
    }

    /// Objects of these scalars, a few deep.
    fn objects(
        scalar: impl Strategy<Value = String> + 'static,
        name: &'static str,
    ) -> impl Strategy<Value = String> {
        let value = scalar.prop_recursive(4, 24, 4, move |inner| {
            let member = (name, inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(","))),
                prop::collection::vec(member, 0..4).prop_map(|all| format!("{{{}}}", all.join(","))),
            ]
        });
        let member = ("[a-f]{0,2}", value).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop::collection::vec(member, 0..6).prop_map(|all| format!("{{{}}}", all.join(",")))
    }

    /// Some as issuers write them, some not.
    fn json() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            "\"[a-c\\\\\"nü\u{1}\u{7f} ]{0,5}\"",
            "-?[0-9]{1,20}(\\.[0-9]{1,3})?([eE][0-9])?",
            "(true|false|null|nul|x)",
        ];
        (objects(scalar, "[ab\\\\]{0,2}"), "[ ,}x]{0,1}").prop_map(|(text, end)| text + &end)
    }

    fn as_issuers_write() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            "\"[a-cü\u{7f}\u{2028}/'{}\\[\\],: ]{0,5}\"",
            "(0|[1-9][0-9]{0,16})",
            "(true|false|null)",
        ];
        objects(scalar, "[ab]{0,2}")
    }

    /// The same with up to three pieces put in, put over others, or taken out.
    fn changed() -> impl Strategy<Value = String> {
        const PIECES: [&str; 26] = [
            "", " ", "\t", "\n", "\r", "\0", "\u{1f}", "\u{a0}", "\u{feff}", "\"", "\\", "\\\"", "\\u0061",
            "\\ud800", ",", ":", "{", "}", "[", "]", "0", "9", "-", ".", "e", "null",
        ];
        let change = (any::<prop::sample::Index>(), prop::sample::select(&PIECES[..]), 0..2_usize);
        (as_issuers_write(), prop::collection::vec(change, 1..4)).prop_map(|(mut text, changes)| {
            for (at, piece, over) in changes {
                let start = text.floor_char_boundary(at.index(text.len() + 1));
                let end = text.ceil_char_boundary((start + over).min(text.len()));
                text.replace_range(start..end, piece);
            }
            text
        })
    }

    proptest! {
        #[test]
        fn what_issuers_write_is_not_left_to_serde_json(text in as_issuers_write()) {
            prop_assert!(members(&text).is_some());
        }

        #[test]
        fn both_ways_read_the_same(
            text in prop_oneof![changed(), as_issuers_write(), json(), "[{}\\[\\]:,\"\\\\a01 ]{0,12}"],
        ) {
            assert_read_alike(&text);
        }
    }
}
