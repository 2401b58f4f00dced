//! As much of a browser as these tests need: it keeps cookies, loads pages and sends forms.

use std::collections::BTreeMap;

use enfilade_test::Reply;

use crate::kit::Demo;

/// Cookies by name, and where they are sent.
#[derive(Default, Clone)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A page load.
    pub(crate) fn load(&mut self, demo: &mut Demo, target: &str) -> Reply {
        let sending = demo
            .door
            .get(target)
            .header("host", "localhost:8080")
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", "same-origin");
        let reply = self.with_cookies(sending).send();
        self.keep(&reply);
        reply
    }

    /// A script's `fetch`.
    pub(crate) fn fetch(&mut self, demo: &mut Demo, target: &str) -> Reply {
        let sending = demo.door.get(target).header("host", "localhost:8080").header("sec-fetch-mode", "cors");
        let reply = self.with_cookies(sending.header("accept", "*/*")).send();
        self.keep(&reply);
        reply
    }

    /// A form of a page of the demo's own.
    pub(crate) fn submit(&mut self, demo: &mut Demo, target: &str, form: &str) -> Reply {
        self.submit_from(demo, "same-origin", target, form)
    }

    /// A form of a page of some site.
    pub(crate) fn submit_from(&mut self, demo: &mut Demo, site: &str, target: &str, form: &str) -> Reply {
        let sending = demo
            .door
            .post(target)
            .header("host", "localhost:8080")
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", site)
            .body(form.to_owned());
        let reply = self.with_cookies(sending).send();
        self.keep(&reply);
        reply
    }

    /// Signs the first demo user in.
    pub(crate) fn sign_in(&mut self, demo: &mut Demo) -> Reply {
        let (name, password) = demo.user();
        self.submit(demo, "/sign-in", &format!("name={name}&password={password}&next=%2F"))
    }

    fn with_cookies<'a, S, B>(
        &self,
        sending: enfilade_test::drive::Sending<'a, S, B>,
    ) -> enfilade_test::drive::Sending<'a, S, B> {
        self.cookies.iter().fold(sending, |sending, (name, value)| sending.cookie(name, value))
    }

    fn keep(&mut self, reply: &Reply) {
        for line in reply.header_all("set-cookie") {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
