//! The methods that change options: once for every context, the user's own included, and as
//! methods of the built-in types themselves, which need no trait in scope.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Options;
use super::cancel::CancelToken;
use super::on_failure::OnFailure;
use super::progress::{Progress, Watch};
use super::progress_bar::progress_bar;
use super::splitting::Splitting;

/// The options of a context, as methods that take it and give it back changed.
///
/// [`SerialContext`](crate::SerialContext), [`ThreadContext`](crate::ThreadContext),
/// [`ProcessContext`](crate::ProcessContext) and [`Options`] have the same methods without this
/// trait in scope. It is for contexts of your own: one that keeps some [`Options`] returns them
/// from [`Context::options`](crate::Context::options), where maps read them, and from
/// [`options_mut`](Self::options_mut), and has all methods below.
///
/// Each method is called before a map; maps that run have the options that they began with.
///
/// # Examples
/// A context of one's own, with options:
/// ```
/// use pasha::{Context, ContextOptions, Job, OnFailure, Options, SerialContext};
///
/// /// Runs maps on the calling thread, and says on standard error that it does.
/// #[derive(Debug, Default)]
/// struct Announced {
///     inner: SerialContext,
///     options: Options,
/// }
///
/// impl Context for Announced {
///     fn num_workers(&self) -> usize { self.inner.num_workers() }
///
///     fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
///         eprintln!("a map begins");
///         self.inner.run(job)
///     }
///
///     fn options(&self) -> &Options { &self.options }
/// }
///
/// impl ContextOptions for Announced {
///     fn options_mut(&mut self) -> &mut Options { &mut self.options }
/// }
///
/// /// Photons of a spectrum's line from its counts.
/// #[pasha::kernel]
/// fn photons(counts: f64) -> Result<f64, &'static str> {
///     if counts < 0.0 { Err("negative counts") } else { Ok(counts / 50.0) }
/// }
///
/// let context = Announced::default().on_failure(OnFailure::Skip { at_most: 1 });
/// let (out, report) = photons::run_report_in(&context, &[100.0, -3.0, 150.0])?;
/// assert_eq!(out, ndarray::array![2.0, 0.0, 3.0]);
/// assert_eq!(report.failed[0].index, 1);
/// # Ok::<(), pasha::Error>(())
/// ```
/// One around a built-in context hands on that one's options, and its memory:
/// ```
/// use pasha::prelude::*;
/// use pasha::{Job, Memory, Options};
///
/// #[derive(Debug)]
/// struct Announced(ProcessContext);
///
/// impl Context for Announced {
///     fn num_workers(&self) -> usize { self.0.num_workers() }
///     fn run(&self, job: &Job<'_>) -> pasha::Result<()> { self.0.run(job) }
///     fn memory(&self) -> Memory { self.0.memory() }
///     fn options(&self) -> &Options { self.0.options() }
/// }
///
/// impl ContextOptions for Announced {
///     fn options_mut(&mut self) -> &mut Options { self.0.options_mut() }
/// }
///
/// let context = Announced(ProcessContext::new(2)?).static_split();
/// let workers = pasha::map_in(&context, 0..4, |worker_id, _index, _item| worker_id)?;
/// assert_eq!(workers, ndarray::array![0, 0, 1, 1]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub trait ContextOptions: Sized {
    /// The options that the other methods change: those that
    /// [`Context::options`](crate::Context::options) returns.
    ///
    /// # Examples
    /// ```
    /// use pasha::{ContextOptions, Options, ThreadContext};
    ///
    /// // Options that were put together elsewhere, for a context that is there already.
    /// let options = Options::new().static_split();
    /// let mut context = ThreadContext::new(2)?;
    /// *context.options_mut() = options;
    /// let workers = pasha::map_in(&context, 0..4, |worker_id, _index, _item| worker_id)?;
    /// assert_eq!(workers, ndarray::array![0, 0, 1, 1]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn options_mut(&mut self) -> &mut Options;

    /// Gives each worker one balanced slice of the indices, the same in every run:
    /// worker `w` of `p` gets `w * n / p .. (w + 1) * n / p`.
    ///
    /// It makes per-worker results repeatable, and is slower where items are unequal.
    ///
    /// # Examples
    /// ```
    /// use pasha::ThreadContext;
    ///
    /// let context = ThreadContext::new(2)?.static_split();
    /// let workers = pasha::map_in(&context, 0..6, |worker_id, _index, _item| worker_id)?;
    /// assert_eq!(workers, ndarray::array![0, 0, 0, 1, 1, 1]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn static_split(mut self) -> Self {
        self.options_mut().splitting = Splitting::Static;
        self
    }

    /// Has workers claim this many items at a time, instead of shares that shrink.
    ///
    /// # Examples
    /// ```
    /// use std::num::NonZeroUsize;
    ///
    /// use pasha::SerialContext;
    ///
    /// /// The sum of a spectrum.
    /// #[pasha::kernel]
    /// fn total(spectrum: ndarray::ArrayView1<f64>) -> f64 { spectrum.sum() }
    ///
    /// let context = SerialContext::new().share(NonZeroUsize::new(10).unwrap());
    /// let spectra = ndarray::Array2::<f64>::ones((100, 512)); // (n, channel)
    /// let (_, report) = total::run_report_in(&context, &spectra)?;
    /// assert_eq!(report.workers[0].shares, 10);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn share(mut self, items: NonZeroUsize) -> Self {
        self.options_mut().splitting = Splitting::Fixed(items);
        self
    }

    /// Says what a map does when an item fails. The default is
    /// [`OnFailure::Abort`](crate::OnFailure::Abort).
    ///
    /// Items can fail in every context by an `Err` or a panic; workers that die, and are
    /// replaced, are forked processes alone.
    ///
    /// With another policy than the default the innermost loop notes each index exactly, which
    /// costs kernels of a nanosecond or two their vector instructions.
    ///
    /// # Examples
    /// ```
    /// use pasha::{OnFailure, ThreadContext};
    ///
    /// let context = ThreadContext::new(2)?.on_failure(OnFailure::Skip { at_most: 1 });
    /// let lines = ["12.5", "", "13.0"];
    /// let (motor, report) =
    ///     pasha::try_map_report_in(&context, &lines, |_, _, line| line.parse::<f64>())?;
    /// assert_eq!(motor, ndarray::array![12.5, 0.0, 13.0]);
    /// assert_eq!(report.failed[0].index, 1);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn on_failure(mut self, policy: OnFailure) -> Self {
        self.options_mut().on_failure = policy;
        self
    }

    /// Fails an item that runs longer than this, with
    /// [`Cause::TimedOut`](crate::Cause::TimedOut).
    ///
    /// A forked worker is killed in the middle of such an item (at the latest after one and a
    /// quarter of the time) and replaced if the map goes on. A thread can't be interrupted from
    /// outside: there, and in a serial context, the item fails when it comes back, and one that
    /// never does keeps the map waiting. Use processes for kernels that may hang. What commonly
    /// hangs in a forked worker is what waits for a thread of the program: the pool of rayon, the
    /// runtime of tokio, a lock.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use pasha::{OnFailure, ProcessContext};
    ///
    /// /// A fit that does not converge at one frame.
    /// #[pasha::kernel]
    /// fn fit(frame: u32) -> u32 {
    ///     while frame == 2 { std::thread::sleep(Duration::from_millis(1)) }
    ///     10 * frame
    /// }
    ///
    /// let context = ProcessContext::new(2)?
    ///     .item_timeout(Duration::from_millis(200))
    ///     .on_failure(OnFailure::Skip { at_most: 1 });
    /// let (out, report) = fit::run_report_in(&context, 0..5_u32)?;
    /// assert_eq!(out, ndarray::array![0, 10, 0, 30, 40]);
    /// assert_eq!(report.failed[0].index, 2);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn item_timeout(mut self, limit: Duration) -> Self {
        self.options_mut().item_timeout = Some(limit);
        self
    }

    /// Ends a map that takes longer than this, with [`Error::Deadline`](crate::Error::Deadline).
    ///
    /// Forked workers are killed at that moment; threads stop at their next item, since they can't
    /// be interrupted.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use pasha::{Error, ProcessContext};
    ///
    /// let context = ProcessContext::new(2)?.deadline(Duration::from_millis(50));
    /// let error = pasha::map_in(&context, 0..1000, |_, _, frame| {
    ///     std::thread::sleep(Duration::from_millis(10));
    ///     frame
    /// });
    /// assert!(matches!(error, Err(Error::Deadline { .. })));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn deadline(mut self, limit: Duration) -> Self {
        self.options_mut().deadline = Some(limit);
        self
    }

    /// Ends maps when the token is cancelled, with [`Error::Cancelled`](crate::Error::Cancelled):
    /// workers stop at their next item.
    ///
    /// # Examples
    /// ```
    /// use pasha::{CancelToken, Error, ThreadContext};
    ///
    /// let token = CancelToken::new();
    /// let context = ThreadContext::new(2)?.cancel_token(&token);
    /// let error = pasha::map_in(&context, 0..1_000_000_000, |_, index, _| {
    ///     if index == 10 { token.cancel() } // as a button would
    ///     index
    /// });
    /// assert!(matches!(error, Err(Error::Cancelled { .. })));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn cancel_token(mut self, token: &CancelToken) -> Self {
        self.options_mut().cancel_token = Some(token.clone());
        self
    }

    /// Says how long forked workers may go on with their item once the map is to stop, because an
    /// item failed or the map was cancelled; then they are killed. The default is 10 seconds.
    ///
    /// Threads can't be killed, and are waited for.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use pasha::ProcessContext;
    ///
    /// let context = ProcessContext::new(2)?.stop_within(Duration::from_millis(100));
    /// let error = pasha::try_map_in(&context, 0..2, |_, index, _| match index {
    ///     0 => Err("no beam"),
    ///     _ => { std::thread::sleep(Duration::from_secs(3600)); Ok(index) }
    /// });
    /// assert!(error.unwrap_err().to_string().contains("no beam"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn stop_within(mut self, limit: Duration) -> Self {
        self.options_mut().stop_within = limit;
        self
    }

    /// Has forked workers killed at once when the map is to stop, instead of letting them finish
    /// their item.
    ///
    /// # Examples
    /// ```
    /// use pasha::ProcessContext;
    ///
    /// let context = ProcessContext::new(2)?.stop_at_once();
    /// let error = pasha::try_map_in(&context, 0..100, |_, index, _| match index {
    ///     40 => Err("no beam"),
    ///     _ => Ok(index),
    /// });
    /// assert!(error.unwrap_err().to_string().contains("no beam"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn stop_at_once(self) -> Self {
        self.stop_within(Duration::ZERO)
    }

    /// Keeps note in this file of what is done, so that a map that was killed goes on where it was
    /// when the same program is run again.
    ///
    /// It needs outputs that lie in files, given to `run_into`: allocate them with `.file(path)`
    /// in the same context, which opens those of the job that is to be resumed, and makes new ones
    /// where there is none. Only what is missing is computed; the result is that of an undisturbed
    /// run. A job that is done is done: to compute it anew, delete the file.
    ///
    /// One program at a time works on a job: from the allocation of its first output on, until
    /// that is dropped, others are refused, and so are several maps at a time.
    ///
    /// A kernel with another signature, outputs of another shape, other files or another number of
    /// items are refused with [`Error::Resume`](crate::Error::Resume), and so is a job file that
    /// was damaged. An output is known by its inode and its time of birth, or a mark in its header
    /// where the file system does not tell that: one that was restored from a copy is another.
    /// That the inputs are the same is up to the caller. Kernels with `#[reduce]` or
    /// `#[per_worker]` outputs are refused: what a worker has accumulated dies with it, and
    /// keeping it in a file after each share would write more than most kernels do. Nor can ragged
    /// outputs be resumed, since they do not lie in files.
    ///
    /// It holds whatever ends the program, `kill -9` of all its processes included, but not for a
    /// loss of power: the operating system writes pages in any order.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// /// Squares.
    /// #[pasha::kernel]
    /// fn square(value: f64) -> f64 { value * value }
    ///
    /// # let folder = std::env::temp_dir().join(format!("pasha-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # std::env::set_current_dir(&folder).unwrap();
    /// let inp = vec![1.0, 2.0, 3.0];
    /// let context = ProcessContext::new(2)?.resume("job.pasha");
    /// let mut out = context.alloc::<f64>(inp.len()).file("squares.npy").build()?;
    /// square::run_into(&context, &inp, &mut out)?;
    /// assert_eq!(out, ndarray::array![1.0, 4.0, 9.0]);
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn resume(mut self, path: impl Into<PathBuf>) -> Self {
        let path: PathBuf = path.into();
        // The same when the program changes its folder.
        self.options_mut().resume = Some(std::path::absolute(&path).unwrap_or(path));
        self
    }

    /// Says whether large outputs get huge pages of 2 MiB, as far as the operating system gives
    /// them. The default is `true`.
    ///
    /// With pages of 4 KiB the first write of an output takes several times as long, and so does
    /// every later map over it in processes. Huge pages take memory in whole steps of 2 MiB, also
    /// where a kernel writes only here and there: choose `false` for large outputs of which little
    /// is ever written. The [`Report`](crate::Report::huge_pages) says what came of it.
    ///
    /// # Examples
    /// ```
    /// use pasha::ProcessContext;
    ///
    /// let context = ProcessContext::new(2)?.huge_pages(false);
    /// let (_, report) = pasha::map_report_in(&context, 0..1_000_000, |_, index, _| index)?;
    /// assert_eq!(report.huge_pages.made, 0);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn huge_pages(mut self, wanted: bool) -> Self {
        self.options_mut().huge_pages = wanted;
        self
    }

    /// Says whether each worker stays on a processor of its own, of those that the program may
    /// use. The default is `false`: the operating system moves workers as it likes.
    ///
    /// It steadies measurements, and keeps a worker near the memory that it wrote first on
    /// machines with several sockets. On a processor that another program keeps busy a pinned
    /// worker waits. Worker `w` gets the `w`-th processor of the affinity mask, and the first
    /// again after the last; a thread is set free after its last item.
    ///
    /// # Examples
    /// ```
    /// use pasha::ProcessContext;
    ///
    /// let context = ProcessContext::new(2)?.pin_workers(true);
    /// let frames = ndarray::Array3::<u16>::ones((10, 64, 128)); // (n, y, x), in counts
    /// let maxima = pasha::map_in(&context, &frames, |_, _, frame| *frame.iter().max().unwrap())?;
    /// assert_eq!(maxima, ndarray::Array1::<u16>::ones(10));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn pin_workers(mut self, wanted: bool) -> Self {
        self.options_mut().pin_workers = wanted;
        self
    }

    /// Has each forked worker replaced after this many items, as a library that leaks memory
    /// needs it.
    ///
    /// The one that takes its place goes on where it was. It opens its readers, makes its scratch
    /// and runs the hooks anew; [`Report::replaced`](crate::Report::replaced) counts it.
    ///
    /// # Errors
    /// Maps refuse it with [`Error::Argument`](crate::Error::Argument) where workers are not
    /// processes.
    ///
    /// # Examples
    /// ```
    /// use std::num::NonZeroUsize;
    ///
    /// use pasha::ProcessContext;
    ///
    /// let items = NonZeroUsize::new(10).unwrap();
    /// let context = ProcessContext::new(2)?.worker_lifespan(items);
    /// let (pids, report) = pasha::map_report_in(&context, 0..40, |_, _, _| std::process::id())?;
    /// assert!(report.replaced >= 2);
    /// let pids: std::collections::BTreeSet<u32> = pids.iter().copied().collect();
    /// assert!(pids.len() >= 4);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn worker_lifespan(mut self, items: NonZeroUsize) -> Self {
        self.options_mut().worker_lifespan = Some(items);
        self
    }

    /// Refuses forked workers more memory of their own than this, in bytes.
    ///
    /// Counted is what a worker allocates after it was forked (its data, as `RLIMIT_DATA` counts
    /// them), not the program's own and not what it shares. Memory that is refused ends a Rust
    /// kernel's process, as a rule: its item fails, and is dealt with as
    /// [`on_failure`](Self::on_failure) says, while the other workers and the program go on.
    ///
    /// # Errors
    /// Maps refuse it with [`Error::Argument`](crate::Error::Argument) where workers are not
    /// processes.
    ///
    /// # Examples
    /// ```
    /// use pasha::{OnFailure, ProcessContext};
    ///
    /// let context = ProcessContext::new(2)?
    ///     .worker_memory(256 << 20) // 256 MiB
    ///     .on_failure(OnFailure::Skip { at_most: 1 });
    /// let (lengths, report) = pasha::map_report_in(&context, 0..10, |_, _, n| {
    ///     let gibibytes = if n == 7 { 1 } else { 0 };
    ///     vec![1_u8; (gibibytes << 30) + 1].len()
    /// })?;
    /// assert_eq!(lengths[3], 1);
    /// assert!(report.failed[0].cause.to_string().contains("`worker_memory`"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn worker_memory(mut self, bytes: usize) -> Self {
        self.options_mut().worker_memory = Some(bytes);
        self
    }

    /// Makes forked workers nicer to other programs by this much, as `nice(1)` does: up to 19,
    /// where they get only processors that nobody else wants.
    ///
    /// A number that is not allowed, such as a negative one for ordinary users, changes nothing.
    ///
    /// # Errors
    /// Maps refuse it with [`Error::Argument`](crate::Error::Argument) where workers are not
    /// processes.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::ProcessContext::new(2)?.nice(10);
    /// let squares = pasha::map_in(&context, 0..4_u64, |_, _, n| n * n)?;
    /// assert_eq!(squares, ndarray::array![0, 1, 4, 9]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn nice(mut self, by: i32) -> Self {
        self.options_mut().nice = by;
        self
    }

    /// Calls a function in each worker before its first item, with the worker's number: to open a
    /// device, to set an affinity.
    ///
    /// A panic in it fails the map.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use pasha::ThreadContext;
    ///
    /// let opened = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&opened);
    /// let context = ThreadContext::new(2)?.static_split().on_worker_start(move |_worker_id| {
    ///     counter.fetch_add(1, Ordering::Relaxed); // in forked processes it would be a copy
    /// });
    /// pasha::map_in(&context, 0..100, |_, index, _| index)?;
    /// assert_eq!(opened.load(Ordering::Relaxed), 2);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn on_worker_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.options_mut().start_hook = Some(Arc::new(hook));
        self
    }

    /// Calls a function in each worker after its last item, with the worker's number, unless the
    /// worker died or failed.
    ///
    /// # Examples
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use pasha::SerialContext;
    ///
    /// let ended = Arc::new(Mutex::new(Vec::new()));
    /// let list = Arc::clone(&ended);
    /// let context = SerialContext::new()
    ///     .on_worker_end(move |worker_id| list.lock().unwrap().push(worker_id));
    /// pasha::map_in(&context, 0..100, |_, index, _| index)?;
    /// assert_eq!(*ended.lock().unwrap(), [0]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn on_worker_end(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.options_mut().end_hook = Some(Arc::new(hook));
        self
    }

    /// Calls a function with the progress of each map, this often and once at its end, on a thread
    /// of the caller's process.
    ///
    /// # Panics
    /// The option itself never does. A map whose function panics ends with that panic.
    ///
    /// # Examples
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use std::time::Duration;
    ///
    /// use pasha::ProcessContext;
    ///
    /// let last = Arc::new(Mutex::new(0));
    /// let seen = Arc::clone(&last);
    /// let context = ProcessContext::new(2)?.on_progress(Duration::from_secs(1), move |progress| {
    ///     println!("{} of {} frames", progress.finished, progress.len);
    ///     *seen.lock().unwrap() = progress.finished;
    /// });
    /// pasha::map_in(&context, 0..100, |_, index, _| index)?;
    /// assert_eq!(*last.lock().unwrap(), 100);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn on_progress(
        mut self,
        every: Duration,
        hook: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Self {
        self.options_mut().watch = Some(Watch::hook(every, hook));
        self
    }

    /// Draws a bar of the progress of each map on the standard error output, if that is a
    /// terminal; writes a line every ten seconds if it is not, as in the log of a batch job.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::ThreadContext::new(2)?.progress_bar();
    /// let squares = pasha::map_in(&context, 0..4_u64, |_, _, n| n * n)?;
    /// assert_eq!(squares, ndarray::array![0, 1, 4, 9]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn progress_bar(mut self) -> Self {
        self.options_mut().watch = Some(progress_bar());
        self
    }
}

impl ContextOptions for Options {
    fn options_mut(&mut self) -> &mut Options {
        self
    }
}

/// Gives a type that implements [`ContextOptions`] its methods as methods of its own.
macro_rules! option_methods {
    ($type:ty) => {
        $crate::options::option_methods! { $type;
            "Gives each worker one balanced slice of the indices, the same in every run.":
                static_split();
            "Has workers claim this many items at a time, instead of shares that shrink.":
                share(items: ::std::num::NonZeroUsize);
            "Says what a map does when an item fails.":
                on_failure(policy: $crate::OnFailure);
            "Fails an item that runs longer than this.":
                item_timeout(limit: ::std::time::Duration);
            "Ends a map that takes longer than this.":
                deadline(limit: ::std::time::Duration);
            "Ends maps when the token is cancelled.":
                cancel_token(token: &$crate::CancelToken);
            "Says how long forked workers may go on with their item once the map is to stop.":
                stop_within(limit: ::std::time::Duration);
            "Has forked workers killed at once when the map is to stop.":
                stop_at_once();
            "Keeps note in this file of what is done, so that a map that was killed goes on.":
                resume(path: impl Into<::std::path::PathBuf>);
            "Says whether large outputs get huge pages of 2 MiB.":
                huge_pages(wanted: bool);
            "Says whether each worker stays on a processor of its own.":
                pin_workers(wanted: bool);
            "Has each forked worker replaced after this many items.":
                worker_lifespan(items: ::std::num::NonZeroUsize);
            "Refuses forked workers more memory of their own than this, in bytes.":
                worker_memory(bytes: usize);
            "Makes forked workers nicer to other programs.":
                nice(by: i32);
            "Calls a function in each worker before its first item, with the worker's number.":
                on_worker_start(hook: impl Fn(usize) + Send + Sync + 'static);
            "Calls a function in each worker after its last item, with the worker's number.":
                on_worker_end(hook: impl Fn(usize) + Send + Sync + 'static);
            "Calls a function with the progress of each map, this often and once at its end.":
                on_progress(
                    every: ::std::time::Duration,
                    hook: impl Fn($crate::Progress) + Send + Sync + 'static
                );
            "Draws a bar of the progress of each map, or writes lines into a log.":
                progress_bar();
        }
    };
    ($type:ty; $($summary:literal: $name:ident($($argument:ident: $given:ty),*);)+) => {
        impl $type {$(
            #[doc = concat!($summary, " See [`ContextOptions::", stringify!($name), "`].")]
            ///
            #[doc = concat!(
                "[`ContextOptions::", stringify!($name), "`]: ",
                "crate::ContextOptions::", stringify!($name),
            )]
            pub fn $name(self, $($argument: $given),*) -> Self {
                $crate::options::ContextOptions::$name(self, $($argument),*)
            }
        )+}
    };
}
option_methods!(Options);
pub(crate) use option_methods;
