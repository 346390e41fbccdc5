#![doc = include_str!("../README.md")]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(not(target_os = "linux"))]
compile_error!("pasha is written for Linux: it needs fork, pidfds and shared mappings");

pub mod alloc;
mod array;
mod context;
mod element;
mod error;
mod files;
mod functor;
#[cfg(feature = "hdf5")]
mod hdf5;
#[doc = include_str!("../docs/how_fast.md")]
#[doc = include_str!("../benches/RESULTS.svg")]
pub mod how_fast {}
mod interior;
mod job;
mod kernel;
pub mod labelled;
mod map;
mod memory;
mod nearest;
mod npy;
mod options;
mod output;
mod param;
pub mod prelude;
mod report;
mod resume;
#[cfg(feature = "xfel")]
pub mod xfel;

pub use alloc::{Allocate, AllocateLike};
pub use array::{
    Order, RaggedArray, SharedArray, SharedArray0, SharedArray1, SharedArray2, SharedArray3,
    SharedArray4, SharedArray5, SharedArray6, advise_huge,
};
pub use context::{
    AnyContext, Context, ProcessContext, SerialContext, ThreadContext, available_workers,
    default_context, set_default_context,
};
pub use element::Element;
#[cfg(feature = "hdf5")]
pub use error::Hdf5Error;
#[cfg(feature = "xfel")]
pub use error::XfelError;
pub use error::{Cause, Error, ItemFailure, NpyError, Result, SourceError, VariableError};
pub use functor::axis::{AlongAxis, axis};
pub use functor::chunks::{Blocks, chunks, windows};
pub use functor::npy::NpyFile;
pub use functor::{Functor, IntoFunctor, NaturalItem, Read};
#[cfg(feature = "hdf5")]
pub use hdf5::{Hdf5Dataset, Hdf5Element, Hdf5Field, Hdf5Record};
pub use job::Job;
pub use job::share::split;
pub use kernel::{Kernel, Out};
#[cfg(any(feature = "netcdf", feature = "zarr"))]
pub use labelled::StoredArray;
pub use labelled::{DataArray, Labelled};
pub use map::bound::BoundKernel;
pub use map::closure::{map, map_in, map_report_in, try_map, try_map_in, try_map_report_in};
pub use memory::Memory;
pub use memory::stream::{Stream, stream};
pub use npy::NpyElement;
pub use options::{AfterRetries, CancelToken, ContextOptions, OnFailure, Options, Progress};
pub use output::merge;
pub use output::merge::Merge;
pub use output::pushed::Ragged;
pub use param::{ByRef, ByValue, ItemShape, KernelItem, Param, SubView};
pub use pasha_macros::kernel;
pub use report::{FailedItem, HugePages, Report, WorkerReport};

// What signatures and macros name, and nobody writes: implemented for all that it makes sense for.
#[doc(hidden)]
pub use element::{Shareable, SharedByValue};
#[doc(hidden)]
pub use functor::axis::AsView;
#[doc(hidden)]
pub use functor::list::IntoItems;
#[cfg(feature = "hdf5")]
#[doc(hidden)]
pub use hdf5::Hdf5Member;
#[doc(hidden)]
pub use kernel::compose::{Accepts, ReturnsOneValue, Then};
#[doc(hidden)]
pub use param::ItemList;
