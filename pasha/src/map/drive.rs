//! Driving a map: has a context's workers run a task until nothing is left.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use super::durable::Durable;
use super::group::{self, OtherRanks, RanksVerdict, SlotMessages};
use super::outcome::{Outcome, WorkersResult};
use super::shared::{self, SharedByWorkers, TaskFacts};
use super::snapshot::LiveLook;
use crate::context::Setting;
use crate::error::{Result, SourceError};
use crate::functor::list::FunctorList;
use crate::job::Job;
use crate::job::board::{FinishedItems, Recorder, Stop};
use crate::job::forked::Generation;
use crate::job::tree::MergeTree;
use crate::job::work::{CheckpointUse, IndexSlotsOf, MapState, Task};
use crate::kernel::Kernel;
use crate::memory::stream::STREAMS;
use crate::memory::{MappingId, Memory};
use crate::options::Options;
use crate::options::ticking::at_intervals;
use crate::output::index::IndexSlots;
use crate::report::Report;
use crate::resume::JobFile;

/// How often workers are told to end their blocks.
const BETWEEN_TICKS: Duration = Duration::from_millis(50);

/// Has the context's workers run the kernel on all items. The outputs lie in the mappings
/// `writable`.
pub(super) fn run<K: Kernel, F: FunctorList<K::Items>>(
    task: &Task<'_, K, F>,
    setting: Setting<'_>,
    writable: Vec<MappingId>,
    live: Option<LiveLook<'_>>,
) -> Result<Report> {
    let begun = Instant::now();
    let num_workers = shared::num_workers(setting, task.len);
    let Options { on_failure, item_timeout, .. } = setting.options;
    let needed_for = match live.is_some() {
        // A worker that was killed for an item that it had ended after all is replaced, perhaps in
        // the middle of a copy.
        true if on_failure.is_abort() && item_timeout.is_none() => Some(CheckpointUse::Looks),
        is_live => (is_live || !on_failure.is_abort()).then_some(CheckpointUse::Recovery),
    };
    let checkpoints =
        task.checkpoints(needed_for, num_workers, setting.memory, setting.options.pages());
    let is_durable = setting.options.durable && task.job_file.is_some();
    let finished = match live.is_some() || is_durable {
        false => None,
        true => Some(FinishedItems::new(task.len, setting.memory)?),
    };
    let shared = SharedByWorkers::new(num_workers, task.len, setting, checkpoints)?;
    let present = task.present();
    let about = TaskFacts {
        len: task.len,
        together: task.functors.items_together(),
        item_bytes: task.functors.item_bytes(),
        present: present.as_ref(),
        borders: task.borders(),
        new_memory: &task.new_memory,
        streams: K::STREAM_STORES && STREAMS,
        job_file: task.job_file,
        journal: task.journal,
        tree: task.tree,
        first_worker: task.first_worker,
        finished: finished.as_ref(),
        is_live: live.is_some(),
    };
    let state = shared.state(about, setting, begun);
    let body = |worker_id: usize, generation| task.work(worker_id, &state, generation);
    // SAFETY: `drive` calls it after all workers have ended, with indices of the map.
    let put_back = |index| unsafe { task.put_back(index) };
    // SAFETY: the message loop packs indices of the map whose workers are done with them.
    let pack = |indices: &Range<usize>, message: &mut Vec<u8>| unsafe {
        task.pack(indices, message);
    };
    // SAFETY: the message loop, which is one thread, unpacks what another rank has packed of the
    // same kernel and shapes, of indices that no worker here has.
    let unpack =
        |indices: &Range<usize>, message: &mut &[u8]| unsafe { task.unpack(indices, message) };
    let slot_messages = if cfg!(feature = "ranks") {
        let has_slots = IndexSlotsOf::<K>::COUNT > 0;
        Some(SlotMessages { has_slots, pack: &pack, unpack: &unpack })
    } else {
        None
    };
    let typed = KernelCallbacks { body: &body, put_back: &put_back, slot_messages };
    let result = drive(&state, setting, typed, writable, begun, live);
    shared.keep();
    result
}

/// Runs a map whose workers are told now and then to end their blocks: so that a job notes what is
/// finished, and workers that nobody else watches stop at their deadline, also where items that
/// were quick have become slow.
fn ticking<T>(state: &MapState<'_>, setting: Setting<'_>, run: impl FnOnce() -> T) -> T {
    let is_deadline_watched = state.deadline.is_none() || setting.memory == Memory::Shared;
    if state.job_file.is_none() && is_deadline_watched {
        return run();
    }
    let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
    let until_deadline = state.deadline.filter(|_| !is_deadline_watched).map(left);
    let pause = until_deadline.unwrap_or(BETWEEN_TICKS);
    let pause = pause.clamp(Duration::from_millis(1), BETWEEN_TICKS);
    let tick = |_has_ended| {
        state.check_stop(Instant::now());
        state.table.tick();
        ControlFlow::Continue(())
    };
    at_intervals(pause, "pasha-ticks", tick, run)
}

/// What a map does that depends on the kernel's types.
#[derive(Clone, Copy)]
struct KernelCallbacks<'t> {
    /// One worker's part of the map.
    body: &'t (dyn Fn(usize, Generation) -> Result<bool, SourceError> + Sync),
    /// Puts the slots of an item that failed back.
    put_back: &'t dyn Fn(usize),
    /// How slots travel to other ranks, where the library is compiled for them.
    slot_messages: Option<SlotMessages<'t>>,
}

/// Has the context's workers run until nothing is left, and tells what came of it.
// Knows no types of the kernel, so that it is compiled once and not with every kernel.
fn drive(
    state: &MapState<'_>,
    setting: Setting<'_>,
    typed: KernelCallbacks<'_>,
    mut writable: Vec<MappingId>,
    begun: Instant,
    live: Option<LiveLook<'_>>,
) -> Result<Report> {
    let (table, len) = (state.table, state.len);
    let durable = match (state.job_file, state.finished) {
        (Some(job_file), Some(finished)) if state.is_durable => {
            let (journal, tree, outputs) = (state.journal, state.tree, writable.clone());
            Some(Durable { job_file, journal, tree, finished, outputs })
        }
        _ => None,
    };
    writable.push(table.mapping_id());
    writable.extend(state.checkpoints.mapping_id());
    writable.extend(state.job_file.map(JobFile::mapping_id));
    writable.extend(state.tree.into_iter().flat_map(MergeTree::mapping_ids));
    writable.extend(state.grants.iter().flat_map(|grants| grants.mapping_ids()));
    writable.extend(state.finished.map(FinishedItems::mapping_id));
    writable.extend(state.recorder.map(Recorder::mapping_id));
    for (worker_id, record) in table.records().enumerate() {
        record.give(state.shares.given(state.first_worker + worker_id));
    }
    state.check_stop(begun);
    let stop = || table.stop(Stop::Cancelled);
    let Setting { context, options, .. } = setting;
    let job = Job::new(state, typed.body, options, &writable);
    if let (Some(ranks), Some(grants), Some(slot_messages)) =
        (setting.ranks, state.grants, typed.slot_messages)
        && len > 0
    {
        let elsewhere = OtherRanks::default();
        let run = || if table.is_stopped() { Ok(()) } else { context.run(&job) };
        let run_together = || group::run(ranks, state, grants, slot_messages, &elsewhere, run);
        // Rank 0 alone tells of the progress, which is that of all, until all have ended.
        let mut told = Ok(());
        let verdict = match options.watch.as_ref().filter(|_| ranks.group.rank() == 0) {
            None => run_together()?,
            Some(watch) => {
                let resumed = state.job_file.map_or(0, JobFile::finished);
                let finished = || resumed + table.finished_blocks() + elsewhere.arrived();
                let counts = || {
                    table.tick();
                    (finished(), elsewhere.failed())
                };
                // Indices are counted here, of which some may have no item.
                let item_bytes = state.item_bytes.filter(|_| state.present.is_none());
                let mut verdict = None;
                told = group::caught(&ranks.group, || {
                    let run = || verdict = Some(run_together());
                    watch.during(len, item_bytes, counts, stop, run);
                    Ok(())
                });
                // The other ranks are in the map, also if its progress could not be told.
                let run_unwatched = || {
                    stop();
                    run_together()
                };
                verdict.unwrap_or_else(run_unwatched)?
            }
        };
        let RanksVerdict { resumed, wall_time, tells_progress, .. } = verdict;
        let (started, ended) = WorkersResult::everywhere(verdict, len);
        ended.failed().into_iter().filter(|&index| index < len).for_each(typed.put_back);
        let outcome = Outcome { ended, len, resumed, wall_time, absent: state.num_absent() };
        // The text of a source's error is all that other ranks have of it.
        let result = report_or_error(outcome, started, options, BTreeMap::new());
        return match tells_progress {
            true => ranks.group.agree(told, |()| Vec::new()).and(result),
            false => result,
        };
    }
    let resumed = state.job_file.map_or(0, JobFile::finished);
    let mut started = Ok(());
    if !table.is_stopped() && resumed < len {
        let run = || match (live, &durable) {
            (Some(live), _) => live.during(state, || context.run(&job)),
            (None, Some(durable)) => durable.during(table, || context.run(&job)),
            (None, None) => context.run(&job),
        };
        let run = || ticking(state, setting, run);
        started = match options.watch.as_ref() {
            None => run(),
            Some(watch) => {
                let resumed = state.resumed_items();
                let counts = || {
                    table.tick();
                    (resumed + table.finished_blocks(), table.failures().skipped().count())
                };
                watch.during(state.num_items(), state.item_bytes, counts, stop, run)
            }
        };
    }
    table.failures().skipped().filter(|&index| index < len).for_each(typed.put_back);
    let wall_time = begun.elapsed();
    let absent = state.num_absent();
    let ended = WorkersResult::here(state, wall_time);
    let outcome = Outcome { ended, len, resumed, wall_time, absent };
    let source_errors = std::mem::take(&mut *state.source_errors());
    report_or_error(outcome, started, options, source_errors)
}

/// The report of a map, or its error. The timeline of a map that failed is written at once, where
/// it was asked for by word: it goes nowhere else.
fn report_or_error(
    mut outcome: Outcome,
    started: Result<()>,
    options: &Options,
    source_errors: BTreeMap<usize, SourceError>,
) -> Result<Report> {
    let mut timeline = outcome.ended.timeline.take();
    let result = outcome.into_result(started, options, source_errors);
    if let (Err(_), Some(timeline)) = (&result, &mut timeline) {
        timeline.finish(options.timeline_file.as_deref());
    }
    result.map(|report| Report { timeline, ..report })
}
