//! What a browser should know of every answer: the usual security headers, and no word about which program answers.
//!
//! ```text
//! app ─▶ refusal told by the renderer ─▶ SecurityHeaders ─▶ client      what is there already stays, nothing is doubled
//! ```
//!
//! | header | sent | value | who wins |
//! |---|---|---|---|
//! | `X-Content-Type-Options` | always | `nosniff` | the app |
//! | `Referrer-Policy` | always | `strict-origin-when-cross-origin` | the app |
//! | `X-Frame-Options` | always, but beside the app's own `frame-ancestors` | `SAMEORIGIN` | the app |
//! | `Strict-Transport-Security` | [when asked for](SecurityHeaders::with_hsts), over https only | [`Hsts`] | the app |
//! | `Content-Security-Policy` | [when asked for](SecurityHeaders::with_content_security_policy) | yours | the app |
//! | any other, such as `Permissions-Policy` | [when asked for](SecurityHeaders::with_header) | yours | the app |
//! | `Server` | [when asked for](SecurityHeaders::with_server), else as the app has it: ours sends none | yours | this link |
//! | `X-Powered-By` and its like | removed [when asked for](SecurityHeaders::without_app_signature) | | this link |
//! | `Date` | always, by hyper, once a second anew; no link is needed | the time | the app |
//!
//! 1. **Defaults** are what changes nothing for an honest app: Rails sends these three, Django and helmet the same or
//!    stricter. What can break one is the operator's to ask for: `Cross-Origin-Opener-Policy` cuts sign-in windows off,
//!    `Cross-Origin-Resource-Policy` a CDN's pictures, a policy for content nearly everything. `X-XSS-Protection`,
//!    `Expect-CT`, `X-Download-Options` and `X-DNS-Prefetch-Control` do nothing in today's browsers, or harm (OWASP).
//! 2. **HSTS** is no default: it binds a name for a year, on `localhost` every other program of a developer too. It goes
//!    out only where the client speaks https (RFC 6797 §7.2): by the connection, or by the canonical scheme when a trusted
//!    proxy speaks for the client. An app's own is left as it is, also over http: behind a proxy that nobody told us of,
//!    the app knows better.
//! 3. **Place.** Outside the renderer, so that refusals have them; inside the access log, which has no use for them. On a
//!    [`Server`](crate::Server) it covers also what the server's own links refuse:
//!    [`with_security_headers`](crate::Server::with_security_headers). In a chain of its own it is the first link.
//!    Answers that hyper gives without asking anybody (a bare 400 to what is no HTTP) have none.
//! 4. **Cost.** A layer and no gate: the way back of a gate that needs its settings costs an allocation. All values are
//!    made when it is built; `101 Switching Protocols` is left alone.
//!
//! ```
//! use std::time::Duration;
//!
//! use enfilade_server::{SecurityHeaders, security_headers::Hsts};
//! use enfilade_test::{Probe, assert_header, drive};
//! use http::uri::Scheme;
//!
//! let headers = SecurityHeaders::new()
//!     .with_hsts(Hsts::new(Duration::from_secs(31_536_000)))?
//!     .with_content_security_policy("default-src 'self'; frame-ancestors 'none'")?
//!     .with_scheme(Scheme::HTTPS);
//! let reply = drive(headers, &Probe::ok()).get("/").send();
//! assert_header!(reply, "strict-transport-security" = "max-age=31536000");
//! assert_header!(reply, "x-content-type-options" = "nosniff");
//! # Ok::<(), enfilade_server::ConfigError>(())
//! ```

mod hsts;
mod service;
mod settings;

pub use self::{
    hsts::Hsts,
    service::{Secured, SecuredFuture},
};

use std::sync::Arc;

use enfilade_core::{About, Canonical, Link};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, SERVER, X_CONTENT_TYPE_OPTIONS},
    uri::Scheme,
};
use tower_layer::Layer;

use self::{
    service::Https,
    settings::{Settings, checked},
};
use crate::{ConfigError, connection::Facts};

/// The layer that adds and removes response headers. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct SecurityHeaders {
    settings: Arc<Settings>,
    https: Https,
}

/// By what an app tells who made it, its own `Server` among them.
const SIGNATURE: [HeaderName; 6] = [
    SERVER,
    HeaderName::from_static("x-powered-by"),
    HeaderName::from_static("x-aspnet-version"),
    HeaderName::from_static("x-aspnetmvc-version"),
    HeaderName::from_static("x-generator"),
    HeaderName::from_static("x-runtime"),
];

impl SecurityHeaders {
    /// The three that are safe for any app.
    pub fn new() -> Self {
        let mut settings = Settings::default();
        settings.add(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        settings.add(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
        settings.frame = Some(HeaderValue::from_static("SAMEORIGIN"));
        Self::of(settings)
    }

    /// None at all, to begin with.
    pub fn none() -> Self {
        Self::of(Settings::default())
    }

    fn of(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), https: Https::Ask }
    }

    /// Tells browsers to come by https only.
    ///
    /// # Errors
    ///
    /// When the word would mean something else, or would not be taken into a preload list that it asks for.
    pub fn with_hsts(self, hsts: Hsts) -> Result<Self, ConfigError> {
        let value = hsts.value()?;
        Ok(self.edit(|settings| settings.hsts = Some(value)))
    }

    /// What a page may load, and who may frame it (W3C CSP).
    ///
    /// # Errors
    ///
    /// When a directive's name is none or is there twice: a browser would silently ignore it.
    pub fn with_content_security_policy(self, policy: &str) -> Result<Self, ConfigError> {
        let value = settings::policy(policy)?;
        Ok(self.edit(|settings| settings.add(CONTENT_SECURITY_POLICY, value)))
    }

    /// How much of an address a browser tells other sites.
    ///
    /// # Errors
    ///
    /// When it is no policy of W3C Referrer Policy §3.
    pub fn with_referrer_policy(self, policy: &str) -> Result<Self, ConfigError> {
        let value = settings::referrer_policy(policy)?;
        Ok(self.edit(|settings| settings.add(REFERRER_POLICY, value)))
    }

    /// Nobody may frame a page, this site included: `X-Frame-Options: DENY`.
    pub fn with_frames_denied(self) -> Self {
        self.edit(|settings| settings.frame = Some(HeaderValue::from_static("DENY")))
    }

    /// Anybody may frame a page: no `X-Frame-Options`.
    pub fn insecure_with_frames(self) -> Self {
        self.edit(|settings| settings.frame = None)
    }

    /// Any other header, where the app sends none of that name.
    ///
    /// # Errors
    ///
    /// When it is no header, or one that other parts of the server are answerable for.
    pub fn with_header(self, name: &str, value: &str) -> Result<Self, ConfigError> {
        let (name, value) = checked(name, value)?;
        Ok(self.edit(|settings| settings.add(name, value)))
    }

    /// Sends this as `Server`, instead of the app's too (RFC 9110 §10.2.4). Without it none is sent but the app's own.
    ///
    /// # Errors
    ///
    /// When it cannot be a header's value.
    pub fn with_server(self, product: &str) -> Result<Self, ConfigError> {
        let value = settings::value(SERVER.as_str(), product)?;
        Ok(self.edit(|settings| settings.server = Some(value)))
    }

    /// Removes by what an app tells who made it: `Server`, `X-Powered-By`, `X-AspNet-Version`, `X-AspNetMvc-Version`,
    /// `X-Generator`, `X-Runtime`.
    pub fn without_app_signature(self) -> Self {
        self.edit(|settings| settings.removed = SIGNATURE.to_vec())
    }

    /// Says which scheme every client speaks. Without it: that of the canonical request, and no https where there is none.
    pub fn with_scheme(mut self, scheme: Scheme) -> Self {
        self.https = Https::Known(scheme == Scheme::HTTPS);
        self
    }

    /// For one connection.
    pub(crate) fn on(&self, facts: &Facts) -> Self {
        let trusted = facts.trust.as_ref().zip(facts.client).is_some_and(|(trust, peer)| trust.trusts(peer));
        let https = if trusted { Https::Ask } else { Https::Known(facts.scheme == Scheme::HTTPS) };
        Self { settings: self.settings.clone(), https }
    }

    /// Whether a request's client speaks https, as far as that counts here.
    #[inline]
    pub(crate) fn https(&self, canonical: Option<&Canonical>) -> bool {
        match self.https {
            Https::Known(https) => https,
            Https::Ask => canonical.is_some_and(|canonical| *canonical.scheme() == Scheme::HTTPS),
        }
    }

    /// Adds to a response's head and removes from it.
    pub(crate) fn apply(&self, status: StatusCode, headers: &mut HeaderMap, https: bool) {
        self.settings.answer(status, headers, https);
    }

    fn edit(mut self, edit: impl FnOnce(&mut Settings)) -> Self {
        edit(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        Self::new()
    }
}

impl Link for SecurityHeaders {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for SecurityHeaders {
    type Service = Secured<S>;

    fn layer(&self, inner: S) -> Secured<S> {
        Secured::new(self.settings.clone(), self.https, inner)
    }
}
