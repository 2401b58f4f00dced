//! A CGI script as an app, with the settings of the command line.
//!
//! ```text
//! RunArgs · path ─▶ CgiService, or what is wrong with either
//! ```

use std::{path::Path, time::Duration};

use enfilade_cgi::CgiService;

use super::RunError;
use crate::cli::RunArgs;

/// How long a process may take, in seconds, unless something else is said.
const DEADLINE: u64 = 600;

/// The script as a service.
///
/// # Errors
///
/// When it is not there or not executable, or when a setting cannot work.
pub fn script(args: &RunArgs, path: &Path) -> Result<CgiService, RunError> {
    let mut app = CgiService::new(path)?
        .with_script_name(&args.script_name)?
        .with_deadline(Duration::from_secs(args.deadline.unwrap_or(DEADLINE)));
    let args = &args.cgi;
    if let Some(root) = &args.document_root {
        app = app.with_document_root(root)?;
    }
    for (name, value) in &args.env {
        app = app.with_env(name, value)?;
    }
    if let Some(processes) = args.max_running {
        app = app.with_max_running(processes.try_into().unwrap_or(usize::MAX));
    }
    if args.insecure_pass_authorization {
        app = app.insecure_pass_authorization();
    }
    Ok(app)
}
