//! Units of time, `days since 2000-01-01`: numbers become times, and times numbers.

use super::calendar::{Calendar, REFORM};
use super::{CalendarTime, DAY, MICROSECOND, SECOND, Time, reference};
use crate::error::{Error, Result};
use crate::labelled::values::Values;

/// Units such as `days since 2000-01-01`, in a calendar of the CF conventions.
///
/// Coordinates of files are decoded by themselves; it is for other variables that hold times, and
/// says what is wrong with units that are not understood.
///
/// # Examples
/// ```
/// use pasha::labelled::TimeUnits;
///
/// let units = TimeUnits::parse("hours since 2000-01-01 00:00 -6:00", None)?;
/// let time = units.decode(1.5).expect("it is not too far away");
/// assert_eq!(time.to_string(), "2000-01-01 07:30:00");
/// let error = TimeUnits::parse("days since 2000-02-30", None).unwrap_err();
/// assert!(error.to_string().contains("there is no day 30 in month 2"));
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeUnits {
    calendar: Calendar,
    /// Nanoseconds from 1970 to where the counting starts.
    pub(super) start: i128,
    /// Nanoseconds in one unit.
    pub(super) unit: i128,
}

/// What is farther away, either way, is no time: cftime counts microseconds in 64 bits.
const FARTHEST: i128 = i64::MAX as i128 * MICROSECOND;

impl TimeUnits {
    /// Understands units, in the standard calendar if none is named.
    ///
    /// # Errors
    /// [`Error::Argument`], which says what is not understood.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::TimeUnits;
    ///
    /// assert!(TimeUnits::parse("days since 2000-02-30", Some("360_day")).is_ok());
    /// assert!(TimeUnits::parse("days since 2000-02-30", None).is_err());
    /// ```
    pub fn parse(units: &str, calendar: Option<&str>) -> Result<Self> {
        let refused = |advice| Error::Argument {
            argument: "the units of time".to_owned(),
            value: format!("{units:?}"),
            advice,
        };
        Self::find(units, calendar)
            .unwrap_or_else(|| Err("they have no \" since \" and a date".to_owned()))
            .map_err(refused)
    }

    /// Understands units, if they are units of time at all; or says why not.
    pub(in crate::labelled) fn find(
        units: &str,
        calendar: Option<&str>,
    ) -> Option<Result<Self, String>> {
        let without_start = || Some((units.trim_end().strip_suffix(" since")?, ""));
        let (unit, start) = units.split_once(" since ").or_else(without_start)?;
        Some(Self::read(unit.trim(), start, calendar.unwrap_or("standard")))
    }

    fn read(unit: &str, start: &str, calendar_name: &str) -> Result<Self, String> {
        let calendar = Calendar::from_name(calendar_name).ok_or_else(|| {
            format!(
                "the calendar {calendar_name:?} is none of standard (gregorian), \
                 proleptic_gregorian, julian, noleap (365_day), all_leap (366_day) and 360_day"
            )
        })?;
        let unit = match (unit.to_lowercase().as_str(), calendar) {
            ("days" | "day" | "d", _) => DAY,
            ("hours" | "hour" | "hrs" | "hr" | "h", _) => 3600 * SECOND,
            ("minutes" | "minute" | "mins" | "min", _) => 60 * SECOND,
            ("seconds" | "second" | "secs" | "sec" | "s", _) => SECOND,
            (
                "milliseconds" | "millisecond" | "millisecs" | "millisec" | "msecs" | "msec" | "ms",
                _,
            ) => SECOND / 1_000,
            ("microseconds" | "microsecond" | "microsecs" | "microsec" | "us" | "µs", _) => {
                MICROSECOND
            }
            ("nanoseconds" | "nanosecond" | "ns", _) => 1,
            ("months" | "month", Calendar::Day360) => 30 * DAY,
            ("common_years" | "common_year", Calendar::NoLeap) => 365 * DAY,
            ("months" | "month" | "years" | "year" | "common_years" | "common_year", _) => {
                return Err(format!(
                    "{unit} have no fixed length in the calendar {calendar}; count days or hours"
                ));
            }
            ("weeks" | "week", _) => {
                return Err(
                    "weeks are no unit of time that xarray and cftime read; count days".to_owned()
                );
            }
            _ => {
                return Err(format!(
                    "{unit:?} is none of the units days, hours, minutes, seconds, milliseconds, \
                     microseconds and nanoseconds"
                ));
            }
        };
        Ok(TimeUnits { calendar, start: reference::parse(start, calendar)?, unit })
    }

    /// The calendar in which they count.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Calendar, TimeUnits};
    ///
    /// assert_eq!(TimeUnits::parse("days since 2000-01-01", None)?.calendar(), Calendar::Standard);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn calendar(self) -> Calendar {
        self.calendar
    }

    /// The time that a number stands for, to the microsecond, as cftime rounds it; a missing one
    /// for NaN. `None` if it is more than some 290,000 years from 1970.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::TimeUnits;
    ///
    /// let units = TimeUnits::parse("seconds since 2024-05-01 12:00", None)?;
    /// assert_eq!(units.decode(0.1).unwrap().to_string(), "2024-05-01 12:00:00.1");
    /// assert!(units.decode(f64::NAN).unwrap().is_missing());
    /// assert!(units.decode(1e20).is_none());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn decode(self, number: f64) -> Option<CalendarTime> {
        if number.is_nan() {
            return Some(CalendarTime::missing(self.calendar));
        }
        if number.abs() >= 1e30 {
            return None;
        }
        // A number is exactly the sum of these, and a fraction of a unit has few digits.
        let (whole, part) = (number.trunc() as i128, number.fract());
        let part = (part * (self.unit as f64 / MICROSECOND as f64)).round() as i128 * MICROSECOND;
        self.after(whole.checked_mul(self.unit)?.checked_add(part)?)
    }

    /// The time that a whole number stands for, exactly; a missing one for the smallest number, as
    /// NumPy and xarray have it. `None` if it is more than some 290,000 years from 1970.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::TimeUnits;
    ///
    /// let units = TimeUnits::parse("nanoseconds since 1970-01-01", None)?;
    /// let time = units.decode_integer(1_700_000_000_000_000_001).unwrap();
    /// assert_eq!(time.nanoseconds(), 1_700_000_000_000_000_001); // no float has it
    /// assert!(units.decode_integer(i64::MIN).unwrap().is_missing()); // NumPy's NaT
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn decode_integer(self, number: i64) -> Option<CalendarTime> {
        match number {
            i64::MIN => Some(CalendarTime::missing(self.calendar)),
            number => self.after(i128::from(number).checked_mul(self.unit)?),
        }
    }

    fn after(self, since: i128) -> Option<CalendarTime> {
        let nanoseconds = self.start.checked_add(since)?;
        (nanoseconds.abs() <= FARTHEST)
            .then(|| CalendarTime::from_nanoseconds(self.calendar, nanoseconds))
    }

    /// What a coordinate's numbers stand for: [`Time`]s if they all fit, else [`CalendarTime`]s; or
    /// which can't be decoded.
    pub(in crate::labelled) fn decode_values(self, numbers: &Values) -> Result<Values, String> {
        match numbers {
            Values::Float(numbers) => self.decode_all(
                numbers,
                |number| self.real_time(number),
                |number| self.decode(number),
            ),
            Values::Integer(numbers) => self.decode_all(
                numbers,
                |number| match number {
                    i64::MIN => Some(Time::MISSING),
                    number => self.real(self.start.checked_add(i128::from(number) * self.unit)?),
                },
                |number| self.decode_integer(number),
            ),
            Values::Unsigned(_) => Err("some of its numbers are 2^63 or larger".to_owned()),
            Values::Time(_) | Values::CalendarTime(_) | Values::Text(_) | Values::Bool(_) => {
                Err("its values are no numbers".to_owned())
            }
        }
    }

    fn decode_all<N: Copy + std::fmt::Display>(
        self,
        numbers: &[N],
        real: impl Fn(N) -> Option<Time>,
        any: impl Fn(N) -> Option<CalendarTime>,
    ) -> Result<Values, String> {
        let times: Option<Vec<Time>> = numbers.iter().map(|&number| real(number)).collect();
        if let Some(times) = times.filter(|_| self.is_real()) {
            return Ok(Values::Time(times));
        }
        let times = numbers.iter().enumerate().map(|(index, &number)| {
            any(number).ok_or_else(|| {
                format!(
                    "the number {number} at index {index} is no time of the years -290000 to 290000"
                )
            })
        });
        Ok(Values::CalendarTime(times.collect::<Result<_, _>>()?))
    }

    /// Whether its dates are those of the real calendar, from the reform of 1582 on at least.
    fn is_real(self) -> bool {
        matches!(self.calendar, Calendar::Standard | Calendar::ProlepticGregorian)
    }

    fn real(self, nanoseconds: i128) -> Option<Time> {
        let nanoseconds = i64::try_from(nanoseconds).ok()?;
        let is_gregorian = i128::from(nanoseconds) >= REFORM * DAY;
        let time = Time::from_nanoseconds(nanoseconds);
        (self.is_real() && is_gregorian && time != Time::MISSING).then_some(time)
    }

    /// The time that a number stands for, as xarray has it (`_decode_datetime_with_pandas` in its
    /// coding/times.py); a missing one for NaN.
    ///
    /// It multiplies in f64, also what is stored as f32, and cuts off what is less than a
    /// nanosecond. Where pandas has no time for where the counting starts, cftime counts, to the
    /// microsecond.
    fn real_time(self, number: f64) -> Option<Time> {
        if number.is_nan() {
            return Some(Time::MISSING);
        }
        if self.real(self.start).is_none() {
            return self.real(self.decode(number)?.nanoseconds());
        }
        let since = (number * self.unit as f64).trunc();
        (since.abs() < 1e27).then(|| self.real(self.start.checked_add(since as i128)?))?
    }
}
