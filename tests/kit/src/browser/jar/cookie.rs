//! One cookie that is kept, and what it shows of itself.
//!
//! ```text
//! sid=7; Domain=shop.example; Path=/; Secure; SameSite=Lax; expires in 60 s
//! ```

use std::{borrow::Cow, fmt};

/// How far from its own site a cookie goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// With requests that its own site caused.
    Strict,
    /// Also when a link or a GET form of another site leads here.
    Lax,
    /// With every request.
    None,
}

impl SameSite {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is = |name| text.eq_ignore_ascii_case(name);
        [("strict", Self::Strict), ("lax", Self::Lax), ("none", Self::None)]
            .into_iter()
            .find_map(|(name, value)| is(name).then_some(value))
    }
}

/// A cookie as the browser keeps it.
#[derive(Clone)]
pub struct Cookie {
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) domain: String,
    pub(super) host_only: bool,
    pub(super) path: String,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    /// `None`: the line did not say, which is `Lax` with an exception.
    pub(super) same_site: Option<SameSite>,
    pub(super) expires: Option<i64>,
    pub(super) created: i64,
    /// Which came first, when two have one time.
    pub(super) order: u64,
}

impl Cookie {
    /// The name; empty for a line without `=`.
    pub fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.name)
    }

    /// The value.
    pub fn value(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }

    /// The host that set it, or the domain that it named.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether it goes to that host alone, and not to those below it.
    pub fn is_host_only(&self) -> bool {
        self.host_only
    }

    /// The path at or below which it goes along.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it goes only where nobody listens: to https and loopback names.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether scripts cannot see it.
    pub fn is_http_only(&self) -> bool {
        self.http_only
    }

    /// What the line said; `None` counts as `Lax`, and for two minutes goes with a POST from another site too.
    pub fn same_site(&self) -> Option<SameSite> {
        self.same_site
    }

    /// When it ends, in seconds since 1970; `None` ends with the browser.
    pub fn expires(&self) -> Option<i64> {
        self.expires
    }

    /// As it stands in the `Cookie` header.
    pub(super) fn pair(&self) -> Vec<u8> {
        let equals: &[u8] = if self.name.is_empty() { b"" } else { b"=" };
        [&self.name, equals, &self.value].concat()
    }
}

/// As a `Set-Cookie` line that would set it. A test's own secrets are no secrets: the value is shown.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", String::from_utf8_lossy(&self.pair()))?;
        let domain = if self.host_only { "host " } else { "Domain=" };
        write!(f, "; {domain}{}; Path={}", self.domain, self.path)?;
        if self.secure {
            f.write_str("; Secure")?;
        }
        if self.http_only {
            f.write_str("; HttpOnly")?;
        }
        if let Some(same_site) = self.same_site {
            write!(f, "; SameSite={same_site:?}")?;
        }
        if let Some(expires) = self.expires {
            write!(f, "; until {expires}")?;
        }
        Ok(())
    }
}
