//! The parsers, and files that they accept.

use pasha::__fuzz as fuzz;

/// Reads bytes as such a file; says whether they were accepted.
pub(super) type Reader = Box<dyn Fn(&[u8]) -> bool>;

/// A parser.
pub(super) struct Target {
    pub(super) name: &'static str,
    pub(super) corpus: Vec<Vec<u8>>,
    /// Reads a file; whether it is accepted.
    pub(super) read: Reader,
}

pub(super) fn all() -> Vec<Target> {
    vec![
        npy(),
        job(),
        sealed_job(),
        #[cfg(feature = "xfel")]
        run_index(),
        #[cfg(feature = "netcdf")]
        classic_netcdf(),
        #[cfg(feature = "zarr")]
        zarr::target(),
    ]
}

fn npy() -> Target {
    let file = |version: u8, dictionary: &str, elements: usize| {
        let mut text = dictionary.to_owned();
        text.push_str(&" ".repeat(text.len() % 64));
        text.push('\n');
        let mut file = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
        match version {
            1 => file.extend((text.len() as u16).to_le_bytes()),
            _ => file.extend((text.len() as u32).to_le_bytes()),
        }
        file.extend(text.bytes());
        file.extend(std::iter::repeat_n(1, elements));
        file
    };
    let corpus = vec![
        file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", 48),
        file(1, "{'descr': '<f8', 'fortran_order': True, 'shape': (2L, 3L)}", 48),
        file(2, "{'descr': '>f8', 'fortran_order': False, 'shape': (0, 3), }", 0),
        file(3, "{'shape': (1, 1), u'descr': \"<f8\", 'fortran_order': False}", 8),
        file(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (5,), }", 5),
        file(
            1,
            "{'descr': [('x', '<i4', (2,)), ('y', '<f8')], 'fortran_order': False, 'shape': (), }",
            16,
        ),
    ];
    Target { name: "npy", corpus, read: Box::new(|file| fuzz::npy_header(file).is_ok()) }
}

fn job() -> Target {
    let corpus = vec![fuzz::sample_job_file()];
    Target { name: "job", corpus, read: Box::new(|file| fuzz::job_file(file).is_ok()) }
}

/// Job files whose checksum is right.
fn sealed_job() -> Target {
    let read = |file: &[u8]| fuzz::sealed_job_file(&mut file.to_vec()).is_ok();
    Target { name: "sealed-job", corpus: vec![fuzz::sample_job_file()], read: Box::new(read) }
}

/// Index groups of runs: five lists of numbers.
#[cfg(feature = "xfel")]
fn run_index() -> Target {
    let bytes =
        |lists: [[u64; 6]; 5]| lists.iter().flatten().flat_map(|n| n.to_le_bytes()).collect();
    let corpus = vec![
        bytes([[10, 11, 12, 13, 14, 0], [0, 1, 2, 3, 4, 5], [1; 6], [0, 1, 2, 3, 4, 5], [1; 6]]),
        bytes([
            [10, 900, 11, 2, 12, 13],
            [0, 3, 3, 6, 7, 7],
            [3, 0, 3, 1, 0, 1],
            [2, 2, 5, 6, 6, 7],
            [1, 0, 1, 1, 0, 1],
        ]),
    ];
    let read = |file: &[u8]| {
        let (words, _) = file.as_chunks();
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let len = words.len().div_ceil(5).max(1);
        let mut lists = words.chunks(len).map(<[u64]>::to_vec);
        let ids = lists.next().unwrap_or_default();
        fuzz::run_index(&ids, std::array::from_fn(|_| lists.next().unwrap_or_default())).is_ok()
    };
    Target { name: "run-index", corpus, read: Box::new(read) }
}

/// Headers of NetCDF's classic formats: a variable that grows, and one that does not.
#[cfg(feature = "netcdf")]
fn classic_netcdf() -> Target {
    let file = |version: u8| {
        let wide = version == 5;
        let number = |n: u32| match wide {
            true => u64::from(n).to_be_bytes().to_vec(),
            false => n.to_be_bytes().to_vec(),
        };
        let word = |n: u32| n.to_be_bytes().to_vec();
        let offset =
            |n: u32| if version == 1 { word(n) } else { u64::from(n).to_be_bytes().to_vec() };
        let name = |text: &[u8; 4]| [number(4), text.to_vec()].concat();
        let dims = [word(10), number(2), name(b"time"), number(0), name(b"axis"), number(3)];
        let units = || [word(12), number(1), name(b"unit"), word(2), number(2), b"mm\0\0".to_vec()];
        let grows = [name(b"vals"), number(2), number(0), number(1)].concat();
        let stays = [name(b"axis"), number(1), number(1)].concat();
        let list = [word(11), number(2)].concat();
        let first = [word(3), number(8), offset(400)].concat();
        let second = [word(6), number(24), offset(300)].concat();
        let mut file = [b"CDF".to_vec(), vec![version], number(2), dims.concat()].concat();
        file.extend([units().concat(), list].concat());
        file.extend([grows, units().concat(), first].concat());
        file.extend([stays, units().concat(), second].concat());
        file.resize(416, 0);
        file
    };
    let corpus = vec![file(1), file(2), file(5)];
    assert!(corpus.iter().all(|file| fuzz::classic_netcdf(file) == Ok(true)));
    Target {
        name: "classic-netcdf",
        corpus,
        read: Box::new(|file| fuzz::classic_netcdf(file).is_ok()),
    }
}

#[cfg(feature = "zarr")]
mod zarr {
    use std::fs;
    use std::path::Path;

    use ndarray::{Array2, Ix2};
    use pasha::DataArray;

    use super::Target;

    /// An array in format 2, as xarray writes it.
    const OLD: [&str; 2] = [
        r#"{"shape": [4, 6], "chunks": [2, 6], "dtype": "<i4", "fill_value": 0, "order": "C", "filters": null,
        "dimension_separator": ".", "compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0},
        "zarr_format": 2}"#,
        r#"{"_ARRAY_DIMENSIONS": ["y", "x"], "coordinates": "a b", "scale_factor": 0.5, "add_offset": [1],
        "_FillValue": "AAAAAAAA+H8=", "missing_value": -1, "units": "days since 2000-01-01", "list": [1, 2.5]}"#,
    ];

    /// The JSON of an array, which is written in front of each case: what a file on a memory disk
    /// takes is a tenth of what is done with it.
    pub(super) fn target() -> Target {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory).expect("a folder in memory"),
            false => tempfile::tempdir().expect("a folder"),
        };
        let new = folder.path().join("new.zarr");
        let values = Array2::from_shape_fn((4, 6), |(y, x)| (10 * y + x) as i32);
        let array = DataArray::new(values, ["y", "x"]).expect("two names");
        let array = array.with_coord("y", [0.5, 1.5, 2.5, 3.5]).expect("one for each");
        let array = array.with_coord("x", ["a", "b", "c", "d", "e", "f"]).expect("one for each");
        array.with_attr("units", "counts").to_zarr(&new).expect("a store is written");
        let old = folder.path().join("old.zarr");
        fs::create_dir_all(old.join("data")).expect("a folder is made");
        fs::write(old.join(".zgroup"), r#"{"zarr_format": 2}"#).expect("a file is written");
        let read_all = |path: &Path| fs::read(path).expect("a file is read");
        let json = read_all(&new.join("data/zarr.json"));
        // The first byte says which file of which store it is.
        let numbered = |number: u8, text: &[u8]| [&[number][..], text].concat();
        let mut corpus = vec![numbered(0, &json)];
        corpus.push(numbered(1, &read_all(&new.join("y/zarr.json"))));
        corpus.push(numbered(2, &read_all(&new.join("x/zarr.json"))));
        corpus.push(numbered(3, OLD[0].as_bytes()));
        corpus.push(numbered(4, OLD[1].as_bytes()));
        let whole = [
            (new.join("data/zarr.json"), json),
            (new.join("y/zarr.json"), corpus[1][1..].to_vec()),
            (new.join("x/zarr.json"), corpus[2][1..].to_vec()),
            (old.join("data/.zarray"), OLD[0].into()),
            (old.join("data/.zattrs"), OLD[1].into()),
        ];
        for (path, text) in &whole {
            fs::write(path, text).expect("a file is written");
        }
        let read = move |file: &[u8]| {
            let _ = &folder;
            let Some((&number, text)) = file.split_first() else { return false };
            let (path, intact) = &whole[usize::from(number) % whole.len()];
            fs::write(path, text).expect("a file is written");
            let store = path.ancestors().nth(2).expect("two folders above");
            let is_open = DataArray::<f64, Ix2>::from_zarr(store, "data").is_ok();
            fs::write(path, intact).expect("a file is written");
            is_open
        };
        Target { name: "zarr", corpus, read: Box::new(read) }
    }
}
