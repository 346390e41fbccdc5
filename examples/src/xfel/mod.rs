//! Runs of the European XFEL: listing one, checking every train of it, and writing one to try
//! things on.

pub mod listing;
pub mod sample;
pub mod table;
