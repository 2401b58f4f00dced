//! One line of `Forwarded` taken apart: elements of parameters, each at most once (RFC 7239 §4).
//!
//! ```text
//! for="[2001:db8::9]:1";proto=https;host=shop.example, for=10.0.0.2
//! └────────────────── element ───────────────────────┘  └─ element
//! ```

use std::borrow::Cow;

/// What an element says of its hop; unread, but for quotes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) node: Option<Cow<'a, str>>,
    pub(super) proto: Option<Cow<'a, str>>,
    pub(super) host: Option<Cow<'a, str>>,
}

/// The elements of a line, left to right; `None` when it is not one. Empty elements do not count.
pub(super) fn elements(line: &str) -> Option<Vec<Element<'_>>> {
    let mut all = Vec::new();
    let mut rest = line;
    loop {
        let (element, after) = element(rest)?;
        all.extend(element);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => return after.is_empty().then_some(all),
        }
    }
}

/// The first element, and what follows it.
fn element(text: &str) -> Option<(Option<Element<'_>>, &str)> {
    let (mut element, mut by) = (Element::default(), None);
    let (mut any, mut rest) = (false, text);
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if !rest.starts_with([';', ',']) && !rest.is_empty() {
            let (name, value, after) = pair(rest)?;
            let slot = match name.to_ascii_lowercase().as_str() {
                "for" => Some(&mut element.node),
                "proto" => Some(&mut element.proto),
                "host" => Some(&mut element.host),
                "by" => Some(&mut by),
                // An extension says nothing that is believed here.
                _ => None,
            };
            if slot.is_some_and(|slot| slot.replace(value).is_some()) {
                return None;
            }
            any = true;
            rest = after.trim_start_matches([' ', '\t']);
        }
        match rest.strip_prefix(';') {
            Some(after) => rest = after,
            None => return Some((any.then_some(element), rest)),
        }
    }
}

/// `token "=" (token | quoted-string)`, and what follows.
fn pair(text: &str) -> Option<(&str, Cow<'_, str>, &str)> {
    let (name, rest) = token(text)?;
    let rest = rest.strip_prefix('=')?;
    let (value, rest) = match rest.strip_prefix('"') {
        Some(rest) => quoted(rest)?,
        None => token(rest).map(|(value, rest)| (Cow::Borrowed(value), rest))?,
    };
    Some((name, value, rest))
}

fn token(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| !is_token(b)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// RFC 9110 §5.6.2.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// What stands up to the closing quote, without the backslashes; `None` when there is no such quote.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(['"', '\\'])?;
    if text[end..].starts_with('"') {
        return Some((Cow::Borrowed(&text[..end]), &text[end + 1..]));
    }
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Cow::Owned(value), &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Vec<String>> {
        let show = |part: &Option<Cow<'_, str>>| part.as_deref().unwrap_or("-").to_owned();
        let all = elements(line)?;
        Some(all.iter().map(|e| [show(&e.node), show(&e.proto), show(&e.host)].join(" ")).collect())
    }

    #[test]
    fn a_line_is_read_in_one_way_or_not_at_all() {
        for (line, expected) in [
            ("for=a", Some(&["a - -"][..])),
            ("For=a;PROTO=https;host=h", Some(&["a https h"])),
            (r#"for="[2001:db8::9]:1", for=b"#, Some(&["[2001:db8::9]:1 - -", "b - -"])),
            (r#"for="a, for=b""#, Some(&["a, for=b - -"])),
            (r#"for="a\"b\\";by=x;ext=1;ext=2"#, Some(&[r#"a"b\ - -"#])),
            ("for=a ; proto=http\t,\tfor=b;", Some(&["a http -", "b - -"])),
            (" , ,for=a,;,", Some(&["a - -"])),
            ("", Some(&[])),
            ("proto=http", Some(&["- http -"])),
            ("for", None),
            ("for=", None),
            ("for =a", None),
            ("for= a", None),
            ("=a", None),
            ("for=a b", None),
            ("for=a;for=b", None),
            ("by=a;by=b", None),
            ("for=[::1]", None),
            ("for=a:1", None),
            (r#"for="a"#, None),
            (r#"for="a\"#, None),
            (r#"for="a"b"#, None),
            (r#"for="a, for="[2001:db8::9]""#, None),
            ("for=a/b", None),
        ] {
            let expected = expected.map(|all| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
            assert_eq!(read(line), expected, "{line:?}");
        }
    }
}
