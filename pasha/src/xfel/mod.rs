//! Runs of the European XFEL: all files of all data aggregators as one, train by train.
//!
//! A [`Run`] unites the files of a folder. It knows the sources, their keys, and the trains; a
//! [`Key`] is the data of one of them, which can be mapped over with a kernel on [`Train`]. File
//! formats 0.5 to 1.3.
//!
//! The index of a train is always its position in the list of trains that is mapped over. A kernel
//! on `Train` is not called for a train without data: its slot keeps the fill value, and the
//! [report](crate::Report::absent) counts it. A kernel on `Option<Train>` gets `None` instead.
//!
//! # Examples
//! ```no_run
//! use ndarray::{ArrayViewMut2, Ix0, Ix2};
//! use pasha::xfel::{Run, Train, by_id};
//!
//! /// Corrects an image for its dark level and the intensity of its train.
//! #[pasha::kernel]
//! fn correct(
//!     image: Train<'_, u16, Ix2>,
//!     intensity: Train<'_, f32, Ix0>,
//!     #[shared] dark: f32,
//!     #[output(like = image, fill = f32::NAN)] mut corrected: ArrayViewMut2<f32>,
//! ) {
//!     let intensity = *intensity.data.first().unwrap_or(&f32::NAN);
//!     corrected.zip_mut_with(&image.data, |out, &count| {
//!         *out = (f32::from(count) - dark) / intensity;
//!     });
//! }
//!
//! let run = Run::open("/gpfs/exfel/exp/FXE/202201/p002862/raw/r0001")?;
//! let run = run.select_trains(by_id(10_000..10_100))?;
//! let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
//! let intensities = run.key::<f32, Ix0>("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")?;
//! let corrected = correct::run_parallel(&images, &intensities, 50.0)?;
//! # Ok::<(), pasha::Error>(())
//! ```

mod catalogue;
mod collection;
mod element;
mod file;
mod index;
mod info;
mod key;
mod links;
mod metadata;
mod options;
mod read;
mod run;
mod select;
mod selection;
mod skipped;
mod text;
mod train;
mod trains;
mod values;

pub use collection::{Collection, TrainData};
pub use element::KeyElement;
pub use file::Section;
pub(crate) use index::look_at_index;
pub use info::KeyInfo;
pub use key::Key;
pub use options::RunOptions;
#[doc(hidden)]
pub use read::KeyReader;
pub use run::Run;
pub use skipped::SkippedFile;
pub use train::Train;
#[doc(hidden)]
pub use train::{TrainOrNoneParam, TrainParam};
pub use trains::{TrainIds, Trains, by_id};
pub use values::Attribute;
