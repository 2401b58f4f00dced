//! The chain of `enfilade run` around apps in Python: what they are told, and whom they never hear of.
//!
//! ```text
//! RunArgs ─▶ WsgiApp, AsgiApp ─▶ run::build ─▶ Drive ─▶ server's strict link ▸ the chain ▸ the app's call
//! ```

use std::{convert::Infallible, net::SocketAddr};

use enfilade::{
    core::{
        AsBody,
        chain::{Boxable, BoxedService},
    },
    python::{AsgiApp, Interpreter, WsgiApp},
    run::{self, Built, Credentials},
    server::{CleanBody, StrictRequest},
};
use enfilade_test::{Drive, ProbeBody, Reply, TestClock, assert_passed, assert_refused};
use tower::Layer as _;

use crate::{
    kit::NOW,
    run::{Dir, FORGED, args, basic},
};

/// Both write down that they were called, and answer with the user and every value that they were given.
const APPS: &str = "
def note():
    with open(__file__ + '.called', 'a') as called:
        called.write('.')

def wsgi(environ, start_response):
    note()
    start_response('200 OK', [])
    return [repr((environ.get('REMOTE_USER'), environ.get('AUTH_TYPE'), environ)).encode()]

async def asgi(scope, receive, send):
    assert scope['type'] == 'http'
    note()
    who = scope['state']['principal']
    assert scope['extensions'].get('enfilade.principal') == who
    told = repr((who and who['subject'], who and who['method'].capitalize(), scope))
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': told.encode()})
";

struct Running {
    door: Drive<BoxedService<ProbeBody, Infallible>>,
    credentials: Credentials,
    called: String,
    _dir: Dir,
}

/// An app of a module of its own, for Python remembers modules by their names.
fn start(kind: &str, options: &[&str]) -> Running {
    let dir = Dir::new();
    let folder = dir.path("");
    let module = folder.trim_end_matches('/').rsplit(['/', '-']).next().unwrap();
    let module = format!("chain_{module}");
    let file = dir.file(&format!("{module}.py"), APPS);
    Interpreter::new().start().unwrap().add_app_dir(&folder).unwrap();
    let target = format!("{module}:{kind}");
    let (door, credentials) = match kind {
        "wsgi" => behind_the_chain(&target, options, WsgiApp::import(&target).unwrap()),
        _ => behind_the_chain(&target, options, AsgiApp::import(&target).unwrap()),
    };
    Running { door, credentials, called: format!("{file}.called"), _dir: dir }
}

type Door = Drive<BoxedService<ProbeBody, Infallible>>;

fn behind_the_chain<S>(target: &str, options: &[&str], app: S) -> (Door, Credentials)
where
    S: Boxable<CleanBody<ProbeBody>, Infallible>,
{
    let addrs: [SocketAddr; 1] = ["127.0.0.1:8080".parse().unwrap()];
    let clock = TestClock::at(NOW).clock();
    let built = run::build::<CleanBody<ProbeBody>, _, _>(&args(target, options), &addrs, &clock, app);
    let Built { service, credentials, .. } = built.unwrap();
    (Drive::service(StrictRequest::new().layer(AsBody.layer(service)).boxed()), credentials)
}

impl Running {
    async fn get(&mut self, headers: &[(&str, &str)]) -> Reply {
        let sending = self.door.get("/may").header("host", "localhost:8080");
        headers.iter().fold(sending, |sending, (name, value)| sending.header(name, value)).send_async().await
    }

    fn calls(&self) -> usize {
        std::fs::read(&self.called).map_or(0, |called| called.len())
    }
}

/// Under ASGI `Proxy` is a field like others: nothing makes a variable of it that a program would take for its way out.
fn forged(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let with_proxy = kind == "wsgi";
    FORGED.into_iter().filter(move |(name, _)| with_proxy || !name.to_ascii_lowercase().contains("proxy"))
}

#[track_caller]
fn assert_user(reply: &Reply, user: &str) {
    assert_passed!(*reply);
    let told = String::from_utf8(reply.body().to_vec()).unwrap();
    assert!(told.starts_with(user), "{told}");
    assert!(!told.contains("forged"), "{told}");
}

#[tokio::test]
async fn an_app_is_told_who_is_proved_and_no_header_makes_it_believe_in_another() {
    for kind in ["wsgi", "asgi"] {
        let mut running = start(kind, &["--auth", "demo"]);
        let user = &running.credentials.users[0];
        let name = basic(user.name, &user.password);
        let token = format!("Bearer {}", running.credentials.token.as_ref().unwrap());
        for forged in forged(kind) {
            assert_user(&running.get(&[("authorization", &name), forged]).await, "('ada', 'Basic', ");
        }
        assert_user(&running.get(&[("authorization", &token)]).await, "('robot', 'Bearer', ");
        assert_eq!(running.calls(), forged(kind).count() + 1);
    }
}

#[tokio::test]
async fn where_nobody_is_asked_everybody_is_nobody() {
    for kind in ["wsgi", "asgi"] {
        let mut running = start(kind, &[]);
        for forged in forged(kind) {
            assert_user(&running.get(&[forged]).await, "(None, None, ");
        }
    }
}

#[tokio::test]
async fn who_is_refused_is_never_heard_of_by_the_app() {
    for kind in ["wsgi", "asgi"] {
        let mut running = start(kind, &["--auth", "demo"]);
        let wrong = basic("ada", "wrong");
        assert_refused!(running.get(&[]).await, 401, "auth.missing");
        assert_refused!(running.get(&[("remote-user", "ada")]).await, 401, "auth.missing");
        assert_refused!(running.get(&[("authorization", &wrong)]).await, 401, "auth.bad-credentials");
        assert_eq!(running.calls(), 0);
    }
}
