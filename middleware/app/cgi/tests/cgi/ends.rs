//! How a script ends: in peace, killed with all that it started, and never left behind.

use std::{
    future::poll_fn,
    io::{self, Write},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use enfilade_cgi::{CgiBody, CgiService};
use enfilade_test::{Drive, ProbeBody, assert_body, assert_passed, assert_refused};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::{runtime, task::JoinHandle, time};
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

use crate::kit::{Dir, LONG, drive, ended, gone, until};

const HEAD: &str = r"printf 'Content-Type: text/plain\n\n'";

async fn ask(app: CgiService) -> Response<CgiBody> {
    let request = Request::get("/").body(ProbeBody::new()).expect("a request");
    app.oneshot(request).await.expect("infallible")
}

fn asked(app: CgiService) -> JoinHandle<Response<CgiBody>> {
    tokio::spawn(ask(app))
}

fn patient(app: CgiService) -> CgiService {
    app.with_deadline(LONG).with_max_silence(2 * LONG).with_linger(4 * LONG)
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_script_and_all_that_it_started() {
    let dir = Dir::new();
    let lines = format!("sleep 1000 & echo $! > child; echo $$ > pid; {HEAD}; printf x; wait");
    let response = ask(dir.cgi(&lines)).await;
    assert_eq!(response.status(), 200);
    let (pid, child) = (dir.told("pid").await, dir.told("child").await);
    drop(response);
    gone(&pid).await;
    ended(&child).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_head_ends_the_script_too() {
    let dir = Dir::new();
    let request = asked(dir.cgi("echo $$ > pid; sleep 1000"));
    let pid = dir.told("pid").await;
    request.abort();
    gone(&pid).await;
}

#[tokio::test]
async fn a_request_and_a_response_may_be_dropped_by_a_thread_without_a_runtime() {
    let dir = Dir::new();
    let app = dir.cgi("echo $$ > pid; sleep 1000");
    let mut request = Box::pin(ask(app));
    let once = poll_fn(|cx| Poll::Ready(request.as_mut().poll(cx).is_pending())).await;
    assert!(once, "it waits for the script");
    let pid = dir.told("pid").await;
    std::thread::spawn(|| drop(request)).join().expect("no panic");
    gone(&pid).await;

    let response = ask(dir.cgi(&format!("echo $$ > second; {HEAD}; printf x; sleep 1000"))).await;
    let pid = dir.told("second").await;
    std::thread::spawn(|| drop(response)).join().expect("no panic");
    gone(&pid).await;
}

#[tokio::test]
async fn a_script_is_asked_to_end_before_it_is_killed() {
    let dir = Dir::new();
    let lines = "trap 'echo bye > bye; exit' TERM; echo $$ > pid; while :; do sleep 0.05; done";
    let request = asked(dir.cgi(lines).with_grace(LONG));
    let pid = dir.told("pid").await;
    request.abort();
    assert_eq!(dir.told("bye").await, "bye");
    gone(&pid).await;
}

#[tokio::test]
async fn a_script_that_does_not_listen_is_killed_after_the_grace() {
    let dir = Dir::new();
    let lines = format!("trap '' TERM; echo $$ > pid; {HEAD}; printf x; while :; do sleep 0.05; done");
    let response = ask(dir.cgi(&lines).with_grace(Duration::from_millis(50))).await;
    let pid = dir.told("pid").await;
    drop(response);
    gone(&pid).await;
}

#[tokio::test]
async fn what_a_script_started_does_not_outlive_it_when_both_are_told_to_end() {
    let dir = Dir::new();
    let lines = "(trap '' TERM; while :; do sleep 0.05; done) & echo $! > child; echo $$ > pid; sleep 1000";
    let request = asked(dir.cgi(lines).with_grace(LONG));
    let (pid, child) = (dir.told("pid").await, dir.told("child").await);
    request.abort();
    gone(&pid).await;
    ended(&child).await;
}

#[tokio::test]
async fn a_deadline_before_the_head_is_a_gateway_timeout() {
    let dir = Dir::new();
    let request = asked(patient(dir.cgi("echo $$ > pid; sleep 1000")));
    let pid = dir.told("pid").await;
    time::pause();
    let response = request.await.expect("an answer");
    time::resume();
    assert_refused!(response, 504, "cgi.timeout");
    gone(&pid).await;
}

#[tokio::test]
async fn a_deadline_after_the_head_breaks_the_body_off() {
    let dir = Dir::new();
    let lines = format!("echo $$ > pid; {HEAD}; printf x; sleep 1000");
    let mut response = ask(patient(dir.cgi(&lines))).await;
    let pid = dir.told("pid").await;
    let first = response.body_mut().frame().await.expect("a frame").expect("data");
    assert_eq!(first.into_data().expect("data"), "x");
    time::pause();
    let error = response.into_body().collect().await.expect_err("it breaks off");
    time::resume();
    assert_eq!(error.code(), "cgi.timeout");
    gone(&pid).await;
}

#[tokio::test]
async fn a_deadline_holds_while_nobody_asks_for_the_body() {
    let dir = Dir::new();
    let response = ask(patient(dir.cgi(&format!("echo $$ > pid; {HEAD}; exec yes")))).await;
    let pid = dir.told("pid").await;
    time::pause();
    time::sleep(2 * LONG).await;
    time::resume();
    gone(&pid).await;
    drop(response);
}

#[tokio::test]
async fn a_script_that_falls_silent_is_given_up() {
    let dir = Dir::new();
    let silent = |lines: &str| dir.cgi(lines).with_deadline(2 * LONG).with_max_silence(LONG);
    let request = asked(silent("echo $$ > pid; sleep 1000"));
    let pid = dir.told("pid").await;
    time::pause();
    let response = request.await.expect("an answer");
    time::resume();
    assert_refused!(response, 504, "cgi.timeout");
    gone(&pid).await;

    let response = ask(silent(&format!("{HEAD}; printf x; sleep 1000"))).await;
    time::pause();
    let error = response.into_body().collect().await.expect_err("it breaks off");
    assert!(error.to_string().contains("neither"), "{error}");
}

#[tokio::test]
async fn a_child_that_stays_does_not_hold_the_answer_open() {
    let dir = Dir::new();
    let lines = format!("echo $$ > pid; sleep 1000 & echo $! > child; {HEAD}; printf done");
    let reply = Drive::service(dir.cgi(&lines).with_linger(Duration::ZERO)).get("/").send_async().await;
    assert_body!(reply, "done");
    assert_eq!(reply.body_error(), None);
    gone(&dir.told("pid").await).await;
    let child = dir.told("child").await;
    assert!(Path::new("/proc").join(&child).exists(), "an end in peace kills nobody");
    Command::new("kill").arg(&child).status().expect("kill");
}

#[tokio::test]
async fn a_child_that_stays_and_goes_on_talking_does_not_either() {
    let dir = Dir::new();
    let lines = format!("{HEAD}; printf done; yes & echo $! > child");
    let reply = Drive::service(dir.cgi(&lines).with_linger(Duration::ZERO)).get("/").send_async().await;
    assert_passed!(reply);
    assert!(reply.body().starts_with(b"done"));
    ended(&dir.told("child").await).await;
}

#[tokio::test]
async fn a_script_that_is_killed_breaks_off_and_one_that_fails_does_not() {
    let dir = Dir::new();
    let answer = async |lines: &str| {
        let app = dir.cgi(&format!("{HEAD}; printf part; {lines}")).with_linger(LONG);
        Drive::service(app).get("/").send_async().await
    };
    let killed = answer("kill -9 $$").await;
    assert!(killed.body_error().expect("it breaks off").contains("signal 9"), "{killed:?}");
    let failed = answer("exit 3").await;
    assert_body!(failed, "part");
    assert_eq!(failed.body_error(), None);
}

#[tokio::test]
async fn a_script_that_closes_its_output_may_go_on_working() {
    let dir = Dir::new();
    let lines = format!(
        "echo $$ > pid; {HEAD}; printf done; exec >&- 2>&-; while [ ! -e go ]; do sleep 0.01; done; echo end > end"
    );
    let reply = Drive::service(dir.cgi(&lines).with_linger(Duration::ZERO)).get("/").send_async().await;
    assert_body!(reply, "done");
    std::fs::write(dir.path("go"), "").expect("a file");
    assert_eq!(dir.told("end").await, "end");
    gone(&dir.told("pid").await).await;
}

#[tokio::test]
async fn nothing_is_left_behind_by_answers_of_any_kind() {
    let dir = Dir::new();
    for lines in [
        ":",
        "exit 1",
        "kill -9 $$",
        "echo",
        "printf 'Location: /x\\n\\n'",
        "printf 'Content-Type: a/b\\n\\nx'",
    ] {
        for _ in 0..5 {
            drive(&dir, &format!("echo $$ >> pids; {lines}")).get("/").send_async().await;
        }
    }
    for pid in dir.told("pids").await.lines() {
        gone(pid).await;
    }
}

#[test]
fn a_runtime_that_ends_takes_its_scripts_along() {
    let dir = Dir::new();
    let runtime = || runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let first = runtime();
    let pid = first.block_on(async {
        let request = asked(dir.cgi("trap '' TERM; echo $$ > pid; sleep 1000"));
        let pid = dir.told("pid").await;
        drop(request);
        pid
    });
    drop(first);
    runtime().block_on(gone(&pid));
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("nobody panicked").clone()).expect("text")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn logged() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn stderr_is_logged_line_by_line_also_after_the_answers_end() {
    let (log, _guard) = logged();
    let dir = Dir::new();
    let lines = format!(
        "echo one >&2; printf 'two\\033[31m\\n' >&2; {HEAD}; printf done; exec >&-; echo late >&2; printf rest >&2"
    );
    let reply = Drive::service(dir.cgi(&lines).with_linger(LONG)).get("/").send_async().await;
    assert_body!(reply, "done");
    until("the last line is told", || log.text().contains("rest")).await;
    let text = log.text();
    let told: Vec<_> = text.lines().filter(|line| line.contains("enfilade::cgi")).collect();
    for (line, said) in told.iter().zip(["one", "two\\u{1b}[31m", "late", "rest"]) {
        assert!(line.contains(said) && line.contains("test.cgi") && line.contains("WARN"), "{line}");
    }
    assert_eq!(told.len(), 4);
}

#[tokio::test]
async fn a_flood_of_stderr_is_drained_and_told_in_part() {
    let (log, _guard) = logged();
    let dir = Dir::new();
    let lines = format!("yes flood | head -n 20000 >&2; head -c 300000 /dev/zero >&2; {HEAD}; printf done");
    let reply = drive(&dir, &lines).get("/").send_async().await;
    assert_body!(reply, "done");
    until("what was left out is told", || log.text().contains("left_out=")).await;
    assert!(log.text().len() < 100_000, "{} bytes", log.text().len());
}
