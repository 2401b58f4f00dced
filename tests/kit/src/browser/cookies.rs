//! The cookies of a browser, to look at, to steal and to forget.
//!
//! ```text
//! cookies() · cookie("sid")                 what is kept          set_cookie(url, line)        as if that server had set it
//! script_cookies() · script_set_cookie(…)   document.cookie       copy_cookies(&other) · clear_cookies() · restart()
//! ```

use super::{
    Browser, Cookie,
    jar::{Peer, Reach},
};

/// The cookies.
impl Browser {
    /// What is kept and not over, in the order in which it was set.
    pub fn cookies(&self) -> Vec<&Cookie> {
        self.jar.all(self.now())
    }

    /// The first cookie of this name.
    pub fn cookie(&self, name: &str) -> Option<&Cookie> {
        self.cookies().into_iter().find(|cookie| cookie.name() == name)
    }

    /// Keeps a cookie as if the server at `url` had set it: one that was stolen, or that a test made.
    ///
    /// # Errors
    ///
    /// Why a browser would not believe the line.
    pub fn set_cookie(&mut self, url: &str, line: &str) -> Result<(), &'static str> {
        let url = self.resolve(url);
        let peer = Peer { url: &url, reach: Reach::Same, is_http: true, now: self.now() };
        self.jar.set(line.as_bytes(), peer, &self.suffixes)
    }

    /// What the page's scripts read as `document.cookie`.
    pub fn script_cookies(&mut self) -> String {
        let url = self.open_page().0.url.clone();
        let line = self.jar.header(Peer { url: &url, reach: Reach::Same, is_http: false, now: self.now() });
        String::from_utf8_lossy(&line.unwrap_or_default()).into_owned()
    }

    /// What the page's scripts do with `document.cookie = line`.
    ///
    /// # Errors
    ///
    /// Why a browser would not believe the line.
    pub fn script_set_cookie(&mut self, line: &str) -> Result<(), &'static str> {
        let url = self.open_page().0.url.clone();
        let peer = Peer { url: &url, reach: Reach::Same, is_http: false, now: self.now() };
        self.jar.set(line.as_bytes(), peer, &self.suffixes)
    }

    /// Takes over another browser's cookies: a thief's, or another window's.
    pub fn copy_cookies(&mut self, of: &Self) {
        self.jar = of.jar.clone();
    }

    /// Forgets every cookie.
    pub fn clear_cookies(&mut self) {
        self.jar.clear();
    }

    /// Closes the browser and opens it again: no page is open, and session cookies are gone.
    pub fn restart(&mut self) {
        self.jar.end_session();
        self.history.clear();
        self.here = 0;
    }
}
