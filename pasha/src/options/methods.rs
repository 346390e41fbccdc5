//! The methods that change options, once for every context, the user's own included. The longer
//! texts about them are in `docs/options/`.

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
#[doc = include_str!("../../docs/options/context_options.md")]
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
    #[doc = include_str!("../../docs/options/item_timeout.md")]
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
    /// item failed or the map was cancelled; then they are killed. The default is 10 seconds. An
    /// `item_timeout` that is over earlier holds then, too.
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
    #[doc = include_str!("../../docs/options/resume.md")]
    fn resume(mut self, path: impl Into<PathBuf>) -> Self {
        let path: PathBuf = path.into();
        // The same when the program changes its folder.
        self.options_mut().resume = Some(std::path::absolute(&path).unwrap_or(path));
        self
    }

    #[doc = include_str!("../../docs/options/durable.md")]
    fn durable(mut self, wanted: bool) -> Self {
        self.options_mut().durable = wanted;
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

    #[doc = include_str!("../../docs/options/reproducible.md")]
    fn reproducible(mut self, wanted: bool) -> Self {
        self.options_mut().reproducible = wanted;
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
    #[doc = include_str!("../../docs/options/worker_memory.md")]
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

    /// Says whether maps take note of what each worker does when, for
    /// [`Report::timeline`](crate::Report::timeline). The default is `false`.
    ///
    #[doc = include_str!("../../docs/options/timeline.md")]
    fn timeline(mut self, wanted: bool) -> Self {
        let options = self.options_mut();
        options.timeline = wanted;
        options.timeline_file = None;
        self
    }

    /// Calls a function in each worker before its first item, with the worker's number: to open a
    /// device, to set an affinity.
    ///
    #[doc = include_str!("../../docs/options/on_worker_start.md")]
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
    /// The option itself never does. A panic of the function ends the map at once, and goes on in
    /// its caller.
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
