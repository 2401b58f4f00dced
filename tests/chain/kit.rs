//! The demo in a box: its service, its secrets, its clock.

use std::net::SocketAddr;

use clap::Parser as _;
use enfilade::{
    cli::Args,
    core::{
        AsBody, Plan,
        chain::{Boxable as _, BoxedService},
    },
    demo::{self, Identity},
    server::{CleanBody, RequestBody, StrictRequest},
};
use enfilade_test::{Drive, ProbeBody, Reply, TestClock};
use http::{Method, Version};
use tower::Layer as _;

use crate::wire::Wire;

/// When every test begins.
pub(crate) const NOW: u64 = 1_800_000_000;

type Service = BoxedService<ProbeBody, std::convert::Infallible>;

/// A demo that listens nowhere.
pub(crate) struct Demo {
    pub(crate) door: Drive<Service>,
    pub(crate) plan: Plan,
    pub(crate) identity: Identity,
    pub(crate) clock: TestClock,
}

impl Demo {
    /// Starts the demo with these options.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_at("127.0.0.1:8080", options)
    }

    /// The same, as if it listened there.
    pub(crate) fn start_at(addr: &str, options: &[&str]) -> Self {
        let clock = TestClock::at(NOW);
        let args = Args::parse_from([&["enfilade"], options].concat());
        let addrs: [SocketAddr; 1] = [addr.parse().unwrap()];
        let (service, plan, identity) =
            demo::build::<CleanBody<ProbeBody>>(&args, &addrs, &clock.clock()).unwrap();
        let service = StrictRequest::new().layer(AsBody.layer(service));
        let door = Drive::service(service.boxed());
        Self { door, plan, identity, clock }
    }

    /// One in process, and one behind the real server for each protocol.
    pub(crate) fn each_way() -> [Self; 3] {
        [None, Some(Version::HTTP_11), Some(Version::HTTP_2)].map(|version| match version {
            None => Self::start(&[]),
            Some(version) => Self::behind_server(version),
        })
    }

    fn behind_server(version: Version) -> Self {
        let clock = TestClock::at(NOW);
        let addrs: [SocketAddr; 1] = ["127.0.0.1:8080".parse().unwrap()];
        let (service, plan, identity) =
            demo::build::<RequestBody>(&Args::parse_from(["enfilade"]), &addrs, &clock.clock()).unwrap();
        Self { door: Drive::service(Wire::new(service, version).boxed()), plan, identity, clock }
    }

    /// The demo's token.
    pub(crate) fn token(&self) -> String {
        self.identity.token.clone().unwrap()
    }

    /// The name and the password of the first demo user.
    pub(crate) fn user(&self) -> (&'static str, String) {
        let user = &self.identity.printed[0];
        (user.name, user.password.clone())
    }

    /// What a program asks: `Accept: */*`.
    pub(crate) fn ask(&mut self, method: Method, target: &str, headers: &[(&str, &str)]) -> Reply {
        let sending =
            self.door.request(method, target).header("host", "localhost:8080").header("accept", "*/*");
        headers.iter().fold(sending, |sending, (name, value)| sending.header(name, value)).send()
    }

    /// What a program asks to read the front page.
    pub(crate) fn get(&mut self, headers: &[(&str, &str)]) -> Reply {
        self.ask(Method::GET, "/", headers)
    }
}
