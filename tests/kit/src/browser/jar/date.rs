//! The date of `Expires`, read as Chromium reads it (RFC 6265bis §5.1.1, but for years before 1601, which are long past): loose in form.
//!
//! ```text
//! Wed, 21 Oct 2026 07:28:00 GMT ── tokens ──▶ 07:28:00 · 21 · oct · 2026 ──▶ seconds since 1970
//! ```

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Seconds since 1970; `None` for what is no date.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        // The order matters: each token is the first of these that it can be and that is still missing.
        if time.is_none()
            && let Some(found) = time_of(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = digits(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = digits(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let ((hour, minute, second), day, month) = (time?, day?, month?);
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let in_range = (1..=31).contains(&day) && hour <= 23 && minute <= 59 && second <= 59;
    let days = days_since_1970(year, month, day);
    // The 31st of February: what comes out is another day than what went in.
    (in_range && day <= days_in(year, month)).then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

fn is_delimiter(c: char) -> bool {
    matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~')
}

fn time_of(token: &str) -> Option<(i64, i64, i64)> {
    let mut parts = token.splitn(3, ':').map(|part| digits(part, 1, 2));
    Some((parts.next()??, parts.next()??, parts.next()??))
}

fn month_of(token: &str) -> Option<i64> {
    let start = token.get(..3)?.to_ascii_lowercase();
    (1..).zip(MONTHS).find(|(_, name)| *name == start).map(|(number, _)| number)
}

/// A number of `least` to `most` digits, and whatever follows that is no digit.
fn digits(token: &str, least: usize, most: usize) -> Option<i64> {
    let count = token.bytes().take_while(u8::is_ascii_digit).count();
    (least..=most).contains(&count).then(|| token[..count].parse().ok())?
}

/// Howard Hinnant's `days_from_civil`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn days_in(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_since_1970(next_year, next_month, 1) - days_since_1970(year, month, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_browsers_read_is_one_moment() {
        let forms = [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "6 november 94 8:49:37x",
        ];
        for form in forms {
            assert_eq!(parse(form), Some(784_111_777), "{form}");
        }
        assert_eq!(parse("1 Jan 1970 00:00:00"), Some(0));
        assert_eq!(parse("29 Feb 2024 00:00:00"), Some(1_709_164_800));
    }

    #[test]
    fn what_is_out_of_range_or_incomplete_is_no_date() {
        let wrong = [
            "",
            "tomorrow",
            "30 Feb 2024 00:00:00",
            "29 Feb 2023 00:00:00",
            "1 Jan 2024 24:00:00",
            "1 Jan 2024",
        ];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
