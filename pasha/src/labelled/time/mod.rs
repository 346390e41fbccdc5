//! Points in time, as the CF conventions count them: `units: … since …`, in one of their calendars.

mod calendar;
mod calendar_time;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
mod encode;
mod reference;
#[cfg(test)]
mod tests;
mod units;

use std::fmt;

pub use calendar::Calendar;
pub use calendar_time::{CalendarTime, TimeFields};
#[cfg(any(feature = "netcdf", feature = "zarr"))]
pub(super) use encode::{Encoded, TimeNumbers, encode};
pub use units::TimeUnits;

/// A point in time, in nanoseconds since 1970-01-01 00:00 UTC (xarray's `datetime64[ns]`).
///
/// Times of other calendars, or of years that do not fit (before 1678, after 2261), are
/// [`CalendarTime`]s.
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

const MICROSECOND: i128 = 1_000;
const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

impl Time {
    /// No time: what a missing value is decoded to (NumPy's `NaT`).
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Time;
    ///
    /// let times = [Time::from_nanoseconds(17), Time::MISSING];
    /// assert_eq!(times.iter().filter(|&&time| time != Time::MISSING).count(), 1);
    /// ```
    pub const MISSING: Time = Time(i64::MIN);

    /// The time this many nanoseconds after 1970-01-01 00:00 UTC.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Time;
    ///
    /// assert_eq!(Time::from_nanoseconds(1_500_000_000).to_string(), "1970-01-01T00:00:01.5");
    /// ```
    pub fn from_nanoseconds(nanoseconds: i64) -> Self {
        Time(nanoseconds)
    }

    /// Nanoseconds since 1970-01-01 00:00 UTC.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(pasha::labelled::Time::from_nanoseconds(500).nanoseconds(), 500);
    /// ```
    pub fn nanoseconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Time::MISSING => f.write_str("NaT"),
            Time(all) => TimeFields::of(Calendar::ProlepticGregorian, all.into()).write(f, 'T'),
        }
    }
}
