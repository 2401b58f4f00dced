//! What a `Set-Cookie` line sets, read as a browser reads it (RFC 6265bis §5.6).
//!
//! ```text
//! sid=7; Path=/; HttpOnly; SameSite=Lax      two lines for one name, domain and path: the last one counts
//! ```

use super::{
    header::{HasHeaders, found},
    table::Table,
};

/// Asserts that a response sets a cookie, removes one, or does not.
///
/// ```
/// use enfilade_test::{Answer, Drive, Probe, assert_set_cookie};
///
/// let answer = Answer::ok()
///     .header("set-cookie", "sid=7; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax")
///     .header("set-cookie", "old=; Path=/; Max-Age=0");
/// let reply = Drive::service(Probe::ok().respond(answer).service()).get("/").send();
///
/// assert_set_cookie!(reply, "sid");
/// assert_set_cookie!(reply, "sid" = "7");
/// assert_set_cookie!(reply, "sid" = 7; Path = "/", HttpOnly, Secure, SameSite = "Lax", no Domain);
/// assert_set_cookie!(reply, "sid"; Max-Age = 3600, Path = "/", HttpOnly, Secure, SameSite = "Lax", nothing else);
/// assert_set_cookie!(reply, "old" removed; Path = "/");
/// assert_set_cookie!(reply, "theme" not set);
/// ```
///
/// After the semicolon stand attributes: `Path`, `Domain`, `Expires`, `Max-Age`, `SameSite`, `Priority` with a value,
/// `HttpOnly`, `Secure`, `Partitioned` without; `no Secure` says that one is absent; those not named may be there,
/// unless `nothing else` ends the list. `SameSite` and `Domain` are compared in any case. A cookie is removed by a
/// `Max-Age` of zero or less, or without one by an `Expires` in 1970. A name that is no literal stands in parentheses.
#[macro_export]
macro_rules! assert_set_cookie {
    ($from:expr, $name:tt not set $(,)?) => {
        $crate::assert::set_cookie_absent(&$from, ::core::convert::AsRef::<str>::as_ref(&$name))
    };
    ($from:expr, $name:tt removed $(; $($attributes:tt)*)?) => {
        $crate::assert::set_cookie(
            &$from,
            $crate::__set_cookie_attributes!(($crate::assert::CookieTest::new(&$name).removed()) $($($attributes)*)?),
        )
    };
    ($from:expr, $name:tt = $value:expr $(; $($attributes:tt)*)?) => {
        $crate::assert::set_cookie(
            &$from,
            $crate::__set_cookie_attributes!(($crate::assert::CookieTest::new(&$name).value($value)) $($($attributes)*)?),
        )
    };
    ($from:expr, $name:tt $(; $($attributes:tt)*)?) => {
        $crate::assert::set_cookie(
            &$from,
            $crate::__set_cookie_attributes!(($crate::assert::CookieTest::new(&$name)) $($($attributes)*)?),
        )
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "write `assert_set_cookie!(reply, \"name\" = \"value\"; Path = \"/\", HttpOnly)`, `… \"name\" removed` or `… \"name\" not set`"
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __set_cookie_attributes {
    (($test:expr)) => {
        $test
    };
    (($test:expr) nothing else $(,)?) => {
        $test.nothing_else()
    };
    (($test:expr) no Max-Age $(, $($rest:tt)*)?) => {
        $crate::__set_cookie_attributes!(($test.without("Max-Age")) $($($rest)*)?)
    };
    (($test:expr) Max-Age = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__set_cookie_attributes!(($test.attribute("Max-Age", $value)) $($($rest)*)?)
    };
    (($test:expr) no $name:ident $(, $($rest:tt)*)?) => {
        $crate::__set_cookie_attributes!(($test.without($crate::__set_cookie_attribute!($name))) $($($rest)*)?)
    };
    (($test:expr) $name:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__set_cookie_attributes!(($test.attribute($crate::__set_cookie_attribute!($name), $value)) $($($rest)*)?)
    };
    (($test:expr) $name:ident $(, $($rest:tt)*)?) => {
        $crate::__set_cookie_attributes!(($test.flag($crate::__set_cookie_attribute!($name))) $($($rest)*)?)
    };
    (($test:expr) $($other:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "write `Path = \"/\"`, `HttpOnly`, `no Domain` or `nothing else`, divided by commas, not `",
            ::core::stringify!($($other)+),
            "`"
        ))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __set_cookie_attribute {
    (Path) => {
        "Path"
    };
    (Domain) => {
        "Domain"
    };
    (Expires) => {
        "Expires"
    };
    (SameSite) => {
        "SameSite"
    };
    (Priority) => {
        "Priority"
    };
    (HttpOnly) => {
        "HttpOnly"
    };
    (Secure) => {
        "Secure"
    };
    (Partitioned) => {
        "Partitioned"
    };
    ($other:ident) => {
        ::core::compile_error!(::core::concat!(
            "`",
            ::core::stringify!($other),
            "` is no attribute of Set-Cookie: \
            Path, Domain, Expires, Max-Age, SameSite, Priority, HttpOnly, Secure, Partitioned"
        ))
    };
}

/// What a test expects of a line.
#[derive(Debug)]
#[must_use]
pub struct CookieTest {
    name: String,
    value: Option<String>,
    removed: bool,
    attributes: Vec<(&'static str, Expected)>,
    nothing_else: bool,
}

#[derive(Debug)]
enum Expected {
    Value(String),
    Flag,
    Absent,
}

impl CookieTest {
    /// Of this name.
    pub fn new(name: impl ToString) -> Self {
        let name = name.to_string();
        Self { name, value: None, removed: false, attributes: Vec::new(), nothing_else: false }
    }

    /// With this value.
    pub fn value(mut self, value: impl ToString) -> Self {
        self.value = Some(value.to_string());
        self
    }

    /// That removes the cookie.
    pub fn removed(mut self) -> Self {
        self.removed = true;
        self
    }

    /// With an attribute that has this value.
    pub fn attribute(mut self, name: &'static str, value: impl ToString) -> Self {
        self.attributes.push((name, Expected::Value(value.to_string())));
        self
    }

    /// With an attribute, whatever its value.
    pub fn flag(mut self, name: &'static str) -> Self {
        self.attributes.push((name, Expected::Flag));
        self
    }

    /// Without an attribute.
    pub fn without(mut self, name: &'static str) -> Self {
        self.attributes.push((name, Expected::Absent));
        self
    }

    /// Without attributes that were not named.
    pub fn nothing_else(mut self) -> Self {
        self.nothing_else = true;
        self
    }

    fn compare(&self, line: &Line) -> Table {
        let mut table = Table::default();
        let value = self.value.as_deref();
        table.row(
            "value",
            value.unwrap_or("(any)"),
            &line.value,
            value.is_some_and(|value| value != line.value),
        );
        let ends = if line.removes() { "removed" } else { "set" };
        let expected = if self.removed { "removed" } else { "set" };
        if self.removed || ends != expected {
            table.compare("cookie", expected, ends);
        }
        for (name, expected) in &self.attributes {
            compare(&mut table, name, expected, line.attribute(name));
        }
        if self.nothing_else {
            let named =
                |name: &str| self.attributes.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
            for (name, value) in line.attributes.iter().filter(|(name, _)| !named(name)) {
                table.row(name, ABSENT, shown(Some(value)), true);
            }
        }
        table
    }
}

const ABSENT: &str = "(absent)";
const PRESENT: &str = "(present)";

fn compare(table: &mut Table, name: &str, expected: &Expected, found: Option<&str>) {
    let shown = shown(found);
    match expected {
        Expected::Absent => table.row(name, ABSENT, shown, found.is_some()),
        Expected::Flag => table.row(name, PRESENT, shown, found.is_none()),
        Expected::Value(value) => {
            let same = match name {
                "SameSite" | "Priority" => shown.eq_ignore_ascii_case(value),
                // A leading dot means nothing (RFC 6265bis §5.6.3).
                "Domain" => shown.trim_start_matches('.').eq_ignore_ascii_case(value.trim_start_matches('.')),
                _ => shown == value,
            };
            table.row(name, value, shown, !same);
        }
    }
}

fn shown(attribute: Option<&str>) -> &str {
    match attribute {
        None => ABSENT,
        Some("") => PRESENT,
        Some(value) => value,
    }
}

/// The check behind [`assert_set_cookie!`].
///
/// # Panics
///
/// If no line is as expected.
#[track_caller]
pub fn set_cookie(from: &impl HasHeaders, test: CookieTest) {
    let lines = kept(from);
    let of_name = lines.iter().filter(|line| line.name == test.name);
    let nearest = of_name.map(|line| test.compare(line)).min_by_key(Table::differences);
    let table = nearest.unwrap_or_else(|| {
        let mut table = Table::default();
        table.row("cookies", &test.name, &names(&lines), true);
        table
    });
    table.check(&format!("expected of the cookie `{}`", test.name));
}

/// The check behind `assert_set_cookie!(x, "…" not set)`.
///
/// # Panics
///
/// If a line names it, be it to remove it.
#[track_caller]
pub fn set_cookie_absent(from: &impl HasHeaders, name: &str) {
    let lines = kept(from);
    let mut table = Table::default();
    for line in lines.iter().filter(|line| line.name == name) {
        table.row(name, "(no line)", if line.removes() { "removed" } else { &line.value }, true);
    }
    table.check("expected no Set-Cookie line of this name");
}

fn names(lines: &[Line]) -> String {
    let names: Vec<_> = lines.iter().map(|line| line.name.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The lines that a browser would keep.
fn kept(from: &impl HasHeaders) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::new();
    for line in found(from, "set-cookie").iter().map(|line| Line::parse(line)) {
        kept.retain(|before| before.key() != line.key());
        kept.push(line);
    }
    kept
}

struct Line {
    name: String,
    value: String,
    /// Those without a value have an empty one.
    attributes: Vec<(String, String)>,
}

impl Line {
    fn parse(line: &str) -> Self {
        let mut parts = line.split(';').map(str::trim);
        let pair = parts.next().unwrap_or_default();
        // Without `=` it is a cookie without a name.
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let attributes = parts.filter(|part| !part.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        });
        Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            attributes: attributes.collect(),
        }
    }

    /// The last attribute of a name counts.
    fn attribute(&self, name: &str) -> Option<&str> {
        let mut found = self.attributes.iter().rev().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    fn removes(&self) -> bool {
        match self.attribute("Max-Age").and_then(|age| age.parse::<i64>().ok()) {
            Some(age) => age <= 0,
            None => self.attribute("Expires").is_some_and(|date| date.contains("1970")),
        }
    }

    /// What a browser tells two cookies apart by.
    fn key(&self) -> (String, Option<String>, Option<String>) {
        let domain = self.attribute("Domain").map(|domain| domain.trim_start_matches('.'));
        let path = self.attribute("Path").map(str::to_owned);
        (self.name.clone(), domain.map(str::to_ascii_lowercase), path)
    }
}
