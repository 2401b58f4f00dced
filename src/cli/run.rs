//! `enfilade run APP`: which app, who may come in, and what the app is told besides.
//!
//! ```text
//! enfilade run ./report.cgi --auth basic=users.htpasswd --auth jwt=https://id.example/jwks --issuer … --audience …
//! ```

use std::{ffi::OsString, path::PathBuf, str::FromStr};

use clap::Args;

use super::{PythonArgs, ServerArgs};

/// Which app, who may come in, and where to listen.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The app: an executable file is a CGI script, MODULE:ATTR an app in Python
    ///
    /// A script is a process for each request. An app in Python, such as `shop.asgi:app`, or `shop:create_app()` for what a
    /// function makes, speaks ASGI or WSGI; for it this program must be built with `--features python`.
    #[arg(value_name = "APP")]
    pub app: OsString,

    /// Who may come in: `demo`, `basic=FILE`, `jwt=FILE` or `jwt=URL`; may be given several times
    ///
    /// Nobody else gets an answer of the app. Without it everybody is anonymous. `demo` makes two users and a token and
    /// prints them, on this machine alone. `basic` reads NAME:HASH lines (argon2id or bcrypt), `jwt` public keys (JWKS,
    /// RFC 7517); files are read again when they change, and URLs (https, or this machine's) fetched again and again.
    #[arg(long, value_name = "KIND")]
    pub auth: Vec<AuthKind>,

    /// The issuer that tokens of `--auth jwt` must name
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<String>,

    /// The audience that those tokens must be for
    #[arg(long, value_name = "NAME")]
    pub audience: Option<String>,

    /// The largest request body; larger ones get 413
    #[arg(long, value_name = "BYTES", default_value_t = 2 << 20)]
    pub max_body: u64,

    /// Connections at once, idle ones too; others wait to be accepted
    #[arg(long, value_name = "COUNT", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// The path that the app answers below, such as /shop; without it every path is the app's
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
    pub script_name: String,

    /// How long an answer may take: 600 for a script, 60 until an app in Python begins one
    ///
    /// A WSGI app on one thread has no deadline: nothing else runs meanwhile.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub deadline: Option<u64>,

    /// What a script is told, and how many run at once.
    #[command(flatten, next_help_heading = "CGI scripts")]
    pub cgi: CgiArgs,

    /// Which interface the app has, and where its packages are.
    #[command(flatten, next_help_heading = "Apps in Python")]
    pub python: PythonArgs,

    /// Where and how to listen.
    #[command(flatten, next_help_heading = "The server")]
    pub server: ServerArgs,
}

// No doc comment: clap would show it in the place of the command's own.
#[allow(missing_docs)]
#[derive(Clone, Debug, Args)]
pub struct CgiArgs {
    /// `DOCUMENT_ROOT`, and `PATH_TRANSLATED` below it; an absolute path
    #[arg(long, value_name = "DIR")]
    pub document_root: Option<PathBuf>,

    /// A variable for the script, which inherits none; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub env: Vec<(String, String)>,

    /// Processes at once, at least one; others wait for a place. Without it: four for each core
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_running: Option<u32>,

    /// Let the script read `HTTP_AUTHORIZATION`: passwords and tokens, in its environment
    #[arg(long)]
    pub insecure_pass_authorization: bool,
}

impl CgiArgs {
    /// An option that was given and means something to a script alone.
    pub(crate) fn given(&self) -> Option<&'static str> {
        given([
            (self.document_root.is_some(), "--document-root"),
            (!self.env.is_empty(), "--env"),
            (self.max_running.is_some(), "--max-running"),
            (self.insecure_pass_authorization, "--insecure-pass-authorization"),
        ])
    }
}

/// The first that was given.
pub(super) fn given<const N: usize>(options: [(bool, &'static str); N]) -> Option<&'static str> {
    options.into_iter().find_map(|(given, name)| given.then_some(name))
}

/// A kind of credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthKind {
    /// Users and a token made for this run.
    Demo,
    /// Names and passwords of a file.
    Basic(PathBuf),
    /// Tokens whose issuer's keys are in this file, or at this URL.
    Jwt(String),
}

impl FromStr for AuthKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            None if text == "demo" => Ok(Self::Demo),
            Some(("basic", file)) if !file.is_empty() => Ok(Self::Basic(file.into())),
            Some(("jwt", keys)) if !keys.is_empty() => Ok(Self::Jwt(keys.to_owned())),
            _ => Err("write demo, basic=FILE, jwt=FILE or jwt=URL"),
        }
    }
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_credentials_is_read_or_the_message_says_how_to_write_it() {
        assert_eq!("demo".parse(), Ok(AuthKind::Demo));
        assert_eq!("basic=a=b".parse(), Ok(AuthKind::Basic("a=b".into())));
        assert_eq!("jwt=https://id/?a=b".parse(), Ok(AuthKind::Jwt("https://id/?a=b".to_owned())));
        for bad in ["", "Demo", "basic", "basic=", "jwt", "jwt=", "demo=x", "key=x"] {
            assert!(bad.parse::<AuthKind>().unwrap_err().contains("basic=FILE"), "{bad}");
        }
    }

    #[test]
    fn a_variable_may_have_any_value() {
        assert_eq!(parse_variable("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(parse_variable("A="), Ok(("A".to_owned(), String::new())));
        assert!(parse_variable("A").is_err());
    }
}
