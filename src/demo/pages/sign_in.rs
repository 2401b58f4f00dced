//! The sign-in page: a name, a password, and where to go then.
//!
//! ```text
//! Name [        ]  Password [        ]  ( Sign in )      a wrong pair: the form again, with the name kept
//! ```

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Escaped, page};

/// The form; `problem` is what went wrong with the last try, `name` what was typed then.
pub(in crate::demo) fn sign_in(
    status: StatusCode,
    next: &str,
    name: &str,
    problem: Option<&str>,
) -> Response<Bytes> {
    let alert = problem.map_or(String::new(), |problem| {
        format!("<p class=\"alert\" role=\"alert\" id=\"problem\">{}</p>\n", Escaped(problem))
    });
    let described = if problem.is_some() { " aria-describedby=\"problem\"" } else { "" };
    // A retry puts the cursor where the mistake most likely is.
    let (focus_name, focus_password) = if name.is_empty() { (" autofocus", "") } else { ("", " autofocus") };
    let main = format!(
        "<div class=\"card narrow\">\n<h1>Sign in</h1>\n\
         <p class=\"soft\">Names and passwords were printed where this demo was started.</p>\n{alert}\
         <form method=\"post\" action=\"/sign-in\">\n\
         <input type=\"hidden\" name=\"next\" value=\"{next}\">\n\
         <label for=\"name\">Name</label>\n\
         <input id=\"name\" name=\"name\" value=\"{name}\" autocomplete=\"username\" autocapitalize=\"none\" \
         spellcheck=\"false\" required{focus_name}{described}>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" \
         required{focus_password}{described}>\n\
         <button class=\"wide\" type=\"submit\">Sign in</button>\n</form>\n</div>",
        next = Escaped(next),
        name = Escaped(name),
    );
    page(status, "Sign in", &main)
}
