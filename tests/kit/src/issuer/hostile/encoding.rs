//! base64url: padding, the other alphabet, blanks, bits that are left over, in each part.
//!
//! ```text
//! header and payload  signed as they stand here, so a lax decoder finds a good signature
//! signature           the right bytes, written wrong: one token would have many names
//! ```

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};

use super::{Forge, code, shape::split};
use crate::issuer::{Token, jws::base64url};

const STRICT: &str = "base64url without padding, blanks or bits left over (RFC 7515 §2): one token, one text";

/// Which part is written wrong.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Header,
    Payload,
    Signature,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn all(forge: &mut Forge<'_>) {
    for (place, part) in
        [("header", Part::Header), ("payload", Part::Payload), ("signature", Part::Signature)]
    {
        for (what, spoil) in faults() {
            if let Some(token) = spoiled(forge, part, spoil) {
                forge.refuse(code::MALFORMED, format!("base64/{what}-in-{place}"), STRICT, token);
            }
        }
    }
    let token = forge.good().sign();
    let [header, payload, signature] = split(&token);
    for (name, text) in [
        ("base64/blank-behind-it", format!("{token} ")),
        ("base64/line-break-behind-it", format!("{token}\n")),
        ("base64/tab-in-front", format!("\t{token}")),
        ("base64/nul-behind-it", format!("{token}\0")),
        ("base64/padding-behind-it", format!("{token}=")),
        ("base64/in-quotes", format!("\"{token}\"")),
        ("base64/percent-encoded", token.replace('.', "%2E")),
        ("base64/full-width-dots", token.replace('.', "．")),
        ("base64/not-ascii", format!("{header}.{payload}é.{signature}")),
        ("base64/twice", base64url(token.as_bytes())),
    ] {
        forge.refuse(code::MALFORMED, name, STRICT, text);
    }
}

type Spoil = fn(&[u8]) -> Option<String>;

/// From the bytes of a part to a wrong text of them; `None` when these bytes have no such text.
fn faults() -> [(&'static str, Spoil); 8] {
    [
        ("padding", |bytes| {
            Some(base64url(bytes) + &"=".repeat((3 - bytes.len() % 3) % 3)).filter(|t| t.ends_with('='))
        }),
        ("too-much-padding", |bytes| Some(base64url(bytes) + "====")),
        ("plus-and-slash", |bytes| {
            Some(BASE64_STANDARD_NO_PAD.encode(bytes)).filter(|t| t.contains(['+', '/']))
        }),
        ("standard-base64", |bytes| {
            Some(BASE64_STANDARD.encode(bytes)).filter(|t| t.contains(['+', '/', '=']))
        }),
        ("blank", |bytes| Some(inserted(bytes, ' '))),
        ("line-break", |bytes| Some(inserted(bytes, '\n'))),
        ("left-over-bits", |bytes| left_over(&base64url(bytes))),
        ("one-character-too-many", |bytes| Some(base64url(bytes) + "A").filter(|t| t.len() % 4 == 1)),
    ]
}

/// Looks for bytes of that part which can be written wrong in this way, and signs them so.
fn spoiled(forge: &Forge<'_>, part: Part, spoil: Spoil) -> Option<String> {
    // The claim brings characters of which the two alphabets differ; the number of them moves the end of the part.
    (0..24).find_map(|length| {
        let pad = "?>".repeat(length);
        let token = forge.good().header("x", &*pad).claim("x", &*pad);
        let texts = token.parts().map(|bytes| base64url(&bytes));
        let [header, payload] = match part {
            Part::Header => [spoil(&token.parts()[0])?, texts[1].clone()],
            Part::Payload => [texts[0].clone(), spoil(&token.parts()[1])?],
            Part::Signature => texts,
        };
        signed(&token, part, spoil, &format!("{header}.{payload}"))
    })
}

fn signed(token: &Token, part: Part, spoil: Spoil, input: &str) -> Option<String> {
    let signature = token.signer().sign(input.as_bytes());
    let text = if part == Part::Signature { spoil(&signature)? } else { base64url(&signature) };
    Some(format!("{input}.{text}"))
}

fn inserted(bytes: &[u8], what: char) -> String {
    let mut text = base64url(bytes);
    text.insert(text.len() / 2, what);
    text
}

/// The same bytes to a decoder that does not look at the bits which are left over.
fn left_over(text: &str) -> Option<String> {
    let last = text.bytes().last()?;
    let value = ALPHABET.iter().position(|c| *c == last)?;
    (text.len() % 4 >= 2).then(|| format!("{}{}", &text[..text.len() - 1], char::from(ALPHABET[value + 1])))
}
