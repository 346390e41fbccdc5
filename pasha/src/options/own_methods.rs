//! The methods of [`ContextOptions`](super::ContextOptions) as methods of the built-in types
//! themselves, which need no trait in scope.

use super::Options;

/// Gives a type that implements [`ContextOptions`] its methods as methods of its own; `$make` is
/// code that makes a value of the type, for the examples, which begin with `$fence` and a bracket.
macro_rules! option_methods {
    ($type:ty, $make:literal, $fence:literal) => {
        $crate::options::option_methods! { $type, $make, $fence;
            "Gives each worker one balanced slice of the indices, the same in every run.",
                "static_split()":
                static_split();
            "Has workers claim this many items at a time, instead of shares that shrink.",
                "share(std::num::NonZeroUsize::new(10).unwrap())":
                share(items: ::std::num::NonZeroUsize);
            "Says what a map does when an item fails.",
                "on_failure(pasha::OnFailure::Skip { at_most: 3 })":
                on_failure(policy: $crate::OnFailure);
            "Fails an item that runs longer than this.",
                "item_timeout(std::time::Duration::from_secs(60))":
                item_timeout(limit: ::std::time::Duration);
            "Ends a map that takes longer than this.",
                "deadline(std::time::Duration::from_secs(3600))":
                deadline(limit: ::std::time::Duration);
            "Ends maps when the token is cancelled.",
                "cancel_token(&pasha::CancelToken::new())":
                cancel_token(token: &$crate::CancelToken);
            "Says how long forked workers may go on with their item once the map is to stop.",
                "stop_within(std::time::Duration::from_secs(1))":
                stop_within(limit: ::std::time::Duration);
            "Has forked workers killed at once when the map is to stop.",
                "stop_at_once()":
                stop_at_once();
            "Keeps note in this file of what is done, so that a map that was killed goes on.",
                "resume(\"integrated.job\")":
                resume(path: impl Into<::std::path::PathBuf>);
            "Says whether what is noted of a job with `resume` holds after a loss of power, too.",
                "durable(true)":
                durable(wanted: bool);
            "Says whether large outputs get huge pages of 2 MiB.",
                "huge_pages(false)":
                huge_pages(wanted: bool);
            "Says whether each worker stays on a processor of its own.",
                "pin_workers(true)":
                pin_workers(wanted: bool);
            "Has each forked worker replaced after this many items.",
                "worker_lifespan(std::num::NonZeroUsize::new(1000).unwrap())":
                worker_lifespan(items: ::std::num::NonZeroUsize);
            "Refuses forked workers more memory of their own than this, in bytes.",
                "worker_memory(4 << 30)":
                worker_memory(bytes: usize);
            "Makes forked workers nicer to other programs.",
                "nice(10)":
                nice(by: i32);
            "Says whether reductions are to have the same bits whoever computes what.",
                "reproducible(true)":
                reproducible(wanted: bool);
            "Says whether maps take note of what each worker does when.",
                "timeline(true)":
                timeline(wanted: bool);
            "Calls a function in each worker before its first item, with the worker's number.",
                "on_worker_start(|worker_id| eprintln!(\"worker {worker_id} begins\"))":
                on_worker_start(hook: impl Fn(usize) + Send + Sync + 'static);
            "Calls a function in each worker after its last item, with the worker's number.",
                "on_worker_end(|worker_id| eprintln!(\"worker {worker_id} is done\"))":
                on_worker_end(hook: impl Fn(usize) + Send + Sync + 'static);
            "Calls a function with the progress of each map, this often and once at its end.",
                "on_progress(std::time::Duration::from_secs(1), |progress| eprintln!(\"{progress}\"))":
                on_progress(
                    every: ::std::time::Duration,
                    hook: impl Fn($crate::Progress) + Send + Sync + 'static
                );
            "Draws a bar of the progress of each map, or writes lines into a log.",
                "progress_bar()":
                progress_bar();
        }
    };
    ($type:ty, $make:literal, $fence:literal; $($summary:literal, $call:literal: $name:ident($($argument:ident: $given:ty),*);)+) => {
        impl $type {$(
            #[doc = concat!($summary, " See [`ContextOptions::", stringify!($name), "`].")]
            ///
            #[doc = concat!(
                "[`ContextOptions::", stringify!($name), "`]: ",
                "crate::ContextOptions::", stringify!($name),
            )]
            ///
            /// # Examples
            #[doc = $fence]
            #[doc = concat!("let changed = ", $make, ".", $call, ";")]
            /// # drop(changed);
            /// # }
            /// # Ok::<(), pasha::Error>(())
            /// ```
            pub fn $name(self, $($argument: $given),*) -> Self {
                $crate::options::ContextOptions::$name(self, $($argument),*)
            }
        )+}
    };
}
option_methods!(Options, "pasha::Options::new()", "```\n# {");
pub(crate) use option_methods;
