//! The board: what workers and the caller tell each other during a map, in memory that they share.

mod claim;
mod current;
mod failure_log;
mod finished;
mod grants;
mod record;
mod spans;
mod table;
mod text;

pub(crate) use claim::most_items;
pub(crate) use current::Current;
pub(crate) use failure_log::{End, Failure, Logged};
pub(crate) use finished::{BITS, FinishedItems};
pub(crate) use grants::{Grants, least_block};
pub(crate) use record::{Late, Record, Stage};
pub(crate) use spans::{EventBuffers, Recorder, Timed};
pub(crate) use table::{Stop, Table};
pub(crate) use text::read as read_text;
