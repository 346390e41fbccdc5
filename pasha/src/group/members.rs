//! A group, as one of its processes sees it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::handshake::Member;
use super::link::Link;
use super::messenger::{LostRank, Messenger};
use super::shared_link::SharedLink;
use crate::error::{Error, Result};

/// The shortest time after which a rank may be taken for lost: one that is alive may be kept from
/// running for a part of it.
pub(crate) const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// The processes of a group, as one of them sees them.
///
/// It is internal: a [context](crate::Context) has it, and users have the context.
pub(crate) struct Group {
    rank: usize,
    /// The process that has joined.
    process: u32,
    /// The machine of each rank.
    hosts: Vec<String>,
    /// Held by whoever uses the link: a map for as long as it runs, and in between the thread that
    /// sends heartbeats.
    messenger: Arc<Mutex<Messenger>>,
    /// Whether a thread of this process is within a collective call.
    is_busy: AtomicBool,
    /// How long a rank may be silent, where a context says nothing else.
    patience: Duration,
    has_warned: AtomicBool,
}

impl Group {
    /// Meets the other ranks.
    ///
    /// # Errors
    /// If they run another program, or one of them is lost.
    pub(crate) fn join(
        link: Box<dyn Link>,
        host: &str,
        program: &[(String, String)],
        patience: Duration,
    ) -> Result<Arc<Group>> {
        let rank = link.rank();
        let mut messenger = Messenger::new(link, patience);
        let met = messenger.exchange_members(Member {
            host: host.to_owned(),
            num_workers: 0,
            bound: None,
        });
        let group = |hosts, messenger| {
            let [is_busy, has_warned] = [false; 2].map(AtomicBool::new);
            let messenger = Arc::new(Mutex::new(messenger));
            let process = std::process::id();
            Arc::new(Group { rank, process, hosts, messenger, is_busy, patience, has_warned })
        };
        let met = met.map_err(|lost| group(Vec::new(), Messenger::nobody()).error_of(&lost))?;
        let group = group(met.into_iter().map(|member| member.host).collect(), messenger);
        group.agree(Ok(()), |()| program.to_vec())?;
        let link = group.messenger().shared_link();
        link.iter().for_each(|link| Group::keep_alive(&group.messenger, link));
        Ok(group)
    }

    /// Tells all ranks how many workers each has, if all have some. `call` is what the program
    /// calls for it, and `local` are the workers here, of which there are `num_workers`, on
    /// processors as [`Member`] has them.
    ///
    /// # Errors
    /// Why a rank has no workers; [`Error::RanksDiffer`] if one calls something else;
    /// [`Error::RankLost`].
    pub(crate) fn gather_workers<W>(
        &self,
        call: &str,
        local: Result<W>,
        num_workers: impl FnOnce(&W) -> usize,
        bound: Option<[usize; 2]>,
    ) -> Result<(W, Arc<[Member]>)> {
        let local = self.agree(local, |_| vec![("call".to_owned(), call.to_owned())])?;
        let host = self.host(self.rank).to_owned();
        let own = Member { host, num_workers: num_workers(&local), bound };
        let met = self.messenger().exchange_members(own);
        Ok((local, met.map_err(|lost| self.error_of(&lost))?.into()))
    }

    /// Starts the thread that sends heartbeats where no map does, or is late with them.
    fn keep_alive(messenger: &Arc<Mutex<Messenger>>, link: &Arc<SharedLink>) {
        let (messenger, link) = (Arc::downgrade(messenger), Arc::downgrade(link));
        let keeper = std::thread::Builder::new().name("pasha-heartbeat".to_owned());
        // Without it a rank that does other work for long is taken for lost, which is told.
        let _ = keeper.spawn(move || {
            while let Some(messenger) = messenger.upgrade() {
                match messenger.try_lock() {
                    Ok(mut messenger) => messenger.idle(Instant::now()),
                    Err(TryLockError::WouldBlock) => {
                        link.upgrade().inspect(|link| link.beat_if_late(Instant::now()));
                    }
                    // Whoever panicked with it has left the others.
                    Err(TryLockError::Poisoned(_)) => {}
                }
                drop(messenger);
                std::thread::sleep(LEAST_PATIENCE / 10);
            }
        });
    }

    /// The number of this rank.
    pub(crate) fn rank(&self) -> usize {
        self.rank
    }

    /// How long a rank may be silent before it is taken for lost, where a context says nothing
    /// else.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Whether this is the first time that it is asked.
    pub(crate) fn is_first_warning(&self) -> bool {
        !self.has_warned.swap(true, Ordering::Relaxed)
    }

    /// The messages that this rank has sent, without heartbeats: claims, and all.
    pub(crate) fn messages_sent(&self) -> [usize; 2] {
        let messenger = self.messenger();
        [messenger.claims, messenger.sent]
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
    pub(crate) fn messenger(&self) -> MutexGuard<'_, Messenger> {
        // A thread that panicked with it has left the group in the middle of something, which the
        // numbers of steps show.
        self.messenger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a collective call.
    ///
    /// # Errors
    /// If another thread of this process is in one: the ranks might take them for each other. Or if
    /// this process is a copy of the one that has joined.
    pub(crate) fn enter(&self) -> Result<Turn<'_>> {
        self.check_process()?;
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

    /// Refuses processes that the one that has joined has forked: they would speak in its name.
    pub(crate) fn check_process(&self) -> Result<()> {
        let process = std::process::id();
        if process == self.process {
            return Ok(());
        }
        Err(Error::Argument {
            argument: "the process that maps in a context of several ranks".to_owned(),
            value: format!(
                "{process}, which was forked from rank {}, process {}",
                self.rank, self.process
            ),
            advice: "it is no rank: map in a context of this machine here, such as a \
                     `ProcessContext`, and leave the ranks' maps to the process that has joined them"
                .to_owned(),
        })
    }

    /// The error of a map that has lost a rank.
    #[cold]
    pub(crate) fn error_of(&self, lost: &LostRank) -> Error {
        let (rank, reason) = (lost.rank, lost.reason.clone());
        Error::RankLost { rank, host: self.host(rank).to_owned(), reason }
    }
}

#[cfg(feature = "mpi")]
impl Group {
    /// Leaves the group, in which nothing more can be done; `false` if a map is under way.
    pub(super) fn try_leave(&self) -> bool {
        // Another process that the program has forked leaves nothing.
        self.check_process().is_err()
            || self.messenger.try_lock().map(|mut messenger| messenger.leave()).is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.check_process().is_ok() {
            self.messenger().leave();
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::SocketLink;

    #[test]
    fn a_rank_that_is_busy_with_its_messages_is_alive() {
        let links = SocketLink::group(2).unwrap();
        std::thread::scope(|scope| {
            for (rank, link) in links.into_iter().enumerate() {
                scope.spawn(move || {
                    let group = Group::join(Box::new(link), "here", &[], LEAST_PATIENCE).unwrap();
                    if rank == 1 {
                        // As while a very large slot is copied, for longer than a rank may be
                        // silent.
                        let messenger = group.messenger();
                        std::thread::sleep(3 * LEAST_PATIENCE);
                        drop(messenger);
                    }
                    group.agree(Ok(()), |()| Vec::new()).unwrap();
                });
            }
        });
    }
}
