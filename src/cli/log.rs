//! Where log lines go: standard error, as text or as JSON; `ENFILADE_LOG` says which.
//!
//! ```text
//! ENFILADE_LOG=warn,access=info     a level, or target=level, joined by commas
//! ```

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How log lines look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// One line for people
    Text,
    /// One JSON object a line
    Json,
}

/// Starts the log. Called once, before anything else.
pub(super) fn start(format: LogFormat) {
    let wanted = std::env::var("ENFILADE_LOG").ok();
    let parsed = wanted.as_deref().map(str::parse::<Targets>);
    let targets = match &parsed {
        Some(Ok(targets)) => targets.clone(),
        _ => Targets::new().with_default(tracing::Level::INFO),
    };
    let lines = match format {
        LogFormat::Text => {
            let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            fmt::layer().with_writer(io::stderr).with_ansi(colours).boxed()
        }
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(io::stderr).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
    if let Some(Err(error)) = parsed {
        let _ = writeln!(io::stderr(), "enfilade: ENFILADE_LOG is not understood ({error}); logging at info");
    }
}
