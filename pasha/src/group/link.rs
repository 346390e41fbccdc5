//! What a group needs of whatever carries its messages.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A message that goes to one rank or to several.
pub(crate) type Message = Arc<Vec<u8>>;

/// The rank that can't be reached any more, and what the link says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreachable {
    pub(crate) rank: usize,
    pub(crate) reason: String,
}

/// Carries messages of bytes between the ranks of a group, in order between any two.
///
/// One thread at a time uses it. It is never used in a forked worker.
pub(crate) trait Link: Send + fmt::Debug {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// The number of ranks.
    fn size(&self) -> usize;

    /// Begins to send a message to another rank. It is under way until [`receive`](Self::receive)
    /// has been called often enough.
    fn send(&mut self, to: usize, message: Message) -> Result<(), Unreachable>;

    /// The next message that has come, and whose it is; `None` if there is none now. Goes on with
    /// what is being sent.
    fn receive(&mut self) -> Result<Option<(usize, Vec<u8>)>, Unreachable>;

    /// The bytes that are still under way from here.
    fn unsent(&self) -> usize;

    /// Waits until there may be something to receive, but no longer than this.
    fn wait(&mut self, at_most: Duration);

    /// Whether [`receive`](Self::receive) tells of ranks that have ended.
    fn tells_of_ends(&self) -> bool {
        false
    }

    /// Ends the whole group at once, where that is possible: a rank of it is lost.
    fn abort(&mut self) {}
}
