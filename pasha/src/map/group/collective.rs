//! The steps of a map that all ranks take together: each rank takes its own, and they go on only if
//! it went well on all of them.

use ndarray::Ix2;

use super::parts::{GuardedMerge, merge_parts};
use super::trees::gather;
use super::{caught, choice_of_items, facts, layouts, refuse};
use crate::array::SharedArray;
use crate::context::{Ranks, Setting};
use crate::error::{Error, Result};
use crate::functor::list::FunctorList;
use crate::job::work::{AccumulatorsOf, Task};
use crate::kernel::{Kernel, Out};
use crate::map::drive;
use crate::map::lengths::LengthsOf;
use crate::map::prepared::{Prepared, merge_failed};
use crate::map::refuse::{Resuming, refuse_to_resume};
use crate::output::list::SpecList;
use crate::output::pack::OutputSet;
use crate::output::worker::Accumulators;
use crate::output::{Attached, Plan, RankParts};
use crate::report::{FailedItem, Report};

/// Allocates the outputs on each rank and runs into them.
#[cold]
#[inline(never)]
pub(crate) fn run_all<K: Kernel, F: FunctorList<K::Items>>(
    ranks: &Ranks,
    setting: Setting<'_>,
    kernel: &K,
    functors: &F,
) -> Result<(Out<K>, Report)> {
    let refused = refuse_to_resume::<K>(setting.options, Resuming::AllocatingOnRanks);
    let prepared = Prepared::agreed(ranks, setting, kernel, functors, "a map", refused)?;
    let mut out = prepared.allocate_together(ranks)?;
    let report = prepared.run_together(ranks, &mut out, true)?;
    Ok((out, report))
}

/// Allocates the outputs on each rank.
#[cold]
#[inline(never)]
pub(crate) fn alloc<K: Kernel, F: FunctorList<K::Items>>(
    ranks: &Ranks,
    setting: Setting<'_>,
    kernel: &K,
    functors: &F,
) -> Result<Out<K>> {
    let prepared = Prepared::agreed(ranks, setting, kernel, functors, "an allocation", Ok(()))?;
    prepared.allocate_together(ranks)
}

/// Runs into outputs that exist on each rank.
#[cold]
#[inline(never)]
pub(crate) fn run_into<K: Kernel, F: FunctorList<K::Items>>(
    ranks: &Ranks,
    setting: Setting<'_>,
    kernel: &K,
    functors: &F,
    out: &mut Out<K>,
) -> Result<Report> {
    let refused = refuse_to_resume::<K>(setting.options, Resuming::IntoOnRanks);
    let what = "a map into outputs";
    let prepared = Prepared::agreed(ranks, setting, kernel, functors, what, refused)?;
    prepared.run_together(ranks, out, false)
}

/// The first pass over so many items, which finds the lengths of all ragged slots on each rank.
fn first_pass<K: Kernel, F: FunctorList<K::Items>>(
    ranks: &Ranks,
    setting: Setting<'_>,
    kernel: &LengthsOf<'_, K>,
    functors: &F,
    len: usize,
) -> Result<(SharedArray<usize, Ix2>, Vec<FailedItem>)> {
    let ranks = &Ranks { at_root: false, ..ranks.clone() };
    let setting = Setting { ranks: Some(ranks), ..setting };
    let first_pass = Prepared::without_lengths(setting, kernel, functors, len)?;
    let mut found = first_pass.allocate_together(ranks)?;
    let report = first_pass.run_together(ranks, &mut found, true)?;
    Ok((found, report.failed))
}

impl<'p, K: Kernel, F: FunctorList<K::Items>> Prepared<'p, K, F> {
    /// Checks the arguments, and that the other ranks have the same. `what` is the call as they
    /// know it, and `refused` why this rank can't make it, if it can't: whatever one rank refuses
    /// is told to all, which else would wait for it.
    fn agreed(
        ranks: &Ranks,
        setting: Setting<'p>,
        kernel: &'p K,
        functors: &'p F,
        what: &str,
        refused: Result<()>,
    ) -> Result<Self> {
        let prepared = caught(&ranks.group, || {
            ranks.check_workers()?;
            refused?;
            let len = Self::check(setting, kernel, functors)?;
            refuse(ranks, setting.options, len)?;
            Self::without_lengths(setting, kernel, functors, len)
        });
        let mut prepared = ranks.group.agree(prepared, |prepared| {
            let choice = choice_of_items(functors, kernel.names().items, prepared.len);
            facts(what, kernel.signature(), prepared.len, choice, ranks, setting.options)
        })?;
        ranks.group.messenger().set_patience(ranks.patience);
        // A constant on its own, so that the first pass of other kernels is not even compiled.
        if const { K::RAGGED > 0 } {
            let len = prepared.len;
            prepared.find_lengths(|lengths| first_pass(ranks, setting, lengths, functors, len))?;
        }
        Ok(prepared)
    }

    /// Allocates the outputs on each rank.
    fn allocate_together(&self, ranks: &Ranks) -> Result<Out<K>> {
        let numbering = ranks.numbering();
        let plan = Plan { numbering: Some(&numbering), ..self.plan(true) };
        let allocated = self.specs.allocate(&plan);
        Ok(K::Set::pack(ranks.group.agree(allocated, |_| Vec::new())?))
    }

    /// Runs into these outputs, which are whole on each rank in the end, or on rank 0.
    fn run_together(&self, ranks: &Ranks, out: &mut Out<K>, keep: bool) -> Result<Report> {
        self.functors.announce();
        let resumes = self.setting.options.resume.as_deref().is_some();
        let numbering = ranks.numbering();
        let plan = Plan { numbering: Some(&numbering), ..self.plan(keep || resumes) };
        let outputs = &self.kernel.output_names();
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
        let first_worker = numbering.first_worker;
        // All ranks have the same options.
        let tree = match self.setting.options.reproducible {
            true => ranks.group.agree(self.tree(&attached, None), |_| Vec::new())?,
            false => None,
        };
        let task = Task {
            first_worker,
            tree: tree.as_deref(),
            ..self.task(&attached, job_file.as_deref())
        };
        let outcome = drive::run(&task, self.setting, writable, None);
        drop(task);
        let is_merged = tree.is_some() && outcome.is_ok();
        let collected = tree.map_or(Ok(()), |tree| gather(ranks, &tree, &outcome, self.len));
        if is_merged {
            attached.keep_first();
        }
        let merged = self.merge_parts(ranks, &outcome, &mut attached);
        // Also after a failure: what was finished is not lost.
        let finished = self.finish(attached).map_err(|error| *error);
        let mut report = outcome?;
        match collected.and(merged) {
            Err(error @ Error::RankLost { .. }) => return Err(error),
            merged => ranks.group.agree(merged.and(finished), |()| Vec::new())?,
        }
        report.finish_timeline(self.setting.options.timeline_file.as_deref());
        // It is told once: all ranks count the same maps.
        report.warnings.extend(ranks.warning().filter(|_| ranks.group.is_first_warning()));
        Ok(report)
    }

    /// Merges what the workers of all ranks have accumulated, unless a rank is lost.
    fn merge_parts(
        &self,
        ranks: &Ranks,
        outcome: &Result<Report>,
        attached: &mut impl Attached,
    ) -> Result<()> {
        let has_parts = AccumulatorsOf::<K>::COUNT > 0 && self.len > 0;
        match outcome {
            Err(Error::RankLost { .. }) => Ok(()),
            _ if has_parts => match merge_parts(ranks, attached)? {
                GuardedMerge { panicked: None } => Ok(()),
                GuardedMerge { panicked: Some(panicked) } => Err(merge_failed(panicked, self.len)),
            },
            _ => Ok(()),
        }
    }
}
