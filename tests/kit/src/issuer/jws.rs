//! A writer of JWS compact serialization (RFC 7515 §7.1) and of JSON objects that may be wrong on purpose.
//!
//! ```text
//! Members [(name, raw JSON), …] ─ text ─▶ base64url . base64url . base64url(signature)
//! ```
//!
//! It shares no code with whatever it tests: what both got wrong would never be seen.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// base64url without padding.
pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The members of a JSON object as they will be written: in order, doubled ones too, values of any text.
#[derive(Clone, Debug, Default)]
pub(super) struct Members(Vec<(String, String)>);

impl Members {
    /// Sets a member, in its place if it is there.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        let (name, value) = (quoted(name), value.into().to_string());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes a member out.
    pub(super) fn remove(&mut self, name: &str) {
        let name = quoted(name);
        self.0.retain(|(known, _)| *known != name);
    }

    /// Adds a member as it is written: the name without its quotes, and the value's JSON, or none.
    pub(super) fn add_raw(&mut self, name: &str, value: &str) {
        self.0.push((format!("\"{name}\""), value.to_owned()));
    }

    /// The same at the front.
    pub(super) fn add_raw_first(&mut self, name: &str, value: &str) {
        self.0.insert(0, (format!("\"{name}\""), value.to_owned()));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        let name = quoted(name);
        self.0.iter().any(|(known, _)| *known == name)
    }

    pub(super) fn text(&self) -> String {
        let members: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
