//! How workers are started, so that each has the interpreter.

use std::num::NonZeroUsize;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;

use pasha::{Context, ContextOptions, Job, Memory, Options, ProcessContext};
use pyo3::prelude::*;

use crate::interrupt::{BETWEEN_LOOKS, Interrupt};

/// The stack of a thread, as large as that of a program's first one.
const STACK: usize = 8 << 20;

/// What workers are.
#[derive(Debug)]
pub(crate) enum How {
    Serial,
    Threads(NonZeroUsize),
    Processes(Box<ProcessContext>),
}

/// Workers that call Python.
pub(crate) struct Workers {
    how: How,
    options: Options,
    interrupt: Interrupt,
}

impl Workers {
    pub(crate) fn new(mut how: How, options: Options, interrupt: Interrupt) -> Workers {
        if let How::Processes(processes) = &mut how {
            *processes.options_mut() = options.clone();
        }
        Workers { how, options, interrupt }
    }

    /// Runs all workers on threads of their own, and handles signals meanwhile.
    fn run_threads(&self, job: &Job<'_>) {
        std::thread::scope(|scope| {
            let (working, ended) = channel::<()>();
            for worker_id in 0..job.num_workers() {
                let working = working.clone();
                let body = move || {
                    Python::try_attach(|_| job.work(worker_id));
                    drop(working);
                };
                let name = format!("pasha worker {worker_id}");
                let thread = Builder::new().name(name).stack_size(STACK);
                if thread.spawn_scoped(scope, body).is_err() {
                    // Those that there are do all of the work, or this one if there is none.
                    if worker_id == 0 {
                        Python::try_attach(|_| job.work(worker_id));
                    }
                    break;
                }
            }
            drop(working);
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(BETWEEN_LOOKS) {
                self.interrupt.look();
            }
        });
    }
}

impl Context for Workers {
    fn num_workers(&self) -> usize {
        match &self.how {
            How::Serial => 1,
            How::Threads(number) => number.get(),
            How::Processes(processes) => processes.num_workers(),
        }
    }

    fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
        match &self.how {
            How::Serial => {
                Python::try_attach(|_| job.work(0));
            }
            How::Threads(_) => self.run_threads(job),
            How::Processes(processes) => return processes.run(job),
        }
        Ok(())
    }

    fn memory(&self) -> Memory {
        match &self.how {
            How::Serial | How::Threads(_) => Memory::Private,
            How::Processes(processes) => processes.memory(),
        }
    }

    fn options(&self) -> &Options {
        &self.options
    }
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").field("how", &self.how).finish_non_exhaustive()
    }
}
