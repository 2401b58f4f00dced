//! Where an app stands: the path below which it answers, and the name that it has where a request names none.
//!
//! ```text
//! /shop ── /shop/cart ─▶ script name /shop, then /cart        /shopping ─▶ not here
//! ```

use enfilade_core::{Host, gateway};
use http::HeaderValue;

use super::ConfigError;

/// Where an app stands.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    script_name: Box<str>,
    server_name: Box<str>,
}

impl Mount {
    /// Everywhere, as `localhost`.
    pub(crate) fn new() -> Self {
        Self { script_name: "".into(), server_name: "localhost".into() }
    }

    pub(crate) fn script_name(&self) -> &str {
        &self.script_name
    }

    pub(crate) fn server_name(&self) -> &str {
        &self.server_name
    }

    pub(crate) fn set_script_name(&mut self, name: &str) -> Result<(), ConfigError> {
        let fits = name.is_empty() || (name.starts_with('/') && !name.ends_with('/'));
        if !fits || name.contains('\0') {
            return Err(ConfigError::ScriptName(name.to_owned()));
        }
        self.script_name = name.into();
        Ok(())
    }

    pub(crate) fn set_server_name(&mut self, name: &str) -> Result<(), ConfigError> {
        let parsed = HeaderValue::from_str(name).ok().and_then(|name| Host::parse(&name));
        let host = parsed.filter(|host| host.port().is_none());
        self.server_name = host.ok_or_else(|| ConfigError::ServerName(name.to_owned()))?.name().into();
        Ok(())
    }

    /// What of a decoded path follows the script's name, by bytes; `None` if the path is not below it.
    pub(crate) fn path_info<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        gateway::path_info(&self.script_name, path)
    }
}
