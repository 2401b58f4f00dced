//! The chain of `enfilade run` around a CGI script: what the script is told, and whom it never hears of.
//!
//! ```text
//! RunArgs ─▶ run::script, run::build ─▶ Drive ─▶ server's strict link ▸ the chain ▸ a process
//! ```

use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    path::PathBuf,
    process::{self, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use clap::Parser as _;
use enfilade::{
    cli::{self, Args, RunArgs},
    core::{
        AsBody, Plan,
        chain::{Boxable as _, BoxedService},
    },
    run::{self, Built, Credentials},
    server::{CleanBody, StrictRequest},
};
use enfilade_test::{
    Drive, ProbeBody, Reply, TestClock, assert_header, assert_passed, assert_refused, issuer::Issuer,
};
use http::Method;
use tower::{BoxError, Layer as _};

use crate::kit::NOW;

/// A directory that is removed in the end.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("enfilade-run-{}-{}", process::id(), NUMBER.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// A script that says that it was started and shows its environment. Written by a process of its own: the kernel
    /// executes no file that anybody has open for writing, and a spawn of another test would inherit the descriptor.
    fn script(&self) -> String {
        let path = self.path("show.cgi");
        let write = r#"cat > "$0" && chmod 755 "$0""#;
        let mut writer =
            Command::new("/bin/sh").args(["-c", write, &path]).stdin(Stdio::piped()).spawn().unwrap();
        let lines = "#!/bin/sh\necho >> started\nprintf 'Content-Type: text/plain\\n\\n'\nexec env\n";
        writer.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
        path
    }

    fn started(&self) -> usize {
        fs::read_to_string(self.path("started")).map_or(0, |text| text.lines().count())
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A script behind the chain, as `enfilade run` serves it.
struct Running {
    door: Drive<BoxedService<ProbeBody, std::convert::Infallible>>,
    plan: Plan,
    credentials: Credentials,
    dir: Dir,
}

pub(crate) fn args(app: &str, options: &[&str]) -> RunArgs {
    let args = Args::try_parse_from([&["enfilade", "run", app], options].concat());
    let Some(cli::Command::Run(run)) = args.unwrap().command else { panic!("another command") };
    *run
}

fn start_at(addr: &str, dir: Dir, options: &[&str]) -> Result<Running, BoxError> {
    let args = args(&dir.script(), options);
    let app = run::script(&args, args.app.as_ref())?;
    let addrs: [SocketAddr; 1] = [addr.parse().unwrap()];
    let clock = TestClock::at(NOW).clock();
    let Built { service, plan, credentials } =
        run::build::<CleanBody<ProbeBody>, _, _>(&args, &addrs, &clock, app)?;
    let door = Drive::service(StrictRequest::new().layer(AsBody.layer(service)).boxed());
    Ok(Running { door, plan, credentials, dir })
}

fn start(options: &[&str]) -> Running {
    start_at("127.0.0.1:8080", Dir::new(), options).unwrap()
}

/// The gateway with tokens of this issuer as the only way in.
fn start_with(issuer: &Issuer) -> Running {
    let dir = Dir::new();
    let keys = format!("jwt={}", dir.file("keys.json", &issuer.jwks().to_string()));
    let options = ["--auth", &keys, "--issuer", issuer.name(), "--audience", issuer.audience()];
    start_at("127.0.0.1:8080", dir, &options).unwrap()
}

impl Running {
    async fn ask(&mut self, method: Method, headers: &[(&str, &str)]) -> Reply {
        let sending = self.door.request(method, "/may?x=1").header("host", "localhost:8080");
        headers.iter().fold(sending, |sending, (name, value)| sending.header(name, value)).send_async().await
    }

    async fn get(&mut self, headers: &[(&str, &str)]) -> Reply {
        self.ask(Method::GET, headers).await
    }

    /// The name and password of the first demo user, as a header.
    fn basic(&self) -> String {
        let user = &self.credentials.users[0];
        basic(user.name, &user.password)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.credentials.token.as_ref().unwrap())
    }
}

pub(crate) fn basic(name: &str, password: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// The value of a variable in what the script showed.
fn variable(reply: &Reply, name: &str) -> Option<String> {
    assert_passed!(*reply);
    let text = String::from_utf8(reply.body().to_vec()).unwrap();
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

#[track_caller]
fn assert_user(reply: &Reply, user: Option<&str>, kind: Option<&str>) {
    let found = (variable(reply, "REMOTE_USER"), variable(reply, "AUTH_TYPE"));
    assert_eq!((found.0.as_deref(), found.1.as_deref()), (user, kind));
}

/// Every spelling by which a client could hope to be somebody, or to send the script's own requests elsewhere.
pub(crate) const FORGED: [(&str, &str); 11] = [
    ("remote-user", "forged"),
    ("Remote_User", "forged"),
    ("REMOTE_USER", "forged"),
    ("remote.user", "forged"),
    ("x-remote-user", "forged"),
    ("auth-type", "forged"),
    ("AUTH_TYPE", "forged"),
    ("proxy", "forged"),
    ("Proxy", "forged"),
    ("http_proxy", "forged"),
    ("proxy-authorization", "forged"),
];

#[tokio::test]
async fn a_script_is_told_who_is_proved_and_by_what() {
    let mut running = start(&["--auth", "demo"]);
    let (basic, bearer) = (running.basic(), running.bearer());
    for (shown, user, kind) in [(&basic, "ada", "Basic"), (&bearer, "robot", "Bearer")] {
        let reply = running.get(&[("authorization", shown)]).await;
        assert_user(&reply, Some(user), Some(kind));
        assert_eq!(variable(&reply, "PATH_INFO").as_deref(), Some("/may"));
        let text = String::from_utf8(reply.body().to_vec()).unwrap();
        assert!(!text.contains(shown) && !text.contains("HTTP_AUTHORIZATION"), "{text}");
    }
    assert_eq!(running.dir.started(), 2);
}

#[tokio::test]
async fn no_header_makes_a_script_believe_in_another_user_or_proxy() {
    for options in [&["--auth", "demo"][..], &[]] {
        let mut running = start(options);
        let (shown, user, kind) = match options {
            [] => (None, None, None),
            _ => (Some(("authorization", running.basic())), Some("ada"), Some("Basic")),
        };
        for forged in FORGED {
            let shown = shown.iter().map(|(name, value)| (*name, value.as_str()));
            let reply = running.get(&shown.chain([forged]).collect::<Vec<_>>()).await;
            assert_user(&reply, user, kind);
            for name in ["HTTP_PROXY", "HTTP_REMOTE_USER", "HTTP_AUTH_TYPE", "HTTP_X_REMOTE_USER"] {
                assert_eq!(variable(&reply, name), None, "{forged:?}");
            }
            let text = String::from_utf8(reply.body().to_vec()).unwrap();
            assert!(!text.contains("forged"), "{forged:?}: {text}");
        }
    }
}

#[tokio::test]
async fn who_is_refused_starts_no_process() {
    let mut running = start(&["--auth", "demo"]);
    let (good, token) = (running.basic(), running.bearer());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let tampered =
        format!("{signed}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    let wrong = basic("ada", "wrong");
    for (headers, status, code) in [
        (vec![], 401, "auth.missing"),
        (vec![("cookie", "__Host-session=x")], 401, "auth.missing"),
        (vec![("remote-user", "ada")], 401, "auth.missing"),
        (vec![("authorization", wrong.as_str())], 401, "auth.bad-credentials"),
        (vec![("authorization", tampered.as_str())], 401, "auth.token-signature"),
        (vec![("authorization", "Digest x")], 401, "auth.scheme-unsupported"),
        (
            vec![("authorization", good.as_str()), ("authorization", token.as_str())],
            400,
            "auth.credentials-repeated",
        ),
    ] {
        let reply = running.get(&headers).await;
        assert_refused!(reply, status, code);
        if status == 401 {
            let offered = reply.header_all("www-authenticate").join(", ");
            assert!(offered.contains("Bearer") && offered.contains("Basic"), "{offered}");
        }
    }
    let cross_site = [("authorization", good.as_str()), ("sec-fetch-site", "cross-site")];
    assert_refused!(running.ask(Method::POST, &cross_site).await, 403, "csrf.cross-site");
    let elsewhere = running.door.get("/").header("host", "evil.example").header("authorization", &good);
    assert_refused!(elsewhere.send_async().await, 421, "http.host-unknown");
    assert_eq!(running.dir.started(), 0);
    assert_passed!(running.get(&[("authorization", &good)]).await);
    assert_eq!(running.dir.started(), 1);
}

#[tokio::test]
async fn without_auth_everybody_is_anonymous_and_the_plan_says_so() {
    let mut running = start(&[]);
    let names = running.plan.links().iter().map(|link| link.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names, ["allowed-hosts", "strip-identity", "anonymous", "app"]);
    assert!(running.credentials.users.is_empty() && running.credentials.token.is_none());
    let reply = running.get(&[("authorization", "Basic YWRhOng="), ("sec-fetch-mode", "navigate")]).await;
    assert_user(&reply, None, None);
    assert_eq!(variable(&reply, "HTTP_AUTHORIZATION"), None);
    assert_passed!(running.ask(Method::POST, &[("sec-fetch-site", "cross-site")]).await);
}

#[tokio::test]
async fn a_script_reads_authorization_only_when_the_operator_says_insecure() {
    let mut running = start(&["--insecure-pass-authorization"]);
    let reply = running.get(&[("authorization", "Basic YWRhOng=")]).await;
    assert_eq!(variable(&reply, "HTTP_AUTHORIZATION").as_deref(), Some("Basic YWRhOng="));
}

#[tokio::test]
async fn tokens_of_an_issuer_are_the_only_way_in_and_no_form_can_forge_them() {
    let issuer = Issuer::new().with_clock(TestClock::at(NOW).clock());
    let mut running = start_with(&issuer);
    let good = format!("Bearer {}", issuer.token("ada").sign());
    let by_form = [("authorization", good.as_str()), ("sec-fetch-site", "cross-site")];
    assert_user(&running.ask(Method::POST, &by_form).await, Some("ada"), Some("Bearer"));
    let forged = format!("Bearer {}", issuer.impostor().token("ada").sign());
    assert_refused!(running.get(&[("authorization", &forged)]).await, 401, "auth.token-signature");
    let asked = running.get(&[("authorization", &basic("ada", "x"))]).await;
    assert_refused!(asked, 401, "auth.scheme-unsupported");
    assert!(running.plan.links().iter().all(|link| link.name() != "csrf"));
    assert_eq!(running.dir.started(), 1);
}

#[tokio::test]
async fn kinds_of_credentials_combine() {
    let dir = Dir::new();
    let issuer = Issuer::new().with_clock(TestClock::at(NOW).clock());
    let keys = format!("jwt={}", dir.file("keys.json", &issuer.jwks().to_string()));
    let hash = enfilade::auth::hash_password("correct horse").unwrap();
    let users = format!("basic={}", dir.file("users", &format!("eve:{hash}\n")));
    let options = ["--auth", "demo", "--auth", &keys, "--auth", &users, "--issuer", issuer.name()];
    let options = [&options[..], &["--audience", issuer.audience()]].concat();
    let mut running = start_at("127.0.0.1:8080", dir, &options).unwrap();
    let theirs = format!("Bearer {}", issuer.token("mallory").sign());
    for (shown, user) in [
        (running.basic(), "ada"),
        (running.bearer(), "robot"),
        (theirs, "mallory"),
        (basic("eve", "correct horse"), "eve"),
    ] {
        let reply = running.get(&[("authorization", &shown)]).await;
        assert_eq!(variable(&reply, "REMOTE_USER").as_deref(), Some(user));
    }
}

#[tokio::test]
async fn a_browser_has_its_dialog_as_the_way_in() {
    let mut running = start(&["--auth", "demo"]);
    let reply = running.get(&[("sec-fetch-mode", "navigate"), ("accept", "text/html")]).await;
    assert_refused!(reply, 401, "auth.missing");
    let offered = reply.header_all("www-authenticate").join(", ");
    assert!(offered.contains(r#"Basic realm="http://localhost:8080""#), "{offered}");
}

#[tokio::test]
async fn what_the_operator_sets_is_what_the_script_finds() {
    let options = ["--script-name", "/report.cgi", "--document-root", "/srv/www", "--env", "A=b=c"];
    let mut running = start(&options);
    let below = running.door.get("/report.cgi/may").header("host", "localhost:8080").send_async().await;
    for (name, value) in [
        ("SCRIPT_NAME", "/report.cgi"),
        ("PATH_INFO", "/may"),
        ("PATH_TRANSLATED", "/srv/www/may"),
        ("A", "b=c"),
    ] {
        assert_eq!(variable(&below, name).as_deref(), Some(value), "{name}");
    }
    assert_header!(below, "content-type" = "text/plain");
    let other = running.door.get("/other").header("host", "localhost:8080").send_async().await;
    assert_refused!(other, 404, "cgi.not-here");
}

#[test]
fn what_cannot_work_stops_the_start_and_names_the_option() {
    let hash = enfilade::auth::hash_password("x").unwrap();
    for (addr, options, says) in [
        ("10.0.0.7:80", &["--auth", "demo"][..], "10.0.0.7:80"),
        ("127.0.0.1:80", &["--auth", "jwt=FILE"], "--issuer"),
        ("127.0.0.1:80", &["--auth", "jwt=FILE", "--issuer", "a"], "--audience"),
        ("127.0.0.1:80", &["--issuer", "a"], "--auth jwt"),
        ("127.0.0.1:80", &["--auth", "basic=FILE", "--auth", "basic=FILE"], "basic"),
        ("127.0.0.1:80", &["--auth", "basic=/nowhere/users"], "/nowhere/users"),
        (
            "127.0.0.1:80",
            &["--auth", "jwt=/nowhere/keys", "--issuer", "a", "--audience", "b"],
            "/nowhere/keys",
        ),
        ("127.0.0.1:80", &["--auth", "jwt=http://id.example/", "--issuer", "a", "--audience", "b"], "http"),
        ("127.0.0.1:80", &["--env", "REMOTE_USER=root"], "--env REMOTE_USER"),
        ("127.0.0.1:80", &["--env", "HTTP_PROXY=x"], "--env HTTP_PROXY"),
        ("127.0.0.1:80", &["--env", "=x"], "--env"),
        ("127.0.0.1:80", &["--script-name", "report.cgi"], "--script-name"),
        ("127.0.0.1:80", &["--document-root", "www"], "--document-root www"),
        ("127.0.0.1:80", &["--host", "a b"], "a b"),
    ] {
        let dir = Dir::new();
        let users = dir.file("users", &format!("ada:{hash}\n"));
        let options: Vec<_> = options.iter().map(|option| option.replace("FILE", &users)).collect();
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let error = start_at(addr, dir, &options).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(says), "{options:?}: {error}");
    }
}

#[test]
#[cfg(not(feature = "python"))]
fn an_app_in_python_needs_a_build_with_python() {
    let error = run::run(&args("shop.asgi:app", &[])).unwrap_err().to_string();
    assert!(error.contains("--features python"), "{error}");
}
