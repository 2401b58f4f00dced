//! The sign-in form: read whole, small, and strict.
//!
//! ```text
//! application/x-www-form-urlencoded, at most 8 KiB, name and password once each, next at most once
//! ```

use bytes::Bytes;
use enfilade_auth::ReturnPath;
use enfilade_core::Rejection;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower::BoxError;

/// A password of 1,024 bytes, all percent-encoded, fits.
const MAX_FORM: usize = 8 * 1024;

/// What was typed. No `Debug`: it holds a password.
pub(super) struct SignInForm {
    /// The name.
    pub(super) name: String,
    /// The password.
    pub(super) password: String,
    /// Where to go then.
    pub(super) next: ReturnPath,
}

impl SignInForm {
    /// Reads the form.
    ///
    /// # Errors
    ///
    /// - 415 `sign-in.not-a-form` for another content type
    /// - 413 `sign-in.form-too-large`
    /// - 400 `sign-in.form-malformed` for a field that is missing or there twice, or a body that broke off
    pub(super) async fn read<B>(headers: &HeaderMap, body: B) -> Result<Self, Rejection>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "sign-in.not-a-form")
                .with_detail("send the sign-in form as application/x-www-form-urlencoded"));
        }
        let body = Limited::new(body, MAX_FORM).collect().await.map_err(|error| unread(&*error))?;
        Self::parse(&body.to_bytes()).ok_or_else(malformed)
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let (mut name, mut password, mut next) = (None, None, None);
        for (field, value) in form_urlencoded::parse(body) {
            let slot = match &*field {
                "name" => &mut name,
                "password" => &mut password,
                "next" => &mut next,
                _ => continue,
            };
            if slot.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        let next = ReturnPath::parse(next.as_deref().unwrap_or("/"));
        Some(Self { name: name?, password: password?, next })
    }
}

fn unread(error: &(dyn std::error::Error + 'static)) -> Rejection {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "sign-in.form-too-large")
                .with_detail("a name and a password are shorter than this");
        }
        // The server's body says by itself what is wrong: a deadline, its own limit.
        if let Some(rejection) = error.downcast_ref::<Rejection>() {
            return rejection.clone();
        }
        cause = error.source();
    }
    malformed()
}

fn malformed() -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "sign-in.form-malformed")
        .with_detail("the form needs a name and a password, once each")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_missing_or_there_twice_is_refused() {
        assert!(SignInForm::parse(b"name=ada").is_none());
        assert!(SignInForm::parse(b"name=ada&name=eve&password=x").is_none());
        assert!(SignInForm::parse(b"name=ada&password=x&password=y").is_none());
        let form = SignInForm::parse(b"name=ada&password=a%26b+c&next=%2Fdesk&extra=1").unwrap();
        assert_eq!((&*form.name, &*form.password, form.next.as_str()), ("ada", "a&b c", "/desk"));
    }

    #[test]
    fn a_way_back_to_another_site_becomes_the_front_page() {
        let form = SignInForm::parse(b"name=a&password=b&next=%2F%2Fevil.example").unwrap();
        assert_eq!(form.next.as_str(), "/");
    }
}
