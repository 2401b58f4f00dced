//! Lets the command find the libpython that it is linked to; without the feature `python` there is nothing to do.
//!
//! ```text
//! enfilade-python's build script ── DEP_ENFILADE_PYTHON_LIBPYTHON ──▶ -rpath
//! ```

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    if let Ok(folder) = std::env::var("DEP_ENFILADE_PYTHON_LIBPYTHON") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
