//! One cookie on its way out: checked as a whole before a byte of it is written.
//!
//! ```text
//! SetCookie { name, value, profile } ──▶ name, value, attributes, size ──▶ Set-Cookie: …   or CookieError
//! ```
//!
//! ```
//! use enfilade_cookie::{CookieError, Profile, SetCookie};
//!
//! let line = SetCookie::new("__Host-theme", "dark").to_header_value()?;
//! assert_eq!(line, "__Host-theme=dark; Path=/; Secure; HttpOnly; SameSite=Lax");
//!
//! // Nothing is injected, and nothing that a browser would drop is sent.
//! let injected = SetCookie::new("__Host-theme", "dark; Domain=evil.example");
//! assert_eq!(injected.to_header_value(), Err(CookieError::Value));
//! let misspelt = SetCookie::new("__hOsT-theme", "dark");
//! assert_eq!(misspelt.to_header_value(), Err(CookieError::Prefix { expected: "__Host-" }));
//! # Ok::<(), CookieError>(())
//! ```

mod error;
pub(crate) mod grammar;

pub use self::error::CookieError;

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    time::Duration,
};

use http::HeaderValue;

use crate::Profile;

/// A cookie to be set. See the [module docs](self).
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a cookie is not set until it is added to a jar"]
pub struct SetCookie {
    name: Cow<'static, str>,
    value: Cow<'static, str>,
    profile: Profile,
}

impl SetCookie {
    /// A cookie by its name on the wire, prefix and all, under [`Profile::host`].
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), value: value.into(), profile: Profile::host() }
    }

    /// Under another profile.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// For so long: short for a profile with that [`Profile::with_max_age`].
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.profile = self.profile.with_max_age(max_age);
        self
    }

    /// The name on the wire.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Its attributes.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The field's value, marked sensitive so that logs and HPACK tables leave it out.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn to_header_value(&self) -> Result<HeaderValue, CookieError> {
        line(&self.name, &self.value, &self.profile, self.profile.max_age())
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookie")
            .field("name", &self.name)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// The most bytes of one cookie, attributes included: what RFC 6265 §6.1 promises everywhere. Browsers of today
/// count name and value only; this is the stricter of the two.
pub(crate) const COOKIE_MAX: usize = 4096;

/// Checks and writes one cookie; `max_age` stands for the profile's own.
pub(crate) fn line(
    name: &str,
    value: &str,
    profile: &Profile,
    max_age: Option<Duration>,
) -> Result<HeaderValue, CookieError> {
    profile.check(name)?;
    if !grammar::is_value(value) {
        return Err(CookieError::Value);
    }
    write_line(name, value, profile, max_age)
}

/// The line that makes a browser forget a cookie: the same key and the same attributes, its time long over.
///
/// Browsers refuse a removal that lacks `Secure` or the `Path` that its prefix demands, so it has them all.
pub(crate) fn removal(name: &str, profile: &Profile) -> Result<HeaderValue, CookieError> {
    profile.check(name)?;
    write_line(name, "", profile, Some(Duration::ZERO))
}

fn write_line(
    name: &str,
    value: &str,
    profile: &Profile,
    max_age: Option<Duration>,
) -> Result<HeaderValue, CookieError> {
    let mut line = String::with_capacity(name.len() + value.len() + 96);
    for part in [name, "=", value, "; Path=", profile.path()] {
        line.push_str(part);
    }
    if let Some(domain) = profile.domain() {
        line.push_str("; Domain=");
        line.push_str(domain);
    }
    match max_age.map(|age| age.as_secs()) {
        // Max-Age wins wherever it is known; the date is for what knows it not.
        Some(0) => line.push_str("; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
        Some(seconds) => {
            write!(line, "; Max-Age={seconds}").expect("a String takes all that is written to it");
        }
        None => {}
    }
    if profile.is_secure() {
        line.push_str("; Secure");
    }
    if profile.is_http_only() {
        line.push_str("; HttpOnly");
    }
    line.push_str("; SameSite=");
    line.push_str(profile.same_site().as_str());
    if profile.is_partitioned() {
        line.push_str("; Partitioned");
    }
    if line.len() > COOKIE_MAX {
        return Err(CookieError::TooLong { bytes: line.len() });
    }
    let mut line = HeaderValue::try_from(line).expect("only visible ASCII and blanks were written");
    line.set_sensitive(true);
    Ok(line)
}
