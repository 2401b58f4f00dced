//! cgit, a program in C that reads `PATH_INFO` and answers with pages, errors, redirects and archives.

use std::{env, path::PathBuf};

use enfilade_cgi::CgiService;
use enfilade_test::{Drive, assert_header, assert_passed};

use crate::home::Home;

#[tokio::test]
#[ignore = "needs cgit: ./tests/run rust installs it"]
async fn its_pages_errors_and_archives_arrive() {
    let script = env::var_os("CGIT").map_or_else(|| PathBuf::from("/usr/lib/cgit/cgit.cgi"), PathBuf::from);
    let home = Home::new("cgit");
    home.git(&["init", "--quiet", "--bare", "--initial-branch=main", "srv/shop.git"]);
    home.git(&["clone", "--quiet", "srv/shop.git", "one"]);
    home.commit("one", "tea <b>", b"first cup\n".to_vec());
    home.git(&["-C", "one", "push", "--quiet", "origin", "HEAD:main"]);
    let settings = format!(
        "virtual-root=/cgit\nsnapshots=tar.gz\nenable-index-owner=0\nscan-path={}/srv\n",
        home.0.display()
    );
    std::fs::write(home.0.join("cgitrc"), settings).expect("a file");
    let cgi = CgiService::new(script)
        .and_then(|cgi| cgi.with_script_name("/cgit"))
        .and_then(|cgi| cgi.with_env("CGIT_CONFIG", home.0.join("cgitrc")))
        .and_then(|cgi| cgi.with_env("LD_LIBRARY_PATH", env::var_os("LD_LIBRARY_PATH").unwrap_or_default()));
    let mut app = Drive::service(cgi.expect("a script and its settings"));

    let index = app.get("/cgit/").send_async().await;
    assert_passed!(index);
    assert_header!(index, "content-type" = "text/html; charset=UTF-8");
    assert!(index.text().contains("/cgit/shop.git/"), "{}", index.text());

    let log = app.get("/cgit/shop.git/log/?qt=grep&q=tea").send_async().await;
    assert!(log.text().contains("tea &lt;b&gt;"), "{}", log.text());
    let file = app.get("/cgit/shop.git/plain/tea%20%3Cb%3E").send_async().await;
    assert_eq!(file.body(), "first cup\n");
    assert_header!(file, "content-length" = "10");

    let archive = app.get("/cgit/shop.git/snapshot/shop-main.tar.gz").send_async().await;
    assert_passed!(archive);
    assert_header!(archive, "content-type" = "application/x-gzip; charset=UTF-8");
    assert!(archive.body().starts_with(&[0x1f, 0x8b]));

    assert_eq!(app.get("/cgit/nothing").send_async().await.status(), 404);
    let head = app.head("/cgit/shop.git/").send_async().await;
    assert_passed!(head);
    assert!(head.body().is_empty());
}
