//! Points in time, as the CF conventions count them: `units: … since …`.

use std::fmt;

/// A point in time, in nanoseconds since 1970-01-01 00:00 UTC (xarray's `datetime64[ns]`).
///
/// # Examples
/// ```
/// use pasha::labelled::Time;
///
/// let start = Time::from_nanoseconds(1_700_000_000_500_000_000);
/// assert_eq!(start.to_string(), "2023-11-14T22:13:20.5");
/// assert_eq!(start.nanoseconds() % 1_000_000_000, 500_000_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

impl Time {
    /// No time: what a missing value is decoded to (NumPy's `NaT`).
    pub const MISSING: Time = Time(i64::MIN);

    /// The time this many nanoseconds after 1970-01-01 00:00 UTC.
    pub fn from_nanoseconds(nanoseconds: i64) -> Self {
        Time(nanoseconds)
    }

    /// Nanoseconds since 1970-01-01 00:00 UTC.
    pub fn nanoseconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Time::MISSING {
            return f.write_str("NaT");
        }
        let all = i128::from(self.0);
        let (year, month, day) = date_of(all.div_euclid(DAY));
        let (seconds, fraction) = (all.rem_euclid(DAY) / SECOND, (all.rem_euclid(SECOND)) as u32);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if fraction != 0 {
            write!(f, ".{}", format!("{fraction:09}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

/// How numbers of a time coordinate are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reckoning {
    /// Nanoseconds from 1970 to where the counting starts.
    start: i128,
    /// Nanoseconds in one unit.
    unit: i128,
}

impl Reckoning {
    /// Understands `units` such as `days since 2020-01-01`, in a calendar that is the usual one.
    pub(super) fn parse(units: &str, calendar: Option<&str>) -> Option<Reckoning> {
        let (unit, start) = units.split_once(" since ")?;
        let calendar = calendar.unwrap_or("standard").to_lowercase();
        if !["standard", "gregorian", "proleptic_gregorian"].contains(&calendar.as_str()) {
            return None;
        }
        let unit = match unit.trim().to_lowercase().as_str() {
            "days" | "day" | "d" => DAY,
            "hours" | "hour" | "hr" | "hrs" | "h" => 3600 * SECOND,
            "minutes" | "minute" | "min" | "mins" => 60 * SECOND,
            "seconds" | "second" | "sec" | "secs" | "s" => SECOND,
            "milliseconds" | "millisecond" | "msec" | "msecs" | "ms" => SECOND / 1_000,
            "microseconds" | "microsecond" | "us" => SECOND / 1_000_000,
            "nanoseconds" | "nanosecond" | "ns" => 1,
            _ => return None,
        };
        let start = point(start.trim())?;
        // Before this day the mixed calendar is Julian.
        let reform = days_to(1582, 10, 15) * DAY;
        (calendar == "proleptic_gregorian" || start >= reform).then_some(Reckoning { start, unit })
    }

    /// The time that a whole number stands for, if it lies between the years 1678 and 2261.
    pub(super) fn whole(self, number: i64) -> Option<Time> {
        self.time(i128::from(number).checked_mul(self.unit)?)
    }

    /// The time that a number stands for, to the nanosecond; none at all for NaN.
    pub(super) fn fraction(self, number: f64) -> Option<Time> {
        if number.is_nan() {
            return Some(Time::MISSING);
        }
        let since = (number * self.unit as f64).round();
        (since.abs() < 1e27).then(|| self.time(since as i128))?
    }

    fn time(self, since: i128) -> Option<Time> {
        let nanoseconds = i64::try_from(self.start.checked_add(since)?).ok()?;
        (nanoseconds != i64::MIN).then_some(Time(nanoseconds))
    }
}

/// Nanoseconds from 1970 to a date, a time of day and an offset from UTC in ISO 8601 or nearly so.
fn point(text: &str) -> Option<i128> {
    let split = text.find(['T', ' ']);
    let (date, time) = split.map_or((text, ""), |at| (&text[..at], text[at + 1..].trim()));
    let mut fields = date.splitn(3, '-');
    let mut field = || fields.next().map_or(Some(1), |field| field.parse::<i128>().ok());
    let (year, month, day) = (field()?, field()?, field()?);
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let time = time.trim_end_matches("UTC").trim_end_matches('Z').trim_end();
    let (time, offset) = match time.rfind(['+', '-']) {
        Some(at) => (time[..at].trim_end(), Some(&time[at..])),
        None => (time, None),
    };
    let offset = offset.map_or(Some(0), |offset| {
        let (sign, offset) = offset.split_at(1);
        let seconds = time_of_day(offset)?;
        Some(if sign == "-" { -seconds } else { seconds })
    })?;
    Some(days_to(year, month, day) * DAY + time_of_day(time)? - offset)
}

/// Nanoseconds from midnight to `hh:mm:ss.s`, of which the last may be missing.
fn time_of_day(text: &str) -> Option<i128> {
    if text.is_empty() {
        return Some(0);
    }
    let mut fields = text.splitn(3, ':');
    let mut field = |most| match fields.next() {
        None => Some(0.0),
        Some(field) => field.parse::<f64>().ok().filter(|value| (0.0..most).contains(value)),
    };
    let (hours, minutes, seconds) = (field(25.0)?, field(60.0)?, field(61.0)?);
    let whole = (hours as i128 * 60 + minutes as i128) * 60 * SECOND;
    Some(whole + (seconds * SECOND as f64).round() as i128)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, which is continued backwards.
fn days_to(year: i128, month: i128, day: i128) -> i128 {
    // Years begin in March here, so that a leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date so many days after 1970-01-01.
fn date_of(days: i128) -> (i128, i128, i128) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    (year_of_era + era * 400 + i128::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(units: &str, number: f64) -> Option<String> {
        Some(Reckoning::parse(units, None)?.fraction(number)?.to_string())
    }

    #[test]
    fn dates_go_there_and_back() {
        for days in (-110_000..110_000).step_by(13) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_to(year, month, day), days);
        }
        assert_eq!(days_to(2000, 3, 1), 11_017);
    }

    // The expected times are those that xarray gives.
    #[test]
    fn times_are_counted_from_where_the_units_say() {
        for (units, number, expected) in [
            ("days since 2020-01-01", 0.5, "2020-01-01T12:00:00"),
            ("hours since 2020-02-28 12:30:00", 24.0, "2020-02-29T12:30:00"),
            ("seconds since 1970-01-01T00:00:00Z", -0.25, "1969-12-31T23:59:59.75"),
            ("minutes since 2020-1-1 00:00:00 +02:00", 1.0, "2019-12-31T22:01:00"),
            ("milliseconds since 2001-9-9 1:46:40.0", 1.0, "2001-09-09T01:46:40.001"),
            ("days since 1900-01-01", f64::NAN, "NaT"),
        ] {
            assert_eq!(decoded(units, number).as_deref(), Some(expected), "{units}");
        }
    }

    #[test]
    fn what_is_no_time_is_left_alone() {
        for units in ["min", "m since launch", "days since yesterday", "months since 2000-01-01"] {
            assert_eq!(decoded(units, 1.0), None, "{units}");
        }
        assert_eq!(decoded("days since 2000-01-01", 1e9), None);
        assert_eq!(decoded("days since 0001-01-01", 1.0), None);
        assert_eq!(Reckoning::parse("days since 2000-01-01", Some("noleap")), None);
        let proleptic = Reckoning::parse("days since 0001-01-01", Some("proleptic_gregorian"));
        assert_eq!(proleptic.unwrap().whole(737_790).unwrap().to_string(), "2021-01-01T00:00:00");
    }
}
