//! Local redirects: the script again, another service, or nobody.

use std::convert::Infallible;

use enfilade_cgi::{CgiBody, CgiService};
use enfilade_core::{Canonical, Principal, RequestContext};
use enfilade_test::{Drive, assert_body, assert_header, assert_passed, assert_refused};
use http::{Request, Response, uri::Scheme};

use crate::kit::Dir;

const SCRIPT: &str = r#"
case "$PATH_INFO" in
  /from) printf 'Location: /cgi/to?x=%%31\n\n' ;;
  /loop) printf 'Location: /cgi/loop\n\n' ;;
  /away) printf 'Location: /away?y\n\n' ;;
  /dots) printf 'Location: /cgi/../x\n\n' ;;
  *) printf 'Content-Type: text/plain\n\n'
     cat
     echo "$REQUEST_METHOD $SCRIPT_NAME $PATH_INFO $QUERY_STRING $REQUEST_URI"
     echo "${CONTENT_LENGTH-none} ${CONTENT_TYPE-none} ${REMOTE_USER-nobody}" ;;
esac"#;

fn cgi(dir: &Dir) -> CgiService {
    dir.cgi(SCRIPT).with_script_name("/cgi").expect("a path")
}

#[tokio::test]
async fn a_path_of_its_own_is_served_by_the_script_as_a_get() {
    let dir = Dir::new();
    let mut app = Drive::service(cgi(&dir));
    let reply = app.post("/cgi/from").header("content-type", "a/b").body("sent").send_async().await;
    assert_passed!(reply);
    assert_header!(reply, "location" absent);
    assert_body!(reply, "GET /cgi /to x=%31 /cgi/to?x=%31\nnone none nobody\n");
    let reply = app.head("/cgi/from").send_async().await;
    assert_passed!(reply);
    assert_body!(reply, "");
}

#[tokio::test]
async fn the_doors_path_and_the_user_go_along() {
    let dir = Dir::new();
    let mut app = Drive::service(cgi(&dir));
    let sending = app.get("/cgi/from").edit(|head| {
        let canonical = Canonical::new(Scheme::HTTP, None, None).with_path(b"/cgi/from");
        RequestContext::begin(&mut head.extensions, canonical);
        Principal::new("ada").put(&mut head.extensions);
    });
    assert_body!(sending.send_async().await, "GET /cgi /to x=%31 /cgi/to?x=%31\nnone none ada\n");
}

#[tokio::test]
async fn a_loop_ends() {
    let dir = Dir::new();
    assert_refused!(Drive::service(cgi(&dir)).get("/cgi/loop").send_async().await, 502, "cgi.redirect-loop");
}

#[tokio::test]
async fn other_paths_are_nobodys_unless_somebody_is_named() {
    let dir = Dir::new();
    let mut alone = Drive::service(cgi(&dir));
    assert_refused!(alone.get("/cgi/away").send_async().await, 502, "cgi.redirect-elsewhere");
    assert_refused!(alone.get("/cgi/dots").send_async().await, 502, "cgi.location-bad");

    let elsewhere = tower::service_fn(async |req: Request<CgiBody>| {
        Ok::<_, Infallible>(Response::builder().status(203).body(format!("{} {}", req.method(), req.uri())))
            .map(|response| response.expect("a response"))
    });
    let mut app = Drive::service(cgi(&dir).with_local_redirects(elsewhere));
    let reply = app.post("/cgi/away").body("sent").send_async().await;
    assert_eq!(reply.status(), 203);
    assert_body!(reply, "GET /away?y");
}

#[tokio::test]
async fn a_loop_through_another_service_ends_too() {
    let dir = Dir::new();
    let back = dir.script("back.cgi", r"printf 'Location: /cgi/away\n\n'");
    let one = cgi(&dir);
    let two = CgiService::new(back).expect("a script").with_script_name("/away").expect("a path");
    let both = two.with_local_redirects(one.clone().with_local_redirects(Forever(one)));
    let mut app = Drive::service(both);
    assert_refused!(app.get("/away").send_async().await, 502, "cgi.redirect-loop");
}

/// Sends every request back to the script, under a path that sends it here again.
#[derive(Clone)]
struct Forever(CgiService);

impl tower::Service<Request<CgiBody>> for Forever {
    type Response = Response<CgiBody>;
    type Error = Infallible;
    type Future = <CgiService as tower::Service<Request<CgiBody>>>::Future;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<CgiBody>) -> Self::Future {
        *request.uri_mut() = "/cgi/away".parse().expect("a path");
        self.0.clone().with_local_redirects(self.clone()).call(request)
    }
}
