//! The command `enfilade`.
//!
//! ```text
//! cli::main() ─▶ arguments ─▶ log ─┬─▶ demo::run
//!                                  └─▶ run::run, for `enfilade run APP`
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    enfilade::cli::main()
}
