//! What the workers of a map share besides its outputs: the table, checkpoints, what was granted.
//!
//! Nothing here knows the kernel's types, so that it is compiled once and not with every kernel.

use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

use crate::context::Setting;
use crate::error::{Error, Result};
use crate::job::board::{EventBuffers, FinishedItems, Grants, Recorder, Table, most_items};
use crate::job::judge::Judge;
use crate::job::present::PresentItems;
use crate::job::share::{Borders, Shares};
use crate::job::tree::MergeTree;
use crate::job::work::{Checkpoints, MapState};
use crate::job::{forked, panic};
use crate::memory::{Memory, SharedPages};
use crate::options::Splitting;
use crate::resume::{JobFile, Journal};
use crate::timeline;

/// The number of workers here that a map over so many items can use.
pub(super) fn num_workers(setting: Setting<'_>, len: usize) -> usize {
    match setting.ranks {
        // The parts are those of all workers, of whom any may have one.
        Some(_) if setting.options.splitting == Splitting::Static => setting.num_workers,
        _ => setting.num_workers.min(len.max(1)),
    }
}

/// What the workers of a map share besides its outputs.
pub(super) struct SharedByWorkers {
    num_workers: usize,
    table: Table,
    checkpoints: Checkpoints,
    /// The items that this rank is granted, where there are others.
    grants: Option<Grants>,
    /// What the workers do when, if the context has a timeline.
    buffers: Option<EventBuffers>,
}

/// What a task says of itself.
pub(super) struct TaskFacts<'m> {
    pub(super) len: usize,
    /// The items that are best read together.
    pub(super) together: usize,
    /// Bytes of the items of one index, where they are known.
    pub(super) item_bytes: Option<usize>,
    /// Which indices have an item, if some may have none.
    pub(super) present: Option<&'m PresentItems>,
    /// Where the outputs' pages and cache lines end.
    pub(super) borders: Borders,
    /// The addresses of outputs that are written for the first time.
    pub(super) new_memory: &'m [Range<usize>],
    /// Whether the kernel writes past the caches.
    pub(super) streams: bool,
    pub(super) job_file: Option<&'m JobFile>,
    pub(super) journal: Option<&'m Journal>,
    pub(super) tree: Option<&'m MergeTree<'m>>,
    pub(super) first_worker: usize,
    /// Where the workers of a live map, or a durable one, take note of what is finished.
    pub(super) finished: Option<&'m FinishedItems>,
    pub(super) is_live: bool,
}

impl SharedByWorkers {
    /// Makes what the workers share; on all ranks, or on none.
    pub(super) fn new(
        num_workers: usize,
        len: usize,
        setting: Setting<'_>,
        checkpoints: Result<Checkpoints>,
    ) -> Result<Self> {
        let make = || {
            Ok(SharedByWorkers {
                num_workers,
                table: table_for(num_workers, len, setting)?,
                checkpoints: checkpoints?,
                buffers: buffers_for(num_workers, setting)?,
                grants: setting.ranks.map(|_| Grants::new(len, setting.memory)).transpose()?,
            })
        };
        match setting.ranks {
            None => make(),
            Some(ranks) => ranks.group.agree(make(), |_| Vec::new()),
        }
    }

    /// Keeps what the next map can use, when all workers have ended.
    pub(super) fn keep(self) {
        if let Some(buffers) = self.buffers {
            buffers.keep();
        }
    }

    /// The state of a map that has begun then.
    pub(super) fn state<'m>(
        &'m self,
        about: TaskFacts<'m>,
        setting: Setting<'m>,
        begun: Instant,
    ) -> MapState<'m> {
        let SharedByWorkers { num_workers, table, checkpoints, grants, buffers } = self;
        let (options, len) = (setting.options, about.len);
        let policy = options.on_failure;
        // All ranks have just met.
        let zero = if setting.ranks.is_some() { Instant::now() } else { begun };
        let recorder = buffers.as_ref().map(|buffers| Recorder::new(buffers, zero));
        let is_exact = !policy.is_abort()
            || options.item_timeout.is_some()
            || options.resume.as_deref().is_some();
        MapState {
            table,
            len,
            shares: Shares {
                splitting: match about.tree {
                    Some(tree) => tree.splitting(options.splitting),
                    None => options.splitting,
                },
                len: len.min(most_items(*num_workers)),
                num_workers: match setting.ranks {
                    Some(ranks) if options.splitting == Splitting::Static => ranks.all_workers(),
                    _ => *num_workers,
                },
                together: about.tree.map_or(about.together, MergeTree::block_items),
                static_step: about.tree.map_or(1, MergeTree::block_items),
                // What is granted does not begin at a border.
                borders: if grants.is_some() { Borders::default() } else { about.borders },
                // Nor are its positions the indices. And a tree counts on claims of one block each.
                present: about.present.filter(|_| grants.is_none() && about.tree.is_none()),
            },
            present: about.present,
            is_watched: options.watch.is_some()
                || options.deadline.is_some()
                || options.cancel_token.is_some()
                || about.job_file.is_some()
                || about.is_live,
            judge: Judge { table, policy, has_checkpoints: checkpoints.are_kept(), recorder },
            checkpoints,
            item_bytes: about.item_bytes,
            begun,
            is_exact,
            pages: match setting.memory {
                Memory::Shared => SharedPages::alive(about.new_memory),
                Memory::Private => SharedPages::default(),
            },
            is_staged: about.streams && !is_exact,
            limit: options.item_timeout,
            lifespan: options.worker_lifespan,
            deadline: options.deadline.and_then(|limit| begun.checked_add(limit)),
            token: options.cancel_token.as_ref(),
            job_file: about.job_file,
            journal: about.journal,
            tree: about.tree,
            grants: grants.as_ref(),
            finished: about.finished.or(grants.as_ref().map(|grants| &grants.finished)),
            is_live: about.is_live,
            tells_progress: options.watch.is_some(),
            is_durable: about.job_file.is_some() && options.durable,
            first_worker: about.first_worker,
            recorder,
            source_errors: Mutex::default(),
        }
    }
}

/// Buffers for the timeline of a map, if the context wants one.
fn buffers_for(num_workers: usize, setting: Setting<'_>) -> Result<Option<EventBuffers>> {
    if !setting.options.timeline {
        return Ok(None);
    }
    // Of several ranks the first writes for all.
    let writes = setting.ranks.is_none_or(|ranks| ranks.group.rank() == 0);
    if let (true, Some(path)) = (writes, setting.options.timeline_file.as_deref()) {
        timeline::check_file(path)?;
    }
    EventBuffers::new(num_workers, setting.memory).map(Some)
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
    let failures = match setting.options.on_failure.may_skip() {
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
