//! A map from start to end: check, allocate, attach, run, finish.
//!
//! It is the only place that knows kernels, functors, outputs and contexts together.

pub(crate) mod bound;
pub(crate) mod closure;
mod drive;
mod durable;
mod group;
mod lengths;
pub(crate) mod live;
mod outcome;
mod prepared;
mod refuse;
mod shared;
pub(crate) mod snapshot;
pub(crate) mod together;

use std::mem::MaybeUninit;

use crate::context::{Context, SerialContext, Setting, refuse_to_resume_within_kernels};
use crate::error::Result;
use crate::functor::list::IntoFunctors;
use crate::job::panic;
use crate::kernel::{Kernel, Out};
use crate::options::Options;
use crate::report::Report;
use prepared::Prepared;
use refuse::{Resuming, refuse_to_resume};

/// Allocates the outputs and runs the kernel into them.
///
/// # Errors
/// Whatever keeps the map from starting or from finishing.
pub fn run<C, K, F>(context: &C, kernel: &K, functors: F) -> Result<Out<K>>
where
    C: Context + ?Sized,
    K: Kernel,
    F: IntoFunctors<K::Items>,
{
    let functors = functors.into_functors();
    in_setting(context, |setting| {
        if cfg!(feature = "ranks")
            && let Some(ranks) = setting.ranks
        {
            return group::run_all(ranks, setting, kernel, &functors).map(|(out, _report)| out);
        }
        refuse_to_resume::<K>(setting.options, Resuming::Allocating)?;
        let prepared = Prepared::new(setting, kernel, &functors)?;
        let mut out = prepared.allocate()?;
        prepared.fill(&mut out, true)?;
        Ok(out)
    })
}

/// What a map gives, and how it went.
pub type Reported<T> = Result<(T, Report)>;

/// Allocates the outputs, runs the kernel into them, and reports.
///
/// # Errors
/// As [`run`].
pub fn report<C, K, F>(context: &C, kernel: &K, functors: F) -> Reported<Out<K>>
where
    C: Context + ?Sized,
    K: Kernel,
    F: IntoFunctors<K::Items>,
{
    let functors = functors.into_functors();
    in_setting(context, |setting| {
        if cfg!(feature = "ranks")
            && let Some(ranks) = setting.ranks
        {
            return group::run_all(ranks, setting, kernel, &functors);
        }
        refuse_to_resume::<K>(setting.options, Resuming::Allocating)?;
        let prepared = Prepared::new(setting, kernel, &functors)?;
        let mut out = prepared.allocate()?;
        let report = prepared.run_into(&mut out, true)?;
        Ok((out, report))
    })
}

/// Allocates the outputs and runs nothing, but for finding the lengths of ragged slots.
///
/// # Errors
/// Whatever would keep a map from starting.
pub fn alloc<C, K, F>(context: &C, kernel: &K, functors: F) -> Result<Out<K>>
where
    C: Context + ?Sized,
    K: Kernel,
    F: IntoFunctors<K::Items>,
{
    let functors = functors.into_functors();
    in_setting(context, |setting| {
        if cfg!(feature = "ranks")
            && let Some(ranks) = setting.ranks
        {
            return group::alloc(ranks, setting, kernel, &functors);
        }
        Prepared::new(setting, kernel, &functors)?.allocate()
    })
}

/// Runs the kernel into outputs that exist.
///
/// # Errors
/// As [`run`].
pub fn run_into<C, K, F>(context: &C, kernel: &K, functors: F, out: &mut Out<K>) -> Result<()>
where
    C: Context + ?Sized,
    K: Kernel,
    F: IntoFunctors<K::Items>,
{
    let functors = functors.into_functors();
    in_setting(context, |setting| {
        if cfg!(feature = "ranks")
            && let Some(ranks) = setting.ranks
        {
            return group::run_into(ranks, setting, kernel, &functors, out).map(|_report| ());
        }
        refuse_to_resume::<K>(setting.options, Resuming::Into)?;
        Prepared::new(setting, kernel, &functors)?.fill(out, false)
    })
}

/// Runs the kernel into outputs that exist, and reports.
///
/// # Errors
/// As [`run`].
pub fn report_into<C, K, F>(
    context: &C,
    kernel: &K,
    functors: F,
    out: &mut Out<K>,
) -> Result<Report>
where
    C: Context + ?Sized,
    K: Kernel,
    F: IntoFunctors<K::Items>,
{
    let functors = functors.into_functors();
    in_setting(context, |setting| {
        if cfg!(feature = "ranks")
            && let Some(ranks) = setting.ranks
        {
            return group::run_into(ranks, setting, kernel, &functors, out);
        }
        refuse_to_resume::<K>(setting.options, Resuming::Into)?;
        Prepared::new(setting, kernel, &functors)?.run_into(out, false)
    })
}

/// Runs in the given context, or serially within a worker of another map: there all workers are
/// busy already, and more would only stand in each other's way, or wait for each other for ever.
#[inline(always)]
fn in_setting<C: Context + ?Sized, T>(
    context: &C,
    run: impl FnOnce(Setting<'_>) -> Result<T>,
) -> Result<T> {
    let in_worker = panic::in_worker();
    let ranks = if !cfg!(feature = "ranks") || in_worker { None } else { context.ranks() };
    let _turn = match ranks {
        None => None,
        Some(ranks) => Some(ranks.group.enter()?),
    };
    let serial = const { &SerialContext::new() };
    // Not dropped, which would cost each map: such options own nothing.
    let mut nested = MaybeUninit::uninit();
    // Called in one place, so that the whole map is inlined there.
    run(if in_worker {
        let options = nested_options(context.options(), &mut nested)?;
        // The thread's record is in use.
        Setting { is_here: false, options, ..Setting::of(&serial, None) }
    } else {
        Setting::of(&context, ranks)
    })
}

/// The options of a map within a worker of another: those of its context that are about the items.
/// Workers are started, watched and cancelled by the map outside.
///
/// # Errors
/// For a context that resumes.
#[cold]
fn nested_options<'n>(
    options: &Options,
    nested: &'n mut MaybeUninit<Options>,
) -> Result<&'n Options> {
    refuse_to_resume_within_kernels(options.resume.as_deref())?;
    // All by name, so that the compiler asks where a new option belongs.
    let &Options {
        splitting: _,
        start_hook: _,
        end_hook: _,
        watch: _,
        on_failure,
        item_timeout,
        deadline,
        stop_within: _,
        cancel_token: _,
        resume: _,
        durable: _,
        huge_pages,
        pin_workers: _,
        worker_lifespan: _,
        worker_memory: _,
        nice: _,
        reproducible,
        timeline: _,
        timeline_file: _,
        around_forks: _,
    } = options;
    Ok(nested.write(Options {
        on_failure,
        item_timeout,
        deadline,
        huge_pages,
        reproducible,
        ..Options::new()
    }))
}
