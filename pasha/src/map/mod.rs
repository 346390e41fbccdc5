//! The story of a map: check, allocate, attach, run, finish.
//!
//! It is the only place that knows kernels, functors, outputs and contexts together.

pub(crate) mod bound;
pub(crate) mod closure;
mod drive;
mod lengths;
mod outcome;

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;

use crate::context::{Context, MOST_WORKERS, SerialContext, Setting};
use crate::error::{Error, Result};
use crate::functor::list::{FunctorList, IntoFunctors};
use crate::job::panic;
use crate::job::work::{AccumulatorsOf, Task};
use crate::kernel::{Kernel, Out};
use crate::memory::Memory;
use crate::options::Options;
use crate::output::list::{RESULT, SpecList};
use crate::output::pack::OutputSet;
use crate::output::worker::Accumulators;
use crate::output::{Attached, Plan};
use crate::report::Report;
use crate::resume::{Identity, JobFile, OutputFile};
use lengths::LengthsOf;
use outcome::HowFar;

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
        refuse_to_resume::<K>(setting.options, Some(NO_FILES))?;
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
        refuse_to_resume::<K>(setting.options, Some(NO_FILES))?;
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
    in_setting(context, |setting| Prepared::new(setting, kernel, &functors)?.allocate())
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
        refuse_to_resume::<K>(setting.options, None)?;
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
        refuse_to_resume::<K>(setting.options, None)?;
        Prepared::new(setting, kernel, &functors)?.run_into(out, false)
    })
}

/// Why outputs can't be resumed that do not lie in files.
const NO_FILES: &str = "the outputs do not lie in files: allocate them with `.file(path)` in this \
                        context, and give them to `run_into`";

/// Refuses a context with `resume` for kernels of which nothing would be left after a crash, and
/// otherwise for the reason given, if one is.
fn refuse_to_resume<K: Kernel>(options: &Options, reason: Option<&str>) -> Result<()> {
    let Some(path) = options.job_file() else { return Ok(()) };
    let reason = if AccumulatorsOf::<K>::COUNT > 0 {
        "the kernel has `#[reduce]` or `#[per_worker]` outputs, and what a worker has accumulated \
         dies with it: give each index a slot of its own with `#[output]` and merge those after \
         the map, or use a context without `resume`"
    } else if !K::Specs::CAN_LIE_IN_FILES {
        "the kernel has ragged outputs, which do not lie in files: use a context without `resume`"
    } else if let Some(reason) = reason {
        reason
    } else {
        return Ok(());
    };
    Err(Error::Resume { path: path.to_owned(), reason: reason.to_owned() })
}

#[cold]
fn too_many_workers(given: usize) -> Error {
    Error::TooLarge {
        argument: "the number of workers of the context",
        given,
        most: MOST_WORKERS,
        reason: "Linux has no more threads and processes; take as many workers as there are \
                 processors (`available_workers`)",
    }
}

/// Refuses forked workers for a kernel that changes a shared parameter or an item through `&`.
// Never inlined, because what it tells takes room in the callers, most of which never ask.
#[inline(never)]
fn refuse_lost_changes<K: Kernel>(kernel: &K) -> Result<(), Box<Error>> {
    match kernel.interior_mutable() {
        Some(parameter) => Err(Box::new(Error::ChangesLost {
            parameter: parameter.to_owned(),
            is_item: kernel.names().items.contains(&parameter),
        })),
        None => Ok(()),
    }
}

/// Runs in the given context, or serially within a worker of another map: there all workers are
/// busy already, and more would only stand in each other's way, or wait for each other for ever.
#[inline(always)]
fn in_setting<C: Context + ?Sized, T>(
    context: &C,
    story: impl FnOnce(Setting<'_>) -> Result<T>,
) -> Result<T> {
    let serial = const { &SerialContext::new() };
    let setting = if panic::in_worker() {
        // The thread's record is in use.
        Setting { is_here: false, ..Setting::of(&serial) }
    } else {
        Setting::of(&context)
    };
    story(setting)
}

/// What a first pass has found for the slots of ragged outputs.
struct Lengths {
    /// `(n, number of ragged outputs)`.
    found: Array2<usize>,
    /// The items that it went on without, and why.
    failed: BTreeMap<usize, String>,
}

/// A map whose arguments are checked.
struct Prepared<'p, K: Kernel, F> {
    setting: Setting<'p>,
    kernel: &'p K,
    functors: &'p F,
    specs: K::Specs,
    len: usize,
    /// Of the slots of ragged outputs, if there are any.
    lengths: Option<Box<Lengths>>,
}

impl<'p, K: Kernel, F: FunctorList<K::Items>> Prepared<'p, K, F> {
    fn new(setting: Setting<'p>, kernel: &'p K, functors: &'p F) -> Result<Self> {
        if setting.num_workers == 0 {
            return Err(Error::ZeroWorkers);
        }
        if setting.num_workers > MOST_WORKERS {
            return Err(too_many_workers(setting.num_workers));
        }
        if setting.memory == Memory::Shared {
            refuse_lost_changes(kernel).map_err(|error| *error)?;
        }
        // Asked once: both passes, and everything that is allocated, are for this many items.
        let len = functors.check(kernel.names().items)?;
        let mut prepared = Self::without_lengths(setting, kernel, functors, len)?;
        // A constant on its own, so that the first pass of other kernels is not even compiled.
        if const { K::RAGGED > 0 } {
            let lengths = LengthsOf(kernel);
            let first_pass = Prepared::without_lengths(setting, &lengths, functors, len)?;
            let mut found = first_pass.allocate()?;
            let outputs = kernel.names().outputs;
            let failed = if setting.options.policy().may_skip().is_some() {
                let report = first_pass.run_into(&mut found, true);
                let failed = report.map_err(|error| error.of_lengths(outputs))?.failed.into_iter();
                failed.map(|item| (item.index, item.cause.reason_for_lengths(outputs))).collect()
            } else {
                let filled = first_pass.fill(&mut found, true);
                filled.map_err(|error| error.of_lengths(outputs))?;
                BTreeMap::new()
            };
            prepared.lengths = Some(Box::new(Lengths { found: found.to_owned(), failed }));
        }
        Ok(prepared)
    }

    fn without_lengths(
        setting: Setting<'p>,
        kernel: &'p K,
        functors: &'p F,
        len: usize,
    ) -> Result<Self> {
        let mut specs = kernel.specs(functors.shapes())?;
        specs.prepare();
        Ok(Prepared { setting, kernel, functors, specs, len, lengths: None })
    }

    fn plan(&self, keep: bool) -> Plan<'_> {
        Plan {
            len: self.len,
            num_workers: self.setting.num_workers,
            memory: self.setting.memory,
            pages: self.setting.options.pages(),
            lengths: self.lengths.as_ref().map(|lengths| &lengths.found),
            keep,
        }
    }

    fn allocate(&self) -> Result<Out<K>> {
        let plan = self.plan(true);
        Ok(K::Set::pack(self.specs.allocate(&plan)?))
    }

    fn run_into(&self, out: &mut Out<K>, fresh: bool) -> Result<Report> {
        self.attached(out, fresh, |task, writable| drive::run(&task, self.setting, writable()))
    }

    /// As [`run_into`](Self::run_into) where nobody wants to know more than whether it went well.
    fn fill(&self, out: &mut Out<K>, fresh: bool) -> Result<()> {
        let is_here = self.setting.is_here && !K::STREAM_STORES;
        self.attached(out, fresh, |task, writable| {
            if is_here && task.new_memory.is_empty() {
                debug_assert!(self.setting.options.are_plain());
                task.run_directly().map_err(|failure| {
                    let (finished, len, options) =
                        (failure.finished, self.len, self.setting.options);
                    HowFar { finished, len, options }.error_of(failure.logged, failure.source)
                })
            } else {
                drive::run(&task, self.setting, writable()).map(|_report| ())
            }
        })
    }

    /// Calls `go` with the run into these outputs, and with what finds out where the mappings start
    /// that workers write.
    fn attached<T>(
        &self,
        out: &mut Out<K>,
        fresh: bool,
        go: impl FnOnce(Task<'_, K, F>, &dyn Fn() -> Vec<usize>) -> Result<T>,
    ) -> Result<T> {
        self.functors.announce();
        let resumes = self.setting.options.job_file().is_some();
        let plan = self.plan(fresh || resumes);
        let arrays = K::Set::arrays_mut(out);
        let attached = self.specs.attach(arrays, self.kernel.names().outputs, &plan)?;
        let writable = || {
            let mut starts = Vec::new();
            attached.writable(&mut starts);
            starts
        };
        let mut new_memory = Vec::new();
        attached.new_memory(&mut new_memory);
        let job_file = self.job_file(&attached)?;
        let task = Task {
            kernel: self.kernel,
            functors: self.functors,
            slots: attached.index_slots(),
            accumulators: attached.accumulators(),
            len: self.len,
            new_memory,
            job_file: job_file.as_deref(),
            failed_lengths: self.lengths.as_ref().map(|lengths| &lengths.failed),
        };
        let outcome = go(task, &writable);
        // Also after a failure: what was finished is not lost.
        // Apart from each other, because moving a whole `Result` takes longer than all the rest.
        match outcome {
            Ok(value) => {
                attached.finish().map_err(|error| *error)?;
                Ok(value)
            }
            Err(error) => {
                // That the map failed is what counts.
                let _ = attached.finish();
                Err(error)
            }
        }
    }

    /// Opens the file that says what is done, in a context that resumes.
    fn job_file(&self, attached: &impl Attached) -> Result<Option<Box<JobFile>>> {
        let Some(path) = self.setting.options.job_file() else { return Ok(None) };
        let mut files = Vec::new();
        attached.files(&mut files);
        let names = self.kernel.names().outputs;
        open_job_file(path, names, files, self.kernel.signature(), self.len)
            .map(|file| Some(Box::new(file)))
    }
}

/// Opens the job file of a kernel whose outputs have these names, and the returned ones none.
// Knows no types of the kernel, so that it is compiled once and not with every kernel.
fn open_job_file(
    path: &Path,
    names: &[&str],
    files: Vec<Option<OutputFile>>,
    signature: String,
    len: usize,
) -> Result<JobFile> {
    let names = names.iter().chain(std::iter::repeat(&RESULT));
    let mut outputs = Vec::new();
    for (file, name) in files.into_iter().zip(names) {
        let file = file.ok_or_else(|| Error::Resume {
            path: path.to_owned(),
            reason: format!(
                "output `{name}` does not lie in a file: allocate it with `.file(path)` in this \
                 context"
            ),
        })?;
        outputs.push(OutputFile { name: (*name).to_owned(), ..file });
    }
    JobFile::open(path, &Identity { signature, len, outputs })
}
