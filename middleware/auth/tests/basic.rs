//! Basic from header to answer: who is let in, what is refused alike, what is remembered, and how long.
//!
//! ```text
//! Authorization: Basic … ──▶ Auth(Basic(users, pool, clock)) ──▶ 200 · 401 · 503
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use std::{
    env, fs,
    num::NonZeroUsize,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Waker},
    thread,
    time::{Duration, SystemTime},
};

use enfilade_auth::{
    Auth, AuthMethod, Basic, ConfigError, HashPool, Htpasswd, Principal, Rejection, StoreError, User,
    UserStore, hash_password,
};
use enfilade_core::{Clock, TimeSource};
use enfilade_test::{Laws, Probe, TestClock, assert_passed, assert_refused, drive};
use http::Request;

/// Counts how often it is asked.
#[derive(Clone, Default)]
struct Counted {
    asked: Arc<AtomicUsize>,
    hash: String,
}

impl Counted {
    fn new() -> Self {
        Self { asked: Arc::default(), hash: cheap("secret") }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl UserStore for Counted {
    async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match name {
            "ada" => {
                Ok(Some(User::new("ada", &self.hash)?.with_roles(["clerk"]).with_scopes(["orders:read"])))
            }
            "broken" => Ok(Some(User::new("broken", "plain text")?)),
            "down" => Err(StoreError::new("no connection to db.internal")),
            _ => Ok(None),
        }
    }
}

/// The cheapest hash that there is.
fn cheap(password: &str) -> String {
    use argon2::{Algorithm, Argon2, Params, Version};
    use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
    let mut hash = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, Some(32)).unwrap())
        .hash_password_into(password.as_bytes(), b"saltsalt", &mut hash)
        .unwrap();
    let hash = BASE64_STANDARD_NO_PAD.encode(hash);
    format!("$argon2id$v=19$m=8,t=1,p=1${}${hash}", BASE64_STANDARD_NO_PAD.encode("saltsalt"))
}

#[test]
fn the_right_pair_proves_the_user_of_the_store() {
    let probe = Probe::ok();
    let mut door = drive(Auth::new(Basic::new(Counted::new())), &probe);
    assert_passed!(door.get("/").basic("ada", "secret").send());
    let seen = probe.last();
    let who = Principal::of(&seen.extensions).unwrap();
    assert_eq!((who.subject(), who.method(), who.is_ambient()), ("ada", AuthMethod::Basic, false));
    assert!(who.has_role("clerk") && who.has_scope("orders:read"));
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn an_unknown_name_and_a_wrong_password_read_the_same() {
    let probe = Probe::ok();
    let mut door = drive(Auth::new(Basic::new(Counted::new())).with_realm("shop"), &probe);
    let mut answer = |name, password| {
        let reply = door.get("/").basic(name, password).send();
        assert_refused!(reply, 401, "auth.bad-credentials");
        let rejection = reply.rejection().unwrap();
        (format!("{:?}", reply.headers()), reply.body().clone(), rejection.detail().to_owned())
    };
    let wrong = answer("ada", "Secret");
    for (name, password) in [
        ("bob", "secret"),
        ("Ada", "secret"),
        ("ada ", "secret"),
        ("", "secret"),
        ("ada", ""),
        ("a", &"x".repeat(1025)),
    ] {
        assert_eq!(answer(name, password), wrong, "{name:?} {password:.9?}");
    }
    probe.never_reached();
}

#[test]
fn a_name_costs_a_hash_whether_it_is_known_or_not() {
    // By the clock it would be a matter of luck: a pool that is taken refuses a hash, whatever the name.
    let pool = HashPool::new(NonZeroUsize::MIN, 0);
    let held = Held::take(&pool);
    let users = Htpasswd::parse(&format!("ada:{}", cheap("secret"))).unwrap();
    let probe = Probe::ok();
    let mut door = drive(Auth::new(Basic::new(users).with_pool(pool)), &probe);
    for name in ["ada", "bob", "", "Ada"] {
        let reply = door.get("/").basic(name, "wrong").send();
        assert_refused!(reply, 503, "auth.busy");
        assert_eq!(reply.header("retry-after"), Some("2"));
    }
    assert_refused!(door.get("/").basic("ada", &"x".repeat(1025)).send(), 401, "auth.bad-credentials");
    held.release();
}

/// Keeps the one thread of a pool: the clock that is asked there does not answer until it is released.
struct Held {
    release: mpsc::Sender<()>,
    basic: Pin<Box<dyn Future<Output = Result<Principal, Rejection>>>>,
}

struct SlowClock {
    asked: mpsc::SyncSender<()>,
    released: Mutex<mpsc::Receiver<()>>,
}

impl TimeSource for SlowClock {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        if thread::current().name() == Some("enfilade-hash") {
            let _ = self.asked.try_send(());
            let _ = self.released.lock().unwrap().recv();
        }
        Duration::ZERO
    }
}

impl Held {
    fn take(pool: &HashPool) -> Self {
        let ((asked, was_asked), (release, released)) = (mpsc::sync_channel(1), mpsc::channel());
        let clock = Clock::from_source(SlowClock { asked, released: Mutex::new(released) });
        let basic = Basic::new(Counted::new()).with_pool(pool.clone()).with_clock(clock);
        let mut basic: Pin<Box<dyn Future<Output = _>>> =
            Box::pin(async move { basic.verify("ada", "secret").await });
        assert!(basic.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        was_asked.recv().unwrap();
        Self { release, basic }
    }

    /// Whoever held the thread is served in the end.
    fn release(self) {
        drop(self.release);
        assert_eq!(block_on(self.basic).unwrap().subject(), "ada");
    }
}

#[test]
fn a_full_queue_is_a_503_and_those_in_it_are_served() {
    let pool = HashPool::new(NonZeroUsize::MIN, 1);
    let held = Held::take(&pool);
    let probe = Probe::ok();
    let layer = Auth::new(Basic::new(Counted::new()).with_pool(pool));
    let (mut one, mut two) = (drive(layer.clone(), &probe), drive(layer, &probe));
    let mut waiting = one.get("/").basic("ada", "secret").start();
    assert!(waiting.is_pending());
    assert_refused!(two.get("/").basic("ada", "secret").send(), 503, "auth.busy");

    // Who hangs up makes room.
    drop(waiting);
    let mut next = two.get("/").basic("ada", "secret").start();
    assert!(next.is_pending());
    held.release();
    assert_passed!(next.finish().unwrap());
}

#[test]
fn a_right_pair_is_remembered_for_a_minute_and_a_wrong_one_never() {
    let (users, time) = (Counted::new(), TestClock::at(0));
    let probe = Probe::ok();
    let mut door = drive(Auth::new(Basic::new(users.clone()).with_clock(time.clock())), &probe);
    for _ in 0..3 {
        assert_passed!(door.get("/").basic("ada", "secret").send());
    }
    assert_eq!(users.asked(), 1);
    time.advance(Duration::from_secs(59));
    assert_passed!(door.get("/").basic("ada", "secret").send());
    assert_eq!(users.asked(), 1);
    time.advance(Duration::from_secs(1));
    assert_passed!(door.get("/").basic("ada", "secret").send());
    assert_eq!(users.asked(), 2);

    for pair in [("ad", "a:secret"), ("ada", "secre"), ("ada", "secrett"), ("ada", "")] {
        for _ in 0..2 {
            assert_refused!(door.get("/").basic(pair.0, pair.1).send(), 401, "auth.bad-credentials");
        }
    }
    assert_eq!(users.asked(), 2 + 8);
}

#[test]
fn nothing_is_remembered_when_told_so_nor_for_too_long() {
    let users = Counted::new();
    let basic = Basic::new(users.clone()).with_remember(Duration::ZERO).unwrap();
    let probe = Probe::ok();
    let mut door = drive(Auth::new(basic), &probe);
    for _ in 0..2 {
        assert_passed!(door.get("/").basic("ada", "secret").send());
    }
    assert_eq!(users.asked(), 2);
    let too_long = Basic::new(users).with_remember(Duration::from_secs(61)).unwrap_err();
    assert!(matches!(too_long, ConfigError::Remember { .. }));
}

#[test]
fn a_store_that_cannot_say_is_a_503_and_its_words_stay_in_the_log() {
    let probe = Probe::ok();
    let mut door = drive(Auth::new(Basic::new(Counted::new())), &probe);
    for name in ["down", "broken"] {
        let reply = door.get("/").basic(name, "secret").send();
        assert_refused!(reply, 503, "auth.store-failed");
        assert!(reply.header("retry-after").is_some());
        assert!(!reply.rejection().unwrap().detail().contains("db.internal"));
    }
    probe.never_reached();
}

#[test]
fn checks_at_once_do_not_swap_users() {
    struct Many;
    impl UserStore for Many {
        async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
            Ok(Some(User::new(name, &cheap(&format!("password of {name}")))?))
        }
    }
    let basic = Basic::new(Many).with_pool(HashPool::new(NonZeroUsize::new(3).unwrap(), 1000));
    thread::scope(|scope| {
        for at in 0..8 {
            let basic = basic.clone();
            scope.spawn(move || {
                for round in 0..20 {
                    let name = format!("user{}", (at + round) % 8);
                    let who = block_on(basic.verify(&name, &format!("password of {name}"))).unwrap();
                    assert_eq!(who.subject(), name);
                    let other = format!("password of user{}", (at + round + 1) % 8);
                    assert_eq!(
                        block_on(basic.verify(&name, &other)).unwrap_err().code(),
                        "auth.bad-credentials"
                    );
                }
            });
        }
    });
}

#[test]
fn a_form_is_judged_as_a_header_is() {
    let basic = Basic::new(Counted::new());
    assert_eq!(block_on(basic.verify("ada", "secret")).unwrap().subject(), "ada");
    for (name, password, code) in [
        ("ada", "wrong", "auth.bad-credentials"),
        ("a:da", "secret", "auth.bad-credentials"),
        ("ada\n", "secret", "auth.credentials-malformed"),
        ("ada", "se\0cret", "auth.credentials-malformed"),
    ] {
        assert_eq!(block_on(basic.verify(name, password)).unwrap_err().code(), code, "{name:?}");
    }
}

/// A file in a folder of its own, gone with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let folder = env::temp_dir().join(format!("enfilade-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = Self(folder.join("users"));
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

#[test]
fn a_reload_takes_effect_at_once_and_a_bad_file_keeps_the_old_users() {
    let file = File::new("reload", &format!("ada:{}\n", cheap("secret")));
    let users = Htpasswd::open(&file.0).unwrap();
    let probe = Probe::ok();
    let mut door = drive(Auth::new(Basic::new(users.clone())), &probe);
    assert_passed!(door.get("/").basic("ada", "secret").send());
    assert!(!users.reload().unwrap(), "nothing has changed");

    for bad in ["", "# nobody\n", "ada:$apr1$x$y\n", "ada\n", "\u{0}"] {
        file.write(bad);
        users.reload().unwrap_err();
        assert_passed!(door.get("/").basic("ada", "secret").send());
    }
    fs::write(&file.0, b"ada:\xff").unwrap();
    assert!(matches!(users.reload(), Err(ConfigError::File { .. })));
    fs::remove_file(&file.0).unwrap();
    assert!(matches!(users.reload(), Err(ConfigError::File { .. })));
    assert_passed!(door.get("/").basic("ada", "secret").send());

    file.write(&format!("# new\r\n\r\nada:{}\r\nbob:{}\r\n", cheap("changed"), cheap("hello")));
    assert!(users.reload().unwrap());
    assert_refused!(door.get("/").basic("ada", "secret").send(), 401, "auth.bad-credentials");
    assert_passed!(door.get("/").basic("ada", "changed").send());
    assert_passed!(door.get("/").basic("bob", "hello").send());
}

#[test]
fn a_file_that_is_wrong_does_not_load_and_says_where() {
    let good = cheap("secret");
    let table = [
        (format!("ada:{good}\nbob:{{SHA}}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"), "line 2: this hash is too weak"),
        (format!("ada:{good}\n\n# x\nada:{good}\n"), "line 4: the user is on line 1 already"),
        (format!(":{good}\n"), "line 1: a name is"),
        (format!(" ada:{good}\n"), "line 1: a name is"),
        (format!("{}:{good}\n", "a".repeat(256)), "line 1: a name is"),
        ("ada\n".to_owned(), "line 1: write `name:hash`"),
        ("ada:secret\n".to_owned(), "line 1: this hash is too weak, or no hash"),
        (format!("ada:{good} \n"), "line 1: argon2id is written"),
        ("\n# nobody\n".to_owned(), "no user is named"),
    ];
    for (text, expected) in table {
        let error = Htpasswd::parse(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} should say {expected:?}");
        assert!(!error.contains("W6ph5") && !error.contains("secret"), "{error:?} shows a secret");
    }
    let folder = Htpasswd::open(env::temp_dir()).unwrap_err().to_string();
    assert!(folder.contains("not a regular file"), "{folder}");
    let absent = Htpasswd::open("/nowhere/users").unwrap_err().to_string();
    assert!(absent.contains("/nowhere/users"), "{absent}");
}

#[test]
fn a_file_with_a_byte_order_mark_names_its_first_user() {
    let users = Htpasswd::parse(&format!("\u{feff}ada:{}", cheap("secret"))).unwrap();
    assert!(block_on(Basic::new(users).verify("ada", "secret")).is_ok());
}

#[test]
fn the_link_keeps_the_laws_of_a_layer() {
    let basic =
        |pair: &'static str| move || Request::post("/").header("authorization", format!("Basic {pair}"));
    let users = Htpasswd::parse(&format!("ada:{}", cheap("secret"))).unwrap();
    for remember in [Duration::ZERO, Duration::from_secs(60)] {
        let link = Auth::new(Basic::new(users.clone()).with_remember(remember).unwrap());
        let laws = Laws::of(link).request(basic("YWRhOnNlY3JldA=="));
        laws.refused("a wrong password", basic("YWRhOndyb25n")).assert();
    }
}

#[test]
fn nothing_prints_a_secret() {
    let hash = hash_password("secret").unwrap();
    let user = User::new("ada", &hash).unwrap();
    let users = Htpasswd::parse(&format!("ada:{hash}")).unwrap();
    let shown = format!("{user:?} {users:?} {:?}", Basic::new(users.clone()));
    assert!(!shown.contains(hash.rsplit('$').next().unwrap()) && !shown.contains("secret"), "{shown}");
}
