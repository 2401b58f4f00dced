//! Which addresses belong together: origins, sites, loopback names, and domains under which anybody may have one.
//!
//! ```text
//! https://a.shop.example:8443/x     origin  https://a.shop.example:8443     site  https · shop.example
//! http://localhost:8080             trustworthy without TLS, as 127.0.0.0/8, [::1] and *.localhost
//! ```

use url::{Host, Url};

/// Some that tests and clouds name. The whole list has ten thousand; one more is
/// [`Browser::with_public_suffix`](super::Browser::with_public_suffix).
const SUFFIXES: [&str; 26] = [
    "ac.uk",
    "azurewebsites.net",
    "blogspot.com",
    "cloudfront.net",
    "co.in",
    "co.jp",
    "co.kr",
    "co.nz",
    "co.uk",
    "co.za",
    "com.au",
    "com.br",
    "com.cn",
    "com.mx",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "gov.uk",
    "herokuapp.com",
    "netlify.app",
    "onrender.com",
    "org.uk",
    "pages.dev",
    "vercel.app",
    "web.app",
    "workers.dev",
];

/// What a browser calls one site: the scheme, and the domain that somebody registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    scheme: String,
    domain: String,
}

/// The public suffixes: every single label, those above, and what a test adds.
#[derive(Clone, Debug, Default)]
pub(super) struct Suffixes(pub(super) Vec<String>);

impl Suffixes {
    pub(super) fn site(&self, url: &Url) -> Site {
        let host = url.host_str().unwrap_or_default();
        let domain = if is_name(url) { self.registrable(host) } else { host };
        Site { scheme: url.scheme().to_owned(), domain: domain.to_owned() }
    }

    pub(super) fn is_public(&self, domain: &str) -> bool {
        !domain.contains('.') || SUFFIXES.contains(&domain) || self.0.iter().any(|known| known == domain)
    }

    /// The public suffix and one label more; the whole name when it is a suffix itself.
    fn registrable<'a>(&self, host: &'a str) -> &'a str {
        let mut found = host;
        let mut rest = host;
        while !self.is_public(rest) {
            found = rest;
            rest = rest.split_once('.').map_or("", |(_, rest)| rest);
        }
        found
    }
}

/// Whether the browser trusts it to hide what is sent: TLS, or never leaves the machine.
pub(super) fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
}

/// Whether the host is a name, which has parents, and no number.
pub(super) fn is_name(url: &Url) -> bool {
    matches!(url.host(), Some(Host::Domain(_)))
}

/// `https://shop.example`, as `Origin` writes it.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

pub(super) fn same_origin(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_what_somebody_registered_under_one_scheme() {
        let suffixes = Suffixes(vec!["shared.example".to_owned()]);
        let same =
            |a: &str, b: &str| suffixes.site(&a.parse().unwrap()) == suffixes.site(&b.parse().unwrap());
        assert!(same("https://shop.example/x", "https://a.b.shop.example:8443/"));
        assert!(same("http://localhost:1", "http://localhost:2"));
        assert!(!same("http://shop.example", "https://shop.example"));
        assert!(!same("https://shop.example", "https://evil.example"));
        assert!(!same("https://a.co.uk", "https://b.co.uk") && same("https://x.a.co.uk", "https://a.co.uk"));
        assert!(!same("https://a.shared.example", "https://b.shared.example"));
        assert!(
            !same("http://127.0.0.1", "http://127.1.0.1") && !same("http://127.0.0.1", "http://localhost")
        );
    }
}
