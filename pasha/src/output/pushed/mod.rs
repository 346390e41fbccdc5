//! Outputs that grow while the kernel runs: `#[output(ragged)] x: &mut Ragged<A>`.
//!
//! Each worker appends to memory of its own, its *arena*, and notes for each index where its values
//! lie. After the map they are copied together, in the order of the indices.

mod arenas;
mod attached;
mod handle;
mod slots;
mod spec;

pub use handle::Ragged;
pub use spec::Pushed;
