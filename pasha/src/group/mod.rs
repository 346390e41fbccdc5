//! A group of processes that run one program together, each with workers of its own.
//!
//! A *rank* is a process of the group. All that pasha asks of what carries the messages between
//! ranks is in [`Link`]; a [`Line`] adds what every such link needs: heartbeats, and who has left
//! or is lost. What ranks do together is *collective*: each rank does it, in the same order, and
//! each step has a number, by which messages that come early are kept.

mod agree;
#[cfg(feature = "mpi")]
mod launched;
mod line;
mod link;
mod meet;
mod members;
#[cfg(feature = "mpi")]
mod mpi;
mod sockets;
pub(crate) mod wire;

pub(crate) use agree::Facts;
#[cfg(feature = "mpi")]
pub(crate) use launched::of_launcher;
pub(crate) use line::{HEAD, Kind, Line, Lost};
pub(crate) use meet::Member;
pub(crate) use members::{Group, LEAST_PATIENCE};
pub(crate) use sockets::SocketLink;
