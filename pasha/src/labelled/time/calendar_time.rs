//! Times of any calendar and any year.

use std::cmp::Ordering;
use std::fmt;

use super::calendar::Calendar;
use super::{DAY, SECOND};
use crate::error::{Error, Result};

/// A point in time of a calendar of the CF conventions: what xarray shows as objects of cftime.
///
/// It is what times of files are decoded to where [`Time`](super::Time) can't hold them: those of
/// calendars without the usual leap years, and those before 1678 or after 2261.
///
/// # Examples
/// ```
/// use pasha::labelled::{Calendar, CalendarTime, TimeUnits};
///
/// let units = TimeUnits::parse("days since 2000-02-28", Some("noleap"))?;
/// let time = units.decode(1.5).expect("it is not too far away");
/// assert_eq!(time.to_string(), "2000-03-01 12:00:00");
/// assert_eq!(time.fields().expect("it is not missing").month, 3);
/// assert!(time > CalendarTime::midnight(Calendar::NoLeap, 2000, 3, 1)?);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CalendarTime {
    calendar: Calendar,
    nanoseconds: i128,
}

/// The parts of a time: a date of some calendar, and a time of day.
///
/// # Examples
/// ```
/// use pasha::labelled::TimeUnits;
///
/// let units = TimeUnits::parse("hours since 2000-01-01", None)?;
/// let fields = units.decode(37.5).and_then(|time| time.fields()).unwrap();
/// assert_eq!((fields.day, fields.hour, fields.minute), (2, 13, 30));
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct TimeFields {
    /// The year; of calendars without a year 0 the year before 1 is -1.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// From 1.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// Below 1,000,000,000.
    pub nanosecond: u32,
}

impl CalendarTime {
    /// The time at which a day begins.
    ///
    /// # Errors
    /// [`Error::Argument`] if the calendar has no such day.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Calendar, CalendarTime};
    ///
    /// let time = CalendarTime::midnight(Calendar::Day360, 2000, 2, 30)?;
    /// assert_eq!(time.to_string(), "2000-02-30 00:00:00");
    /// assert!(CalendarTime::midnight(Calendar::NoLeap, 2000, 2, 29).is_err());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn midnight(calendar: Calendar, year: i64, month: u8, day: u8) -> Result<Self> {
        match calendar.days_to(year.into(), month.into(), day.into()) {
            Ok(days) => Ok(CalendarTime { calendar, nanoseconds: days * DAY }),
            Err(advice) => Err(Error::Argument {
                argument: "the date".to_owned(),
                value: format!("{year:04}-{month:02}-{day:02}"),
                advice,
            }),
        }
    }

    /// The time this many nanoseconds after 1970-01-01 00:00 of the calendar.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Calendar, CalendarTime};
    ///
    /// let time = CalendarTime::from_nanoseconds(Calendar::NoLeap, 1_500_000_000);
    /// assert_eq!(time.to_string(), "1970-01-01 00:00:01.5");
    /// ```
    pub fn from_nanoseconds(calendar: Calendar, nanoseconds: i128) -> Self {
        CalendarTime { calendar, nanoseconds }
    }

    /// No time: what a missing value is decoded to.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Calendar, CalendarTime};
    ///
    /// assert_eq!(CalendarTime::missing(Calendar::NoLeap).to_string(), "NaT");
    /// ```
    pub fn missing(calendar: Calendar) -> Self {
        CalendarTime { calendar, nanoseconds: i128::MIN }
    }

    /// Whether it is no time.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Calendar, CalendarTime};
    ///
    /// assert!(CalendarTime::missing(Calendar::NoLeap).is_missing());
    /// assert!(!CalendarTime::from_nanoseconds(Calendar::NoLeap, 0).is_missing());
    /// ```
    pub fn is_missing(self) -> bool {
        self.nanoseconds == i128::MIN
    }

    /// The calendar in which it is counted.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Calendar, CalendarTime};
    ///
    /// let time = CalendarTime::from_nanoseconds(Calendar::NoLeap, 0);
    /// assert_eq!(time.calendar(), Calendar::NoLeap);
    /// ```
    pub fn calendar(self) -> Calendar {
        self.calendar
    }

    /// Nanoseconds since 1970-01-01 00:00 of its calendar; the smallest number if it is missing.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Calendar, CalendarTime};
    ///
    /// let day = CalendarTime::midnight(Calendar::NoLeap, 1970, 1, 2)?;
    /// assert_eq!(day.nanoseconds(), 86_400_000_000_000);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn nanoseconds(self) -> i128 {
        self.nanoseconds
    }

    /// Its date and time of day; `None` if it is missing.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Calendar, CalendarTime};
    ///
    /// let fields = CalendarTime::midnight(Calendar::Day360, 2000, 2, 30)?.fields().unwrap();
    /// assert_eq!((fields.year, fields.month, fields.day), (2000, 2, 30));
    /// assert!(CalendarTime::missing(Calendar::Day360).fields().is_none());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn fields(self) -> Option<TimeFields> {
        (!self.is_missing()).then(|| TimeFields::of(self.calendar, self.nanoseconds))
    }
}

/// Times of one calendar are ordered; missing ones, and those of two calendars, are not.
impl PartialOrd for CalendarTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let comparable =
            self.calendar == other.calendar && !self.is_missing() && !other.is_missing();
        if comparable {
            Some(self.nanoseconds.cmp(&other.nanoseconds))
        } else {
            (self == other).then_some(Ordering::Equal)
        }
    }
}

/// As cftime writes it: `2000-02-30 12:00:00`.
impl fmt::Display for CalendarTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fields() {
            Some(fields) => fields.write(f, ' '),
            None => f.write_str("NaT"),
        }
    }
}

impl TimeFields {
    pub(super) fn of(calendar: Calendar, nanoseconds: i128) -> Self {
        let (year, month, day) = calendar.date_of(nanoseconds.div_euclid(DAY));
        let seconds = nanoseconds.rem_euclid(DAY) / SECOND;
        TimeFields {
            year: year as i64,
            month: month as u8,
            day: day as u8,
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
            nanosecond: nanoseconds.rem_euclid(SECOND) as u32,
        }
    }

    /// Writes date and time of day with a letter between.
    pub(super) fn write(self, f: &mut fmt::Formatter<'_>, between: char) -> fmt::Result {
        let TimeFields { year, month, day, hour, minute, second, nanosecond } = self;
        let sign = if year < 0 { "-" } else { "" };
        let year = year.unsigned_abs();
        write!(f, "{sign}{year:04}-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{second:02}")?;
        if nanosecond != 0 {
            write!(f, ".{}", format!("{nanosecond:09}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}
