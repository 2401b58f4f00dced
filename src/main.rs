//! The command `enfilade`.

use std::process::ExitCode;

fn main() -> ExitCode {
    enfilade::cli::main()
}
