//! The host that a client asks for, in the one form that is compared.
//!
//! ```text
//! Shop.Example:8080    shop.example.:8080   ─▶ name shop.example, port 8080
//! ```

use std::fmt;

use http::HeaderValue;

/// A host and perhaps a port (`uri-host [":" port]`, RFC 9110 §7.2): ASCII, lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct Host {
    text: HeaderValue,
    name_len: usize,
    port: Option<u16>,
}

impl Host {
    /// Parses `name`, `name:port`, `[v6]` or `[v6]:port`; `None` for anything else (empty, userinfo, blanks …).
    ///
    /// The one dot that may end a name (RFC 3986 §3.2.2) is left out: `shop.example.` is the same host, and a rule or a
    /// key that compares hosts must not be evaded by it. The value is not copied unless that or upper case is there.
    pub fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let name_len = match text.strip_prefix('[') {
            Some(rest) => {
                let inner = rest.find(']')?;
                rest[..inner].parse::<std::net::Ipv6Addr>().ok()?;
                inner + 2
            }
            None => text.find(':').unwrap_or(text.len()),
        };
        let (given, rest) = text.split_at(name_len);
        let name = given.strip_suffix('.').unwrap_or(given);
        let is_one = name.starts_with('[') || name.bytes().all(is_reg_name) && !name.ends_with('.');
        if name.is_empty() || !is_one {
            return None;
        }
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            // RFC 3986 §3.2.3 allows an empty port and says to leave it out.
            Some("") => None,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
            None | Some(_) => return None,
        };
        let text = if name.len() < given.len() || text.bytes().any(|b| b.is_ascii_uppercase()) {
            HeaderValue::try_from([name, rest].concat().to_ascii_lowercase()).ok()?
        } else {
            value.clone()
        };
        Some(Self { text, name_len: name.len(), port })
    }

    /// The name or address without the port, lower case; an IPv6 address keeps its brackets.
    pub fn name(&self) -> &str {
        &self.as_str()[..self.name_len]
    }

    /// The port, if one was given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Name and port as the client wrote them, lower case, without the dot at a name's end.
    pub fn as_str(&self) -> &str {
        self.text.to_str().expect("parsed as ASCII text")
    }

    /// The same as bytes, which is what most comparisons need: to prove that they are text takes a look at each.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `reg-name` (RFC 3986 §3.2.2) without percent-encoding, which no host that is looked up has, and without the comma, by
/// which a proxy would have joined two fields into one.
fn is_reg_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Option<Host> {
        Host::parse(&HeaderValue::from_str(text).expect("a value"))
    }

    #[test]
    fn one_dot_at_the_end_is_no_part_of_a_name() {
        for (given, text, name, port) in [
            ("shop.example", "shop.example", "shop.example", None),
            ("shop.example.", "shop.example", "shop.example", None),
            ("ShOp.Example.:8080", "shop.example:8080", "shop.example", Some(8080)),
            ("192.0.2.7.", "192.0.2.7", "192.0.2.7", None),
            ("a.", "a", "a", None),
            ("[::1]:80", "[::1]:80", "[::1]", Some(80)),
        ] {
            let host = host(given).expect(given);
            assert_eq!((host.as_str(), host.name(), host.port()), (text, name, port), "{given}");
        }
        assert_eq!(host("shop.example."), host("SHOP.example"));
        for none in [".", "..", "a..", "a..:80", ".:80", "[::1].", "[::1.]"] {
            assert_eq!(host(none), None, "{none}");
        }
    }
}
