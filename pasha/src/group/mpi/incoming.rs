//! Messages that come through MPI, of which none is waited for: a sender may die in the middle of
//! one, whose rest then never comes.

use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::time::{Duration, Instant};

use mpi::ffi;

use super::piece::{LAST, check};
use crate::group::link::Unreachable;

/// How long to look at what is under way before others are let run.
const LONGEST_LOOK: Duration = Duration::from_millis(10);

/// What comes from all ranks.
#[derive(Default)]
pub(super) struct Incoming {
    of_rank: Vec<FromRank>,
    /// The ranks of which something is under way.
    active: Vec<usize>,
}

/// What comes from one rank.
#[derive(Default)]
struct FromRank {
    /// The pieces that have come of a message. Nobody else uses it while one is under way, which
    /// MPI writes behind them.
    bytes: Vec<u8>,
    under_way: Option<UnderWay>,
    /// Pieces that come after it, in order.
    matched: VecDeque<Matched>,
}

/// A piece that MPI is receiving.
struct UnderWay {
    request: ffi::MPI_Request,
    len: usize,
    is_last: bool,
}

/// A piece that is there, or that its sender has told of.
struct Matched {
    message: ffi::MPI_Message,
    len: c_int,
    is_last: bool,
}

impl Incoming {
    pub(super) fn of(size: usize) -> Incoming {
        Incoming { of_rank: (0..size).map(|_| FromRank::default()).collect(), active: Vec::new() }
    }

    /// The next message that is whole, and whose it is; `None` if there is none now.
    pub(super) fn next(
        &mut self,
        comm: ffi::MPI_Comm,
    ) -> Result<Option<(usize, Vec<u8>)>, Unreachable> {
        let mut begun = None;
        loop {
            let is_new = self.look(comm);
            let mut place = 0;
            while let Some(&rank) = self.active.get(place) {
                let from = &mut self.of_rank[rank];
                let message = from.go_on().map_err(|reason| Unreachable { rank, reason })?;
                match from.is_idle() {
                    true => drop(self.active.swap_remove(place)),
                    false => place += 1,
                }
                if let Some(message) = message {
                    return Ok(Some((rank, message)));
                }
            }
            if is_new {
                continue;
            }
            let begun = *begun.get_or_insert_with(Instant::now);
            if self.active.is_empty() || begun.elapsed() > LONGEST_LOOK {
                return Ok(None);
            }
        }
    }

    /// Whether a message has begun to come and is not whole.
    pub(super) fn is_under_way(&self) -> bool {
        !self.active.is_empty()
    }

    /// Matches the next piece; whether there is one.
    fn look(&mut self, comm: ffi::MPI_Comm) -> bool {
        let (mut is_there, mut len) = (0, 0);
        // SAFETY: constants of MPI.
        let [source, tag] = unsafe { [ffi::RSMPI_ANY_SOURCE, ffi::RSMPI_ANY_TAG] };
        // SAFETY: a status is a struct of integers, which MPI fills in.
        let mut status = unsafe { std::mem::zeroed::<ffi::MPI_Status>() };
        let mut message = std::mem::MaybeUninit::<ffi::MPI_Message>::uninit();
        // The first call may do no more than fetch what has come: Open MPI looks, makes progress,
        // and returns what it has seen before.
        for _ in 0..2 {
            let place = message.as_mut_ptr();
            // SAFETY: MPI's own function, with places of this frame.
            unsafe {
                ffi::MPI_Improbe(source, tag, comm, &mut is_there, place, &mut status);
            }
            if is_there != 0 {
                break;
            }
        }
        if is_there == 0 {
            return false;
        }
        // SAFETY: `MPI_Improbe` has matched a message, and filled in its handle and status.
        let message = unsafe {
            ffi::MPI_Get_count(&status, ffi::RSMPI_UINT8_T, &mut len);
            message.assume_init()
        };
        let rank = status.MPI_SOURCE as usize;
        if let Some(from) = self.of_rank.get_mut(rank) {
            if from.is_idle() {
                self.active.push(rank);
            }
            from.matched.push_back(Matched { message, len, is_last: status.MPI_TAG == LAST });
        }
        true
    }
}

impl FromRank {
    fn is_idle(&self) -> bool {
        self.under_way.is_none() && self.matched.is_empty()
    }

    /// Receives what it can without waiting; a message, once it is whole.
    fn go_on(&mut self) -> Result<Option<Vec<u8>>, String> {
        loop {
            if let Some(UnderWay { request, len, is_last }) = &mut self.under_way {
                let mut is_done = 0;
                // SAFETY: the request was made by `MPI_Imrecv`, and is not used after it is done.
                check(unsafe { ffi::MPI_Test(request, &mut is_done, ffi::RSMPI_STATUS_IGNORE) })?;
                if is_done == 0 {
                    return Ok(None);
                }
                // SAFETY: MPI has written so many bytes behind those that count already, into room
                // that was reserved for them.
                unsafe { self.bytes.set_len(self.bytes.len() + *len) };
                let is_last = *is_last;
                self.under_way = None;
                if is_last {
                    return Ok(Some(std::mem::take(&mut self.bytes)));
                }
            }
            let Some(Matched { mut message, len, is_last }) = self.matched.pop_front() else {
                return Ok(None);
            };
            self.bytes.reserve(len as usize);
            let room = self.bytes.spare_capacity_mut().as_mut_ptr().cast::<c_void>();
            // SAFETY: the handle is that of a matched message of so many bytes, for which there is
            // room that nobody uses until the request is done.
            let request = unsafe {
                let mut request = ffi::RSMPI_REQUEST_NULL;
                let bytes = ffi::RSMPI_UINT8_T;
                check(ffi::MPI_Imrecv(room, len, bytes, &mut message, &mut request))?;
                request
            };
            self.under_way = Some(UnderWay { request, len: len as usize, is_last });
        }
    }
}

impl Drop for FromRank {
    fn drop(&mut self) {
        if self.under_way.is_some() {
            // MPI may still write there.
            std::mem::forget(std::mem::take(&mut self.bytes));
        }
    }
}
