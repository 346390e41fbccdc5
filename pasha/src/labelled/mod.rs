//! Labelled arrays: an ndarray with dimension names, coordinates and attributes.
//!
//! [`DataArray`] lies in memory, `StoredArray` (features `netcdf` and `zarr`) in a file; both are
//! mapped over along a dimension that is named, wherever it lies. The names are those of xarray,
//! whose files are read and written.

mod along;
mod attribute;
mod chosen;
mod coordinate;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
mod decoding;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
mod element;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
mod found;
mod item;
mod labels;
mod memory;
#[cfg(feature = "netcdf")]
pub(crate) mod netcdf;
mod output;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
mod packing;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
mod stored;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
mod stored_along;
mod time;
mod values;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
mod variable;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
mod written;
#[cfg(feature = "zarr")]
mod zarr;

pub use along::Along;
#[doc(hidden)]
pub use along::AlongReader;
pub use attribute::Attribute;
pub use coordinate::Coordinate;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
pub use element::StoredElement;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
pub use found::SkippedCoordinate;
pub use item::Labelled;
#[doc(hidden)]
pub use item::LabelledView;
pub use labels::Labels;
pub use memory::DataArray;
#[doc(hidden)]
pub use output::MappedAlong;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
pub use stored::StoredArray;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
pub use stored_along::StoredAlong;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
#[doc(hidden)]
pub use stored_along::StoredReader;
pub use time::{Calendar, CalendarTime, Time, TimeFields, TimeUnits};
pub use values::{CoordinateValue, Values};
