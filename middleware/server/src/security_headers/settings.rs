//! Which headers there are to be, parsed once, and the decision what an answer still lacks.
//!
//! ```text
//! text ── when it is built ──▶ HeaderValue ── on every answer ──▶ inserted if absent
//! ```

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, DATE, Entry, REFERRER_POLICY,
        SERVER, SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
        X_FRAME_OPTIONS,
    },
};

use crate::{ConfigError, request_id::X_REQUEST_ID};

/// What is added and what removed.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    added: Vec<(HeaderName, HeaderValue)>,
    pub(super) frame: Option<HeaderValue>,
    pub(super) hsts: Option<HeaderValue>,
    pub(super) server: Option<HeaderValue>,
    pub(super) removed: Vec<HeaderName>,
}

impl Settings {
    /// One value for a name: the last one given.
    pub(super) fn add(&mut self, name: HeaderName, value: HeaderValue) {
        self.added.retain(|(known, _)| *known != name);
        self.added.push((name, value));
    }

    /// Makes an answer's head what it is to be.
    pub(super) fn answer(&self, status: StatusCode, headers: &mut HeaderMap, https: bool) {
        // The handshake of an upgrade is for no page.
        if !status.is_informational() {
            self.apply(headers, https);
        }
    }

    fn apply(&self, headers: &mut HeaderMap, https: bool) {
        for name in &self.removed {
            headers.remove(name);
        }
        if let Some(server) = &self.server {
            headers.insert(SERVER, server.clone());
        }
        if let Some(frame) = &self.frame
            // A browser that knows `frame-ancestors` ignores this one; another would refuse whom the app lets in.
            && !headers.get_all(CONTENT_SECURITY_POLICY).iter().any(says_who_may_frame)
        {
            if_absent(headers, &X_FRAME_OPTIONS, frame);
        }
        if let Some(hsts) = self.hsts.as_ref().filter(|_| https) {
            if_absent(headers, &STRICT_TRANSPORT_SECURITY, hsts);
        }
        for (name, value) in &self.added {
            if_absent(headers, name, value);
        }
    }
}

fn if_absent(headers: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    if let Entry::Vacant(place) = headers.entry(name) {
        place.insert(value.clone());
    }
}

fn says_who_may_frame(policy: &HeaderValue) -> bool {
    directives(policy.as_bytes()).any(|name| name.eq_ignore_ascii_case(b"frame-ancestors"))
}

/// The names of a policy's directives. Several policies in one field are joined by commas.
fn directives(policy: &[u8]) -> impl Iterator<Item = &[u8]> {
    policy
        .split(|byte| matches!(byte, b';' | b','))
        .filter_map(|directive| directive.split(u8::is_ascii_whitespace).find(|word| !word.is_empty()))
}

/// A `Content-Security-Policy`.
pub(super) fn policy(text: &str) -> Result<HeaderValue, ConfigError> {
    let name = CONTENT_SECURITY_POLICY.as_str();
    for policy in text.split(',') {
        let mut seen = Vec::new();
        for directive in directives(policy.as_bytes()).map(<[u8]>::to_ascii_lowercase) {
            if !directive.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-') {
                return Err(fault(name, text, "a directive begins with its name, such as `default-src`"));
            }
            if seen.contains(&directive) {
                return Err(fault(name, text, "a browser reads only the first of two directives: join them"));
            }
            seen.push(directive);
        }
    }
    value(name, text)
}

/// A `Referrer-Policy`: one, or several of which a browser takes the last that it knows.
pub(super) fn referrer_policy(text: &str) -> Result<HeaderValue, ConfigError> {
    const POLICIES: [&str; 8] = [
        "no-referrer",
        "no-referrer-when-downgrade",
        "same-origin",
        "origin",
        "strict-origin",
        "origin-when-cross-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    ];
    let name = REFERRER_POLICY.as_str();
    if text.split(',').all(|policy| POLICIES.contains(&policy.trim())) {
        value(name, text)
    } else {
        Err(fault(name, text, "write one of its policies, such as `same-origin`"))
    }
}

/// Any header that is nobody else's.
pub(super) fn checked(name: &str, text: &str) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let parsed: HeaderName =
        name.parse().map_err(|_| fault(name, text, "a header's name is letters, digits and hyphens"))?;
    let elsewhere = match &parsed {
        header if [CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(header) => {
            Some("how a message is sent is for the server to say")
        }
        header if [CONTENT_TYPE, SET_COOKIE].contains(header) => Some("only the app knows it: set it there"),
        header if *header == DATE => Some("the server sends the time itself"),
        header if *header == X_REQUEST_ID => Some("`RequestIds` sends it"),
        header if *header == STRICT_TRANSPORT_SECURITY => Some("use `with_hsts`, which keeps it to https"),
        header if *header == SERVER => Some("use `with_server`"),
        header if *header == X_FRAME_OPTIONS => Some("use `with_frames_denied` or `insecure_with_frames`"),
        _ => None,
    };
    if let Some(fix) = elsewhere {
        return Err(fault(name, text, fix));
    }
    let value = match parsed.as_str() {
        "content-security-policy" | "content-security-policy-report-only" => policy(text)?,
        "referrer-policy" => referrer_policy(text)?,
        _ => value(name, text)?,
    };
    Ok((parsed, value))
}

/// A value that says something, on one line.
pub(super) fn value(name: &str, text: &str) -> Result<HeaderValue, ConfigError> {
    let visible = !text.trim().is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let value = HeaderValue::from_str(text.trim()).ok().filter(|_| visible);
    value.ok_or_else(|| fault(name, text, "a value is visible ASCII on one line"))
}

fn fault(name: &str, given: &str, fix: &'static str) -> ConfigError {
    ConfigError::ResponseHeader { name: name.to_owned(), given: given.to_owned(), fix }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_says_who_may_frame_is_found_in_any_spelling() {
        for (policy, says) in [
            ("frame-ancestors 'none'", true),
            ("default-src 'self'; Frame-Ancestors https://a.example", true),
            ("default-src 'self', frame-ancestors *", true),
            ("default-src 'self';\tframe-ancestors *", true),
            ("default-src 'self'; report-uri /frame-ancestors", false),
            ("x-frame-ancestors 'none'", false),
            ("", false),
        ] {
            assert_eq!(says_who_may_frame(&HeaderValue::from_static(policy)), says, "{policy}");
        }
    }
}
