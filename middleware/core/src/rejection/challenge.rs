//! One `WWW-Authenticate` challenge: a scheme and its parameters, quoted so that nothing can be injected.
//!
//! ```text
//! Challenge::bearer().with_realm("api").with_error("invalid_token", "…") ─▶ Bearer realm="api", error="invalid_token", …
//! ```

use std::fmt::{self, Write as _};

use http::HeaderValue;

/// A challenge (RFC 9110 §11.3): what the client may try next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Challenge {
    scheme: &'static str,
    params: Vec<(&'static str, String)>,
}

impl Challenge {
    /// A challenge of the given scheme, a token of RFC 9110 §5.6.2.
    pub fn new(scheme: &'static str) -> Self {
        Self { scheme, params: Vec::new() }
    }

    /// `Bearer` (RFC 6750 §3).
    pub fn bearer() -> Self {
        Self::new("Bearer")
    }

    /// `Basic` with its realm and `charset="UTF-8"` (RFC 7617 §2).
    pub fn basic(realm: impl Into<String>) -> Self {
        Self::new("Basic").with_realm(realm).with_param("charset", "UTF-8")
    }

    /// The protection space (RFC 9110 §11.5): one, and the first parameter, which is where old clients look.
    pub fn with_realm(mut self, realm: impl Into<String>) -> Self {
        self.params.retain(|(name, _)| *name != "realm");
        self.params.insert(0, ("realm", realm.into()));
        self
    }

    /// `error` and `error_description` (RFC 6750 §3).
    pub fn with_error(self, error: &'static str, description: impl Into<String>) -> Self {
        self.with_param("error", error).with_param("error_description", description)
    }

    /// The scope that would be enough (RFC 6750 §3), words joined by blanks.
    pub fn with_scope(self, scope: impl Into<String>) -> Self {
        self.with_param("scope", scope)
    }

    /// Any parameter; the value is quoted.
    pub fn with_param(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.params.push((name, value.into()));
        self
    }

    /// The scheme, as written.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The value of a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The challenge as a header value; characters that a quoted string cannot hold become `?`.
    pub fn to_header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).expect("only visible ASCII and blanks were written")
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme)?;
        for (at, (name, value)) in self.params.iter().enumerate() {
            write!(f, "{} {name}=\"", if at == 0 { "" } else { "," })?;
            for c in value.chars() {
                match c {
                    '"' | '\\' => write!(f, "\\{c}")?,
                    ' '..='~' => f.write_char(c)?,
                    _ => f.write_char('?')?,
                }
            }
            f.write_char('"')?;
        }
        Ok(())
    }
}
