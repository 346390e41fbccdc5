//! Units of time, against what xarray and cftime make of them.

use super::{Time, TimeUnits};
use crate::labelled::values::Values;

fn decoded(units: &str, calendar: Option<&str>, numbers: &[f64]) -> Result<Vec<String>, String> {
    let values = Values::Float(numbers.to_vec());
    let found = TimeUnits::find(units, calendar).expect("units of time");
    Ok(match found?.decode_values(&values)? {
        Values::Time(times) => times.iter().map(ToString::to_string).collect(),
        Values::CalendarTime(times) => times.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    })
}

#[test]
fn times_are_counted_from_where_the_units_say() {
    for (units, number, expected) in [
        ("days since 2020-01-01", 0.5, "2020-01-01T12:00:00"),
        ("hours since 2020-02-28 12:30:00", 24.0, "2020-02-29T12:30:00"),
        ("seconds since 1970-01-01T00:00:00Z", -0.25, "1969-12-31T23:59:59.75"),
        ("minutes since 2020-1-1 00:00:00 +02:00", 1.0, "2019-12-31T22:01:00"),
        ("milliseconds since 2001-9-9 1:46:40.0", 1.0, "2001-09-09T01:46:40.001"),
        ("days since 1900-01-01", f64::NAN, "NaT"),
        ("days since 20000101", 1.5, "2000-01-02T12:00:00"),
        ("days since 2000-01-01 12", 1.5, "2000-01-03T00:00:00"),
        ("days since 0001-01-01", 737_792.0, "2021-01-01T00:00:00"),
        ("days since 0001-01-01", 1.0, "0001-01-02 00:00:00"),
        ("days since 0001-01-01", -1.0, "-0001-12-31 00:00:00"),
        ("days since 1582-10-04", 1.0, "1582-10-15 00:00:00"),
        ("days since 2000-01-01", 1e8, "275790-09-13 00:00:00"),
    ] {
        let expected = Ok(vec![expected.to_owned()]);
        assert_eq!(decoded(units, None, &[number]), expected, "{units}");
    }
}

/// Numbers of which xarray 2026.9 makes these nanoseconds since 1970.
#[test]
fn what_is_less_than_a_nanosecond_is_cut_off() {
    let nanoseconds = |units: &str, number: f64| {
        let values = Values::Float(vec![number]);
        match TimeUnits::find(units, None).unwrap().unwrap().decode_values(&values).unwrap() {
            Values::Time(times) => times[0].nanoseconds(),
            other => panic!("{other:?}"),
        }
    };
    for (units, number, expected) in [
        ("days since 1970-01-01", 0.3_f32.into(), 25_920_001_029_968),
        ("days since 1970-01-01", 0.3, 25_920_000_000_000),
        ("hours since 1970-01-01", (-1.7_f32).into(), -6_120_000_171_661),
        ("seconds since 2000-01-01", 0.29, 946_684_800_290_000_000),
        ("seconds since 2000-01-01", 1234.5678_f32.into(), 946_686_034_567_749_023),
        ("milliseconds since 1970-01-01", -0.7, -700_000),
        ("nanoseconds since 1970-01-01", 2.9, 2),
        ("days since 0001-01-01", 730_000.123_456_789, 936_241_066_666_565_000),
        ("days since 1600-01-01", 150_000.12_f32.into(), 1_283_914_800_000_000_000),
    ] {
        assert_eq!(nanoseconds(units, number), expected, "{number} {units}");
    }
}

#[test]
fn what_is_no_time_is_named() {
    for (units, calendar, part) in [
        ("m since launch", None, "\"m\" is none of the units"),
        ("days since yesterday", None, "\"yesterday\" is no date"),
        ("days since ", None, "\"\" is no date"),
        ("days since 2000-01-01-05", None, "is no date"),
        ("days since 2000-01-01 12:00:00:00", None, "is no time of day"),
        ("days since 2000-01-01 12:00:0.0x", None, "is no time of day"),
        ("days since 2000-01-01 12:é", None, "is no time of day"),
        ("months since 2000-01-01", None, "months have no fixed length in the calendar standard"),
        ("years since 2000-01-01", Some("noleap"), "years have no fixed length"),
        ("weeks since 2000-01-01", None, "weeks"),
        ("days since 2000-02-30", None, "no day 30 in month 2 of that year, which has 29 days"),
        ("days since 2000-02-29", Some("365_day"), "which has 28 days in the calendar noleap"),
        ("days since 2000-13-01", None, "month 13"),
        ("days since 0000-01-01", None, "no year 0"),
        ("days since 1582-10-10", None, "15 October 1582 follows"),
        ("seconds since 2000-01-01 00:00:60", None, "second 60"),
        ("hours since 2000-01-01 24:00:00", None, "hour 24"),
        ("hours since 2000-01-01 00:60", None, "minute 60"),
        ("days since 2000-01-01", Some("utc"), "the calendar \"utc\" is none of"),
        ("days since 2000-01-01", Some(""), "the calendar \"\" is none of"),
    ] {
        let message = decoded(units, calendar, &[1.0]).unwrap_err();
        assert!(message.contains(part), "{units}: {message}");
        let error = TimeUnits::parse(units, calendar).unwrap_err().to_string();
        assert!(error.contains(units.trim()) && error.contains(part), "{error}");
    }
    let message = decoded("days since 2000-01-01", None, &[1.0, 1e9]).unwrap_err();
    assert!(message.contains("1000000000 at index 1"), "{message}");
    for number in [f64::INFINITY, f64::MIN, 1e29] {
        assert!(decoded("days since 2000-01-01", Some("julian"), &[number]).is_err());
    }
    assert!(TimeUnits::find("min", None).is_none());
    let error = TimeUnits::parse("min", None).unwrap_err().to_string();
    assert!(error.contains("\"min\"") && error.contains("since"), "{error}");
    // Units of time, of which the start is missing.
    for units in ["days since", "days since "] {
        assert!(TimeUnits::find(units, None).is_some_and(|found| found.is_err()), "{units}");
    }
}

#[test]
fn the_smallest_integer_is_a_missing_time_as_in_xarray() {
    for unit in ["nanoseconds", "microseconds", "seconds", "days"] {
        let units = format!("{unit} since 2000-01-01");
        for calendar in [None, Some("noleap")] {
            let units = TimeUnits::parse(&units, calendar).unwrap();
            let is_missing = |values: &Values| match values {
                Values::Time(times) => times.iter().map(|&time| time == Time::MISSING).collect(),
                Values::CalendarTime(times) => {
                    times.iter().map(|time| time.is_missing()).collect::<Vec<_>>()
                }
                other => panic!("{other:?}"),
            };
            let values = units.decode_values(&Values::Integer(vec![5, i64::MIN, -7])).unwrap();
            assert_eq!(is_missing(&values), [false, true, false], "{unit} {calendar:?}");
            assert_eq!(matches!(values, Values::Time(_)), calendar.is_none(), "{unit}");
        }
    }
}
