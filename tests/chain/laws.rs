//! The laws over the demo's chain, and over every link of ours in one chain, put together in each way.
//!
//! ```text
//! links! { the one list } ──▶ Chain · RuntimeChain · seal() · axum's Router::layer ── with and without a trail ──▶ Laws
//! ```

use std::sync::Arc;

use axum::{Router, body::Body};
use clap::Parser as _;
use enfilade::{
    auth::{Auth, Bearer, StripIdentity, Verifier, jwt::KeySet, policy::authenticated, require},
    chain,
    cli::Args,
    cookie::{Cookies, Jar, KeyRing},
    core::{AsBody, Chain, Gate, Pass, RenderRejections, RuntimeChain, from_fn, gate_fn},
    demo, run,
    server::{
        AccessLog, AllowedHosts, BodyLimit, CleanBody, InFlight, LimitedBody, RequestIds, StrictRequest,
        TrueLength, body_limit::BodyLimited, strict::Strict,
    },
};
use enfilade_test::{Laws, ProbeBody, ProbeError, TestClock, issuer::Issuer};
use http::{Request, request};
use tokio::sync::Semaphore;
use tower::{Layer as _, ServiceBuilder, limit::GlobalConcurrencyLimitLayer};

use crate::kit::NOW;

/// What the links share, so that a test sees whether all was given back.
#[derive(Clone)]
struct House {
    clock: TestClock,
    auth: Auth,
    issuer: Arc<Issuer>,
    ring: KeyRing,
    in_flight: InFlight,
    places: Arc<Semaphore>,
}

impl House {
    fn new() -> Self {
        let clock = TestClock::at(NOW);
        let issuer = Issuer::new().with_clock(clock.clock());
        let verifier = Verifier::builder(KeySet::from_jwks(&issuer.jwks().to_string()).unwrap())
            .with_issuer(issuer.name())
            .with_audience(issuer.audience())
            .with_clock(clock.clock());
        Self {
            auth: Auth::new(Bearer::new(verifier.build().unwrap())),
            issuer: Arc::new(issuer),
            ring: KeyRing::generate().with_clock(clock.clock()),
            in_flight: InFlight::new(8),
            places: Arc::new(Semaphore::new(8)),
            clock,
        }
    }

    /// Writes a private cookie on the way back, whatever the answer.
    fn visits(&self) -> impl Gate + use<> {
        let ring = self.ring.clone();
        gate_fn("visits", move |req| {
            let (jar, ring) = (Jar::require(&req.extensions)?, ring.clone());
            Ok(Pass::then(move |_| {
                jar.private(&ring, "visits").add("__Host-visits", "1").expect("there is room");
            }))
        })
    }

    /// What each way of building is told to pass and to refuse, and what must be as it was.
    fn judge(&self, laws: Laws) -> Laws {
        let (good, forged) = (self.issuer.token("ada").sign(), self.issuer.impostor().token("ada").sign());
        let (in_flight, places) = (self.in_flight.clone(), self.places.clone());
        laws.request(post(&good))
            .refused("a forged token", post(&forged))
            .refused("nobody", || Request::post("/").header("host", "localhost"))
            .refused("another name", {
                let good = good.clone();
                move || {
                    Request::post("/").header("host", "evil.example").header("authorization", bearer(&good))
                }
            })
            .refused("an odd host", || Request::post("/").header("host", "a@b"))
            .refused_with_body("a body too long", move || {
                post(&good)().body(ProbeBody::from(vec![b'x'; 65])).unwrap()
            })
            .invariant(move || in_flight.now() == 0 && places.available_permits() == 8)
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn post(token: &str) -> impl Fn() -> request::Builder + Clone + use<> {
    let value = bearer(token);
    move || Request::post("/").header("host", "localhost").header("authorization", value.as_str())
}

/// The demo's chain as it is served, with a probe in the place of its app.
#[tokio::test]
async fn the_demo_keeps_them() {
    let clock = TestClock::at(NOW);
    let args = Args::parse_from(["enfilade"]);
    let (parts, identity) = demo::parts(&args, &["127.0.0.1:8080".parse().unwrap()], &clock.clock()).unwrap();
    let token = identity.token.unwrap();
    let good = post(&token);
    Laws::service(move |probe| behind_the_door(AsBody.layer(chain::around(parts.clone(), probe).unwrap().0)))
        .request(post(&token))
        .refused("a form of another site", move || good().header("sec-fetch-site", "cross-site"))
        .refused("nobody", || Request::post("/").header("host", "localhost"))
        .refused("a page load by nobody", || {
            Request::get("/").header("host", "localhost").header("sec-fetch-mode", "navigate")
        })
        .refused("a forged token", post(&Issuer::new().token("ada").sign()))
        .refused("another name", || Request::post("/").header("host", "evil.example"))
        .refused("a page that the sign-in link answers itself", || {
            Request::get("/sign-in").header("host", "localhost")
        })
        .assert_async()
        .await;
}

/// `$new` filled with every link of ours that may stand in a chain, and with one of tower's that counts.
macro_rules! links {
    ($new:expr, $house:expr) => {
        $new.link(RequestIds::new())
            .link(AccessLog::new())
            .link(RenderRejections::new())
            .link($house.in_flight.clone())
            .gate(AllowedHosts::new(["localhost"]).unwrap())
            .gate(StripIdentity::new())
            .gate($house.auth.clone())
            .gate(Cookies::new())
            .gate($house.visits())
            .requires::<Jar>()
            .layer("pass", from_fn(async |req, next| next.run(req).await))
            .gate(require(authenticated()))
            .layer("places", GlobalConcurrencyLimitLayer::with_semaphore($house.places.clone()))
            .link(TrueLength::new())
    };
}

/// The same as a layer; a macro, for the links are of one type for each type of body.
macro_rules! sealed {
    ($house:expr, $trail:expr) => {{
        let mut chain = links!(Chain::new(), $house);
        if $trail {
            chain = chain.with_server_timing($house.clock.clock());
        }
        chain.seal().unwrap().0
    }};
}

/// The door, which changes the type of the request's body, stands before the chain, as it does in the server.
fn behind_the_door<S>(chain: S) -> Strict<BodyLimited<S>> {
    StrictRequest::new().layer(BodyLimit::new().with_max_size(64).layer(chain))
}

type Inside = LimitedBody<CleanBody<ProbeBody>>;

#[tokio::test]
async fn every_link_in_one_chain_keeps_them_in_code_and_put_together_at_run_time() {
    for trail in [false, true] {
        let house = House::new();
        let shared = house.clone();
        let in_code = Laws::service(move |probe| {
            let mut chain = links!(Chain::new(), shared);
            if trail {
                chain = chain.with_trail(shared.clock.clock());
            }
            behind_the_door(chain.build(probe).unwrap().0)
        });
        house.judge(in_code).assert_async().await;
        let shared = house.clone();
        let at_run_time = Laws::service(move |probe| {
            let mut chain = links!(RuntimeChain::<Inside, ProbeError>::new(), shared);
            if trail {
                chain = chain.with_trail(shared.clock.clock());
            }
            behind_the_door(chain.build(probe).unwrap().0)
        });
        house.judge(at_run_time).assert_async().await;
    }
}

#[tokio::test]
async fn a_sealed_chain_keeps_them_as_a_layer_and_in_axums_router() {
    for trail in [false, true] {
        let house = House::new();
        let shared = house.clone();
        let alone = Laws::service(move |probe| behind_the_door(sealed!(shared, trail).layer(probe)));
        house.judge(alone).assert_async().await;
        let shared = house.clone();
        let routed = Laws::service_with_body(Body::new, move |probe| {
            let chain = ServiceBuilder::new().layer_fn(behind_the_door).layer(sealed!(shared, trail));
            Router::new().fallback_service(probe.infallible()).layer(chain)
        });
        house.judge(routed).assert_async().await;
    }
}

/// The chain of `enfilade run`, with a probe in the place of the app.
#[tokio::test]
async fn the_chain_of_run_keeps_them_with_and_without_auth() {
    let house = House::new();
    let good = post(&house.issuer.token("ada").sign());
    let gateway = |auth: Option<Auth>, ambient: bool| {
        let parts = run::chain::Parts { hosts: AllowedHosts::new(["localhost"]).unwrap(), auth, ambient };
        let chain = move |probe| AsBody.layer(run::chain::around(parts.clone(), probe).unwrap().0);
        Laws::service(move |probe| behind_the_door(chain(probe)))
    };
    gateway(None, false)
        .request(|| Request::post("/").header("host", "localhost"))
        .refused("another name", || Request::post("/").header("host", "evil.example"))
        .assert_async()
        .await;
    let form = good.clone();
    let form = move || form().header("sec-fetch-site", "cross-site");
    for ambient in [false, true] {
        let laws = gateway(Some(house.auth.clone()), ambient)
            .request(good.clone())
            .refused("nobody", || Request::post("/").header("host", "localhost"))
            .refused("a forged token", post(&house.issuer.impostor().token("ada").sign()));
        let laws = if ambient { laws.refused("a form of another site", form.clone()) } else { laws };
        laws.assert_async().await;
    }
}
