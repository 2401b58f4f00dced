//! Lets tests and examples find the libpython that they were built for, and tells dependents' build scripts where it is.
//!
//! ```text
//! PYO3_PYTHON, VIRTUAL_ENV, python3 ──▶ its libpython ─┬─▶ -rpath
//!                                                      └─▶ DEP_ENFILADE_PYTHON_LIBPYTHON
//! ```

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_libpython_rpath_link_args();
    if let Some(folder) = pyo3_build_config::get().lib_dir() {
        println!("cargo::metadata=libpython={folder}");
    }
}
