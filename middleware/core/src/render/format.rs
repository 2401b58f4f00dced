//! Which body the client reads best: proactive negotiation by `Accept` (RFC 9110 §12.5.1).
//!
//! ```text
//! text/html, */*;q=0.8 ─▶ ranges (type, weight) ─▶ for each of ours the most specific range ─▶ greatest weight
//! ```
//!
//! 1. No `Accept`, `*/*`, or nothing of ours in it: problem+json. A refusal is never replaced by a 406.
//! 2. Equal weights: what is named beats what a wildcard covers, then problem+json, HTML, text in this order.
//! 3. `application/json` asks for problem+json: RFC 9457 is what JSON clients of refusals expect.
//! 4. What cannot be parsed is passed over; parameters other than `q` are, too.
//!
//! ```
//! use enfilade_core::render::Format;
//!
//! assert_eq!(Format::negotiate([]), Format::Problem);
//! let firefox = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
//! assert_eq!(Format::negotiate([&firefox[..]]), Format::Html);
//! ```

/// A language for refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `application/problem+json` (RFC 9457).
    Problem,
    /// `text/html`.
    Html,
    /// `text/plain`.
    Text,
}

/// In the order that decides between equals.
const OURS: [(Format, &[&str]); 3] = [
    (Format::Problem, &["application/problem+json", "application/json"]),
    (Format::Html, &["text/html"]),
    (Format::Text, &["text/plain"]),
];

impl Format {
    /// Judges the values of all `Accept` fields of a request, as they came.
    pub fn negotiate<'a>(accept: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut found = [Match::default(); OURS.len()];
        for element in accept.into_iter().flat_map(|field| split(field, b',')) {
            let Some(range) = Range::parse(element) else { continue };
            for (best, (_, types)) in found.iter_mut().zip(OURS) {
                let Some(named) = range.covers(types) else { continue };
                // The most specific range decides about a type, whatever its weight; of equals the greater weight.
                *best = (*best).max(Match { named, weight: range.weight });
            }
        }
        let acceptable = found.iter().zip(OURS).filter(|(found, _)| found.weight > 0);
        // `max_by_key` takes the last of equals, and the first of ours should win.
        let best = acceptable.rev().max_by_key(|(found, _)| (found.weight, found.named));
        best.map_or(Self::Problem, |(_, (format, _))| format)
    }
}

/// What the ranges so far say about one type of ours.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    /// How specifically: 0 not at all, 1 `*/*`, 2 `type/*`, 3 by its name.
    named: u8,
    /// In thousandths.
    weight: u16,
}

/// One media range and its weight.
struct Range<'a> {
    main: &'a [u8],
    sub: &'a [u8],
    weight: u16,
}

impl<'a> Range<'a> {
    fn parse(element: &'a [u8]) -> Option<Self> {
        let mut parts = split(element, b';').map(<[u8]>::trim_ascii);
        let name = parts.next()?;
        let (main, sub) = match name.iter().position(|b| *b == b'/') {
            Some(at) => (&name[..at], &name[at + 1..]),
            // Java's HttpURLConnection sends `*; q=.2`.
            None if name == b"*" => (name, name),
            None => return None,
        };
        if main == b"*" && sub != b"*" {
            return None;
        }
        let weights = parts.filter_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
        let weight = weights.map(weight).next().unwrap_or(Some(1000))?;
        Some(Self { main, sub, weight })
    }

    fn covers(&self, types: &[&str]) -> Option<u8> {
        let covers = |kind: &&str| {
            let (main, sub) = kind.split_once('/').expect("ours are written as type/subtype");
            match (self.main, self.sub) {
                (b"*", _) => Some(1),
                (range, b"*") if range.eq_ignore_ascii_case(main.as_bytes()) => Some(2),
                (range, exact) => (range.eq_ignore_ascii_case(main.as_bytes())
                    && exact.eq_ignore_ascii_case(sub.as_bytes()))
                .then_some(3),
            }
        };
        types.iter().find_map(covers)
    }
}

/// `0`, `1`, `0.8`, and `.2` for clients that forget the digit, in thousandths; further digits count for nothing.
fn weight(text: &[u8]) -> Option<u16> {
    let (whole, digits) = match text.iter().position(|b| *b == b'.') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &b""[..]),
    };
    if text.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let thousandths =
        [100, 10, 1].into_iter().zip(digits).map(|(unit, digit)| unit * u16::from(digit - b'0')).sum();
    match whole {
        b"0" | b"" => Some(thousandths),
        b"1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

/// The pieces between separators that stand outside quotes (RFC 9110 §5.6.4).
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |b| {
        match (quoted, escaped, b) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (_, _, b'"') => quoted = !quoted,
            _ => {}
        }
        !quoted && *b == separator
    })
}

#[cfg(test)]
mod tests {
    use super::{Format, weight};

    #[test]
    fn weights_have_three_digits_and_are_at_most_one() {
        for (text, expected) in [
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("0", Some(0)),
            ("0.8", Some(800)),
            ("0.123", Some(123)),
            ("0.1239", Some(123)),
            (".2", Some(200)),
            ("1.001", None),
            ("2", None),
            ("-1", None),
            ("0.x", None),
            ("", None),
        ] {
            assert_eq!(weight(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_lone_quote_swallows_the_rest_of_its_field_only() {
        let fields = [&b"text/html;a=\"b, text/plain"[..], b"text/plain;q=0.5"];
        assert_eq!(Format::negotiate(fields), Format::Html);
    }
}
