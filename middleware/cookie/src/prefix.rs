//! The name prefixes by which a browser vouches for a cookie (RFC 6265bis §4.1.3; `__Http-`: layered cookies).
//!
//! ```text
//! __Secure-     set over TLS                    __Http-       and not by a script
//! __Host-       and by this very host, Path=/   __Host-Http-  all of it
//! ```
//!
//! Browsers compare prefixes without case, older ones did not: there a subdomain can set `__hOsT-session`. So
//! a prefix in any other spelling than the exact one is neither read nor written.

/// A prefix and what it demands of a cookie's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    Secure,
    Http,
    Host,
    HostHttp,
}

/// Longest first, or `__Host-Http-` would pass as `__Host-`.
const SPELLINGS: [(&str, Prefix); 4] = [
    ("__Host-Http-", Prefix::HostHttp),
    ("__Host-", Prefix::Host),
    ("__Secure-", Prefix::Secure),
    ("__Http-", Prefix::Http),
];

/// What a name begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Exact(Prefix),
    Misspelt,
}

impl Prefix {
    pub(crate) fn find(name: &[u8]) -> Found {
        if !name.starts_with(b"__") {
            return Found::Nothing;
        }
        for (spelling, prefix) in SPELLINGS {
            let Some(start) = name.get(..spelling.len()) else { continue };
            if start == spelling.as_bytes() {
                return Found::Exact(prefix);
            }
            if start.eq_ignore_ascii_case(spelling.as_bytes()) {
                return Found::Misspelt;
            }
        }
        Found::Nothing
    }

    /// Whether only this very host can have set it, once, so that a second one is somebody's forgery.
    pub(crate) fn is_host(self) -> bool {
        matches!(self, Self::Host | Self::HostHttp)
    }

    /// Whether scripts must not see it.
    pub(crate) fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::HostHttp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_counts_in_its_exact_spelling_only() {
        let cases: [(&[u8], Found); 11] = [
            (b"session", Found::Nothing),
            (b"__Hos", Found::Nothing),
            (b"__Host", Found::Nothing),
            (b"x__Host-a", Found::Nothing),
            (b"__Host-a", Found::Exact(Prefix::Host)),
            (b"__Host-Http-a", Found::Exact(Prefix::HostHttp)),
            (b"__Secure-a", Found::Exact(Prefix::Secure)),
            (b"__Http-a", Found::Exact(Prefix::Http)),
            (b"__hOsT-a", Found::Misspelt),
            (b"__Host-http-a", Found::Misspelt),
            (b"__SECURE-a", Found::Misspelt),
        ];
        for (name, found) in cases {
            assert_eq!(Prefix::find(name), found, "{}", name.escape_ascii());
        }
    }
}
