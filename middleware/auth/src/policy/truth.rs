//! How a [`Policy`] is judged: yes, no or unknown (Kleene's logic), and what would turn a no into a yes.
//!
//! ```text
//! &  the least of its parts     |  the greatest     !  yes ⇄ no, unknown stays      no < unknown < yes
//! ```

use std::cmp::Reverse;

use enfilade_core::{Principal, RequestContext};
use http::request;
use ipnet::{IpNet, Ipv4Net};

use super::{Policy, Rule};

/// An answer; in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    No,
    Unknown,
    Yes,
}

/// What a judgement takes for open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// Nothing: the request as it is.
    Nothing,
    /// Who it is: would signing in help?
    Who,
}

impl Policy {
    pub(super) fn judge(&self, who: &Principal, req: &request::Parts, open: Open) -> Truth {
        let about_who = |is: &dyn Fn() -> bool| match open {
            Open::Nothing if who.is_anonymous() => Truth::Unknown,
            Open::Nothing => Truth::from(is()),
            Open::Who => Truth::Unknown,
        };
        match &self.0 {
            Rule::Anyone => Truth::Yes,
            Rule::Authenticated | Rule::Custom(..) if open == Open::Who => Truth::Unknown,
            Rule::Authenticated => Truth::from(!who.is_anonymous()),
            Rule::Scope(scope) => about_who(&|| who.has_scope(scope)),
            Rule::Role(role) => about_who(&|| who.has_role(role)),
            Rule::Subject(subject) => about_who(&|| who.subject() == &**subject),
            Rule::Network(network) => client_is_in(network, req),
            Rule::Custom(_, judge) => Truth::from(judge(who, req)),
            Rule::All(parts) => joined(parts, Truth::No, Truth::min, |part| part.judge(who, req, open)),
            Rule::Any(parts) => joined(parts, Truth::Yes, Truth::max, |part| part.judge(who, req, open)),
            Rule::Not(part) => match part.judge(who, req, open) {
                Truth::Yes => Truth::No,
                Truth::No => Truth::Yes,
                Truth::Unknown => Truth::Unknown,
            },
        }
    }

    /// The scopes with which this principal would pass; nothing when no scope would do.
    pub(super) fn scopes_to_pass(&self, who: &Principal, req: &request::Parts) -> Option<Vec<&str>> {
        match &self.0 {
            Rule::Scope(scope) => Some(vec![scope]),
            Rule::All(parts) => {
                let parts = parts.iter().map(|part| part.scopes_to_pass(who, req));
                Some(parts.collect::<Option<Vec<_>>>()?.concat())
            }
            // The first of the ways that ask for least.
            Rule::Any(parts) => {
                let ways = parts.iter().filter_map(|part| part.scopes_to_pass(who, req));
                ways.rev().max_by_key(|scopes| Reverse(missing(scopes, who)))
            }
            _ => (self.judge(who, req, Open::Nothing) == Truth::Yes).then(Vec::new),
        }
    }
}

/// Joins the parts' answers; `decided` ends it, so that no later part is asked for nothing. There is always a part.
fn joined(
    parts: &[Policy],
    decided: Truth,
    join: impl Fn(Truth, Truth) -> Truth,
    judge: impl Fn(&Policy) -> Truth,
) -> Truth {
    let mut all: Option<Truth> = None;
    for answer in parts.iter().map(judge) {
        if answer == decided {
            return decided;
        }
        all = Some(all.map_or(answer, |before| join(before, answer)));
    }
    all.unwrap_or(Truth::No)
}

fn missing(scopes: &[&str], who: &Principal) -> usize {
    scopes.iter().filter(|scope| !who.has_scope(scope)).count()
}

impl From<bool> for Truth {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

fn client_is_in(network: &IpNet, req: &request::Parts) -> Truth {
    let canonical = RequestContext::of(&req.extensions).and_then(RequestContext::canonical);
    match canonical.and_then(|canonical| canonical.client()?.ip()) {
        Some(address) => Truth::from(network.contains(&address)),
        None => Truth::Unknown,
    }
}

/// An IPv4 network written as IPv6 (`::ffff:10.0.0.0/104`) as what it is: clients' addresses are compared so.
pub(super) fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => v6.addr().to_ipv4_mapped().zip(Some(v6.prefix_len() - 96)),
        _ => None,
    };
    let v4 = mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    v4.map_or(network, IpNet::V4)
}
