//! A script's environment: a pure function of the site, the request's head and the length of its body.
//!
//! ```text
//! path /report.cgi/2026/may ─┬─ SCRIPT_NAME /report.cgi     split by bytes, decoded once
//!                            └─ PATH_INFO   /2026/may
//! Principal ─▶ REMOTE_USER, AUTH_TYPE       Canonical ─▶ REMOTE_ADDR, SERVER_NAME, SERVER_PORT, HTTPS
//! fields    ─▶ HTTP_*                       nothing else but what the operator adds: no variable of ours is inherited
//! ```
//!
//! Where no link of ours stands before, target and `Host` are read here, strictly; `REMOTE_ADDR`, `REMOTE_USER` and
//! `AUTH_TYPE` are absent then. `REMOTE_ADDR` is also absent where a trusted proxy hides its client, and `unix:` for a
//! Unix socket: an address that is not known is never made up. `REMOTE_IDENT` (RFC 1413) is never set.
//!
//! ```
//! use enfilade_cgi::environment::Site;
//! use enfilade_core::Principal;
//!
//! let site = Site::new("/srv/report.cgi", "/report.cgi");
//! let (mut head, ()) = http::Request::get("/report.cgi/may?x=1").body(()).unwrap().into_parts();
//! Principal::new("ada").put(&mut head.extensions);
//! let variables = site.variables(&head, None).unwrap();
//! assert_eq!(variables.get("PATH_INFO").unwrap(), "/may");
//! assert_eq!(variables.get("QUERY_STRING").unwrap(), "x=1");
//! assert_eq!(variables.get("REMOTE_USER").unwrap(), "ada");
//! ```

mod header;
mod site;

pub use self::site::Site;

use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
};

use enfilade_core::{
    ClientAddr, Host, Rejection,
    gateway::{Target, User},
};
use http::{Method, Version, header::CONTENT_TYPE, request};

use crate::reason;

/// What the request decides: no operator may set these. `HTTP_*` besides.
pub(crate) const DECIDED: [&str; 25] = [
    "AUTH_TYPE",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "DOCUMENT_ROOT",
    "GATEWAY_INTERFACE",
    "HTTPS",
    "PATH_INFO",
    "PATH_TRANSLATED",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "REMOTE_HOST",
    "REMOTE_IDENT",
    "REMOTE_PORT",
    "REMOTE_USER",
    "REQUEST_METHOD",
    "REQUEST_SCHEME",
    "REQUEST_URI",
    "SCRIPT_FILENAME",
    "SCRIPT_NAME",
    "SERVER_ADDR",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "SERVER_SOFTWARE",
    "SERVER_SIGNATURE",
];

/// Names and values, each name once.
#[derive(Clone, Debug, Default)]
pub struct Variables(Vec<(Cow<'static, OsStr>, OsString)>);

impl Variables {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All of them, in no order that matters.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_os_str()))
    }

    fn push(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.0.push((OsStr::new(name).into(), value.into()));
    }

    fn bytes(&mut self, name: &'static str, value: &[u8]) {
        self.push(name, OsStr::from_bytes(value));
    }
}

impl Site {
    /// The environment for one request; `length`: of the request's body, where there is one.
    ///
    /// # Errors
    ///
    /// - 400 `cgi.path-unclear`, `cgi.host-unclear`, `cgi.header-collision`, `cgi.header-repeated`
    /// - 404 `cgi.not-here`, when the path is not below the script's name
    /// - 500 `cgi.user-unfit`, when the proved subject cannot stand in a variable
    pub fn variables(&self, head: &request::Parts, length: Option<u64>) -> Result<Variables, Rejection> {
        let target = Target::of(head).map_err(reason::fault)?;
        let info = self.path_info(&target.path).ok_or_else(reason::not_here)?;
        let mut all = Variables(Vec::with_capacity(24 + self.extra.len() + head.headers.keys_len()));
        all.0.extend(self.extra.iter().map(|(name, value)| (name.clone().into(), value.clone())));
        self.about_the_script(&mut all, info);
        self.about_the_server(&mut all, &target);
        about_the_request(&mut all, head, length)?;
        about_the_client(&mut all, target.client);
        about_the_user(&mut all, head)?;
        header::add(&mut all, &head.headers, self.authorization)?;
        Ok(all)
    }

    fn about_the_script(&self, all: &mut Variables, info: &[u8]) {
        all.push("SCRIPT_FILENAME", self.script.as_os_str());
        all.push("SCRIPT_NAME", &*self.script_name);
        // RFC 3875 §4.1.5: absent and empty are the same; scripts under `set -u` want it to be there.
        all.bytes("PATH_INFO", info);
        let Some(root) = &self.document_root else { return };
        all.push("DOCUMENT_ROOT", root.as_os_str());
        let climbs = info.split(|b| *b == b'/').any(|segment| segment == b"..");
        // A door may let dot segments in, and then the script sees them; a file name is not made of them.
        if !info.is_empty() && !climbs {
            let mut file = root.as_os_str().as_bytes().to_vec();
            while file.last() == Some(&b'/') {
                file.pop();
            }
            file.extend_from_slice(info);
            all.push("PATH_TRANSLATED", OsString::from_vec(file));
        }
    }

    fn about_the_server(&self, all: &mut Variables, target: &Target<'_>) {
        let host = target.host.as_deref();
        let scheme = if target.https { "https" } else { "http" };
        let usual = if target.https { 443 } else { 80 };
        all.push("GATEWAY_INTERFACE", "CGI/1.1");
        all.push("SERVER_SOFTWARE", concat!("enfilade/", env!("CARGO_PKG_VERSION")));
        all.push("SERVER_NAME", host.map_or(&*self.server_name, Host::name));
        all.push("SERVER_PORT", host.and_then(Host::port).unwrap_or(usual).to_string());
        all.push("REQUEST_SCHEME", scheme);
        if target.https {
            all.push("HTTPS", "on");
        }
        if let Some(host) = host {
            all.push("HTTP_HOST", host.as_str());
        }
    }
}

fn about_the_request(
    all: &mut Variables,
    head: &request::Parts,
    length: Option<u64>,
) -> Result<(), Rejection> {
    all.push("REQUEST_METHOD", head.method.as_str());
    match head.version {
        Version::HTTP_11 => all.push("SERVER_PROTOCOL", "HTTP/1.1"),
        other => all.push("SERVER_PROTOCOL", format!("{other:?}")),
    }
    all.push("QUERY_STRING", head.uri.query().unwrap_or_default());
    let asterisk = head.method == Method::OPTIONS && head.uri.path() == "*";
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    all.push("REQUEST_URI", if asterisk { "*" } else { target });
    if let Some(length) = length {
        all.push("CONTENT_LENGTH", length.to_string());
    }
    let mut types = head.headers.get_all(CONTENT_TYPE).iter();
    if let Some(content_type) = types.next() {
        all.bytes("CONTENT_TYPE", content_type.as_bytes());
    }
    // Which of two the script believes is not what a check before it believed.
    if types.next().is_some() { Err(reason::repeated("content-type")) } else { Ok(()) }
}

fn about_the_client(all: &mut Variables, client: Option<ClientAddr>) {
    let Some(client) = client else { return };
    if let Some(address) = client.ip() {
        let address = address.to_string();
        // RFC 3875 §4.1.9: the address stands for a name that nobody looked up.
        all.push("REMOTE_HOST", &*address);
        all.push("REMOTE_ADDR", address);
    }
    match client {
        ClientAddr::Tcp(address) => all.push("REMOTE_PORT", address.port().to_string()),
        ClientAddr::Unix(_) => all.push("REMOTE_ADDR", "unix:"),
        _ => {}
    }
}

fn about_the_user(all: &mut Variables, head: &request::Parts) -> Result<(), Rejection> {
    if let Some(user) = User::of(&head.extensions).map_err(reason::fault)? {
        all.push("REMOTE_USER", user.subject);
        all.push("AUTH_TYPE", user.auth_type);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
