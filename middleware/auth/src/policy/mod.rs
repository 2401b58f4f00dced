//! [`Policy`]: who may pass, put together from small words with `&`, `|` and `!`.
//!
//! ```text
//! scope("orders:write") & (role("clerk") | subject("ada"))
//! from_network(10.0.0.0/8) | authenticated()
//! ```
//!
//! Three answers: yes, no, and *unknown*, and only yes passes. A role of nobody, or the network of a client whose
//! address nobody knows, is unknown, and so is its negation: `!role("guest")` lets no anonymous request pass.
//!
//! ```
//! use enfilade_auth::{Gate, Principal, policy::{authenticated, from_network, require, role, scope, subject}};
//! use http::Request;
//!
//! let clerks = require(scope("orders:write") & (role("clerk") | subject("ada")));
//! let staff = require(from_network("10.0.0.0/8".parse()?) | authenticated());
//!
//! let (mut req, ()) = Request::new(()).into_parts();
//! assert_eq!(clerks.enter(&mut req).unwrap_err().code(), "auth.no-auth-link");
//!
//! Principal::anonymous().put(&mut req.extensions);
//! assert_eq!(clerks.enter(&mut req).unwrap_err().status(), 401);
//!
//! Principal::new("ada").put(&mut req.extensions);
//! assert!(staff.enter(&mut req).is_ok());
//! let refused = clerks.enter(&mut req).unwrap_err();
//! assert_eq!(refused.code(), "auth.insufficient-scope");
//! assert_eq!(refused.challenges()[0].param("scope"), Some("orders:write"));
//!
//! Principal::new("ada").with_scopes(["orders:write"]).put(&mut req.extensions);
//! assert!(clerks.enter(&mut req).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod require;
mod truth;

pub use self::require::{Require, require};

use std::{
    fmt,
    ops::{BitAnd, BitOr, Not},
    sync::Arc,
};

use enfilade_core::Principal;
use http::request;
pub use ipnet::IpNet;

use crate::ConfigError;

/// Who may pass. Combine with `&`, `|` and `!`; `Display` writes it as it was put together. See the [module docs](self).
#[derive(Clone)]
#[must_use = "a policy refuses nobody until a link requires it"]
pub struct Policy(Rule);

#[derive(Clone)]
enum Rule {
    Anyone,
    Authenticated,
    Scope(Box<str>),
    Role(Box<str>),
    Subject(Box<str>),
    Network(IpNet),
    Custom(&'static str, Arc<Judge>),
    All(Vec<Policy>),
    Any(Vec<Policy>),
    Not(Box<Policy>),
}

type Judge = dyn Fn(&Principal, &request::Parts) -> bool + Send + Sync;

/// Everybody, anonymous or not.
pub fn anyone() -> Policy {
    Policy(Rule::Anyone)
}

/// Whoever is proved to be somebody.
pub fn authenticated() -> Policy {
    Policy(Rule::Authenticated)
}

/// Whoever was granted this OAuth scope, compared whole (RFC 6749 §3.3).
///
/// # Panics
///
/// If `scope` is no single scope: a blank in it, say. For a name that is not a literal there is [`try_scope`].
pub fn scope(scope: &str) -> Policy {
    try_scope(scope).unwrap_or_else(|error| panic!("{error}"))
}

/// The same for a name from a file.
///
/// # Errors
///
/// [`ConfigError::Scope`], when it is no single scope.
pub fn try_scope(scope: &str) -> Result<Policy, ConfigError> {
    let is_token_char = |b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if scope.is_empty() || !scope.bytes().all(is_token_char) {
        return Err(ConfigError::Scope { value: scope.to_owned() });
    }
    Ok(Policy(Rule::Scope(scope.into())))
}

/// Whoever holds this role, or is in this group.
pub fn role(role: impl Into<Box<str>>) -> Policy {
    Policy(Rule::Role(role.into()))
}

/// This one user, whoever issued the credentials: where several issuers are trusted, add a [`policy_fn`].
pub fn subject(subject: impl Into<Box<str>>) -> Policy {
    Policy(Rule::Subject(subject.into()))
}

/// Clients in this network, by the address that the door put into the canonical request.
///
/// Unknown, and so refused, where the door is not ours.
pub fn from_network(network: IpNet) -> Policy {
    Policy(Rule::Network(truth::canonical(network)))
}

/// Whatever this closure says; `name` stands for it in logs.
///
/// It is asked about [`Principal::anonymous`] too, and must not block.
pub fn policy_fn(
    name: &'static str,
    judge: impl Fn(&Principal, &request::Parts) -> bool + Send + Sync + 'static,
) -> Policy {
    Policy(Rule::Custom(name, Arc::new(judge)))
}

impl BitAnd for Policy {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(match self.0 {
            Rule::All(mut parts) => {
                parts.push(other);
                Rule::All(parts)
            }
            one => Rule::All(vec![Self(one), other]),
        })
    }
}

impl BitOr for Policy {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(match self.0 {
            Rule::Any(mut parts) => {
                parts.push(other);
                Rule::Any(parts)
            }
            one => Rule::Any(vec![Self(one), other]),
        })
    }
}

impl Not for Policy {
    type Output = Self;

    fn not(self) -> Self {
        match self.0 {
            Rule::Not(part) => *part,
            rule => Self(Rule::Not(Box::new(Self(rule)))),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Anyone => f.write_str("anyone()"),
            Rule::Authenticated => f.write_str("authenticated()"),
            Rule::Scope(scope) => write!(f, "scope({scope:?})"),
            Rule::Role(role) => write!(f, "role({role:?})"),
            Rule::Subject(subject) => write!(f, "subject({subject:?})"),
            Rule::Network(network) => write!(f, "from_network({network})"),
            Rule::Custom(name, _) => write!(f, "{name}()"),
            Rule::All(parts) => joined(f, parts, " & "),
            Rule::Any(parts) => joined(f, parts, " | "),
            Rule::Not(part) => {
                f.write_str("!")?;
                part.fmt_inner(f)
            }
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy({self})")
    }
}

impl Policy {
    /// In parentheses, where it has parts.
    fn fmt_inner(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Rule::All(_) | Rule::Any(_) => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Policy], operator: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { operator })?;
        part.fmt_inner(f)?;
    }
    Ok(())
}
