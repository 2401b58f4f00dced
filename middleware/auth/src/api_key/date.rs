//! Dates as people write them into a key file: a day, or a second, in UTC (RFC 3339).
//!
//! ```text
//! 2027-01-31  =  2027-01-31T00:00:00Z  ──▶  seconds since 1970
//! ```

/// Seconds since 1970; `None` for anything but the two forms, and for a day that no calendar has.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = numbers(day, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let exists = year >= 1970
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let days =
        exists.then(|| days_before_year(year) - days_before_year(1970) + days_before(year, month) + day - 1);
    days.map(|days| ((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn numbers(text: &str, between: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(between);
    let mut read = |width| {
        let part =
            parts.next().filter(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))?;
        part.parse().ok()
    };
    let numbers = [read(widths[0])?, read(widths[1])?, read(widths[2])?];
    parts.next().is_none().then_some(numbers)
}

fn days_before_year(year: u64) -> u64 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400
}

fn days_before(year: u64, month: u64) -> u64 {
    (1..month).map(|month| days_in(year, month)).sum()
}

fn days_in(year: u64, month: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_seconds_are_read_and_nothing_else() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("2000-02-29T12:00:01Z", Some(951_825_601)),
            ("2026-11-24", Some(1_795_478_400)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("1969-12-31", None),
            ("2027-02-29", None),
            ("2100-02-29", None),
            ("2027-13-01", None),
            ("2027-00-01", None),
            ("2027-04-31", None),
            ("2027-1-1", None),
            ("2027-01-01T24:00:00Z", None),
            ("2027-01-01T00:00:60Z", None),
            ("2027-01-01T00:00:00", None),
            ("2027-01-01T00:00:00+01:00", None),
            ("2027-01-01-01", None),
            ("+027-01-01", None),
            ("1795478400", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
