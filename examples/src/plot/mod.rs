//! Pictures of results: images, curves and histograms as SVG files, and plain PNG files.
//!
//! The files need nothing to be looked at but a browser. Images lie inside the SVG as PNG.

mod axis;
mod colour;
mod curves;
mod heat_map;
mod histogram;
mod picture;
mod png;

pub use axis::Scale;
pub use colour::ColourMap;
pub use curves::Curves;
pub use heat_map::HeatMap;
pub use histogram::Histogram;
pub use png::write_rgb_png;
