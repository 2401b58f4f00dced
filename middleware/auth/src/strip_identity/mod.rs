//! [`StripIdentity`]: takes out of a request every header by which a client could claim to be somebody.
//!
//! ```text
//! X-Remote-User  x_remote_user  REMOTE.USER  Auth-Type  X-Auth-Request-Email  X-Forwarded-Groups  …  ──▶ gone
//! Connection: close, X-Remote-User  ──▶  Connection: close
//! ```
//!
//! 1. Names are compared as an app behind us may read them: without case, and `-`, `_` and `.` alike. CGI, WSGI
//!    and PHP make one variable of `X-Remote-User` and `X_Remote_User`.
//! 2. By their beginnings: `x-auth-`, `remote-`, `x-forwarded-` but for what tells of the connection (`-for`,
//!    `-host`, `-proto` …, which are the door's to judge). Only where apps have names that begin alike
//!    (`x-user-agent…`), by whole names: `x-user`, `x-email`, `x-groups`.
//! 3. A name of these in `Connection` goes as well, or the next proxy would remove the header that we set.
//!
//! Stand it before whatever sets such headers itself. A request without any costs no allocation.
//!
//! ```
//! use enfilade_auth::{Gate, StripIdentity};
//! use http::Request;
//!
//! let strip = StripIdentity::new().with_prefix("x-acme-user")?.keep("x-auth-token")?;
//! let req = Request::get("/").header("X_Remote_User", "root").header("x-acme-user-id", "1").header("x-auth-token", "k");
//! let (mut req, ()) = req.body(())?.into_parts();
//! strip.enter(&mut req).unwrap();
//! assert_eq!(req.headers.keys().collect::<Vec<_>>(), ["x-auth-token"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod known;
mod names;

pub(crate) use self::names::same;

use enfilade_core::{Gate, Gated, Gates, Pass, Verdict};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, Entry},
    request,
};
use smallvec::SmallVec;
use tower_layer::Layer;

use self::{
    known::{KEPT, NAMES, PREFIXES},
    names::{NameSet, Pattern, is},
};
use crate::ConfigError;

/// Takes identity headers out of requests; a gate and a tower layer. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a link does nothing until it stands in a chain"]
pub struct StripIdentity {
    names: NameSet,
    kept: Vec<Box<str>>,
}

impl StripIdentity {
    /// The names that the common proxies and gateways use.
    pub fn new() -> Self {
        let mut names = NameSet::default();
        for prefix in PREFIXES {
            names.add(Pattern::Begins(prefix.into()));
        }
        for name in NAMES {
            names.add(Pattern::Is(name.into()));
        }
        Self { names, kept: KEPT.map(Box::from).to_vec() }
    }

    /// Also whatever begins so; a whole name is its own beginning.
    ///
    /// # Errors
    ///
    /// [`ConfigError::HeaderName`].
    pub fn with_prefix(mut self, prefix: &str) -> Result<Self, ConfigError> {
        self.names.add(Pattern::Begins(normal("StripIdentity::with_prefix", prefix)?));
        Ok(self)
    }

    /// Keeps this header, in every spelling: an API key in `x-auth-token`, say.
    ///
    /// # Errors
    ///
    /// [`ConfigError::HeaderName`].
    pub fn keep(mut self, name: &str) -> Result<Self, ConfigError> {
        self.kept.push(normal("StripIdentity::keep", name)?);
        Ok(self)
    }

    fn is_identity(&self, name: &[u8]) -> bool {
        self.names.has(name) && !self.kept.iter().any(|kept| is(name, kept))
    }

    fn strip(&self, headers: &mut HeaderMap) {
        // Room for a few on the stack; a request has to bring more of them for one allocation.
        let mut found: SmallVec<[HeaderName; 4]> = SmallVec::new();
        let mut has_connection = false;
        for name in headers.keys() {
            if self.is_identity(name.as_str().as_bytes()) {
                found.push(name.clone());
            }
            has_connection |= *name == CONNECTION;
        }
        if !found.is_empty() {
            found.into_iter().for_each(|name| drop(headers.remove(name)));
        }
        if has_connection {
            let nominated = |value: &HeaderValue| options(value).any(|option| self.is_identity(option));
            if headers.get_all(CONNECTION).iter().any(nominated) {
                self.clean_connection(headers);
            }
        }
    }

    /// Writes `Connection` without the names that are gone.
    fn clean_connection(&self, headers: &mut HeaderMap) {
        let Entry::Occupied(entry) = headers.entry(CONNECTION) else { return };
        let mut kept = Vec::new();
        for value in entry.iter() {
            for option in options(value).filter(|option| !self.is_identity(option)) {
                if !kept.is_empty() {
                    kept.extend_from_slice(b", ");
                }
                kept.extend_from_slice(option);
            }
        }
        match HeaderValue::from_bytes(&kept) {
            Ok(kept) if !kept.is_empty() => {
                headers.insert(CONNECTION, kept);
            }
            _ => {
                entry.remove_entry_mult();
            }
        }
    }
}

impl Default for StripIdentity {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate for StripIdentity {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        self.strip(&mut req.headers);
        Ok(Pass::Now)
    }
}

impl<S> Layer<S> for StripIdentity {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gates::of(self.clone()).layer(inner)
    }
}

fn options(connection: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    connection.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|option| !option.is_empty())
}

/// A name as it is compared; it is one that a header can have.
fn normal(setting: &'static str, name: &str) -> Result<Box<str>, ConfigError> {
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(name) => Ok(name.as_str().bytes().map(|b| char::from(same(b))).collect()),
        Err(_) => Err(ConfigError::HeaderName { setting, value: name.to_owned() }),
    }
}
