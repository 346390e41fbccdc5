//! The calendars of the CF conventions (section 4.4.1): how days make months and years.

use std::fmt;

/// A calendar of the CF conventions.
///
/// # Examples
/// ```
/// use pasha::labelled::{Calendar, CalendarTime};
///
/// // Models of the climate may have no leap days, or twelve months of thirty days.
/// assert!(CalendarTime::midnight(Calendar::NoLeap, 2000, 2, 29).is_err());
/// assert!(CalendarTime::midnight(Calendar::Day360, 2000, 2, 30).is_ok());
/// assert_eq!(Calendar::NoLeap.to_string(), "noleap");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Calendar {
    /// `standard` or `gregorian`: Gregorian from 15 October 1582 on, Julian until the day before,
    /// which is 4 October 1582. It has no year 0.
    Standard,
    /// `proleptic_gregorian`: Gregorian at all times, with a year 0.
    ProlepticGregorian,
    /// `julian`: each fourth year is a leap year. It has no year 0.
    Julian,
    /// `noleap` or `365_day`: no leap years.
    NoLeap,
    /// `all_leap` or `366_day`: leap years only.
    AllLeap,
    /// `360_day`: each month has 30 days.
    Day360,
}

/// Days before each month of a year without a leap day.
const BEFORE_MONTH: [i128; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// The first day of the Gregorian calendar, 1582-10-15, in days since 1970-01-01.
pub(super) const REFORM: i128 = -141_427;

/// What 1970-01-01 of the Julian calendar is in days since that of the Gregorian.
const JULIAN_EPOCH: i128 = 13;

impl Calendar {
    /// The calendar of this name in an attribute `calendar`, whose case does not matter.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Calendar;
    ///
    /// assert_eq!(Calendar::from_name("365_day"), Some(Calendar::NoLeap));
    /// assert_eq!(Calendar::from_name("mayan"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "standard" | "gregorian" => Calendar::Standard,
            "proleptic_gregorian" => Calendar::ProlepticGregorian,
            "julian" => Calendar::Julian,
            "noleap" | "365_day" => Calendar::NoLeap,
            "all_leap" | "366_day" => Calendar::AllLeap,
            "360_day" => Calendar::Day360,
            _ => return None,
        })
    }

    /// Its name in the CF conventions.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(pasha::labelled::Calendar::NoLeap.name(), "noleap");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Calendar::Standard => "standard",
            Calendar::ProlepticGregorian => "proleptic_gregorian",
            Calendar::Julian => "julian",
            Calendar::NoLeap => "noleap",
            Calendar::AllLeap => "all_leap",
            Calendar::Day360 => "360_day",
        }
    }

    fn has_year_zero(self) -> bool {
        !matches!(self, Calendar::Standard | Calendar::Julian)
    }

    /// Days from 1970-01-01 of this calendar to a date, or what is wrong with the date.
    pub(super) fn days_to(self, year: i128, month: i128, day: i128) -> Result<i128, String> {
        if !(1..=12).contains(&month) {
            return Err(format!("month {month} is none of the months 1 to 12"));
        }
        if year == 0 && !self.has_year_zero() {
            return Err(format!("there is no year 0 in the calendar {self}"));
        }
        let year = if year < 0 && !self.has_year_zero() { year + 1 } else { year };
        let is_old = (year, month, day) < (1582, 10, 15);
        if self == Calendar::Standard && is_old && (year, month, day) > (1582, 10, 4) {
            return Err(format!(
                "in the calendar {self}, 15 October 1582 follows 4 October; the calendars julian \
                 and proleptic_gregorian have the days between"
            ));
        }
        let is_leap = match self {
            Calendar::NoLeap => false,
            Calendar::AllLeap => true,
            Calendar::Julian => year % 4 == 0,
            Calendar::Standard if is_old => year % 4 == 0,
            Calendar::Standard | Calendar::ProlepticGregorian => {
                year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            }
            Calendar::Day360 => false,
        };
        let most = match month {
            _ if self == Calendar::Day360 => 30,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + i128::from(is_leap),
            _ => 31,
        };
        if !(1..=most).contains(&day) {
            return Err(format!(
                "there is no day {day} in month {month} of that year, which has {most} days in the \
                 calendar {self}"
            ));
        }
        Ok(match self {
            Calendar::ProlepticGregorian => gregorian(year, month, day),
            Calendar::Standard if is_old => julian(year, month, day) + JULIAN_EPOCH,
            Calendar::Standard => gregorian(year, month, day),
            Calendar::Julian => julian(year, month, day),
            Calendar::NoLeap => (year - 1970) * 365 + BEFORE_MONTH[month as usize - 1] + day - 1,
            Calendar::AllLeap => {
                let leap_day = i128::from(month > 2);
                (year - 1970) * 366 + BEFORE_MONTH[month as usize - 1] + leap_day + day - 1
            }
            Calendar::Day360 => (year - 1970) * 360 + (month - 1) * 30 + day - 1,
        })
    }

    /// The date so many days after 1970-01-01 of this calendar: year, month and day.
    pub(super) fn date_of(self, days: i128) -> (i128, i128, i128) {
        let (year, month, day) = match self {
            Calendar::ProlepticGregorian => gregorian_date(days),
            Calendar::Standard if days >= REFORM => gregorian_date(days),
            Calendar::Standard => julian_date(days - JULIAN_EPOCH),
            Calendar::Julian => julian_date(days),
            Calendar::NoLeap => {
                let (year, day) = (1970 + days.div_euclid(365), days.rem_euclid(365));
                let month = month_of(day, 0);
                (year, month, day - BEFORE_MONTH[month as usize - 1] + 1)
            }
            Calendar::AllLeap => {
                let (year, day) = (1970 + days.div_euclid(366), days.rem_euclid(366));
                let month = month_of(day, 1);
                let leap_day = i128::from(month > 2);
                (year, month, day - BEFORE_MONTH[month as usize - 1] - leap_day + 1)
            }
            Calendar::Day360 => {
                let (year, day) = (1970 + days.div_euclid(360), days.rem_euclid(360));
                (year, day / 30 + 1, day % 30 + 1)
            }
        };
        let year = if year <= 0 && !self.has_year_zero() { year - 1 } else { year };
        (year, month, day)
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The month in which a day of the year (from 0) lies, if February has so many leap days.
fn month_of(day_of_year: i128, leap_days: i128) -> i128 {
    let leap_days = |month: usize| if month > 1 { leap_days } else { 0 };
    let later = (1..12).take_while(|&month| day_of_year >= BEFORE_MONTH[month] + leap_days(month));
    later.count() as i128 + 1
}

// Years begin in March in what follows, so that a leap day is the last of its year. The formulas
// are those of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (public domain).

/// The year that begins in March, and the day of that year, from 0.
fn from_march(year: i128, month: i128, day: i128) -> (i128, i128) {
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    (if month <= 2 { year - 1 } else { year }, day_of_year)
}

/// The date of a day of a year that begins in March.
fn to_january(year: i128, day_of_year: i128) -> (i128, i128, i128) {
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    (year + i128::from(month <= 2), month, day)
}

/// Days from 1970-01-01 to a date, both Gregorian.
fn gregorian(year: i128, month: i128, day: i128) -> i128 {
    let (year, day_of_year) = from_march(year, month, day);
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn gregorian_date(days: i128) -> (i128, i128, i128) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    to_january(year_of_era + era * 400, day_of_year)
}

/// Days from 1970-01-01 to a date, both Julian.
fn julian(year: i128, month: i128, day: i128) -> i128 {
    let (year, day_of_year) = from_march(year, month, day);
    year * 365 + year.div_euclid(4) + day_of_year - 719_483
}

fn julian_date(days: i128) -> (i128, i128, i128) {
    let days = days + 719_483;
    let day_of_four_years = days.rem_euclid(1461);
    // The last of four years has one day more.
    let year = (day_of_four_years / 365).min(3);
    to_january(days.div_euclid(1461) * 4 + year, day_of_four_years - year * 365)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Calendar; 6] = [
        Calendar::Standard,
        Calendar::ProlepticGregorian,
        Calendar::Julian,
        Calendar::NoLeap,
        Calendar::AllLeap,
        Calendar::Day360,
    ];

    #[test]
    fn dates_go_there_and_back_in_every_calendar() {
        for calendar in ALL {
            for days in (-1_000_000..1_000_000).step_by(7) {
                let (year, month, day) = calendar.date_of(days);
                assert_eq!(calendar.days_to(year, month, day), Ok(days), "{calendar}");
            }
            assert_eq!(calendar.days_to(1970, 1, 1), Ok(0), "{calendar}");
            assert_eq!(Calendar::from_name(&calendar.name().to_uppercase()), Some(calendar));
        }
        assert_eq!(gregorian(1582, 10, 15), REFORM);
        assert_eq!(julian(1582, 10, 5) + JULIAN_EPOCH, REFORM);
    }

    #[test]
    fn every_day_follows_the_one_before() {
        for calendar in ALL {
            let mut last = calendar.date_of(-800_001);
            for days in -800_000..200_000 {
                let next = calendar.date_of(days);
                let (year, month, day) = last;
                let is_next = next == (year, month, day + 1)
                    || next == (year, month + 1, 1)
                    || next == (year + 1, 1, 1) && month == 12
                    || next == (1, 1, 1) && year == -1
                    || next == (1582, 10, 15) && last == (1582, 10, 4);
                assert!(is_next, "{calendar}: {last:?}, {next:?}");
                last = next;
            }
        }
    }
}
