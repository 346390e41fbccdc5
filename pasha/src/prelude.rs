//! What most programs use: `use pasha::prelude::*;`.

pub use crate::{
    AfterRetries, Allocate, AllocateLike, AllocateRagged, AnyContext, CancelToken, Context,
    ContextOptions, NpyFile, OnFailure, Order, ProcessContext, SerialContext, SharedArray,
    ThreadContext, axis, chunks, windows,
};
