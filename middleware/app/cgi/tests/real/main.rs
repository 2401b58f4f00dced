//! Scripts that nobody here wrote: `git http-backend`, cgit, and pages made with Perl's CGI.pm.
//!
//! ```text
//! apt-get install git cgit libcgi-pm-perl      ignored by `cargo test`, for a machine may lack them
//! CGIT=…/cgit.cgi  PERL5LIB=…  LD_LIBRARY_PATH=…      for packages that are unpacked somewhere else
//! ```

mod cgit;
mod git;
mod home;
mod perl;
