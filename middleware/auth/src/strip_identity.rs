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

use std::collections::BTreeMap;

use enfilade_core::{Gate, Gated, Gates, Pass, Verdict};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, Entry},
    request,
};
use smallvec::SmallVec;
use tower_layer::Layer;

use crate::ConfigError;

/// How identity headers begin; a whole name is its own beginning.
const PREFIXES: [&str; 35] = [
    "auth-",                      // AUTH_TYPE, AUTH_USER of CGI and IIS
    "cf-access-",                 // Cloudflare Access
    "client-cert",                // RFC 9440
    "l5d-client-id",              // Linkerd
    "remote-",                    // REMOTE_USER of CGI; Remote-Groups of Authelia
    "ssl-client-",                // nginx and Apache examples
    "tailscale-user-",            // Tailscale Serve
    "x-amzn-mtls-",               // AWS load balancers: X-Amzn-Mtls-Clientcert
    "x-amzn-oidc-",               // AWS load balancers
    "x-anonymous-consumer",       // Kong
    "x-apigateway-api-userinfo",  // Google API Gateway
    "x-arr-clientcert",           // Azure App Service
    "x-auth-",                    // oauth2-proxy: X-Auth-Request-User
    "x-authenticated-",           // Kong
    "x-authentik-",               // authentik
    "x-client-cert",              // HAProxy examples
    "x-consumer-",                // Kong
    "x-credential-identifier",    // Kong
    "x-endpoint-api-userinfo",    // Google Cloud Endpoints
    "x-forwarded-",               // X-Forwarded-User, -Email, -Groups, -Client-Cert …
    "x-goog-authenticated-user-", // Google IAP
    "x-goog-iap-jwt-assertion",   // Google IAP
    "x-jwt-assertion",            // WSO2
    "x-ms-client-principal",      // Azure App Service
    "x-original-user",            // Apache mod_rewrite examples
    "x-pomerium-",                // Pomerium
    "x-proxy-user",               // examples
    "x-remote-",                  // Kubernetes front proxy: X-Remote-User, -Group, -Extra-
    "x-ssl-cert",                 // nginx examples
    "x-ssl-client-",              // nginx examples
    "x-token-user-",              // Caddy security
    "x-user-info",                // APISIX
    "x-userinfo",                 // APISIX, Kong
    "x-vouch-",                   // Vouch
    "x-webauth-",                 // Grafana
];

/// Identity headers that begin like what apps call their own: only these names, not what begins so.
const NAMES: [&str; 16] = [
    "x-client-dn", // nginx examples
    "x-client-s-dn",
    "x-client-subject-dn",
    "x-client-verify",
    "x-email", // Authelia, Caddy and Traefik examples, as all below
    "x-group",
    "x-groups",
    "x-roles",
    "x-user",
    "x-user-email",
    "x-user-groups",
    "x-user-id",
    "x-user-name",
    "x-user-role",
    "x-user-roles",
    "x-username",
];

/// What begins like one of those and tells of the connection, not of a user.
const KEPT: [&str; 9] = [
    "x-forwarded-by",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
];

/// Takes identity headers out of requests; a gate and a tower layer. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a link does nothing until it stands in a chain"]
pub struct StripIdentity {
    /// By what they begin with, so that a name meets only those that it may begin with.
    prefixes: BTreeMap<u8, Vec<Box<str>>>,
    kept: Vec<Box<str>>,
    /// A bit for each byte that a prefix begins with: most names are let go by it.
    first_bytes: u128,
}

impl StripIdentity {
    /// The names that the common proxies and gateways use.
    pub fn new() -> Self {
        let kept = KEPT.map(Box::from).to_vec();
        let none = Self { prefixes: BTreeMap::new(), kept, first_bytes: 0 };
        // The first byte of all NAMES is one that many PREFIXES begin with.
        PREFIXES.into_iter().fold(none, |strip, prefix| strip.add(prefix.into()))
    }

    /// Also whatever begins so; a whole name is its own beginning.
    ///
    /// # Errors
    ///
    /// [`ConfigError::HeaderName`].
    pub fn with_prefix(self, prefix: &str) -> Result<Self, ConfigError> {
        let prefix = normal("StripIdentity::with_prefix", prefix)?;
        Ok(self.add(prefix))
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

    fn add(mut self, prefix: Box<str>) -> Self {
        let first = prefix.as_bytes().first().copied().unwrap_or_default();
        self.first_bytes |= bit(first);
        self.prefixes.entry(first).or_default().push(prefix);
        self
    }

    fn is_identity(&self, name: &[u8]) -> bool {
        let Some(first) = name.first().map(|first| same(*first)) else { return false };
        if self.first_bytes & bit(first) == 0 {
            return false;
        }
        let prefixes = self.prefixes.get(&first);
        (prefixes.is_some_and(|prefixes| prefixes.iter().any(|prefix| begins(name, prefix)))
            || (first == b'x' && NAMES.iter().any(|whole| is(name, whole))))
            && !self.kept.iter().any(|kept| is(name, kept))
    }

    fn strip(&self, headers: &mut HeaderMap) {
        // Room for a few on the stack; a request has to bring more of them for one allocation.
        let found: SmallVec<[HeaderName; 4]> =
            headers.keys().filter(|name| self.is_identity(name.as_str().as_bytes())).cloned().collect();
        for name in found {
            headers.remove(name);
        }
        let nominated = |value: &HeaderValue| options(value).any(|option| self.is_identity(option));
        if headers.get_all(CONNECTION).iter().any(nominated) {
            self.clean_connection(headers);
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

fn begins(name: &[u8], prefix: &str) -> bool {
    name.len() >= prefix.len() && name.iter().zip(prefix.bytes()).all(|(b, p)| same(*b) == p)
}

fn is(name: &[u8], whole: &str) -> bool {
    name.len() == whole.len() && begins(name, whole)
}

/// Lower case; whatever is neither letter nor digit is a `-`, as CGI makes a `_` of it.
pub(crate) fn same(b: u8) -> u8 {
    if b.is_ascii_alphanumeric() { b.to_ascii_lowercase() } else { b'-' }
}

fn bit(b: u8) -> u128 {
    1 << (b & 127)
}
