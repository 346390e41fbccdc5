//! The steps of a map that all ranks take together: each rank takes its own, and they go on only if
//! it went well on all of them.

use super::{facts, layouts, merge_parts, refuse};
use crate::context::{Ranks, Setting};
use crate::error::{Error, Result};
use crate::functor::list::FunctorList;
use crate::job::work::AccumulatorsOf;
use crate::kernel::Kernel;
use crate::map::{Out, Prepared, drive};
use crate::output::Attached;
use crate::output::list::SpecList;
use crate::output::pack::OutputSet;
use crate::output::worker::Accumulators;
use crate::report::Report;

impl<'p, K: Kernel, F: FunctorList<K::Items>> Prepared<'p, K, F> {
    /// Checks the arguments, and that the other ranks have the same. `what` is the call as they
    /// know it.
    #[cold]
    #[inline(never)]
    pub(in crate::map) fn agreed(
        ranks: Ranks<'p>,
        setting: Setting<'p>,
        kernel: &'p K,
        functors: &'p F,
        what: &str,
    ) -> Result<Self> {
        let checked = Self::checked(setting, kernel, functors).and_then(|prepared| {
            refuse(setting.options, prepared.len)?;
            Ok(prepared)
        });
        let mut prepared = ranks.group.agree(checked, |prepared| {
            facts(what, kernel.signature(), prepared.len, setting.options)
        })?;
        // A constant on its own, so that the first pass of other kernels is not even compiled.
        if const { K::RAGGED > 0 } {
            prepared.find_lengths()?;
        }
        Ok(prepared)
    }

    /// Allocates the outputs on each rank.
    #[cold]
    #[inline(never)]
    pub(in crate::map) fn allocate_together(&self, ranks: Ranks<'_>) -> Result<Out<K>> {
        let allocated = self.specs.allocate(&self.plan(true));
        Ok(K::Set::pack(ranks.group.agree(allocated, |_| Vec::new())?))
    }

    /// Runs into these outputs, which are whole on each rank in the end, or on rank 0.
    #[cold]
    #[inline(never)]
    pub(in crate::map) fn run_together(
        &self,
        ranks: Ranks<'_>,
        out: &mut Out<K>,
        fresh: bool,
    ) -> Result<Report> {
        self.functors.announce();
        let resumes = self.setting.options.job_file().is_some();
        let plan = self.plan(fresh || resumes);
        let outputs = self.kernel.names().outputs;
        let attached = self.specs.attach(K::Set::arrays_mut(out), outputs, &plan);
        let opened = attached.and_then(|attached| {
            // Rank 0 alone knows what an earlier run has finished.
            let is_lead = ranks.group.rank() == 0;
            let job_file = if is_lead { self.job_file(&attached)? } else { None };
            Ok((attached, job_file))
        });
        let (mut attached, job_file) =
            ranks.group.agree(opened, |(attached, _)| layouts(attached, outputs))?;
        let mut writable = Vec::new();
        attached.writable(&mut writable);
        let task = self.task(&attached, job_file.as_deref());
        let outcome = drive::run(&task, self.setting, writable);
        drop(task);
        let outcome = self.together(ranks, outcome, &mut attached);
        // Also after a failure: what was finished is not lost.
        let finished = attached.finish().map_err(|error| *error);
        let report = outcome?;
        ranks.group.agree(finished, |()| Vec::new())?;
        Ok(report)
    }

    /// Merges what the workers of all ranks have accumulated, unless a rank is lost.
    fn together(
        &self,
        ranks: Ranks<'_>,
        outcome: Result<Report>,
        attached: &mut impl Attached,
    ) -> Result<Report> {
        let has_parts = AccumulatorsOf::<K>::COUNT > 0 && self.len > 0;
        match outcome {
            Err(error @ Error::RankLost { .. }) => Err(error),
            outcome if has_parts => {
                let merged = merge_parts(ranks, attached);
                outcome.and_then(|report| merged.map(|()| report))
            }
            outcome => outcome,
        }
    }
}
