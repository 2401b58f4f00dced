//! How a subject is shown in logs and trails: quoted, escaped, and no longer than a line.
//!
//! ```text
//! ada  ──▶  "ada"        64 KB of it  ──▶  the first 64 characters and …
//! ```

use enfilade_core::Principal;

const LONGEST: usize = 64;

/// The subject of a principal, fit for one line.
pub(crate) fn subject_of(who: &Principal) -> String {
    match who.subject().char_indices().nth(LONGEST) {
        _ if who.is_anonymous() => "an anonymous request".to_owned(),
        None => format!("{:?}", who.subject()),
        Some((end, _)) => format!("{:?}…", &who.subject()[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_short_line() {
        assert_eq!(subject_of(&Principal::new("a\r\nb\"")), r#""a\r\nb\"""#);
        assert_eq!(subject_of(&Principal::new("ä".repeat(64))).chars().count(), 66);
        assert_eq!(subject_of(&Principal::new("ä".repeat(65536))).chars().count(), 67);
        assert_eq!(subject_of(&Principal::anonymous()), "an anonymous request");
    }
}
