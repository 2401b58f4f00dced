//! The command `enfilade`.
//!
//! ```text
//! cli::main() ─▶ arguments ─▶ log ─▶ demo::run
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    enfilade::cli::main()
}
