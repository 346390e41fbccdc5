//! A group of processes that run one program together, each with workers of its own.
//!
//! A *rank* is a process of the group. All that pasha asks of what carries the messages between
//! ranks is in [`Link`]; a [`Messenger`] adds what every such link needs: heartbeats, and who has
//! left or is lost. What ranks do together is *collective*: each rank does it, in the same order,
//! and each step has a number, by which messages that come early are kept.

mod agree;
mod handshake;
#[cfg(feature = "mpi")]
mod launched;
mod link;
mod members;
mod messenger;
#[cfg(feature = "mpi")]
mod mpi;
mod shared_link;
mod sockets;
pub(crate) mod wire;

pub(crate) use agree::Facts;
pub(crate) use handshake::Member;
#[cfg(feature = "mpi")]
pub(crate) use launched::of_launcher;
pub(crate) use members::{Group, LEAST_PATIENCE};
#[cfg_attr(
    not(feature = "ranks"),
    allow(unused_imports, reason = "maps of several ranks use it")
)]
pub(crate) use messenger::{
    ENDED_IN_A_MAP, HEAD, LostRank, MessageKind, Messenger, not_understood,
};
pub(crate) use sockets::SocketLink;
