//! Programs and kernels that print: nothing is printed twice, and nothing is lost that a kernel
//! printed before its worker's normal end.

use std::ffi::CStr;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{do_as_told, told, two_processes};

/// Prints with C's standard output, which keeps it back where it is a pipe.
fn print_in_c(text: &CStr) {
    // SAFETY: the text has no directives, so nothing else is read.
    unsafe { nix::libc::printf(text.as_ptr()) };
}

/// Unwritten output on both sides of a map whose kernel prints, unfinished, and ends as told.
pub(super) fn printed(how: &str) {
    print!("rust");
    print_in_c(c" c");
    let ended = pasha::try_map_in(&two_processes(), 0..1_u8, |_, _, _| {
        print!(" kernel");
        print_in_c(c" kernel-in-c");
        do_as_told(how)
    });
    let told = told(ended);
    print!(" again");
    let _ = std::io::stdout().flush();
    print_in_c(c" again-in-c\n");
    // SAFETY: a null pointer means all streams.
    unsafe { nix::libc::fflush(std::ptr::null_mut()) };
    println!("{told}");
    print!("end");
}

/// Kernels that print whole lines, parts of lines, and lines in C.
pub(super) fn printed_by_kernels() {
    for round in 0..50 {
        print!("program {round}, ");
        print_in_c(c"in C too\n");
        pasha::map_in(&two_processes(), 0..4_u32, |worker_id, index, _| {
            if worker_id == index % 2 {
                print_in_c(c"kernel in C\n");
            } else {
                print_in_c(c"kernel in C");
                print_in_c(c"\n");
            }
            print!("kernel {round}.");
            println!("{index}");
        })
        .unwrap();
    }
}

/// The caller holds the lock of its standard output, as programs do that print a lot.
pub(super) fn printed_under_a_lock() {
    let mut stdout = std::io::stdout().lock();
    let mut stderr = std::io::stderr().lock();
    write!(stdout, "program, ").unwrap();
    pasha::map_in(&two_processes(), 0..4_u32, |_, index, _| {
        println!("kernel {index}");
        // In one piece: it is not buffered.
        eprintln!("kernel");
    })
    .unwrap();
    writeln!(stdout, "end").unwrap();
    writeln!(stderr, "end").unwrap();
}

/// Another thread holds both locks, again and again.
pub(super) fn printed_under_both_locks() {
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !enough.load(Ordering::Relaxed) {
                let stdout = std::io::stdout().lock();
                eprintln!("thread");
                drop(stdout);
                std::thread::yield_now();
            }
        });
        for _ in 0..200 {
            pasha::map_in(&two_processes(), 0..2_u8, |_, _, _| {
                println!("kernel");
                eprintln!("kernel");
            })
            .unwrap();
        }
        enough.store(true, Ordering::Relaxed);
    });
}
