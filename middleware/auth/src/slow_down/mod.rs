//! [`SlowDown`]: who guesses wrong has to wait; nobody is ever locked out.
//!
//! ```text
//! network (an IPv4 address, an IPv6 /64)   20 failures at once, then one every 5 s   beyond: 429 auth.slow-down
//! user (the claimed name)                  5 failures at once, then one every 30 s   beyond: judged up to 3 s later
//! ```
//!
//! 1. Only failures count: a 401 of the guarded kind. What was not judged (`auth.busy`, a hang-up) counts for nothing.
//! 2. A user is only delayed, from wherever the guesses come: a stranger who guesses at a name does not shut its owner
//!    out. A right password clears the name. It does not clear the network, or a guesser with one good account of
//!    their own would clear it between any two guesses.
//! 3. A network over its limit is refused before its password is looked at, right or wrong: an answer would tell which.
//!    `Retry-After` is in whole seconds, rounded up.
//! 4. A name counts as claimed, whether anybody has it or not, and in any case of letters: neither the wait nor the
//!    answer says who exists.
//! 5. Memory is fixed: 65,536 networks and as many names. One neighbourhood (a /48, a /24) has 16 places; a network's
//!    share of the names is bounded by its own limit. At most 1,024 requests wait, 32 of one network, beyond that 429.
//!    When all places are taken, one from a network without failures is judged at once.
//! 6. A request that waits holds no place in the pool that hashes passwords. It waits on tokio's timer.
//! 7. It counts in this process alone: behind a balancer, a guesser has these tries at each process, and a restart
//!    forgives. For a limit that all share, limit at the balancer as well.
//! 8. Names are counted in any case of letters, as Unicode maps it. A store that takes still more spellings for one
//!    user (accents left out, wide letters) should fold them before it is asked, or each is counted apart.
//!
//! The client's address is the canonical one, so the server's door stands before: without it the refusal is a 500
//! `auth.no-client-address`. A client without an address (a Unix socket) is judged by its name alone.
//!
//! ```
//! use enfilade_auth::{Auth, Basic, Htpasswd, SlowDown, hash_password};
//!
//! let users = Htpasswd::parse(&format!("ada:{}", hash_password("correct horse")?))?;
//! let slow_down = SlowDown::new();
//! let auth = Auth::new(slow_down.around(Basic::new(users)));
//! // A sign-in form counts in the same table: `slow_down.guard(&parts, name, basic.verify(name, password)).await`
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

mod guarded;
mod table;
mod waiting;

pub use self::guarded::Guarded;

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use enfilade_core::{Clock, Principal, Rejection, RequestContext};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER, request};

use self::{
    table::{Pace, Place, Table},
    waiting::Waiting,
};
use crate::{Attempt, Authenticator};

/// 65,536 places in each table.
const SETS: usize = 4096;

/// Slows guessing down. Cheap to clone; clones share what they count. See the [module docs](self).
#[derive(Clone)]
#[must_use = "it slows nothing down until it stands around a kind of credentials"]
pub struct SlowDown(Arc<Shared>);

struct Shared {
    networks: Table,
    users: Table,
    longest_delay: Duration,
    waiting: Arc<Waiting>,
    clock: Clock,
}

impl SlowDown {
    /// With the limits above.
    pub fn new() -> Self {
        let secs = Duration::from_secs;
        let networks = Pace { period: secs(5), burst: 20, most: secs(3600) };
        let longest_delay = secs(3);
        let users = user_pace(secs(30), 5, longest_delay);
        Self(Arc::new(Shared {
            networks: Table::new(SETS, networks),
            users: Table::new(SETS, users),
            longest_delay,
            waiting: Waiting::new(1024, 32),
            clock: Clock::system(),
        }))
    }

    /// How many failures of one network are let go at once, and how long each further one takes. What was counted so
    /// far is forgotten; say it before the first request.
    pub fn with_network_limit(self, burst: u32, period: Duration) -> Self {
        let pace = Pace { period, burst: burst.max(1), most: Duration::from_secs(3600).max(period * burst) };
        self.edit(|shared| Shared { networks: Table::new(SETS, pace), ..shared })
    }

    /// The same of one name.
    pub fn with_user_limit(self, burst: u32, period: Duration) -> Self {
        self.edit(|shared| {
            let pace = user_pace(period, burst.max(1), shared.longest_delay);
            Shared { users: Table::new(SETS, pace), ..shared }
        })
    }

    /// The longest that a request waits for its name: 3 s unless said otherwise, at most 30.
    pub fn with_longest_delay(self, delay: Duration) -> Self {
        let longest_delay = delay.min(Duration::from_secs(30));
        self.edit(|shared| {
            let Pace { period, burst, .. } = shared.users.pace();
            let users = shared.users.with_pace(user_pace(period, burst, longest_delay));
            Shared { users, longest_delay, ..shared }
        })
    }

    /// Another clock.
    pub fn with_clock(self, clock: Clock) -> Self {
        self.edit(|shared| Shared { clock, ..shared })
    }

    /// This kind of credentials, slowed down.
    pub fn around<A: Authenticator>(&self, kind: A) -> Guarded<A> {
        Guarded::new(self.clone(), kind)
    }

    /// The judgement on credentials that came otherwise, such as a sign-in form's, slowed down. `judge` is not polled
    /// before its time.
    ///
    /// # Errors
    ///
    /// What `judge` says; 429 `auth.slow-down`; 500 `auth.no-client-address`.
    pub fn guard<F>(
        &self,
        req: &request::Parts,
        name: &str,
        judge: F,
    ) -> impl Future<Output = Result<Principal, Rejection>> + Send + use<F>
    where
        F: Future<Output = Result<Principal, Rejection>> + Send,
    {
        let admitted = self.admit(req, Some(name));
        async move {
            let trial = admitted?;
            trial.wait().await;
            match judge.await {
                Ok(who) => {
                    trial.succeeded();
                    Ok(who)
                }
                Err(rejection) => {
                    trial.refused(&rejection);
                    Err(rejection)
                }
            }
        }
    }

    /// Whether these credentials may be judged, and after which delay.
    fn admit(&self, req: &request::Parts, name: Option<&str>) -> Result<Trial, Rejection> {
        let canonical = RequestContext::of(&req.extensions).and_then(RequestContext::canonical);
        let address = canonical.ok_or_else(no_client_address)?.client().and_then(|client| client.ip());
        let now = self.0.clock.monotonic();
        let network = address.map(|address| self.0.network(address));
        let user = name.map(folded).map(|name| self.0.users.place(&name, &name));
        if let Some(network) = network {
            let wait = self.0.networks.wait(network, now);
            if !wait.is_zero() {
                return Err(slow_down(wait));
            }
        }
        let wait = user.map_or(Duration::ZERO, |user| self.0.users.wait(user, now));
        let mut delay = None;
        if !wait.is_zero() {
            let wait = wait.min(self.0.longest_delay);
            delay = match self.0.waiting.enter(network) {
                Some(seat) => Some((wait, seat)),
                // Whoever fills the places must not shut out a network that never failed.
                None if network.is_some_and(|network| self.0.networks.is_clean(network, now)) => None,
                None => return Err(slow_down(wait)),
            };
        }
        Ok(Trial { slow_down: self.clone(), network, user, delay })
    }

    fn edit(self, change: impl FnOnce(Shared) -> Shared) -> Self {
        let shared = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Shared {
            networks: Table::new(SETS, shared.networks.pace()),
            users: Table::new(SETS, shared.users.pace()),
            longest_delay: shared.longest_delay,
            waiting: Waiting::new(1024, 32),
            clock: shared.clock.clone(),
        });
        Self(Arc::new(change(shared)))
    }
}

impl Shared {
    /// Counted by the address or the /64; its neighbourhood is the /24 or the /48 around it.
    fn network(&self, address: IpAddr) -> Place {
        match address.to_canonical() {
            IpAddr::V4(ip) => self.networks.place(ip.to_bits() >> 8, ip.to_bits()),
            IpAddr::V6(ip) => self.networks.place(ip.to_bits() >> 80, ip.to_bits() >> 64),
        }
    }
}

/// One judgement that was let in.
struct Trial {
    slow_down: SlowDown,
    network: Option<Place>,
    user: Option<Place>,
    /// How long to wait, and the place to wait in.
    delay: Option<(Duration, waiting::Seat)>,
}

impl Trial {
    fn is_delayed(&self) -> bool {
        self.delay.is_some()
    }

    async fn wait(&self) {
        if let Some((delay, _)) = &self.delay {
            tokio::time::sleep(*delay).await;
        }
    }

    fn succeeded(&self) {
        if let Some(user) = self.user {
            self.slow_down.0.users.forget(user);
        }
    }

    /// Only a 401 says that they were wrong.
    fn refused(&self, rejection: &Rejection) {
        let shared = &*self.slow_down.0;
        if rejection.status() != StatusCode::UNAUTHORIZED {
            return;
        }
        let now = shared.clock.monotonic();
        if let Some(network) = self.network {
            shared.networks.charge(network, now);
        }
        if let Some(user) = self.user {
            shared.users.charge(user, now);
        }
    }

    fn note(&self, attempt: &Attempt) {
        match attempt {
            Attempt::Proved(_) => self.succeeded(),
            Attempt::Refused(rejection) | Attempt::Void(rejection) => self.refused(rejection),
            Attempt::Absent | Attempt::Later(_) => {}
        }
    }
}

impl Default for SlowDown {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SlowDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlowDown")
            .field("networks", &self.0.networks.pace())
            .field("users", &self.0.users.pace())
            .finish_non_exhaustive()
    }
}

/// Debt beyond the longest delay would change nothing but how long the delays go on.
fn user_pace(period: Duration, burst: u32, longest_delay: Duration) -> Pace {
    Pace { period, burst, most: period * burst + longest_delay }
}

/// One user's spellings are one; two users who share a spelling share no more than a delay.
fn folded(name: &str) -> String {
    // Down, up and down again: `ſ` and `s`, `ς` and `σ`, `ẞ` and `ss` meet only so.
    let lower = name.trim().chars().flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

fn slow_down(wait: Duration) -> Rejection {
    let seconds = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
    Rejection::new(StatusCode::TOO_MANY_REQUESTS, "auth.slow-down")
        .with_detail("too many wrong guesses: wait, and try again")
        .with_header(RETRY_AFTER, HeaderValue::from(seconds))
}

fn no_client_address() -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "auth.no-client-address")
        .with_log("SlowDown counts by the client's address: let the server's door stand before Auth")
}
