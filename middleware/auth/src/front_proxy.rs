//! [`FrontProxy`]: who a trusted proxy in front of us says the user is, in headers of its own.
//!
//! ```text
//! peer listed?  header                           what follows
//! yes           one user, well-formed            Proved; the headers are taken out of the request
//! yes           none                             absent
//! yes           malformed, twice, in another     401 auth.credentials-malformed, 400 auth.credentials-repeated:
//!               spelling, named by Connection    never anonymous in silence
//! no            any of them, in any spelling     401 auth.proxy-untrusted
//! door says not who the peer is                  500 auth.no-peer
//! ```
//!
//! 1. The *peer of the connection* counts, not the client that a proxy names: whoever can write `X-Forwarded-For` could
//!    otherwise write a user too. There is no default list.
//! 2. A header's spellings are all names that an app could take for it: any case, and `-`, `_` and `.` alike. The proxy
//!    must send the one that is set here, once, and no other; a second is what a client smuggled past it.
//! 3. The proxy knows its user by a cookie as a rule, so the principal is *ambient*: pages of other sites can cause
//!    such requests. [`FrontProxy::explicit`] says that this proxy is otherwise.
//! 4. `x-forwarded-…` and `x-original-…` are refused as names: the server's door takes all of those out, for most proxies
//!    pass on what a client wrote there. Let the proxy send `x-auth-request-user`, `remote-user` or a name of your own.
//! 5. Another credential in the same request must prove the same user, or it is 401 `auth.credentials-conflict`.
//!
//! [`StripIdentity`](crate::StripIdentity) would take the header away before: let it [`keep`](crate::StripIdentity::keep)
//! these, and only these, names; here they are judged and taken out.
//!
//! ```
//! use enfilade_auth::{Auth, FrontProxy, Gate, Principal};
//! use enfilade_core::{Canonical, ClientAddr, RequestContext};
//!
//! let proxy = FrontProxy::from_peers(["10.0.0.7", "fd00::/64"])?
//!     .with_user_header("x-auth-request-user")?
//!     .with_roles_header("x-auth-request-groups")?;
//! let auth = Auth::new(proxy);
//!
//! let ask = |peer: &str| {
//!     let req = http::Request::get("/").header("x-auth-request-user", "ada").header("x-auth-request-groups", "staff,clerk");
//!     let (mut req, ()) = req.body(()).unwrap().into_parts();
//!     let peer = ClientAddr::Tcp(peer.parse().unwrap());
//!     let canonical = Canonical::new(http::uri::Scheme::HTTPS, None, Some(peer)).with_peer(peer);
//!     RequestContext::begin(&mut req.extensions, canonical);
//!     auth.enter(&mut req).map(|_| Principal::of(&req.extensions).cloned().unwrap())
//! };
//! let who = ask("10.0.0.7:1234").unwrap();
//! assert!(who.subject() == "ada" && who.has_role("clerk") && who.is_ambient());
//! assert_eq!(ask("10.0.0.8:1234").unwrap_err().code(), "auth.proxy-untrusted");
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

use std::net::IpAddr;

use enfilade_core::{About, AuthMethod, ClientAddr, Principal, Rejection, RequestContext};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CONNECTION, COOKIE, HOST},
    request,
};
use ipnet::IpNet;

use crate::{Attempt, Authenticator, Carrier, ConfigError, strip_identity::same};

const LONGEST: usize = 255;

/// Identity by a trusted proxy's headers. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a kind of credentials does nothing until an Auth link asks it"]
pub struct FrontProxy {
    networks: Vec<IpNet>,
    trusts_unix: bool,
    user: Option<HeaderName>,
    roles: Option<HeaderName>,
    scopes: Option<HeaderName>,
    issuer: Option<Box<str>>,
    ambient: bool,
}

impl FrontProxy {
    /// Believes these peers: addresses, networks (`10.0.0.0/8`), and `unix:` for whoever reaches a Unix socket of ours.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Peer`], when one is none of these, when there is none, or a network is everybody.
    pub fn from_peers<'a>(peers: impl IntoIterator<Item = &'a str>) -> Result<Self, ConfigError> {
        let mut proxy = Self {
            networks: Vec::new(),
            trusts_unix: false,
            user: None,
            roles: None,
            scopes: None,
            issuer: None,
            ambient: true,
        };
        for peer in peers {
            match peer {
                "unix:" => proxy.trusts_unix = true,
                peer => proxy.networks.push(network(peer)?),
            }
        }
        if proxy.networks.is_empty() && !proxy.trusts_unix {
            return Err(ConfigError::Peer { value: String::new() });
        }
        Ok(proxy)
    }

    /// The header that names the user. Without it nobody is proved, and none of the others is read.
    ///
    /// # Errors
    ///
    /// [`ConfigError::HeaderName`].
    pub fn with_user_header(mut self, name: &str) -> Result<Self, ConfigError> {
        self.user = Some(header("FrontProxy::with_user_header", name)?);
        Ok(self)
    }

    /// The header with roles or groups, separated by commas.
    ///
    /// # Errors
    ///
    /// [`ConfigError::HeaderName`].
    pub fn with_roles_header(mut self, name: &str) -> Result<Self, ConfigError> {
        self.roles = Some(header("FrontProxy::with_roles_header", name)?);
        Ok(self)
    }

    /// The header with scopes, separated by blanks or commas.
    ///
    /// # Errors
    ///
    /// [`ConfigError::HeaderName`].
    pub fn with_scopes_header(mut self, name: &str) -> Result<Self, ConfigError> {
        self.scopes = Some(header("FrontProxy::with_scopes_header", name)?);
        Ok(self)
    }

    /// Says who vouches for these users: the issuer of the principal.
    pub fn with_issuer(mut self, issuer: impl Into<Box<str>>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Says that the proxy's users prove themselves anew in every request, by a client certificate or a token, which no
    /// browser sends for another site's page.
    pub fn explicit(self) -> Self {
        Self { ambient: false, ..self }
    }

    fn names(&self) -> impl Iterator<Item = &HeaderName> {
        [&self.user, &self.roles, &self.scopes].into_iter().flatten()
    }

    fn is_one_of_ours(&self, name: &[u8]) -> bool {
        self.names().any(|known| is_alias(name, known))
    }

    fn trusts(&self, peer: ClientAddr) -> bool {
        match peer {
            ClientAddr::Unix(_) => self.trusts_unix,
            peer => peer.ip().is_some_and(|ip| self.networks.iter().any(|network| network.contains(&ip))),
        }
    }

    /// The decision; the headers stay where they are.
    fn judge(&self, req: &request::Parts) -> Result<Option<Principal>, Rejection> {
        let is_shown = req.headers.keys().any(|name| self.is_one_of_ours(name.as_str().as_bytes()))
            || is_nominated(&req.headers, |name| self.is_one_of_ours(name));
        if !is_shown {
            return Ok(None);
        }
        let canonical = RequestContext::of(&req.extensions).and_then(RequestContext::canonical);
        let peer = canonical.and_then(enfilade_core::Canonical::peer).ok_or_else(no_peer)?;
        if !self.trusts(peer) {
            return Err(untrusted(peer));
        }
        if is_nominated(&req.headers, |name| self.is_one_of_ours(name)) {
            return Err(malformed("Connection names an identity header"));
        }
        let user = one(&req.headers, self.user.as_ref())?;
        let roles = one(&req.headers, self.roles.as_ref())?;
        let scopes = one(&req.headers, self.scopes.as_ref())?;
        let user = user.ok_or_else(|| malformed("roles or scopes without a user"))?;
        if user.contains(',') {
            return Err(repeated("two users joined by a comma"));
        }
        let mut who = Principal::new(user)
            .with_method(AuthMethod::Other("front-proxy"))
            .with_ambient(self.ambient)
            .with_roles(words(roles, &[','])?)
            .with_scopes(words(scopes, &[',', ' '])?);
        if let Some(issuer) = &self.issuer {
            who = who.with_issuer(issuer.clone());
        }
        Ok(Some(who))
    }

    /// Takes the headers out, whatever their spelling: the app learns the user otherwise.
    fn strip(&self, headers: &mut HeaderMap) {
        let ours: Vec<_> =
            headers.keys().filter(|name| self.is_one_of_ours(name.as_str().as_bytes())).cloned().collect();
        for name in ours {
            headers.remove(name);
        }
    }
}

impl Authenticator for FrontProxy {
    /// None where the principal is ambient: all that could stand twice is judged here.
    fn carriers(&self) -> Vec<Carrier> {
        self.user.iter().filter(|_| !self.ambient).cloned().map(Carrier::Header).collect()
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        match self.judge(req) {
            Ok(None) => Attempt::Absent,
            Ok(Some(who)) => {
                self.strip(&mut req.headers);
                Attempt::Proved(who)
            }
            Err(rejection) => Attempt::Refused(rejection),
        }
    }

    fn about(&self) -> About {
        About::named("front-proxy")
    }
}

/// An address is the network of itself alone.
fn network(peer: &str) -> Result<IpNet, ConfigError> {
    let error = || ConfigError::Peer { value: peer.to_owned() };
    let network: IpNet = match peer.parse::<IpAddr>() {
        Ok(ip) => IpNet::from(ip.to_canonical()),
        Err(_) => peer.parse().map_err(|_| error())?,
    };
    // Everybody is nobody to trust; a mapped network would never match, for addresses are compared in their short form.
    let is_mapped = matches!(network, IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some());
    if network.prefix_len() == 0 || is_mapped { Err(error()) } else { Ok(network.trunc()) }
}

fn header(setting: &'static str, name: &str) -> Result<HeaderName, ConfigError> {
    let normal: String = name.bytes().map(|b| char::from(same(b))).collect();
    if ["x-forwarded", "x-original-", "forwarded"].iter().any(|begin| normal.starts_with(begin)) {
        return Err(ConfigError::ForwardedIdentity { setting, value: name.to_owned() });
    }
    let parsed = HeaderName::from_bytes(name.as_bytes()).ok();
    let usable = parsed.filter(|name| ![AUTHORIZATION, COOKIE, HOST, CONNECTION].contains(name));
    usable.ok_or_else(|| ConfigError::HeaderName { setting, value: name.to_owned() })
}

/// The value of a header that is there once, in the one spelling.
fn one<'a>(headers: &'a HeaderMap, name: Option<&HeaderName>) -> Result<Option<&'a str>, Rejection> {
    let Some(name) = name else { return Ok(None) };
    let mut found = headers.iter().filter(|(known, _)| is_alias(known.as_str().as_bytes(), name));
    let Some((spelling, value)) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err(repeated("an identity header is there more than once, in one spelling or in two"));
    }
    if spelling != name {
        return Err(malformed("an identity header is there in another spelling than the proxy's"));
    }
    text(value).map(Some).ok_or_else(|| malformed("an identity header is empty, too long or no plain text"))
}

fn is_alias(name: &[u8], known: &HeaderName) -> bool {
    let known = known.as_str().as_bytes();
    name.len() == known.len() && name.iter().zip(known).all(|(a, b)| same(*a) == same(*b))
}

/// Whether `Connection` names such a header: the proxy should have consumed it, and the next hop would remove ours.
fn is_nominated(headers: &HeaderMap, is_ours: impl Fn(&[u8]) -> bool) -> bool {
    let options = headers.get_all(CONNECTION).iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
    options.map(<[u8]>::trim_ascii).any(is_ours)
}

fn text(value: &HeaderValue) -> Option<&str> {
    let text = str::from_utf8(value.as_bytes()).ok()?;
    let is_good =
        (1..=LONGEST).contains(&text.len()) && text.trim() == text && !text.contains(char::is_control);
    is_good.then_some(text)
}

fn words<'a>(list: Option<&'a str>, between: &[char]) -> Result<Vec<&'a str>, Rejection> {
    let words: Vec<_> = list.into_iter().flat_map(|list| list.split(between)).map(str::trim).collect();
    // Between ", " there is nothing, and that is no word; two commas with nothing between them are a mistake.
    let is_blank_allowed = between.contains(&' ');
    if !is_blank_allowed && words.iter().any(|word| word.is_empty()) {
        return Err(malformed("a word in a list is empty"));
    }
    Ok(words.into_iter().filter(|word| !word.is_empty()).collect())
}

fn malformed(log: &'static str) -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.credentials-malformed")
        .with_detail("the proxy in front does not say properly who you are")
        .with_log(log)
}

fn repeated(log: &'static str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "auth.credentials-repeated")
        .with_detail("send credentials once")
        .with_log(log)
}

fn untrusted(peer: ClientAddr) -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.proxy-untrusted")
        .with_detail("nobody says by a header who they are")
        .with_log(format!("an identity header from {peer}, which is not among the trusted peers"))
}

fn no_peer() -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "auth.no-peer")
        .with_log("FrontProxy asks who the peer is: let the server's door stand before Auth")
}
