//! A look at a map's outputs while it runs.
//!
//! A thread beside the workers copies, from time to time, what is finished into outputs of its own,
//! and shows those. Nothing is copied that a worker may still write: of slots those whose bit is
//! set, and of accumulators the checkpoints, which workers do not write while they are read.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::outcome::failed_so_far;
use super::prepared::{Prepared, merge_failed};
use super::refuse::{Resuming, refuse_to_resume};
use super::snapshot::{LiveLook, Look, Snapshot};
use super::{drive, in_setting};
use crate::context::{Context, Setting};
use crate::error::{Error, Result};
use crate::functor::list::{FunctorList, IntoFunctors};
use crate::job::board::{BITS, Stage};
use crate::job::panic;
use crate::job::work::{AccumulatorsOf, MapState, Task};
use crate::kernel::{Kernel, Out};
use crate::options::Progress;
use crate::output::Attached;
use crate::output::list::SpecList;
use crate::output::pack::OutputSet;
use crate::output::worker::{Accumulators, SavedAccumulators};

/// Accumulators are copied for looks at most so many bytes of each worker's in a second. A worker
/// copies some gigabytes in a second, and so does the look that merges the copies: it takes them
/// a hundredth or two of their time.
const COPIED_PER_SECOND: f64 = 20e6;

/// How long a look waits for checkpoints of workers that are in the middle of an item.
const AT_MOST: Duration = Duration::from_millis(20);

/// How long a look waits for checkpoints that are being made.
const AT_MOST_TO_SAVE: Duration = Duration::from_secs(1);

/// Allocates the outputs, runs the kernel into them, and shows meanwhile how far they are.
///
/// # Errors
/// As [`run`](super::run); [`Error::Cancelled`] if `look` ends the map.
pub(super) fn live<C, K, F>(
    context: &C,
    kernel: &K,
    functors: F,
    every: Duration,
    look: impl Look<Out<K>>,
) -> Result<Out<K>>
where
    C: Context + ?Sized,
    K: Kernel,
    F: IntoFunctors<K::Items>,
    Out<K>: Send,
{
    let functors = functors.into_functors();
    in_setting(context, |setting| {
        check(setting, AccumulatorsOf::<K>::COUNT > 0)?;
        refuse_to_resume::<K>(setting.options, Resuming::Live)?;
        let prepared = Prepared::new(setting, kernel, &functors)?;
        let (mut out, shown) =
            (prepared.allocate()?, prepared.allocate_for(&prepared.plan_to_look())?);
        let begun = Instant::now();
        let mut viewer = Viewer {
            prepared: &prepared,
            shown,
            copied: vec![0; prepared.len.div_ceil(BITS)],
            message: Vec::new(),
            begun,
            last_copy: None,
            look,
        };
        let mut report = prepared.attached(&mut out, true, |task, writable| {
            let mut look = |state: &MapState<'_>| viewer.show(&task, state);
            let live = LiveLook { every, look: &mut look };
            drive::run(&task, setting, writable(), Some(live))
        })?;
        report.finish_timeline(setting.options.timeline_file.as_deref());
        Ok(out)
    })
}

/// Refuses what a map can't do while it is looked at.
fn check(setting: Setting<'_>, has_accumulators: bool) -> Result<()> {
    let refused = |argument: &str, value: &str, advice: &str| {
        let [argument, value, advice] = [argument, value, advice].map(str::to_owned);
        Err(Error::Argument { argument, value, advice })
    };
    if setting.ranks.is_some() {
        return refused(
            "the context of `run_live_in`",
            "one of several machines",
            "what the others have finished can't be looked at here; run in a context of one \
             machine, or tell how far the map is with `progress`",
        );
    }
    if has_accumulators && setting.options.reproducible {
        return refused(
            "`reproducible`",
            "true",
            "reductions that repeat bit for bit are put together when the map ends, so that there \
             is nothing to be looked at before; leave `reproducible` out for `run_live_in`",
        );
    }
    Ok(())
}

/// What is shown of a map: outputs with all that is finished.
struct Viewer<'v, 'p, K: Kernel, F, L> {
    prepared: &'v Prepared<'p, K, F>,
    shown: Out<K>,
    /// A bit for each item whose slots are in `shown`.
    copied: Vec<u64>,
    message: Vec<u8>,
    begun: Instant,
    /// When accumulators were copied, where there are any.
    last_copy: Option<Instant>,
    look: L,
}

impl<K, F, L> Viewer<'_, '_, K, F, L>
where
    K: Kernel,
    F: FunctorList<K::Items>,
    L: Look<Out<K>>,
{
    /// Copies what is finished by now, and shows it.
    fn show(&mut self, task: &Task<'_, K, F>, state: &MapState<'_>) -> ControlFlow<()> {
        state.table.tick();
        if self.is_to_copy(task) {
            if AccumulatorsOf::<K>::COUNT > 0 {
                wait_for_checkpoints(state);
            }
            // What can't be copied now, for want of memory say, is looked at the next time.
            if !matches!(self.copy(task, state), Ok(Some(()))) {
                return ControlFlow::Continue(());
            }
        }
        let finished = self.copied.iter().map(|word| word.count_ones() as usize).sum();
        let options = self.prepared.setting.options;
        let failed = failed_so_far(state, finished, options);
        // Of the indices that have an item, as in all that tells how far a map is.
        let finished = state.present.map_or(finished, |present| present.among(&self.copied));
        let (len, elapsed) = (state.num_items(), self.begun.elapsed());
        (self.look)(&Snapshot {
            out: &self.shown,
            finished: &self.copied,
            progress: Progress::of(finished, len, failed.len(), elapsed, state.item_bytes),
            failed,
        })
    }

    /// Whether what is finished is copied for this look. Where there are large accumulators, which
    /// are copied whole each time, it may show what the last one has.
    fn is_to_copy(&self, task: &Task<'_, K, F>) -> bool {
        let Some(last) = self.last_copy else { return true };
        let pause = task.accumulators.saved_size() as f64 / COPIED_PER_SECOND;
        last.elapsed().as_secs_f64() >= pause
    }

    /// `None` if the checkpoints can't be read now.
    fn copy(&mut self, task: &Task<'_, K, F>, state: &MapState<'_>) -> Result<Option<()>> {
        let Viewer { prepared, shown, copied, message, last_copy, .. } = self;
        let Some(finished) = state.finished else { return Ok(None) };
        let arrays = K::Set::arrays_mut(shown);
        let outputs = prepared.kernel.names().outputs;
        let plan = prepared.plan_to_look();
        let mut attached = prepared.specs.attach(arrays, outputs, &plan)?;
        // So that the bits are those of what the checkpoints have, and of nothing else.
        let reading = match AccumulatorsOf::<K>::COUNT {
            0 => None,
            _ => match state.table.read_checkpoints(AT_MOST_TO_SAVE) {
                Some(reading) => Some(reading),
                None => return Ok(None),
            },
        };
        if !keeps_slots(&attached) {
            copied.fill(0);
        }
        let mut new = Vec::new();
        finished.add_to(copied, |items| new.push(items));
        if reading.is_some() {
            for (worker_id, record) in state.table.records().enumerate() {
                // SAFETY: these accumulators have made the copies and are attached; `reading` keeps
                // workers from making others, and the copies are read below.
                unsafe { state.checkpoints.save_left(&task.accumulators, worker_id, record) };
            }
            let valid = |(worker_id, record)| state.checkpoints.valid(worker_id, record);
            let copies: Vec<_> = state.table.records().enumerate().map(valid).collect();
            // SAFETY: accumulators of the same outputs and shapes have made the copies; these are
            // attached for at least as many workers, and nobody else uses them; `reading` keeps
            // workers from making others.
            let mut take = || unsafe { attached.take_saved(SavedAccumulators::new(&copies)) };
            // Merges may be the user's.
            panic::caught(&mut take).map_err(|panicked| merge_failed(panicked, prepared.len))?;
        }
        // Workers wait no longer than for that; slots that are finished stay as they are.
        if reading.is_some() {
            *last_copy = Some(Instant::now());
        }
        drop(reading);
        let target = prepared.task(&attached, None);
        for items in new {
            message.clear();
            // SAFETY: the items are of this map, which both tasks are attached for, with outputs of
            // the same kernel and shapes; a worker that has noted an item writes its slots no more,
            // and nobody else uses those of `target`.
            unsafe {
                task.pack(&items, message);
                let _ = target.unpack(&items, &mut &message[..]);
            }
        }
        drop(target);
        prepared.finish(attached).map_err(|error| *error).map(Some)
    }
}

/// Whether slots that were copied before are there.
fn keeps_slots<A: Attached>(_attached: &A) -> bool {
    A::KEEPS_SLOTS
}

/// Asks the workers for checkpoints, and waits for those of workers that make one soon.
fn wait_for_checkpoints(state: &MapState<'_>) {
    let question = state.table.ask_for_checkpoints();
    let begun = Instant::now();
    let is_awaited = |stage| matches!(stage, Stage::Item | Stage::Claiming | Stage::BeginningShare);
    let mut records = state.table.records();
    while records.any(|it| it.answered() < question && is_awaited(it.stage()))
        && begun.elapsed() < AT_MOST
    {
        std::thread::sleep(Duration::from_micros(200));
        records = state.table.records();
    }
}
