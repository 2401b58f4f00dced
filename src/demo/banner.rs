//! What the demo prints on standard output: the chain, the address, the secrets made for this run, what to type.
//!
//! ```text
//!   url       http://localhost:8080
//!   user      ada  …  (admin)
//!   token     …
//!   $ curl …                                     each line works when pasted
//! ```
//!
//! Secrets go here and nowhere else: the log never sees them.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::Path,
};

use enfilade_core::{Plan, plan::TextStyle};

use super::users::DemoUser;

/// What is to be printed.
pub(super) struct Banner<'a> {
    /// The chain.
    pub(super) plan: &'a Plan,
    /// Where to go.
    pub(super) url: &'a str,
    /// The addresses that are listened on.
    pub(super) addrs: &'a [SocketAddr],
    /// The Unix socket, if there is one.
    pub(super) unix: Option<&'a Path>,
    /// The file of the certificate, when TLS is spoken.
    pub(super) certificate: Option<&'a Path>,
    /// The demo users, if there are any.
    pub(super) users: &'a [DemoUser],
    /// The demo token, if there is one.
    pub(super) token: Option<&'a str>,
    /// Whether other machines can reach it.
    pub(super) exposed: bool,
}

impl Banner<'_> {
    /// Prints it, in the width and with the signs that the terminal knows.
    ///
    /// # Errors
    ///
    /// When standard output is closed.
    pub(super) fn print(&self) -> io::Result<()> {
        print(|style| self.text(style))
    }

    fn text(&self, style: &TextStyle) -> String {
        let mut text = format!("\n{}\n", self.plan.to_text(style));
        text.push_str(&places(self.url, self.addrs, self.unix));
        text.push_str(&secrets(self.users, self.token));
        match (self.exposed, self.certificate) {
            (true, None) => text.push_str(EXPOSED),
            (true, Some(_)) => text.push_str(REACHABLE),
            (false, _) => {}
        }
        text.push_str(&self.commands());
        text.push_str(
            "\n  Open the url in a browser to sign in. Ctrl-C ends it: keys and passwords end with it.\n\n",
        );
        text
    }

    /// One command for each answer that this demo can give.
    fn commands(&self) -> String {
        // Believed for this one command: nobody else may have signed it.
        let trusted = self.certificate.map(|path| format!("--cacert '{}' ", path.display()));
        let url = &format!("{}{}", trusted.unwrap_or_default(), self.url);
        let mut text = format!("\n  anonymous: 401 and what you may try\n  $ curl -i {url}/\n");
        if let Some(token) = self.token {
            let bad = tampered(token);
            let _ = write!(
                text,
                "\n  with the token: 200\n  $ curl -i {url}/ -H 'Authorization: Bearer {token}'\n\
                 \n  with a tampered token: 401 auth.token-signature\n  $ curl -i {url}/ -H 'Authorization: Bearer {bad}'\n"
            );
        }
        if let Some(user) = self.users.first() {
            let _ =
                write!(text, "\n  with Basic: 200\n  $ curl -i {url}/ -u {}:{}\n", user.name, user.password);
        }
        text
    }
}

/// Prints a text in the width and with the signs that the terminal knows.
///
/// # Errors
///
/// When standard output is closed.
pub(crate) fn print(text: impl FnOnce(&TextStyle) -> String) -> io::Result<()> {
    let stdout = io::stdout();
    let width = terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0));
    let style = TextStyle::for_output(stdout.is_terminal(), width, |name| std::env::var(name).ok());
    let mut stdout = stdout.lock();
    stdout.write_all(text(&style).as_bytes())?;
    stdout.flush()
}

/// Where it can be reached, a line each.
pub(crate) fn places(url: &str, addrs: &[SocketAddr], unix: Option<&Path>) -> String {
    let mut text = format!("  url       {url}\n");
    for addr in addrs {
        let _ = writeln!(text, "  listens   {addr}");
    }
    if let Some(path) = unix {
        let _ = writeln!(text, "  listens   {}", path.display());
    }
    text
}

/// What was made for this run, a line each.
pub(crate) fn secrets(users: &[DemoUser], token: Option<&str>) -> String {
    let mut text = String::new();
    for user in users {
        let _ = writeln!(text, "  user      {}  {}  ({})", user.name, user.password, user.role);
    }
    if let Some(token) = token {
        let _ = writeln!(text, "  token     {token}");
    }
    text
}

const EXPOSED: &str = "\n  WARNING   Other machines can reach this over plain HTTP: whoever is on the way reads every password,\n\
                       \x20           token and cookie. No demo users and no demo token were made.\n\
                       \x20           Whatever other machines call it must be said: --host NAME, or they get 421.\n";

const REACHABLE: &str = "\n  NOTE      Other machines can reach this: no demo users and no demo token were made.\n\
                         \x20           Whatever other machines call it must be said: --host NAME, or they get 421.\n";

/// The token with another signature. Its first letter: the last one carries bits that count for nothing.
fn tampered(token: &str) -> String {
    let Some((signed, signature)) = token.rsplit_once('.') else { return token.to_owned() };
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", signature.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tampered_token_differs_in_its_signature_only() {
        assert_eq!(tampered("h.p.AbC"), "h.p.BbC");
        assert_eq!(tampered("h.p.xbC"), "h.p.AbC");
    }

    #[test]
    fn an_exposed_demo_prints_a_warning_and_no_secret() {
        let plan = Plan::new([], []);
        let banner = Banner {
            plan: &plan,
            url: "http://10.0.0.1:80",
            addrs: &[],
            unix: None,
            certificate: None,
            users: &[],
            token: None,
            exposed: true,
        };
        let text = banner.text(&TextStyle::new(80));
        assert!(text.contains("WARNING") && !text.contains("Bearer") && !text.contains("-u "), "{text}");
    }
}
