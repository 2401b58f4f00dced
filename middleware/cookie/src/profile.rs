//! A cookie's attributes as one [`Profile`], so that only sets of them that browsers accept can be written.
//!
//! ```text
//! Profile::host()            __Host-name     Path=/; Secure; HttpOnly; SameSite=Lax, no Domain     the default
//! Profile::secure()          __Secure-name   Secure; HttpOnly; SameSite=Lax; any Path and Domain
//! Profile::insecure_plain()  name            HttpOnly; SameSite=Lax: for plain HTTP
//! ```
//!
//! Chromium and Firefox keep `Secure` and `__Host-` cookies that come over plain HTTP from a loopback name
//! (`localhost`); Safari does not, even there: [`Profile::insecure_plain`] is for that.
//!
//! ```
//! use std::time::Duration;
//!
//! use enfilade_cookie::{Profile, SameSite, SetCookie};
//!
//! let embedded = Profile::host()
//!     .with_same_site(SameSite::None)
//!     .partitioned()
//!     .with_max_age(Duration::from_secs(3600));
//! let line = SetCookie::new("__Host-chat", "open").with_profile(embedded).to_header_value()?;
//! assert_eq!(line, "__Host-chat=open; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=None; Partitioned");
//! # Ok::<(), enfilade_cookie::CookieError>(())
//! ```
//!
//! The name in your code is the name on the wire, prefix and all. [`Profile::name`] puts the prefix before a bare
//! name where a setting chooses the profile.

use std::{borrow::Cow, time::Duration};

use crate::{
    CookieError,
    prefix::{Found, Prefix},
    set_cookie::grammar,
};

/// A cookie's attributes. See the [module docs](self).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Profile {
    kind: Kind,
    path: Cow<'static, str>,
    domain: Option<Cow<'static, str>>,
    secure: bool,
    http_only: bool,
    same_site: SameSite,
    partitioned: bool,
    max_age: Option<Duration>,
}

/// Which prefix a profile's names carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Host,
    Secure,
    Plain,
}

/// When a browser sends a cookie with a request that another site caused (RFC 6265bis §5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SameSite {
    /// Never.
    Strict,
    /// With top-level navigations by safe methods.
    Lax,
    /// Always; needs `Secure`.
    None,
}

impl SameSite {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// No browser keeps a cookie longer (RFC 6265bis §5.5).
pub(crate) const MAX_AGE: Duration = Duration::from_secs(400 * 24 * 3600);

impl Profile {
    /// `__Host-`: only this very host can have set it, over TLS; no subdomain, no plain HTTP. The default.
    pub const fn host() -> Self {
        Self::new(Kind::Host, true)
    }

    /// `__Secure-`: was set over TLS, but perhaps by another host of the same site. May have a path and a domain.
    pub const fn secure() -> Self {
        Self::new(Kind::Secure, true)
    }

    /// No prefix and no `Secure`: anyone on the network, and any subdomain, can read and set it.
    pub const fn insecure_plain() -> Self {
        Self::new(Kind::Plain, false)
    }

    const fn new(kind: Kind, secure: bool) -> Self {
        Self {
            kind,
            path: Cow::Borrowed("/"),
            domain: None,
            secure,
            http_only: true,
            same_site: SameSite::Lax,
            partitioned: false,
            max_age: None,
        }
    }

    /// Sets `SameSite`. Default: [`SameSite::Lax`].
    pub fn with_same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// How long the browser keeps the cookie, and how long a seal holds: at most 400 days, whole seconds.
    ///
    /// Default: until the browser ends its session (a seal then holds for one day).
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Sets `Path`. Default: `/`, and nothing else under `__Host-`. A path keeps no other part of a site out.
    pub fn with_path(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets `Domain`: the cookie goes to that host and all below it. Not under `__Host-`.
    pub fn with_domain(mut self, domain: impl Into<Cow<'static, str>>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sets `Partitioned` (CHIPS): a jar of its own per top-level site. Needs `Secure`.
    ///
    /// Give the cookie a new name when you turn this on: the old one would stand beside it in the browser.
    pub fn partitioned(mut self) -> Self {
        self.partitioned = true;
        self
    }

    /// Sets `Secure` without a prefix: for a name that was fixed before there were prefixes.
    pub fn with_secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// Leaves `HttpOnly` out: a script that was smuggled into a page can read the cookie.
    pub fn insecure_readable_by_scripts(mut self) -> Self {
        self.http_only = false;
        self
    }

    /// The name on the wire for a bare name: `session` → `__Host-session` under [`Profile::host`].
    pub fn name(&self, bare: &str) -> String {
        format!("{}{bare}", self.prefix())
    }

    /// Judges the attributes and a name (as on the wire) together: for a setting, when the chain is built.
    ///
    /// # Errors
    ///
    /// The first rule that is broken; what [`Jar::add`](crate::Jar::add) would say.
    pub fn check(&self, name: &str) -> Result<(), CookieError> {
        self.check_name(name)?;
        let unsafe_host = self.kind == Kind::Host && (self.path != "/" || self.domain.is_some());
        let needs_secure = self.same_site == SameSite::None || self.partitioned;
        if unsafe_host || (needs_secure && !self.secure) {
            return Err(CookieError::Combination);
        }
        if !grammar::is_path(&self.path) {
            return Err(CookieError::Attribute { attribute: "Path" });
        }
        if self.domain.as_ref().is_some_and(|domain| !grammar::is_domain(domain)) {
            return Err(CookieError::Attribute { attribute: "Domain" });
        }
        if self.max_age.is_some_and(|max_age| max_age > MAX_AGE) {
            return Err(CookieError::Lifetime);
        }
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), CookieError> {
        if !grammar::is_token(name) {
            return Err(CookieError::Name);
        }
        let prefix = match Prefix::find(name.as_bytes()) {
            Found::Nothing => None,
            Found::Exact(prefix) => Some(prefix),
            Found::Misspelt => return Err(CookieError::Prefix { expected: self.prefix() }),
        };
        let fits = match self.kind {
            Kind::Host => prefix.is_some_and(Prefix::is_host),
            Kind::Secure => prefix.is_some_and(|prefix| !prefix.is_host()),
            Kind::Plain => prefix.is_none(),
        };
        if !fits {
            return Err(CookieError::Prefix { expected: self.prefix() });
        }
        if prefix.is_some_and(Prefix::is_http) && !self.http_only {
            return Err(CookieError::Combination);
        }
        Ok(())
    }

    fn prefix(&self) -> &'static str {
        match self.kind {
            Kind::Host => "__Host-",
            Kind::Secure => "__Secure-",
            Kind::Plain => "",
        }
    }

    /// One octet for what a seal binds: the kind of the profile.
    pub(crate) fn mark(&self) -> u8 {
        match self.kind {
            Kind::Host => b'h',
            Kind::Secure => b's',
            Kind::Plain => b'p',
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Without the leading dot that RFC 6265 §5.2.3 has browsers ignore.
    pub(crate) fn domain(&self) -> Option<&str> {
        self.domain.as_deref().map(|domain| domain.strip_prefix('.').unwrap_or(domain))
    }

    pub(crate) fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    pub(crate) fn is_partitioned(&self) -> bool {
        self.partitioned
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    pub(crate) fn is_http_only(&self) -> bool {
        self.http_only
    }

    pub(crate) fn same_site(&self) -> SameSite {
        self.same_site
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::host()
    }
}
