//! A page made with CGI.pm: fields, an upload, cookies, a redirect, a death.

use std::env;

use enfilade_cgi::CgiService;
use enfilade_core::Principal;
use enfilade_test::{Drive, assert_body, assert_header, assert_refused};

use crate::home::Home;

const PAGE: &str = r#"#!/usr/bin/perl
use strict; use warnings; use CGI;
my $q = CGI->new;
my $what = $q->path_info;
if ($what eq '/die') { die "no tea left\n" }
if ($what eq '/go') { print $q->redirect(-uri => '/there?x=1', -status => 303); exit }
my $cookie = $q->cookie(-name => 'seen', -value => [1, 2], -path => '/');
print $q->header(-type => 'text/plain', -charset => 'utf-8', -cookie => $cookie, -status => '203 Poured');
print join("|", $q->request_method, $q->script_name, $what, $q->remote_user // 'nobody',
    $q->virtual_host, $q->server_port, scalar($q->param('tea')) // '', scalar($q->cookie('a')) // ''), "\n";
if (my $file = $q->upload('leaf')) { local $/; my $all = <$file>; print length($all), "\n" }
"#;

#[tokio::test]
#[ignore = "needs Perl's CGI.pm: ./tests/run rust installs it"]
async fn its_fields_uploads_cookies_and_redirects_work() {
    let home = Home::new("perl");
    let script = home.script("page.cgi", PAGE);
    let cgi = CgiService::new(script)
        .and_then(|cgi| cgi.with_script_name("/page.cgi"))
        .and_then(|cgi| cgi.with_env("PERL5LIB", env::var_os("PERL5LIB").unwrap_or_default()));
    let mut app = Drive::service(cgi.expect("a script and its settings"));

    let ada = |head: &mut http::request::Parts| Principal::new("ada").put(&mut head.extensions);
    let asked = app.get("/page.cgi/x%20y?tea=gr%C3%BCn&b").header("host", "shop.example:8080");
    let reply = asked.cookie("a", "1").edit(ada).send_async().await;
    assert_eq!(reply.status(), 203);
    assert_header!(reply, "content-type" = "text/plain; charset=utf-8");
    assert_eq!(reply.set_cookie("seen"), Some("1&2"));
    assert_body!(reply, "GET|/page.cgi|/x y|ada|shop.example|8080|grün|1\n");

    let form = app.post("/page.cgi").header("host", "shop.example").form(&[("tea", "black & white")]);
    assert_body!(form.send_async().await, "POST|/page.cgi||nobody|shop.example|80|black & white|\n");

    let leaf = "x".repeat(200_000);
    let upload = format!(
        "--b\r\nContent-Disposition: form-data; name=\"tea\"\r\n\r\nmint\r\n--b\r\nContent-Disposition: form-data; \
         name=\"leaf\"; filename=\"leaf\"\r\nContent-Type: a/b\r\n\r\n{leaf}\r\n--b--\r\n"
    );
    let sent = app.post("/page.cgi").header("host", "shop.example");
    let reply =
        sent.header("content-type", "multipart/form-data; boundary=b").body(upload).send_async().await;
    assert_body!(reply, "POST|/page.cgi||nobody|shop.example|80|mint|\n200000\n");

    let gone = app.get("/page.cgi/go").send_async().await;
    assert_eq!((gone.status().as_u16(), gone.header("location")), (303, Some("/there?x=1")));
    assert_refused!(app.get("/page.cgi/die").send_async().await, 502, "cgi.no-answer");
}
