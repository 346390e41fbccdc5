//! The faults: what happens in the kernel at a bad index.

use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use pasha::prelude::*;
use pasha::{ByValue, Error, Functor, IntoFunctor, Read, Report, SourceError};
use pasha_tests::{nanoseconds, shared_counters};
use rustix::process::{Signal, getpid, kill_process};

/// A way to fail, and where.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    how: fn(&Fault, u64) -> Result<(), String>,
    pub(crate) len: u64,
    pub(crate) bad: &'static [u64],
    /// Whether it ends only by a limit of time.
    pub(crate) needs_limit: bool,
    /// Whether each worker is to have its own half.
    pub(crate) is_split: bool,
    /// When the fault began, in nanoseconds.
    pub(crate) began: &'static AtomicU64,
    /// When the caller knew.
    pub(crate) seen: &'static AtomicU64,
    /// For faults that count.
    count: &'static AtomicU64,
}

impl Fault {
    fn new(name: &'static str, how: fn(&Fault, u64) -> Result<(), String>) -> Fault {
        let [began, seen, count] = shared_counters(3) else { unreachable!("three were asked for") };
        let (len, bad) = (1000, &[50_u64][..]);
        Fault { name, how, len, bad, needs_limit: false, is_split: false, began, seen, count }
    }

    pub(crate) fn happen(&self, value: u64) -> Result<(), String> {
        (self.how)(self, value)
    }

    /// Notes the time just before the end.
    fn begin(&self) {
        self.began.store(nanoseconds(), Ordering::Relaxed);
    }

    pub(crate) fn rewind(&self) {
        self.count.store(0, Ordering::Relaxed);
    }

    /// The limits that it needs, until they are dropped.
    pub(crate) fn limit(&self) -> Option<AddressSpace> {
        (self.name == "out of memory").then(AddressSpace::limited)
    }
}

/// A limit of this process's address space, taken back when it is dropped.
pub(crate) struct AddressSpace(u64, u64);

impl AddressSpace {
    fn limited() -> AddressSpace {
        let (soft, hard) = getrlimit(Resource::RLIMIT_AS).expect("a limit can be read");
        setrlimit(Resource::RLIMIT_AS, 4 << 30, hard).expect("a limit can be lowered");
        AddressSpace(soft, hard)
    }
}

impl Drop for AddressSpace {
    fn drop(&mut self) {
        setrlimit(Resource::RLIMIT_AS, self.0, self.1).expect("a limit can be put back");
    }
}

/// Kills this process by a signal, again and again: the standard library's own handler of SIGSEGV
/// and SIGBUS, which looks for stack overflows, takes the first for a mistake and uninstalls
/// itself.
fn die_by(signal: Signal) -> ! {
    loop {
        let _ = kill_process(getpid(), signal);
    }
}

macro_rules! dies_by {
    ($name:literal, $signal:ident) => {
        || {
            Fault::new($name, |fault, _| {
                fault.begin();
                die_by(Signal::$signal)
            })
        }
    };
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

/// Uses up the stack.
fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 1024]);
    if depth == u64::MAX { frame[0] } else { overflow(depth + 1) + frame[1] }
}

/// All faults. The first is the tamest.
pub(crate) const FAULTS: &[fn() -> Fault] = &[
    || {
        Fault::new("Err", |fault, value| {
            fault.begin();
            Err(format!("{value} it is"))
        })
    },
    || {
        Fault::new("panic", |fault, value| {
            fault.begin();
            panic!("{value} it is")
        })
    },
    || {
        Fault::new("panic without a text", |fault, _| {
            fault.begin();
            std::panic::panic_any(42)
        })
    },
    || {
        Fault::new("panic in a destructor", |fault, _| {
            fault.begin();
            drop(Bomb);
            Ok(())
        })
    },
    || {
        Fault::new("panic in a destructor during a panic", |fault, value| {
            let _bomb = Bomb;
            fault.begin();
            panic!("{value} it is")
        })
    },
    || {
        Fault::new("megabytes of Err", |fault, _| {
            fault.begin();
            Err("long ".repeat(1 << 20))
        })
    },
    || {
        Fault::new("megabytes of panic", |fault, _| {
            fault.begin();
            panic!("{}", "long ".repeat(1 << 20))
        })
    },
    dies_by!("SIGSEGV", SEGV),
    dies_by!("SIGBUS", BUS),
    dies_by!("SIGABRT", ABORT),
    dies_by!("SIGKILL", KILL),
    dies_by!("SIGTERM", TERM),
    || {
        Fault::new("exit(0)", |fault, _| {
            fault.begin();
            std::process::exit(0)
        })
    },
    || {
        Fault::new("exit(3)", |fault, _| {
            fault.begin();
            std::process::exit(3)
        })
    },
    || {
        Fault::new("stack overflow", |fault, _| {
            fault.begin();
            std::hint::black_box(overflow(0));
            Ok(())
        })
    },
    || {
        Fault::new("out of memory", |fault, _| {
            fault.begin();
            let mut kept = Vec::new();
            loop {
                // Zeros are not touched: only the addresses are used up.
                kept.push(vec![0_u8; 64 << 20]);
                std::hint::black_box(&kept);
            }
        })
    },
    || Fault {
        needs_limit: true,
        ..Fault::new("endless loop", |fault, _| {
            fault.begin();
            loop {
                std::hint::spin_loop();
            }
        })
    },
    || Fault {
        needs_limit: true,
        ..Fault::new("SIGSTOP", |fault, _| {
            fault.begin();
            die_by(Signal::STOP)
        })
    },
    || {
        Fault::new("fork, and the child ends", |_, _| {
            // SAFETY: the child ends at once.
            match unsafe { nix::unistd::fork() } {
                // SAFETY: `_exit` may be called in any child, and nothing of it is used afterwards.
                Ok(nix::unistd::ForkResult::Child) => unsafe { nix::libc::_exit(0) },
                Ok(nix::unistd::ForkResult::Parent { child }) => {
                    nix::sys::wait::waitpid(child, None).map_err(|error| error.to_string())?;
                    Ok(())
                }
                Err(error) => Err(error.to_string()),
            }
        })
    },
    || {
        Fault::new("fork, and the child returns", |_, _| {
            // SAFETY: the child only returns from the kernel.
            match unsafe { nix::unistd::fork() } {
                Ok(nix::unistd::ForkResult::Child) => Ok(()),
                Ok(nix::unistd::ForkResult::Parent { child }) => {
                    let ended = nix::sys::wait::waitpid(child, None);
                    let ended = ended.map_err(|error| error.to_string())?;
                    match ended {
                        nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(()),
                        other => Err(format!("{other:?}")),
                    }
                }
                Err(error) => Err(error.to_string()),
            }
        })
    },
    || {
        Fault::new("closes its files 0 to 2", |fault, value| {
            for file in 0..3 {
                // SAFETY: nothing of this worker uses these files again.
                unsafe { nix::libc::close(file) };
            }
            fault.begin();
            panic!("{value} it is")
        })
    },
    || Fault { bad: &[0], ..Fault::new("SIGKILL at the first item", kill) },
    || Fault { bad: &[999], ..Fault::new("SIGKILL at the last item", kill) },
    || Fault {
        len: 10,
        bad: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        ..Fault::new("SIGKILL at every item", kill)
    },
    || Fault {
        bad: &[0, 500],
        is_split: true,
        ..Fault::new("SIGKILL of all workers at once", |fault, _| {
            // The first time each waits for the other.
            fault.count.fetch_add(1, Ordering::SeqCst);
            while fault.count.load(Ordering::SeqCst) < 2 {
                std::hint::spin_loop();
            }
            fault.begin();
            die_by(Signal::KILL)
        })
    },
    || Fault::new("claiming", kill),
];

fn kill(fault: &Fault, _: u64) -> Result<(), String> {
    fault.begin();
    die_by(Signal::KILL)
}

/// The numbers below a length; the first three workers that have claimed the share with number 50
/// die before they read anything of it.
struct Claimed<'f>(&'f Fault);

struct ClaimedReader<'f>(&'f Fault);

impl Functor<ByValue<u64>> for Claimed<'_> {
    type Reader<'f>
        = ClaimedReader<'f>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        self.0.len as usize
    }

    fn reader(&self) -> Result<ClaimedReader<'_>, SourceError> {
        Ok(ClaimedReader(self.0))
    }
}

impl Read<ByValue<u64>> for ClaimedReader<'_> {
    type Error = std::convert::Infallible;

    fn begin(&mut self, share: std::ops::Range<usize>) {
        if share.contains(&50) && self.0.count.fetch_add(1, Ordering::SeqCst) < 3 {
            let _ = kill(self.0, 50);
        }
    }

    fn read(&mut self, index: usize) -> Result<u64, Self::Error> {
        Ok(index as u64)
    }
}

impl IntoFunctor<ByValue<u64>> for Claimed<'_> {
    type Functor = Self;

    fn into_functor(self) -> Self {
        self
    }
}

/// Doubles.
#[pasha::kernel]
fn double(value: u64) -> u64 {
    2 * value
}

/// A map in which workers die between their claim of a share and its first item.
pub(crate) fn run_claiming(context: &dyn Context, fault: &Fault) -> Result<Report, Error> {
    let out = double::run_report_in(context, Claimed(fault));
    fault.seen.store(nanoseconds(), Ordering::Relaxed);
    let (out, report) = out?;
    assert!(out.iter().enumerate().all(|(index, &value)| value == 2 * index as u64));
    Ok(report)
}
