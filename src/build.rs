//! Lets the command find the libpython that it was built for; without the feature `python` there is nothing to do.

fn main() {
    println!("cargo:rerun-if-changed=src/build.rs");
    #[cfg(feature = "python")]
    pyo3_build_config::add_libpython_rpath_link_args();
}
