//! Exit handlers, destructors and buffers of the program: they are the parent's to run and to
//! write. Each tells on the standard error output in which process it ran.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{check_next_map, misbehave, told, two_processes};

static PARENT: AtomicU32 = AtomicU32::new(0);

fn note(what: &str) {
    let own = std::process::id() == PARENT.load(Ordering::Relaxed);
    let text = format!("{what}: {}\n", if own { "parent" } else { "child" });
    // Not by `eprintln`, which may not be there any more at the end of the program.
    let _ = rustix::io::write(std::io::stderr(), text.as_bytes());
}

extern "C" fn registered_before() {
    note("handler registered before the first map");
}

extern "C" fn registered_after() {
    note("handler registered after it");
}

struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        note(self.0);
    }
}

thread_local! {
    static IN_MAIN: Noisy = const { Noisy("thread-local of main") };
    static IN_THREAD: Noisy = const { Noisy("thread-local of a thread that maps") };
    static IN_KERNEL: Noisy = const { Noisy("thread-local of a kernel") };
}

/// Maps whose kernel ends as told, in main and in another thread, with everything that could run
/// at the end of a process.
pub(super) fn leaving(how: &str) {
    PARENT.store(std::process::id(), Ordering::Relaxed);
    let register = |handler| {
        // SAFETY: the handlers only write.
        assert_eq!(unsafe { nix::libc::atexit(handler) }, 0);
    };
    register(registered_before);
    let _on_stack = Noisy("value on the stack");
    IN_MAIN.with(|_| ());
    check_next_map();
    register(registered_after);
    let map = || {
        let told = told(pasha::try_map_in(&two_processes(), 0..51_usize, |_, index, _| {
            IN_KERNEL.with(|_| ());
            if index == 50 { super::do_as_told(how) } else { Ok(()) }
        }));
        println!("{told}");
    };
    map();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            IN_THREAD.with(|_| ());
            map();
        });
        // Unlike the scope, it waits for the thread's destructors, too.
        thread.join().unwrap();
    });
}

/// A buffered writer on the caller's stack, with something that is not written yet.
pub(super) fn unwritten(path: &str) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for how in ["nothing", "panic", "exit-3", "c-exit-4", "abort", "kill", "error"] {
        write!(file, "{how} ").unwrap();
        let _ = misbehave::run_in(&two_processes(), 0..100_usize, how);
    }
    check_next_map();
}
