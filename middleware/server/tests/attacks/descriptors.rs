//! No descriptors left (EMFILE): the listener rests half a second at a time, who is connected is served, and then who waited.
//!
//! ```text
//! this test ─ sh: ulimit -n 64 ─▶ this test again, in a process of its own ─▶ files until there is no descriptor left
//! ```
//!
//! ENFILE, the same for the whole machine, takes the same way and cannot be made here without harming others.

use std::{env, fs::File, process::Command, time::Duration};

use enfilade_server::{Limits, Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};
use tower::service_fn;

use crate::kit::{Log, curt};

const FEW: &str = "ENFILADE_FEW_DESCRIPTORS";

#[test]
fn a_listener_without_descriptors_rests_and_others_are_served() {
    if env::var_os(FEW).is_some() {
        return inside();
    }
    let done = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "descriptors::a_listener_without_descriptors_rests_and_others_are_served",
        ])
        .env(FEW, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::main(flavor = "current_thread")]
async fn inside() {
    // Only the rest of half a second is short, so that virtual time ends nothing else.
    let day = Duration::from_secs(24 * 60 * 60);
    let limits = Limits::default().with_head_timeout(day).with_idle_timeout(day);
    let server = Server::bind("127.0.0.1:0").await.unwrap().with_limits(limits);
    let addr = server.local_addrs()[0];
    let serving = tokio::spawn(server.serve(service_fn(curt)));
    let mut early = TcpStream::connect(addr).await.unwrap();
    assert!(get(&mut early).await.starts_with("HTTP/1.1 200 "));

    let log = Log::capture();
    let mut files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(files.len() < 64, "the limit holds: {}", files.len());
    // One for the client's own end, none for the server's.
    files.pop();
    let mut late = TcpStream::connect(addr).await.unwrap();
    late.write_all(GET).await.unwrap();
    tokio::time::pause();
    sleep(Duration::from_secs(10)).await;
    tokio::time::resume();
    let faults = log.codes().iter().filter(|code| *code == "server.accept").count();
    assert!((1..=21).contains(&faults), "it does not try in a loop: {faults} times in ten seconds");
    assert!(log.text().contains("os error 24"), "{}", log.text());
    assert!(get(&mut early).await.starts_with("HTTP/1.1 200 "), "who is connected is served");

    drop(files);
    let mut answer = [0; 12];
    late.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200", "who waited is served");
    serving.abort();
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

async fn get(client: &mut TcpStream) -> String {
    client.write_all(GET).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\nno") {
        let mut part = [0; 1024];
        let read = client.read(&mut part).await.unwrap();
        assert!(read > 0, "{answer}");
        answer.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    answer
}
