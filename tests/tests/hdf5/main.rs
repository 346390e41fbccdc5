//! HDF5 data sets as functors, compared with what h5py and hdf5-metno wrote.
//!
//! The tests that compare with h5py are skipped, with a printed word, where Python has none.

mod changed;
mod chosen;
mod contexts;
mod damage;
mod errors;
mod external;
mod filters;
mod filters_damaged;
mod forking;
mod growing;
mod layouts;
mod links;
mod mapped;
mod numbers;
mod records;
mod saxs;
mod series;
mod support;
mod types;
mod virtual_sets;
