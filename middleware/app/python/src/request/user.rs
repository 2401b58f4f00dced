//! Who the request is proved to be, in the words that apps know from CGI: never from a header field.
//!
//! ```text
//! Principal ada, by Basic ─▶ REMOTE_USER ada, AUTH_TYPE Basic      anonymous, or no Auth link ─▶ neither
//! ```

use enfilade_core::{AuthMethod, Principal};
use http::Extensions;

use super::Fault;

/// A proved user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct User<'a> {
    pub(crate) subject: &'a str,
    pub(crate) auth_type: &'static str,
}

impl<'a> User<'a> {
    /// The user, if one is proved.
    pub(crate) fn of(extensions: &'a Extensions) -> Result<Option<Self>, Fault> {
        let proved = Principal::of(extensions).filter(|who| !who.is_anonymous());
        let Some(who) = proved else { return Ok(None) };
        let subject = who.subject();
        // Cut off at a NUL it would be somebody else, and an empty one is nobody.
        if subject.is_empty() || subject.contains('\0') {
            return Err(Fault::User);
        }
        let auth_type = match who.method() {
            AuthMethod::Basic => "Basic",
            AuthMethod::Bearer => "Bearer",
            other => other.as_str(),
        };
        Ok(Some(Self { subject, auth_type }))
    }
}
