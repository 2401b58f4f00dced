//! The site: what an environment is made of besides the request.
//!
//! ```text
//! script /srv/report.cgi   name /report.cgi   document root   server name   the operator's variables
//! ```

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use enfilade_core::gateway;

/// What an environment is made of besides the request.
#[derive(Clone, Debug)]
pub struct Site {
    pub(crate) script: PathBuf,
    pub(crate) script_name: Box<str>,
    pub(crate) document_root: Option<PathBuf>,
    pub(crate) server_name: Box<str>,
    pub(crate) extra: Vec<(OsString, OsString)>,
    pub(crate) authorization: bool,
}

impl Site {
    /// A script, by its absolute path, and the path below which it answers: `""` for all, or such as `/report.cgi`.
    pub fn new(script: impl Into<PathBuf>, script_name: &str) -> Self {
        Self {
            script: script.into(),
            script_name: script_name.into(),
            document_root: None,
            server_name: "localhost".into(),
            extra: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
            authorization: false,
        }
    }

    /// The script.
    pub fn script(&self) -> &Path {
        &self.script
    }

    /// What of a decoded path follows the script's name, by bytes; `None` if the path is not below it.
    pub(crate) fn path_info<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        gateway::path_info(&self.script_name, path)
    }
}
