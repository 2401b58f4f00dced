//! Who a request is proved to be, and how.
//!
//! ```text
//! Auth ── Principal::put ──▶ RequestContext ──▶ policies, app, log:  Principal::of(&parts)
//! ```
//!
//! ```
//! use enfilade_core::{AuthMethod, Principal};
//!
//! let (mut parts, ()) = http::Request::new(()).into_parts();
//! assert!(Principal::of(&parts.extensions).is_none(), "no Auth link has judged this request");
//!
//! Principal::new("ada").with_method(AuthMethod::Bearer).with_scopes(["orders:read"]).put(&mut parts.extensions);
//! let who = Principal::of(&parts.extensions).unwrap();
//! assert_eq!(who.subject(), "ada");
//! assert!(who.has_scope("orders:read") && !who.has_scope("orders"));
//! assert!(Principal::anonymous().is_anonymous());
//! ```

use std::{fmt, sync::Arc};

use http::{Extensions, StatusCode, request};
use serde::de::DeserializeOwned;

use crate::{Carried, Challenge, Provided, Rejection, RequestContext, Slot};

/// Who the request is proved to be. Cheap to clone; anonymous costs nothing. Two are equal if all that is known of them is,
/// which clones know at once; whether they are one and the same user, subject and issuer say.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Principal(Option<Arc<Inner>>);

#[derive(Clone, Default, PartialEq, Eq)]
struct Inner {
    subject: Box<str>,
    issuer: Option<Box<str>>,
    method: AuthMethod,
    ambient: bool,
    amr: Vec<Box<str>>,
    acr: Option<Box<str>>,
    auth_time: Option<u64>,
    scopes: Vec<Box<str>>,
    roles: Vec<Box<str>>,
    credential_id: Option<Box<str>>,
    expires: Option<u64>,
    claims: Option<Box<str>>,
}

/// How the credentials came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthMethod {
    /// Nothing was proved.
    #[default]
    None,
    /// A bearer token in `Authorization` (RFC 6750).
    Bearer,
    /// Name and password in `Authorization` (RFC 7617).
    Basic,
    /// A token kept in a cookie of ours.
    Cookie,
    /// A kind of yours, by its name.
    Other(&'static str),
}

impl AuthMethod {
    /// A short word: `"bearer"`, `"basic"`, `"cookie"` …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Cookie => "cookie",
            Self::Other(name) => name,
        }
    }
}

impl Provided for Principal {
    const NAME: &'static str = "the principal";
    const BY: &'static str = "`Auth` (enfilade-auth)";
}

impl Principal {
    /// Nobody in particular: a request without credentials that an optional Auth link let through.
    pub const fn anonymous() -> Self {
        Self(None)
    }

    /// Somebody, by the name that the issuer or the user file gives them.
    pub fn new(subject: impl Into<Box<str>>) -> Self {
        Self(Some(Arc::new(Inner { subject: subject.into(), ..Inner::default() })))
    }

    /// Who the request is proved to be; `None` when no Auth link has judged it.
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        RequestContext::of(extensions)?.principal()
    }

    /// Whoever is proved, or the refusal: what policies, extractors and handlers behind Auth begin with.
    ///
    /// # Errors
    ///
    /// - 401 `auth.missing`, with the challenges of the Auth link, when the request is anonymous
    /// - 500 `auth.no-auth-link` when no Auth link has judged it: a missing link is never a pass
    pub fn require(req: &request::Parts) -> Result<&Self, Rejection> {
        let context = RequestContext::of(&req.extensions);
        match context.and_then(RequestContext::principal) {
            None => Err(no_auth_link()),
            Some(who) if who.is_anonymous() => {
                let unproved = context.and_then(RequestContext::carried::<Unproved>);
                Err(unproved.map_or_else(missing, |unproved| unproved.refusal(req)))
            }
            Some(who) => Ok(who),
        }
    }

    /// Makes this the request's principal, for the links behind and for whoever kept the context.
    pub fn put(self, extensions: &mut Extensions) {
        RequestContext::put_principal(extensions, self);
    }

    /// Says who vouches: the `iss` of a token.
    pub fn with_issuer(self, issuer: impl Into<Box<str>>) -> Self {
        self.edit(|p| p.issuer = Some(issuer.into()))
    }

    /// Says how the credentials came.
    pub fn with_method(self, method: AuthMethod) -> Self {
        self.edit(|p| p.method = method)
    }

    /// Says that the browser sends these credentials by itself, so that other sites can make it do so (CSRF).
    pub fn with_ambient(self, ambient: bool) -> Self {
        self.edit(|p| p.ambient = ambient)
    }

    /// How the user proved it to the issuer (`amr`, RFC 8176), such as `pwd` and `otp`.
    pub fn with_amr<I: Into<Box<str>>>(self, amr: impl IntoIterator<Item = I>) -> Self {
        self.edit(|p| p.amr = amr.into_iter().map(Into::into).collect())
    }

    /// The assurance level (`acr`).
    pub fn with_acr(self, acr: impl Into<Box<str>>) -> Self {
        self.edit(|p| p.acr = Some(acr.into()))
    }

    /// When the user last proved it, in seconds since 1970 (`auth_time`).
    pub fn with_auth_time(self, seconds: u64) -> Self {
        self.edit(|p| p.auth_time = Some(seconds))
    }

    /// The OAuth scopes granted.
    pub fn with_scopes<I: Into<Box<str>>>(self, scopes: impl IntoIterator<Item = I>) -> Self {
        self.edit(|p| p.scopes = scopes.into_iter().map(Into::into).collect())
    }

    /// The roles or groups.
    pub fn with_roles<I: Into<Box<str>>>(self, roles: impl IntoIterator<Item = I>) -> Self {
        self.edit(|p| p.roles = roles.into_iter().map(Into::into).collect())
    }

    /// A name for the credential that may be logged: a hash, or a token's `jti`. Never the credential itself.
    pub fn with_credential_id(self, id: impl Into<Box<str>>) -> Self {
        self.edit(|p| p.credential_id = Some(id.into()))
    }

    /// When the credential ends, in seconds since 1970.
    pub fn with_expires(self, seconds: u64) -> Self {
        self.edit(|p| p.expires = Some(seconds))
    }

    /// The issuer's claims as one JSON object, as they were signed.
    pub fn with_claims(self, json: impl Into<Box<str>>) -> Self {
        self.edit(|p| p.claims = Some(json.into()))
    }

    /// Whether nobody was proved.
    pub fn is_anonymous(&self) -> bool {
        self.0.is_none()
    }

    /// The subject; empty for the anonymous.
    pub fn subject(&self) -> &str {
        self.get(|p| &*p.subject).unwrap_or_default()
    }

    /// Who vouches.
    pub fn issuer(&self) -> Option<&str> {
        self.get(|p| p.issuer.as_deref())?
    }

    /// How the credentials came.
    pub fn method(&self) -> AuthMethod {
        self.get(|p| p.method).unwrap_or_default()
    }

    /// Whether the browser sends the credentials by itself.
    pub fn is_ambient(&self) -> bool {
        self.get(|p| p.ambient).unwrap_or_default()
    }

    /// How the user proved it to the issuer (`amr`).
    pub fn amr(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|p| p.amr.iter().map(|word| &**word))
    }

    /// The assurance level (`acr`).
    pub fn acr(&self) -> Option<&str> {
        self.get(|p| p.acr.as_deref())?
    }

    /// When the user last proved it, in seconds since 1970.
    pub fn auth_time(&self) -> Option<u64> {
        self.get(|p| p.auth_time)?
    }

    /// The OAuth scopes granted.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|p| p.scopes.iter().map(|word| &**word))
    }

    /// Whether a scope was granted, compared whole and by bytes (RFC 6749 §3.3).
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|granted| granted == scope)
    }

    /// The roles or groups.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|p| p.roles.iter().map(|word| &**word))
    }

    /// Whether a role or group is held.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().any(|held| held == role)
    }

    /// A name for the credential that may be logged.
    pub fn credential_id(&self) -> Option<&str> {
        self.get(|p| p.credential_id.as_deref())?
    }

    /// When the credential ends, in seconds since 1970.
    pub fn expires(&self) -> Option<u64> {
        self.get(|p| p.expires)?
    }

    /// The issuer's claims as JSON text.
    pub fn claims_json(&self) -> Option<&str> {
        self.get(|p| p.claims.as_deref())?
    }

    /// The issuer's claims as a type of yours.
    ///
    /// # Errors
    ///
    /// When the claims do not have that shape; claims that are absent read as `{}`.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.claims_json().unwrap_or("{}"))
    }

    fn get<'a, T>(&'a self, read: impl FnOnce(&'a Inner) -> T) -> Option<T> {
        self.0.as_deref().map(read)
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(self.0.get_or_insert_default()));
        self
    }
}

/// How a request that proves nobody is refused: its challenges, or the way to the sign-in page.
///
/// An optional Auth link leaves this in the [`RequestContext`] of an anonymous request, so that whatever
/// behind it needs somebody refuses as Auth itself would: see [`Principal::require`].
pub struct Unproved(Box<dyn Fn(&request::Parts) -> Rejection + Send + Sync>);

impl Unproved {
    /// Refuses by `refuse`.
    pub fn new(refuse: impl Fn(&request::Parts) -> Rejection + Send + Sync + 'static) -> Self {
        Self(Box::new(refuse))
    }

    /// The refusal of this request.
    pub fn refusal(&self, req: &request::Parts) -> Rejection {
        (self.0)(req)
    }
}

impl Carried for Unproved {
    const SLOT: Slot = Slot::Unproved;
}

impl fmt::Debug for Unproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unproved(..)")
    }
}

fn missing() -> Rejection {
    // RFC 9110 §15.5.2: a 401 has a challenge. An Auth link leaves its own; this is for a principal put by others.
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.missing")
        .with_challenge(Challenge::bearer())
        .with_detail("sign in first")
}

pub(crate) fn no_auth_link() -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "auth.no-auth-link")
        .with_log("put an `Auth` link (enfilade-auth) before whatever needs the principal")
}

/// Subject, issuer and method only: claims may hold what a log should not.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_anonymous() {
            return f.write_str("Principal(anonymous)");
        }
        f.debug_struct("Principal")
            .field("subject", &self.subject())
            .field("issuer", &self.issuer())
            .field("method", &self.method())
            .finish_non_exhaustive()
    }
}
