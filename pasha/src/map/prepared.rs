//! A map whose arguments are checked: allocates its outputs, attaches them, and runs into them.

use std::io::{self, Write};
use std::path::Path;

use ndarray::Ix2;

use super::lengths::{Lengths, LengthsOf};
use super::outcome::MapProgress;
use super::refuse::{changes_lost, too_many_workers};
use super::{drive, shared};
use crate::array::SharedArray;
use crate::context::{MOST_WORKERS, Setting};
use crate::error::{Error, Result, describe};
use crate::functor::list::FunctorList;
use crate::job::panic;
use crate::job::tree::{Blocks, MergeTree, SavedTree, TreeMemory};
use crate::job::work::{AccumulatorsOf, Task};
use crate::kernel::{Kernel, Out};
use crate::memory::{MappingId, Memory};
use crate::options::Options;
use crate::output::list::{RESULT, SpecList};
use crate::output::pack::OutputSet;
use crate::output::worker::{AccumulatorBytes, Accumulators, Reduction};
use crate::output::{Attached, Plan, RankParts};
use crate::report::{FailedItem, Report};
use crate::resume::{Identity, JobFile, Journal, KeptOutput};
use crate::timeline::Timeline;

/// A map whose arguments are checked.
pub(super) struct Prepared<'p, K: Kernel, F> {
    pub(super) setting: Setting<'p>,
    pub(super) kernel: &'p K,
    pub(super) functors: &'p F,
    pub(super) specs: K::Specs,
    pub(super) len: usize,
    /// Of the slots of ragged outputs, if there are any.
    lengths: Option<Box<Lengths>>,
}

/// What keeps outputs of a job that lie in no file: reductions and ragged slots.
type BesideJobFile<'t> = (Option<Box<MergeTree<'t>>>, Option<Box<Journal>>);

impl<'p, K: Kernel, F: FunctorList<K::Items>> Prepared<'p, K, F> {
    #[inline(always)]
    pub(super) fn new(setting: Setting<'p>, kernel: &'p K, functors: &'p F) -> Result<Self> {
        let len = Self::check(setting, kernel, functors)?;
        let mut prepared = Self::without_lengths(setting, kernel, functors, len)?;
        // A constant on its own, so that the first pass of other kernels is not even compiled.
        if const { K::RAGGED > 0 } {
            prepared.find_lengths(|lengths| Self::first_pass(setting, lengths, functors, len))?;
        }
        Ok(prepared)
    }

    /// Checks the context and the functors, and tells the number of items.
    #[inline(always)]
    pub(super) fn check(setting: Setting<'_>, kernel: &K, functors: &F) -> Result<usize> {
        if setting.num_workers == 0 {
            return Err(Error::ZeroWorkers);
        }
        if setting.num_workers > MOST_WORKERS {
            return Err(too_many_workers(setting.num_workers));
        }
        let over_ranks = setting.ranks.is_some();
        if (setting.memory == Memory::Shared || over_ranks)
            && let Some(parameter) = kernel.interior_mutable()
        {
            return Err(changes_lost(parameter, kernel.names().items, over_ranks));
        }
        // Asked once: both passes, and everything that is allocated, are for this many items.
        functors.check(kernel.names().items)
    }

    /// Finds the lengths of ragged slots, by the pass that is given.
    pub(super) fn find_lengths(
        &mut self,
        pass: impl FnOnce(&LengthsOf<'_, K>) -> Result<(SharedArray<usize, Ix2>, Vec<FailedItem>)>,
    ) -> Result<()> {
        let outputs = self.kernel.output_names();
        let (found, failed) =
            pass(&LengthsOf(self.kernel)).map_err(|error| error.of_lengths(&outputs))?;
        self.lengths = Some(Box::new(Lengths::new(&found, failed, &outputs)));
        Ok(())
    }

    /// The first pass over so many items.
    fn first_pass(
        setting: Setting<'_>,
        lengths: &LengthsOf<'_, K>,
        functors: &F,
        len: usize,
    ) -> Result<(SharedArray<usize, Ix2>, Vec<FailedItem>)> {
        // It is no part of a job.
        let options = setting
            .options
            .resume
            .is_some()
            .then(|| Options { resume: None, ..setting.options.clone() });
        let setting = Setting { options: options.as_ref().unwrap_or(setting.options), ..setting };
        let first_pass = Prepared::without_lengths(setting, lengths, functors, len)?;
        let mut found = first_pass.allocate()?;
        if setting.options.on_failure.may_skip().is_none() {
            first_pass.fill(&mut found, true)?;
            return Ok((found, Vec::new()));
        }
        let report = first_pass.run_into(&mut found, true)?;
        Ok((found, report.failed))
    }

    #[inline(always)]
    pub(super) fn without_lengths(
        setting: Setting<'p>,
        kernel: &'p K,
        functors: &'p F,
        len: usize,
    ) -> Result<Self> {
        let mut specs = kernel.specs(functors.shapes())?;
        specs.prepare();
        Ok(Prepared { setting, kernel, functors, specs, len, lengths: None })
    }

    #[inline(always)]
    pub(super) fn plan(&self, keep: bool) -> Plan<'_> {
        Plan {
            len: self.len,
            num_workers: self.setting.num_workers,
            numbering: None,
            memory: self.setting.memory,
            pages: self.setting.options.pages(),
            lengths: self.lengths.as_ref().map(|lengths| &lengths.found),
            first_column: 0,
            keep,
            resumes: self.setting.options.resume.as_deref().is_some(),
            is_to_look_at: false,
        }
    }

    /// The plan for outputs into which copies of those of the map go, to be looked at.
    pub(super) fn plan_to_look(&self) -> Plan<'_> {
        Plan { is_to_look_at: true, ..self.plan(true) }
    }

    pub(super) fn allocate(&self) -> Result<Out<K>> {
        self.allocate_for(&self.plan(true))
    }

    pub(super) fn allocate_for(&self, plan: &Plan<'_>) -> Result<Out<K>> {
        Ok(K::Set::pack(self.specs.allocate(plan)?))
    }

    pub(super) fn run_into(&self, out: &mut Out<K>, keep: bool) -> Result<Report> {
        let run = |task: Task<'_, K, F>, writable: &dyn Fn() -> Vec<MappingId>| {
            drive::run(&task, self.setting, writable(), None)
        };
        let mut report = self.attached(out, keep, run)?;
        report.finish_timeline(self.setting.options.timeline_file.as_deref());
        Ok(report)
    }

    /// As [`run_into`](Self::run_into) where nobody wants to know more than whether it went well.
    #[inline(always)]
    pub(super) fn fill(&self, out: &mut Out<K>, keep: bool) -> Result<()> {
        let is_here = self.setting.is_here && !K::STREAM_STORES;
        let mut unread = UnreadTimeline { timeline: None, options: self.setting.options };
        self.attached(out, keep, |task, writable| {
            if is_here && task.new_memory.is_empty() {
                debug_assert!(self.setting.options.are_plain());
                task.run_directly().map_err(|failure| {
                    let (finished, len, options) =
                        (failure.finished, self.len, self.setting.options);
                    MapProgress { finished, len, options }.error_of(failure.logged, failure.source)
                })
            } else {
                let report = drive::run(&task, self.setting, writable(), None);
                report.map(|report| unread.timeline = report.timeline)
            }
        })
    }

    /// Calls `go` with the run into these outputs, and with what finds out which mappings workers
    /// write.
    #[inline(always)]
    pub(super) fn attached<T>(
        &self,
        out: &mut Out<K>,
        keep: bool,
        go: impl FnOnce(Task<'_, K, F>, &dyn Fn() -> Vec<MappingId>) -> Result<T>,
    ) -> Result<T> {
        self.functors.announce();
        let resumes = self.setting.options.resume.as_deref().is_some();
        let plan = self.plan(keep || resumes);
        let arrays = K::Set::arrays_mut(out);
        let mut attached = self.specs.attach(arrays, self.kernel.names().outputs, &plan)?;
        let writable = || {
            let mut mappings = Vec::new();
            attached.writable(&mut mappings);
            mappings
        };
        let mut job_file = self.job_file(&attached)?;
        let beside = self.beside_job_file(&attached, job_file.as_deref_mut());
        if let (Err(_), Some(job_file)) = (&beside, job_file.as_deref()) {
            job_file.withdraw();
        }
        let (tree, journal) = beside?;
        let journal = journal.as_deref();
        let task = self.task(&attached, job_file.as_deref());
        let task = Task { tree: tree.as_deref(), journal, ..task };
        if let (Some(journal), Some(job_file)) = (journal, job_file.as_deref()) {
            task.take_from(journal, job_file)?;
        }
        let outcome = go(task, &writable);
        // Also after a failure: what was finished is not lost. That the map failed is what counts.
        let is_merged = tree.is_some() && outcome.is_ok();
        let collected = tree.map_or(Ok(()), |tree| collect(&tree, self.len));
        if is_merged {
            attached.keep_first();
        }
        let finished = collected.and(self.finish(attached));
        match outcome {
            Ok(value) => match finished {
                Ok(()) => Ok(value),
                Err(error) => Err(*error),
            },
            Err(error) => Err(error),
        }
    }

    /// Makes the arrays what the caller gets.
    #[inline(always)]
    pub(super) fn finish(&self, attached: impl Attached) -> Result<(), Box<Error>> {
        if const { AccumulatorsOf::<K>::COUNT == 0 } {
            return attached.finish();
        }
        // Merges may be the user's.
        let (mut attached, mut finished) = (Some(attached), Ok(()));
        let caught = panic::caught(&mut || {
            if let Some(attached) = attached.take() {
                finished = attached.finish();
            }
        });
        match caught {
            Ok(()) => finished,
            Err(panicked) => Err(Box::new(merge_failed(panicked, self.len))),
        }
    }

    /// What the workers of a run into these outputs read.
    #[inline(always)]
    pub(super) fn task<'r>(
        &'r self,
        attached: &impl Attached<Slots = <K::Specs as SpecList>::Slots>,
        job_file: Option<&'r JobFile>,
    ) -> Task<'r, K, F> {
        let mut new_memory = Vec::new();
        attached.new_memory(&mut new_memory);
        Task {
            kernel: self.kernel,
            functors: self.functors,
            slots: attached.index_slots(),
            accumulators: attached.accumulators(),
            len: self.len,
            first_worker: 0,
            new_memory,
            job_file,
            journal: None,
            tree: None,
            failed_lengths: self.lengths.as_ref().map(|lengths| &lengths.failed),
        }
    }

    /// Opens what lies beside the job file, of a map that has one; the tree also of one without.
    #[inline(always)]
    fn beside_job_file<'t>(
        &self,
        attached: &'t impl Attached,
        mut job_file: Option<&mut JobFile>,
    ) -> Result<BesideJobFile<'t>> {
        let tree = self.tree(attached, job_file.as_deref_mut())?;
        Ok((tree, self.journal(attached, job_file.as_deref())?))
    }

    /// Opens what keeps the slots of a job that lie in no file, if there are such.
    #[inline(always)]
    fn journal(
        &self,
        attached: &impl Attached,
        job_file: Option<&JobFile>,
    ) -> Result<Option<Box<Journal>>> {
        match job_file {
            Some(job_file) if const { K::Specs::KEPT.in_memory } && attached.lies_in_memory() => {
                Journal::open(job_file).map(|journal| Some(Box::new(journal)))
            }
            _ => Ok(None),
        }
    }

    /// The tree in which reductions are merged, if there are any and their bits are not to depend
    /// on who computes what, or they are saved for those who go on with this job.
    #[inline(always)]
    pub(super) fn tree<'t>(
        &self,
        attached: &'t impl Attached,
        job_file: Option<&mut JobFile>,
    ) -> Result<Option<Box<MergeTree<'t>>>> {
        let is_wanted = self.setting.options.reproducible || job_file.is_some();
        if const { AccumulatorsOf::<K>::COUNT == 0 } || !is_wanted {
            return Ok(None);
        }
        let (mut reductions, mut own) = (Vec::new(), Vec::new());
        attached.reductions(&mut reductions);
        if job_file.is_some() {
            attached.own_accumulators(&mut own);
        }
        tree_of(reductions, own, self.setting, self.len, job_file)
    }

    /// Opens the file that says what is done, in a context that resumes.
    #[inline(always)]
    pub(super) fn job_file(&self, attached: &impl Attached) -> Result<Option<Box<JobFile>>> {
        let Some(path) = self.setting.options.resume.as_deref() else { return Ok(None) };
        let mut kept = Vec::new();
        attached.kept(&mut kept);
        let names = self.kernel.output_names();
        open_job_file(path, &names, kept, self.kernel.signature(), self.len)
            .map(|file| Some(Box::new(file)))
    }
}

/// The tree in which these are merged, unless there are none.
#[cold]
fn tree_of<'t>(
    reductions: Vec<Box<dyn Reduction + 't>>,
    own: Vec<Box<dyn AccumulatorBytes + 't>>,
    setting: Setting<'_>,
    len: usize,
    job_file: Option<&mut JobFile>,
) -> Result<Option<Box<MergeTree<'t>>>> {
    if reductions.is_empty() && own.is_empty() {
        return Ok(None);
    }
    let Setting { options, memory, .. } = setting;
    let num_workers = shared::num_workers(setting, len);
    let splitting = options.splitting;
    let elsewhere = setting.ranks.is_some();
    let blocks = Blocks::new(&reductions, &own, len);
    let memory = match job_file {
        None => TreeMemory::Anonymous(memory, options.pages()),
        Some(job_file) => {
            let saved = SavedTree::read(job_file, &blocks)?;
            job_file.keep_to_start();
            match options.durable {
                false => TreeMemory::File(saved),
                true => TreeMemory::Durable(memory, options.pages(), saved),
            }
        }
    };
    MergeTree::new(reductions, own, blocks, num_workers, elsewhere, splitting, memory)
        .map(|tree| Some(Box::new(tree)))
}

/// Merges what the workers have left in the tree of a map over so many items.
#[cold]
pub(super) fn collect(tree: &MergeTree<'_>, len: usize) -> Result<(), Box<Error>> {
    // SAFETY: all workers have ended, and the outputs are still attached: the tree borrows them.
    let caught = panic::caught(&mut || unsafe { tree.collect() });
    caught.map_err(|panicked| Box::new(merge_failed(panicked, len)))
}

/// Opens the job file of a kernel whose outputs have these names, and the returned ones none.
// Knows no types of the kernel, so that it is compiled once and not with every kernel.
fn open_job_file(
    path: &Path,
    names: &[&str],
    kept: Vec<Option<KeptOutput>>,
    signature: String,
    len: usize,
) -> Result<JobFile> {
    let names = names.iter().chain(std::iter::repeat(&RESULT));
    let mut outputs = Vec::new();
    for (output, name) in kept.into_iter().zip(names) {
        let output = output.ok_or_else(|| Error::Resume {
            path: path.to_owned(),
            reason: format!(
                "output `{name}` does not lie in a file: allocate it with `.file(path)` in this \
                 context"
            ),
        })?;
        outputs.push(KeptOutput { name: (*name).to_owned(), ..output });
    }
    JobFile::open(path, &Identity { signature, len, outputs })
}

/// The timeline of a map that nobody wants a report of: it is written when this is dropped, where
/// that was asked for by word; that it can't be is told on the standard error output.
// Not by a function at the map's end: the result would have to be kept meanwhile, which takes
// longer than all the rest of a small map.
struct UnreadTimeline<'o> {
    timeline: Option<Box<Timeline>>,
    options: &'o Options,
}

impl Drop for UnreadTimeline<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // Taken, so that there is nothing left to be dropped.
        if let Some(mut timeline) = self.timeline.take() {
            write_unread(&mut timeline, self.options);
        }
    }
}

#[cold]
fn write_unread(timeline: &mut Timeline, options: &Options) {
    timeline.finish(options.timeline_file.as_deref());
    if let Some(reason) = timeline.unwritten() {
        // Whoever has asked for the file would look for it in vain.
        let _ = writeln!(io::stderr(), "pasha: the timeline is not there: {reason}");
    }
}

/// A panic of a merge, with its text and place, in a map over so many items.
#[cold]
pub(super) fn merge_failed((message, place): (String, Option<String>), len: usize) -> Error {
    Error::MergePanicked { message: describe::panicked(&message, place.as_deref()), len }
}
