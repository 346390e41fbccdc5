//! `.poni` files, in which pyFAI keeps where a detector stood, and what follows from them.
//!
//! All versions are read in which the detector is flat: the old one without a number, 2, 2.1 and 3
//! (without its correction of parallax). As in pyFAI, the last of several equal keys counts.

mod detectors;
mod file;
mod geometry;
mod unit;

pub use detectors::Detector;
pub use file::Poni;
pub use geometry::{PixelPosition, TiltedGeometry};
pub use unit::Unit;
