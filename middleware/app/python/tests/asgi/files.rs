//! Files by their path: whole, missing, of another kind, changed while they are sent.

use std::{fs, io::Write as _, path::Path};

use enfilade_test::{Drive, assert_body, assert_header, assert_passed, assert_refused};

use crate::kit::{both, run};

fn sends(path: &Path, headers: &str) -> String {
    format!(
        "
said = None
async def app(scope, receive, send):
    global said
    await without_lifespan(scope)
    await start(send, 200, [{headers}])
    said = await raised(sent(send, {{'type': 'http.response.pathsend', 'path': '{}'}}))
    if said != 'nothing':
        await part(send, said.encode(), False)
",
        path.display()
    )
}

#[test]
fn a_file_is_sent_whole_and_with_its_length() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let text = "0123456789".repeat(30_000);
    file.write_all(text.as_bytes()).expect("it is written");
    let source = sends(file.path(), "(b'x-a', b'1')");
    let reply = both(&source, |mut app| async move { app.get("/").send_async().await });
    assert_passed!(reply);
    assert_header!(reply, "content-length" = "300000");
    assert_header!(reply, "x-a" = "1");
    assert!(reply.text() == text);
    let reply = both(&source, |mut app| async move { app.head("/").send_async().await });
    assert_header!(reply, "content-length" = "300000");
    assert_body!(reply, "");
}

#[test]
fn a_relative_path_begins_at_the_working_directory() {
    let mut file = tempfile::NamedTempFile::new_in(".").expect("a file");
    file.write_all(b"here").expect("it is written");
    let name = Path::new(file.path().file_name().expect("it has a name"));
    let reply = both(&sends(name, ""), |mut app| async move { app.get("/").send_async().await });
    assert_passed!(reply);
    assert_body!(reply, "here");
}

#[test]
fn a_path_that_is_not_absolute_begins_in_the_programs_folder() {
    let source = sends(Path::new("Cargo.toml"), "");
    let reply = both(&source, |mut app| async move { app.get("/").send_async().await });
    assert!(reply.text().contains("[package]"), "{}", reply.text());
}

#[test]
fn an_empty_file_is_an_empty_body() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let reply = both(&sends(file.path(), ""), |mut app| async move { app.get("/").send_async().await });
    assert_passed!(reply);
    assert_header!(reply, "content-length" = "0");
    assert_body!(reply, "");
}

#[test]
fn a_file_that_cannot_be_sent_raises_in_the_app_which_may_answer_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).expect("a pipe");
    for path in [folder.path().join("missing"), folder.path().to_owned(), "/dev/null".into(), pipe] {
        let reply = both(&sends(&path, ""), |mut app| async move { app.get("/").send_async().await });
        assert_passed!(reply);
        assert!(reply.text().contains("Error: "), "{}: {}", path.display(), reply.text());
    }
}

#[test]
fn a_path_with_a_nul_raises_in_the_app() {
    let source = sends(Path::new("/"), "").replace("'/'", "'/a\\x00b'");
    let reply = both(&source, |mut app| async move { app.get("/").send_async().await });
    assert!(reply.text().contains("NUL"), "{}", reply.text());
}

#[test]
fn a_length_that_the_file_has_not_raises_in_the_app() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"tea").expect("it is written");
    let source = sends(file.path(), "(b'content-length', b'4')");
    run(&source, |app, module| async move {
        let reply = Drive::service(app).get("/").send_async().await;
        assert_refused!(reply, 500, "asgi.app-failed");
        assert!(module.value("said").contains("`content-length` is 4"), "{}", module.value("said"));
    });
    let source = sends(file.path(), "(b'content-length', b'3')");
    let reply = both(&source, |mut app| async move { app.get("/").send_async().await });
    assert_body!(reply, "tea");
}

#[test]
fn a_file_that_becomes_shorter_breaks_the_body_off_and_one_that_grows_does_not_grow_it() {
    for (length, broken) in [(70_000, true), (400_000, false)] {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(&vec![b'x'; 300_000]).expect("it is written");
        let (source, path) = (sends(file.path(), ""), file.path().to_owned());
        run(&source, move |app, _| async move {
            let mut app = Drive::service(app);
            let mut flight = app.get("/").start();
            while flight.is_pending() {
                tokio::task::yield_now().await;
            }
            let response = flight.finish_async();
            fs::OpenOptions::new().write(true).open(&path).expect("a file").set_len(length).expect("set");
            let reply = response.await.expect("infallible");
            assert_eq!(reply.body_error().is_some(), broken, "{reply:?}");
            assert_eq!(reply.body().len() == 300_000, !broken);
        });
    }
}

#[test]
fn nothing_else_is_sent_while_a_file_is_opened_nor_after_it() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let source = format!(
        "
said = []
async def app(scope, receive, send):
    await without_lifespan(scope)
    await start(send)
    opening = asyncio.ensure_future(sent(send, {{'type': 'http.response.pathsend', 'path': '{}'}}))
    await asyncio.sleep(0)
    said.append(await raised(part(send, b'x', False)))
    await opening
    said.append(await raised(part(send, b'x', False)))
",
        file.path().display()
    );
    run(&source, |app, module| async move {
        let reply = Drive::service(app).get("/").send_async().await;
        assert_passed!(reply);
        assert_body!(reply, "");
        module.until("len(said) == 2").await;
        let said = module.value("said");
        assert_eq!(said.matches("RuntimeError").count(), 2, "{said}");
    });
}

#[test]
fn a_client_that_leaves_while_a_file_is_opened_is_told() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let source = sends(file.path(), "");
    run(&source, |app, module| async move {
        let mut flight = Drive::service(app).get("/").start();
        assert!(flight.is_pending());
        drop(flight);
        module.until("said is not None").await;
        assert_eq!(module.value("said"), "OSError: the client has gone");
    });
}
