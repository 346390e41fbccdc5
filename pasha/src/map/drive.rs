//! Driving a map: has a context's workers run a task until nothing is left.

use std::sync::Mutex;
use std::time::Instant;

use super::outcome::Outcome;
use crate::context::Setting;
use crate::error::{Error, Result, SourceError};
use crate::functor::list::FunctorList;
use crate::job::board::{Table, most_items};
use crate::job::forked::{self, Generation};
use crate::job::judge::Judge;
use crate::job::share::Shares;
use crate::job::work::{MapState, Task};
use crate::job::{Job, panic};
use crate::kernel::Kernel;
use crate::memory::stream::STREAMS;
use crate::memory::{Memory, SharedPages};
use crate::report::Report;
use crate::resume::JobFile;

/// Has the context's workers run the kernel on all items. The outputs' mappings start at the
/// addresses `writable`.
pub(super) fn run<K: Kernel, F: FunctorList<K::Items>>(
    task: &Task<'_, K, F>,
    setting: Setting<'_>,
    writable: Vec<usize>,
) -> Result<Report> {
    let begun = Instant::now();
    let options = setting.options;
    let policy = options.policy();
    let num_workers = setting.num_workers.min(task.len.max(1));
    let table = table_for(num_workers, task.len, setting)?;
    let checkpoints =
        task.checkpoints(policy.is_abort(), num_workers, setting.memory, options.pages())?;
    let is_exact =
        !policy.is_abort() || options.time_for_item().is_some() || task.job_file.is_some();
    let state = MapState {
        table: &table,
        len: task.len,
        shares: Shares {
            splitting: options.splitting(),
            len: task.len.min(most_items(num_workers)),
            num_workers,
            together: task.functors.items_together(),
            borders: task.borders(),
        },
        judge: Judge { table: &table, policy, has_checkpoints: checkpoints.are_kept() },
        checkpoints: &checkpoints,
        is_exact,
        pages: match setting.memory {
            Memory::Shared => SharedPages::alive(&task.new_memory),
            Memory::Private => SharedPages::default(),
        },
        is_staged: K::STREAM_STORES && STREAMS && !is_exact,
        limit: options.time_for_item(),
        lifespan: options.lifespan(),
        deadline: options.time_for_map().and_then(|limit| begun.checked_add(limit)),
        token: options.token(),
        job_file: task.job_file,
        source_errors: Mutex::default(),
    };
    let body = |worker_id: usize, generation| task.work(worker_id, &state, generation);
    // SAFETY: `drive` calls it after all workers have ended, with indices of the map.
    let put_back = |index| unsafe { task.put_back(index) };
    drive(&state, setting, &body, &put_back, &|| task.num_absent(), writable, begun)
}

/// Has the context's workers run `body` until nothing is left, and tells what came of it.
/// `put_back` puts the slots of an item that failed back, and `num_absent` counts the indices
/// without an item.
// Knows no types of the kernel, so that it is compiled once and not with every kernel.
fn drive(
    state: &MapState<'_>,
    setting: Setting<'_>,
    body: &(dyn Fn(usize, Generation) -> Result<bool, SourceError> + Sync),
    put_back: &dyn Fn(usize),
    num_absent: &dyn Fn() -> usize,
    mut writable: Vec<usize>,
    begun: Instant,
) -> Result<Report> {
    let (table, len) = (state.table, state.len);
    writable.push(table.start());
    writable.extend(state.checkpoints.start());
    writable.extend(state.job_file.map(JobFile::start));
    for (worker_id, record) in table.records().enumerate() {
        record.give(state.shares.given(worker_id));
    }
    state.look(begun);
    let Setting { context, options, .. } = setting;
    let resumed = state.job_file.map_or(0, JobFile::finished);
    let mut started = Ok(());
    if !table.is_stopped() && resumed < len {
        let job = Job::new(state, body, options, &writable);
        started = match options.watch() {
            None => context.run(&job),
            Some(watch) => {
                let failed = || table.failures().skipped().count();
                let counts = || (resumed + table.finished_blocks(), failed());
                watch.during(len, counts, || context.run(&job))
            }
        };
    }
    table.failures().skipped().filter(|&index| index < len).for_each(put_back);
    let wall_time = begun.elapsed();
    let outcome = Outcome { state, len, resumed, wall_time, absent: num_absent() };
    let source_errors = std::mem::take(&mut *state.source_errors());
    outcome.into_result(started, options, source_errors)
}

/// The most items that a map can go on without: the log has an entry for each, of 96 GiB in all
/// (of which only what is used takes memory).
const MOST_SKIPPED: usize = 1 << 30;

/// A table for the workers of a map over this many items.
fn table_for(num_workers: usize, len: usize, setting: Setting<'_>) -> Result<Table> {
    panic::install_hook();
    forked::watch();
    if setting.memory == Memory::Private && setting.options.are_of_processes() {
        setting.options.refuse_those_of_processes("of the context")?;
    }
    let failures = match setting.options.policy().may_skip() {
        Some(at_most) if at_most.min(len) > MOST_SKIPPED => {
            return Err(Error::TooLarge {
                argument: "`at_most` of the context's `on_failure`, for so many items,",
                given: at_most,
                most: MOST_SKIPPED,
                reason: "each item that fails is kept in memory until the map ends, to be listed \
                         in its report; let fewer items fail, or map over fewer at a time",
            });
        }
        Some(at_most) => at_most.min(len).saturating_add(num_workers),
        None => num_workers,
    };
    Table::new(num_workers, failures, setting.memory)
}
