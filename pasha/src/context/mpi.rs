//! Workers on several machines: the processes that MPI's launcher has started.

use std::time::Duration;

use super::group::GroupContext;
use super::{AnyContext, Context, SerialContext, as_another, named};
use crate::error::{Error, Result};
use crate::group;
use crate::job::panic;
use crate::options::{ContextOptions, Options, option_methods};

/// Runs the kernel on the workers of all processes that `mpirun` or `srun --mpi=pmix` has started:
/// the *ranks*, on one machine or on many.
///
/// Every rank runs the same program, and each map is *collective*: all ranks make it, with the same
/// arguments, and every rank gets the same result, be it whole outputs or an error. So a program
/// for one machine becomes one for many by its context alone. In a program that no launcher has
/// started there is one rank, and MPI is not touched. The guide has a page of it,
/// [*Several machines*](crate::guide::several_machines).
///
/// ```sh
/// mpirun --map-by ppr:1:node --bind-to none target/release/analysis
/// srun --mpi=pmix -K1 -N 2 --ntasks-per-node=1 target/release/analysis
/// ```
///
/// # What is different from one machine
/// - Outputs in files are written by rank 0, which gets what the others have finished; these have
///   their outputs in memory. So is the job file of `resume`.
/// - Reductions are merged on each rank and then in the order of the ranks; per-worker outputs and
///   numbers of workers count the workers of all ranks.
/// - `on_progress` and `progress_bar` tell rank 0 alone, of all.
/// - The error of a source that fails comes as its text.
/// - Locks and atomics are each rank's own: a kernel with a `#[shared]` one is refused
///   ([`Error::ChangesLost`](crate::Error::ChangesLost)), also on threads.
/// - One thread of a process maps in it at a time.
/// - A rank that dies, hangs or can't be reached ends the map on all others within ten seconds,
///   with [`Error::RankLost`](crate::Error::RankLost); [`rank_timeout`](Self::rank_timeout) says
///   another time.
/// - Its `Display` is a line for the start of a log: `2 ranks on 2 hosts, 32 workers: 16 on node-a,
///   16 on node-b`.
///
/// # Examples
/// ```
/// use pasha::{MpiContext, ThreadContext};
///
/// let context = MpiContext::new()?.with_workers(ThreadContext::new(2)?);
/// let squares = pasha::map_in(&context, 0..4_u64, |_, _, n| n * n)?;
/// assert_eq!(squares, ndarray::array![0, 1, 4, 9]); // on every rank
/// if context.rank() == 0 {
///     println!("{squares}");
/// }
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MpiContext {
    inner: GroupContext,
}

impl MpiContext {
    /// A context of all ranks, each with the workers that the environment variable `PASHA_CONTEXT`
    /// says (`mpi`, `mpi:threads:4`, `mpi:processes:16`), or with one. It is collective.
    ///
    /// # Errors
    /// [`Error::Start`](crate::Error::Start) if MPI can't be used, or Slurm has started the program
    /// several times without it; [`Error::RanksDiffer`](crate::Error::RanksDiffer) if the ranks run
    /// other programs, have other arguments, or one maps meanwhile;
    /// [`Error::UnknownContext`](crate::Error::UnknownContext) if a rank can't read its
    /// `PASHA_CONTEXT`, which is [`Error::Rank`](crate::Error::Rank) on the others;
    /// [`Error::Argument`](crate::Error::Argument) within a kernel, and in a process that a rank
    /// has forked.
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, MpiContext};
    ///
    /// let context = MpiContext::new()?;
    /// assert_eq!((context.rank(), context.size()), (0, 1)); // no launcher has started this
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn new() -> Result<Self> {
        let text = std::env::var("PASHA_CONTEXT").unwrap_or_default();
        match named::of_rank(&text, named::IN_ENVIRONMENT) {
            Some(local) => Self::with(local),
            None => Self::with(Ok(Box::new(SerialContext::new()))),
        }
    }

    /// The ranks of the launcher, of which this one has these workers, or tells the others why it
    /// can't.
    pub(super) fn with(local: Result<AnyContext>) -> Result<Self> {
        if panic::in_worker() {
            return Err(Error::Argument {
                argument: "the place where a context of several ranks is made".to_owned(),
                value: "within a kernel".to_owned(),
                advice:
                    "all ranks make it together, and they do not run the same items: make it before \
                         the map; a map within a kernel runs in its worker alone"
                        .to_owned(),
            });
        }
        let group = group::of_launcher()?;
        Ok(MpiContext { inner: GroupContext::new(group, local)? })
    }

    /// The same ranks, each with the workers of this context. It is collective; ranks may have
    /// different ones.
    ///
    /// The options of this context hold over the ranks, and where it does not say something, those
    /// that were set before. Called within a kernel it gives the context alone, without the ranks.
    /// What goes wrong, as with a context of ranks, or where a rank maps meanwhile, is the error of
    /// the next map.
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, MpiContext, ProcessContext};
    ///
    /// let context = MpiContext::new()?.with_workers(ProcessContext::new(3)?);
    /// assert_eq!(context.num_workers(), 3 * context.size());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn with_workers(self, local: impl Context + 'static) -> Self {
        MpiContext { inner: self.inner.with_workers(Box::new(local)) }
    }

    /// Leaves whole outputs to rank 0: the others have the slots that their own workers wrote, and
    /// fill values elsewhere. Reductions are whole on all ranks.
    ///
    /// # Examples
    /// ```
    /// use pasha::MpiContext;
    ///
    /// let context = MpiContext::new()?.outputs_at_root();
    /// let squares = pasha::map_in(&context, 0..4_u64, |_, _, n| n * n)?;
    /// if context.rank() == 0 {
    ///     assert_eq!(squares, ndarray::array![0, 1, 4, 9]);
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn outputs_at_root(self) -> Self {
        MpiContext { inner: self.inner.outputs_at_root() }
    }

    /// Takes a rank for lost that is silent for longer than this, instead of 6 s: the map then ends
    /// on all others with [`Error::RankLost`](crate::Error::RankLost). All ranks say the same, and
    /// at least one second, or the next map is refused.
    ///
    /// Ranks send a sign of life eight times in this time, from a thread of their own, so that it
    /// does not matter how long an item takes. A longer time is for machines that stand still now
    /// and then, as when they swap or a debugger holds a rank.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let context = pasha::MpiContext::new()?.rank_timeout(Duration::from_secs(60));
    /// let squares = pasha::map_in(&context, 0..4_u64, |_, _, n| n * n)?;
    /// # assert_eq!(squares.len(), 4);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn rank_timeout(self, limit: Duration) -> Self {
        MpiContext { inner: self.inner.rank_timeout(limit) }
    }

    /// The number of this rank, from 0.
    ///
    /// # Examples
    /// ```
    /// if pasha::MpiContext::new()?.rank() == 0 {
    ///     println!("said once, whatever the number of ranks");
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn rank(&self) -> usize {
        self.inner.rank()
    }

    /// The number of ranks.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(pasha::MpiContext::new()?.size(), 1); // no launcher has started this
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn size(&self) -> usize {
        self.inner.size()
    }
}

option_methods!(MpiContext, "pasha::MpiContext::new()?", "```\n# if false {");

impl ContextOptions for MpiContext {
    fn options_mut(&mut self) -> &mut Options {
        self.inner.options_mut()
    }
}

impl Context for MpiContext {
    as_another!(|context| context.inner);

    fn options(&self) -> &Options {
        self.inner.options()
    }
}
