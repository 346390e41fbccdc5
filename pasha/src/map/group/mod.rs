//! A map over several ranks, each of which has workers of its own.
//!
//! The calling thread of each rank has its workers run, as on one machine, while a thread for the
//! length of the map runs a *message loop* with the other ranks: it asks rank 0 for items ahead of
//! need, sends finished slots and tells of failures. Rank 0 decides: who gets which items, when the
//! map stops, and what came of it, which is then the result on every rank.

mod balance;
mod collective;
mod ended;
mod message_loop;
mod parts;
mod rank_zero;
mod rate;
mod rows;
mod slot_messages;
mod slots;
mod status_messages;
mod trees;

use std::any::Any;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) use collective::{alloc, run_all, run_into};
pub(super) use ended::RanksVerdict;
pub(super) use slot_messages::{OtherRanks, SlotMessages};

use crate::context::Ranks;
use crate::error::{Error, Result};
use crate::functor::list::FunctorList;
use crate::group::{Facts, Group};
use crate::job::board::{Grants, Stop};
use crate::job::panic::message_of;
use crate::job::work::MapState;
use crate::options::{Options, Splitting};
use crate::output::Attached;
use crate::output::list::RESULT;
use crate::param::ItemList;
use message_loop::MessageLoop;

/// What a map of this kernel has to have the same on all ranks.
pub(super) fn facts(
    what: &str,
    signature: String,
    len: usize,
    choice: String,
    ranks: &Ranks,
    options: &Options,
) -> Facts {
    let kernel = if signature.is_empty() { "a closure".to_owned() } else { signature };
    [
        ("call", what.to_owned()),
        ("kernel", kernel),
        ("number of items", len.to_string()),
        ("choice of items", choice),
        ("splitting", format!("{:?}", options.splitting)),
        ("`on_failure`", format!("{:?}", options.on_failure)),
        ("`item_timeout`", or_none(options.item_timeout)),
        ("`deadline`", or_none(options.deadline)),
        ("`reproducible`", options.reproducible.to_string()),
        ("`timeline`", options.timeline.to_string()),
        ("`resume`", or_none(options.resume.as_deref())),
        ("`outputs_at_root`", ranks.at_root.to_string()),
        ("`rank_timeout`", format!("{:?}", ranks.patience)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn or_none(value: Option<impl Debug>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("{value:?}"))
}

/// Which of so many items are left out, and how they are labelled, in words that differ where
/// these do.
fn choice_of_items<I: ItemList, F: FunctorList<I>>(
    functors: &F,
    names: &[&str],
    len: usize,
) -> String {
    let mut checksum = crc32fast::Hasher::new();
    let mut left_out = 0_usize;
    // No functor is asked that has all items, of which there may be very many.
    if F::MAY_BE_ABSENT {
        for index in (0..len).filter(|&index| !functors.are_present(index)) {
            checksum.update(&index.to_le_bytes());
            left_out += 1;
        }
    }
    let mut first = None;
    // Labels that do not agree have been refused.
    let _ = functors.check_labels(names, &mut first);
    let labels = first.map_or(&[][..], |(_, labels)| labels);
    labels.iter().for_each(|label| checksum.update(&label.to_le_bytes()));
    let labelled = match labels {
        [] => String::new(),
        [first, .., last] => format!(", labelled {first} to {last}"),
        [only] => format!(", labelled {only}"),
    };
    match (left_out, labels) {
        (0, []) => "all".to_owned(),
        _ => format!("{left_out} left out{labelled} (checksum {:08x})", checksum.finalize()),
    }
}

/// What the outputs of a map have to have the same on all ranks.
pub(super) fn layouts(attached: &impl Attached, names: &[&str]) -> Facts {
    let names = names.iter().chain(std::iter::repeat(&RESULT));
    let mut layouts = Vec::new();
    attached.layouts(&mut layouts);
    names.zip(layouts).map(|(name, layout)| (format!("shape of output `{name}`"), layout)).collect()
}

/// Refuses, on all ranks alike, what can't be done over several.
pub(super) fn refuse(ranks: &Ranks, options: &Options, len: usize) -> Result<()> {
    ranks.check_patience()?;
    if len > MOST_ITEMS_OF_A_MAP {
        return Err(Error::TooLarge {
            argument: "the number of items of a map over several ranks",
            given: len,
            most: MOST_ITEMS_OF_A_MAP,
            reason: "each rank keeps a bit for each; map over fewer items at a time",
        });
    }
    if options.splitting == Splitting::Static && options.resume.as_deref().is_some() {
        return Err(Error::Argument {
            argument: "`static_split` together with `resume`".to_owned(),
            value: "set in a context of several ranks".to_owned(),
            advice: "only rank 0 knows what an earlier run has finished, and hands out the rest: \
                     leave out `static_split`"
                .to_owned(),
        });
    }
    Ok(())
}

/// The bits of so many items take 128 GiB, of which only what is used takes memory.
const MOST_ITEMS_OF_A_MAP: usize = 1 << 40;

/// Runs a map with the other ranks: `run` has the workers here run.
pub(super) fn run(
    ranks: &Ranks,
    state: &MapState<'_>,
    grants: &Grants,
    slot_messages: SlotMessages<'_>,
    elsewhere: &OtherRanks,
    run: impl FnOnce() -> Result<()>,
) -> Result<RanksVerdict> {
    let group = &ranks.group;
    // Nothing of this map comes before all ranks are in it, and nothing of another while they are.
    let mut messenger = group.messenger();
    messenger.begin_step();
    let mut message_loop =
        MessageLoop::new(&mut messenger, ranks, state, grants, slot_messages, elsewhere);
    let have_ended = AtomicBool::new(false);
    let (mut started, talked) = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("pasha-messages".to_owned());
        let thread = thread.spawn_scoped(scope, || {
            let talked = message_loop.until(&have_ended);
            if talked.is_err() {
                state.table.stop(Stop::Lost);
                grants.end();
            }
            talked
        });
        // Also if the context panics: the scope waits for the message loop.
        let end = EndWorkersOnDrop(&have_ended);
        let started = match &thread {
            Ok(_) => caught(group, run),
            Err(_) => Ok(()),
        };
        drop(end);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(talked)) => (started, talked),
            Ok(Err(payload)) => std::panic::resume_unwind(payload),
            Err(source) => {
                let what = "the thread that talks with the other ranks".to_owned();
                (Err(Error::Start { what, source: source.into() }), Ok(()))
            }
        }
    });
    if started.is_err() {
        state.table.stop(Stop::Context);
    }
    let verdict = talked.and_then(|()| message_loop.finish(&started)).map_err(|lost| {
        // What kept this rank from going on is not known to the others.
        group.error_of(&lost)
    })?;
    if let (Some((rank, reason)), true) = (verdict.not_started(), started.is_ok()) {
        let host = group.host(rank).to_owned();
        started = Err(Error::Rank { rank, host, reason });
    }
    Ok(RanksVerdict { started, ..verdict })
}

/// Calls what may call functions of the program. A panic of these is an error here, of which the
/// other ranks learn, instead of a rank that leaves them in the middle of a map.
pub(super) fn caught<T>(group: &Group, run: impl FnOnce() -> Result<T>) -> Result<T> {
    // What the call has changed is dropped, or left as a map leaves it that has failed.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| Err(panicked(group, &*payload)))
}

#[cold]
fn panicked(group: &Group, payload: &(dyn Any + Send)) -> Error {
    let rank = group.rank();
    let reason = format!(
        "what the map calls beside the kernel, such as the expression of a shape, a functor or \
         `on_progress`, panicked: {:?}",
        message_of(payload)
    );
    Error::Rank { rank, host: group.host(rank).to_owned(), reason }
}

/// Notes that the workers here have ended when it is dropped.
struct EndWorkersOnDrop<'e>(&'e AtomicBool);

impl Drop for EndWorkersOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
