//! The server answers to its own names only: a stranger's name that points here (DNS rebinding) gets 421.
//!
//! ```text
//! Host: localhost:8080 ──▶ listed ──▶ next
//! Host: evil.example   ──▶ 421 http.host-unknown
//! ```
//!
//! ```
//! use enfilade_core::{Gate, RequestContext};
//! use enfilade_server::{AllowedHosts, StrictRequest};
//!
//! let gate = AllowedHosts::new(["localhost", "127.0.0.1", "[::1]"])?;
//! let request = http::Request::get("/").header("host", "evil.example").body(()).unwrap();
//! let (mut parts, ()) = request.into_parts();
//! let canonical = StrictRequest::new().judge(&parts).unwrap();
//! RequestContext::begin(&mut parts.extensions, canonical);
//! assert_eq!(gate.enter(&mut parts).unwrap_err().code(), "http.host-unknown");
//! # Ok::<(), enfilade_server::ConfigError>(())
//! ```

use enfilade_core::{Gate, Host, Pass, Rejection, RequestContext, Verdict};
use http::{HeaderValue, StatusCode, request::Parts};

use crate::ConfigError;

/// The gate that knows the server's own names. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a gate does nothing until it stands in a chain"]
pub struct AllowedHosts(Vec<Host>);

impl AllowedHosts {
    /// The names, each with a port (only that one) or without (any port).
    ///
    /// # Errors
    ///
    /// When a name is not one, or none is given.
    pub fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Self, ConfigError> {
        let parse = |name: N| {
            let name = name.as_ref();
            let host = HeaderValue::from_str(name).ok().and_then(|value| Host::parse(&value));
            host.ok_or_else(|| ConfigError::HostName { name: name.to_owned() })
        };
        let names: Vec<_> = names.into_iter().map(parse).collect::<Result<_, _>>()?;
        if names.is_empty() { Err(ConfigError::NoHosts) } else { Ok(Self(names)) }
    }

    fn knows(&self, host: &Host) -> bool {
        self.0.iter().any(|known| {
            known.name() == host.name() && (known.port().is_none() || known.port() == host.port())
        })
    }
}

impl Gate for AllowedHosts {
    fn enter(&self, req: &mut Parts) -> Verdict {
        let Some(canonical) = RequestContext::of(&req.extensions).and_then(RequestContext::canonical) else {
            return Err(Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "http.host-unjudged")
                .with_log("no `StrictRequest` stands before `AllowedHosts`: put one there"));
        };
        match canonical.host() {
            Some(host) if self.knows(host) => Ok(Pass::Now),
            _ => Err(Rejection::new(StatusCode::MISDIRECTED_REQUEST, "http.host-unknown")
                .with_detail("this server does not answer to that name")),
        }
    }
}
