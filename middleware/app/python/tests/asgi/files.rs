//! Files by their path.
