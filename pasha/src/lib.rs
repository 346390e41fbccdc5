// Says at each item on docs.rs which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
// The README's links. Of two definitions of one link the first holds: these, which lead to pages of
// the documentation, come before those at the README's end, which lead to files of the repository.
#![doc = "[saxs]: guide#examples"]
#![doc = "[examples]: guide#examples"]
#![doc = "[guide]: guide"]
#![doc = "[guide-attribute]: guide::attribute"]
#![doc = "[guide-items]: guide::items"]
#![doc = "[guide-selections]: guide::selections"]
#![doc = "[guide-contexts]: guide::contexts"]
#![doc = "[guide-generics]: guide::generics"]
#![doc = "[guide-forks]: guide::forks"]
#![doc = "[guide-files]: guide::files"]
#![doc = "[guide-jobs]: guide::jobs"]
#![doc = "[guide-errors]: guide::errors"]
#![doc = "[guide-from-python]: guide::from_python"]
#![cfg_attr(feature = "python", doc = "[guide-python-kernels]: guide::python_kernels")]
#![cfg_attr(not(feature = "python"), doc = "[guide-python-kernels]: guide")]
#![doc = "[guide-from-rayon]: guide::from_rayon"]
#![doc = "[guide-from-joblib]: guide::from_joblib"]
#![doc = "[guide-faq]: guide::faq"]
#![doc = "[results]: how_fast"]
#![doc = "[architecture]: https://docs.rs/crate/pasha/latest/source/ARCHITECTURE.md"]
#![doc = "[changelog]: https://docs.rs/crate/pasha/latest/source/CHANGELOG.md"]
#![doc = "[mit]: https://spdx.org/licenses/MIT.html"]
#![doc = "[apache]: https://spdx.org/licenses/Apache-2.0.html"]
// The picture within the page: rustdoc copies no files.
#![cfg_attr(
    doc,
    doc = concat!("[picture]: data:image/png;base64,", include_str!("../docs/saxs.png.base64"))
)]
#![doc = include_str!("../README.md")]

#[doc(hidden)]
#[path = "fuzz.rs"]
pub mod __fuzz;
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(not(target_os = "linux"))]
compile_error!("pasha is written for Linux: it needs fork, pidfds and shared mappings");

pub mod alloc;
mod array;
mod bit_words;
mod context;
mod element;
mod error;
mod files;
mod functor;
mod group;
pub mod guide;
#[cfg(feature = "hdf5")]
mod hdf5;
#[doc = include_str!("../docs/how_fast.md")]
#[doc = include_str!("../benches/RESULTS.svg")]
pub mod how_fast {}
mod interior;
mod job;
mod kernel;
pub mod labelled;
pub mod lanes;
mod map;
mod memory;
mod nearest;
mod npy;
mod options;
mod output;
mod param;
pub mod prelude;
#[cfg(feature = "python")]
#[doc(hidden)]
pub mod python;
#[cfg(feature = "python")]
mod python_module;
mod report;
mod resume;
mod timeline;
#[cfg(feature = "xfel")]
pub mod xfel;

/// The version of bytemuck whose `Pod` and `Zeroable` make a type an [`Element`].
///
/// A crate that derives them without depending on bytemuck itself names it at the type:
///
/// ```
/// use pasha::bytemuck::{Pod, Zeroable};
///
/// /// A photon that was found in a frame.
/// #[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
/// #[bytemuck(crate = "pasha::bytemuck")]
/// #[repr(C)]
/// struct Photon { x: f32, y: f32 }
///
/// let photons = pasha::map(0..3, |_, index, _| Photon { x: index as f32, y: 0.5 })?;
/// assert_eq!(photons[2], Photon { x: 2.0, y: 0.5 });
/// # Ok::<(), pasha::Error>(())
/// ```
pub use bytemuck;
/// The version of ndarray whose arrays can be mapped over, and whose views kernels take.
///
/// Arrays of another version are other types: the compiler then says that `ArrayView2<u16>` is
/// expected and `ArrayView2<u16>` found, or that such an array can't be mapped over. `use
/// pasha::ndarray;` in place of a dependency of one's own rules that out.
///
/// ```
/// use pasha::ndarray::{Array2, ArrayView1};
///
/// /// The sum of a row.
/// #[pasha::kernel]
/// fn total(row: ArrayView1<f64>) -> f64 { row.sum() }
///
/// let out = total::run_parallel(&Array2::<f64>::ones((3, 4)))?;
/// assert_eq!(out, pasha::ndarray::array![4.0, 4.0, 4.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub use ndarray;

pub use alloc::{Allocate, AllocateLike, AllocateRagged};
pub use array::{
    Order, RaggedArray, SharedArray, SharedArray0, SharedArray1, SharedArray2, SharedArray3,
    SharedArray4, SharedArray5, SharedArray6, Slots, advise_huge,
};
#[cfg(feature = "mpi")]
pub use context::MpiContext;
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
pub use functor::axes::{AlongAxes, axes};
pub use functor::axis::{AlongAxis, axis};
pub use functor::chunks::{Blocks, chunks, windows};
pub use functor::concat::{Concat, concat};
pub use functor::masked::{Masked, masked};
pub use functor::npy::NpyFile;
pub use functor::select::{Selected, select};
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
pub use map::snapshot::Snapshot;
pub use map::together::together;
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
pub use timeline::{Span, SpanKind, Timeline};

// What signatures and macros name, and nobody writes: implemented for all that it makes sense for.
#[doc(hidden)]
pub use context::Ranks;
#[doc(hidden)]
pub use element::{Shareable, SharedByValue};
#[doc(hidden)]
pub use functor::axes::HasAxes;
#[doc(hidden)]
pub use functor::axis::AsView;
#[doc(hidden)]
pub use functor::indices::{ItemIndex, MaskElement};
#[doc(hidden)]
pub use functor::list::IntoItems;
#[cfg(feature = "hdf5")]
#[doc(hidden)]
pub use hdf5::Hdf5Member;
#[doc(hidden)]
pub use kernel::compose::{Accepts, OneReturnedValue, ReturnsOneValue};
#[doc(hidden)]
pub use kernel::together::{CloneItems, SameItems, Together};
#[doc(hidden)]
pub use map::together::KernelTuple;
#[doc(hidden)]
pub use output::SlotDimension;
#[doc(hidden)]
pub use param::ItemList;
