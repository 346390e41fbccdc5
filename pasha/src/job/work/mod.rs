//! What a worker does: its way through a map, block by block, item by item.

mod block_spans;
mod blocks;
mod checkpoint;
mod direct;
mod early_end;
mod inner_loop;
mod staged;
mod state;
mod task;
mod worker;

pub(crate) use checkpoint::{CheckpointUse, Checkpoints};
pub(crate) use state::{AfterFailure, MapState};
pub(crate) use task::{AccumulatorsOf, IndexSlotsOf, Task};
