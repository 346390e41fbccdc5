//! Reads damaged HDF5 files and says what came of each, so that tests can observe how a reader
//! dies.
//!
//! `hdf5_reader pasha|libhdf5 FILE…` prints for each file `begin FILE`, and then one of: `right`,
//! the data set `data` holds what was written; `same`, it holds something else, and that is also
//! what libhdf5 reads; `wrong`; or `error …`.
//!
//! `hdf5_reader run INTACT RUN…` does the same for runs of the European XFEL with the camera of
//! `xfel_run`; a run of which pasha leaves out a file, and says so, is an `error`, too.

#[cfg(feature = "xfel")]
mod xfel_run;

use ndarray::{Array3, ArrayD, Ix3};
use nix::sys::resource::{Resource, setrlimit};
use pasha::{Hdf5Dataset, SerialContext};

/// Seconds that a file may take: more than pasha takes to notice that libhdf5 goes round in circles
/// in it.
const LIMIT: u32 = 45;

fn main() {
    // What a damaged file asks for must not take the machine's memory.
    let memory = 2 << 30;
    setrlimit(Resource::RLIMIT_AS, memory, memory).expect("the memory can be limited");
    let mut arguments = std::env::args().skip(1);
    let reader = arguments.next().expect("which reader");
    #[cfg(feature = "xfel")]
    if reader == "run" {
        let intact = arguments.next().expect("an intact run");
        return xfel_run::read_all(&intact, arguments, LIMIT);
    }
    for path in arguments {
        println!("begin {path}");
        nix::unistd::alarm::set(LIMIT);
        let found = match reader.as_str() {
            "pasha" => with_pasha(&path),
            _ => with_libhdf5(&path),
        };
        let expected = written().into_dyn();
        match found {
            Ok(found) if found == expected => println!("right"),
            Ok(found) if reader == "pasha" && with_libhdf5(&path).as_ref() == Ok(&found) => {
                println!("same")
            }
            Ok(found) => println!("wrong: shape {:?}", found.shape()),
            Err(error) => println!("error {}", error.replace('\n', " ")),
        }
    }
}

/// What the files held before they were damaged.
fn written() -> Array3<u16> {
    Array3::from_shape_fn((12, 6, 5), |(i, y, x)| (i * i * 100 + y * 10 + x) as u16)
}

fn with_pasha(path: &str) -> Result<ArrayD<u16>, String> {
    #[pasha::kernel]
    fn copy(
        frame: ndarray::ArrayView2<u16>,
        #[output(like = frame)] mut same: ndarray::ArrayViewMut2<u16>,
    ) {
        same.assign(&frame);
    }
    let dataset = Hdf5Dataset::<u16, Ix3>::open(path, "data").map_err(|error| error.to_string())?;
    let copied =
        copy::run_in(&SerialContext::new(), &dataset).map_err(|error| error.to_string())?;
    Ok(copied.to_owned().into_dyn())
}

fn with_libhdf5(path: &str) -> Result<ArrayD<u16>, String> {
    let file = hdf5_metno::File::open(path).map_err(|error| error.to_string())?;
    let dataset = file.dataset("data").map_err(|error| error.to_string())?;
    if dataset.size() > 1 << 26 {
        return Err("too large to compare".to_owned());
    }
    dataset.read_dyn::<u16>().map_err(|error| error.to_string())
}
