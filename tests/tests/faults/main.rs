//! Fault injection: real signals, limits and kills, and what callers get.
//!
//! | module | what is done to a map |
//! | --- | --- |
//! | `campaign` | every way in which a kernel can fail, under every policy: the table is there |
//! | `aborting` | a program compiled with `panic = "abort"` |
//! | `chaos` | workers killed at random |
//! | `policies` | errors, panics and deaths under `Skip` and `Retry`: outputs, accumulators, reports |
//! | `cancels` | a thousand cancels at random moments, on a busy machine |
//! | `deadlocks` | kernels that wait for threads of the program, which forked workers don't have |
//! | `lifespan` | workers replaced after so many items, limits of memory, nice workers |
//! | `timeouts` | items that hang, deadlines, cancelling, impatience |
//! | `timelines` | workers killed while they record what they do |
//! | `shares` | any length, workers, splitting and failures: each index once |
//! | `power` | the disk as it is at a loss of power, under a durable job |
//! | `resume` | the program killed at 100 moments, and run again |
//! | `resume_reductions` | the same with sums, which come out bit for bit |
//! | `resume_ranks` | all ranks of a program killed at 50 moments, and run again |
//! | `neighbour`, `cancelling`, `resources` | programs with signal handlers, threads and limits of their own; many maps in a row |

mod aborting;
mod campaign;
mod cancelling;
mod cancels;
mod chaos;
mod deadlocks;
mod lifespan;
mod neighbour;
mod policies;
mod power;
mod resources;
mod resume;
mod resume_of_workers;
mod resume_ragged;
mod resume_ranks;
mod resume_reductions;
mod shares;
mod timelines;
mod timeouts;
