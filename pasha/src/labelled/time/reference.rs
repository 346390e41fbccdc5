//! The point in time from which units count: the date after `since`.

use super::calendar::Calendar;
use super::{DAY, SECOND};

/// Nanoseconds from 1970-01-01 of the calendar to a date, with a time of day and an offset from UTC
/// where they are given, in ISO 8601 or nearly so; or what is wrong with it.
///
/// It reads what UDUNITS, cftime and pandas read: `2000-1-1 0:0:0.0`, `20000101`, `2000`,
/// `2000-01-01 12`, `2000-01-01T00:00:00Z`, `2000-01-01 00:00 +05:30`.
pub(super) fn parse(text: &str, calendar: Calendar) -> Result<i128, String> {
    let mut text = text.trim();
    for zone in ["UTC", "GMT", "Z", "z"] {
        text = text.strip_suffix(zone).unwrap_or(text).trim_end();
    }
    // The date ends at white space, a sign of an offset, or a `T` after a digit.
    let mut last = ' ';
    let date_end = text.char_indices().find(|&(at, letter)| {
        let is_end = match letter {
            'T' | 't' => last.is_ascii_digit(),
            '+' => at > 0,
            letter => letter.is_whitespace(),
        };
        last = letter;
        is_end
    });
    let date_end = date_end.map_or(text.len(), |(at, _)| at);
    let (date, rest) = text.split_at(date_end);
    let rest = rest.trim_start().trim_start_matches(['T', 't']).trim();
    let (time, offset) = match rest.rfind(['+', '-']) {
        Some(at) => (rest[..at].trim_end(), Some(rest[at..].split_at(1))),
        None => (rest, None),
    };
    let offset = match offset {
        None => 0,
        Some(("-", offset)) => -time_of_day(offset.trim())?,
        Some((_, offset)) => time_of_day(offset.trim())?,
    };
    Ok(self::date(date, calendar)? * DAY + time_of_day(time)? - offset)
}

/// Days from 1970-01-01 of the calendar to a date.
fn date(text: &str, calendar: Calendar) -> Result<i128, String> {
    let unclear = || format!("{text:?} is no date such as 2000-12-31");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_compact = digits.len() == 8 && digits.bytes().all(|letter| letter.is_ascii_digit());
    let fields: Vec<&str> = match is_compact {
        true => vec![&digits[..4], &digits[4..6], &digits[6..]],
        false => digits.split('-').collect(),
    };
    let field = |at: usize, most: usize| match fields.get(at) {
        None => Ok(1),
        Some(field) => number(field, most).ok_or_else(unclear),
    };
    if fields.len() > 3 {
        return Err(unclear());
    }
    // Two digits are a year of the first century: nobody can know better.
    let (year, month, day) = (sign * field(0, 4)?, field(1, 2)?, field(2, 2)?);
    calendar.days_to(year, month, day).map_err(|reason| format!("{text:?}: {reason}"))
}

/// Nanoseconds from midnight to `hh:mm:ss.s`, of which the last may be missing.
fn time_of_day(text: &str) -> Result<i128, String> {
    let unclear = || format!("{text:?} is no time of day such as 23:59:59.5");
    if text.is_empty() {
        return Ok(0);
    }
    let is_compact = matches!(text.len(), 4 | 6) && text.bytes().all(|it| it.is_ascii_digit());
    let fields: Vec<&str> = match is_compact {
        true => (0..text.len()).step_by(2).map(|at| &text[at..at + 2]).collect(),
        false => text.split(':').collect(),
    };
    let (seconds, fraction) = match fields.get(2) {
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "0")),
        None => ("0", "0"),
    };
    let field = |field: &str| number(field, 2).ok_or_else(unclear);
    let (hours, minutes) = (field(fields[0])?, field(fields.get(1).copied().unwrap_or("0"))?);
    let seconds = field(seconds)?;
    if fields.len() > 3 || fraction.is_empty() || !fraction.bytes().all(|it| it.is_ascii_digit()) {
        return Err(unclear());
    }
    if hours > 23 {
        return Err(format!("{text:?}: hour {hours} is none of the hours 0 to 23"));
    }
    if minutes > 59 {
        return Err(format!("{text:?}: minute {minutes} is none of the minutes 0 to 59"));
    }
    if seconds > 59 {
        return Err(format!(
            "{text:?}: second {seconds} is none of the seconds 0 to 59 (no calendar of the CF \
             conventions that is read here has leap seconds)"
        ));
    }
    // Nine digits are nanoseconds; there are no finer times here.
    let nanoseconds: i128 = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |all, digit| all * 10 + i128::from(digit - b'0'));
    Ok(((hours * 60 + minutes) * 60 + seconds) * SECOND + nanoseconds)
}

/// A number of at most so many digits.
fn number(text: &str, most: usize) -> Option<i128> {
    let is_number = (1..=most).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}
