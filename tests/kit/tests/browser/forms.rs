//! Forms: what a person can fill in, what is sent then, and what a browser would not send.

use enfilade_test::{Answer, Probe, browser::Browser};

/// A browser with this page open, and what reaches the server behind it.
fn open(html: &str) -> (Browser, Probe) {
    let probe = Probe::ok().read_bodies();
    let page = Answer::ok().header("content-type", "text/html").body(html.to_owned());
    let mut browser =
        Browser::new().at("https://shop.example", probe.clone().respond(page).respond(200).service());
    browser.visit("/folder/page?old=1#part");
    (browser, probe)
}

fn pairs(entries: &[(&str, &str)]) -> Vec<(String, String)> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn every_kind_of_field_is_sent_as_a_browser_sends_it() {
    let (mut browser, _) = open(
        "<form><input name=a value='&lt;1&amp;2>'><input type=HIDDEN name=h value=x><input name=off disabled value=no>\
         <input type=checkbox name=box><input type=checkbox name=box value=two checked><input value=nameless>\
         <input type=radio name=r value=1 checked><input type=radio name=r value=2>\
         <select name=s><option>one<option value=2>two</select>\
         <select name=m multiple><option selected>x<option>y<option selected>z</select>\
         <textarea name=t>\nfirst\nsecond <b></textarea><fieldset disabled><input name=shut></fieldset>\
         <input type=file name=f><button name=b value=1>Save</button><button name=b value=2>Drop</button>\
         <input type=reset name=q value=q></form><input name=outside><input name=late form=x>",
    );
    let sent = |form: enfilade_test::browser::Form<'_>| form.entries();
    let rest = [("m", "x"), ("m", "z"), ("t", "first\r\nsecond <b>"), ("f", "")];
    let plain =
        [&[("a", "<1&2>"), ("h", "x"), ("box", "two"), ("r", "1"), ("s", "one")], &rest[..], &[("b", "1")]];
    assert_eq!(sent(browser.form_nth(0)), pairs(&plain.concat()));

    let form = browser.form_nth(0).fill("a", "n\new").check("box=on").uncheck("box=two").choose("r", "2");
    let form = form.choose("s", "two").press("Drop").tamper("h", "forged").tamper("z", "added");
    let changed = [
        &[("a", "new"), ("h", "forged"), ("box", "on"), ("r", "2"), ("s", "2")],
        &rest[..],
        &[("b", "2"), ("z", "added")],
    ];
    assert_eq!(sent(form), pairs(&changed.concat()));
}

#[test]
fn a_get_form_replaces_the_query_and_a_post_form_has_a_body() {
    let (mut browser, _) = open("<form action='find?x=1#y'><input name=q value='a b&ü'></form>");
    let page = browser.form_nth(0).submit();
    assert_eq!(page.path(), "/folder/find?q=a+b%26%C3%BC");

    let (mut browser, probe) = open("<form id=f method=POST><input name=q value='a b&ü'></form>");
    let page = browser.form("#f").submit();
    assert_eq!(page.path(), "/folder/page?old=1");
    assert_eq!(probe.last().body().unwrap(), "q=a+b%26%C3%BC");
    assert_eq!(probe.last().header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(probe.last().header("content-length"), Some("14"));
}

#[test]
fn the_base_and_the_pressed_button_say_where_it_goes() {
    let (mut browser, _) = open(
        "<base href=/deep/down/><form name=f action=x><input name=a form=f>\
         <button>Save</button><button formaction=/y formmethod=post>Delete</button></form>",
    );
    assert_eq!(browser.form("f").submit().path(), "/deep/down/x?");
    browser.back();
    let page = browser.form("f").press("Delete").submit();
    assert_eq!((page.path(), page.sent().method.as_str()), ("/y", "POST"));
}

#[test]
fn what_only_looks_like_a_form_is_none() {
    let (mut browser, _) = open(
        "<script>'<form id=no></form>'</script><!-- <form id=no> --><textarea><form id=no></textarea>\
         <title><form id=no></title><form id=yes></form>",
    );
    assert!(browser.form("#yes").entries().is_empty());
    assert_eq!(browser.page().title(), "<form id=no>");
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| browser.form("#no").entries()));
    assert!(found.is_err());
}

#[test]
#[should_panic(expected = "a browser does not send the form: [\"user\"] required")]
fn a_required_field_must_be_filled_in() {
    let _ =
        open("<form><input name=user required><input name=x required value=1></form>").0.form_nth(0).submit();
}

#[test]
#[should_panic(expected = "nobody sees the hidden field `token`")]
fn nobody_fills_in_a_hidden_field() {
    let _ = open("<form><input type=hidden name=token></form>").0.form_nth(0).fill("token", "x");
}

#[test]
#[should_panic(expected = "`pin` takes at most 4 characters")]
fn nobody_types_more_than_fits() {
    let _ = open("<form><input name=pin maxlength=4></form>").0.form_nth(0).fill("pin", "12345");
}

#[test]
#[should_panic(expected = "`multipart/form-data` is not modelled")]
fn what_is_not_modelled_says_so() {
    let _ = open("<form method=post enctype=multipart/form-data></form>").0.form_nth(0).submit();
}
