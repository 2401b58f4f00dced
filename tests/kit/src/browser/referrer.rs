//! How much of where it comes from a request tells: `Referer`, and the `Origin` that goes with it.
//!
//! ```text
//! strict-origin-when-cross-origin (when nobody says otherwise)
//!    same origin ▶ the whole address · another ▶ the origin alone · https to plain http ▶ nothing
//! ```

use url::Url;

use super::site;

/// Referrer Policy §3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Policy {
    NoReferrer,
    NoReferrerWhenDowngrade,
    SameOrigin,
    Origin,
    StrictOrigin,
    OriginWhenCrossOrigin,
    #[default]
    StrictOriginWhenCrossOrigin,
    UnsafeUrl,
}

impl Policy {
    /// Of a list the last word that is known counts.
    pub(super) fn parse(list: &str) -> Option<Self> {
        list.rsplit(',').find_map(|word| {
            Some(match &*word.trim().to_ascii_lowercase() {
                "no-referrer" => Self::NoReferrer,
                "no-referrer-when-downgrade" => Self::NoReferrerWhenDowngrade,
                "same-origin" => Self::SameOrigin,
                "origin" => Self::Origin,
                "strict-origin" => Self::StrictOrigin,
                "origin-when-cross-origin" => Self::OriginWhenCrossOrigin,
                "strict-origin-when-cross-origin" => Self::StrictOriginWhenCrossOrigin,
                "unsafe-url" => Self::UnsafeUrl,
                _ => return None,
            })
        })
    }

    /// The `Referer` of a request to `to` from the page `from`.
    pub(super) fn referrer(self, from: &Url, to: &Url) -> Option<Url> {
        let same = site::same_origin(from, to);
        let down = site::is_trustworthy(from) && !site::is_trustworthy(to);
        let mut whole = from.clone();
        whole.set_fragment(None);
        // Neither can fail for http and https.
        let _ = whole.set_username("");
        let _ = whole.set_password(None);
        let origin = whole.join("/").expect("an http address has a root");
        match self {
            Self::NoReferrer => None,
            Self::SameOrigin if !same => None,
            Self::NoReferrerWhenDowngrade | Self::StrictOrigin | Self::StrictOriginWhenCrossOrigin
                if down =>
            {
                None
            }
            Self::Origin | Self::StrictOrigin => Some(origin),
            Self::OriginWhenCrossOrigin | Self::StrictOriginWhenCrossOrigin if !same => Some(origin),
            _ => Some(whole),
        }
    }

    /// The `Origin` of a request that changes something and is no CORS request (Fetch §3.2).
    pub(super) fn origin(self, from: &Url, to: &Url) -> String {
        let hidden = match self {
            Self::NoReferrer => true,
            Self::NoReferrerWhenDowngrade | Self::StrictOrigin | Self::StrictOriginWhenCrossOrigin => {
                from.scheme() == "https" && to.scheme() != "https"
            }
            Self::SameOrigin => !site::same_origin(from, to),
            Self::Origin | Self::OriginWhenCrossOrigin | Self::UnsafeUrl => false,
        };
        if hidden { "null".to_owned() } else { site::origin(from) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_says_as_much_as_it_may() {
        let from: Url = "https://a.example/x?y#z".parse().unwrap();
        let to =
            ["https://a.example/", "https://b.example/", "http://a.example/"].map(|to| to.parse().unwrap());
        let said = |policy: &str| {
            let policy = Policy::parse(policy).unwrap();
            to.each_ref().map(|to| policy.referrer(&from, to).map(String::from).unwrap_or_default())
        };
        let (whole, origin, none) = ("https://a.example/x?y", "https://a.example/", "");
        for (policy, expected) in [
            ("no-referrer", [none, none, none]),
            ("no-referrer-when-downgrade", [whole, whole, none]),
            ("same-origin", [whole, none, none]),
            ("origin", [origin, origin, origin]),
            ("strict-origin", [origin, origin, none]),
            ("origin-when-cross-origin", [whole, origin, origin]),
            ("unsafe-url, strict-origin-when-cross-origin, new-word", [whole, origin, none]),
            ("unsafe-url", [whole, whole, whole]),
        ] {
            assert_eq!(said(policy), expected, "{policy}");
        }
        assert_eq!(Policy::parse("new-word"), None);
    }
}
