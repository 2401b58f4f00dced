//! No way back leads to another site, in any of the shapes that open redirects have taken.
//!
//! ```text
//! begin × scheme × host × end, some 10,000 of them ──▶ ReturnPath ──▶ what a browser makes of it is on our host
//! three units of twenty, and one more        ──▶ ReturnPath = the door's own verdict
//! ```

use enfilade_auth::ReturnPath;
use enfilade_server::PathRules;

const BEGIN: [&str; 32] = [
    "", "/", "//", "///", "////", "\\", "\\\\", "/\\", "\\/", "/\\/", "/\t/", "/\n/", "/\r/", "\t//", " //",
    "/ /", "/%09/", "//%09/", "/%0d/", "/%00/", "/%2f", "/%2f/", "/%2f%2f", "/%5c", "//%5c", "/%5c%5c", "/.",
    "/./", "/..//", "/<>//", "/;@", "%2f%2f",
];
const SCHEME: [&str; 10] = [
    "",
    "http:",
    "https:",
    "http://",
    "https://",
    "https:///",
    "https:/\\",
    "https:/%5c",
    "javascript:",
    "data:text/html,",
];
const HOST: [&str; 8] = [
    "evil.example",
    "shop.example@evil.example",
    "evil.example#@shop.example",
    "evil.example\\@shop.example",
    "evil%E3%80%82example",
    "evil\u{3002}example",
    "0xd83ad6ce",
    "[::ffff:192.0.2.1]",
];
const END: [&str; 5] = ["", "/", "//", "/%2f..", "/%2e%2e"];

#[test]
fn no_shape_of_an_open_redirect_leaves_this_site() {
    for begin in BEGIN {
        for scheme in SCHEME {
            for (host, end) in HOST.iter().flat_map(|host| END.map(|end| (host, end))) {
                let next = format!("{begin}{scheme}{host}{end}");
                let path = ReturnPath::parse(&next);
                assert!(is_on_our_host(path.as_str()), "{next:?} became {path}");
                // Whoever decodes once more than they should is safe, too.
                assert!(is_on_our_host(&decoded(path.as_str())), "{next:?} became {path}, decoded");
            }
        }
    }
}

/// Pieces that one rule or another is about; three of them in a row make every neighbourhood that a rule looks at.
const UNITS: [&str; 26] = [
    "/", "a", ".", "..", "%2e", "%2f", "%5c", "\\", ";", "%3b", "%3f", "%23", "%", "%2", "%25", "2", "f",
    "%32", "%66", "%41", "%00", "%7f", "%c3", "%a9", "é", "|",
];

#[test]
fn the_door_refuses_no_path_to_return_to_and_lets_in_all_that_are_kept() {
    let door = PathRules::new();
    let judge = |next: &str| {
        let path = ReturnPath::parse(next);
        assert!(door.canonical(path.as_str()).is_ok(), "{next:?} became {path}, which the door refuses");
        // A browser escapes what is not ASCII before the door sees it.
        let sent = next.replace('é', "%C3%A9");
        let kept = path.as_str() != "/" || next == "/";
        assert_eq!(kept, door.canonical(&sent).is_ok(), "{next:?} became {path}");
    };
    for a in UNITS {
        for b in UNITS {
            for c in UNITS {
                judge(&format!("/{a}{b}{c}"));
                judge(&format!("/a{a}{b}{c}a"));
            }
        }
    }
}

/// The URL standard on a reference to an `https` page: blanks and controls around it go, TAB, CR and LF anywhere,
/// `\` is `/`; what then begins with one slash is a path, with two a host, with a word and a colon a scheme.
fn is_on_our_host(reference: &str) -> bool {
    let reference = reference.trim_matches(|c: char| c <= ' ');
    let read: String = reference.chars().filter(|c| !"\t\r\n".contains(*c)).collect();
    let read = read.replace('\\', "/");
    read.starts_with('/') && !read.starts_with("//")
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.split('%');
    out.extend_from_slice(bytes.next().unwrap_or_default().as_bytes());
    for part in bytes {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(b'%'));
        out.extend_from_slice(&part.as_bytes()[if byte.is_some() { 2 } else { 0 }..]);
    }
    String::from_utf8_lossy(&out).into_owned()
}
