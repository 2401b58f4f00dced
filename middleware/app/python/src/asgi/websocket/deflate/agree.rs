//! What client and server agree on, from the client's offers (RFC 7692 §7.1): the first that we can keep.
//!
//! ```text
//! permessage-deflate; server_max_window_bits=10, permessage-deflate ─▶ Agreed { server_window: 10, … }
//!   a parameter that is unknown, doubled or out of range ─▶ the next offer        none left ─▶ no compression
//! ```

use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};

use super::{Deflater, Inflater};

/// Bits of our window where the client does not ask for less: 4 KiB of history hold what chats repeat, and cost an
/// eighth of the memory that the largest would.
const WINDOW: u8 = 12;

/// The parameters of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::asgi::websocket) struct Agreed {
    server_takeover: bool,
    client_takeover: bool,
    server_window: u8,
}

impl Agreed {
    /// From all `Sec-WebSocket-Extensions` fields.
    pub(in crate::asgi::websocket) fn of(headers: &HeaderMap) -> Option<Self> {
        let fields = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).iter();
        fields.filter_map(|field| field.to_str().ok()).flat_map(|field| field.split(',')).find_map(offer)
    }

    /// The answer.
    pub(in crate::asgi::websocket) fn header(self) -> HeaderValue {
        let mut text = String::from("permessage-deflate");
        if !self.server_takeover {
            text.push_str("; server_no_context_takeover");
        }
        if !self.client_takeover {
            text.push_str("; client_no_context_takeover");
        }
        let _ = write!(text, "; server_max_window_bits={}", self.server_window);
        HeaderValue::try_from(text).expect("names and digits")
    }

    pub(in crate::asgi::websocket) fn deflater(self) -> Deflater {
        Deflater::new(self.server_takeover, self.server_window)
    }

    pub(in crate::asgi::websocket) fn inflater(self) -> Inflater {
        Inflater::new(self.client_takeover)
    }
}

/// No extension's parameters hold a comma or a semicolon but as separators, save in quotes, and then they are no numbers.
fn offer(text: &str) -> Option<Agreed> {
    let mut parts = text.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("permessage-deflate") {
        return None;
    }
    let (mut server_takeover, mut client_takeover) = (None, None);
    let (mut server_window, mut client_window) = (None, None);
    for parameter in parts {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
            None => (parameter, None),
        };
        let before = match (name.to_ascii_lowercase().as_str(), value) {
            ("server_no_context_takeover", None) => server_takeover.replace(false).map(u8::from),
            ("client_no_context_takeover", None) => client_takeover.replace(false).map(u8::from),
            ("server_max_window_bits", Some(value)) => server_window.replace(bits(value)?),
            ("client_max_window_bits", None) => client_window.replace(15),
            ("client_max_window_bits", Some(value)) => client_window.replace(bits(value)?),
            _ => return None,
        };
        if before.is_some() {
            return None;
        }
    }
    // zlib cannot deflate with a window of 8 bits; it inflates any with one of 15, so the client's is its own to choose.
    if server_window == Some(8) {
        return None;
    }
    Some(Agreed {
        server_takeover: server_takeover.unwrap_or(true),
        client_takeover: client_takeover.unwrap_or(true),
        server_window: server_window.unwrap_or(WINDOW).min(WINDOW),
    })
}

fn bits(value: &str) -> Option<u8> {
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    value.parse().ok().filter(|bits| plain && (8..=15).contains(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_offer_that_can_be_kept_is_agreed_on() {
        let table: [(&[&str], Option<&str>); 14] = [
            (&["permessage-deflate"], Some("permessage-deflate; server_max_window_bits=12")),
            (
                &["Permessage-Deflate ; Server_No_Context_Takeover"],
                Some("permessage-deflate; server_no_context_takeover; server_max_window_bits=12"),
            ),
            (
                &["permessage-deflate;client_max_window_bits"],
                Some("permessage-deflate; server_max_window_bits=12"),
            ),
            (
                &["permessage-deflate; server_max_window_bits=\"9\""],
                Some("permessage-deflate; server_max_window_bits=9"),
            ),
            (
                &["permessage-deflate; server_max_window_bits=15"],
                Some("permessage-deflate; server_max_window_bits=12"),
            ),
            (&["permessage-deflate; server_max_window_bits=8"], None),
            (
                &["permessage-deflate; server_max_window_bits=8, permessage-deflate"],
                Some("permessage-deflate; server_max_window_bits=12"),
            ),
            (
                &["x", "permessage-deflate; client_no_context_takeover"],
                Some("permessage-deflate; client_no_context_takeover; server_max_window_bits=12"),
            ),
            (&["permessage-deflate; server_max_window_bits=09"], None),
            (&["permessage-deflate; server_max_window_bits=+9"], None),
            (&["permessage-deflate; client_no_context_takeover; client_no_context_takeover"], None),
            (&["permessage-deflate; x"], None),
            (&["permessage-deflate;"], None),
            (&[""], None),
        ];
        for (fields, expected) in table {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(field));
            }
            let agreed = Agreed::of(&headers).map(Agreed::header);
            assert_eq!(agreed.as_ref().and_then(|value| value.to_str().ok()), expected, "{fields:?}");
        }
    }
}
