//! How an app's task ends.
