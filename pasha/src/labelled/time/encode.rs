//! Times of any calendar as the numbers that a file holds.

use super::{Calendar, CalendarTime, TimeUnits};

/// Numbers, and the attributes that say how to read them.
#[derive(Debug, PartialEq)]
pub(in crate::labelled) struct Encoded {
    pub(in crate::labelled) units: String,
    pub(in crate::labelled) calendar: String,
    pub(in crate::labelled) numbers: TimeNumbers,
}

/// Whole numbers, of which the smallest is what is missing; or others, where that is NaN.
#[derive(Debug, PartialEq)]
pub(in crate::labelled) enum TimeNumbers {
    Whole(Vec<i64>),
    Fractions(Vec<f64>),
}

/// Times in the units in which they are to be written, or those that hold them exactly.
///
/// `units` and `calendar` are the attributes of the coordinate, if it has them. What was read from
/// a file has those of the file, and is written in the same units.
pub(in crate::labelled) fn encode(
    times: &[CalendarTime],
    units: Option<&str>,
    calendar: Option<&str>,
) -> Result<Encoded, String> {
    let first = times.first().map_or(Calendar::Standard, |time| time.calendar());
    if let Some(other) = times.iter().find(|time| time.calendar() != first) {
        return Err(format!(
            "its times are of two calendars, {first} and {}: a coordinate has one",
            other.calendar()
        ));
    }
    let name = calendar.filter(|name| Calendar::from_name(name) == Some(first));
    let calendar = name.unwrap_or(first.name());
    // After those that are asked for, the two that hold all times near and all times far away.
    let exact = ["microseconds since 1970-01-01", "nanoseconds since 1970-01-01"];
    for units in units.into_iter().chain(exact) {
        let Some(Ok(parsed)) = TimeUnits::find(units, Some(calendar)) else { continue };
        if let Some(numbers) = parsed.encode(times) {
            return Ok(Encoded { units: units.to_owned(), calendar: calendar.to_owned(), numbers });
        }
    }
    let times = times.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (first, last) = (times.first().cloned(), times.last().cloned());
    Err(format!(
        "its times from {} to {} lie too far apart to be written exactly",
        first.unwrap_or_default(),
        last.unwrap_or_default()
    ))
}

impl TimeUnits {
    /// The numbers that stand for exactly these times, whole ones if there are.
    fn encode(self, times: &[CalendarTime]) -> Option<TimeNumbers> {
        let since = |time: CalendarTime| time.nanoseconds().checked_sub(self.start);
        let whole = times.iter().map(|&time| match time.is_missing() {
            true => Some(i64::MIN),
            false => {
                let since = since(time).filter(|since| since % self.unit == 0)?;
                i64::try_from(since / self.unit).ok().filter(|&number| number != i64::MIN)
            }
        });
        if let Some(whole) = whole.collect() {
            return Some(TimeNumbers::Whole(whole));
        }
        let fractions = times.iter().map(|&time| match time.is_missing() {
            true => Some(f64::NAN),
            false => {
                let number = since(time)? as f64 / self.unit as f64;
                (self.decode(number) == Some(time)).then_some(number)
            }
        });
        fractions.collect::<Option<_>>().map(TimeNumbers::Fractions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(units: &str, numbers: &[f64]) -> Vec<CalendarTime> {
        let units = TimeUnits::parse(units, Some("noleap")).unwrap();
        numbers.iter().map(|&number| units.decode(number).unwrap()).collect()
    }

    #[test]
    fn times_are_written_in_their_units_or_in_finer_ones() {
        let units = "days since 1850-01-01";
        let whole = decoded(units, &[0.0, 59.0]);
        let written = encode(&whole, Some(units), Some("365_day")).unwrap();
        assert_eq!(written.numbers, TimeNumbers::Whole(vec![0, 59]));
        assert_eq!((&written.units[..], &written.calendar[..]), (units, "365_day"));
        let halves = decoded(units, &[0.5, 59.25, f64::NAN]);
        let TimeNumbers::Fractions(numbers) = encode(&halves, Some(units), None).unwrap().numbers
        else {
            panic!("they are no whole days")
        };
        assert_eq!(numbers[..2], [0.5, 59.25]);
        assert!(numbers[2].is_nan());
        let other = encode(&whole, Some("months since 1850-01-01"), Some("julian")).unwrap();
        assert_eq!(other.units, "microseconds since 1970-01-01");
        assert_eq!(other.calendar, "noleap");
        let fine = [CalendarTime::from_nanoseconds(Calendar::NoLeap, 17)];
        let fine = encode(&fine, Some(units), None).unwrap();
        assert_eq!(fine.units, "nanoseconds since 1970-01-01");
        assert_eq!(fine.numbers, TimeNumbers::Whole(vec![17]));
    }

    #[test]
    fn times_of_two_calendars_are_refused() {
        let times = [Calendar::NoLeap, Calendar::Julian]
            .map(|calendar| CalendarTime::midnight(calendar, 2000, 1, 1).unwrap());
        let message = encode(&times, None, None).unwrap_err();
        assert!(message.contains("noleap and julian"), "{message}");
    }
}
