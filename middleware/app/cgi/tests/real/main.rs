//! Scripts that nobody here wrote: `git http-backend`, cgit, and pages made with Perl's CGI.pm.
//!
//! ```text
//! apt-get install git cgit libcgi-pm-perl      each test is skipped where its script is not installed
//! CGIT=…/cgit.cgi  PERL5LIB=…  LD_LIBRARY_PATH=…      for packages that are unpacked somewhere else
//! ```

mod cgit;
mod git;
mod home;
mod perl;
