//! Which bytes may stand where in `Set-Cookie` (RFC 6265 §4.1.1): what is let through cannot end its field.
//!
//! ```text
//! token=value; Path=/path; Domain=domain
//! ```

/// A `token` (RFC 9110 §5.6.2): a cookie's name.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// `cookie-value`: `cookie-octet`s, perhaps all within double quotes.
pub(crate) fn is_value(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(text).bytes().all(is_octet)
}

/// Visible ASCII but `"`, `,`, `;` and `\`.
fn is_octet(b: u8) -> bool {
    b.is_ascii_graphic() && !b"\",;\\".contains(&b)
}

/// An absolute path without `;` and control characters, at most [`ATTRIBUTE_MAX`] bytes.
pub(crate) fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= ATTRIBUTE_MAX
        && text.bytes().all(|b| (b == b' ' || b.is_ascii_graphic()) && b != b';')
        // Browsers strip blanks at the end, and the key of the cookie would be another than we think.
        && !text.ends_with(' ')
}

/// A DNS name of labels, each of letters, digits and hyphens (internationalised: in its `xn--` form).
pub(crate) fn is_domain(text: &str) -> bool {
    let text = text.strip_prefix('.').unwrap_or(text);
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// A browser ignores an attribute that is longer (RFC 6265bis §5.6).
const ATTRIBUTE_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_a_field_or_begin_an_attribute_is_refused() {
        for text in ["a;b", "a\r\nb", "a\0", "a b", "a,b", "a\\b", "a\"b", "\"a", "ä", "\"", "\"a\"b\""] {
            assert!(!is_value(text), "{text:?}");
        }
        for text in ["", "a", "a=b", "\"\"", "\"a=b\"", "a%20b", "{x:[1]}"] {
            assert!(is_value(text), "{text:?}");
        }
        for text in ["", "a=b", "a;b", "a b", "(a)", "a:b", "ä", "a\n"] {
            assert!(!is_token(text), "{text:?}");
        }
        for text in ["", "a", "/a;b", "/a\n", "/ä", "/a ", &format!("/{}", "a".repeat(1024))] {
            assert!(!is_path(text), "{text:?}");
        }
        for text in ["", ".", "a..b", "a b", "a;b", "ä.de", "a:1", &"a.".repeat(127)] {
            assert!(!is_domain(text), "{text:?}");
        }
        assert!(is_domain("example.com") && is_domain(".example.com") && is_path("/a b/c"));
    }
}
