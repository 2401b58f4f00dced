//! Which challenges a refusal offers (`WWW-Authenticate`, RFC 9110 §11.6.1), read as a client has to.
//!
//! ```text
//! Bearer realm="a", error="b", Basic realm="c", Negotiate dG9rZW4=      several in one field, or in several fields
//! └─────── an Offer ────────┘  └─── an Offer ┘  └ scheme, token68 ┘
//! ```
//!
//! A comma divides parameters and challenges alike: what follows belongs to the same challenge if it is `name =`.

use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};

use super::{header::HasHeaders, table::Table};

/// Asserts that a challenge of this scheme is offered, or that none is.
///
/// ```
/// use enfilade_core::{Challenge, Rejection, Verdict};
/// use enfilade_test::assert_challenge;
/// use http::StatusCode;
///
/// let challenge = Challenge::bearer().with_realm("shop").with_error("invalid_token", "it has expired");
/// let refused = Rejection::new(StatusCode::UNAUTHORIZED, "auth.token-expired").with_challenge(challenge);
///
/// assert_challenge!(refused, "Bearer");
/// assert_challenge!(refused, "Bearer", realm = "shop", error = "invalid_token", no scope);
/// assert_challenge!(refused, no "Basic");
///
/// let head = http::Response::builder().header("www-authenticate", "Negotiate dG9rZW4=").body(()).unwrap();
/// assert_challenge!(head, "Negotiate" = "dG9rZW4=");
/// assert_challenge!(http::Response::new(()), none);
/// ```
///
/// Parameters that are not named may be there or not; `no scope` says that one is not. A name that is no Rust word is
/// written in quotes: `"error-uri" = "…"`. If a scheme is offered more than once, one of the offers has to be right.
/// A field that does not follow the grammar fails every form: clients read different things into it.
#[macro_export]
macro_rules! assert_challenge {
    ($from:expr, none $(,)?) => {
        $crate::assert::no_challenges(&$from)
    };
    ($from:expr, no $scheme:tt $(,)?) => {
        $crate::assert::no_challenge(&$from, ::core::convert::AsRef::<str>::as_ref(&$scheme))
    };
    ($from:expr, $scheme:tt = $token68:expr $(,)?) => {
        $crate::assert::challenge(&$from, $crate::assert::OfferTest::new(&$scheme).token68($token68))
    };
    ($from:expr, $scheme:tt $(, $($params:tt)*)?) => {
        $crate::assert::challenge(
            &$from,
            $crate::__challenge_params!(($crate::assert::OfferTest::new(&$scheme)) $($($params)*)?),
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __challenge_params {
    (($test:expr)) => {
        $test
    };
    (($test:expr) no $name:ident $(, $($rest:tt)*)?) => {
        $crate::__challenge_params!(($test.without(::core::stringify!($name))) $($($rest)*)?)
    };
    (($test:expr) $name:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__challenge_params!(($test.param(::core::stringify!($name), $value)) $($($rest)*)?)
    };
    (($test:expr) $name:literal = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__challenge_params!(($test.param($name, $value)) $($($rest)*)?)
    };
    (($test:expr) $($other:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "write `realm = \"shop\"`, `\"odd-name\" = \"…\"` or `no scope`, not `",
            ::core::stringify!($($other)+),
            "`"
        ))
    };
}

/// One challenge that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    scheme: String,
    token68: Option<String>,
    params: Vec<(String, String)>,
}

impl Offer {
    /// The scheme as written; it is the same in any case.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What stands after the scheme instead of parameters.
    pub fn token68(&self) -> Option<&str> {
        self.token68.as_deref()
    }

    /// A parameter's value, unquoted; names are the same in any case.
    pub fn param(&self, name: &str) -> Option<&str> {
        let param = self.params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        param.map(|(_, value)| value.as_str())
    }

    fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// Every challenge that the headers offer, in order.
///
/// ```
/// use enfilade_test::assert::offers;
///
/// let value = r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#;
/// let headers = http::HeaderMap::from_iter([(http::header::WWW_AUTHENTICATE, value.parse().unwrap())]);
/// let offers = offers(&headers).unwrap();
/// assert_eq!(offers[0].param("title"), Some(r#"Login to "apps""#));
/// assert_eq!(offers[1].scheme(), "Basic");
/// ```
///
/// # Errors
///
/// Where the fields leave the grammar.
pub fn offers(headers: &HeaderMap) -> Result<Vec<Offer>, String> {
    // Several fields are one list (RFC 9110 §5.3).
    let fields = headers.get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes);
    let list = String::from_utf8_lossy(&fields.collect::<Vec<_>>().join(&b", "[..])).into_owned();
    Parser { rest: &list }.challenges().map_err(|at| {
        let (read, unread) = list.split_at(list.len() - at);
        format!("malformed WWW-Authenticate, after `{read}`: `{unread}`")
    })
}

/// What a test expects of an offer.
#[derive(Debug)]
#[must_use]
pub struct OfferTest {
    scheme: String,
    token68: Option<String>,
    params: Vec<(&'static str, Option<String>)>,
}

impl OfferTest {
    /// Of this scheme, in any case.
    pub fn new(scheme: impl ToString) -> Self {
        Self { scheme: scheme.to_string(), token68: None, params: Vec::new() }
    }

    /// With this instead of parameters.
    pub fn token68(mut self, token68: impl ToString) -> Self {
        self.token68 = Some(token68.to_string());
        self
    }

    /// With this parameter.
    pub fn param(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.push((name, Some(value.to_string())));
        self
    }

    /// Without this parameter.
    pub fn without(mut self, name: &'static str) -> Self {
        self.params.push((name, None));
        self
    }

    fn compare(&self, offer: &Offer) -> Table {
        let mut table = Table::default();
        table.row("scheme", &self.scheme, &offer.scheme, !offer.is(&self.scheme));
        if let Some(token68) = &self.token68 {
            table.compare("token68", token68, offer.token68().unwrap_or(ABSENT));
        }
        for (name, expected) in &self.params {
            let (found, expected) = (offer.param(name), expected.as_deref());
            table.row(name, expected.unwrap_or(ABSENT), found.unwrap_or(ABSENT), expected != found);
        }
        table
    }
}

const ABSENT: &str = "(absent)";

/// The check behind [`assert_challenge!`].
///
/// # Panics
///
/// If no offer is as expected.
#[track_caller]
pub fn challenge(from: &impl HasHeaders, test: OfferTest) {
    let offers = read(from);
    let of_scheme = offers.iter().filter(|offer| offer.is(&test.scheme));
    let nearest = of_scheme.map(|offer| test.compare(offer)).min_by_key(Table::differences);
    let table = nearest.unwrap_or_else(|| {
        let mut table = Table::default();
        table.row("schemes", &test.scheme, &schemes(&offers), true);
        table
    });
    table.check("expected this challenge");
}

/// The check behind `assert_challenge!(x, no "…")`.
///
/// # Panics
///
/// If the scheme is offered.
#[track_caller]
pub fn no_challenge(from: &impl HasHeaders, scheme: &str) {
    let offers = read(from);
    let mut table = Table::default();
    let offered = offers.iter().any(|offer| offer.is(scheme));
    table.row("schemes", &format!("no {scheme}"), &schemes(&offers), offered);
    table.check("expected that this challenge is not offered");
}

/// The check behind `assert_challenge!(x, none)`.
///
/// # Panics
///
/// If anything is offered.
#[track_caller]
pub fn no_challenges(from: &impl HasHeaders) {
    let offers = read(from);
    let mut table = Table::default();
    table.compare("schemes", "none", &schemes(&offers));
    table.check("expected no challenge");
}

#[track_caller]
fn read(from: &impl HasHeaders) -> Vec<Offer> {
    offers(&from.fields()).unwrap_or_else(|error| panic!("{error}"))
}

fn schemes(offers: &[Offer]) -> String {
    let schemes: Vec<_> = offers.iter().map(Offer::scheme).collect();
    if schemes.is_empty() { "none".to_owned() } else { schemes.join(", ") }
}

/// Reads from the front; an error is how many bytes were left.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn challenges(mut self) -> Result<Vec<Offer>, usize> {
        let mut offers = Vec::new();
        loop {
            self.commas();
            if self.rest.is_empty() {
                return Ok(offers);
            }
            offers.push(self.challenge()?);
        }
    }

    fn challenge(&mut self) -> Result<Offer, usize> {
        let scheme = self.token()?.to_owned();
        let mut offer = Offer { scheme, token68: None, params: Vec::new() };
        let blanks = self.blanks();
        if self.ends_here() {
            return Ok(offer);
        }
        if blanks == 0 {
            return Err(self.rest.len());
        }
        if let Some(token68) = self.token68() {
            offer.token68 = Some(token68.to_owned());
            return Ok(offer);
        }
        loop {
            offer.params.push(self.param()?);
            self.blanks();
            if !self.ends_here() {
                return Err(self.rest.len());
            }
            let mut ahead = Parser { rest: self.rest };
            ahead.commas();
            if !ahead.starts_with_param() {
                return Ok(offer);
            }
            self.rest = ahead.rest;
        }
    }

    fn param(&mut self) -> Result<(String, String), usize> {
        let name = self.token()?.to_owned();
        self.blanks();
        self.rest = self.rest.strip_prefix('=').ok_or(self.rest.len())?;
        self.blanks();
        let value = if self.rest.starts_with('"') { self.quoted()? } else { self.token()?.to_owned() };
        Ok((name, value))
    }

    fn quoted(&mut self) -> Result<String, usize> {
        let left = self.rest.len();
        let mut value = String::new();
        let mut chars = self.rest[1..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 2..];
                    return Ok(value);
                }
                '\\' => value.push(chars.next().ok_or(left)?.1),
                _ => value.push(c),
            }
        }
        Err(left)
    }

    /// `token68` ends the challenge, or it is none.
    fn token68(&mut self) -> Option<&'a str> {
        let is_char = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        let body = self.rest.trim_start_matches(is_char);
        if body.len() == self.rest.len() {
            return None;
        }
        let mut after = Parser { rest: body.trim_start_matches('=') };
        let value = &self.rest[..self.rest.len() - after.rest.len()];
        after.blanks();
        if !after.ends_here() {
            return None;
        }
        self.rest = after.rest;
        Some(value)
    }

    fn token(&mut self) -> Result<&'a str, usize> {
        let is_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let after = self.rest.trim_start_matches(is_char);
        let token = &self.rest[..self.rest.len() - after.len()];
        self.rest = after;
        if token.is_empty() { Err(after.len()) } else { Ok(token) }
    }

    fn starts_with_param(&self) -> bool {
        let mut ahead = Parser { rest: self.rest };
        ahead.token().is_ok() && {
            ahead.blanks();
            ahead.rest.starts_with('=')
        }
    }

    fn ends_here(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with(',')
    }

    fn blanks(&mut self) -> usize {
        let before = self.rest.len();
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        before - self.rest.len()
    }

    /// Empty members of a list are no fault (RFC 9110 §5.6.1.2).
    fn commas(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', ',']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[&str]) -> Result<Vec<Offer>, String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(WWW_AUTHENTICATE, field.parse().expect("a header value"));
        }
        offers(&headers)
    }

    fn shown(fields: &[&str]) -> String {
        let offers = read(fields).expect("well-formed");
        let shown = offers.iter().map(|offer| {
            let params = offer.params.iter().map(|(name, value)| format!("{name}={value}"));
            let rest: Vec<_> = offer.token68.iter().cloned().chain(params).collect();
            format!("{}({})", offer.scheme, rest.join(" "))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn challenges_are_told_apart_from_parameters() {
        let table: [(&[&str], &str); 10] = [
            (&["Bearer"], "Bearer()"),
            (&["Bearer, Basic"], "Bearer() Basic()"),
            (&["Bearer realm=\"a, b\", error=c, Basic realm=d"], "Bearer(realm=a, b error=c) Basic(realm=d)"),
            (&["Bearer realm=a", "Basic realm=b"], "Bearer(realm=a) Basic(realm=b)"),
            (&["Negotiate dG9rZW4="], "Negotiate(dG9rZW4=)"),
            (&["Negotiate abc==, Basic realm=x"], "Negotiate(abc==) Basic(realm=x)"),
            (&[",, Bearer realm = \"x\" ,, error=y,"], "Bearer(realm=x error=y)"),
            (&["Digest qop=\"auth, auth-int\", nonce=\"a\\\"b\""], "Digest(qop=auth, auth-int nonce=a\"b)"),
            (&["Bearer", "realm=x"], "Bearer() realm(=x)"),
            (&[], ""),
        ];
        for (fields, expected) in &table[..8] {
            assert_eq!(shown(fields), *expected, "{fields:?}");
        }
        assert_eq!(shown(table[9].0), "");
        assert!(read(table[8].0).is_err(), "a parameter without a scheme before it");
    }

    #[test]
    fn what_leaves_the_grammar_is_an_error_that_says_where() {
        for bad in
            ["Bearer realm=\"open", "Bearer realm=", "Bearer realm x=y", "=x", "Basic realm=a b", "\"x\""]
        {
            let result = read(&[bad]);
            // `realm=` alone is a token68 by its grammar, and so read as one.
            if bad == "Bearer realm=" {
                assert_eq!(result.expect("a token68")[0].token68(), Some("realm="));
            } else {
                assert!(result.expect_err(bad).starts_with("malformed WWW-Authenticate, after `"), "{bad}");
            }
        }
    }
}
