//! What the examples share: pictures, a detector and its simulation, `.poni` files, and the saxs
//! job.

mod context;
pub mod detector;
mod failure;
pub mod plot;
pub mod poisson;
pub mod poni;
pub mod saxs;
pub mod simulation;
mod whole_file;
#[cfg(feature = "xfel")]
pub mod xfel;

pub use context::context;
pub use failure::{Failure, in_plain_words, output_folder};
