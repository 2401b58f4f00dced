//! Whether a `tracestate` is one: a pure function over the bytes of its fields.
//!
//! ```text
//! list   = member *( "," member )     at most 32 members and 512 bytes, blanks around each, empty ones allowed
//! member = key "=" value              key: a-z 0-9 first, then also _ - * / @, at most 256
//!                                     value: visible ASCII and inner blanks without , and =, at most 256
//! ```

/// Members of a list at most (W3C Trace Context §3.3.1.1).
const MOST_MEMBERS: usize = 32;
/// Bytes of all fields, joined by commas. The standard asks to hand on at least these (§3.3.1.5).
const MOST_BYTES: usize = 512;
/// Bytes of a key, and of a value.
const MOST_PART: usize = 256;

/// Whether these fields together are a `tracestate` that may be handed on. No field at all is one.
pub fn is_valid<'a>(fields: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut members, mut bytes) = (0, 0);
    for field in fields {
        bytes += field.len() + usize::from(bytes > 0);
        if bytes > MOST_BYTES {
            return false;
        }
        for member in field.split(|byte| *byte == b',') {
            let member = trimmed(member);
            if !member.is_empty() {
                members += 1;
                if members > MOST_MEMBERS || !is_member(member) {
                    return false;
                }
            }
        }
    }
    true
}

/// Without the blanks that may stand around a member of a list (RFC 9110 §5.6.1).
fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

fn is_member(member: &[u8]) -> bool {
    let Some(equals) = member.iter().position(|byte| *byte == b'=') else { return false };
    let (key, value) = (&member[..equals], &member[equals + 1..]);
    let first = key.first().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    first && key.len() <= MOST_PART && key.iter().copied().all(is_key) && is_value(value)
}

fn is_key(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@')
}

/// The blanks behind it are those of the list, and gone already.
fn is_value(value: &[u8]) -> bool {
    (1..=MOST_PART).contains(&value.len())
        && value.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(fields: &[&str]) -> bool {
        is_valid(fields.iter().map(|field| field.as_bytes()))
    }

    /// Members of seven or eight bytes, so that a list of 32 is within 512.
    fn members(count: usize) -> String {
        (0..count).map(|at| format!("bar{at:02}=1")).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn what_the_standard_allows_may_be_handed_on() {
        let (key, value) = (format!("{}=1", "z".repeat(256)), format!("a={}", "v".repeat(256)));
        let exactly = format!("{}=1,b={}", "z".repeat(253), "v".repeat(254));
        assert_eq!(exactly.len(), 512);
        for fields in [
            &[][..],
            &[""],
            &["foo=1"],
            &["foo=1,bar=2"],
            &["foo=1 \t , \t bar=2, \t baz=3"],
            &["foo=1\t \t,\t \tbar=2,\t \tbaz=3"],
            &["foo=1", "bar=2,baz=3"],
            // Empty members, and one key twice: level 2 leaves both as they are.
            &["foo=1,", "", ",bar=2"],
            &["foo=1,foo=1,foo=2"],
            // Keys: of several tenants, and beginning with a digit since level 2.
            &["fw529a3039@dt=FfAAAA,0=1,a-_*/@9=x"],
            &["foo-_*/bar=bar4"],
            &["foo= a b ;:'\"!"],
            &[&key],
            &[&value],
            &[&exactly],
            &[&members(32)],
            &[&members(16), &members(16)],
        ] {
            assert!(valid(fields), "{fields:?}");
        }
    }

    #[test]
    fn what_it_forbids_may_not() {
        let (key, value) = (format!("{}=1", "z".repeat(257)), format!("a={}", "v".repeat(257)));
        let too_long = format!("{}=1,b={}", "z".repeat(253), "v".repeat(255));
        for fields in [
            &["foo"][..],
            &["foo="],
            &["foo= \t"],
            &["=1"],
            &[" =1"],
            &["foo =1"],
            &["FOO=1"],
            &["foo.bar=1"],
            &["foo@bar=1,@=1"],
            &["@foo=1"],
            &["_foo=1"],
            &["foo=1=2"],
            &["foo=1;bar=2=3"],
            &["foo=\u{e9}"],
            &["foo=a\tb"],
            &["foo=1", "bar"],
            &[&key],
            &[&value],
            &[&too_long],
            &[&members(33)],
            &[&members(17), &members(16)],
        ] {
            assert!(!valid(fields), "{fields:?}");
        }
    }
}
