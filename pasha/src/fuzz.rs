//! The parsers that read files in the user's process, on bytes in memory: `tests/fuzz` throws
//! damaged files at them.

use crate::{npy, resume};

/// Reads the header of a `.npy` file as [`NpyFile::open`](crate::NpyFile::open) does; says what it
/// is.
///
/// # Errors
/// As the parser.
pub fn npy_header(file: &[u8]) -> Result<String, String> {
    use ndarray::{Ix2, IxDyn};
    let header = npy::parse(file)?;
    // As elements and numbers of axes of all kinds.
    let checked = [
        crate::functor::npy::check::<f64, Ix2>(&header, file.len()).map(drop),
        crate::functor::npy::check::<bool, IxDyn>(&header, file.len()).map(drop),
        crate::functor::npy::check::<num_complex::Complex<f32>, IxDyn>(&header, file.len())
            .map(drop),
    ];
    let [frame, ..] = checked;
    frame.map(|()| header.dictionary())
}

/// Reads a whole job file as a map that resumes it does.
///
/// # Errors
/// As the parser.
pub fn job_file(file: &[u8]) -> Result<(), String> {
    resume::check_bytes(file, &resume::sample())
}

/// A job file of the job that [`job_file`] expects.
pub fn sample_job_file() -> Vec<u8> {
    resume::sample_bytes()
}

/// As [`job_file`], where the header's checksum is made right before: so that what a damaged header
/// says is looked at.
///
/// # Errors
/// As the parser.
pub fn sealed_job_file(file: &mut [u8]) -> Result<(), String> {
    resume::seal(file);
    job_file(file)
}

/// Reads the header of a file of NetCDF's classic formats; says whether it is one.
///
/// # Errors
/// As the parser.
#[cfg(feature = "netcdf")]
pub fn classic_netcdf(file: &[u8]) -> Result<bool, String> {
    let header = crate::labelled::netcdf::classic::ClassicHeader::parse(
        std::io::Cursor::new(file),
        file.len() as u64,
    );
    header.map(|header| header.is_some()).map_err(|error| error.to_string())
}

/// Reads the numbers of an index of a run's file, the first two as the new form and all as the old.
///
/// # Errors
/// As the parser.
#[cfg(feature = "xfel")]
pub fn run_index(train_ids: &[u64], numbers: [Vec<u64>; 4]) -> Result<(u64, u64), String> {
    crate::xfel::look_at_index(train_ids, numbers)
}
