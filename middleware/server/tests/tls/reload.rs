//! Certificates that change on disk: a good change is taken whole, a bad one is not taken at all.

use std::{fs, time::Duration};

use enfilade_server::{Connections, tls::Tls};

use crate::{
    kit::{background, say},
    pki::{Client, Folder, issue, server, shown},
};

async fn now(server: &Connections) -> String {
    shown(&Client::new(&[]).connect(server, None).await.unwrap()).remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_renewed_certificate_is_shown_to_new_connections_and_old_ones_go_on() {
    let folder = Folder::new();
    let (certificate, key) = folder.issue("one", &["shop.example"]);
    let tls = Tls::open(certificate, key).unwrap();
    let server = server(tls.clone());
    let mut old = Client::new(&[]).connect(&server, None).await.unwrap();
    assert!(!tls.reload().unwrap(), "nothing has changed");

    folder.issue("one", &["new.example"]);
    assert!(tls.reload().unwrap());
    assert_eq!(now(&server).await, "new.example");
    // Judged by the certificate that it was shown, not by the new one.
    let both = b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\nGET / HTTP/1.1\r\nHost: new.example\r\n\r\n";
    assert_eq!(say(&mut old, both).await.statuses(), [200, 421]);
}

#[tokio::test(start_paused = true)]
async fn a_bad_file_keeps_the_old_certificate() {
    let folder = Folder::new();
    let (certificate, key) = folder.issue("one", &["shop.example"]);
    let good = (fs::read_to_string(&certificate).unwrap(), fs::read_to_string(&key).unwrap());
    let tls = Tls::open(&certificate, &key).unwrap();
    let server = server(tls.clone());
    let (other, _) = issue(&["other.example"]);
    for (at, bad) in [(&certificate, ""), (&certificate, "oops"), (&certificate, &*other), (&key, "oops")] {
        fs::write(at, bad).unwrap();
        assert!(tls.reload().is_err(), "{bad:.20}");
        assert_eq!(now(&server).await, "shop.example");
        fs::write(&certificate, &good.0).unwrap();
        fs::write(&key, &good.1).unwrap();
        assert!(!tls.reload().unwrap(), "as it was");
    }
    fs::remove_file(&key).unwrap();
    assert!(tls.reload().is_err());
    assert_eq!(now(&server).await, "shop.example");
}

#[tokio::test(start_paused = true)]
async fn one_bad_file_of_several_keeps_all_the_old_ones() {
    let folder = Folder::new();
    let (first, second) = (folder.issue("a", &["a.example"]), folder.issue("b", &["b.example"]));
    let tls = Tls::builder()
        .with_certificate(&first.0, &first.1)
        .with_certificate(&second.0, &second.1)
        .open()
        .unwrap();
    let server = server(tls.clone());
    folder.issue("a", &["c.example"]);
    fs::write(&second.0, "oops").unwrap();
    assert!(tls.reload().is_err());
    assert_eq!(now(&server).await, "a.example");
}

#[tokio::test]
async fn a_watched_file_is_read_again_by_itself_and_a_bad_one_is_told_once() {
    let folder = Folder::new();
    let (certificate, key) = folder.issue("one", &["shop.example"]);
    let tls = Tls::open(&certificate, key).unwrap().watched(Duration::ZERO).unwrap();
    let server = server(tls);
    let said = |what: &str| background().matches(what).count();
    assert_eq!(said("tls."), 0);
    let one_pem = certificate.to_string_lossy().into_owned();

    folder.write("one.pem", "oops");
    until(|| said(&one_pem) > 0).await;
    assert_eq!(now(&server).await, "shop.example");

    let (new, new_key) = issue(&["new.example"]);
    // Renewal writes two files; between them nothing fits, and the old certificate stays.
    folder.write("one.pem", new);
    until(|| said("does not belong to") > 0).await;
    folder.write("one.key", new_key);
    until(|| said("tls.reloaded") > 0).await;
    assert_eq!(now(&server).await, "new.example");
    assert_eq!((said("is no certificate"), said("does not belong to")), (1, 1), "{}", background());
}

/// Another thread works on it: real time, and as little of it as there is to.
async fn until(mut holds: impl FnMut() -> bool) {
    let waits = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waits).await.expect("it comes to hold");
}
