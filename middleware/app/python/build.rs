//! Lets tests and examples find the libpython that they were built for.
//!
//! ```text
//! PYO3_PYTHON, VIRTUAL_ENV, python3 ──▶ its libpython ──▶ -rpath
//! ```

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_libpython_rpath_link_args();
}
