//! HDF5 data sets as functors.
//!
//! A data set is found by following links (`links`) across files (`file`), and described once, when
//! it is opened (`opening`), as plain data without a handle of libhdf5 (`stored`): a contiguous one
//! is a part of the mapped file, a chunked one a list of places in the file (`index`) and filters
//! (`filters/`). The files of a series (`series`) and the sources of a virtual data set
//! (`mappings`, taken apart into `boxes`) are assembled of `pieces` of other data sets; elements
//! may lie in raw files outside (`external`). For anything else there is libhdf5 (`library`). What
//! its elements are there is described by `types`, and converted to those of the program by
//! `element` and, for compounds, `record`. A worker's `reader` gets at the elements in `bands`, or
//! has one of its own for each data set that they are assembled of; `functor` lends them as items,
//! `rows` and `blocks` as such for other sources.

#[cfg(feature = "python")]
pub(crate) mod any;
mod axis;
mod bands;
#[allow(dead_code, reason = "other sources build on it")]
pub(crate) mod blocks;
mod boxes;
mod chunk_bytes;
mod dataset;
mod element;
mod external;
mod file;
mod filters;
mod fit;
mod functor;
#[allow(dead_code, reason = "other sources build on it")]
pub(crate) mod guards;
mod index;
mod library;
mod links;
mod load;
mod mappings;
mod misfit;
mod names;
mod number;
mod opening;
mod overflow;
mod pieces;
pub(crate) mod probe;
mod reader;
mod record;
mod region;
#[allow(dead_code, reason = "other sources build on it")]
pub(crate) mod rows;
mod series;
mod stored;
pub(crate) mod types;

#[cfg_attr(not(feature = "xfel"), allow(unused_imports, reason = "other sources build on it"))]
pub(crate) use file::explain_opening;

pub use dataset::Hdf5Dataset;
pub use element::Hdf5Element;
pub use record::{Hdf5Field, Hdf5Member, Hdf5Record};
