//! `Strict-Transport-Security`: for how long a browser comes by https only (RFC 6797).
//!
//! ```text
//! Hsts::new(a year).with_subdomains().with_preload()  ──▶  max-age=31536000; includeSubDomains; preload
//! Hsts::forget()                                      ──▶  max-age=0
//! ```

use std::time::Duration;

use http::{HeaderValue, header::STRICT_TRANSPORT_SECURITY};

use crate::ConfigError;

/// What browsers are told about https. Begin with minutes: there is no way back before the span has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is sent by `SecurityHeaders::with_hsts`"]
pub struct Hsts {
    age: Duration,
    subdomains: bool,
    preload: bool,
}

/// What <https://hstspreload.org> asks for.
const PRELOAD: Duration = Duration::from_secs(31_536_000);

impl Hsts {
    /// This host, for so long after each answer; whole seconds.
    pub fn new(age: Duration) -> Self {
        Self { age, subdomains: false, preload: false }
    }

    /// Takes it back: a browser that hears it forgets the host (RFC 6797 §6.1.1).
    pub fn forget() -> Self {
        Self::new(Duration::ZERO)
    }

    /// All names beneath the host too, those of others' servers among them.
    pub fn with_subdomains(mut self) -> Self {
        self.subdomains = true;
        self
    }

    /// Agrees to be built into browsers, which takes months to undo.
    pub fn with_preload(mut self) -> Self {
        self.preload = true;
        self
    }

    /// The header's value.
    pub(super) fn value(self) -> Result<HeaderValue, ConfigError> {
        let mut text = format!("max-age={}", self.age.as_secs());
        if self.subdomains {
            text.push_str("; includeSubDomains");
        }
        if self.preload {
            text.push_str("; preload");
        }
        let fault = if self.age.as_secs() == 0 && self.age > Duration::ZERO {
            Some("less than a second means to forget: set whole seconds, or `Hsts::forget`")
        } else if self.preload && !(self.subdomains && self.age >= PRELOAD) {
            Some("a preload list takes a year or more with subdomains: set both, or leave `with_preload` out")
        } else {
            None
        };
        let value = HeaderValue::from_str(&text).expect("words and a number");
        match fault {
            Some(fix) => {
                let name = STRICT_TRANSPORT_SECURITY.to_string();
                Err(ConfigError::ResponseHeader { name, given: text, fix })
            }
            None => Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Duration = PRELOAD;

    #[test]
    fn what_can_be_said_is_said_in_the_rfcs_words() {
        for (hsts, text) in [
            (Hsts::new(YEAR), "max-age=31536000"),
            (Hsts::new(Duration::from_millis(1500)), "max-age=1"),
            (Hsts::forget(), "max-age=0"),
            (Hsts::forget().with_subdomains(), "max-age=0; includeSubDomains"),
            (
                Hsts::new(YEAR).with_subdomains().with_preload(),
                "max-age=31536000; includeSubDomains; preload",
            ),
        ] {
            assert_eq!(hsts.value().unwrap(), text);
        }
    }

    #[test]
    fn what_would_be_ignored_or_misunderstood_does_not_build() {
        for hsts in [
            Hsts::new(Duration::from_millis(999)),
            Hsts::new(YEAR).with_preload(),
            Hsts::new(Duration::from_secs(31_535_999)).with_subdomains().with_preload(),
            Hsts::forget().with_subdomains().with_preload(),
        ] {
            let error = hsts.value().unwrap_err().to_string();
            assert!(error.starts_with("`strict-transport-security: max-age="), "{error}");
        }
    }
}
