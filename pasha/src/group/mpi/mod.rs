//! Messages through MPI.
//!
//! One thread at a time makes MPI calls (`MPI_THREAD_SERIALIZED`), whoever holds the group's
//! messenger, and no forked worker makes any. A program that makes calls of its own beside them has
//! initialized MPI itself, with `MPI_THREAD_MULTIPLE`.

mod incoming;
mod piece;

use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use mpi::ffi;

use self::incoming::Incoming;
use self::piece::{LAST, MORE, MOST_BYTES, check};
use super::link::{Link, Message, Unreachable};

/// What of the environment says that a launcher has started this process as one of several.
const LAUNCHERS: [&str; 3] = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"];

/// Whether a launcher of MPI has started this process.
///
/// # Errors
/// If Slurm has started it as one of several, but without MPI.
pub(crate) fn is_launched() -> Result<bool, String> {
    if LAUNCHERS.iter().any(|name| std::env::var_os(name).is_some()) {
        return Ok(true);
    }
    let tasks = std::env::var("SLURM_STEP_NUM_TASKS").ok().and_then(|text| text.parse().ok());
    match tasks {
        Some(tasks @ 2_usize..) => Err(format!(
            "Slurm has started this program {tasks} times, but without MPI, so that each would \
             compute everything on its own: start it with `srun --mpi=pmix …`"
        )),
        _ => Ok(false),
    }
}

/// The process that has to finalize MPI, at its exit; 0 if none has.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// What is to be done before MPI is finalized.
static LEAVE: OnceLock<fn() -> bool> = OnceLock::new();

/// Whether the process is about to exit.
static IS_FINALIZING: AtomicBool = AtomicBool::new(false);

/// A group of all processes that the launcher has started.
pub(crate) struct MpiLink {
    rank: usize,
    size: usize,
    comm: ffi::MPI_Comm,
    sending: VecDeque<Sending>,
    incoming: Incoming,
}

// SAFETY: handles of MPI may be used by any thread, by one at a time, which `&mut self` makes sure
// of: MPI was initialized with `MPI_THREAD_SERIALIZED`.
unsafe impl Send for MpiLink {}

/// A message under way.
struct Sending {
    // Kept until MPI has read it.
    message: Message,
    requests: Vec<ffi::MPI_Request>,
}

impl MpiLink {
    /// Initializes MPI, and joins the processes that were started with this one. `leave` is called
    /// before MPI is finalized, when the process exits; it says whether that may be.
    ///
    /// # Errors
    /// What MPI says, or that it can't be used by a thread other than the first.
    pub(crate) fn start(leave: fn() -> bool) -> Result<MpiLink, String> {
        // SAFETY: MPI's own functions, called as its standard says, with places of this frame.
        unsafe {
            let (mut is_initialized, mut is_finalized) = (0, 0);
            ffi::MPI_Initialized(&mut is_initialized);
            ffi::MPI_Finalized(&mut is_finalized);
            if is_finalized != 0 {
                return Err("MPI has been finalized already".to_owned());
            }
            let mut provided = 0;
            if is_initialized == 0 {
                let needed = ffi::MPI_THREAD_SERIALIZED as c_int;
                let (none, no_arguments) = (std::ptr::null_mut(), std::ptr::null_mut());
                check(ffi::MPI_Init_thread(none, no_arguments, needed, &mut provided))?;
                OWNER.store(std::process::id(), Ordering::Relaxed);
                libc_atexit();
                if provided < needed {
                    return Err(format!(
                        "this MPI allows calls on the main thread alone (thread level {provided}, \
                         needed is {needed}): use one that is built with threads"
                    ));
                }
            } else {
                check(ffi::MPI_Query_thread(&mut provided))?;
                // Signs of life are sent at any time, also while the program makes calls.
                let needed = ffi::MPI_THREAD_MULTIPLE as c_int;
                if provided < needed {
                    return Err(format!(
                        "the program has initialized MPI for calls of one thread at a time (thread \
                         level {provided}, needed is {needed}): initialize it with \
                         MPI_THREAD_MULTIPLE, or leave that to pasha"
                    ));
                }
            }
            let _ = LEAVE.set(leave);
            before_finalize()?;
            let mut comm = ffi::RSMPI_COMM_NULL;
            check(ffi::MPI_Comm_dup(ffi::RSMPI_COMM_WORLD, &mut comm))?;
            let (mut rank, mut size) = (0, 0);
            check(ffi::MPI_Comm_rank(comm, &mut rank))?;
            check(ffi::MPI_Comm_size(comm, &mut size))?;
            let (rank, size) = (rank as usize, size as usize);
            let (sending, incoming) = (VecDeque::new(), Incoming::of(size));
            Ok(MpiLink { rank, size, comm, sending, incoming })
        }
    }

    /// Lets go of messages that MPI has read.
    fn push(&mut self) {
        self.sending.retain_mut(|sending| {
            let count = sending.requests.len() as c_int;
            let mut are_done = 0;
            // SAFETY: the requests were made by `MPI_Isend`, and are not used after they are done.
            unsafe {
                ffi::MPI_Testall(
                    count,
                    sending.requests.as_mut_ptr(),
                    &mut are_done,
                    std::ptr::null_mut(),
                );
            }
            are_done == 0
        });
    }
}

impl Link for MpiLink {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn send(&mut self, to: usize, message: Message) -> Result<(), Unreachable> {
        let pieces = message.chunks(MOST_BYTES);
        let last = pieces.len().saturating_sub(1);
        let mut requests = Vec::with_capacity(last + 1);
        for (number, piece) in pieces.enumerate() {
            let tag = if number == last { LAST } else { MORE };
            // SAFETY: the message is kept until the request is done; a piece has at most 2^26
            // bytes.
            unsafe {
                let mut request = ffi::RSMPI_REQUEST_NULL;
                let code = ffi::MPI_Isend(
                    piece.as_ptr().cast::<c_void>(),
                    piece.len() as c_int,
                    ffi::RSMPI_UINT8_T,
                    to as c_int,
                    tag,
                    self.comm,
                    &mut request,
                );
                check(code).map_err(|reason| Unreachable { rank: to, reason })?;
                requests.push(request);
            }
        }
        self.sending.push_back(Sending { message, requests });
        Ok(())
    }

    fn receive(&mut self) -> Result<Option<(usize, Vec<u8>)>, Unreachable> {
        self.push();
        self.incoming.next(self.comm)
    }

    fn unsent(&self) -> usize {
        self.sending.iter().map(|sending| sending.message.len()).sum()
    }

    fn wait(&mut self, at_most: Duration) {
        match self.incoming.is_under_way() {
            // It goes on only while somebody looks.
            true => std::thread::yield_now(),
            // MPI has no wait that ends.
            false => std::thread::sleep(at_most),
        }
    }

    fn abort(&mut self) {
        if IS_FINALIZING.load(Ordering::Relaxed) {
            // The others are about to tell the same, and then end as well.
            std::thread::sleep(Duration::from_secs(2));
            // SAFETY: MPI's own function; it ends the process.
            unsafe { ffi::MPI_Abort(self.comm, 1) };
        }
    }
}

impl Drop for MpiLink {
    fn drop(&mut self) {
        self.push();
        // What MPI has not read stays where it is.
        std::mem::take(&mut self.sending).into_iter().for_each(std::mem::forget);
    }
}

impl fmt::Debug for MpiLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MpiLink")
            .field("rank", &self.rank)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Has the group left before MPI is finalized, whoever does that: by the deletion of an attribute
/// of `MPI_COMM_SELF`, with which `MPI_Finalize` begins (MPI 4.0, section 11.2.4).
fn before_finalize() -> Result<(), String> {
    unsafe extern "C" fn not_copied(
        _: ffi::MPI_Comm,
        _: c_int,
        _: *mut c_void,
        _: *mut c_void,
        _: *mut c_void,
        is_copied: *mut c_int,
    ) -> c_int {
        // SAFETY: MPI passes a place for the answer.
        unsafe { is_copied.write(0) };
        0
    }
    unsafe extern "C" fn deleted(
        _: ffi::MPI_Comm,
        _: c_int,
        _: *mut c_void,
        _: *mut c_void,
    ) -> c_int {
        if let Some(leave) = LEAVE.get() {
            leave();
        }
        0
    }
    let nothing = std::ptr::null_mut();
    let mut key = 0;
    // SAFETY: MPI's own functions, called while it is initialized, with a place of this frame; what
    // they are given to call lives as long as the program, and does not unwind.
    unsafe {
        check(ffi::MPI_Comm_create_keyval(Some(not_copied), Some(deleted), &mut key, nothing))?;
        check(ffi::MPI_Comm_set_attr(ffi::RSMPI_COMM_SELF, key, nothing))
    }
}

/// Has MPI finalized when the process exits.
fn libc_atexit() {
    extern "C" fn finalize() {
        // Forked workers never come here; other children of the program may.
        if OWNER.swap(0, Ordering::Relaxed) == std::process::id() {
            IS_FINALIZING.store(true, Ordering::Relaxed);
            let leave = LEAVE.get().is_none_or(|leave| leave());
            let mut is_finalized = 0;
            // SAFETY: MPI was initialized by this process, and is used no more; the program may
            // have finalized it.
            unsafe {
                ffi::MPI_Finalized(&mut is_finalized);
                if leave && is_finalized == 0 {
                    ffi::MPI_Finalize();
                }
            }
        }
    }
    // SAFETY: the handler may run at exit: it uses only what lives as long as the process.
    unsafe { nix::libc::atexit(finalize) };
}
