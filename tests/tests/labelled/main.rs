//! Labelled arrays in NetCDF and Zarr files, against xarray and the original.

mod checksums;
mod chosen;
mod compressed;
mod exact;
mod expected;
mod forks;
mod labels;
mod mutated;
mod packed;
mod python;
mod raw;
mod refused;
mod store_files;
mod times;
mod written;
