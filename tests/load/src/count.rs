//! Instructions: this program once more, under valgrind, which writes a sum each time that [`counted`] has run.
//!
//! ```text
//! enfilade-load ── valgrind --dump-after=counted enfilade-load --counted ──▶ one file each, in order
//! ```
//!
//! They repeat from run to run. Valgrind shows no SHA extensions to the program, so what hashes is overstated.

use std::{env, error::Error, fs, process::Command};

use crate::measure::Pair;

/// Says that this is the run under valgrind.
pub(crate) const COUNTED: &str = "--counted";

const TIMES: u32 = 64;

/// What each call of [`counted`] took for one time, in order; nothing without valgrind.
pub(crate) fn of_all() -> Result<Vec<u64>, Box<dyn Error>> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Ok(Vec::new());
    }
    let dir = env::temp_dir().join(format!("enfilade-load-{}", std::process::id()));
    fs::create_dir(&dir)?;
    let status = Command::new("valgrind")
        .args(["-q", "--tool=callgrind", "--collect-atstart=no"])
        .args([
            concat!("--toggle-collect=", module_path!(), "::counted"),
            concat!("--dump-after=", module_path!(), "::counted"),
        ])
        .arg(format!("--callgrind-out-file={}", dir.join("out").display()))
        .arg(env::current_exe()?)
        .arg(COUNTED)
        .status()?;
    if !status.success() {
        return Err("the run under valgrind failed".into());
    }
    let mut sums = Vec::new();
    while let Ok(text) = fs::read_to_string(dir.join(format!("out.{}", sums.len() + 1))) {
        let sum =
            text.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
        sums.push(sum.ok_or("valgrind wrote no sum")?.trim().parse::<u64>()? / u64::from(TIMES));
    }
    fs::remove_dir_all(dir)?;
    if sums.is_empty() { Err("valgrind counted nothing: is the program stripped?".into()) } else { Ok(sums) }
}

impl Pair {
    pub(crate) fn count(mut self) {
        for what in [&mut self.base, &mut self.whole] {
            what();
            counted(what);
        }
    }
}

/// Valgrind knows it by its name.
#[inline(never)]
fn counted(what: &mut dyn FnMut()) {
    for _ in 0..TIMES {
        std::hint::black_box(&mut *what)();
    }
}
