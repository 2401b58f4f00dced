//! [`JwksUrl`]: an issuer's keys, fetched by https and kept fresh in the background (feature `jwks-url`).
//!
//! ```text
//! JwksUrl::at(url) · openid(issuer) · oauth(issuer) ─ start().await ─▶ Keys ─▶ Verifier
//!      └ a task of its own ── every 5 min ── changed: the new keys, and only they, from the next request on
//!                                        ├─ trouble: the old keys, for an hour at most; then none
//!                                        └─ a kid that nobody knows: fetched at once, but not twice in 30 s
//! ```
//!
//! 1. A request never fetches. One with an unknown `kid` wakes the task, waits up to 2 s with at most 255 others,
//!    and is judged again by [`Bearer`](super::Bearer). Within the cool-down it is refused at once as
//!    `auth.token-key-unknown`; when the issuer cannot be asked, it is 503 `auth.keys-unavailable`.
//! 2. https only, except to this machine (`127.0.0.1`, `[::1]`, `localhost`). No redirect is followed, and no proxy
//!    of the environment asked. 256 KiB, 10 s, `application/json`; [`max_age`](JwksUrlBuilder::with_max_age) ends keys
//!    that cannot be refreshed.
//! 3. A key that the issuer withdraws counts until the next refresh. Shared secrets are left out: whoever can fetch
//!    them could sign. So are malformed keys, or one of them would keep a withdrawn one alive.
//! 4. Metadata must name the issuer that was asked for, byte by byte, and may not send us from https to http.
//! 5. The task runs where [`start`](JwksUrlBuilder::start) was awaited, on tokio with its timer, and ends when nobody
//!    uses the keys. If that runtime ends before, the keys end with it.
//!
//! ```
//! use enfilade_auth::jwt::{JwksUrl, Verifier};
//!
//! # use enfilade_test::issuer::Issuer;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let id = Issuer::new().serve();
//! # let issuer = id.issuer().name();
//! let keys = JwksUrl::openid(issuer).start().await?; // such as "https://id.example"
//! let verifier = Verifier::builder(&keys).with_issuer(issuer).with_audience("shop").build()?;
//! # assert_eq!(verifier.verify(&id.issuer().token("ada").sign()).unwrap().subject(), "ada");
//!
//! let error = JwksUrl::at("http://id.example/jwks.json").start().await.unwrap_err();
//! assert!(error.to_string().contains("https only"));
//! # Ok(())
//! # }
//! ```

mod demand;
mod fetch;
mod refresh;
mod source;
mod url;

pub(super) use self::demand::{Demand, Renewed};

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use self::{
    demand::Rounds,
    fetch::Fetcher,
    refresh::{Pace, Refresher, Work},
    source::{Digest, Source},
    url::Url,
};
use super::{Algorithm, KeySet, Keys};
use crate::ConfigError;

/// An issuer's keys, kept fresh. Clones share them. See the [module docs](self).
#[derive(Clone)]
pub struct JwksUrl {
    keys: Keys,
    url: Arc<str>,
}

/// How it stands with the fetching of an issuer's keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchStatus {
    /// How many fetches have ended since the first keys came.
    pub fetches: u64,
    /// Whether the last one brought keys.
    pub is_good: bool,
    /// Whether one is running.
    pub is_running: bool,
}

/// How an issuer's keys are to be fetched.
#[derive(Clone, Debug)]
#[must_use = "nothing is fetched until it is started"]
pub struct JwksUrlBuilder {
    at: Place,
    pace: Pace,
    patience: Duration,
    max_bytes: usize,
    rsa: Algorithm,
    ca_file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Place {
    Keys(String),
    OpenId(String),
    OAuth(String),
}

impl JwksUrl {
    /// The JWK set at this address.
    pub fn at(url: impl Into<String>) -> JwksUrlBuilder {
        JwksUrlBuilder::new(Place::Keys(url.into()))
    }

    /// The keys of this issuer, found by its metadata (OpenID Connect Discovery §4).
    pub fn openid(issuer: impl Into<String>) -> JwksUrlBuilder {
        JwksUrlBuilder::new(Place::OpenId(issuer.into()))
    }

    /// The same of an OAuth authorization server (RFC 8414 §3).
    pub fn oauth(issuer: impl Into<String>) -> JwksUrlBuilder {
        JwksUrlBuilder::new(Place::OAuth(issuer.into()))
    }

    /// The keys: those of the last good answer, as long as they count.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// How it stands with the fetching: for a health check or a metric.
    pub fn status(&self) -> FetchStatus {
        self.keys.demand().map(Demand::status).unwrap_or_default()
    }
}

impl JwksUrlBuilder {
    fn new(at: Place) -> Self {
        let pace = Pace {
            refresh: Duration::from_secs(300),
            cool_down: Duration::from_secs(30),
            max_age: Duration::from_secs(3600),
            timeout: Duration::from_secs(10),
        };
        let patience = Duration::from_secs(2);
        Self { at, pace, patience, max_bytes: 256 << 10, rsa: Algorithm::Rs256, ca_file: None }
    }

    /// How often the keys are fetched: 5 minutes unless said otherwise, and so long may a withdrawn key count.
    pub fn with_refresh(mut self, every: Duration) -> Self {
        self.pace.refresh = every;
        self
    }

    /// How long after a fetch no unknown `kid` causes another: 30 s unless said otherwise, a second at least.
    pub fn with_cool_down(mut self, span: Duration) -> Self {
        self.pace.cool_down = span;
        self
    }

    /// How long keys count after the last good answer: an hour unless said otherwise.
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.pace.max_age = age;
        self
    }

    /// How long a fetch may take: 10 s unless said otherwise.
    pub fn with_timeout(mut self, span: Duration) -> Self {
        self.pace.timeout = span;
        self
    }

    /// How long a request with an unknown `kid` waits for a fetch: 2 s unless said otherwise.
    pub fn with_patience(mut self, span: Duration) -> Self {
        self.patience = span;
        self
    }

    /// The longest document that is read: 256 KiB unless said otherwise.
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// What RSA keys without `alg` are bound to: RS256 unless said otherwise.
    pub fn with_rsa_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.rsa = algorithm;
        self
    }

    /// Trusts the certificates in this PEM file, and not those that the system trusts.
    pub fn with_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Fetches the keys, and keeps them fresh from then on.
    ///
    /// # Errors
    ///
    /// [`ConfigError::KeySource`], when a setting or the address is wrong or no good keys come;
    /// [`ConfigError::File`], when the certificates cannot be read.
    pub async fn start(self) -> Result<JwksUrl, ConfigError> {
        let (work, patience) = self.work()?;
        let error = |problem| wrong(work.source.url().as_str(), problem);
        let (set, digest) = work.once().await.map_err(error)?;
        if set.is_empty() {
            return Err(error(format!("keys: none is for checking signatures {:?}", set.left_out())));
        }
        Ok(spawn(work, patience, set, Some((Instant::now(), digest))))
    }

    /// The same without waiting: until the first keys come, every token is 503 `auth.keys-unavailable`. For a
    /// service that must start while its issuer is down.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), but for what the issuer answers.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start_without_keys(self) -> Result<JwksUrl, ConfigError> {
        let (work, patience) = self.work()?;
        Ok(spawn(work, patience, KeySet::none(), None))
    }

    fn work(self) -> Result<(Work, Duration), ConfigError> {
        let (Place::Keys(text) | Place::OpenId(text) | Place::OAuth(text)) = &self.at;
        let error = |problem: &str| wrong(text, problem);
        let url = Url::parse(text).map_err(error)?;
        let source = match &self.at {
            Place::Keys(_) => Source::Keys(url),
            Place::OpenId(issuer) => Source::Metadata {
                url: url.well_known("openid-configuration", false).map_err(error)?,
                issuer: issuer.as_str().into(),
            },
            Place::OAuth(issuer) => Source::Metadata {
                url: url.well_known("oauth-authorization-server", true).map_err(error)?,
                issuer: issuer.as_str().into(),
            },
        };
        self.pace.check().map_err(error)?;
        // What the system trusts is read only where it is needed; metadata on loopback names keys on loopback, then.
        let needs_tls = source.url().is_https() || self.ca_file.is_some();
        let fetcher = if needs_tls {
            Fetcher::with_tls(self.max_bytes, self.ca_file.as_deref())?
        } else {
            Fetcher::plain(self.max_bytes)
        };
        Ok((Work { source, fetcher, rsa: self.rsa, pace: self.pace }, self.patience))
    }
}

impl Pace {
    fn check(&self) -> Result<(), &'static str> {
        if self.cool_down < Duration::from_secs(1) {
            return Err("a cool-down of less than a second lets anybody flood the issuer");
        }
        if self.refresh < self.cool_down {
            return Err("the refresh must not come more often than the cool-down allows");
        }
        if self.max_age < self.refresh {
            return Err("keys must last longer than a refresh");
        }
        if self.timeout.is_zero() || self.timeout > self.max_age {
            return Err("a fetch needs some time, and less than keys last");
        }
        if self.max_age > Duration::from_secs(7 * 86_400) {
            return Err("keys that nobody could refresh for a week must not count");
        }
        Ok(())
    }
}

fn spawn(work: Work, patience: Duration, set: KeySet, got: Option<(Instant, Digest)>) -> JwksUrl {
    let url = work.source.issuer().unwrap_or(work.source.url().as_str()).into();
    let now = Instant::now();
    let (is_good, cool_down) = (got.is_some(), work.pace.cool_down);
    let cool_until = if is_good { now + cool_down } else { now };
    let (rounds, receiver) = watch::channel(Rounds { ended: 0, is_running: !is_good, is_good, cool_until });
    let wake = Arc::new(Notify::new());
    let keys = Keys::renewed_by(set, Demand::new(receiver, wake.clone(), patience));
    let task = Refresher { work, keys: keys.downgrade(), rounds, wake, got };
    tokio::spawn(task.run());
    JwksUrl { keys, url }
}

fn wrong(from: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError::KeySource { from: from.to_owned(), problem: problem.into() }
}

impl From<&JwksUrl> for Keys {
    fn from(url: &JwksUrl) -> Self {
        url.keys.clone()
    }
}

impl From<JwksUrl> for Keys {
    fn from(url: JwksUrl) -> Self {
        url.keys
    }
}

impl fmt::Debug for JwksUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksUrl").field("url", &self.url).field("keys", &self.keys).finish()
    }
}
