//! A group of processes that run one program together, each with workers of its own.
//!
//! A *rank* is a process of the group. All that pasha asks of what carries the messages between
//! ranks is in [`Link`]; a [`Line`] adds what every such link needs: heartbeats, and who has left
//! or is lost. What ranks do together is *collective*: each rank does it, in the same order, and
//! each step has a number, by which messages that come early are kept.

mod agree;
mod line;
mod link;
#[cfg(feature = "mpi")]
pub(crate) mod mpi;
mod sockets;
pub(crate) mod wire;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

pub(crate) use agree::Facts;
pub(crate) use line::{HEAD, Kind, Line, Lost};
pub(crate) use link::Link;
pub(crate) use sockets::SocketLink;

use crate::error::{Error, Result};

/// How long a rank may be silent before it is taken for lost.
#[cfg(feature = "mpi")]
pub(crate) const PATIENCE: Duration = Duration::from_secs(6);

/// The processes of a group, as one of them sees them.
///
/// It is internal: a [context](crate::Context) has it, and users have the context.
pub(crate) struct Group {
    rank: usize,
    /// The machine of each rank.
    hosts: Vec<String>,
    /// Held by whoever uses the link: a map for as long as it runs, and in between the thread that
    /// sends heartbeats.
    line: Arc<Mutex<Line>>,
    /// Whether a thread of this process is within a collective call.
    is_busy: AtomicBool,
}

impl Group {
    /// Meets the other ranks.
    ///
    /// # Errors
    /// If they run another program, or one of them is lost.
    pub(crate) fn meet(
        link: Box<dyn Link>,
        host: &str,
        program: &[(String, String)],
        patience: Duration,
    ) -> Result<Arc<Group>> {
        let rank = link.rank();
        let mut line = Line::new(link, patience);
        let met = line.gather_facts(host, 0);
        let group = |hosts, line| {
            let (line, is_busy) = (Arc::new(Mutex::new(line)), AtomicBool::new(false));
            Arc::new(Group { rank, hosts, line, is_busy })
        };
        let (hosts, _) = met.map_err(|lost| group(Vec::new(), Line::nobody()).error_of(&lost))?;
        let group = group(hosts, line);
        group.agree(Ok(()), |()| program.to_vec())?;
        Group::keep_alive(Arc::downgrade(&group.line), patience / 10);
        Ok(group)
    }

    /// Tells all ranks the number of workers of each, where this rank has so many.
    pub(crate) fn gather_workers(&self, num_workers: usize) -> Vec<usize> {
        match self.line().gather_facts(self.host(self.rank), num_workers) {
            Ok((_, workers)) => workers,
            // The next map tells it.
            Err(_) => vec![num_workers; self.size()],
        }
    }

    /// Starts the thread that sends heartbeats where no map does.
    fn keep_alive(line: Weak<Mutex<Line>>, every: Duration) {
        let keeper = std::thread::Builder::new().name("pasha-heartbeat".to_owned());
        // Without it a rank that does other work for long is taken for lost, which is told.
        let _ = keeper.spawn(move || {
            while let Some(line) = line.upgrade() {
                if let Ok(mut line) = line.try_lock() {
                    line.idle(Instant::now());
                }
                drop(line);
                std::thread::sleep(every);
            }
        });
    }

    /// The number of this rank.
    pub(crate) fn rank(&self) -> usize {
        self.rank
    }

    /// The number of ranks.
    pub(crate) fn size(&self) -> usize {
        self.hosts.len()
    }

    /// The machine of a rank.
    pub(crate) fn host(&self, rank: usize) -> &str {
        self.hosts.get(rank).map_or("an unknown host", String::as_str)
    }

    /// The link, for as long as the guard lives.
    pub(crate) fn line(&self) -> MutexGuard<'_, Line> {
        // A thread that panicked with it has left the group in the middle of something, which the
        // numbers of steps show.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a collective call.
    ///
    /// # Errors
    /// If another thread of this process is in one: the ranks might take them for each other.
    pub(crate) fn enter(&self) -> Result<Turn<'_>> {
        if self.is_busy.swap(true, Ordering::Acquire) {
            return Err(Error::Argument {
                argument: "the number of maps at a time in a context of several ranks".to_owned(),
                value: "more than 1".to_owned(),
                advice:
                    "another thread of this process maps in it, and the ranks could not tell the \
                         maps apart: map from one thread"
                        .to_owned(),
            });
        }
        Ok(Turn(self))
    }

    /// The error of a map that has lost a rank.
    #[cold]
    pub(crate) fn error_of(&self, lost: &Lost) -> Error {
        let (rank, reason) = (lost.rank, lost.reason.clone());
        Error::RankLost { rank, host: self.host(rank).to_owned(), reason }
    }
}

/// The group of all processes that MPI's launcher has started; none if there is no other. It is made
/// once, and kept until the process exits.
///
/// # Errors
/// [`Error::Start`] if MPI can't be used; [`Error::RanksDiffer`] if another program, or other
/// arguments, were started elsewhere.
#[cfg(feature = "mpi")]
pub(crate) fn of_launcher() -> Result<Option<Arc<Group>>> {
    let mut launched = LAUNCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(group) = &*launched {
        return Ok(group.clone());
    }
    let failed = |reason: String| Error::Start {
        what: "the communication with other ranks".to_owned(),
        source: reason.into(),
    };
    let mut group = None;
    if mpi::is_launched().map_err(failed)? {
        let link = mpi::MpiLink::start().map_err(failed)?;
        if link.size() > 1 {
            let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
            group = Some(Group::meet(Box::new(link), &host, &program(), PATIENCE)?);
        }
    }
    *launched = Some(group.clone());
    Ok(group)
}

#[cfg(feature = "mpi")]
static LAUNCHED: Mutex<Option<Option<Arc<Group>>>> = Mutex::new(None);

/// What has to be the same of the programs of all ranks.
#[cfg(feature = "mpi")]
fn program() -> Facts {
    let program = std::env::current_exe().unwrap_or_default();
    let bytes = std::fs::metadata(&program).map_or(0, |file| file.len());
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
    vec![
        ("version of pasha".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("program".to_owned(), format!("{} of {bytes} bytes", program.display())),
        ("list of arguments".to_owned(), format!("{arguments:?}")),
    ]
}

/// Leaves the group of the launcher, at the exit of the process; `false` if a map is under way.
#[cfg(feature = "mpi")]
fn leave_all() -> bool {
    let Ok(launched) = LAUNCHED.try_lock() else { return false };
    let Some(Some(group)) = &*launched else { return true };
    for _ in 0..100 {
        if let Ok(mut line) = group.line.try_lock() {
            line.leave();
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

impl Drop for Group {
    fn drop(&mut self) {
        self.line().leave();
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("rank", &self.rank)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

/// A collective call that is under way.
#[derive(Debug)]
pub(crate) struct Turn<'g>(&'g Group);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.is_busy.store(false, Ordering::Release);
    }
}
