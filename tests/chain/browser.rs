//! The kit's browser before the demo, and what a person does there.

use enfilade_test::browser::{Browser, Page};

use crate::kit::Demo;

/// Where the demo is, for a browser.
pub(crate) const HERE: &str = "http://localhost:8080";

/// A browser that was just installed, on the demo's machine.
pub(crate) fn open(demo: &mut Demo) -> Browser {
    Browser::new().with_clock(demo.clock.clock()).at(HERE, demo.door.service_mut().clone())
}

/// Signs the first demo user in, on the page that a load by nobody leads to.
pub(crate) fn sign_in(browser: &mut Browser, demo: &Demo) -> Page {
    let (name, password) = demo.user();
    browser.visit("/");
    browser.form("/sign-in").fill("name", name).fill("password", &password).submit()
}

/// The paths that led to a page, and its own.
pub(crate) fn way(page: &Page) -> Vec<&str> {
    page.redirects().iter().chain([page]).map(Page::path).collect()
}
