//! Which peers may speak for a client, and in which of the two languages; nobody is trusted unless named.
//!
//! ```text
//! peer not trusted ──▶ it is the client; every forwarding field is removed
//! peer trusted ──┬──▶ scheme and host: the last word, which is the peer's own
//!                └──▶ client: right to left, over trusted addresses, to the first that is not
//!
//!   X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.2   from peer 10.0.0.1, trusted: 10.0.0.0/8
//!                    forged   └ client     └ trusted
//! ```
//!
//! 1. One family is believed: `Forwarded` (RFC 7239) or `X-Forwarded-For` with `X-Forwarded-Proto`. A proxy that sets
//!    one hands on the other as a client sent it, so the other is removed unread, as is every other spelling.
//! 2. `X-Forwarded-Host` is believed only [when asked for](Trust::with_host): most proxies keep `Host` and hand on this
//!    one as a client sent it.
//! 3. What stands left of the client is a client's own word and is not read.
//! 4. What is read and cannot be understood is refused: 400 `http.forwarded-invalid`.
//! 5. A peer that says nothing is the client: a health check of the proxy's own. `unknown` and `_obfuscated` are a client
//!    without an address ([`ClientAddr::Hidden`]), which no rule about networks lets in.
//! 6. When all are trusted, the leftmost is the client.
//!
//! ```
//! use enfilade_core::ClientAddr;
//! use enfilade_server::Trust;
//! use http::{HeaderMap, HeaderValue};
//!
//! let trust = Trust::x_forwarded(["10.0.0.0/8", "unix:"])?;
//! let mut headers = HeaderMap::new();
//! headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 203.0.113.9, 10.0.0.2"));
//!
//! let proxy = ClientAddr::Tcp("10.0.0.1:5000".parse().unwrap());
//! let word = trust.judge(proxy, &headers).unwrap();
//! assert_eq!(word.client.to_string(), "203.0.113.9");
//!
//! let stranger = ClientAddr::Tcp("198.51.100.1:5000".parse().unwrap());
//! assert_eq!(trust.judge(stranger, &headers).unwrap().client, stranger);
//! # Ok::<(), enfilade_server::ConfigError>(())
//! ```

mod element;
mod node;

use std::{net::IpAddr, sync::Arc};

use enfilade_core::{ClientAddr, Host, Rejection};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::FORWARDED, uri::Scheme};
use ipnet::IpNet;

use self::{
    element::elements,
    node::{Form, Node},
};
use crate::ConfigError;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Whom to believe when they speak for others. Cheap to clone. See the [module docs](self).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nobody is trusted until a listener is told"]
pub struct Trust {
    peers: Arc<Peers>,
    family: Family,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Forwarded,
    XForwarded { host: bool },
}

#[derive(Debug, PartialEq, Eq)]
struct Peers {
    networks: Vec<IpNet>,
    unix: bool,
}

/// What a peer says of the request that it brings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Word {
    /// Who asks.
    pub client: ClientAddr,
    /// By which scheme, if the peer says.
    pub scheme: Option<Scheme>,
    /// For which host, if the peer says.
    pub host: Option<Host>,
}

impl Trust {
    /// Believes these peers' `Forwarded` fields (RFC 7239).
    ///
    /// Each is an address, a network, or `unix:` for whoever can open the Unix socket.
    ///
    /// # Errors
    ///
    /// When one is none of these, when one is everybody, or when none is given.
    pub fn forwarded<P: AsRef<str>>(peers: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        Ok(Self { peers: Arc::new(Peers::parse(peers)?), family: Family::Forwarded })
    }

    /// Believes these peers' `X-Forwarded-For` and `X-Forwarded-Proto` fields.
    ///
    /// # Errors
    ///
    /// As [`forwarded`](Self::forwarded).
    pub fn x_forwarded<P: AsRef<str>>(peers: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        Ok(Self { peers: Arc::new(Peers::parse(peers)?), family: Family::XForwarded { host: false } })
    }

    /// Believes `X-Forwarded-Host` too: only where the proxy sets it on every request. `Forwarded` has its own `host`.
    pub fn with_host(mut self) -> Self {
        if let Family::XForwarded { host } = &mut self.family {
            *host = true;
        }
        self
    }

    /// Whether this peer is believed.
    pub fn trusts(&self, peer: ClientAddr) -> bool {
        match peer {
            ClientAddr::Unix(_) => self.peers.unix,
            _ => peer.ip().is_some_and(|ip| self.peers.contain(ip)),
        }
    }

    /// The decision alone: what the peer is believed of what it says.
    ///
    /// # Errors
    ///
    /// `http.forwarded-invalid`, when a trusted peer says what cannot be understood.
    pub fn judge(&self, peer: ClientAddr, headers: &HeaderMap) -> Result<Word, Rejection> {
        if !self.trusts(peer) {
            return Ok(Word { client: peer, scheme: None, host: None });
        }
        match self.family {
            Family::Forwarded => self.judge_forwarded(peer, headers),
            Family::XForwarded { host } => self.judge_x_forwarded(peer, headers, host),
        }
    }

    fn judge_forwarded(&self, peer: ClientAddr, headers: &HeaderMap) -> Result<Word, Rejection> {
        let mut word = Word { client: peer, scheme: None, host: None };
        let mut nearest = true;
        // Line by line from the last: a quote that a client left open cannot reach into the peer's own line.
        for line in headers.get_all(FORWARDED).iter().rev() {
            let elements = line.to_str().ok().and_then(elements).ok_or_else(|| invalid(&FORWARDED))?;
            for element in elements.iter().rev() {
                if nearest {
                    word.scheme = said(element.proto.as_ref(), &FORWARDED, scheme)?;
                    word.host = said(element.host.as_ref(), &FORWARDED, host)?;
                    nearest = false;
                }
                let node = match &element.node {
                    Some(text) => Node::parse(text, Form::Rfc7239).ok_or_else(|| invalid(&FORWARDED))?,
                    None => Node::Hidden,
                };
                if self.step(&mut word.client, node) {
                    return Ok(word);
                }
            }
        }
        Ok(word)
    }

    fn judge_x_forwarded(
        &self,
        peer: ClientAddr,
        headers: &HeaderMap,
        hosts: bool,
    ) -> Result<Word, Rejection> {
        let mut word = Word { client: peer, scheme: None, host: None };
        word.scheme = said(last(headers, &PROTO)?.as_ref(), &PROTO, scheme_or_socket)?;
        if hosts {
            word.host = said(last(headers, &HOST)?.as_ref(), &HOST, host)?;
        }
        for line in headers.get_all(FOR).iter().rev() {
            for text in line.to_str().map_err(|_| invalid(&FOR))?.rsplit(',') {
                let text = text.trim_matches([' ', '\t']);
                // RFC 9110 §5.6.1.2: empty elements do not count.
                if text.is_empty() {
                    continue;
                }
                let node = Node::parse(text, Form::Customary).ok_or_else(|| invalid(&FOR))?;
                if self.step(&mut word.client, node) {
                    return Ok(word);
                }
            }
        }
        Ok(word)
    }

    /// One hop further away; whether the walk is over.
    fn step(&self, client: &mut ClientAddr, node: Node) -> bool {
        *client = match node {
            Node::Ip(ip) => ClientAddr::Forwarded(ip),
            Node::Hidden => ClientAddr::Hidden,
        };
        !self.trusts(*client)
    }
}

impl Peers {
    fn parse<P: AsRef<str>>(peers: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        let mut all = Self { networks: Vec::new(), unix: false };
        for peer in peers {
            match peer.as_ref() {
                "unix:" => all.unix = true,
                text => {
                    let network = network(text);
                    all.networks
                        .push(network.ok_or_else(|| ConfigError::TrustedPeer { given: text.to_owned() })?);
                }
            }
        }
        if all.networks.is_empty() && !all.unix { Err(ConfigError::NoTrustedPeers) } else { Ok(all) }
    }

    /// `ip` in the form of [`ClientAddr::ip`].
    fn contain(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&ip))
    }
}

/// A network in the form in which addresses are compared: IPv4-mapped IPv6 as IPv4.
fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    let network = match network {
        IpNet::V6(v6) => match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
            (Some(v4), Some(length)) => IpNet::new(v4.into(), length).ok()?,
            _ => network,
        },
        IpNet::V4(_) => network,
    };
    (network.prefix_len() > 0 && network.trunc() == network).then_some(network)
}

/// The last word of a list.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Rejection> {
    let Some(line) = headers.get_all(name).iter().next_back() else { return Ok(None) };
    let line = line.to_str().map_err(|_| invalid(name))?;
    Ok(line.rsplit(',').map(|text| text.trim_matches([' ', '\t'])).find(|text| !text.is_empty()))
}

/// What was said, understood; nothing when nothing was said.
fn said<T, S: AsRef<str>>(
    text: Option<&S>,
    name: &HeaderName,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Rejection> {
    text.map(|text| parse(text.as_ref()).ok_or_else(|| invalid(name))).transpose()
}

fn scheme(text: &str) -> Option<Scheme> {
    if text.eq_ignore_ascii_case("https") {
        Some(Scheme::HTTPS)
    } else {
        text.eq_ignore_ascii_case("http").then_some(Scheme::HTTP)
    }
}

/// Some proxies say `wss` of a request that asks for a WebSocket.
fn scheme_or_socket(text: &str) -> Option<Scheme> {
    match text {
        "wss" => Some(Scheme::HTTPS),
        "ws" => Some(Scheme::HTTP),
        text => scheme(text),
    }
}

fn host(text: &str) -> Option<Host> {
    Host::parse(&HeaderValue::from_str(text).ok()?)
}

#[cold]
fn invalid(name: &HeaderName) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "http.forwarded-invalid")
        .with_detail("the proxy in between forwards this request in a way that cannot be understood")
        .with_log(format!("`{name}` of a trusted peer cannot be understood"))
}
