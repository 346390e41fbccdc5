//! What all contexts have in common: how the work is split, and hooks around it.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::job::progress::{Progress, Watch};
use crate::job::share::Splitting;

/// A function called in each worker, with the worker's number.
type Hook = Arc<dyn Fn(usize) + Send + Sync>;

/// How a context splits the work, and what it calls around it.
///
/// The built-in contexts have these methods themselves; a context of your own keeps an `Options`
/// and returns it from [`Context::options`](crate::Context::options).
#[derive(Clone, Default)]
pub struct Options {
    splitting: Splitting,
    start_hook: Option<Hook>,
    end_hook: Option<Hook>,
    watch: Option<Watch>,
}

impl Options {
    /// The defaults: shares of shrinking size, claimed by whoever is free; no hooks.
    pub const fn new() -> Self {
        Options { splitting: Splitting::Guided, start_hook: None, end_hook: None, watch: None }
    }

    /// Gives each worker one balanced slice of the indices, the same in every run: worker `w` of
    /// `p` gets `w * n / p .. (w + 1) * n / p`.
    ///
    /// It makes per-worker results repeatable, and is slower where items are unequal.
    pub fn static_split(self) -> Self {
        Options { splitting: Splitting::Static, ..self }
    }

    /// Has workers claim this many items at a time, instead of shares that shrink.
    pub fn share(self, items: NonZeroUsize) -> Self {
        Options { splitting: Splitting::Fixed(items), ..self }
    }

    /// Calls a function in each worker before its first item, with the worker's number.
    ///
    /// A panic in it fails the map.
    pub fn on_worker_start(self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Options { start_hook: Some(Arc::new(hook)), ..self }
    }

    /// Calls a function in each worker after its last item, with the worker's number, unless
    /// the worker panicked.
    pub fn on_worker_end(self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Options { end_hook: Some(Arc::new(hook)), ..self }
    }

    /// Calls a function with the progress of each map, this often and once at its end, on a
    /// thread of the caller's process.
    pub fn on_progress(
        self,
        every: Duration,
        hook: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Self {
        Options { watch: Some(Watch::hook(every, hook)), ..self }
    }

    /// Draws a bar of the progress of each map on the standard error output, if that is a
    /// terminal.
    pub fn progress_bar(self) -> Self {
        Options { watch: Some(Watch::bar()), ..self }
    }

    pub(crate) fn watch(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    pub(crate) fn splitting(&self) -> Splitting {
        self.splitting
    }

    pub(crate) fn start_hook(&self) -> Option<&Hook> {
        self.start_hook.as_ref()
    }

    pub(crate) fn end_hook(&self) -> Option<&Hook> {
        self.end_hook.as_ref()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("splitting", &self.splitting)
            .field("start_hook", &self.start_hook.is_some())
            .field("end_hook", &self.end_hook.is_some())
            .field("progress", &self.watch)
            .finish()
    }
}

/// Gives a context with a field `options` the methods of [`Options`].
macro_rules! options_of_context {
    ($context:ident) => {
        impl $context {
            /// Gives each worker one balanced slice of the indices, the same in every run:
            /// worker `w` of `p` gets `w * n / p .. (w + 1) * n / p`.
            ///
            /// It makes per-worker results repeatable, and is slower where items are unequal.
            pub fn static_split(mut self) -> Self {
                self.options = self.options.static_split();
                self
            }

            /// Has workers claim this many items at a time, instead of shares that shrink.
            pub fn share(mut self, items: ::std::num::NonZeroUsize) -> Self {
                self.options = self.options.share(items);
                self
            }

            /// Calls a function in each worker before its first item, with the worker's number:
            /// to open a device, to set an affinity.
            ///
            /// A panic in it fails the map.
            pub fn on_worker_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
                self.options = self.options.on_worker_start(hook);
                self
            }

            /// Calls a function in each worker after its last item, with the worker's number,
            /// unless the worker panicked.
            pub fn on_worker_end(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
                self.options = self.options.on_worker_end(hook);
                self
            }

            /// Calls a function with the progress of each map, this often and once at its end,
            /// on a thread of the caller's process.
            pub fn on_progress(
                mut self,
                every: ::std::time::Duration,
                hook: impl Fn($crate::Progress) + Send + Sync + 'static,
            ) -> Self {
                self.options = self.options.on_progress(every, hook);
                self
            }

            /// Draws a bar of the progress of each map on the standard error output, if that is
            /// a terminal.
            pub fn progress_bar(mut self) -> Self {
                self.options = self.options.progress_bar();
                self
            }
        }
    };
}
pub(super) use options_of_context;
