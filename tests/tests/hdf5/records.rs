//! Compounds as structs of the user's, against h5py.

use bytemuck::{Pod, Zeroable};
use half::f16;
use ndarray::{Array1, Ix1, Ix2, array};
use num_complex::Complex;
use pasha::{Context, Hdf5Dataset, Hdf5Record, SerialContext};
use pasha_tests::for_each_context_of_files;

use crate::support::{copy_value, h5py, npy};

/// As the compound lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Hit {
    x: f64,
    y: f64,
    time: f64,
    mode: i32,
    pixel: [u16; 2],
}
pasha::hdf5_record!(Hit { x: f64, y: f64, time: f64 = "t", mode: i32, pixel: [u16; 2] });

/// Some members, in another order, and of other types.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C, packed)]
struct Some {
    mode: i64,
    unused: u16,
    pixel: [f32; 2],
    x: f32,
}
pasha::hdf5_record!(Some { mode: i64, pixel: [f32; 2], x: f32 });

/// Writes the hits in all layouts, and what h5py reads of them.
const HITS: &str = "
t = np.dtype([('x', 'f8'), ('y', 'f8'), ('t', 'f8'), ('mode', 'i4'), ('pixel', 'u2', 2)])
n = 1000
x = np.zeros(n, t)
x['x'], x['y'], x['t'] = np.arange(n) / 4, -np.arange(n), np.arange(n) ** 2
x['mode'], x['pixel'] = np.arange(n) - 500, np.arange(2 * n).reshape(n, 2)
with h5py.File('part.h5', 'w') as f:
    f['a'] = x
with h5py.File('a.h5', 'w') as f:
    f['whole'] = x
    f.create_dataset('chunks', data=x, chunks=(64,), compression='gzip', shuffle=True, fletcher32=True)
    f.create_dataset('swapped', data=x.astype(t.newbyteorder()), chunks=(64,), compression='gzip')
    layout = h5py.VirtualLayout(shape=x.shape, dtype=t)
    layout[...] = h5py.VirtualSource('part.h5', 'a', shape=x.shape)
    f.create_virtual_dataset('virtual', layout)
    f['aligned'] = x.astype(np.dtype({'names': t.names, 'formats': [t[m] for m in t.names], 'offsets': [40, 8, 0, 32, 24], 'itemsize': 64}))
    f.create_dataset('filled', (n,), dtype=t, chunks=(64,), fillvalue=x[7])
print(repr(f))
for m in t.names:
    np.save(m + '.npy', x[m].astype('f8'))
";

/// Where the items of a map lie: whether in memory that is mapped from this file.
fn are_mapped<A: Hdf5Record>(dataset: &Hdf5Dataset<A, Ix1>) -> bool {
    let places = pasha::map_in(&SerialContext::new(), dataset, |_, _, hit: &A| {
        std::ptr::from_ref(hit).addr() as u64
    })
    .unwrap();
    let name = dataset.path().file_name().unwrap().to_str().unwrap().to_owned();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let of_file = maps.lines().filter(|line| line.ends_with(&name));
    let parts = of_file.filter_map(|line| line.split(' ').next()?.split_once('-'));
    let parts: Vec<_> = parts.map(|(start, end)| number(start)..number(end)).collect();
    places.iter().all(|place| parts.iter().any(|part| part.contains(place)))
}

for_each_context_of_files! {
    fn members_are_found_by_name_in_any_layout(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        if h5py(folder, HITS).is_none() {
            return;
        }
        let path = folder.join("a.h5");
        let member = |name: &str| npy::<f64, Ix1>(&folder.join(format!("{name}.npy")));
        let pixels = npy::<f64, Ix2>(&folder.join("pixel.npy"));
        let (x, y, time, mode) = (member("x"), member("y"), member("t"), member("mode"));
        for name in ["whole", "chunks", "swapped", "virtual", "aligned"] {
            let hits = Hdf5Dataset::<Hit, Ix1>::open(&path, name).unwrap();
            let read = pasha::map_in(context, &hits, |_, _, hit: &Hit| *hit).unwrap();
            for (at, hit) in read.iter().enumerate() {
                let expected = Hit {
                    x: x[at],
                    y: y[at],
                    time: time[at],
                    mode: mode[at] as i32,
                    pixel: [0, 1].map(|axis| pixels[[at, axis]] as u16),
                };
                assert_eq!(*hit, expected, "{name}");
            }
            let some = Hdf5Dataset::<Some, Ix1>::open(&path, name).unwrap();
            let read = copy_value::run_in(context, &some).unwrap();
            for (at, some) in read.iter().enumerate() {
                let expected = Some {
                    mode: mode[at] as i64,
                    unused: 0,
                    pixel: [0, 1].map(|axis| pixels[[at, axis]] as f32),
                    x: x[at] as f32,
                };
                assert_eq!(*some, expected, "{name}");
            }
        }
        let filled = Hdf5Dataset::<Some, Ix1>::open(&path, "filled").unwrap();
        let filled = copy_value::run_in(context, &filled).unwrap();
        assert!(filled.iter().all(|some| *some == Some { mode: -493, unused: 0, pixel: [14.0, 15.0], x: 1.75 }));
    }
}

/// Nothing is copied where a compound lies in the file as the struct does in memory.
#[test]
fn compounds_that_lie_as_the_struct_are_mapped() {
    let folder = tempfile::tempdir().unwrap();
    if h5py(folder.path(), HITS).is_none() {
        return;
    }
    let path = folder.path().join("a.h5");
    let open = |name| Hdf5Dataset::<Hit, Ix1>::open(&path, name).unwrap();
    assert!(are_mapped(&open("whole")));
    assert!(!are_mapped(&open("aligned")) && !are_mapped(&open("chunks")));
    assert!(!are_mapped(&Hdf5Dataset::<Some, Ix1>::open(&path, "whole").unwrap()));
}

/// Compounds in compounds, members that can't be read beside those that can, bools, complex
/// numbers, halves.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Event {
    amplitude: Complex<f64>,
    x: f32,
    weight: f16,
    is_good: u8,
    state: i8,
}
pasha::hdf5_record!(Event {
    amplitude: Complex<f64>,
    x: f32 = "place.x",
    weight: f16,
    is_good: u8 = "is good",
    state: i8,
});

#[test]
fn members_of_all_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
state = h5py.enum_dtype({'OFF': 0, 'ON': 1, 'ERR': -7}, 'i1')
fixed = np.dtype([('name', 'S5'), ('place', [('y', 'f4'), ('x', '>f4')]), ('is good', '?'),
                  ('state', state), ('weight', 'f2'), ('amplitude', 'c16'), ('blob', 'V3')])
t = np.dtype([('name', h5py.string_dtype()), ('place', [('y', 'f4'), ('x', '>f4')]), ('is good', '?'),
              ('state', state), ('weight', 'f2'), ('amplitude', 'c16'), ('list', h5py.vlen_dtype('i4'))])
x = np.zeros(5, t)
x['name'] = [str(i) for i in range(5)]
x['place']['x'] = np.arange(5) + 0.5
x['is good'] = [True, False, True, True, False]
x['state'] = [0, 1, -7, 0, 1]
x['weight'] = np.arange(5) / 4
x['amplitude'] = np.arange(5) * (1 - 2j)
for i in range(5): x['list'][i] = np.arange(i, dtype='i4')
y = np.zeros(5, fixed)
for name in ['place', 'is good', 'state', 'weight', 'amplitude']: y[name] = x[name]
with h5py.File('part.h5', 'w') as f:
    f.create_dataset('a', data=x)
with h5py.File('a.h5', 'w') as f:
    f.create_dataset('whole', data=x)
    f.create_dataset('chunks', data=x, chunks=(2,), compression='gzip')
    f.create_dataset('fixed', data=y)
    f.create_dataset('fixed chunks', data=y, chunks=(2,), compression='gzip')
    layout = h5py.VirtualLayout(shape=x.shape, dtype=t)
    layout[...] = h5py.VirtualSource('part.h5', 'a', shape=x.shape)
    f.create_virtual_dataset('virtual', layout)
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let path = folder.path().join("a.h5");
    let expected: Array1<Event> = (0..5_u8)
        .map(|at| Event {
            amplitude: Complex::new(1.0, -2.0) * f64::from(at),
            x: f32::from(at) + 0.5,
            weight: f16::from_f32(f32::from(at) / 4.0),
            is_good: u8::from([true, false, true, true, false][usize::from(at)]),
            state: [0, 1, -7, 0, 1][usize::from(at)],
        })
        .collect();
    for name in ["whole", "chunks", "virtual", "fixed", "fixed chunks"] {
        let events = Hdf5Dataset::<Event, Ix1>::open(&path, name).unwrap();
        assert_eq!(copy_value::run_in(&SerialContext::new(), &events).unwrap(), expected, "{name}");
    }
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Narrow {
    mode: u8,
}
pasha::hdf5_record!(Narrow { mode: u8 });

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Other {
    x: i32,
    z: i32,
}
pasha::hdf5_record!(Other { x: i32, z: i32 });

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Flat {
    pixel: u16,
}
pasha::hdf5_record!(Flat { pixel: u16 });

/// A struct that does not fit is refused with the members of the file and the line to write.
#[test]
fn structs_that_do_not_fit_are_told_what_the_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    if h5py(folder.path(), HITS).is_none() {
        return;
    }
    let path = folder.path().join("a.h5");
    let refused = |error: pasha::Error, told: &[&str]| {
        let message = error.to_string();
        let of_file = [
            "{ x: f64 at byte 0, y: f64 at byte 8, t: f64 at byte 16, mode: i32 at byte 24, pixel: [u16; 2] at byte 28 } of 32 bytes",
            "with `#[repr(C)]`",
            "`pasha::hdf5_record!(Record { x: f64, y: f64, t: f64, mode: i32, pixel: [u16; 2] });`",
        ];
        for told in told.iter().chain(&of_file) {
            assert!(message.contains(told), "{told:?} is not in: {message}");
        }
    };
    let other = Hdf5Dataset::<Other, Ix1>::open(&path, "whole").unwrap_err();
    refused(other, &["the struct Other", "\"x\" is f64 in the file", "converted to i32"]);
    let flat = Hdf5Dataset::<Flat, Ix1>::open(&path, "whole").unwrap_err();
    refused(flat, &["\"pixel\" has the shape [2] in the file, and [] in the struct"]);
    let narrow = Hdf5Dataset::<Narrow, Ix1>::open(&path, "chunks").unwrap();
    let error = copy_value::run_in(&SerialContext::new(), &narrow).unwrap_err().to_string();
    assert!(error.contains("-500 of the member \"mode\" at [0] does not fit into u8"), "{error}");
    let fits = copy_value::run_in(&SerialContext::new(), &narrow.select(500..502)).unwrap();
    assert_eq!(fits.mapv(|narrow| narrow.mode), array![0, 1]);
}
