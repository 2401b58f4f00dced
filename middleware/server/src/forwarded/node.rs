//! One hop of the way: an address, or somebody who is not named (RFC 7239 §6).
//!
//! ```text
//! 203.0.113.9   203.0.113.9:47011   [2001:db8::9]   [2001:db8::9]:_p   unknown   _hidden     both families
//! 2001:db8::9                                                                               X-Forwarded-For only
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Ip(IpAddr),
    Hidden,
}

/// How addresses are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// IPv6 in brackets.
    Rfc7239,
    /// IPv6 also without, as `X-Forwarded-For` has it by custom.
    Customary,
}

impl Node {
    /// Zones (`fe80::1%eth0`) are refused: they mean something on the machine that wrote them, and only there.
    pub(super) fn parse(text: &str, form: Form) -> Option<Self> {
        if form == Form::Customary
            && let Ok(bare) = text.parse::<Ipv6Addr>()
        {
            return Some(Self::ip(bare.into()));
        }
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (inner, port) = rest.split_once(']')?;
                let ip = inner.parse::<Ipv6Addr>().ok()?;
                return is_port(port).then(|| Self::ip(ip.into()));
            }
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        if !is_port(port) {
            return None;
        }
        if name.eq_ignore_ascii_case("unknown") || name.strip_prefix('_').is_some_and(is_obfuscated) {
            return Some(Self::Hidden);
        }
        name.parse::<Ipv4Addr>().ok().map(|ip| Self::ip(ip.into()))
    }

    fn ip(ip: IpAddr) -> Self {
        Self::Ip(ip.to_canonical())
    }
}

/// Nothing, or a colon and a port: digits, or an obfuscated one.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else { return text.is_empty() };
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    (digits && port.parse::<u16>().is_ok()) || port.strip_prefix('_').is_some_and(is_obfuscated)
}

fn is_obfuscated(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_one_way_or_not_at_all() {
        for (text, rfc, customary) in [
            ("203.0.113.9", Some("203.0.113.9"), Some("203.0.113.9")),
            ("203.0.113.9:1", Some("203.0.113.9"), Some("203.0.113.9")),
            ("203.0.113.9:_p", Some("203.0.113.9"), Some("203.0.113.9")),
            ("[2001:db8::9]", Some("2001:db8::9"), Some("2001:db8::9")),
            ("[2001:DB8:0::9]:65535", Some("2001:db8::9"), Some("2001:db8::9")),
            ("2001:db8::9", None, Some("2001:db8::9")),
            ("::ffff:10.0.0.1", None, Some("10.0.0.1")),
            ("[::ffff:10.0.0.1]", Some("10.0.0.1"), Some("10.0.0.1")),
            ("unknown", Some("-"), Some("-")),
            ("UnKnown:5", Some("-"), Some("-")),
            ("_a.B-9_", Some("-"), Some("-")),
            ("", None, None),
            ("_", None, None),
            ("_a b", None, None),
            ("unknown:", None, None),
            ("203.0.113.9:", None, None),
            ("203.0.113.9:65536", None, None),
            ("203.0.113.9:+1", None, None),
            ("203.0.113.9:1:2", None, None),
            ("203.0.113.009", None, None),
            ("203.0.113", None, None),
            ("3405803785", None, None),
            ("0xcb.0.113.9", None, None),
            ("203.0.113.9 ", None, None),
            ("fe80::1%eth0", None, None),
            ("[fe80::1%25eth0]", None, None),
            ("[fe80::1%1]:80", None, None),
            ("[2001:db8::9", None, None),
            ("[203.0.113.9]", None, None),
            ("[2001:db8::9]80", None, None),
            ("client.example", None, None),
            ("203.0.113.9/8", None, None),
        ] {
            for (form, expected) in [(Form::Rfc7239, rfc), (Form::Customary, customary)] {
                let found = Node::parse(text, form).map(|node| match node {
                    Node::Ip(ip) => ip.to_string(),
                    Node::Hidden => "-".to_owned(),
                });
                assert_eq!(found.as_deref(), expected, "{text:?} {form:?}");
            }
        }
    }
}
