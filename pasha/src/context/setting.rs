//! What a map wants to know of its context.

use super::{Context, Ranks};
use crate::memory::Memory;
use crate::options::Options;

/// What a map wants to know of its context, asked once: a context of the user's might answer
/// otherwise the next time, and memory that was made for one answer does not suit another.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'c> {
    pub(crate) context: &'c dyn Context,
    pub(crate) options: &'c Options,
    /// The number of workers here.
    pub(crate) num_workers: usize,
    /// The other ranks that map together, if there are any.
    pub(crate) ranks: Option<&'c Ranks>,
    pub(crate) memory: Memory,
    /// Whether the calling thread does it all, with nothing to look for.
    pub(crate) is_here: bool,
}

impl<'c> Setting<'c> {
    /// Asks a context, which maps together with these ranks.
    #[inline(always)]
    pub(crate) fn of<C: Context + ?Sized>(context: &'c &'c C, ranks: Option<&'c Ranks>) -> Self {
        let options = context.options();
        Setting {
            context,
            options,
            num_workers: match ranks {
                None => context.num_workers(),
                Some(ranks) => ranks.workers_here(),
            },
            ranks,
            memory: context.memory(),
            is_here: context.runs_on_caller() && options.are_plain(),
        }
    }
}
