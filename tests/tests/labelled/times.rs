//! Times of all calendars are those that xarray and cftime show, read and written.

use std::path::Path;

use ndarray::Ix1;
use pasha::labelled::{
    Attribute, Calendar, CalendarTime, Coordinate, CoordinateValue, TimeUnits, Values,
};
use pasha::{DataArray, Labelled, StoredArray};
use serde_json::Value;

use super::python::{folder, xarray};

/// Writes NetCDF files with many units, some for each calendar, and prints what xarray decodes:
/// texts of the times, or `null` where it refuses.
const WRITE: &str = r"
import sys, json, warnings, netCDF4, numpy as np, xarray as xr
warnings.simplefilter('ignore')
path = sys.argv[1]
units = ['hours since 1900-01-01 00:00:0.0', 'days since 1800-1-1 00:00:00', 'seconds since 1970-01-01T00:00:00Z', 'days since 0001-01-01 00:00:00',
    'minutes since 2018-01-01T00:00:00', 'days since 1950-01-01 00:00:00 UTC', 'hours since 2000-01-01 00:00:00 +00:00', 'hours since 2000-01-01 00:00:00 -6:00',
    'days since 2000-01-01 12', 'hours since 1992-10-8 15:15:42.5 -6:00', 'days since 2000-02-30', 'months since 2000-01-01', 'seconds since 2000-01-01 00:00:60',
    'Hours since 2000-01-01', 'milliseconds since 2000-01-01 00:00:00.001', 'days since 1970-01-01 00:00:00 +0530', 'second since 1970-01-01', 'days since 20000101',
    'days since 2000', 'days since 2000-13-01', 'weeks since 2000-01-01', 'hours since 2000-01-01 24:00:00', 'secs since 1999-12-31 23:59:59.25', 'days since 1582-10-04',
    'days since 1582-10-15', 'days since 1499-02-29', 'days since 1500-02-29', 'hours since 1700-02-29 06:00', 'days since 2300-01-01', 'common_years since 1999-01-01',
    'days since 0000-01-01', 'min since 1850-06-15 12:30:15.125', 'microseconds since 2001-01-01', 'days since -0004-01-01', 'days since 1600-12-31 23:59:59.999999']
calendars = [None, 'gregorian', 'proleptic_gregorian', 'julian', 'NoLeap', '366_day', '360_day']
numbers = [0, 1.5, -0.25, 59, 60.125, 365, 366.75, 10000.25, 146097, 577737]
# Of these cftime reads a part or nothing. xarray has pandas read them, if all times are near 1970.
by_pandas = lambda u: u.endswith(('-6:00', '+0530', 'UTC', ' 12', ' 20000101', ' 2000'))
expected = []
for j, c in enumerate(calendars):
  for first in range(0, len(units), 7):
    file = f'{j}_{first}.nc'
    with netCDF4.Dataset(f'{path}/{file}', 'w') as d:
        d.createDimension('t', len(numbers))
        for i, u in list(enumerate(units))[first:first + 7]:
            if by_pandas(u) and c not in (None, 'gregorian', 'proleptic_gregorian'): continue
            kind = 'f8' if (i + j) % 3 else 'i4'
            few = numbers[:7] if by_pandas(u) else numbers
            name, x = f't{i}', np.array((few * 2)[:len(numbers)]).astype(kind)
            attrs = dict(units=u) if c is None else dict(units=u, calendar=c)
            t = d.createVariable(name, kind, ('t',)); t.setncatts(attrs); t[:] = x
            v = d.createVariable('of_' + name, 'f4', ('t',)); v.coordinates = name; v[:] = 1
            try:
                x = xr.decode_cf(xr.Dataset({name: ('t', x, attrs)}))[name].values
                x = [str(t) for t in (x.astype('M8[ns]') if x.dtype.kind == 'M' else x)]
            except Exception as e: x = None
            expected.append([file, name, u, c, x])
print(json.dumps(expected))
";

/// Without what xarray writes where nothing is: `.000000000`, `.500000`.
fn shortened(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, fraction)) => match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        },
        None => time.to_owned(),
    }
}

fn texts(coordinate: &Coordinate) -> Option<Vec<String>> {
    match coordinate.values() {
        Values::Time(times) => Some(times.iter().map(ToString::to_string).collect()),
        Values::CalendarTime(times) => Some(times.iter().map(ToString::to_string).collect()),
        _ => None,
    }
}

#[test]
fn times_of_every_calendar_are_those_of_xarray() {
    let folder = folder();
    let Some(expected) = xarray(WRITE, folder.path()) else { return };
    /// File, name, units, calendar and times.
    type Case = (String, String, String, Option<String>, Option<Vec<String>>);
    let expected: Vec<Case> = serde_json::from_str(&expected).unwrap();
    let mut decoded = 0;
    for (file, name, units, calendar, expected) in expected {
        let path = folder.path().join(file);
        let heat = DataArray::<f32, Ix1>::from_netcdf(&path, &format!("of_{name}")).unwrap();
        let coordinate = &heat.coords()[&name];
        let what = format!("{units} in {calendar:?} of {name}");
        match (texts(coordinate), expected) {
            (Some(seen), Some(expected)) => {
                let expected: Vec<String> = expected.iter().map(|it| shortened(it)).collect();
                assert_eq!(seen, expected, "{what}");
                assert_eq!(coordinate.undecoded(), None);
                decoded += 1;
            }
            (None, None) => {
                // The numbers, the attributes, and a word.
                let reason = coordinate.undecoded().unwrap_or_else(|| panic!("{what}"));
                assert!(reason.contains(&units), "{reason}");
                assert_eq!(coordinate.attrs()["units"].as_text(), Some(&units[..]));
                assert_eq!(coordinate.get(3).unwrap().to_f64(), 59.0, "{what}");
            }
            (seen, expected) => panic!("{what}: {seen:?} instead of {expected:?}"),
        }
    }
    assert!(decoded > 130, "{decoded}");
}

#[test]
fn times_of_the_field_are_those_of_xarray() {
    let Some(folder) = pasha_tests::reference_data("field/20-times") else { return };
    let expected = std::fs::read_to_string(folder.join("expected.txt")).unwrap();
    for (index, line) in expected.lines().enumerate() {
        let path = folder.join("t.nc");
        let x = DataArray::<f32, Ix1>::from_netcdf(path, &format!("x{index}")).unwrap();
        let coordinate = &x.coords()[&format!("t{index}")];
        if line.contains("ValueError") {
            assert!(coordinate.undecoded().is_some(), "{line}");
            assert_eq!(coordinate.values(), &Values::Float(vec![0.0, 1.5, 10000.25]));
            continue;
        }
        let (_, times) = line.rsplit_once('[').unwrap();
        let times: Vec<String> = times
            .trim_end_matches(']')
            .split(", ")
            .map(|time| shortened(time.trim_matches('\'')))
            .collect();
        assert_eq!(texts(coordinate), Some(times), "{line}");
    }
}

/// The year and the day of a time of a model without leap days.
#[pasha::kernel]
fn day(item: Labelled<f64, ndarray::Ix0>) -> Result<[i64; 3], String> {
    let Some(CoordinateValue::CalendarTime(time)) = item.coord else {
        return Err(format!("{:?} is no time of a calendar", item.coord));
    };
    let fields = time.fields().ok_or("it is missing")?;
    Ok([fields.year, fields.month.into(), fields.day.into()])
}

fn open(path: &Path, name: &str) -> StoredArray<f64, Ix1> {
    if path.extension().is_some_and(|extension| extension == "nc") {
        DataArray::<f64, Ix1>::from_netcdf(path, name).unwrap()
    } else {
        DataArray::<f64, Ix1>::from_zarr(path, name).unwrap()
    }
}

const DESCRIBE: &str = r"
import os, sys, json, xarray as xr
found = {}
for name in os.listdir(sys.argv[1]):
    path = f'{sys.argv[1]}/{name}'
    opened = (lambda **k: xr.open_dataset(path, **k)) if path.endswith('.nc') else (lambda **k: xr.open_zarr(path, consolidated=False, **k))
    times, raw = opened().time, opened(decode_times=False).time
    found[name] = [[str(t) for t in times.values], raw.attrs['units'], raw.attrs['calendar'], raw.values.tolist()]
print(json.dumps(found))
";

#[test]
fn times_of_other_calendars_are_written_as_they_were_read() {
    let folder = folder();
    let units = "days since 1850-01-01";
    let cases = [
        ("noleap", Calendar::NoLeap, vec![0.0, 59.0, 365.0]),
        ("360_day", Calendar::Day360, vec![0.5, 59.25, 365.0]),
        ("julian", Calendar::Julian, vec![0.0, 0.125, 1e6]),
        ("all_leap", Calendar::AllLeap, vec![59.0, 60.0, -0.5]),
        ("standard", Calendar::Standard, vec![-100_000.0, 0.0, 1.0]),
    ];
    let mut written = Vec::new();
    for (name, calendar, numbers) in cases {
        let parsed = TimeUnits::parse(units, Some(name)).unwrap();
        let times: Vec<CalendarTime> =
            numbers.iter().map(|&number| parsed.decode(number).unwrap()).collect();
        assert!(times.iter().all(|time| time.calendar() == calendar));
        let time = Coordinate::new("time", times.clone()).with_attr("units", units);
        let array = DataArray::new(ndarray::array![1.0, 2.0, 3.0], ["time"]).unwrap();
        let array = array.with_name("heat").with_coordinate("time", time).unwrap();
        for extension in ["nc", "zarr"] {
            let file = format!("{name}.{extension}");
            let path = folder.path().join(&file);
            let write = |array: &DataArray<f64, Ix1>| {
                if extension == "nc" { array.to_netcdf(&path) } else { array.to_zarr(&path) }
            };
            write(&array).unwrap();
            let back = open(&path, "heat");
            assert_eq!(back.coords()["time"].values(), &Values::CalendarTime(times.clone()));
            let along = back.along("time").unwrap();
            let days = day::run_parallel(&along).unwrap();
            let fields = times[1].fields().unwrap();
            let expected = [fields.year, fields.month.into(), fields.day.into()];
            assert_eq!(days.row(1).to_vec(), expected);
            // What a map gives is written with the same times, in the units of the file.
            let sums = pasha::map(&along, |_, _, item| item.data[()]).unwrap();
            write(&sums.into_labelled(&along).unwrap().with_name("heat")).unwrap();
            written.push((file, name, times.clone(), numbers.clone()));
        }
    }
    let Some(seen) = xarray(DESCRIBE, folder.path()) else { return };
    let seen: Value = serde_json::from_str(&seen).unwrap();
    assert_eq!(seen.as_object().unwrap().len(), 10);
    for (file, name, times, numbers) in written {
        let seen = &seen[&file];
        let expected: Vec<String> = times.iter().map(ToString::to_string).collect();
        let shown: Vec<String> = serde_json::from_value(seen[0].clone()).unwrap();
        let shown: Vec<String> = shown.iter().map(|it| shortened(it)).collect();
        assert_eq!(shown, expected, "{file}");
        assert_eq!(seen[1], units);
        assert_eq!(seen[2], name);
        let seen: Vec<f64> = serde_json::from_value(seen[3].clone()).unwrap();
        assert_eq!(seen, numbers, "{file}");
    }
}

#[test]
fn numbers_that_are_no_times_are_written_as_they_are() {
    let folder = folder();
    let months = Coordinate::new("time", [0.0, 1.5]).with_attr("units", "months since 2000-01-01");
    let array = DataArray::new(ndarray::array![1.0, 2.0], ["time"])
        .unwrap()
        .with_coordinate("time", months)
        .unwrap();
    let path = folder.path().join("months.nc");
    array.to_netcdf(&path).unwrap();
    for _ in 0..2 {
        let back = open(&path, "data");
        let time = &back.coords()["time"];
        assert_eq!(time.values(), &Values::Float(vec![0.0, 1.5]));
        let units = Attribute::from("months since 2000-01-01");
        assert_eq!(time.attrs()["units"], units);
        let reason = time.undecoded().unwrap();
        assert!(reason.contains("months have no fixed length"), "{reason}");
        back.load().unwrap().to_netcdf(&path).unwrap();
    }
}

/// Writes numbers that are no whole nanoseconds, as f32, f64 and packed integers, in many units and
/// from many days, and prints the nanoseconds since 1970 that xarray makes of them; `null` where it
/// has no such times.
const WRITE_FRACTIONS: &str = r"
import sys, json, warnings, netCDF4, numpy as np, xarray as xr
warnings.simplefilter('ignore')
path = sys.argv[1]
random = np.random.default_rng(14)
units = ['days', 'hours', 'minutes', 'seconds', 'milliseconds', 'microseconds', 'nanoseconds']
days = ['1970-01-01', '2000-01-01 12:34:56.789', '1900-01-01', '1600-01-01', '0001-01-01', '1677-09-22', '2262-04-01']
expected = []
for i, unit in enumerate(units):
    for j, day in enumerate(days):
        file, of_file = f'{i}{j}.nc', []
        with netCDF4.Dataset(f'{path}/{file}', 'w') as d:
            d.createDimension('t', 24)
            for kind in ['f4', 'f8', 'packed f4', 'packed i2', 'packed i4', 'packed f8', 'packed i2 with f4', 'filled f4']:
                name = f't{len(of_file)}'
                attrs = dict(units=f'{unit} since {day}')
                stored = kind.split()[1] if ' ' in kind else kind
                x = random.uniform(-1e3, 3e4, 24)
                if day == '0001-01-01': x += {'days': 7.2e5, 'hours': 1.7e7, 'minutes': 1e9, 'seconds': 6.2e10}.get(unit, 0)
                fill = None
                if kind.startswith('packed'):
                    of = np.float32 if kind.endswith('f4') else np.float64
                    attrs.update(scale_factor=of(0.1), add_offset=of(0.3))
                    x = random.uniform(-3e4, 3e4, 24)
                if kind.startswith('filled'): fill = np.float32(-1)
                x = x.astype(stored)
                if fill is not None: x[3] = fill
                t = d.createVariable(name, stored, ('t',), fill_value=fill)
                t.set_auto_maskandscale(False)
                t.setncatts(attrs); t[:] = x
                v = d.createVariable('of_' + name, 'f4', ('t',)); v.coordinates = name; v[:] = 1
                of_file.append([file, name, kind, attrs['units'], None])
        raw = xr.open_dataset(f'{path}/{file}', decode_cf=False)
        for entry in of_file:
            try:
                x = xr.decode_cf(raw[[entry[1]]])[entry[1]].values
                if x.dtype.kind == 'M': entry[4] = x.astype('M8[ns]').astype('i8').tolist()
            except Exception as e: pass
        expected += of_file
print(json.dumps(expected))
";

/// What is less than a nanosecond is cut off, or rounded to microseconds where cftime counts: each
/// time is the one of xarray, to the last digit.
#[test]
fn fractions_are_those_of_xarray_to_the_nanosecond() {
    let folder = folder();
    let Some(expected) = xarray(WRITE_FRACTIONS, folder.path()) else { return };
    /// File, name, kind of numbers, units and nanoseconds.
    type Case = (String, String, String, String, Option<Vec<i64>>);
    let expected: Vec<Case> = serde_json::from_str(&expected).unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for (file, name, kind, units, expected) in expected {
        let Some(expected) = expected else { continue };
        let path = folder.path().join(file);
        let x = DataArray::<f32, Ix1>::from_netcdf(&path, &format!("of_{name}")).unwrap();
        let Values::Time(times) = x.coords()[&name].values() else {
            panic!("{kind}, {units}: {:?}", x.coords()[&name]);
        };
        let times: Vec<i64> = times.iter().map(|time| time.nanoseconds()).collect();
        let pairs = times.iter().zip(&expected);
        let off = pairs.filter(|(seen, expected)| seen != expected).count();
        if off > 0 {
            let at = times.iter().zip(&expected).position(|(a, b)| a != b).unwrap();
            wrong.push(format!("{kind}, {units}: {off}, as {} for {}", times[at], expected[at]));
        }
        compared += 1;
    }
    assert!(compared > 250, "{compared}");
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
}
