//! The addresses that keys are fetched from: https, and nothing that a reader could take for another one.
//!
//! ```text
//! https://id.example/keys?v=2          ok        https://user@id.example/   userinfo
//! http://127.0.0.1:8080/keys           loopback  https://id.example/#x      fragment
//! http://id.example/keys               refused   ftp://…, /keys             no https
//! ```

use std::{fmt, net::IpAddr};

use http::Uri;

const LONGEST: usize = 2048;

/// An address that may be fetched.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Url {
    text: Box<str>,
    is_https: bool,
    /// Without the brackets of an IPv6 address.
    host: Box<str>,
    port: Option<u16>,
    target: Box<str>,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        // `Uri` drops a fragment without a word.
        if text.len() > LONGEST || text.contains('#') || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("write an address of at most 2048 visible characters, without a fragment");
        }
        let uri: Uri = text.parse().map_err(|_| "write an address such as https://id.example/jwks.json")?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("write an address such as https://id.example/jwks.json");
        };
        if authority.as_str().contains('@') {
            return Err("an address with a name or a password in it is not fetched");
        }
        if authority.port_u16().is_none() && authority.as_str().trim_end_matches(']').contains("]:") {
            return Err("the port is no number");
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let is_https = scheme == "https";
        if host.is_empty() || !(is_https || scheme == "http") {
            return Err("the address must begin with https://");
        }
        if !is_https && !is_loopback(&host) {
            return Err("keys are fetched by https only: without it whoever is on the way gives you theirs");
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        Ok(Self {
            text: text.into(),
            is_https,
            host: host.into(),
            port: authority.port_u16(),
            target: if target.starts_with('/') { target.into() } else { format!("/{target}").into() },
        })
    }

    /// Whether `other`, which a document at this address names, may be fetched: nobody out there sends us to a
    /// service of this machine that speaks plain http.
    pub(super) fn may_name(&self, other: &Self) -> bool {
        other.is_https || !self.is_https
    }

    /// The document about this issuer: OpenID Connect Discovery §4.1 appends, RFC 8414 §3.1 inserts.
    pub(super) fn well_known(&self, name: &str, is_inserted: bool) -> Result<Self, &'static str> {
        if self.target.contains('?') {
            return Err("an issuer has no query");
        }
        let path = self.target.trim_end_matches('/');
        let origin = &self.text[..self.text.len() - self.written_path().len()];
        let text = if is_inserted {
            format!("{origin}/.well-known/{name}{path}")
        } else {
            format!("{origin}{path}/.well-known/{name}")
        };
        Self::parse(&text)
    }

    /// The path as it was written: `https://id.example` has none.
    fn written_path(&self) -> &str {
        let after_scheme = self.text.find("://").map_or(0, |at| at + 3);
        let path = self.text[after_scheme..].find('/').map_or(self.text.len(), |at| after_scheme + at);
        &self.text[path..]
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(if self.is_https { 443 } else { 80 })
    }

    /// Path and query, beginning with `/`.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// What stands in `Host`.
    pub(super) fn host_header(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.to_string() };
        self.port.map_or(host.clone(), |port| format!("{host}:{port}"))
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_loopback_are_fetched() {
        for (text, is_good) in [
            ("https://id.example", true),
            ("https://id.example:8443/keys?v=2", true),
            ("HTTPS://ID.example/", true),
            ("https://[2001:db8::1]/keys", true),
            ("https://10.0.0.1/", true),
            ("http://127.0.0.1:1/keys", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:80/", true),
            ("http://localhost/", true),
            ("http://id.example/", false),
            ("http://localhost.id.example/", false),
            ("http://127.0.0.1.id.example/", false),
            ("http://127.1/", false),
            ("http://0x7f.0.0.1/", false),
            ("http://2130706433/", false),
            ("http://0.0.0.0/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://169.254.169.254/latest", false),
            ("http://localhost@id.example/", false),
            ("https://ada:pw@id.example/", false),
            ("https://id.example/#x", false),
            ("https://id.example\\@evil/", false),
            ("https://id.example/ x", false),
            ("https://id.example/\r\nX: y", false),
            ("ftp://id.example/", false),
            ("file:///etc/passwd", false),
            ("//id.example/", false),
            ("/keys", false),
            ("id.example", false),
            ("https://", false),
            ("https:///keys", false),
            ("", false),
        ] {
            assert_eq!(Url::parse(text).is_ok(), is_good, "{text}");
        }
        assert!(Url::parse(&format!("https://id.example/{}", "x".repeat(3000))).is_err());
    }

    #[test]
    fn documents_about_an_issuer_are_where_the_two_standards_say() {
        for (issuer, openid, oauth) in [
            ("https://id.example", "/.well-known/openid-configuration", "/.well-known/a"),
            ("https://id.example/", "/.well-known/openid-configuration", "/.well-known/a"),
            ("https://id.example:8443/t/1", "/t/1/.well-known/openid-configuration", "/.well-known/a/t/1"),
            ("https://id.example/t/", "/t/.well-known/openid-configuration", "/.well-known/a/t"),
        ] {
            let url = Url::parse(issuer).unwrap();
            assert_eq!(url.well_known("openid-configuration", false).unwrap().target(), openid, "{issuer}");
            assert_eq!(url.well_known("a", true).unwrap().target(), oauth, "{issuer}");
            assert_eq!(url.well_known("a", true).unwrap().port(), url.port());
        }
        assert!(Url::parse("https://id.example/?t=1").unwrap().well_known("a", true).is_err());
    }
}
