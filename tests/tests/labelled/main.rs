//! Labelled arrays in NetCDF and Zarr files, against xarray and the original.

mod expected;
mod forks;
mod mutated;
mod packed;
mod python;
mod raw;
mod refused;
mod times;
mod written;
