//! What `run` prints on standard output: the chain, the app, the address, what was made for this run, what to type.
//!
//! ```text
//!   app       report.cgi (CGI: a process for each request)
//!   url       http://localhost:8080
//!   $ curl …
//! ```
//!
//! Secrets go here and nowhere else: the log never sees them.

use std::{fmt::Write as _, io, net::SocketAddr};

use enfilade_core::{Plan, plan::TextStyle};

use super::Credentials;
use crate::{
    cli::{RunArgs, is_exposed},
    demo::banner::{places, print, secrets},
};

/// What is to be printed.
pub(super) struct Banner<'a> {
    pub(super) args: &'a RunArgs,
    pub(super) plan: &'a Plan,
    pub(super) what: &'a str,
    pub(super) url: &'a str,
    pub(super) addrs: &'a [SocketAddr],
    pub(super) credentials: &'a Credentials,
}

impl Banner<'_> {
    /// Prints it.
    ///
    /// # Errors
    ///
    /// When standard output is closed.
    pub(super) fn print(&self) -> io::Result<()> {
        print(|style| self.text(style))
    }

    fn text(&self, style: &TextStyle) -> String {
        let Credentials { auth, users, token, .. } = self.credentials;
        let mut text = format!("\n{}\n  app       {}\n", self.plan.to_text(style), self.what);
        text.push_str(&places(self.url, self.addrs, self.args.server.unix.as_deref()));
        text.push_str(&secrets(users, token.as_deref()));
        if auth.is_none() {
            text.push_str(
                "\n  NOTE      Nobody is asked who they are (--auth): every request is anonymous.\n",
            );
        }
        if is_exposed(self.addrs) {
            text.push_str(
                "\n  NOTE      Other machines can reach this. What they call it must be said: --host NAME, or they get 421.\n",
            );
        }
        self.add_commands(&mut text);
        text.push_str("\n  Ctrl-C ends it.\n\n");
        text
    }

    fn add_commands(&self, text: &mut String) {
        let certificate = self.args.server.tls_cert.as_deref();
        let trusted = certificate.map(|path| format!("--cacert '{}' ", path.display())).unwrap_or_default();
        let url = format!("{trusted}{}{}/", self.url, self.args.script_name);
        let answer =
            if self.credentials.auth.is_some() { "401 and what you may try" } else { "the app answers" };
        let _ = write!(text, "\n  anonymous: {answer}\n  $ curl -i {url}\n");
        if let Some(token) = &self.credentials.token {
            let _ = write!(
                text,
                "\n  with the token: the app answers\n  $ curl -i {url} -H 'Authorization: Bearer {token}'\n"
            );
        }
        if let Some(user) = self.credentials.users.first() {
            let _ = write!(
                text,
                "\n  with Basic: the app answers\n  $ curl -i {url} -u {}:{}\n",
                user.name, user.password
            );
        }
    }
}
