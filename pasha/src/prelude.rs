//! What most programs use: `use pasha::prelude::*;`.

pub use crate::{
    Allocate, AllocateLike, Context, NpyFile, Order, ProcessContext, SerialContext, SharedArray,
    ThreadContext, axis, chunks, windows,
};
